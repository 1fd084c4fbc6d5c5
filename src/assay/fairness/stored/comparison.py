"""What changed between two audits: a test on their two tables of counts, not two figures side by side.

The tests take the rows of the two audits to be independent. Audits of the same data are not, and are not compared;
whether some rows are in both cannot be seen from counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.errors import ContractError
from assay.fairness.disparity import DIFFERENCE, HIGHER_IS_WORSE, RATIO, Disparity, Ruler, combine, compare
from assay.fairness.permutation import change_p_values, holm
from assay.fairness.rates import AVERAGE_ODDS, BASE_RATE, SELECTION_RATE
from assay.fairness.simultaneous import cautious_limits
from assay.fairness.stored.recount import Recount, recount
from assay.intervals import bonferroni, normal_quantile

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from assay.fairness.rates import Rates
    from assay.fairness.stored.tables import FairnessTables

    Values = npt.NDArray[np.float64]

WORSE, BETTER, CHANGED, NO_CHANGE, NOT_COMPARABLE = "worse", "better", "changed", "no change shown", "not comparable"
# Labels are as they are; a group is selected less often also where fewer are selected by mistake; the average odds
# are the mean of a rate to be high and one to be low.
NEUTRAL = (BASE_RATE, SELECTION_RATE, AVERAGE_ODDS)
RATES = ("feature", "group", "metric", "before", "after", "change", "low", "high", "p_value", "n_before", "n_after")
DISPARITIES = ("feature", "metric", "kind", "before", "after", "change", "low", "high")


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What changed from an earlier audit to a later one.

    Attributes
    ----------
    rates
        One row for each feature, group and rate that either audit tells: columns `RATES` and `status`. `change` is
        after less before; `low` and `high` are its limits, which hold together for all rates; `p_value`, in (0, 1],
        is corrected for all of them, and NaN for a mean of rates.
    disparities
        One row for each disparity: columns `DISPARITIES` and `status`. Their limits hold together as well.
    tolerance, confidence
        Largest change that counts as none, and the confidence of each of the two families of intervals.
    same_data
        Whether both audits are of the same data: nothing is comparable then.
    """

    rates: pd.DataFrame
    disparities: pd.DataFrame
    tolerance: float
    confidence: float
    same_data: bool

    @property
    def is_good(self) -> bool | None:
        """Whether nothing is shown to be worse; None where nothing could be compared."""
        status = pd.concat([self.rates["status"], self.disparities["status"]])
        if status.eq(WORSE).any():
            return False
        return None if status.eq(NOT_COMPARABLE).all() else True


def compare_tables(before: FairnessTables, after: FairnessTables, tolerance: float = 0.0) -> Comparison:
    """Test what changed between two audits of the same kind of data.

    Rates: the difference of two independent proportions with Newcombe's hybrid score interval (1998, method 10,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I) on `cautious_limits` at Bonferroni's
    confidence, so that all hold together; the p-value is exact (`permutation.change_p_values`), adjusted by Holm.
    Disparities: see `_change_limits`.

    A change is "worse" or "better" where its whole interval lies beyond the tolerance, on the side that is worse for
    the group: a lower true positive rate, precision or accuracy, a higher false positive or false negative rate; a
    larger difference, or a smaller ratio. It is "changed" where neither side is worse (`NEUTRAL`). All else is "no
    change shown", which does not show that there is none.

    Parameters
    ----------
    before, after
        The tables of the earlier and of the later audit.
    tolerance
        Largest change that counts as none, in [0, 1].

    Raises
    ------
    ContractError
        Where the audits have other classes, another favourable class, or other ways of comparing groups; or the
        tolerance lies outside [0, 1].
    """
    _check(before, after, tolerance)
    same_data = before.fingerprint == after.fingerprint
    confidence = float(after.settings["confidence"])
    first, second = recount(before), recount(after)
    rates = _compare_rates(first, second, confidence, comparable=not same_data)
    disparities = _compare_disparities(first, second, after, comparable=not same_data)
    rate_signs = [_rate_sign(metric) for metric in rates["metric"]]
    rates["status"] = _statuses(rates, rate_signs, tolerance)
    disparity_signs = [-1 if kind == DIFFERENCE else 1 for kind in disparities["kind"]]
    disparities["status"] = _statuses(disparities, disparity_signs, tolerance)
    return Comparison(rates, disparities, tolerance, confidence, same_data)


def _check(before: FairnessTables, after: FairnessTables, tolerance: float) -> None:
    problems = []
    if before.classes != after.classes:
        problems.append(f"have the same classes, got {len(before.classes)} and {len(after.classes)} that differ")
    elif before.positive != after.positive:
        problems.append("have the same favourable class, got two")
    if before.settings["method"] != after.settings["method"]:
        problems.append("hold groups against the same (fairness.method), got two ways")
    found = [
        f"The two audits must {problem}. Compare audits of one label and one configuration." for problem in problems
    ]
    if not 0 <= tolerance <= 1:
        found.append(f"tolerance must lie in [0, 1], got {tolerance}. Give a share, such as 0.02.")
    if found:
        raise ContractError(found)


def _rate_sign(metric: str) -> int:
    """Sign of a change for the better; 0 where there is none."""
    if metric.startswith(NEUTRAL):
        return 0
    return -1 if metric.startswith(HIGHER_IS_WORSE) else 1


def _statuses(table: pd.DataFrame, signs: Iterable[int], tolerance: float) -> list[str]:
    limits = table[["low", "high"]].to_numpy(dtype=np.float64).tolist()
    return [_status(low, high, tolerance, sign) for (low, high), sign in zip(limits, signs, strict=True)]


def _status(low: float, high: float, tolerance: float, sign: int) -> str:
    if math.isnan(low) or math.isnan(high):
        return NOT_COMPARABLE
    if -tolerance <= high and low <= tolerance:
        return NO_CHANGE
    if sign == 0:
        return CHANGED
    return BETTER if (low > tolerance) == (sign > 0) else WORSE


def _compare_rates(before: Recount, after: Recount, confidence: float, *, comparable: bool) -> pd.DataFrame:
    keys = ["feature", "group", "metric"]
    columns = [*keys, "value", "n"]
    both = before.by_group[columns].merge(
        after.by_group[columns], on=keys, how="outer", suffixes=("_before", "_after"), sort=False
    )
    found = both.rename(columns={"value_before": "before", "value_after": "after"})
    found["change"] = found["after"] - found["before"]
    found[["low", "high", "p_value"]] = math.nan
    known = np.flatnonzero(found["change"].notna()) if comparable else np.zeros(0, dtype=np.int64)
    z = normal_quantile(bonferroni(confidence, max(1, len(known))))
    tested = found.iloc[known].reset_index(drop=True)
    low, high, p_value = (np.full(len(tested), math.nan) for _ in range(3))
    for (feature, metric), rows in tested.groupby(["feature", "metric"], sort=False):
        one, two = (_pick(counted, str(feature), str(metric), rows["group"]) for counted in (before, after))
        places = rows.index.to_numpy(dtype=np.int64)
        low[places], high[places] = _newcombe(one, two, z)
        p_value[places] = _p_values(one, two)
    has_test = ~np.isnan(p_value)
    p_value[has_test] = holm(p_value[has_test])
    for name, values in (("low", low), ("high", high), ("p_value", p_value)):
        found.loc[known, name] = values
    return found[list(RATES)].copy()


def _pick(counted: Recount, feature: str, metric: str, groups: Iterable[str]) -> Rates:
    """Return one rate of an audit, of some groups only."""
    assessment = counted.assessments[feature]
    code = {group: place for place, group in enumerate(assessment.feature.groups)}
    index = np.array([code[group] for group in groups], dtype=np.int64)

    def take(rates: Rates) -> Rates:
        parts = tuple(take(part) for part in rates.parts)
        return replace(
            rates, shares=rates.shares[index], rows=rates.rows[index], cases=rates.cases[index], parts=parts
        )

    return take(assessment.rates[metric])


def _newcombe(before: Rates, after: Rates, z: float) -> tuple[Values, Values]:
    (low_before, high_before), (low_after, high_after) = (of.limits(z, cautious_limits) for of in (before, after))
    change = after.shares - before.shares
    below = np.hypot(after.shares - low_after, high_before - before.shares)
    above = np.hypot(high_after - after.shares, before.shares - low_before)
    return change - below, change + above


def _p_values(before: Rates, after: Rates) -> Values:
    """(G,) p-values of "no change"; NaN for a mean of rates, which has no exact test."""
    if before.parts:
        return np.full(len(before.shares), math.nan)
    return change_p_values((before.shares, before.cases), (after.shares, after.cases))


def _compare_disparities(before: Recount, after: Recount, tables: FairnessTables, *, comparable: bool) -> pd.DataFrame:
    keys = ["feature", "metric", "kind"]
    both = before.disparities[[*keys, "value"]].merge(
        after.disparities[[*keys, "value"]], on=keys, how="outer", suffixes=("_before", "_after"), sort=False
    )
    found = both.rename(columns={"value_before": "before", "value_after": "after"})
    found["change"] = found["after"] - found["before"]
    found[["low", "high"]] = math.nan
    known = np.flatnonzero(found["change"].notna()) if comparable else np.zeros(0, dtype=np.int64)
    ruler = Ruler(
        confidence=bonferroni(float(tables.settings["confidence"]), len(known)),
        min_group_size=int(tables.settings["min_group_size"]),
        tolerance=float(tables.settings["tolerance"]),
        min_ratio=float(tables.settings["min_ratio"]),
        method=str(tables.settings["method"]),
    )
    for place in known.tolist():
        feature, metric, kind = (str(found.loc[place, key]) for key in keys)
        one, two = (_disparity(of, feature, metric, kind, ruler) for of in (before, after))
        if one.compared_names == two.compared_names:
            found.loc[place, ["low", "high"]] = _change_limits(one, two)
    return found[list(DISPARITIES)].copy()


@dataclass(frozen=True, slots=True)
class _Distance:
    """How far groups lie apart, 0 at parity, with limits; `flip` for a ratio, which is 1 less the distance."""

    value: float
    low: float
    high: float
    flip: bool
    compared_names: tuple[str, ...]


def _disparity(counted: Recount, feature: str, metric: str, kind: str, ruler: Ruler) -> _Distance:
    """A disparity of an audit at the confidence of `ruler`."""
    assessment = counted.assessments[feature]
    # The largest of a question's differences, such as equalized odds, is taken of these.
    parts = [d.metric for d in assessment.disparities.get(metric, ()) if d.kind == DIFFERENCE] or [metric]
    ruler = replace(ruler, parts=len(parts))
    found = [
        compare(assessment.rates[of], assessment.group_rows, kind, ruler, assessment.group_weight) for of in parts
    ]
    whole: Disparity = found[0] if len(found) == 1 else combine(found, metric)
    names = tuple(sorted(assessment.feature.groups[group] for group in whole.compared))
    if kind == RATIO:
        return _Distance(1 - whole.value, 1 - whole.high, 1 - whole.low, flip=True, compared_names=names)
    return _Distance(whole.value, whole.low, whole.high, flip=False, compared_names=names)


def _change_limits(before: _Distance, after: _Distance) -> tuple[float, float]:
    """Limits of the change of a disparity, from those of the two disparities by MOVER.

    Zou, Huang and Zhang 2009 (doi:10.1016/j.csda.2009.03.016). A largest difference is too large by chance, the more
    so the fewer the rows; a bootstrap of its change takes a smaller second audit for a worse one in up to a third of
    the cases (benchmarks/fairness/README.md). Where a disparity's own interval reaches parity its distance above it
    says nothing: the change then is at most the other's own limit.
    """
    change = after.value - before.value
    low = change - math.hypot(after.value - after.low, before.high - before.value)
    high = change + math.hypot(after.high - after.value, before.value - before.low)
    if before.low <= 0:
        high = after.high
    if after.low <= 0:
        low = -before.high
    return (-high, -low) if before.flip else (low, high)
