"""How large the differences within strata are, whichever way they go: what a common difference cannot show.

Differences in opposite directions cancel in their mean. The root of their mean square does not: it is 0 only where all
are, and no smaller than their mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.disparity import MOST_LEFT_OUT

if TYPE_CHECKING:
    import numpy.typing as npt

    Values = npt.NDArray[np.float64]

# A rate of one case says nothing of its own variance.
_LEAST_CASES = 2
# The chi-square of no degree of freedom, where every rate is 0 or 1, has no distribution function: this one is near.
_FEWEST_FREEDOM, _LEAST_STATISTIC = 1e-3, 1e-6
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Spread:
    """Root mean square of the differences of two groups within the strata, in [0, 1].

    `value` is NaN, and the limits 0 and 1, where too few of the strata have `_LEAST_CASES` cases of both.
    """

    groups: tuple[int, int]
    value: float
    low: float
    high: float


def root_mean_square(
    groups: tuple[int, int],
    first: tuple[Values, Values],
    second: tuple[Values, Values],
    errors: tuple[float, float],
    growth: float = 1.0,
) -> Spread:
    """Root of the mean of the squared differences, each weighted by n1 n2 / (n1 + n2), and its limits.

    In each stratum the squared difference of the rates exceeds that of the true ones by the sum of their variances on
    average; p (1 - p) / (n - 1) estimates each without bias, however few the cases. The weighted sum of squares is
    taken for a multiple of a noncentral chi-square with the same mean and variance (Satterthwaite 1946,
    doi:10.2307/3002019), whose noncentrality has exact limits. In the variance a rate has one case more of either kind
    (Agresti and Caffo 2000, doi:10.1080/00031305.2000.10474560), since none is certain.

    Parameters
    ----------
    groups
        Codes of the two.
    first, second
        (S,) rates and cases of each by stratum.
    errors
        Of the lower and of the upper limit.
    growth
        The limits are those with so many times the cases.
    """
    from scipy.special import chndtrinc

    (p1, n1), (p2, n2) = first, second
    shared, told = (n1 > 0) & (n2 > 0), (n1 >= _LEAST_CASES) & (n2 >= _LEAST_CASES)
    weight = np.divide(n1 * n2, n1 + n2, out=np.zeros(len(n1)), where=shared)
    if weight[told].sum() <= (1 - MOST_LEFT_OUT) * weight.sum():
        return Spread(groups, math.nan, 0.0, 1.0)
    p1, n1, p2, n2, weight = p1[told], n1[told], p2[told], n2[told], weight[told]
    total, squares = float(weight.sum()), float((weight * (p1 - p2) ** 2).sum())
    by_chance = float((weight * (_variance(p1, n1) + _variance(p2, n2))).sum())
    smoothed = weight * (_variance(*_with_one_of_each(p1, n1)) + _variance(*_with_one_of_each(p2, n2)))
    scale = float((smoothed**2).sum() / smoothed.sum())
    excess = max(0.0, squares - by_chance)
    if growth > 1:
        # What chance adds does not grow with the rows.
        squares = growth * excess + by_chance
    freedom, statistic = max(_FEWEST_FREEDOM, by_chance / scale), max(_LEAST_STATISTIC, squares / scale)
    # A statistic that chance alone explains has the noncentrality 0, up to rounding.
    limits = (max(0.0, float(chndtrinc(statistic, freedom, 1 - e)) - _ROUNDING) for e in (errors[0], 1 - errors[1]))
    low, high = (math.sqrt(noncentrality * scale / (growth * total)) for noncentrality in limits)
    value = math.sqrt(excess / total)
    return Spread(groups, min(1.0, value), min(low, value, 1.0), min(1.0, max(high, value)))


def _variance(p: Values, n: Values) -> Values:
    return p * (1 - p) / (n - 1)


def _with_one_of_each(p: Values, n: Values) -> tuple[Values, Values]:
    return (p * n + 1) / (n + 2), n
