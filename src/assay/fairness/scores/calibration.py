"""How far the scores of each group lie from what became of its rows: calibration error, slope and intercept.

The usual expected calibration error is a sum of absolute values and above 0 by chance alone: 1,000 perfectly
calibrated rows in ten bins show 0.03. What perfect calibration would show on the same scores is subtracted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.disparity import MIN_CASES
from assay.fairness.simultaneous import MOST_CASES
from assay.small_cells import SMALLEST_CELL

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.fairness.scores.levels import ScoreCells

    Values = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

# A group has as many bins as it has hundreds of rows, from one to ten: with fewer rows a bin says mostly chance.
MOST_BINS = 10
ROWS_A_BIN = 100
# A score of 0 or 1 has no logit; the slope and the intercept see this much less.
_NEAREST = 1e-6
_ROUNDS = 100
# Newton's step on the logit: from a flat start a longer one can run away.
_LONGEST_STEP = 1.0
_CONVERGED = 1e-9
# E|Z| of a standard normal Z.
_MEAN_ABSOLUTE = math.sqrt(2 / math.pi)


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """The B bins of the scores, of all groups one after the other; equal scores share a bin.

    Attributes
    ----------
    group
        (B,) code of the group.
    predicted, observed
        (B,) mean score, and share of rows that are what the score speaks of.
    rows, cases
        (B,) rows, and their effective number under the weights.
    share
        (B,) of the group's weight.
    """

    group: Codes
    predicted: Values
    observed: Values
    rows: Codes
    cases: Values
    share: Values


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """(G,) estimates and their standard errors; NaN where there is no estimate."""

    estimates: Values
    errors: Values


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Calibration of the scores in each of G groups.

    Attributes
    ----------
    rows
        (G,) int64.
    raw, chance
        (G,) expected calibration error sum_b share_b |observed_b - predicted_b| in [0, 1], and what it would be on
        average for perfectly calibrated scores. NaN for a group with fewer than `SMALLEST_CELL` rows.
    bias, spread
        (G,) the most by which `raw` can exceed the truth on average, and an upper bound of its standard error.
    slope, intercept
        Of logit P(y) = intercept + slope * logit(score); 1 and 0 is calibrated. A slope below 1: the scores are too
        extreme. NaN for a group with fewer than `MIN_CASES` rows of either kind, or whose scores separate the two.
    in_the_large
        The intercept where the slope is fixed at 1; above 0 the scores are too low on average.
    bins
        What the error rests on.
    """

    rows: Codes
    raw: Values
    chance: Values
    bias: Values
    spread: Values
    slope: Coefficients
    intercept: Coefficients
    in_the_large: Coefficients
    bins: Bins

    @property
    def error(self) -> Values:
        """(G,) calibration error less its value under perfect calibration, at least 0."""
        return np.maximum(0.0, self.raw - self.chance)

    def limits(self, z: float) -> tuple[Values, Values]:
        """(G,) limits of the calibration error at a critical value.

        E|d| is at least |E d|, and exceeds it by at most `bias`; between these two bounds lies the truth, so that the
        interval holds at least as often as it says, and is too wide rather than too narrow next to 0.
        """
        low = np.maximum(0.0, self.raw - self.bias - z * self.spread)
        return low, np.minimum(1.0, self.raw + z * self.spread)

    def rows_needed(self, group: int, z: tuple[float, float], threshold: float) -> int | None:
        """Rows of a group that would decide if its error stayed as it is; None where no realistic number would.

        `z` are the critical values of the lower and the upper limit.
        """
        gap, spread = threshold - float(self.error[group]), float(self.spread[group])
        if gap == 0 or not math.isfinite(gap):
            return None
        width = z[1] * spread + float(self.bias[group]) if gap > 0 else z[0] * spread
        needed = math.ceil(int(self.rows[group]) * (width / gap) ** 2)
        return needed if needed <= MOST_CASES else None


def compute_calibration(cells: ScoreCells) -> Calibration:
    """Hold the scores of each group against what became of its rows.

    References
    ----------
    Debiasing by the value under perfect calibration: Kumar, Liang and Ma 2019, arXiv:1909.10155; Roelofs et al. 2022,
    arXiv:2012.08668 (equal-count bins). Slope and intercept: Cox 1958, doi:10.1093/biomet/45.3-4.562; Van Calster et
    al. 2019, doi:10.1186/s12916-019-1466-7.
    """
    rows = np.rint(cells.sums(cells.rows)).astype(np.int64)
    bins, null, variance = _bins(cells, rows)

    def over_bins(figure: Values) -> Values:
        total = np.bincount(bins.group, weights=figure, minlength=cells.groups)
        return np.where(rows >= SMALLEST_CELL, total, np.nan)

    slope, intercept, in_the_large = _recalibrate(cells, rows)
    return Calibration(
        rows=rows,
        raw=over_bins(bins.share * np.abs(bins.observed - bins.predicted)),
        chance=over_bins(bins.share * np.sqrt(null)) * _MEAN_ABSOLUTE,
        bias=over_bins(bins.share * np.sqrt(variance)) * _MEAN_ABSOLUTE,
        spread=np.sqrt(over_bins(bins.share**2 * variance)),
        slope=slope,
        intercept=intercept,
        in_the_large=in_the_large,
        bins=bins,
    )


def _bins(cells: ScoreCells, rows: Codes) -> tuple[Bins, Values, Values]:
    """Bins; variance of observed less predicted in each, were the scores calibrated and as it is."""
    many = np.clip(rows // ROWS_A_BIN, 1, MOST_BINS)[cells.group]
    # Equal scores stand at the middle of their run, and thus in one bin.
    place = (cells.middles(cells.rows) * many / rows[cells.group]).astype(np.int64)
    occurring, index = np.unique(cells.group * MOST_BINS + np.minimum(place, many - 1), return_inverse=True)

    def sums(figure: Values) -> Values:
        return np.bincount(index, weights=figure, minlength=len(occurring)).astype(np.float64)

    total = sums(cells.weight)
    cases = total**2 / sums(cells.squared)
    group = occurring // MOST_BINS
    observed = sums(cells.weight * cells.hit) / total
    null = sums(cells.squared * cells.score * (1 - cells.score)) / total**2
    # Two hits and two misses more (Agresti and Coull): a bin without a hit has a variance too.
    drawn = (observed * cases + 2) / (cases + 4)
    bins = Bins(
        group=group,
        predicted=sums(cells.weight * cells.score) / total,
        observed=observed,
        rows=np.rint(sums(cells.rows)).astype(np.int64),
        cases=cases,
        share=total / np.bincount(group, weights=total, minlength=cells.groups)[group],
    )
    return bins, null, np.maximum(null, drawn * (1 - drawn) / cases)


def _recalibrate(cells: ScoreCells, rows: Codes) -> tuple[Coefficients, Coefficients, Coefficients]:
    """Slope, intercept, and the intercept where the slope is fixed at 1, of each group."""
    hits = cells.sums(cells.rows * cells.hit)
    enough = np.minimum(hits, rows - hits) >= MIN_CASES
    inner = np.clip(cells.score, _NEAREST, 1 - _NEAREST)
    logit = np.log(inner / (1 - inner))
    ones = np.ones(len(logit))
    large, large_covariance = _fit([ones], logit, cells, enough)
    with np.errstate(invalid="ignore", divide="ignore"):
        # On the standardised logit Newton's steps are of one size; the coefficients are carried back.
        total = cells.sums(cells.weight)
        mean = cells.sums(cells.weight * logit) / total
        scale = np.sqrt(cells.sums(cells.weight * (logit - mean[cells.group]) ** 2) / total)
        x = (logit - mean[cells.group]) / scale[cells.group]
        beta, covariance = _fit([ones, x], np.zeros(len(x)), cells, enough & _overlap(cells))
        shift = mean / scale
        variance = covariance[:, 0, 0] - 2 * shift * covariance[:, 0, 1] + shift**2 * covariance[:, 1, 1]
        slope = Coefficients(beta[:, 1] / scale, np.sqrt(covariance[:, 1, 1]) / scale)
        intercept = Coefficients(beta[:, 0] - beta[:, 1] * shift, np.sqrt(np.maximum(0.0, variance)))
    return slope, intercept, Coefficients(large[:, 0], np.sqrt(large_covariance[:, 0, 0]))


def _overlap(cells: ScoreCells) -> Mask:
    """(G,) bool: neither kind of row has all its scores at or above the other's; else there is no finite slope."""

    def reach(kind: Mask) -> tuple[Values, Values]:
        lowest, highest = np.full(cells.groups, np.inf), np.full(cells.groups, -np.inf)
        np.minimum.at(lowest, cells.group[kind], cells.score[kind])
        np.maximum.at(highest, cells.group[kind], cells.score[kind])
        return lowest, highest

    (low_hit, high_hit), (low_miss, high_miss) = reach(cells.hit), reach(~cells.hit)
    overlap: Mask = (high_miss > low_hit) & (high_hit > low_miss)
    return overlap


def _fit(columns: list[Values], offset: Values, cells: ScoreCells, tried: Mask) -> tuple[Values, Values]:
    """Logistic regression in every group at once, by Newton: (G, K) coefficients and (G, K, K) covariances.

    The covariance is the sandwich, which holds under weights and where the curve is not logistic, or the model's own
    where that is larger: of few rows the sandwich is too small. NaN for groups not `tried`, or without convergence.
    """
    kept, groups, k = tried[cells.group], np.flatnonzero(tried), len(columns)
    values, covariances = np.full((len(tried), k), np.nan), np.full((len(tried), k, k), np.nan)
    if not len(groups):
        return values, covariances
    group = (np.cumsum(tried) - 1)[cells.group[kept]]
    hit, weight, squared, offset = cells.hit[kept], cells.weight[kept], cells.squared[kept], offset[kept]
    x = np.stack([column[kept] for column in columns])

    def products(figure: Values) -> Values:
        pairs: list[Values] = [
            np.bincount(group, weights=figure * x[i] * x[j], minlength=len(groups)).astype(np.float64)
            for i in range(k)
            for j in range(k)
        ]
        return np.stack(pairs, axis=1).reshape(len(groups), k, k)

    beta = np.zeros((len(groups), k))
    for _ in range(_ROUNDS):
        p = 1 / (1 + np.exp(-(offset + (beta[group].T * x).sum(axis=0))))
        gradient = np.stack(
            [np.bincount(group, weights=weight * (hit - p) * c, minlength=len(groups)) for c in x], axis=1
        )
        # A ridge far below any information that counts: a curve that is flat to the last digit has no step.
        bread = np.linalg.inv(products(weight * p * (1 - p)) + 1e-12 * np.eye(k))
        step = np.clip((bread @ gradient[:, :, None])[:, :, 0], -_LONGEST_STEP, _LONGEST_STEP)
        converged = np.abs(step).max(axis=1) < _CONVERGED
        if converged.all():
            break
        beta += step
    sandwich, model = (bread @ products(squared * meat) @ bread for meat in ((hit - p) ** 2, p * (1 - p)))
    larger = np.trace(sandwich, axis1=1, axis2=2) >= np.trace(model, axis1=1, axis2=2)
    values[groups[converged]] = beta[converged]
    covariances[groups[converged]] = np.where(larger[:, None, None], sandwich, model)[converged]
    return values, covariances
