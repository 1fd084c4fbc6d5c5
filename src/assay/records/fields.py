"""The columns as they are compared: normalised values as codes, how often each occurs, and how much they tell."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

# Two rows agree in such a column by chance more often than not: it tells nothing.
LEAST_BITS = 0.15
# Columns that are compared, the most telling ones: each is held against every one before it.
MAX_FIELDS = 40
# Texts of which at least this share of the characters are letters are words; others are codes, dates, numbers.
WORDS_SHARE = 0.6
# Two columns whose values are to this extent the same ones, as often, hold one kind of thing (two teams, the two ends
# of an edge): A and B is then another record than B and A, and no slip.
SWAP_OVERLAP = 0.25
# Larger whole numbers are not exact as floats, and are compared as texts.
EXACT = 2**53
# Characters that are looked at: a document is not a field of a record, and its end hardly tells two apart.
MAX_LENGTH = 256


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One column of N rows with K distinct values.

    Attributes
    ----------
    name
        Of the column.
    codes
        (N,) int32 in 0..K-1 in the order of the values; -1 where the value is missing.
    texts
        (K,) normalised texts, ascending; None for numbers.
    numbers
        (K,) float64, ascending; None for texts.
    counts
        (K,) int64: rows with each value.
    bits
        Information of an agreement: -log2 of the probability that two rows with a value agree.
    words
        Whether the values are words, not codes, dates or numbers.
    shared
        (K,) int64: codes of the words, the same ones in every column of words; None for what is no words.
    swaps
        Names of the columns after this one whose values may stand here by mistake, and the other way round.
    """

    name: str
    codes: npt.NDArray[np.int32]
    texts: npt.NDArray[np.object_] | None
    numbers: npt.NDArray[np.float64] | None
    counts: npt.NDArray[np.int64]
    bits: float
    words: bool = False
    shared: npt.NDArray[np.int64] | None = None
    swaps: tuple[str, ...] = ()

    def values(self, codes: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
        """Texts of the values with these codes; 7 and 7.0 are one."""
        if self.texts is not None:
            return self.texts[codes]
        assert self.numbers is not None
        chosen = self.numbers[codes].tolist()
        return np.asarray([repr(int(x)) if x.is_integer() else repr(x) for x in chosen], dtype=object)

    def take(self, positions: npt.NDArray[np.int64]) -> Field:
        """The column of the rows at `positions`; counts and bits stay those of the whole table."""
        return replace(self, codes=self.codes[positions])


def normalise(text: str) -> str:
    """Lower case, without Latin accents, runs of spaces as one; what remains is compared.

    Examples
    --------
    >>> normalise("  Zoë  MÜLLER ")
    'zoe muller'
    """
    text = text[:MAX_LENGTH].casefold()
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        # Only the marks of Latin, Greek and Cyrillic: those of other scripts are vowels.
        text = unicodedata.normalize("NFC", "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f"))
    return " ".join(text.split())


def read_fields(frame: pd.DataFrame, columns: Sequence[str], kept: Sequence[str] = ()) -> tuple[Field, ...]:
    """The columns that can tell one record from another, the most telling first.

    Left out are columns in which two rows agree by chance nearly always, and numbers, dates and codes that never
    repeat: they number the rows, and two rows of one record have two of them. At most `MAX_FIELDS` are given. Those
    named in `kept` stay in any case.
    """
    fields = (_read(frame[name], name) for name in columns)
    telling = [field for field in fields if field is not None and (field.name in kept or _tells(field))]
    order = {name: place for place, name in enumerate(columns)}
    telling.sort(key=lambda field: (-field.bits, order[field.name]))
    chosen = [field for place, field in enumerate(telling) if place < MAX_FIELDS or field.name in kept]
    return tuple(_share_words(chosen))


def numbers_rows(column: pd.Series[Any]) -> bool:
    """Whether a column numbers the rows: values that are no words and never repeat.

    Two records of one thing have two of them, and copies of a row differ there.
    """
    present = column.dropna()
    if present.duplicated().any():
        return False
    return (
        not len(present)
        or present.dtype.kind in "iufMm"
        or not _are_words(np.asarray(present.astype(str), dtype=object))
    )


def _tells(field: Field) -> bool:
    numbers_rows = not field.words and bool((field.counts == 1).all())
    return field.bits >= LEAST_BITS and not numbers_rows


def swappable(fields: Sequence[Field]) -> list[tuple[int, int]]:
    """Pairs of columns of words in which a value may stand in the other's place by mistake.

    Not those whose values are largely the same: there either order is a record.
    """
    places = {field.name: place for place, field in enumerate(fields)}
    return [(a, places[name]) for a, field in enumerate(fields) for name in field.swaps if name in places]


def _overlap(a: Field, b: Field) -> float:
    """Share in [0, 1] of the values, counted as often as they occur, that two columns have in common."""
    assert a.shared is not None
    assert b.shared is not None
    _, mine, theirs = np.intersect1d(a.shared, b.shared, assume_unique=True, return_indices=True)
    return float(np.minimum(a.counts[mine] / a.counts.sum(), b.counts[theirs] / b.counts.sum()).sum())


def words_of(field: Field, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Codes of the words of these rows, the same ones in every column; -1 where the value is missing."""
    assert field.shared is not None
    return np.where(field.codes[rows] >= 0, field.shared[field.codes[rows]], -1)


def _share_words(fields: Sequence[Field]) -> list[Field]:
    texts = [field.texts for field in fields if field.words and field.texts is not None]
    if not texts:
        return list(fields)
    codes = pd.factorize(np.concatenate(texts))[0].astype(np.int64)
    parts = iter(np.split(codes, np.cumsum([len(part) for part in texts])[:-1]))
    sharing = [replace(field, shared=next(parts)) if field.words else field for field in fields]
    for a, b in combinations([place for place, field in enumerate(sharing) if field.words], 2):
        if 0 < _overlap(sharing[a], sharing[b]) <= SWAP_OVERLAP:
            sharing[a] = replace(sharing[a], swaps=(*sharing[a].swaps, sharing[b].name))
    return sharing


def _read(column: pd.Series[Any], name: str) -> Field | None:
    codes, raw = pd.factorize(column)
    if len(raw) < 2:
        return None
    numbers: npt.NDArray[np.float64] | None = None
    texts: npt.NDArray[np.object_] | None = None
    if raw.dtype.kind == "f" or (raw.dtype.kind in "iu" and max(abs(int(raw.min())), int(raw.max())) <= EXACT):
        numbers, inverse = np.unique(np.asarray(raw, dtype=np.float64), return_inverse=True)
        recoded = np.where(codes >= 0, inverse[codes], -1).astype(np.int32)
        size = len(numbers)
    else:
        inverse, texts = _normalised(raw)
        recoded = np.where(codes >= 0, inverse[codes], -1).astype(np.int32)
        if texts[0] == "":  # blank is missing
            texts, recoded = texts[1:], np.maximum(recoded - 1, -1).astype(np.int32)
        size = len(texts)
    if size < 2:
        return None
    counts = np.bincount(recoded[recoded >= 0], minlength=size).astype(np.int64)
    words = texts is not None and _are_words(texts)
    return Field(name, recoded, texts, numbers, counts, _bits(counts), words)


def _normalised(raw: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """Codes of the normalised texts of raw values, and these texts, ascending."""
    found = raw.astype(str) if raw.dtype.kind in "Mm" else raw
    texts = [normalise(str(value)) for value in found]
    # As Arrow strings they are sorted many times faster than as Python's.
    codes, values = pd.factorize(pd.Index(texts, dtype="str"), sort=True)
    return codes.astype(np.int64), np.asarray(values, dtype=object)


def _are_words(texts: npt.NDArray[np.object_]) -> bool:
    sample = "".join(texts[:: max(1, len(texts) // 1000)])
    return sum(map(str.isalpha, sample)) >= WORDS_SHARE * max(1, sum(not c.isspace() for c in sample))


def _bits(counts: npt.NDArray[np.int64]) -> float:
    n = float(counts.sum())
    pairs, agreeing = n * (n - 1), float((counts * (counts - 1.0)).sum())
    # A column without repeats agrees in less than one pair.
    return -math.log2(max(agreeing, 1.0) / pairs) if n > 1 else 0.0
