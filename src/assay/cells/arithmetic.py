"""Products and sums that hold in nearly all rows: a row in which one holds vouches for its numbers.

A price with a discount breaks the rule that the product gives the price, and keeps price x quantity = total: an
exception and no error.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

    from assay.cells.table import Table

    Floats = npt.NDArray[np.float64]

# Columns that are combined, and rows on which a rule is tried first.
MAX_COLUMNS, TRIED = 12, 300
MIN_ROWS, MIN_HOLDING = 50, 0.9
# Of the rows with all three numbers: those in which one part says nothing (times 1, plus 0).
MAX_IDLE = 0.7
# Texts that are numbers, of the rows.
MIN_NUMBERS = 0.8
# A result is rounded to the digits that it is written with; here, to so many parts of itself or of one.
RELATIVE, ABSOLUTE = 1e-9, 0.0051

_RULES: tuple[tuple[Callable[[Floats, Floats], Floats], float], ...] = ((np.multiply, 1.0), (np.add, 0.0))


def vouched_cells(table: Table, columns: Iterable[int]) -> dict[int, npt.NDArray[np.bool_]]:
    """Find the rows in which the numbers of a column agree with two others.

    Parameters
    ----------
    table
        n rows.
    columns
        Places of the columns to vouch for.

    Returns
    -------
    dict
        (n,) bool by column; without those that no rule speaks of.
    """
    wanted = set(columns)
    values = _numbers(table) if wanted else {}
    found: dict[int, npt.NDArray[np.bool_]] = {}
    for (i, a), (j, b) in combinations(values.items(), 2):
        for operation, idle in _RULES:
            for k, c in values.items():
                if k in {i, j} or not wanted & {i, j, k}:
                    continue
                if _holds(operation, idle, a[:TRIED], b[:TRIED], c[:TRIED]) is None:
                    continue
                holding = _holds(operation, idle, a, b, c)
                if holding is not None:
                    for place in wanted & {i, j, k}:
                        found[place] = found.get(place, np.zeros(table.rows, dtype=bool)) | holding
    return found


def _numbers(table: Table) -> dict[int, Floats]:
    """(n,) numbers of the columns that hold them, by place; NaN for what is none."""
    found: dict[int, Floats] = {}
    for column in table.columns:
        if column.is_date or column.distinct < 2 or len(found) == MAX_COLUMNS:
            continue
        if column.typed is None and column.share_of_rows(lambda text: text[-1].isdigit()) < MIN_NUMBERS:
            continue
        cells = np.append(column.numbers, np.nan)[column.codes]
        if np.isfinite(cells).sum() >= max(MIN_ROWS, MIN_NUMBERS * column.present):
            found[column.index] = cells
    return found


def _holds(
    operation: Callable[[Floats, Floats], Floats], idle: float, a: Floats, b: Floats, c: Floats
) -> npt.NDArray[np.bool_] | None:
    """Rows in which the rule holds; None where it is no rule: it fails too often, or does not need both parts."""
    known = np.isfinite(a) & np.isfinite(b) & np.isfinite(c)
    rows = int(known.sum())
    if rows < MIN_ROWS or max((known & (a == idle)).sum(), (known & (b == idle)).sum()) > MAX_IDLE * rows:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        result = operation(a, b)
        holding = known & (np.abs(result - c) <= ABSOLUTE + RELATIVE * np.abs(c))
    varied = min(len(np.unique(x[holding])) for x in (a, b, c))
    return holding if holding.sum() >= MIN_HOLDING * rows and varied > 1 else None
