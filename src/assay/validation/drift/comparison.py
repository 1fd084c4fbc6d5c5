"""Two samples side by side: which columns drifted, by how much, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from assay.findings import Status
from assay.intervals import judge_upper
from assay.validation.drift.comparing import compare, count_cells
from assay.validation.drift.proposal import compared_columns
from assay.validation.drift.summary import summarise
from assay.validation.drift.variation import MAX_TOLERANCE, between_blocks, read_blocks, tolerance

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from assay.dataset import Roles

COLUMNS = ("column", "status", "distance", "low", "high", "tolerance", "n_reference", "n_batch", "change")


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What became of the columns.

    Attributes
    ----------
    table
        One row a column that was compared, drifted ones first, then by distance. Columns: `column`; `status`
        ("failed" where the whole interval lies beyond the tolerance, "passed" where it lies within, else
        "inconclusive"); `distance` (total variation in [0, 1], without what chance adds; NaN where nothing could be
        compared); `low`, `high` of its interval; `tolerance`; `n_reference`, `n_batch` (rows); `change` (the
        largest one in words; quotes categories).
    drifted
        The columns that failed. That there is any where nothing drifted has a probability of at most alpha.
    """

    table: pd.DataFrame
    drifted: tuple[str, ...]


def compare_samples(
    reference: pd.DataFrame,
    batch: pd.DataFrame,
    roles: Roles,
    *,
    alpha: float = 0.05,
    blocks: pd.Series[Any] | None = None,
) -> Comparison:
    """Compare the distributions of two samples, column by column.

    Parameters
    ----------
    reference, batch
        Tables; the columns that both have are compared, less the id, the time, the group and the ignored ones, and
        texts that identify rows. Not changed.
    roles
        With a time, what the reference varies by itself between stretches of time is no drift.
    alpha
        In (0, 1): probability that any column is said to have drifted where none did, all columns together.
    blocks
        Of the reference's rows, such as the month or the file that each comes from, in place of stretches of time.
    """
    columns = [name for name in compared_columns(reference, roles) if name in batch.columns]
    of_rows = read_blocks(reference, roles.time, len(batch), blocks)
    share = alpha / max(1, len(columns))
    rows = [_compared(reference[name], batch[name], of_rows, share) for name in columns] if len(reference) else []
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    failed = table["status"] == Status.FAILED.value
    order = table.assign(within=~failed).sort_values(["within", "distance"], ascending=[True, False]).index
    table = table.loc[order].reset_index(drop=True)
    return Comparison(table, tuple(table.loc[table["status"] == Status.FAILED.value, "column"]))


def _compared(
    reference: pd.Series[Any], batch: pd.Series[Any], blocks: npt.NDArray[np.int64] | None, alpha: float
) -> tuple[object, ...]:
    """One row of the table."""
    summary, codes = summarise(reference, max(1, len(batch)))
    allowed = tolerance(between_blocks(codes, len(summary.shares), blocks))
    cells, sizes = count_cells(summary, batch), (len(reference), len(batch))
    if cells is None:
        nothing = (float("nan"), 0.0, 1.0, allowed, *sizes, "nothing to compare")
        return reference.name, Status.INCONCLUSIVE.value, *nothing
    effect = compare(summary, cells, alpha)
    status, change, span = judge_upper(effect.interval, allowed), effect.change, effect.interval
    if allowed > MAX_TOLERANCE and status is not Status.FAILED:
        status, change = Status.INCONCLUSIVE, f"{change}; the reference itself changes over time"
    return reference.name, status.value, effect.distance, span.low, span.high, allowed, *sizes, change
