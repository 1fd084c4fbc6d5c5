"""Dates that come in one order in nearly all rows, and in the other in a few."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from assay.cells.hits import Hits, Kind
from assay.cells.markers import date_seconds, says_zone, zero_dates
from assay.cells.prior import evidence_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.cells.table import Column, Table

# Pairs of more columns are too many to compare.
MAX_DATES = 20
MIN_ROWS, MIN_ORDERED, MOST = 50, 0.97, 0.5
# Either of the two dates is wrong, and nothing says which.
EITHER = 0.5
WIDEST_ZONES = 26 * 3_600
REASON = "out of order with another date of the row"


def find_date_order(table: Table) -> Iterator[Hits]:
    """Find pairs of dates that are out of order."""
    for first, second, wrong in _pairs(table):
        if len(rows := np.flatnonzero(wrong).astype(np.int64)):
            evidence = np.full(len(rows), evidence_of(EITHER)) + 1e-9
            for place, other in ((first, second), (second, first)):
                yield Hits("dates", place, rows, evidence, Kind.RANGE, REASON, None, f"order {other}")


def ordered_columns(table: Table) -> set[int]:
    """Places of the columns of dates that are in order with another."""
    return {place for first, second, _ in _pairs(table) for place in (first, second)}


def _pairs(table: Table) -> Iterator[tuple[int, int, npt.NDArray[np.bool_]]]:
    """Places of two columns of dates that come in one order, and the (n,) rows in which they do not."""
    for (first, a, a_zoned), (second, b, b_zoned) in combinations(_dates(table), 2):
        # A time without its zone, beside one with a zone, may be up to 14 hours off on either side.
        both = np.isfinite(a) & np.isfinite(b) & ((a_zoned == b_zoned) | (np.abs(a - b) > WIDEST_ZONES))
        n = int(both.sum())
        for wrong in (both & (a > b), both & (a < b)):
            share = 1 - wrong.sum() / max(1, n)
            if n >= MIN_ROWS and share >= MIN_ORDERED and bool((both & ~wrong & (a != b)).sum() > n / 2):
                yield first, second, wrong


def _dates(table: Table) -> list[tuple[int, npt.NDArray[np.float64], npt.NDArray[np.bool_]]]:
    """Place of each column of dates, (n,) its seconds, and (n,) whether the zone was said."""
    dates = []
    for column in table.columns:
        if column.is_date or (column.typed is None and are_dates(column)):
            # A date that means "none" is in no order.
            meant = np.where(zero_dates(column), np.nan, date_seconds(column))
            seconds = np.append(meant, np.nan)[column.codes]
            if np.isfinite(seconds).sum() >= max(MIN_ROWS, MIN_ORDERED * column.present):
                dates.append((column.index, seconds, np.append(_zoned(column), False)[column.codes]))
    return dates[:MAX_DATES]


def _zoned(column: Column) -> npt.NDArray[np.bool_]:
    """(D,) mask of the texts that say their time zone."""
    if column.typed is not None:
        return np.zeros(column.distinct, dtype=bool)
    return np.array([says_zone(text) for text in column.texts], dtype=bool)


def are_dates(column: Column) -> bool:
    """Whether most values of a column of texts begin with a date such as 2020-01-31."""
    return column.share_of_rows(_is_date) > MOST


def _is_date(text: str) -> bool:
    return text[:4].isdigit() and text[4:5] == text[7:8] == "-"
