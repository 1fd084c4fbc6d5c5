"""Scores as a table of counts: (group x score x what became of the row), from which curves by group are computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.counts import count_cells

if TYPE_CHECKING:
    import numpy.typing as npt

    Values = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

# Up to this many rows scores are compared as they are. Beyond, those whose odds lie within 1.6% of each other (a step
# of 1/64 on the logit) count as equal: 1,800 levels, where 10 million scores would take seconds to sort.
EXACT_ROWS = 200_000
_STEPS = 64
# The logit of a score of 1e-6 less than 0 or 1 is 13.8.
_FARTHEST = 14


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Scores on levels that ascend.

    Attributes
    ----------
    values
        (L,) the score, or the mean of the scores, of each level.
    codes
        (N,) int64 in 0..L-1.
    """

    values: Values
    codes: Codes


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCells:
    """Counts of scores, C cells sorted by group and score; none is empty.

    Attributes
    ----------
    groups
        Number G of groups.
    group, score, hit
        (C,) code in 0..G-1, score in [0, 1], and whether the rows are what the score speaks of.
    rows, weight, squared
        (C,) rows, the sum of their weights and that of the squared weights.
    first, end
        (U,) where each run of equal scores of a group begins and ends.
    key
        (C,) int64 ascending: (group, level, hit) as one number.
    """

    groups: int
    group: Codes
    score: Values
    hit: Mask
    rows: Values
    weight: Values
    squared: Values
    first: Codes
    end: Codes
    key: Codes

    def sums(self, figure: Values) -> Values:
        """(G,) sums of a figure (C,) over the cells of each group."""
        return np.bincount(self.group, weights=figure, minlength=self.groups).astype(np.float64)

    def middles(self, figure: Values) -> Values:
        """(C,) sum of a figure over the group's cells with a lower score, those with an equal one counting half."""
        running = np.r_[0.0, np.cumsum(figure)]
        total = self.sums(figure)
        before = (np.cumsum(total) - total)[self.group[self.first]]
        return np.repeat((running[self.first] + running[self.end]) / 2 - before, self.end - self.first)


def read_levels(scores: Values) -> Levels:
    """Put (N,) scores in [0, 1] on levels."""
    if len(scores) <= EXACT_ROWS:
        values, codes = np.unique(scores, return_inverse=True)
        return Levels(values, codes.astype(np.int64))
    inner = np.clip(scores, 1e-6, 1 - 1e-6)
    codes = ((np.log(inner / (1 - inner)) + _FARTHEST) * _STEPS).astype(np.int64)
    rows = np.bincount(codes)
    means = np.bincount(codes, weights=scores) / np.maximum(rows, 1)
    occurring = np.flatnonzero(rows)
    return Levels(means[occurring], (np.cumsum(rows > 0) - 1)[codes])


def count_levels(levels: Levels, hits: Mask, codes: Codes, groups: int, weights: Values | None) -> ScoreCells:
    """Count (N,) rows by group, level and hit; `weights` are above 0."""
    dimensions = ((codes, groups), (levels.codes, len(levels.values)), (hits.astype(np.int64), 2))
    cells = count_cells(dimensions, weights)
    group, level, hit = cells.keys
    changes = (np.diff(group) != 0) | (np.diff(level) != 0)
    first = np.flatnonzero(np.r_[True, changes][: len(group)])
    return ScoreCells(
        groups=groups,
        group=group,
        score=levels.values[level],
        hit=hit.astype(bool),
        rows=cells.rows.astype(np.float64),
        weight=cells.weight,
        squared=cells.weight_squared,
        first=first,
        end=np.r_[first[1:], len(group)],
        key=_key(group, level, hit, levels),
    )


def cell_of_rows(cells: ScoreCells, levels: Levels, hits: Mask, codes: Codes) -> Codes:
    """(N,) which of the cells each row was counted in."""
    return np.searchsorted(cells.key, _key(codes, levels.codes, hits.astype(np.int64), levels)).astype(np.int64)


def _key(group: Codes, level: Codes, hit: Codes, levels: Levels) -> Codes:
    return (group * len(levels.values) + level) * 2 + hit
