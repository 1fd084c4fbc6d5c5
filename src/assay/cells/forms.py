"""Values whose form is rare for their column: other types, other dates, another length of a code, odd letters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.cells.hits import Hits, Kind
from assay.cells.markers import marked, one_zone
from assay.cells.prior import evidence_of
from assay.cells.units import read_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from assay.cells.table import Column, Table

Names = list[str]
_SIGN = re.compile(r"^[+-](?=\d)")

# Forms with such a share of the column are its own; together they make up at least so much of it.
MIN_FORM_SHARE, MIN_OWN_FORMS = 0.05, 0.97
# Nobody can tell what is usual by fewer values.
MIN_VALUES = 20
# A column of more forms of its own than this has none.
MAX_OWN_FORMS = 4
# One odd value that fills so much of the column is an answer ("over 90").
MAX_REPEATED_SHARE = 0.01
# Plain numbers of one width: from here on they are codes (a telephone), below quantities of one magnitude.
MIN_CODE_WIDTH = 7
# An odd sign in a value of so many rows is the value's own.
MIN_ANSWER = 5
# Where most values occur once, or are sentences, any sign may come.
MIN_REPEATS, MAX_WORDS = 2.0, 3
# Texts with so few letters have no case of their own.
MAX_SHORT = 3
# How sure: a word among numbers or codes, a code of another length, a sign among words, another case, odd spaces.
SURE = {"shape": 0.9, "length": 0.8, "symbol": 0.7, "case": 0.8, "spaces": 0.9}
REASONS = {
    "shape": "letters, digits and signs in an order that is rare for the column",
    "length": "longer or shorter than nearly all values of the column",
    "symbol": "holds a digit or sign that words of the column hardly ever hold",
    "case": "capital and small letters are used in another way than in nearly all values of the column",
    "spaces": "holds spaces at an end or several in a row, which hardly any value of the column does",
}


def find_forms(table: Table) -> Iterator[Hits]:
    """Find values of a rare form in columns of texts that have a form."""
    for column in table.columns:
        if column.typed is None and column.present >= MIN_VALUES and column.distinct > 1:
            yield from _of_column(column)


def _of_column(column: Column) -> Iterator[Hits]:
    # The sign of a number, and the zone of a time, are part of the value and not of its form.
    texts = [_SIGN.sub("", one_zone(text.strip())) for text in column.texts]
    counts = np.where(marked(texts), 0, column.counts)
    if not counts.sum():
        return
    seen = np.zeros(column.distinct, dtype=bool)
    for name, forms, max_own in _forms(column, texts, counts):
        mask = _rare(forms, counts, max_own) & ~seen
        mask &= column.counts <= max(1.0, MAX_REPEATED_SHARE * column.present)
        if name in {
            "symbol",
            "case",
        }:  # a slip is not made alike again and again, and codes such as 3XL are made of anything
            mask &= ~_own_words(texts, column.counts)
        seen |= mask
        if len(rows := column.rows_of(mask)):
            evidence = np.full(len(rows), evidence_of(SURE[name]))
            yield Hits("form", column.index, rows, evidence, Kind.FORM, REASONS[name], None, name)


def _forms(column: Column, texts: Names, counts: npt.NDArray[np.int64]) -> Iterator[tuple[str, Sequence[str], int]]:
    """Ways to describe the form of the values, and how many forms of its own a column may have in each."""
    yield "spaces", ["odd" if odd_spaces(text) else "" for text in column.texts], 1
    classes, lengths = letter_classes(texts)
    digits = _hold(classes == ord("9"), lengths)
    if counts[digits].sum() >= MIN_OWN_FORMS * counts.sum():
        number = ~np.isnan(column.numbers)
        coarse = shapes(classes, lengths, runs=True)
        yield "shape", np.where(number, "number", np.array(coarse, dtype=object)).tolist(), MAX_OWN_FORMS
        if _is_code(column, texts, number, counts):
            yield "length", shapes(classes, lengths, runs=False), 1
        return
    wordy = counts[[text.count(" ") >= MAX_WORDS for text in texts]].sum() > 0.1 * counts.sum()
    if not wordy:
        cases = [case_of(text) for text in texts]
        usual = max(set(cases) - {""}, key=lambda case: counts[[c == case for c in cases]].sum(), default="")
        yield "case", [case or usual for case in cases], 1
    if counts.sum() >= MIN_REPEATS * (counts > 0).sum() and not wordy:
        yield "symbol", alphabets(texts), MAX_OWN_FORMS


def _own_words(texts: Names, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Values that are no numbers, and short or repeated."""
    wordy = np.array([any(map(str.isalpha, text)) or not any(map(str.isdigit, text)) for text in texts], dtype=bool)
    short = np.array([len(text) <= MAX_SHORT for text in texts], dtype=bool)
    return np.asarray(wordy & (short | (counts >= MIN_ANSWER)))


def _hold(letters: npt.NDArray[np.bool_], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each text has any of the marked letters."""
    before = np.append(0, np.cumsum(letters))
    ends = np.cumsum(lengths)
    return np.asarray(before[ends] > before[ends - lengths])


def _is_code(column: Column, texts: Names, number: npt.NDArray[np.bool_], counts: npt.NDArray[np.int64]) -> bool:
    """Whether the length of the values means something: it does not where most are quantities."""
    if counts[number].sum() < 0.5 * counts.sum():
        return column.share_of_rows(lambda text: read_quantity(text) is not None) < 0.5
    padded = [text[0] == "0" and len(text) > 1 and text.isdigit() for text in texts if text]
    wide = counts[[len(text) >= MIN_CODE_WIDTH and text.isdigit() for text in texts]].sum()
    return any(padded) or bool(wide >= MIN_OWN_FORMS * counts.sum())


def _rare(forms: Sequence[str], counts: npt.NDArray[np.int64], max_own: int) -> npt.NDArray[np.bool_]:
    """Values whose form is not among the few that make up nearly all of the column."""
    place, names = pd.factorize(np.asarray(forms, dtype=object))
    share = np.bincount(place, weights=counts, minlength=len(names)) / counts.sum()
    own = share >= MIN_FORM_SHARE
    if own.sum() > max_own or share[own].sum() < MIN_OWN_FORMS:
        return np.zeros(len(forms), dtype=bool)
    return np.asarray(~own[place] & (counts > 0))


def letter_classes(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """Class of each letter of all texts, end to end, and the lengths of the texts.

    "9" for digits, "a" for letters, " " for spaces; signs stand for themselves.
    """
    joined = "".join(texts)
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    lookup = np.zeros(int(points.max(initial=0)) + 1, dtype=np.uint32)
    present = np.flatnonzero(np.bincount(points))
    lookup[present] = [ord(_class(chr(point))) for point in present.tolist()]
    return lookup[points], np.array([len(text) for text in texts], dtype=np.int64)


def _class(letter: str) -> str:
    if letter.isdigit():
        return "9"
    if letter.isalpha():
        return "a"
    return " " if letter.isspace() else letter


def shapes(classes: npt.NDArray[np.uint32], lengths: npt.NDArray[np.int64], *, runs: bool) -> Names:
    """Classes of each text as one text; with `runs`, equal neighbours are one.

    Examples
    --------
    >>> shapes(*letter_classes(["ab-12", "9"]), runs=True)
    ['a-9', '9']
    """
    ends = np.cumsum(lengths)
    if runs and len(classes):
        first = np.append(True, classes[1:] != classes[:-1])
        first[(ends - lengths)[lengths > 0]] = True
        before = np.append(0, np.cumsum(first))
        classes, ends = classes[first], before[ends]
    text = classes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    starts = np.append(0, ends[:-1])
    return [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def odd_spaces(text: str) -> bool:
    """Whether a text begins or ends with a space, or has two in a row."""
    return "  " in text or text != text.strip()


def case_of(text: str) -> str:
    """Name the case: "lower", "upper", "capital" (at the start of a word), "inverted" (only inside words), or "".

    Texts without letters have none, and short ones, such as USA, are written as they are everywhere.
    """
    if len(text) <= MAX_SHORT:
        return ""
    if text.islower():
        return "lower"
    if text.isupper():
        return "upper"
    if text.upper() == text.lower():  # no letters, or letters without case
        return ""
    return "capital" if any(word[0].isupper() for word in text.split()) else "inverted"


def alphabets(texts: Sequence[str]) -> Names:
    """What each text is made of beside letters, spaces and the marks of names and sentences."""
    return ["".join(sorted({_kind(letter) for letter in text})) for text in texts]


def _kind(letter: str) -> str:
    if letter.isalpha() or letter.isspace() or letter in "-'.,&/()\u2019\"!:;":
        return ""
    return "9" if letter.isdigit() else "#"
