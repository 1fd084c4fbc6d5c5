"""A batch beside the summary of the reference: the effect, its interval, and the change in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.small_cells import is_small
from assay.validation.drift.distance import corrected_distance, distance_interval
from assay.validation.drift.summary import CATEGORY, DAYTIME, HOURS, NUMBER, Cells, assign

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from assay.findings import Interval
    from assay.validation.drift.summary import Summary

# Shares of the reference are rounded to five digits.
TIE = 2e-5


@dataclass(frozen=True, slots=True)
class Effect:
    """How far a batch lies from the reference.

    Attributes
    ----------
    distance
        Total variation in [0, 1], without what chance alone adds in samples of these sizes.
    interval
        Of the true distance.
    rows
        Of the batch.
    change
        The largest change in words, such as "'card' 71% -> 58%"; quotes categories.
    """

    distance: float
    interval: Interval
    rows: int
    change: str


def count_cells(summary: Summary, values: pd.Series[Any]) -> Cells | None:
    """Rows of a batch in the cells of the reference; None where nothing can be compared (see `assign`)."""
    assigned = assign(summary, values) if len(values) else None
    if assigned is None:
        return None
    codes, median = assigned
    return Cells(np.bincount(codes, minlength=len(summary.shares)).astype(np.float64), median)


def compare(summary: Summary, batch: Cells, alpha: float) -> Effect:
    """Effect of a batch with at least one row; its interval holds with probability 1 - `alpha`."""
    reference, rows = summary.counts(), int(batch.counts.sum())
    interval = distance_interval(reference, batch.counts, alpha)
    change = _change(summary, batch, reference / reference.sum(), batch.counts / rows)
    return Effect(corrected_distance(reference, batch.counts), interval, rows, change)


def _change(summary: Summary, batch: Cells, before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> str:
    moved = np.abs(after - before)
    # Of equal changes the last: that values are missing, unreadable or new says more than what they came from.
    most = int(np.flatnonzero(moved >= moved.max() - TIE)[-1])
    told = f"{_name(summary, most)} {_percent(before[most])} -> {_percent(after[most], batch.counts[most])}"
    intervals = range(len(summary.listed), len(summary.shares) - 2)
    if summary.kind != NUMBER or summary.median is None or batch.median is None or most not in intervals:
        return told
    if math.isclose(summary.median, batch.median, rel_tol=1e-3):
        return told
    return f"median {summary.median:.4g} -> {batch.median:.4g}"


def _percent(share: float, count: float | None = None) -> str:
    # Of a batch, how few people are in a cell is not told.
    return "few rows" if count is not None and count > 0 and is_small(count) else f"{share:.1%}"


def _name(summary: Summary, cell: int) -> str:
    listed, rest = len(summary.listed), cell - len(summary.listed)
    if cell >= len(summary.shares) - 2:
        return ("unreadable", "missing")[cell - len(summary.shares) + 2]
    if cell < listed:
        value = summary.listed[cell]
        return f"'{value}'" if summary.kind == CATEGORY else f"{value:.6g}"
    if summary.kind == NUMBER:
        return _interval_name(summary.up_to, rest)
    if summary.kind == DAYTIME:
        return f"{rest * HOURS}-{rest * HOURS + HOURS} h"
    return "other values" if summary.kind == CATEGORY else "dates"


def _interval_name(up_to: tuple[float, ...], place: int) -> str:
    if not up_to:
        return "other numbers"
    if place == 0:
        return f"up to {up_to[0]:.6g}"
    if place == len(up_to):
        return f"above {up_to[-1]:.6g}"
    return f"{up_to[place - 1]:.6g} to {up_to[place]:.6g}"
