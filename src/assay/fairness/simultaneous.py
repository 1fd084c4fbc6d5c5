"""Intervals of the largest difference, and of the smallest ratio, of the groups' rates.

The largest difference of groups is the largest of many differences, and large by chance where groups are many or
small; a bootstrap of it (as in Fairlearn) never covers 0. Each of its two limits is a test turned round:

- The upper limit asks which differences can be ruled out. "Some pair lies t or more apart" is ruled out where it is
  for each pair by itself, so that no correction for the number of pairs is due (intersection-union test, Berger 1982,
  doi:10.1080/00401706.1982.10487790): the largest of all pairs' upper limits, each at its own level.
- The lower limit asks whether some pair lies more than t apart, and one of many will by chance. It is the largest of
  all pairs' lower limits at a critical value under which all of them hold together: that of Tukey and Kramer, or a
  smaller one where some pairs clearly lie nearer together than t and cannot be the ones that exceed it (the two-step
  test of moment inequalities of Romano, Shaikh and Wolf 2014, doi:10.3982/ECTA8979).

Both rest on limits of each group by itself, which must hold far out and where hits are few: `cautious_limits`.

Under parity the largest difference lies at its bound 0, which an upper limit cannot miss. The lower limit of a figure
that stands by itself then has the whole error to itself, so that the interval excludes parity as often as it may.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Rates = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

METHOD_DIFFERENCE = "Newcombe hybrid score, joint over all pairs"
METHOD_RATIO = "MOVER-R, joint over all pairs"
# Of fewer hits (misses) the lower (upper) limit of a rate is exact. By simulation: with Tukey's critical value the
# joint statement then holds for a large group and 7 to 30 small ones, rates of 0.5% to 20% (benchmarks/fairness).
FEW_HITS = 10.0
# More cases in a group than this are not asked for: the figure lies too near its threshold.
MOST_CASES = 1_000_000
# Of more groups than this every pair counts: what dropping some of a thousand pairs gains is not worth its time.
MOST_GROUPS = 32
# Share of the error that the first step may spend on telling which pairs cannot be the largest (Romano et al., 5.2).
_FIRST_STEP = 0.1
# Each round raises the limit towards its fixed point from below; every one of them is valid.
_ROUNDS = 3
_HALVINGS = 30
# Pairs held at once: 8 MB an array.
_PAIRS_AT_ONCE = 1 << 20


class Limits(Protocol):
    """Limits of (G,) figures, each by itself, at a normal critical value."""

    def __call__(self, z: float) -> tuple[Rates, Rates]:
        """Return the (G,) lower and the (G,) upper limits."""


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


def cautious_limits(p: Rates, n: Rates, z: float, few: float = FEW_HITS) -> tuple[Rates, Rates]:
    """Limits of (G,) rates among n cases that a comparison of groups rests on; NaN for n = 0.

    Wilson's, and where a rate rests on few hits, its exact lower limit (Clopper and Pearson 1934,
    doi:10.1093/biomet/26.4.404) if that is lower; so its upper limit where it rests on few misses. There the score
    limit misses the truth several times as often as it says, the more so the larger `z`: one hit among 50 is no
    evidence of a rate beyond 0.5%. Effective cases need not be whole numbers.

    Parameters
    ----------
    few
        Hits, or misses, below which the exact limit counts; infinite: always.
    """
    from scipy.special import betaincinv, ndtr

    low, high = wilson_limits(p, n, z)
    hits, misses, error = p * n, (1 - p) * n, ndtr(-z)
    rare = (hits > 0) & (hits < few)
    low[rare] = np.minimum(low[rare], betaincinv(hits[rare], misses[rare] + 1, error))
    rare = (misses > 0) & (misses < few)
    high[rare] = np.maximum(high[rare], 1 - betaincinv(misses[rare], hits[rare] + 1, error))
    return low, high


def largest_difference(p: Rates, limits: Limits, confidence: float, parts: int = 1) -> tuple[float, float]:
    """Interval of max(p) - min(p) over G >= 2 groups.

    Each pair's difference has the interval that its groups' own limits give: with Wilson limits Newcombe's hybrid
    score interval (method 10; 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I). Rates take
    `cautious_limits`.

    Parameters
    ----------
    p
        (G,) figures in [0, 1] that rest on different rows, such as rates.
    limits
        Their limits.
    confidence
        In (0, 1). Half of the error is for the upper limit and half for the lower one; for one part, the lower limit
        has all of it as far as no upper limit could have missed.
    parts
        Number of figures that are judged together by the largest of them. All of their lower limits hold together;
        the upper limits do so as far as the largest figure is concerned, since it passes where each of them does.

    Returns
    -------
    tuple
        (low, high) with 0 <= low <= high <= 1.
    """
    error = 1 - confidence
    high = wider = 0.0
    lower, upper = limits(one_sided(error / 2))
    for part in _chunks(len(p)):
        difference = p[part, None] - p
        half = np.hypot(upper[part, None] - p[part, None], p - lower)
        np.putmask(half, _same(part, len(p)), 0.0)
        high, wider = max(high, float((difference + half).max())), max(wider, float(half.max()))
    low = _lower_limit(p, limits, error / (2 * parts))
    if parts == 1:
        # Below `wider` no upper limit can have missed.
        low = max(low, min(wider, _lower_limit(p, limits, error)))
    return low, min(1.0, high)


def _lower_limit(p: Rates, limits: Limits, error: float) -> float:
    """Lower limit, in [0, 1], of the largest difference."""
    k = critical_value(len(p), 1 - error)
    low = _largest_lower(p, limits, k)
    if len(p) > MOST_GROUPS:
        return low
    first = critical_value(len(p), 1 - _FIRST_STEP * error)
    lower, upper = limits(first)
    half = np.hypot(upper[:, None] - p[:, None], p - lower)
    for _ in range(_ROUNDS):
        excess = p[:, None] - p - low + half
        low = max(low, _largest_lower(p, limits, min(k, _adaptive(excess, half / first, error))))
    return low


def _largest_lower(p: Rates, limits: Limits, z: float) -> float:
    lower, upper = limits(z)
    low = 0.0
    for part in _chunks(len(p)):
        half = np.hypot(p[part, None] - lower[part, None], upper - p)
        low = max(low, float((p[part, None] - p - half).max()))
    return low


def smallest_ratio(p: Rates, limits: Limits, confidence: float, parts: int = 1) -> tuple[float, float]:
    """Interval of min(p) / max(p) over G >= 2 groups, in [0, 1].

    Each pair's ratio has the MOVER-R interval of Donner and Zou (2012, doi:10.1177/0962280210383082); unlike the
    textbook interval on the logarithm it exists for a rate of 0. Parameters as in `largest_difference`, with the
    limits changing places: the lower one is where the smallest ratio passes.
    """
    error = 1 - confidence
    low = min(1.0, _smallest_lower_ratio(p, limits, one_sided(error / 2)))
    return low, max(low, _upper_limit_of_ratio(p, limits, error / (2 * parts)))


def _upper_limit_of_ratio(p: Rates, limits: Limits, error: float) -> float:
    k = critical_value(len(p), 1 - error)
    high = _smallest_upper_ratio(p, limits, k)
    if len(p) > MOST_GROUPS:
        return high
    first = critical_value(len(p), 1 - _FIRST_STEP * error)
    lower, upper = limits(first)
    for _ in range(_ROUNDS):
        # Which p_i can lie below `high` times p_j: the contrast high * p_j - p_i and its upper limit.
        half = np.hypot(p[:, None] - lower[:, None], high * (upper - p))
        excess = high * p - p[:, None] + half
        high = min(high, _smallest_upper_ratio(p, limits, min(k, _adaptive(excess, half / first, error))))
    return high


def _smallest_lower_ratio(p: Rates, limits: Limits, z: float) -> float:
    """Smallest of the lower limits of p_i / p_j over all ordered pairs."""
    lower, upper = limits(z)
    # b and c are l (2p - l) and u (2p - u).
    b, c = lower * (2 * p - lower), upper * (2 * p - upper)
    low = np.inf
    for part in _chunks(len(p)):
        ratio = _lower_ratio(p[part, None] * p, b[part, None], c)
        low = min(low, float(np.where(_same(part, len(p)), np.inf, ratio).min()))
    return low


def _smallest_upper_ratio(p: Rates, limits: Limits, z: float) -> float:
    """Smallest of the upper limits of p_i / p_j: the reciprocal of the largest lower limit of p_j / p_i; at most 1."""
    lower, upper = limits(z)
    b, c = lower * (2 * p - lower), upper * (2 * p - upper)
    largest = 1.0
    for part in _chunks(len(p)):
        largest = max(largest, float(_lower_ratio(p[part, None] * p, b[part, None], c).max()))
    return 1 / largest


def _lower_ratio(product: Rates, b: Rates, c: Rates) -> Rates:
    # The conjugate of (product - sqrt(product^2 - b c)) / c, which also holds where c is 0 or negative.
    denominator = product + np.sqrt(np.maximum(0.0, product**2 - b * c))
    return np.divide(b, denominator, out=np.zeros_like(denominator), where=denominator > 0)


def _adaptive(excess: Rates, error_of_one: Rates, error: float) -> float:
    """Critical value for the pairs that may exceed a limit, by Bonferroni with each pair's distance from it.

    `excess` (G, G) is how much each ordered pair can exceed the limit at most: where it is negative the pair lies at
    least so much below. `error_of_one` (G, G) are standard errors. The diagonal is left out.
    """
    from scipy.special import ndtr

    apart = ~np.eye(len(excess), dtype=bool)
    distance = np.divide(-excess, error_of_one, out=np.zeros_like(excess), where=error_of_one > 0)[apart]
    distance = np.maximum(0.0, distance)
    short, enough = 0.0, 40.0
    for _ in range(_HALVINGS):
        middle = (short + enough) / 2
        spent = float(ndtr(-(middle + distance)).sum())
        short, enough = (middle, enough) if spent > error * (1 - _FIRST_STEP) else (short, middle)
    return enough


def one_sided(error: float) -> float:
    """Normal critical value that is exceeded with the probability `error`."""
    from scipy.special import ndtri

    return float(-ndtri(error))


def _chunks(groups: int) -> list[slice]:
    """Split the groups so that all pairs of a part with all groups are few enough to be held at once."""
    size = max(1, _PAIRS_AT_ONCE // groups)
    return [slice(start, min(start + size, groups)) for start in range(0, groups, size)]


def _same(part: slice, groups: int) -> Mask:
    """(P, G) bool: where a group of the part would be paired with itself."""
    same: Mask = np.arange(part.start, part.stop)[:, None] == np.arange(groups)
    return same


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
