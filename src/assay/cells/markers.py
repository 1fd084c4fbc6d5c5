"""Cells that say "missing" in words or in figures, in a table that has another way of saying it."""

from __future__ import annotations

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
_LONGEST = 20
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
            if word in ANSWERS and share > MAX_ANSWER_SHARE:
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
    cells: Counter[str] = Counter()
    for column in table.columns:
        columns[""] += column.present < table.rows
        cells[""] += table.rows - column.present
        for word, values in marked.get(column.index, {}).items():
            columns[word] += 1
            cells[word] += int(column.counts[values].sum())
    return max(columns, key=lambda word: (columns[word], cells[word], word), default="")


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
    """(D,) float64: seconds since 1970 of dates, or of texts that begin with a date such as 2020-01-31; else NaN."""
    if column.is_date and column.typed is not None:
        return column.typed
    result = np.full(column.distinct, np.nan)
    if column.typed is not None:
        return result
    for place, text in enumerate(column.texts):
        if len(text) >= 10 and text[4:5] == text[7:8] == "-":
            try:
                result[place] = np.datetime64(text[:19].strip().replace(" ", "T"), "s").astype(np.int64)
            except ValueError:
                continue
    return result


def _zeros(column: Column) -> list[int]:
    """Places of the zero dates among the values of a column of dates or texts."""
    if column.is_date and column.typed is not None:
        days = np.array(ZERO_DATES, dtype="datetime64[s]").astype(np.int64)
        return np.flatnonzero(np.isin(column.typed // 86_400 * 86_400, days)).tolist()
    return [place for place, text in enumerate(column.texts) if text[:10] in ZERO_DATES]
