"""How well the scores rank the rows of each group: AUC by group, and how far the groups lie apart in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.auc import hanley_mcneil
from assay.fairness.disparity import MIN_CASES
from assay.fairness.simultaneous import wilson_limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.fairness.scores.levels import ScoreCells

    Values = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """AUC of the scores in each of G groups, of one class against the others or the mean over several classes.

    Attributes
    ----------
    areas
        (G,) in [0, 1], 0.5 is chance; NaN for a group with fewer than `MIN_CASES` rows in or out of a class.
    variances
        (G,) the larger of DeLong's and of Hanley and McNeil's variance.
    rarest
        (G,) int64 rows in or out of a class, whichever is least: what the figure rests on.
    cases
        (G,) the same as an effective number under the weights.
    """

    areas: Values
    variances: Values
    rarest: Codes
    cases: Values

    def limits(self, z: float, growth: Values | float = 1.0) -> tuple[Values, Values]:
        """(G,) limits at a critical value, if the groups had `growth` times their rows.

        Symmetric on the logit, and on neither side wider than Wilson's for as many trials as the rarest class has
        rows, the largest variance that an AUC can have (Birnbaum and Klose 1957, doi:10.1214/aoms/1177706883).
        """
        lowest, highest = wilson_limits(self.areas, self.cases * growth, z)
        # At 0 and 1 the logit says nothing.
        inner = np.where((self.areas > 0) & (self.areas < 1), self.areas, np.nan)
        half = z * np.sqrt(self.variances / growth) / (inner * (1 - inner))
        centre = np.log(inner / (1 - inner))
        low, high = (1 / (1 + np.exp(-np.clip(centre + side * half, -700, 700))) for side in (-1, 1))
        return np.fmax(low, lowest), np.fmin(high, highest)


def compute_ranking(cells: ScoreCells) -> Ranking:
    """AUC of the scores by group; equal scores count one half.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson 1988, doi:10.2307/2531595. Hanley and McNeil 1982,
    doi:10.1148/radiology.143.1.7063747.
    """
    area, influence = _areas(cells)
    return _ranking([(cells, area)], cells.sums(cells.squared * influence**2))


def mean_ranking(tables: Sequence[tuple[ScoreCells, Codes]], codes: Codes, weights: Values) -> Ranking:
    """Unweighted mean of the one-versus-rest AUCs of several classes, by group.

    Parameters
    ----------
    tables
        For each class its cells, and the (N,) cell that each row is in.
    codes, weights
        (N,) group and weight of each row.
    """
    total = np.zeros(len(codes))
    found = []
    for cells, cell in tables:
        area, influence = _areas(cells)
        total += influence[cell]
        found.append((cells, area))
    delong = np.bincount(codes, weights=(weights * total) ** 2, minlength=found[0][0].groups)
    return _ranking(found, delong.astype(np.float64))


def _ranking(found: Sequence[tuple[ScoreCells, Values]], delong: Values) -> Ranking:
    rarest, cases, models = [], [], []
    for cells, area in found:
        kinds = cells.hit, ~cells.hit
        effective = []
        for kind in kinds:
            weight, squared = cells.sums(cells.weight * kind), cells.sums(cells.squared * kind)
            effective.append(np.divide(weight**2, squared, out=np.zeros(cells.groups), where=squared > 0))
            rarest.append(cells.sums(cells.rows * kind))
        cases += effective
        with np.errstate(invalid="ignore", divide="ignore"):
            models.append(hanley_mcneil(area, effective[0], effective[1]))
    fewest = np.rint(np.min(rarest, axis=0)).astype(np.int64)
    known = fewest >= MIN_CASES
    # Of several classes the model knows no covariances, as in `assay.auc`; DeLong does.
    variance = np.maximum(delong / len(found) ** 2, np.sum(models, axis=0) / len(found) ** 2)
    return Ranking(
        areas=np.where(known, np.clip(np.mean([area for _, area in found], axis=0), 0, 1), np.nan),
        variances=np.where(known, variance, np.nan),
        rarest=fewest,
        cases=np.min(cases, axis=0),
    )


def _areas(cells: ScoreCells) -> tuple[Values, Values]:
    """(G,) areas, and the (C,) influence of a row of each cell on its group's, for each unit of its weight.

    The squares of the rows' influences add up to DeLong's variance.
    """
    hit, group = cells.hit, cells.group
    parts = []
    for kind in (~hit, hit):
        weight, squared = cells.sums(cells.weight * kind), cells.sums(cells.squared * kind)
        with np.errstate(invalid="ignore", divide="ignore"):
            effective = weight**2 / squared
            # The variance of a sample divides by n - 1.
            scale = np.sqrt(effective / np.maximum(1.0, effective - 1)) / weight
            parts.append((cells.middles(cells.weight * kind) / weight[group], scale))
    (misses_below, miss_scale), (hits_below, hit_scale) = parts
    won = np.where(hit, misses_below, 1 - hits_below)
    with np.errstate(invalid="ignore", divide="ignore"):
        area = cells.sums(cells.weight * hit * np.nan_to_num(won)) / cells.sums(cells.weight * hit)
    influence = (won - area[group]) * np.where(hit, hit_scale[group], miss_scale[group])
    return area, np.nan_to_num(influence)


def cross_areas(cells: ScoreCells) -> tuple[Values, Values]:
    """(G,) AUC of a group's positives among the others' negatives, and of its negatives among the others' positives.

    Borkan et al. 2019, arXiv:1903.04561: BNSP (background negative, subgroup positive) and BPSN. A low BNSP: the
    group's positives get lower scores than other people's negatives. A low BPSN: its negatives get higher scores than
    other people's positives. NaN where there are fewer than `MIN_CASES` rows of either kind.
    """
    # Of all rows below a score those of the same group are taken off: the others' are left.
    levels = np.unique(cells.score, return_inverse=True)[1]
    found = []
    for mine, theirs in ((cells.hit, ~cells.hit), (~cells.hit, cells.hit)):
        weight = cells.weight * theirs
        at = np.bincount(levels, weights=weight)
        below = (np.cumsum(at) - at / 2)[levels] - cells.middles(weight)
        own, rows = cells.sums(weight), cells.sums(cells.rows * theirs)
        known = (cells.sums(cells.rows * mine) >= MIN_CASES) & (rows.sum() - rows >= MIN_CASES)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = cells.sums(cells.weight * mine * below) / (own.sum() - own) / cells.sums(cells.weight * mine)
        found.append(np.where(known, share, np.nan))
    return found[0], 1 - found[1]
