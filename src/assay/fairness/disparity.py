"""How far the groups lie apart in one rate, and whether that is tolerated."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.rates import FALSE_NEGATIVE_RATE, FALSE_POSITIVE_RATE, Rates
from assay.fairness.simultaneous import (
    MOST_GROUPS,
    cases_to_decide,
    cautious_limits,
    largest_difference,
    smallest_ratio,
)
from assay.fairness.to_overall import TO_OVERALL, Deviation, largest_deviation, smallest_ratio_to_overall
from assay.findings import Interval, Status
from assay.intervals import judge_lower, judge_upper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

# A rate among fewer cases says next to nothing: its 95% interval is wider than half of all that is possible.
MIN_CASES = 10
# Groups that are not compared may hold this share of the rows where a comparison passes. Beyond, a model could treat
# more people than a tolerated error rate of the audit (1 in 20) in any way whatever, and the audit would not know.
MOST_LEFT_OUT = 0.05
DIFFERENCE = "difference"
RATIO = "ratio"
HIGHER_IS_WORSE = (FALSE_POSITIVE_RATE, FALSE_NEGATIVE_RATE)


@dataclass(frozen=True, slots=True)
class Ruler:
    """What the groups of a feature are held against.

    Attributes
    ----------
    confidence
        Of the interval of a question's largest figure, over all pairs of groups and all of the question's `parts`,
        after Bonferroni's correction for the other questions.
    min_group_size
        Rows below which a group is not compared.
    tolerance, min_ratio
        Largest difference, and smallest ratio, that is tolerated.
    most_left_out
        Share of the rows that groups too small to be compared may hold where the comparison passes.
    parts
        Number of comparisons that answer the question together, see `simultaneous.largest_difference`.
    method
        "between_groups", or "to_overall": every group is held against everybody together.
    plans
        Whether to work out how many rows would decide, which costs ten times the comparison itself.
    """

    confidence: float
    min_group_size: int
    tolerance: float
    min_ratio: float
    most_left_out: float = MOST_LEFT_OUT
    parts: int = 1
    method: str = "between_groups"
    plans: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Disparity:
    """The largest difference, or the smallest ratio, of a rate between two groups, or a group and everybody.

    Attributes
    ----------
    metric, kind
        Name of the rate, and "difference" or "ratio".
    value, low, high
        NaN where fewer than two groups can be compared, or no group has a rate above 0 (ratio).
    worst, best
        Groups at the two ends: the worst has the lowest rate, or the highest of the error rates. None with NaN. Held
        against everybody, the worst is the group that lies farthest off, and there is no best.
    threshold, status
        What was tolerated, and how the interval meets it. Not passed, but inconclusive, where too many rows are left
        out.
    compared, left_out
        Groups (codes) that were compared, and those with too few rows or cases.
    left_out_share
        Share of the rows (or of their weight, where that is larger) that the groups left out hold, in [0, 1].
    rows
        Rows that the compared rates rest on.
    case, cases_needed, rows_needed
        For an inconclusive disparity: how many cases (such as "rows with the positive label") in each group would
        decide if the rates stayed as they are, and in how many rows of a group one finds them. None: no realistic
        number.
    p_value
        Of the test that the rate is the same in every compared group (`assay.fairness.permutation`), adjusted for the
        other tests of its family; NaN where fewer than two groups can be compared.
    overall
        Rate of everybody together, where the groups are held against it; else NaN.
    """

    metric: str
    kind: str
    value: float
    low: float
    high: float
    worst: int | None
    best: int | None
    threshold: float
    status: Status
    compared: tuple[int, ...]
    left_out: tuple[int, ...]
    left_out_share: float
    rows: int
    case: str
    cases_needed: int | None = None
    rows_needed: int | None = None
    p_value: float = math.nan
    overall: float = math.nan

    @property
    def is_estimable(self) -> bool:
        """Whether there is a figure at all."""
        return not math.isnan(self.value)

    @property
    def is_held_back(self) -> bool:
        """Whether the compared groups pass, and only the rows left out stand in the way."""
        return self.status is Status.INCONCLUSIVE and _judge(self.kind, self.low, self.high, self.threshold) is (
            Status.PASSED
        )


def comparable(rates: Rates, group_rows: npt.NDArray[np.int64], min_group_size: int) -> npt.NDArray[np.bool_]:
    """(G,) bool: groups large enough, with enough cases, for this rate to be compared."""
    if rates.parts:
        whole: npt.NDArray[np.bool_] = np.all(
            [comparable(part, group_rows, min_group_size) for part in rates.parts], axis=0
        )
        return whole
    least = MIN_CASES if rates.is_conditional else 1
    enough: npt.NDArray[np.bool_] = (group_rows >= min_group_size) & (rates.rows >= least) & (rates.cases > 0)
    return enough


def share_held(
    groups: Sequence[int], group_rows: npt.NDArray[np.int64], group_weight: npt.NDArray[np.float64] | None = None
) -> float:
    """Share of the rows that some groups hold together, or of the weight where that is larger."""
    index = np.array(groups, dtype=np.int64)
    sizes = [group_rows] if group_weight is None else [group_rows, group_weight]
    return max(float(size[index].sum() / size.sum()) if size.sum() > 0 else 0.0 for size in sizes)


def compare(
    rates: Rates,
    group_rows: npt.NDArray[np.int64],
    kind: str,
    ruler: Ruler,
    group_weight: npt.NDArray[np.float64] | None = None,
) -> Disparity:
    """Compare the groups in one rate; `group_rows` and `group_weight` are the (G,) rows of the groups."""
    enough = comparable(rates, group_rows, ruler.min_group_size)
    index, left_out = np.flatnonzero(enough), np.flatnonzero(~enough)
    threshold = ruler.tolerance if kind == DIFFERENCE else ruler.min_ratio
    chosen = rates.select(index)
    p = chosen.shares
    estimable = len(index) > 1 and (kind == DIFFERENCE or p.max() > 0)
    value, low, high = math.nan, math.nan, math.nan
    status, needed, worst, best, overall = Status.INCONCLUSIVE, None, None, None, math.nan
    if estimable and ruler.method == TO_OVERALL:
        found = _deviation(kind, rates, index, ruler)
        value, low, high, worst, overall = found.value, found.low, found.high, found.group, found.overall
        status = _judge(kind, low, high, threshold)
        if status is Status.INCONCLUSIVE and ruler.plans:
            needed = cases_to_decide(
                lambda m: _is_decided(kind, _deviation(kind, rates.with_cases(m), index, ruler), threshold)
            )
    elif estimable:
        value = float(p.max() - p.min()) if kind == DIFFERENCE else float(p.min() / p.max())
        low, high = _interval(kind, chosen, ruler)
        status = _judge(kind, low, high, threshold)
        # Of equal rates the first is the lowest and the last the highest: two groups, not one.
        lowest, highest = int(index[p.argmin()]), int(index[np.flatnonzero(p == p.max())[-1]])
        worst, best = (highest, lowest) if rates.metric.startswith(HIGHER_IS_WORSE) else (lowest, highest)
        if status is Status.INCONCLUSIVE and ruler.plans:
            needed = cases_to_decide(_deciding(kind, chosen, ruler, threshold))
    left_out_share = share_held(left_out.tolist(), group_rows, group_weight)
    if status is Status.PASSED and left_out_share > ruler.most_left_out:
        status = Status.INCONCLUSIVE
    # The group in which cases are rarest needs the most rows.
    rarest = float((group_rows[index] / rates.cases[index]).max()) if len(index) else 1.0
    return Disparity(
        metric=rates.metric,
        kind=kind,
        value=value,
        low=low,
        high=high,
        worst=worst,
        best=best,
        threshold=threshold,
        status=status,
        compared=tuple(index.tolist()),
        left_out=tuple(left_out.tolist()),
        left_out_share=left_out_share,
        rows=int(rates.rows[index].sum()),
        case=rates.case,
        cases_needed=needed,
        rows_needed=None if needed is None else math.ceil(needed * rarest),
        overall=overall,
    )


def _deviation(kind: str, rates: Rates, index: npt.NDArray[np.int64], ruler: Ruler) -> Deviation:
    deviate = largest_deviation if kind == DIFFERENCE else smallest_ratio_to_overall
    return deviate(rates, index, ruler.confidence, ruler.parts)


def _is_decided(kind: str, found: Deviation, threshold: float) -> bool:
    return _judge(kind, found.low, found.high, threshold) is not Status.INCONCLUSIVE


def _interval(kind: str, rates: Rates, ruler: Ruler) -> tuple[float, float]:
    interval = largest_difference if kind == DIFFERENCE else smallest_ratio
    return interval(rates.shares, partial(rates.limits, of_one=cautious_limits), ruler.confidence, ruler.parts)


def _deciding(kind: str, rates: Rates, ruler: Ruler, threshold: float) -> Callable[[int], bool]:
    """Whether so many cases in every group would decide, if the rates stayed as they are."""
    groups = len(rates.shares)
    if groups > MOST_GROUPS:
        # Of groups of one size those at the ends decide; all pairs count, but are too many to be tried over and over.
        rates = rates.select(np.array([rates.shares.argmin(), rates.shares.argmax()]))
        ruler = replace(ruler, parts=ruler.parts * groups * (groups - 1) // 2)
    return lambda m: _judge(kind, *_interval(kind, rates.with_cases(m), ruler), threshold) is not Status.INCONCLUSIVE


def _judge(kind: str, low: float, high: float, threshold: float) -> Status:
    judge = judge_upper if kind == DIFFERENCE else judge_lower
    return judge(Interval(low, high), threshold)


def worst_status(disparities: Sequence[Disparity]) -> Status:
    """Failed where one failed, passed where all passed, inconclusive between."""
    found = {disparity.status for disparity in disparities}
    for status in (Status.FAILED, Status.INCONCLUSIVE):
        if status in found:
            return status
    return Status.PASSED if found else Status.INCONCLUSIVE


def combine(disparities: Sequence[Disparity], metric: str) -> Disparity:
    """Take the largest of several differences, such as the equalized odds difference of its two parts.

    It lies between the largest lower and the largest upper limit. A part that cannot be estimated may be anything
    in [0, 1]; the combined value is then NaN, though its lower limit still holds.
    """
    known = [d for d in disparities if d.is_estimable]
    whole = len(known) == len(disparities)
    top = max(known, key=lambda d: d.value, default=None)
    needed = [d for d in disparities if d.status is Status.INCONCLUSIVE]
    rows_needed = [d.rows_needed for d in needed]
    return Disparity(
        metric=metric,
        kind=DIFFERENCE,
        value=top.value if top and whole else math.nan,
        low=max((d.low for d in known), default=math.nan),
        high=(max(d.high for d in known) if whole else 1.0) if known else math.nan,
        worst=top.worst if top else None,
        best=top.best if top else None,
        threshold=disparities[0].threshold,
        status=worst_status(disparities),
        compared=tuple(sorted({group for d in known for group in d.compared})),
        left_out=tuple(sorted({group for d in disparities for group in d.left_out})),
        left_out_share=max(d.left_out_share for d in disparities),
        rows=max(d.rows for d in disparities),
        case="rows",
        rows_needed=None if None in rows_needed else max((n for n in rows_needed if n is not None), default=None),
        # Adjusted, so that the smallest of them tests that all rates are the same in all groups.
        p_value=min((d.p_value for d in known), default=math.nan),
    )
