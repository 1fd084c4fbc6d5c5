"""The rows that are most like a suspect: how many of them carry which label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from assay.label_noise.columns import Column

    Codes = npt.NDArray[np.int64]

NEIGHBOURS = 10
# Cells of the (rows, candidates) matrix of distances that is held at once: 8 MB, and as much for a column.
CHUNK_CELLS = 1 << 21


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The candidates nearest to one row, nearest first; the row itself is none.

    Attributes
    ----------
    rows
        (M,) int64: the `NEIGHBOURS` nearest, and all that are as near as the last of them. Fewer where there are
        fewer candidates.
    distance
        (M,) float32 in [0, 1].
    """

    rows: Codes
    distance: npt.NDArray[np.float32]


def find_neighbours(columns: Sequence[Column], rows: Codes, candidates: Codes) -> Iterator[Neighbours]:
    """Find the candidates nearest to each row, exactly.

    The distance is Gower's (1971, doi:10.2307/2528823), the weighted mean over the columns of: the difference of two
    numbers' ranks, 0 or 1 for equal or other categories, 1 between missing and known, 0 between missing and missing.
    A column's weight is the square root of its information about the label, so that columns which say nothing do not
    drown the others; where none says anything, all count alike.

    Parameters
    ----------
    columns
        F >= 1 columns of R rows.
    rows
        (S,) in 0..R-1.
    candidates
        (C,) in 0..R-1, ascending and unique, C >= 1.
    """
    weights = np.sqrt([column.information for column in columns])
    weights = weights / weights.sum() if weights.any() else np.full(len(columns), 1 / len(columns))
    weighty = [(column, np.float32(weight)) for column, weight in zip(columns, weights, strict=True) if weight > 0]
    step = max(1, CHUNK_CELLS // len(candidates))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        distance = np.zeros((len(some), len(candidates)), dtype=np.float32)
        for column, weight in weighty:
            distance += _distance(column, weight, some, candidates)
        place = np.searchsorted(candidates, some)
        for own, at, row in zip(distance, place, some, strict=True):
            yield _nearest(own, candidates, int(at) if at < len(candidates) and candidates[at] == row else None)


def _distance(column: Column, weight: np.float32, rows: Codes, candidates: Codes) -> npt.NDArray[np.float32]:
    one, other = column.places[rows][:, None], column.places[candidates]
    if not column.is_number:
        unequal: npt.NDArray[np.float32] = (one != other) * weight
        return unequal
    difference: npt.NDArray[np.float32] = np.abs(one * weight - other * weight)
    gap, gaps = np.isnan(one), np.isnan(other)
    if gap.any() or gaps.any():
        np.nan_to_num(difference, copy=False, nan=float(weight))
        difference[gap & gaps] = 0
    return difference


def _nearest(distance: npt.NDArray[np.float32], candidates: Codes, itself: int | None) -> Neighbours:
    if itself is not None:
        distance[itself] = np.inf
    others = len(candidates) - (itself is not None)
    if others <= 0:
        return Neighbours(candidates[:0], distance[:0])
    last = min(NEIGHBOURS, others) - 1
    # With all that are as near as the last one: which of equal rows come first in the file means nothing.
    at = np.flatnonzero(distance <= np.partition(distance, last)[last])
    at = at[np.argsort(distance[at], kind="stable")]
    return Neighbours(candidates[at], distance[at])
