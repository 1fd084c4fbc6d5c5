"""The disparities by the labels as they are, cleaned, and corrected for how often they go wrong in each group."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.disparity import MIN_CASES
from assay.fairness.labels.noise_matrix import correct
from assay.fairness.rates import BASE_RATE, FALSE_POSITIVE_RATE, SELECTION_RATE, TRUE_POSITIVE_RATE
from assay.fairness.simultaneous import wilson_limits
from assay.findings import Interval, Status
from assay.intervals import judge_upper

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from assay.fairness.labels.noise_matrix import Noise

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

OBSERVED, REMOVED, RELABELLED, CORRECTED = "observed", "suspects removed", "suspects relabelled", "noise corrected"
VIEWS = (OBSERVED, REMOVED, RELABELLED, CORRECTED)
DISPARITIES = {
    "base rate difference": (BASE_RATE,),
    "true positive rate difference": (TRUE_POSITIVE_RATE,),
    "false positive rate difference": (FALSE_POSITIVE_RATE,),
    "equalized odds difference": (TRUE_POSITIVE_RATE, FALSE_POSITIVE_RATE),
    "demographic parity difference": (SELECTION_RATE,),
}
# What has a tolerance of its own (FB002, FB011) and depends on the labels.
JUDGED = ("base rate difference", "equalized odds difference")
DRAWS = 10_000
# Fewer draws beyond a limit do not tell where it lies.
LEAST_IN_TAIL = 10
# Groups drawn at once, for memory: some 100 MB.
GROUPS_AT_ONCE = 25
# Any number will do; a fixed one gives the same interval for the same table.
SEED = 20_190_614
# What is known to no better than 10 points either way, the usual tolerance, has an interval and no value.
WIDEST_TOLD = 0.2
# Jeffreys' prior: a cell without a row may have some in another sample.
PRIOR = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class JudgedRows:
    """R rows that figures may rest on, the favourable class against all others.

    Attributes
    ----------
    positions
        (R,) positions in the dataset, ascending.
    y_true, y_pred, relabelled
        (R,) whether the given label, the prediction, and the label with suspects relabelled, is the favourable one.
    suspect
        (R,) bool.
    wrong
        (R,) probability that the given label is wrong; 0 where it was not judged.
    weights
        (R,) positive sample weights, or None.
    """

    positions: Codes
    y_true: Mask
    y_pred: Mask
    relabelled: Mask
    suspect: Mask
    wrong: Floats
    weights: Floats | None


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Judged rows of G groups by given label and prediction, the favourable class against all others.

    Attributes
    ----------
    rows
        (G, 2, 2) rows by group, label and prediction (0 negative, 1 positive).
    weight
        (G, 2, 2) their total weight; equal to `rows` without weights.
    effective
        (G,) what the weights are multiplied by, so that they add up to Kish's effective number of rows.
    """

    rows: Floats
    weight: Floats
    effective: Floats


@dataclass(frozen=True, slots=True, eq=False)
class GroupRate:
    """A rate of G groups with simultaneous limits, and which groups have rows enough to be compared.

    Attributes
    ----------
    value, low, high
        (G,) in [0, 1]; NaN where unknown.
    compared
        (G,) bool.
    """

    value: Floats
    low: Floats
    high: Floats
    compared: Mask


@dataclass(frozen=True, slots=True)
class Difference:
    """The largest difference of a rate between two groups: its limits, and who has the highest and lowest rate.

    `value` is NaN where it is not known; `top` and `bottom` are -1 then.
    """

    value: float
    low: float
    high: float
    top: int = -1
    bottom: int = -1
    rate: str = ""


def count(codes: Codes, groups: int, y_true: Mask, y_pred: Mask, weights: Floats | None) -> Counts:
    """Count (R,) rows by group, label and prediction."""
    cell = codes * 4 + y_true * 2 + y_pred
    rows = np.bincount(cell, minlength=groups * 4).reshape(groups, 2, 2).astype(np.float64)
    if weights is None:
        return Counts(rows, rows, np.ones(groups))
    weight = np.bincount(cell, weights=weights, minlength=groups * 4).reshape(groups, 2, 2).astype(np.float64)
    squared = np.bincount(codes, weights=weights**2, minlength=groups)
    total = weight.sum(axis=(1, 2))
    return Counts(rows, weight, np.divide(total, squared, out=np.zeros(groups), where=squared > 0))


def rates_of(table: Floats) -> dict[str, tuple[Floats, Floats]]:
    """Hits and cases (..., G) of each rate of tables (..., G, 2, 2)."""
    everyone, of_label = table.sum(axis=(-2, -1)), table.sum(axis=-1)
    return {
        BASE_RATE: (of_label[..., 1], everyone),
        TRUE_POSITIVE_RATE: (table[..., 1, 1], of_label[..., 1]),
        FALSE_POSITIVE_RATE: (table[..., 0, 1], of_label[..., 0]),
        SELECTION_RATE: (table[..., 1].sum(axis=-1), everyone),
    }


def divide(hits: Floats, cases: Floats) -> Floats:
    """Shares; NaN without cases."""
    return np.asarray(np.divide(hits, cases, out=np.full(hits.shape, np.nan), where=cases > 0), dtype=np.float64)


def observe(counts: Counts, min_group_size: int, z: float) -> dict[str, GroupRate]:
    """Rates by the labels as they are counted, with Wilson's limits at the critical value `z`."""
    cases_of = rates_of(counts.rows)
    found = {}
    for rate, (hits, cases) in rates_of(counts.weight).items():
        value = divide(hits, cases)
        low, high = wilson_limits(value, cases * counts.effective, z)
        found[rate] = GroupRate(value, low, high, _compared(counts, rate, cases_of[rate][1], min_group_size))
    return found


def observe_corrected(counts: Counts, noise: Noise, min_group_size: int, z: float) -> dict[str, GroupRate]:
    """Rates by the true labels, as the noise matrix of each group gives them.

    The limits are quantiles of draws in which both the counts (Dirichlet with Jeffreys' prior) and the flip rates
    (`FlipRate.draw`) vary. The selection rate does not depend on the labels, and is left as it is observed.
    """
    observed = observe(counts, min_group_size, z)
    tables = correct(counts.weight, noise.to_positive.value, noise.to_negative.value)
    found = {SELECTION_RATE: observed[SELECTION_RATE]}
    for rate, limits in _draw_limits(counts, noise, z).items():
        # Where some draws cannot be solved, the rate may be anything: nothing is told.
        known = noise.is_informative & ~np.isnan(limits[0])
        value = np.where(known, divide(*rates_of(tables)[rate]), np.nan)
        low, high = np.where(known, limits, np.nan)
        # `fmin` keeps the limits where there is no value.
        found[rate] = GroupRate(value, np.fmin(low, value), np.fmax(high, value), observed[rate].compared)
    return found


def _draw_limits(counts: Counts, noise: Noise, z: float) -> dict[str, Floats]:
    """(2, G) lower and upper limits of the corrected rates."""
    from scipy.special import ndtr, ndtri

    groups = len(counts.rows)
    # Limits for very many groups lie farther out than the draws tell: as far as they do, and on as a normal's would.
    tail = max(float(ndtr(-z)), LEAST_IN_TAIL / DRAWS)
    stretch = z / -float(ndtri(tail))
    generator = np.random.default_rng(SEED)
    limits = {rate: np.full((2, groups), np.nan) for rate in (BASE_RATE, TRUE_POSITIVE_RATE, FALSE_POSITIVE_RATE)}
    for block in np.array_split(np.arange(groups), -(-groups // GROUPS_AT_ONCE)):
        shape = counts.weight[block] * counts.effective[block, None, None] + PRIOR
        # Independent gammas are a Dirichlet up to their sum, on which no rate depends.
        drawn = generator.standard_gamma(shape, (DRAWS, *shape.shape))
        flips = [rate.take(block).draw(generator, DRAWS) for rate in (noise.to_positive, noise.to_negative)]
        rates = rates_of(correct(drawn, flips[0], flips[1]))
        for rate, limit in limits.items():
            low, middle, high = np.quantile(divide(*rates[rate]), (tail, 0.5, 1 - tail), axis=0)
            limit[:, block] = middle + stretch * (low - middle), middle + stretch * (high - middle)
            limit[:, block] = np.clip(limit[:, block], 0.0, 1.0)
    return limits


def _compared(counts: Counts, rate: str, cases: Floats, min_group_size: int) -> Mask:
    least = MIN_CASES if rate in (TRUE_POSITIVE_RATE, FALSE_POSITIVE_RATE) else 1
    return np.asarray((counts.rows.sum(axis=(1, 2)) >= min_group_size) & (cases >= least))


def differ(rates: Mapping[str, GroupRate], parts: tuple[str, ...]) -> Difference:
    """The largest difference between two groups in a rate; of several rates, as equalized odds, the largest."""
    found = [_largest(rate, rates[rate]) for rate in parts]
    top = max(found, key=lambda d: -1.0 if math.isnan(d.value) else d.value)
    low, high = (max((getattr(d, end) for d in found), default=math.nan) for end in ("low", "high"))
    unknown = any(math.isnan(d.low) for d in found)
    value = math.nan if any(math.isnan(d.value) for d in found) else top.value
    return Difference(value, *((math.nan, math.nan) if unknown else (low, high)), top.top, top.bottom, top.rate)


def withhold(difference: Difference) -> Difference:
    """Leave out the value of a corrected difference whose interval is wider than `WIDEST_TOLD`."""
    if difference.high - difference.low <= WIDEST_TOLD:
        return difference
    return Difference(math.nan, difference.low, difference.high, rate=difference.rate)


def conclude(difference: Difference, tolerance: float) -> Status:
    """Failed where a difference is above the tolerance, passed where it is within, inconclusive between."""
    return judge_upper(Interval(difference.low, difference.high), tolerance)


def compare_conclusions(differences: Mapping[tuple[str, str], Difference], metric: str, tolerance: float) -> Status:
    """Whether wrong labels make a disparity or hide one.

    Failed where the corrected conclusion is another than the observed one. Inconclusive where the corrected one is
    open, or cannot be corrected: that both are open says of neither that it would stay. Where only the observed one is
    open, nothing is concluded that could change: it fails where the corrected one is beyond what is tolerated, and
    passes else (FB002 and FB011 say that it is open).
    """
    before, after = (conclude(differences[metric, view], tolerance) for view in (OBSERVED, CORRECTED))
    if after is Status.INCONCLUSIVE:
        return Status.INCONCLUSIVE
    unchanged = before is after or (before is Status.INCONCLUSIVE and after is Status.PASSED)
    return Status.PASSED if unchanged else Status.FAILED


def _largest(name: str, rate: GroupRate) -> Difference:
    """Each pair's difference has limits from those of its two rates (MOVER; Newcombe 1998, as in FB010)."""
    index = np.flatnonzero(rate.compared)
    p, lower, upper = rate.value[index], rate.low[index], rate.high[index]
    if len(index) < 2 or np.isnan(lower).any():
        return Difference(math.nan, math.nan, math.nan, rate=name)
    known = not np.isnan(p).any()
    # Without a value the limits of a rate are all that is known: those of a difference are their farthest ends.
    middle = p if known else (lower + upper) / 2
    down, up = middle - lower, upper - middle
    combine = np.hypot if known else np.add
    nearest = farthest = 0.0
    for at in range(len(index)):
        other = np.arange(len(index)) != at
        apart = (middle[at] - middle)[other]
        nearest = max(nearest, float((apart - combine(down[at], up[other])).max()))
        farthest = max(farthest, float((apart + combine(up[at], down[other])).max()))
    farthest = min(1.0, farthest)
    if not known:
        return Difference(math.nan, nearest, farthest, rate=name)
    # Of equal rates the first is the lowest and the last the highest: two groups, not one.
    top, bottom = int(index[np.flatnonzero(p == p.max())[-1]]), int(index[p.argmin()])
    return Difference(float(p.max() - p.min()), nearest, farthest, top, bottom, name)
