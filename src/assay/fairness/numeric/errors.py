"""Of a numeric label: how the errors of a group come apart, and how far the predictions of two groups lie apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.disparity import MOST_LEFT_OUT
from assay.findings import Interval, Status
from assay.intervals import judge_upper, normal_quantile

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.fairness.counts import Feature

    Values = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]

ERROR_SPREAD = "standard deviation of the error"
ROOT_MEAN_SQUARE = "root mean squared error"
R2 = "R2"
DISTANCE = "Kolmogorov-Smirnov distance of predictions"
# A distribution is held at so many quantiles of each group, and at all values of a smaller one: what happens between
# two of them concerns at most 1 in 200 of a group.
_POINTS = 200


@dataclass(frozen=True, slots=True)
class Distance:
    """The largest Kolmogorov-Smirnov distance of two compared groups' predictions; NaN where there are fewer.

    `value`, `low` and `high` lie in [0, 1]: the largest difference, over all thresholds, of the shares of two groups
    that are predicted at or below it. 0 is demographic parity at every threshold. `left_out` is the share of the rows
    in groups that are not compared.
    """

    value: float
    low: float
    high: float
    pair: tuple[int, int] | None
    tolerance: float
    left_out: float = 0.0

    @property
    def status(self) -> Status:
        """As the interval lies to the tolerance, but never failed; not passed where too many rows are left out.

        It decides nothing. Where predictions crowd about one value, a threshold there parts groups that differ by a
        hair: a distance above the tolerance of a difference in means is no disparity yet.
        """
        status = judge_upper(Interval(self.low, self.high), self.tolerance)
        return status if status is Status.PASSED and self.left_out <= MOST_LEFT_OUT else Status.INCONCLUSIVE


def error_figures(
    feature: Feature, codes: Codes, label: Values, error: Values, weights: Values, *, confidence: float
) -> list[dict[str, object]]:
    """Rows of `FairnessResult.by_group` on the spread of the errors: mean squared error = mean error^2 + spread^2.

    Parameters
    ----------
    feature
        With G groups.
    codes, label, error, weights
        (J,) group, label, prediction less label, and weight of each judged row.
    confidence
        Of each interval by itself: by the delta method, symmetric on the logarithm (of 1 - R2).

    Returns
    -------
    list
        NaN for a group with fewer than two rows, and the R2 of one whose labels are all equal.
    """
    size, z = len(feature.groups), normal_quantile(confidence)
    rows = np.bincount(codes, minlength=size)
    total = np.bincount(codes, weights=weights, minlength=size)

    def means(figure: Values) -> Values:
        return np.bincount(codes, weights=weights * figure, minlength=size) / total

    def relative_error(influence: Values) -> Values:
        """Standard error of the logarithm of a figure, from each row's influence on it."""
        squares = np.bincount(codes, weights=(weights * influence) ** 2, minlength=size)
        return np.sqrt(squares * rows / np.maximum(rows - 1, 1)) / total

    with np.errstate(invalid="ignore", divide="ignore"):
        square, apart = error**2, (label - means(label)[codes]) ** 2
        around = (error - means(error)[codes]) ** 2
        mean_square, spread, label_spread = means(square), means(around), means(apart)
        ratio = mean_square / label_spread
        figures = {
            ERROR_SPREAD: (np.sqrt(spread), relative_error(around / spread[codes] - 1) / 2),
            ROOT_MEAN_SQUARE: (np.sqrt(mean_square), relative_error(square / mean_square[codes] - 1) / 2),
            R2: (ratio, relative_error(square / mean_square[codes] - apart / label_spread[codes])),
        }
        found = {}
        for metric, (value, relative) in figures.items():
            ends = value, value * np.exp(-z * relative), value * np.exp(z * relative)
            # The larger the ratio, the smaller R2 = 1 - ratio.
            found[metric] = ends if metric != R2 else tuple(1 - end for end in (ends[0], ends[2], ends[1]))
    return [
        {
            "feature": feature.name,
            "group": group,
            "metric": metric,
            **{
                name: float(end[g]) if rows[g] > 1 and math.isfinite(end[g]) else math.nan
                for name, end in zip(("value", "low", "high"), ends, strict=True)
            },
            "n": int(rows[g]),
        }
        for metric, ends in found.items()
        for g, group in enumerate(feature.groups)
    ]


def largest_distance(
    codes: Codes,
    predictions: Values,
    weights: Values,
    compared: tuple[int, ...],
    *,
    error: float,
    tolerance: float,
    left_out: float = 0.0,
) -> Distance:
    """Largest Kolmogorov-Smirnov distance of two of the compared groups.

    Parameters
    ----------
    codes, predictions, weights
        (J,) of the judged rows.
    compared
        Codes of the groups.
    error
        Half of it is for the upper limit, which needs no correction for the pairs, half for the lower one, which is
        Bonferroni's over them. Each pair's are those of Dvoretzky, Kiefer, Wolfowitz and Massart
        (doi:10.1214/aop/1176990746) at the effective rows n1 n2 / (n1 + n2).
    tolerance
        Largest distance that is tolerated.
    left_out
        Share of the rows in groups that are not compared.
    """
    if len(compared) < 2:
        return Distance(math.nan, math.nan, math.nan, None, tolerance, left_out)
    held = {g: codes == g for g in compared}
    ordered = {g: np.sort(predictions[held[g]]) for g in compared}
    grid = np.unique(
        np.concatenate(
            [x if len(x) <= _POINTS else np.quantile(x, np.linspace(0, 1, _POINTS)) for x in ordered.values()]
        )
    )
    curves = {g: _distribution(predictions[held[g]], weights[held[g]], grid) for g in compared}
    effective = {g: float(weights[held[g]].sum() ** 2 / (weights[held[g]] ** 2).sum()) for g in compared}
    pairs = list(combinations(compared, 2))
    value = low = high = 0.0
    widest = pairs[0]
    for i, j in pairs:
        distance = float(np.abs(curves[i] - curves[j]).max())
        rows = effective[i] * effective[j] / (effective[i] + effective[j])
        at_most, at_least = (math.sqrt(math.log(2 / e) / (2 * rows)) for e in (error / 2, error / (2 * len(pairs))))
        low, high = max(low, distance - at_least), max(high, distance + at_most)
        if distance > value:
            value, widest = distance, (i, j)
    return Distance(value, low, min(1.0, high), widest, tolerance, left_out)


def _distribution(predictions: Values, weights: Values, grid: Values) -> Values:
    """Share of the weight at or below each point of the grid."""
    order = np.argsort(predictions, kind="stable")
    running = np.r_[0.0, np.cumsum(weights[order])]
    share: Values = running[np.searchsorted(predictions[order], grid, side="right")] / running[-1]
    return share
