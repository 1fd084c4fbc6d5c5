"""Numbers of a second unit of which no other column says that they are of another kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.cells.slips import MIN_GROUP, slipped_values

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.cells.slips import Slip
    from assay.cells.table import Column, Table

    Mask = npt.NDArray[np.bool_]

# A column with at most so many values can say which rows are of which kind, by values that so many rows hold.
MAX_KINDS, MIN_KIND = 200, 5
# It says so of this share of the group; a column of numbers by so clear an order (AUC).
MIN_DECLARED, MIN_ORDERED = 0.7, 0.95


def find_slips(table: Table, column: Column) -> tuple[Slip, ...]:
    """Find them in a column of numbers, unless another column says that these rows are of another kind."""
    slips = slipped_values(column.numbers, column.counts)
    return tuple(slip for slip in slips if not _is_declared(table, column, slip))


def _is_declared(table: Table, column: Column, slip: Slip) -> bool:
    """Whether another column, such as the currency, tells these rows from the others: then it is another kind."""
    group = np.append(slip.values, False)[column.codes]
    known = np.append(np.isfinite(column.numbers) & (column.numbers != 0), False)[column.codes]
    tests = (_names_kinds, _orders_kinds)
    return any(
        # Where a whole row was written in other units, each of its columns tells it from the others.
        any(test(other, group, known) for test in tests) and not slipped_values(other.numbers, other.counts)
        for other in table.columns
        if other is not column
    )


def _names_kinds(other: Column, group: Mask, known: Mask) -> bool:
    """Whether there are values that mostly the group's rows hold, and most of them do."""
    if other.distinct > MAX_KINDS:
        return False
    codes = other.codes.astype(np.int64) + 1  # absence says something, too
    theirs = np.bincount(codes[known], minlength=other.distinct + 1)
    ours = np.bincount(codes[known & group], minlength=other.distinct + 1)
    telling = (theirs >= MIN_KIND) & (2 * ours > theirs)
    return bool(ours[telling].sum() >= MIN_DECLARED * ours.sum())


def _orders_kinds(other: Column, group: Mask, known: Mask) -> bool:
    """Whether the group's rows have the largest, or the smallest, numbers there: an AUC far from a half."""
    there = known & np.append(np.isfinite(other.numbers), False)[other.codes]
    ours = np.bincount(other.codes[there & group], minlength=other.distinct)
    rest = np.bincount(other.codes[there & ~group], minlength=other.distinct)
    if ours.sum() < MIN_GROUP or not rest.sum():
        return False
    order = np.argsort(other.numbers, kind="stable")
    ours, rest = ours[order], rest[order]
    wins = (ours * (np.cumsum(rest) - rest / 2)).sum() / (ours.sum() * rest.sum())
    return bool(max(wins, 1 - wins) >= MIN_ORDERED)
