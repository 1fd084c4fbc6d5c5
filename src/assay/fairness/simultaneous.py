"""Intervals that hold for all pairs of groups at once.

The largest difference between groups is the largest of many differences, and large by chance where groups are many
or small. A bootstrap of it (as in Fairlearn) never covers 0. Here every pair gets an interval at a critical value
under which all of them hold together; the largest difference then lies between the largest of their lower limits and
the largest of their upper limits, and parity is not excluded where there is parity.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Rates = npt.NDArray[np.float64]

METHOD_DIFFERENCE = "Newcombe hybrid score, Tukey-Kramer"
METHOD_RATIO = "MOVER-R, Tukey-Kramer"
# More cases in a group than this are not asked for: the figure lies too near its threshold.
MOST_CASES = 1_000_000


@lru_cache(maxsize=4096)
def critical_value(groups: int, confidence: float) -> float:
    """Normal critical value at which the intervals of all pairs of `groups` hold together with `confidence`.

    Tukey and Kramer: q / sqrt(2), with q the quantile of the studentized range for infinite degrees of freedom.
    For two groups it is the usual 1.96 at 0.95; for unequal groups it is conservative (Hayter 1984,
    doi:10.1214/aos/1176346392).
    """
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(confidence, groups, np.inf)) / float(np.sqrt(2))


def wilson_limits(p: Rates, n: Rates, z: float) -> tuple[Rates, Rates]:
    """Wilson score limits as `assay.intervals.wilson`, for (G,) rates at a given critical value; NaN for n = 0."""
    n = np.where(n > 0, n, np.nan)
    centre = p + z * z / (2 * n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = np.where(p <= 0, 0.0, np.maximum(0.0, (centre - half) / scale))
    high = np.where(p >= 1, 1.0, np.minimum(1.0, (centre + half) / scale))
    return np.where(np.isnan(n), np.nan, low), np.where(np.isnan(n), np.nan, high)


def largest_difference(p: Rates, n: Rates, z: float) -> tuple[float, float]:
    """Interval of max(p) - min(p) over G >= 2 groups.

    Each pair's difference has Newcombe's hybrid score interval (method 10; 1998,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I).

    Parameters
    ----------
    p
        (G,) rates in [0, 1].
    n
        (G,) numbers of cases, above 0.
    z
        Simultaneous critical value, see `critical_value`.

    Returns
    -------
    tuple
        (low, high) with 0 <= low <= high <= 1.
    """
    lower, upper = wilson_limits(p, n, z)
    first, second = np.triu_indices(len(p), k=1)
    d = p[first] - p[second]
    low = d - np.hypot(p[first] - lower[first], upper[second] - p[second])
    high = d + np.hypot(upper[first] - p[first], p[second] - lower[second])
    nearest = np.maximum(0.0, np.maximum(low, -high))
    farthest = np.maximum(high, -low)
    return float(nearest.max()), float(min(1.0, farthest.max()))


def smallest_ratio(p: Rates, n: Rates, z: float) -> tuple[float, float]:
    """Interval of min(p) / max(p) over G >= 2 groups, in [0, 1].

    Each pair's ratio has the MOVER-R interval of Donner and Zou (2012, doi:10.1177/0962280210383082) with Wilson
    limits; unlike the textbook interval on the logarithm it exists for a rate of 0. Parameters as in
    `largest_difference`.
    """
    lower, upper = wilson_limits(p, n, z)
    # b and c are l (2p - l) and u (2p - u); the upper limit of p1 / p2 is the reciprocal of the lower one of p2 / p1.
    b, c = lower * (2 * p - lower), upper * (2 * p - upper)
    first, second = np.triu_indices(len(p), k=1)
    forward = _lower_ratio(p[first] * p[second], b[first], c[second])
    backward = _lower_ratio(p[first] * p[second], b[second], c[first])
    lowest = np.minimum(forward, backward)
    # p1 / p2 lies in [forward, 1 / backward]: parity is excluded where one of them exceeds 1.
    highest = np.where(forward > 1, 1 / np.maximum(forward, 1), np.where(backward > 1, 1 / np.maximum(backward, 1), 1))
    return float(min(1.0, lowest.min())), float(highest.min())


def _lower_ratio(product: Rates, b: Rates, c: Rates) -> Rates:
    # The conjugate of (product - sqrt(product^2 - b c)) / c, which also holds where c is 0 or negative.
    denominator = product + np.sqrt(np.maximum(0.0, product**2 - b * c))
    return np.divide(b, denominator, out=np.zeros_like(b), where=denominator > 0)


def cases_to_decide(is_decided: Callable[[int], bool]) -> int | None:
    """Smallest number of cases in each group for which `is_decided` holds, by bisection; None beyond `MOST_CASES`."""
    enough = 16
    while not is_decided(enough):
        enough *= 2
        if enough > MOST_CASES:
            return None
    short = enough // 2
    while enough - short > max(1, enough // 32):
        middle = (short + enough) // 2
        short, enough = (short, middle) if is_decided(middle) else (middle, enough)
    return enough
