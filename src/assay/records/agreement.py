"""How pairs of rows agree, column by column, in a few levels."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.records.fields import swappable, words_of
from assay.records.similarity import WORD, similarities

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.records.fields import Field


class Level(IntEnum):
    """Agreement of two values of one column."""

    MISSING = 0  # either is missing: says nothing
    EXACT = 1
    SWAPPED = 2  # the values of this column and of a later one stand in each other's place; the later one is MISSING
    NEAR = 3  # one edit, or most of the characters
    CLOSE = 4  # several edits
    KNOWN = 5  # similar, but both are values that others have too, or words with other digits: no slip of the pen
    DIFFER = 6


AGREEING = (Level.EXACT, Level.SWAPPED, Level.NEAR, Level.CLOSE)
LEVELS = len(Level)
# Similarity from which values are near, and close.
NEAR = 0.8
CLOSE = 0.6
# Codes and dates of one form are alike by chance: one edit is near, and two of eight characters are close.
CLOSE_CODE = 0.75
# From this many characters on a single edit is a slip, whatever the similarity.
LEAST_FOR_SLIP = 4
# Numbers that differ by less than this, relative to the larger, are near: rounding and noise.
NEAR_NUMBER = 0.001
_DIGITS = re.compile(r"\d")
# A value that more rows have than this is no slip of the pen.
RARE = 2


def compare(
    fields: Sequence[Field], first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> npt.NDArray[np.int8]:
    """Level of agreement of each pair of rows in each field.

    Returns
    -------
    np.ndarray
        (P, F) int8, values of `Level`.
    """
    levels = np.empty((len(first), len(fields)), dtype=np.int8, order="F")
    for place, field in enumerate(fields):
        levels[:, place] = _levels(field, field.codes[first], field.codes[second])
    _mark_swaps(fields, first, second, levels)
    return levels


def _levels(field: Field, a: npt.NDArray[np.int32], b: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
    levels = np.full(len(a), Level.DIFFER, dtype=np.int8)
    levels[(a < 0) | (b < 0)] = Level.MISSING
    levels[(a == b) & (a >= 0)] = Level.EXACT
    rest = np.flatnonzero(levels == Level.DIFFER)
    if not len(rest):
        return levels
    k = len(field.counts)
    key = np.minimum(a[rest], b[rest]).astype(np.int64) * k + np.maximum(a[rest], b[rest])
    codes, pairs = pd.factorize(key)
    levels[rest] = _levels_of_values(field, pairs // k, pairs % k)[codes]
    return levels


def _levels_of_values(
    field: Field, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> npt.NDArray[np.int8]:
    """Levels of pairs of different values."""
    used, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    values = field.values(used)
    a, b = codes[: len(first)], codes[len(first) :]
    floor = CLOSE if field.words else CLOSE_CODE
    if field.numbers is not None and not (field.numbers == np.floor(field.numbers)).all():
        # A digit more or less in a measurement is another measurement, and no slip that could be told from it.
        similarity, near = np.zeros(len(first), dtype=np.float32), np.zeros(len(first), dtype=bool)
    else:
        similarity, longest = similarities(values, a, b, floor)
        slip = (longest >= LEAST_FOR_SLIP) & (longest <= WORD) & (similarity >= 1 - 1 / np.maximum(longest, 1) - 1e-6)
        near = slip | (similarity >= (NEAR if field.words else 1.0))
    if field.numbers is not None:
        x, y = (np.clip(field.numbers[side], -1e300, 1e300) for side in (first, second))  # infinities too
        near |= np.abs(x - y) <= NEAR_NUMBER * np.maximum(np.abs(x), np.abs(y))
    known = np.minimum(field.counts[first], field.counts[second]) > RARE
    if field.words:
        similar = np.flatnonzero(similarity > 0)
        known[similar] |= _means_another(values[a[similar]], values[b[similar]])
    levels = np.where(near, Level.NEAR, np.where(similarity > 0, Level.CLOSE, Level.DIFFER))
    return np.where(known & (levels != Level.DIFFER), Level.KNOWN, levels).astype(np.int8)


def _means_another(first: npt.NDArray[np.object_], second: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Whether similar texts name different things: other digits, or one word in the place of an unlike one.

    The second edition is no slip for the third, nor the red wine for the white one.
    """
    rests: list[str] = []
    other_digits = np.zeros(len(first), dtype=bool)
    for place, (a, b) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        other_digits[place] = _DIGITS.findall(a) != _DIGITS.findall(b)
        words_a, words_b = a.split(), b.split()
        rests.append(" ".join(word for word in words_a if word not in words_b))
        rests.append(" ".join(word for word in words_b if word not in words_a))
    codes, values = pd.factorize(np.asarray(rests, dtype=object))
    mine, theirs = codes[::2], codes[1::2]
    # Where one has all the words of the other, there is nothing to compare: a word was left out.
    left_out = (values[mine] == "") | (values[theirs] == "")
    return np.asarray(other_digits | (~left_out & (similarities(values, mine, theirs, CLOSE)[0] == 0)))


def _mark_swaps(
    fields: Sequence[Field],
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
    levels: npt.NDArray[np.int8],
) -> None:
    """Two text columns whose values stand in each other's place are one slip, and so one piece of evidence."""
    for a, b in swappable(fields):
        rows = np.flatnonzero((levels[:, a] > Level.SWAPPED) & (levels[:, b] > Level.SWAPPED))
        ours, theirs = (words_of(field, first[rows]) for field in (fields[a], fields[b]))
        other_ours, other_theirs = (words_of(field, second[rows]) for field in (fields[a], fields[b]))
        swapped = rows[(ours == other_theirs) & (theirs == other_ours)]
        levels[swapped, a] = Level.SWAPPED
        levels[swapped, b] = Level.MISSING
