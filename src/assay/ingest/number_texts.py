"""Texts that are numbers: which they are, how they are written, and what the other texts beside them are."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.ingest.columns import distinct
from assay.ingest.missing_markers import is_missing_marker

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

_PLAIN = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_THOUSANDS = r"\d{1,3}(?:[,' \u00a0\u202f]\d{3})+(?:\.\d+)?"
_COMMA = r"(?:\d+|\d{1,3}(?:\.\d{3})+),\d+"
_SIGN = "[+-]?"
_ANY = rf"{_SIGN}(?:{_THOUSANDS}|{_COMMA}|{_PLAIN})"
_CURRENCY = "[$€£¥₹₩]"
# In this order: a text counts for the first that it matches.
WRITINGS = {
    "plain": re.compile(rf"{_SIGN}{_PLAIN}"),
    "with thousands separators": re.compile(_SIGN + _THOUSANDS),
    "with a decimal comma": re.compile(_SIGN + _COMMA),
    "with a currency sign": re.compile(rf"{_SIGN}{_CURRENCY}\s?{_ANY}|{_ANY}\s?{_CURRENCY}"),
    "with a percent sign": re.compile(rf"{_ANY}\s?%"),
}
_LEADING_ZERO = re.compile(r"[+-]?0\d")

# Distinct texts that are looked at first; a column of words is told by them.
SAMPLE = 1_000
# Codes and grades rarely have more distinct numbers than this; quantities do.
MAX_DISTINCT_CODES = 20
# Codes with letters among them, such as 250.01 beside V45: the least digits before the point, and the share of the
# distinct numbers that have as many as most. Some programs drop the zeros in front of a few.
MIN_CODE_WIDTH = 3
MIN_SAME_WIDTH = 0.8
# Of the other texts beside them, those that must be codes.
MIN_CODES_BESIDE = 0.9
_LETTERS_FIRST = re.compile(r"[^\W\d_]{1,2}[-.]?\d[\d.-]*[^\W\d_]?")
_DIGITS_FIRST = re.compile(r"(\d+)[^\W\d_]{1,2}")


@dataclass(frozen=True, slots=True, eq=False)
class NumberTexts:
    """The texts of one column.

    Attributes
    ----------
    writing
        (N,) index into `WRITINGS` of each row's text; -1 for a text that is no number, -2 for a missing one.
    are_quantities
        Whether the numbers look measured rather than assigned: more than `MAX_DISTINCT_CODES` distinct ones, or one
        with a fraction, a currency or a percent sign; never where one has a leading zero, as codes have.
    are_codes
        Whether the numbers are plain and of one width, as codes have it: with no other text beside them but missing
        markers, or with codes of letters and digits (V45, 85123A) beside them.
    rest_are_markers
        Whether every text that is no number is a disguised missing marker.
    """

    writing: npt.NDArray[np.int64]
    are_quantities: bool
    are_codes: bool
    rest_are_markers: bool

    @property
    def present(self) -> int:
        """Number of rows that are not missing."""
        return int((self.writing > -2).sum())

    @property
    def numbers(self) -> int:
        """Number of rows whose text is a number."""
        return int((self.writing >= 0).sum())

    @property
    def share(self) -> float:
        """Share of numbers among the texts, in [0, 1]; 0 where there is no text."""
        return self.numbers / self.present if self.present else 0.0

    @property
    def other_writings(self) -> tuple[str, ...]:
        """How numbers are written that a reader of tables does not take for numbers."""
        names = list(WRITINGS)
        return tuple(names[code] for code in np.unique(self.writing[self.writing > 0]))


def read_number_texts(values: pd.Series[Any]) -> NumberTexts:
    """Look at each distinct text of a plain text column once."""
    codes, unique = distinct(values)
    words = [word.strip() for word in unique]
    sample = words[:: max(1, len(words) // SAMPLE)]
    if not any(writing_of(word) >= 0 for word in sample):
        writing = np.full(len(words), -1, dtype=np.int64)
    else:
        writing = np.array([writing_of(word) for word in words], dtype=np.int64)
    found = [word for word, code in zip(words, writing, strict=True) if code >= 0]
    rest = [word for word, code in zip(words, writing, strict=True) if code < 0]
    return NumberTexts(
        writing=np.append(writing, -2)[codes],
        are_quantities=_are_quantities(found, writing),
        are_codes=not (writing > 0).any() and _are_codes(found, [w for w in rest if not is_missing_marker(w)]),
        rest_are_markers=bool(rest) and all(is_missing_marker(word) for word in rest),
    )


def writing_of(word: str) -> int:
    """Index into `WRITINGS` of the way in which a stripped text writes a number, or -1."""
    for code, pattern in enumerate(WRITINGS.values()):
        if pattern.fullmatch(word):
            return code
    return -1


def _are_quantities(found: Sequence[str], writing: npt.NDArray[np.int64]) -> bool:
    if any(_LEADING_ZERO.match(word) for word in found):
        return False
    return len(found) > MAX_DISTINCT_CODES or bool((writing >= 3).any()) or any("." in word for word in found)


def _are_codes(numbers: Sequence[str], rest: Sequence[str]) -> bool:
    """Whether plain numbers are codes, by their width and by the texts beside them that are no missing markers."""
    if not rest:
        return len({len(word) for word in numbers}) == 1
    widths = Counter(len(word.partition(".")[0]) for word in numbers if word[:1].isdigit())
    if not widths:
        return False
    width, count = widths.most_common(1)[0]
    if width < MIN_CODE_WIDTH or count < MIN_SAME_WIDTH * len(numbers):
        return False
    codes = sum(_is_code(word, width) for word in rest)
    return codes >= MIN_CODES_BESIDE * len(rest)


def _is_code(word: str, width: int) -> bool:
    # Digits of another width with letters after them are a quantity with its unit: 12kg.
    digits = _DIGITS_FIRST.fullmatch(word)
    return len(digits[1]) == width if digits else bool(_LETTERS_FIRST.fullmatch(word))
