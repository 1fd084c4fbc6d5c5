"""Confidence intervals, and the rule by which an interval meets a threshold.

Every figure with a sampling error is judged through `judge_upper` or `judge_lower`: a point estimate decides
nothing. SciPy is imported where it is used, since it costs a third of a second.
"""

from __future__ import annotations

import math

from assay.findings import Interval, Status


def wilson(successes: float, n: float, confidence: float = 0.95) -> Interval | None:
    """Wilson score interval of a proportion; None where `n` is 0.

    Coverage stays near `confidence` for proportions near 0 and 1 and for small `n`, where the textbook interval
    collapses to a point (Brown, Cai and DasGupta 2001, doi:10.1214/ss/1009213286).

    Parameters
    ----------
    successes
        Between 0 and `n`; may be a sum of weights.
    n
        Number of trials; with weights, the effective number.
    confidence
        In (0, 1), two-sided.

    Raises
    ------
    ValueError
        Where `successes` lies outside [0, n].
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie in [0, n], got {successes} of {n}.")
    if n == 0:
        return None
    z = normal_quantile(confidence)
    p = successes / n
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return Interval(
        low=0.0 if successes == 0 else max(0.0, (centre - half) / scale),
        high=1.0 if successes == n else min(1.0, (centre + half) / scale),
        confidence=confidence,
        method="Wilson",
    )


def newcombe(first: tuple[float, float], second: tuple[float, float], confidence: float) -> Interval | None:
    """Hybrid score interval (method 10) of a difference of two proportions, each (successes, n); None where an n is 0.

    Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
    """
    one, two = wilson(*first, confidence), wilson(*second, confidence)
    if one is None or two is None:
        return None
    p, q = first[0] / first[1], second[0] / second[1]
    low = p - q - math.hypot(p - one.low, two.high - q)
    high = p - q + math.hypot(one.high - p, q - two.low)
    return Interval(low, high, confidence, "Newcombe hybrid score")


def normal_quantile(confidence: float) -> float:
    """Two-sided critical value of the standard normal: 1.96 for 0.95."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence / 2))


def bonferroni(confidence: float, comparisons: int) -> float:
    """Confidence that each of `comparisons` intervals needs so that all hold together with `confidence`."""
    return 1 - (1 - confidence) / max(1, comparisons)


def judge_upper(interval: Interval | None, threshold: float) -> Status:
    """Status of a figure that must not exceed `threshold`: the whole interval decides.

    Passed where the interval ends at or below the threshold, failed where it begins above it, inconclusive where
    it straddles or does not exist.
    """
    if interval is None or math.isnan(interval.low) or math.isnan(interval.high):
        return Status.INCONCLUSIVE
    if interval.high <= threshold:
        return Status.PASSED
    return Status.FAILED if interval.low > threshold else Status.INCONCLUSIVE


def judge_lower(interval: Interval | None, threshold: float) -> Status:
    """Status of a figure that must not fall below `threshold`; the mirror image of `judge_upper`."""
    if interval is None:
        return Status.INCONCLUSIVE
    return judge_upper(Interval(-interval.high, -interval.low, interval.confidence), -threshold)
