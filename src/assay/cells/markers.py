"""Cells that say "missing" in words or in figures, in a table that has another way of saying it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from assay.cells.hits import Hits, Kind
from assay.cells.prior import evidence_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from assay.cells.table import Column, Table

# Compared without regard to case.
WORDS = frozenset(
    {
        "na", "n/a", "n.a.", "n.a", "#n/a", "#na", "<na>", "nan", "null", "nil", "(null)", "[null]", "\\n", "#null!",
        "missing", "(missing)", "[missing]", "blank", "(blank)", "empty", "(empty)", "undefined", "not available",
        "not known", "not specified", "unspecified", "no data", "no value", "tbd", "to be defined", "#ref!", "#value!",
    }
)  # fmt: skip
# An answer in some columns: there they are frequent.
ANSWERS = frozenset({"none", "unknown", "unk", "not applicable"})
MAX_ANSWER_SHARE = 0.01
PUNCTUATION = frozenset("?-_.*#/\\~\u2013\u2014\u2026'\"")
# Words that are codes, names or answers too: Namibia, a surname. They are where they are written as the values of
# their column are, and more than a slip would explain.
AMBIGUOUS = ANSWERS | frozenset({"na", "nan", "null", "nil", "missing", "blank", "empty", "undefined", "unspecified"})
MIN_ALIKE, MIN_ANSWER, MIN_NAMES, MAX_CODE = 0.8, 5, 30, 3
_LONGEST = 20
_DATE = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?"
    r"\s?(?P<zone>[Zz]|UTC|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)?)?)?",
    re.ASCII,
)
# The only marker of a table, and no empty cell beside it, is how this table says "missing": only where it is rare in
# its column is it taken for a slip.
MAX_SLIP_SHARE = 0.01
# Dates that programs write for "none": the zero of their calendars and its end.
ZERO_DATES = ("1900-01-01", "1899-12-30", "1899-12-31", "1970-01-01", "0001-01-01", "1753-01-01", "9999-12-31")
# A zero date is one only where it stands apart from the other dates: so many times the distance between their
# 5% and 95% quantiles from the middle.
APART = 1.0
# Sure, but an answer may look like a marker.
MARKER, RARE_MARKER, ZERO_DATE = 0.95, 0.8, 0.9
REASON = "a text that means 'missing', where the table says it in another way"
REASON_DATE = "a date that programs write for 'none', far from the others"


def find_markers(table: Table) -> Iterator[Hits]:
    """Find texts that mean "missing" and dates that mean "none"."""
    marked = {c.index: found for c in table.columns if c.typed is None and (found := _marked(c))}
    usual = _usual(table, marked)
    for place, words in marked.items():
        column = table.columns[place]
        for word, values in words.items():
            share = column.counts[values].sum() / column.present
            if (word in ANSWERS and share > MAX_ANSWER_SHARE) or (word in AMBIGUOUS and _is_value(column, values)):
                continue
            if word == usual and share > MAX_SLIP_SHARE:
                continue
            mask = np.zeros(column.distinct, dtype=bool)
            mask[values] = True
            rows = column.rows_of(mask)
            evidence = np.full(len(rows), evidence_of(RARE_MARKER if word == usual else MARKER))
            yield Hits("marker", place, rows, evidence, Kind.MISSING, REASON, [""] * len(rows), word)
    for column in table.columns:
        if len(rows := column.rows_of(zero_dates(column))):
            evidence = np.full(len(rows), evidence_of(ZERO_DATE))
            yield Hits("marker", column.index, rows, evidence, Kind.MISSING, REASON_DATE, [""] * len(rows), "date")


def _is_value(column: Column, values: Sequence[int]) -> bool:
    """Whether a word that may mean "missing" is written as a code, a name or an answer of its column is."""
    top = max(values, key=lambda place: (int(column.counts[place]), -place))
    text, mine = column.texts[top], int(column.counts[values].sum())
    if len(values) > 1 or text != text.strip():
        return False  # spelt in several ways
    # A code or a name may be rare; an answer is one of few and comes again.
    if mine < MIN_ANSWER and not _is_code(text) and column.distinct < MIN_NAMES:
        return False
    form = _form_of(text)
    if form == "lower" and column.distinct >= MIN_NAMES:
        return False  # a name has a capital letter
    return column.share_of_rows(lambda other: _form_of(other) == form) >= MIN_ALIKE


def _is_code(text: str) -> bool:
    return len(text) <= MAX_CODE and text.isupper()


def _form_of(text: str) -> str:
    """How a word is written: short codes by their length, others by their case."""
    if not text.replace(" ", "").replace("-", "").isalpha():
        return ""
    if _is_code(text):
        return f"code {len(text)}"
    return "lower" if text.islower() else "upper" if text.isupper() else "capital" if text[0].isupper() else "mixed"


def is_marker(text: str) -> bool:
    """Whether a text means "missing" in most tables."""
    bare = text.strip().casefold()
    return bare in WORDS or bare in ANSWERS or set(bare) <= PUNCTUATION


def marked(texts: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which of the texts mean "missing"."""
    return np.array([len(text) <= _LONGEST and is_marker(text) for text in texts], dtype=bool)


def _marked(column: Column) -> dict[str, list[int]]:
    """Marker -> places of its spellings among the values of a column; none where no value has a letter or digit."""
    found: dict[str, list[int]] = {}
    for place in np.flatnonzero(marked(column.texts)).tolist():
        found.setdefault(column.texts[place].strip().casefold(), []).append(place)
    punctuation = {place for word, places in found.items() if set(word) <= PUNCTUATION for place in places}
    if len(punctuation) == column.distinct > 1:
        return {}
    return found


def _usual(table: Table, marked: dict[int, dict[str, list[int]]]) -> str:
    """How most columns with missing values say so; "" is the empty cell."""
    columns: Counter[str] = Counter()
    often: Counter[str] = Counter()  # columns in which it is no slip: a few N/A in many columns are not the usual way
    cells: Counter[str] = Counter()
    for column in table.columns:
        columns[""] += column.present < table.rows
        often[""] += table.rows - column.present > MAX_SLIP_SHARE * table.rows
        cells[""] += table.rows - column.present
        for word, values in marked.get(column.index, {}).items():
            count = int(column.counts[values].sum())
            columns[word] += 1
            often[word] += count > MAX_SLIP_SHARE * table.rows
            cells[word] += count
    return max(columns, key=lambda word: (often[word], columns[word], cells[word], word), default="")


def zero_dates(column: Column) -> npt.NDArray[np.bool_]:
    """(D,) mask of the dates that mean "none": they stand far from all others."""
    mask = np.zeros(column.distinct, dtype=bool)
    if not column.is_date and column.typed is not None:
        return mask
    zeros = _zeros(column)
    if not zeros or len(zeros) == column.distinct:
        return mask
    seconds = date_seconds(column)
    if np.isnan(seconds).mean() > 0.1:
        return mask
    others = np.delete(seconds, zeros)
    low, middle, high = np.nanquantile(others, [0.05, 0.5, 0.95])
    year = 365.25 * 86_400
    mask[zeros] = np.abs(seconds[zeros] - middle) > max(year, APART * (high - low))
    return mask


def date_seconds(column: Column) -> npt.NDArray[np.float64]:
    """(D,) float64: seconds since 1970 of dates, or of texts such as 2020-01-31T12:00+02:00; else NaN.

    In UTC where a text says its zone.
    """
    if column.is_date and column.typed is not None:
        return column.typed
    result = np.full(column.distinct, np.nan)
    if column.typed is None:
        result[:] = [read_date(text) for text in column.texts]
    return result


def read_date(text: str) -> float:
    """Seconds since 1970 of a date in the order of ISO 8601; NaN for any other text.

    Examples
    --------
    >>> read_date("1970-01-02"), read_date("1970-01-01 02:00:30.5+02:00"), read_date("1970-13-01")
    (86400.0, 30.0, nan)
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return float("nan")
    try:
        seconds = float(np.datetime64(f"{match['day']}T{match['time'] or '00:00'}", "s").astype(np.int64))
    except ValueError:
        return float("nan")
    if match["sign"]:
        offset = int(match["hours"]) * 3_600 + int(match["minutes"] or 0) * 60
        seconds -= offset if match["sign"] == "+" else -offset
    return seconds


def one_zone(text: str) -> str:
    """Write a date with its zone as "Z", whatever the zone: 09:00Z and 11:00+02:00 have one form."""
    match = _DATE.fullmatch(text) if text[4:5] == "-" and text[:4].isdigit() else None
    return text if match is None or match["zone"] is None else f"{text[: match.start('zone')]}Z"


def says_zone(text: str) -> bool:
    """Whether a date says its time zone."""
    match = _DATE.fullmatch(text.strip())
    return match is not None and match["zone"] is not None


def _zeros(column: Column) -> list[int]:
    """Places of the zero dates among the values of a column of dates or texts."""
    if column.is_date and column.typed is not None:
        days = np.array(ZERO_DATES, dtype="datetime64[s]").astype(np.int64)
        return np.flatnonzero(np.isin(column.typed // 86_400 * 86_400, days)).tolist()
    return [place for place, text in enumerate(column.texts) if text[:10] in ZERO_DATES]
