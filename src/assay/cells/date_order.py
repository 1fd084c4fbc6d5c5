"""Dates that come in one order in nearly all rows, and in the other in a few."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from assay.cells.hits import Hits, Kind
from assay.cells.markers import date_seconds, zero_dates
from assay.cells.prior import evidence_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.cells.table import Column, Table

# Pairs of more columns are too many to compare.
MAX_DATES = 20
MIN_ROWS, MIN_ORDERED, MOST = 50, 0.97, 0.5
# Either of the two dates is wrong, and nothing says which.
EITHER = 0.5
REASON = "out of order with another date of the row"


def find_date_order(table: Table) -> Iterator[Hits]:
    """Find pairs of dates that are out of order."""
    dates = []
    for column in table.columns:
        if column.is_date or (column.typed is None and are_dates(column)):
            # A date that means "none" is in no order.
            meant = np.where(zero_dates(column), np.nan, date_seconds(column))
            seconds = np.append(meant, np.nan)[column.codes]
            if np.isfinite(seconds).sum() >= max(MIN_ROWS, MIN_ORDERED * column.present):
                dates.append((column.index, seconds))
    for (first, a), (second, b) in combinations(dates[:MAX_DATES], 2):
        both = np.isfinite(a) & np.isfinite(b)
        n = int(both.sum())
        for wrong in (both & (a > b), both & (a < b)):
            share = 1 - wrong.sum() / max(1, n)
            if n >= MIN_ROWS and MIN_ORDERED <= share < 1 and bool((both & ~wrong & (a != b)).sum() > n / 2):
                rows = np.flatnonzero(wrong).astype(np.int64)
                evidence = np.full(len(rows), evidence_of(EITHER)) + 1e-9
                for place, other in ((first, second), (second, first)):
                    pattern = f"order {other}"
                    yield Hits("dates", place, rows, evidence, Kind.RANGE, REASON, None, pattern)


def are_dates(column: Column) -> bool:
    """Whether most values of a column of texts begin with a date such as 2020-01-31."""
    return column.share_of_rows(_is_date) > MOST


def _is_date(text: str) -> bool:
    return text[:4].isdigit() and text[4:5] == text[7:8] == "-"
