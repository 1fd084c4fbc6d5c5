"""Cells that mean "missing" and do not say so: texts such as "?" and "n/a", numbers such as 999."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assay.ingest.columns import distinct

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

# Compared without regard to case. "other" and "not applicable" are answers, and are not here.
WORDS = frozenset(
    {
        "na", "n/a", "n.a.", "n.a", "#n/a", "#na", "<na>", "nan", "none", "null", "nil", "(null)", "[null]", "\\n",
        "missing", "(missing)", "[missing]", "blank", "(blank)", "empty", "(empty)", "undefined", "unknown", "unk",
        "not available", "not known", "not specified", "unspecified", "no data", "no value", "tbd", "to be defined",
    }
)  # fmt: skip
# A text of nothing but these is no answer. "+" and "<" are not among them: they can be.
PUNCTUATION = frozenset("?-_.*#/\\~\u2013\u2014\u2026'\"")
BLANK = "(blank)"

# All digits are 7, 8 or 9 ("refused", "not applicable", "unknown"), or minus that, as codebooks have it.
SENTINELS = np.array([float(digit * digits) for digit in "789" for digits in range(1, 11)])
# One could be a coincidence, and so could two.
MIN_REPEATS = 3
# Beside fewer other values, 7, 8 or 9 is one of a few doses or grades.
MIN_CORE_OF_DIGITS = 5


def is_missing_marker(word: str) -> bool:
    """Whether a text means "missing", whatever column it stands in."""
    bare = word.strip()
    return not bare or bare.casefold() in WORDS or set(bare) <= PUNCTUATION


def find_text_markers(values: pd.Series[Any]) -> dict[str, npt.NDArray[np.int64]]:
    """Marker -> (R,) positions of its rows in a text column; none where all are signs (+ and -, * and **).

    The markers are no data: they are words of `WORDS`, punctuation, or `BLANK`.
    """
    codes, unique = distinct(values)
    words = [word.strip() for word in unique]
    if len(words) > 1 and not any(letter.isalnum() for word in words for letter in word):
        return {}
    found: dict[str, list[int]] = {}
    for code, word in enumerate(words):
        if is_missing_marker(word):
            found.setdefault(word or BLANK, []).append(code)
    return {word: np.flatnonzero(np.isin(codes, of)).astype(np.int64) for word, of in found.items()}


def find_sentinels(values: npt.NDArray[Any]) -> Mapping[str, npt.NDArray[np.int64]]:
    """Sentinel -> (R,) positions of its rows in a numeric column.

    A sentinel is a number of sevens, eights or nines, positive or negative, that occurs at least `MIN_REPEATS` times
    at an end of the column's values, further from all others (the core) than these are from each other. All that
    stand at the ends are taken off as a block, so that 777 does not hide 999. One of a single digit needs a core of
    at least `MIN_CORE_OF_DIGITS` distinct values.
    """
    with np.errstate(over="ignore"):  # a long double beyond the range of floats is infinite here, and no sentinel
        figures = values.astype(np.float64)
    unique, counts = np.unique(figures[np.isfinite(figures)], return_counts=True)
    suspect = np.isin(np.abs(unique), SENTINELS) & (counts >= MIN_REPEATS)
    low, high = 0, len(unique)
    while high > low and suspect[high - 1]:
        high -= 1
    while low < high and suspect[low]:
        low += 1
    core = unique[low:high]
    if len(core) < 2:
        return {}
    outer = [*unique[:low], *unique[high:]]
    # Halves: the distance between the two ends of the numbers is itself no number.
    half = core / 2
    far = [u for u in outer if max(half[0] - u / 2, u / 2 - half[-1]) > half[-1] - half[0]]
    if len(core) < MIN_CORE_OF_DIGITS:
        far = [u for u in far if abs(u) > 9]
    return {f"{u:.0f}": np.flatnonzero(figures == u).astype(np.int64) for u in far}
