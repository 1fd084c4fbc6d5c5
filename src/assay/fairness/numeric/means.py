"""How far the groups lie apart in the mean of a number.

A mean of few rows is taken for normal where it is not: of a label that is 0 in nearly all rows, a group without the
others has no variance at all, and one with two of them far too small a one. Such groups are not compared, or not
trusted with a variance of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.disparity import MIN_CASES, MOST_LEFT_OUT, share_held
from assay.fairness.simultaneous import critical_value
from assay.findings import Status

if TYPE_CHECKING:
    import numpy.typing as npt

    Values = npt.NDArray[np.float64]

MEAN_LABEL = "mean label"
MEAN_ERROR = "mean error"
ABSOLUTE_ERROR = "mean absolute error"
MEAN_PREDICTION = "mean prediction"
METRICS = (MEAN_LABEL, MEAN_ERROR, ABSOLUTE_ERROR, MEAN_PREDICTION)
# The variance of a group with fewer rows off the commonest value is not trusted below that of all other rows: with
# 30 of them, the standard error of its standard deviation is still about an eighth.
TRUSTED = 30
# What lies within a tenth of a standard deviation of the commonest value is as good as it.
_STEP = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """Means of a figure in the G groups of a feature, in standard deviations of the label.

    Attributes
    ----------
    metric
        `MEAN_LABEL`, `MEAN_ERROR` (prediction less label: above 0 is predicted too high), `ABSOLUTE_ERROR` or
        `MEAN_PREDICTION`.
    means, errors
        (G,) mean and its standard error; NaN for a group with fewer than two judged rows.
    freedom
        (G,) degrees of freedom of the standard error; NaN as above.
    rows
        (G,) int64 judged rows.
    compared
        Groups with enough rows, and enough of them off the commonest value.
    difference, low, high
        The largest difference of two compared groups, and its simultaneous interval; NaN where fewer than two are.
    highest, lowest
        The two groups; None where fewer than two are compared.
    left_out
        Share of the rows, by weight where there are weights, in groups that are not compared.
    tolerance
        Of the difference.
    """

    metric: str
    means: Values
    errors: Values
    freedom: Values
    rows: npt.NDArray[np.int64]
    compared: tuple[int, ...]
    difference: float
    low: float
    high: float
    highest: int | None
    lowest: int | None
    left_out: float
    tolerance: float

    @property
    def status(self) -> Status:
        """As the interval lies to the tolerance; not passed where too many rows are left out."""
        if np.isnan(self.difference):
            return Status.INCONCLUSIVE
        if self.low > self.tolerance:
            return Status.FAILED
        return Status.PASSED if self.high <= self.tolerance and self.left_out <= MOST_LEFT_OUT else Status.INCONCLUSIVE

    def limits(self, confidence: float) -> tuple[Values, Values]:
        """(G,) lower and upper limits of each mean by itself, from Student's t; NaN with the standard error."""
        from scipy.special import stdtrit

        half = stdtrit(self.freedom, 0.5 + confidence / 2) * self.errors
        return self.means - half, self.means + half


def off_commonest(values: Values) -> npt.NDArray[np.bool_]:
    """(J,) which values lie off the commonest one by more than a tenth of their standard deviation.

    Of a label that is 0 in nine rows of ten these are the others; of one without such a value, nearly all.
    """
    spread = float(np.std(values)) if len(values) else 0.0
    if not spread > 0:
        return np.zeros(len(values), dtype=bool)
    steps = np.rint(values / (_STEP * spread))
    found, counts = np.unique(steps, return_counts=True)
    off: npt.NDArray[np.bool_] = np.abs(steps - found[counts.argmax()]) > 1
    return off


def compare_means(
    metric: str,
    figure: Values,
    codes: npt.NDArray[np.int64],
    weights: Values,
    off: npt.NDArray[np.bool_],
    *,
    size: int,
    confidence: float,
    min_group_size: int,
    tolerance: float,
) -> Means:
    """Means of a figure by group, and the largest difference of two with limits for all pairs together.

    Each pair's limits are Welch's, with Student's t at Satterthwaite's degrees of freedom (1946, doi:10.2307/3002019)
    and the error that Tukey and Kramer's normal critical value leaves: two groups exactly, more a little wider than
    Games and Howell (1976, doi:10.3102/10769986001002113). It allows for all groups of enough rows, compared or not,
    since chance decides which of them have enough rows off the commonest value.

    Parameters
    ----------
    figure, codes, weights
        (J,) of the judged rows; `codes` in [0, size).
    off
        (J,) rows off the commonest value, see `off_commonest`. A group is compared where it has `MIN_CASES` of them,
        or would have by everybody's share; with fewer than `TRUSTED`, its variance is at least that of all others.
    size
        Number G of groups.
    confidence, min_group_size, tolerance
        Of the interval, rows of a compared group, and the largest difference that is tolerated.
    """
    rows = np.bincount(codes, minlength=size).astype(np.int64)
    total = np.bincount(codes, weights=weights, minlength=size).astype(np.float64)
    apart = np.bincount(codes[off], minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.bincount(codes, weights=weights * figure, minlength=size) / total
        errors, freedom = _errors(figure - means[codes], codes, weights, apart < TRUSTED)
    means, errors, freedom = (np.where(rows > 1, x, np.nan) for x in (means, errors, freedom))
    large = rows >= max(2, min_group_size)
    expected = rows * (off.mean() if len(off) else 0.0)
    compared = tuple(np.flatnonzero(large & (np.maximum(apart, expected) >= MIN_CASES)).tolist())
    others = [group for group in range(size) if group not in compared]
    low, high, highest, lowest = np.nan, np.nan, None, None
    if len(compared) > 1:
        kept = np.array(compared)
        z = critical_value(int(large.sum()), confidence)
        low, high = _limits(means[kept], errors[kept], freedom[kept], z)
        highest, lowest = int(kept[means[kept].argmax()]), int(kept[means[kept].argmin()])
    return Means(
        metric=metric,
        means=means,
        errors=errors,
        freedom=freedom,
        rows=rows,
        compared=compared,
        difference=np.nan if highest is None or lowest is None else float(means[highest] - means[lowest]),
        low=low,
        high=high,
        highest=highest,
        lowest=lowest,
        left_out=share_held(others, rows, total),
        tolerance=tolerance,
    )


def _errors(
    residual: Values,
    codes: npt.NDArray[np.int64],
    weights: Values,
    few: npt.NDArray[np.bool_],
) -> tuple[Values, Values]:
    """(G,) standard errors of the means, and their degrees of freedom; `few` are the groups that get a floor."""
    size = len(few)
    rows = np.bincount(codes, minlength=size)
    total = np.bincount(codes, weights=weights, minlength=size)
    squares = np.bincount(codes, weights=(weights * residual) ** 2, minlength=size)
    heavy = np.bincount(codes, weights=weights**2, minlength=size)
    errors = np.sqrt(squares * rows / np.maximum(rows - 1, 1)) / total
    # Variance of the rows of all other groups, each about its own mean.
    around = np.bincount(codes, weights=weights * residual**2, minlength=size)
    others = (np.nansum(around) - around) / (total.sum() - total)
    floor = np.sqrt(np.nan_to_num(others) * heavy) / total
    return np.where(few, np.maximum(errors, floor), errors), np.maximum(1.0, total**2 / heavy - 1)


def _limits(means: Values, errors: Values, freedom: Values, z: float) -> tuple[float, float]:
    """Largest lower and largest upper limit of the pairs' differences."""
    from scipy.special import ndtr, stdtrit

    first, second = np.triu_indices(len(means), k=1)
    difference = np.abs(means[first] - means[second])
    one, two = errors[first] ** 2, errors[second] ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = (one + two) ** 2 / (one**2 / freedom[first] + two**2 / freedom[second])
    # Where nothing varies any quantile will do.
    half = stdtrit(np.nan_to_num(pooled, nan=1.0), ndtr(z)) * np.sqrt(one + two)
    return float(np.maximum(0.0, difference - half).max()), float((difference + half).max())
