"""The pattern that the values of a text column follow: a known form, a few templates, or the characters in use.

Patterns are anchored, hold no group that repeats a repetition, and use only what Python, RE2, Java and PostgreSQL read
alike, so that one suite means the same everywhere and none can be made to run for ever.
"""

from __future__ import annotations

import re
import string
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Of the rows, those that a pattern must fit to be one.
MIN_FIT = 0.95
# Templates beyond three are no pattern, nor are templates of more parts than these.
MAX_TEMPLATES = 3
MAX_PARTS = 12
# A template that fewer values follow is an exception, not a form.
MIN_TEMPLATE_SHARE = 0.02
# The same letters in this many different values are part of the form.
MIN_VALUES_FOR_LITERAL = 10
# Punctuation marks in use; with more it is prose.
MAX_MARKS = 6
MAX_LENGTH = 200

_DATE = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_DAY, _MONTH = r"(0?[1-9]|[12][0-9]|3[01])", r"(0?[1-9]|1[0-2])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
_ZONE = r"(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})?"
# Years of other centuries would make periods of many a code.
_YEAR = "(19|20)[0-9]{2}"
# What grows with time.
PERIODS: tuple[tuple[str, str], ...] = (
    ("dates (YYYY-MM-DD)", rf"^{_DATE}$"),
    ("dates with a time (ISO 8601)", rf"^{_DATE}[T ]{_TIME}{_ZONE}$"),
    *((f"dates (D{mark}M{mark}YYYY)", rf"^{_DAY}[{mark}]{_MONTH}[{mark}][0-9]{{4}}$") for mark in "./-"),
    *((f"dates (M{mark}D{mark}YYYY)", rf"^{_MONTH}[{mark}]{_DAY}[{mark}][0-9]{{4}}$") for mark in "./-"),
    ("months (YYYY-MM)", rf"^{_YEAR}-(0[1-9]|1[0-2])$"),
    ("weeks (YYYY-Www)", rf"^{_YEAR}-?W(0[1-9]|[1-4][0-9]|5[0-3])$"),
    ("quarters (YYYY-Qn)", rf"^{_YEAR}-?Q[1-4]$"),
    ("years", rf"^{_YEAR}$"),
)
FORMS: tuple[tuple[str, str], ...] = (
    *PERIODS,
    ("times of day", rf"^{_TIME}$"),
    ("e-mail addresses", r"^[^@ ]{1,64}@[^@ ]{1,190}[.][A-Za-z]{2,24}$"),
    ("UUIDs", r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"),
    ("IPv4 addresses", r"^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}$"),
    ("web addresses", r"^https?://[^ ]+$"),
)
PHONE = ("telephone numbers", r"^[+]?[(]?[0-9][0-9 ()./-]{5,18}[0-9]$")
# Scripts beyond ASCII by their blocks: the engines do not agree on what else is a letter.
_BLOCKS = (
    ("À-ɏ", "À", "ɏ"),
    ("Ͱ-Ͽ", "Ͱ", "Ͽ"),
    ("Ѐ-ӿ", "Ѐ", "ӿ"),
    ("א-ת", "א", "ת"),
    ("ء-ي", "ء", "ي"),
    ("ऀ-ॿ", "ऀ", "ॿ"),
    ("ぁ-ヿ", "ぁ", "ヿ"),
    ("一-鿿", "一", "鿿"),
    ("가-힣", "가", "힣"),
)
_UPPER, _LOWER, _DIGIT = "A-Z", "a-z", "0-9"
_ALPHANUMERIC = "A-Za-z0-9"
_NARROWER = tuple(
    (name, frozenset(string.digits + letters))
    for name, letters in (
        ("0-9a-f", "abcdef"),
        ("0-9A-F", "ABCDEF"),
        ("0-9a-z", string.ascii_lowercase),
        ("0-9A-Z", string.ascii_uppercase),
    )
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern that most values follow.

    Attributes
    ----------
    regex
        Anchored at both ends.
    what
        In words, such as "e-mail addresses" or "values of one form".
    fitted
        Values that hold the pattern up: its degrees of freedom.
    """

    regex: str
    what: str
    fitted: int


def find_shape(counts: Mapping[str, int], *, literals: bool = True) -> Shape | None:
    """The most telling pattern of values, or None where they follow none.

    Parameters
    ----------
    counts
        Value -> rows that hold it.
    literals
        Whether letters and digits that all values share may stand in the pattern.
    """
    total = sum(counts.values())
    for what, regex in FORMS:
        if _fit(counts, regex) >= MIN_FIT * total:
            return Shape(regex, what, 1)
    usable = {value: count for value, count in counts.items() if value.isprintable() and 0 < len(value) <= MAX_LENGTH}
    if sum(usable.values()) < MIN_FIT * total:
        return None
    for merged in ("", "case", "alphanumeric"):
        if shape := _templates(usable, total, merged, literals=literals):
            return shape
    with_marks = sum(count for value, count in counts.items() if not value.isdigit())
    if _fit(counts, PHONE[1]) >= MIN_FIT * total and with_marks >= total / 2:
        return Shape(PHONE[1], PHONE[0], 1)
    return _characters(usable, total)


def _fit(counts: Mapping[str, int], regex: str) -> int:
    pattern = re.compile(regex)
    return sum(count for value, count in counts.items() if pattern.match(value))


def _class(letter: str) -> str | None:
    """The class of a letter or digit as it stands in brackets; None for a mark."""
    if letter.isascii():
        return _DIGIT if letter.isdigit() else _UPPER if letter.isupper() else _LOWER if letter.islower() else None
    return next((block for block, first, last in _BLOCKS if first <= letter <= last), None)


def _runs(value: str, merged: str) -> list[tuple[str, str]]:
    """A value in parts: (class, text); a mark is a part of its own, with its own text as the class."""

    def kind(letter: str) -> str:
        found = _class(letter)
        if found is None:
            return letter
        if merged == "alphanumeric" and found in (_UPPER, _LOWER, _DIGIT):
            return _ALPHANUMERIC
        return "A-Za-z" if merged and found in (_UPPER, _LOWER) else found

    return [(name, "".join(group)) for name, group in groupby(value, kind)]


def _templates(counts: Mapping[str, int], total: int, merged: str, *, literals: bool) -> Shape | None:
    """Up to `MAX_TEMPLATES` sequences of classes that nearly all rows follow."""
    followers: dict[tuple[str, ...], list[list[str]]] = defaultdict(list)
    weights: Counter[tuple[str, ...]] = Counter()
    for value, count in counts.items():
        runs = _runs(value, merged)
        sequence = tuple(name for name, _ in runs)
        followers[sequence].append([text for _, text in runs])
        weights[sequence] += count
    ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:MAX_TEMPLATES]
    kept = [sequence for sequence, count in ranked if count >= MIN_TEMPLATE_SHARE * total]
    too_long = any(len(sequence) > MAX_PARTS for sequence in kept)
    if too_long or sum(weights[sequence] for sequence in kept) < MIN_FIT * total:
        return None
    # One run of letters alone is a word; that says less than the characters in use do.
    written = [_written(sequence, followers[sequence], literals=literals) for sequence in kept]
    texts = [text for text, _ in written]
    regex = f"^{texts[0]}$" if len(texts) == 1 else f"^({'|'.join(texts)})$"
    what = "values of one form" if len(texts) == 1 else f"values of {len(texts)} forms"
    return Shape(regex, what, sum(fitted for _, fitted in written))


def _written(sequence: Sequence[str], texts: Sequence[Sequence[str]], *, literals: bool) -> tuple[str, int]:
    """A template as a pattern, and how many values hold it up."""
    parts, fitted = [], 1
    fixed_enough = literals and len(texts) >= MIN_VALUES_FOR_LITERAL
    for place, kind in enumerate(sequence):
        name = kind
        column = [text[place] for text in texts]
        first = column[0]
        same = all(text == first for text in column)
        if same and (fixed_enough or name == first[0]):
            parts.append("".join(_literal(letter) for letter in first))
            continue
        if name == _ALPHANUMERIC and len(column) >= MIN_VALUES_FOR_LITERAL:
            name = next((one for one, letters in _NARROWER if all(letters >= set(text) for text in column)), name)
        lengths = {len(text) for text in column}
        fitted += 2 * (len(lengths) > 1)
        one = f"[{name}]" if len(name) > 1 else _literal(name)
        parts.append(one + _times(min(lengths), max(lengths)))
    return "".join(parts), fitted


def _characters(counts: Mapping[str, int], total: int) -> Shape | None:
    """The characters in use and the lengths, where there are few kinds of them."""
    rows: Counter[str] = Counter()
    for value, count in counts.items():
        for name in {_class(letter) or letter for letter in value}:
            rows[name] += count
    common = {name for name, count in rows.items() if count >= MIN_TEMPLATE_SHARE / 4 * total}
    classes = sorted(name for name in common if len(name) > 1)
    marks = sorted(name for name in common if len(name) == 1)
    if len(marks) > MAX_MARKS or not classes or any(not mark.isprintable() for mark in marks):
        return None
    within = [value for value in counts if {_class(letter) or letter for letter in value} <= common]
    if sum(counts[value] for value in within) < MIN_FIT * total:
        return None
    letters = "".join(classes) + "".join(_in_brackets(mark) for mark in marks)
    lengths = [len(value) for value in within]
    fitted = len(common) + 2
    return Shape(f"^[{letters}]{_times(min(lengths), max(lengths))}$", "values of a few kinds of characters", fitted)


def _times(least: int, most: int) -> str:
    if least == most:
        return "" if least == 1 else f"{{{least}}}"
    return f"{{{least},{most}}}"


def _literal(letter: str) -> str:
    # In brackets, a mark needs no backslash, which JSON would double.
    if letter.isalnum() or letter in " -_/:,;=@#%&~'\"<>!":
        return letter
    return f"[{_in_brackets(letter)}]" if letter not in "^\\" else f"\\{letter}"


def _in_brackets(letter: str) -> str:
    return f"\\{letter}" if letter in "]^\\-[" else letter
