"""How far the rate of a group lies from that of everybody together, of whom the group is a part.

The deviation p_g - sum_h f_h p_h, with f_h the share of the weight, is (1 - f_g) times the group's rate less f_h times
every other group's: of independent rates. Their limits combine by MOVER (Zou, Huang and Zhang 2009,
doi:10.1016/j.csda.2009.03.016), so that what a group has in common with the whole does not count as uncertainty.

The limits are tests turned round, as in `assay.fairness.simultaneous`: the upper one needs no correction for the
number of groups, the lower one is Bonferroni's over them. The limits of a rate are exact, and groups of few hits enter
the sum of the others as one (`_rest_widths`): the squares of their widths would not add up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.simultaneous import FEW_HITS, cautious_limits, one_sided

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.fairness.rates import Rates

    Values = npt.NDArray[np.float64]

# Bonferroni leaves nothing to spare for the far tails, in which the score limits are too short: exact limits, always.
_exact_limits = partial(cautious_limits, few=math.inf)

TO_OVERALL = "to_overall"
METHOD_TO_OVERALL = "MOVER, each group against everybody"


@dataclass(frozen=True, slots=True, eq=False)
class Deviation:
    """The largest difference from everybody, or the smallest ratio to everybody, whichever way round.

    Attributes
    ----------
    value, low, high
        In [0, 1], with the limits of the largest of all compared groups.
    group
        Code of the group that deviates most.
    overall
        Rate of everybody together.
    """

    value: float
    low: float
    high: float
    group: int
    overall: float


def largest_deviation(rates: Rates, compared: npt.NDArray[np.int64], confidence: float, parts: int = 1) -> Deviation:
    """Largest |rate of a group - rate of everybody| over the compared groups (codes); parity is 0.

    Fairlearn's `MetricFrame.difference(method="to_overall")`, with an interval. Groups that are not compared belong to
    everybody all the same. `confidence` and `parts` as in `simultaneous.largest_difference`.
    """
    overall, apart = overall_rate(rates), rates.shares - overall_rate(rates)
    error = 1 - confidence
    below, above = _half_widths(rates, one_sided(error / 2))
    high = float(np.maximum(apart + above, below - apart)[compared].max())
    low = _lower(rates, apart, compared, error / (2 * parts))
    if parts == 1:
        # Under parity no upper limit can miss, so that the lower one has all of the error (see `simultaneous`).
        widest = float(np.maximum(above, below)[compared].max())
        low = max(low, min(widest, _lower(rates, apart, compared, error)))
    group = int(compared[np.abs(apart[compared]).argmax()])
    return Deviation(float(abs(apart[group])), low, min(1.0, high), group, overall)


def smallest_ratio_to_overall(
    rates: Rates, compared: npt.NDArray[np.int64], confidence: float, parts: int = 1
) -> Deviation:
    """Smallest min(p_g / p, p / p_g) over the compared groups, with p the rate of everybody; parity is 1.

    p / p_g = f_g + (1 - f_g) r / p_g with the rate r of everybody else, which is independent of p_g: the limits are
    those of r / p_g by MOVER-R (Donner and Zou 2012, doi:10.1177/0962280210383082). For rates that are no means of
    others; parameters as in `largest_deviation`. Everybody's rate must exceed 0.
    """
    overall, share = overall_rate(rates), _shares_of_weight(rates)
    others = _rest(rates.shares, share)

    def limits(z: float) -> tuple[Values, Values]:
        """Of p / p_g; the upper one infinite where p_g may be 0."""
        found = rates.limits(z, _exact_limits)
        lower, upper = (np.nan_to_num(limit, nan=p) for limit, p in zip(found, (0.0, 1.0), strict=True))
        p = np.nan_to_num(rates.shares)
        below, above = (width / (1 - share) for width in _rest_widths(rates, share, z))
        low = _lower_ratio(others, np.maximum(0.0, others - below), p, upper)
        reciprocal = _lower_ratio(p, lower, others, np.minimum(1.0, others + above))
        with np.errstate(divide="ignore"):
            return share + (1 - share) * low, share + (1 - share) / reciprocal

    error = 1 - confidence
    first, last = limits(one_sided(error / 2))
    low = float(np.minimum(first, 1 / last)[compared].min())
    first, last = limits(one_sided(error / (2 * parts * _sides(len(compared)))))
    # Parity lies in an interval that holds 1.
    nearest = np.where(first > 1, 1 / first, np.where(last < 1, last, 1.0))
    p = rates.shares[compared]
    ratio = np.minimum(p, overall) / np.maximum(p, overall)
    at = int(ratio.argmin())
    return Deviation(float(ratio[at]), min(1.0, low), float(nearest[compared].min()), int(compared[at]), overall)


def overall_rate(rates: Rates) -> float:
    """Rate of everybody together; of a mean of rates, the mean of everybody's."""
    every = rates.parts or (rates,)
    return float(np.mean([np.nan_to_num(part.shares) @ _shares_of_weight(part) for part in every]))


def _shares_of_weight(rates: Rates) -> Values:
    weight: Values = rates.rows.astype(np.float64) if rates.weight is None else rates.weight
    shares: Values = weight / max(float(weight.sum()), np.finfo(float).tiny)
    return shares


def _half_widths(rates: Rates, z: float) -> tuple[Values, Values]:
    """(G,) how far below and above a group's deviation its limits lie."""
    every = rates.parts or (rates,)
    below, above = np.zeros(len(rates.shares)), np.zeros(len(rates.shares))
    for part in every:
        share, (low, high) = _shares_of_weight(part), part.limits(z, _exact_limits)
        down, up = (np.nan_to_num(width) for width in (part.shares - low, high - part.shares))
        rest_down, rest_up = _rest_widths(part, share, z)
        below += ((1 - share) * down) ** 2 + rest_up**2
        above += ((1 - share) * up) ** 2 + rest_down**2
    return np.sqrt(below) / len(every), np.sqrt(above) / len(every)


def _rest_widths(rates: Rates, share: Values, z: float) -> tuple[Values, Values]:
    """(G,) how far below and above the sum of `share` times the rate of all other groups its limits lie.

    MOVER adds up the squares of the groups' widths. A group of few rows without a hit has no width below its rate of
    0, and many of them would seem certain: groups of few hits (above: of few misses) count as one group, whose hits
    vary no more than those of one rate would (Hoeffding 1956, doi:10.1214/aoms/1177728178).
    """
    p, n = np.nan_to_num(rates.shares), np.nan_to_num(rates.cases)
    low, high = rates.limits(z, _exact_limits)
    widths = []
    for side, width, hits in ((0, p - low, p * n), (1, high - p, (1 - p) * n)):
        few = (hits < FEW_HITS) & (n > 0)
        held = _rest_of(np.where(few, share, 0.0))
        spread = _rest_of(np.where(few, share**2 / np.maximum(n, np.finfo(float).tiny), 0.0))
        rate = np.divide(_rest_of(np.where(few, share * p, 0.0)), held, out=np.zeros_like(p), where=held > 0)
        cases = np.divide(held**2, spread, out=np.zeros_like(p), where=spread > 0)
        together = np.nan_to_num(np.abs(_exact_limits(np.minimum(rate, 1.0), cases, z)[side] - rate))
        own = np.where(few, 0.0, np.nan_to_num(width))
        widths.append(np.sqrt(_rest_of((share * own) ** 2) + (held * together) ** 2))
    return widths[0], widths[1]


def _lower(rates: Rates, apart: Values, compared: npt.NDArray[np.int64], error: float) -> float:
    below, above = _half_widths(rates, one_sided(error / _sides(len(compared))))
    return max(0.0, float(np.maximum(apart - below, -apart - above)[compared].max()))


def _sides(groups: int) -> int:
    """Number of one-sided statements: both ways for each group; two groups deviate from their mean together."""
    return 2 * (groups if groups > 2 else 1)


def _rest(p: Values, share: Values) -> Values:
    """(G,) mean of all other groups."""
    return _rest_of(share * np.nan_to_num(p)) / (1 - share)


def _rest_of(figure: Values) -> Values:
    """(G,) sum over all other groups."""
    rest: Values = np.maximum(0.0, figure.sum() - figure)
    return rest


def _lower_ratio(top: Values, top_low: Values, bottom: Values, bottom_high: Values) -> Values:
    """Lower limit of top / bottom from the lower limit of one and the upper limit of the other (MOVER-R)."""
    product = top * bottom
    b, c = top_low * (2 * top - top_low), bottom_high * (2 * bottom - bottom_high)
    denominator = product + np.sqrt(np.maximum(0.0, product**2 - b * c))
    return np.divide(b, denominator, out=np.zeros_like(b), where=denominator > 0)
