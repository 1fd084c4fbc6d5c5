"""Empty cells of columns that have hardly any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.cells.hits import Hits, Kind
from assay.cells.prior import evidence_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.cells.table import Table

# A column with more empty cells than this may have them for a reason.
MAX_EMPTY, MIN_ROWS = 0.02, 200
# Where more of the columns than this are more empty, to be empty is usual in this table.
MAX_INCOMPLETE = 0.1
# Barely suspicious: nothing but the other rows says that there should be a value.
ALMOST_COMPLETE = 0.55
REASON = "empty, in a column that is otherwise complete"


def find_incomplete(table: Table) -> Iterator[Hits]:
    """Find the empty cells of columns that are filled in nearly all rows."""
    shares = np.array([1 - column.present / max(1, table.rows) for column in table.columns])
    incomplete = (shares > MAX_EMPTY) & (shares < 1)
    if table.rows < MIN_ROWS or incomplete.sum() > MAX_INCOMPLETE * len(shares):
        return
    for column in table.columns:
        empty = table.rows - column.present
        if 0 < empty <= MAX_EMPTY * table.rows:
            rows = np.flatnonzero(column.codes < 0).astype(np.int64)
            yield Hits("empty", column.index, rows, np.full(empty, evidence_of(ALMOST_COMPLETE)), Kind.MISSING, REASON)
