"""FB006: whose rows are repeated, invalid, or suspect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.disparity import DIFFERENCE, Disparity, Ruler, compare, worst_status
from assay.fairness.outcomes import TABLE_ROWS, each_feature
from assay.fairness.rates import Rates
from assay.fairness.simultaneous import METHOD_DIFFERENCE
from assay.fairness.wording import about, confidently, percent, points, points_between
from assay.findings import Evidence, Interval, Outcome, Status, Subject, Table, or_none
from assay.intervals import bonferroni
from assay.small_cells import SMALLEST_CELL, is_small

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy.typing as npt

    from assay.fairness.context import DataContext
    from assay.fairness.counts import Feature

# As many of a group's rows more than of another's are more than may be lost, or doubled, unseen: as in FB003.
DEFECT_TOLERANCE = 0.05
# Rows of this kind repeat another one; one record may be there many times.
REPEATED = "repeated"
# A column in which fewer of the repeated rows have a value that another row has too, tells copies apart.
LEAST_SHARED = 0.1
# What another check judges by group already, and this one only shows: LN003 compares where labels can be judged.
JUDGED_ELSEWHERE = {"suspect label": "LN003"}
_REMEDY = (
    "Look at these rows (`assay rows RUN`) and find out what is recorded otherwise for this group, before you drop "
    "them: DQ036 says whom that would remove."
)
_MORE_ROWS = "Collect more rows of the small groups, or raise `fairness.min_group_size` to leave them out."


def defects_by_group(context: DataContext) -> Iterator[Outcome]:
    """FB006: compare how often the rows of each group are repeated or invalid, and show how often they are suspect."""
    occurring = {kind: mask for kind, mask in context.defects.items() if mask.any()}
    # What else is wrong with rows is taken to come row by row.
    copies = {
        kind: _copies(context, mask) if kind == REPEATED else np.ones(mask.sum()) for kind, mask in occurring.items()
    }
    kinds = [kind for kind in occurring if kind not in JUDGED_ELSEWHERE]
    singles = [feature for feature in context.features if not feature.is_intersection and len(feature.groups) > 1]
    confidence = bonferroni(context.config.confidence, len(kinds) * len(singles))
    ruler = Ruler(confidence, context.config.min_group_size, DEFECT_TOLERANCE, context.config.min_ratio)

    def answer(feature: Feature) -> Iterable[Outcome]:
        # An intersection would only repeat what its features show.
        if feature.is_intersection:
            return []
        rates = {kind: _rates(feature, kind, mask, copies[kind]) for kind, mask in occurring.items()}
        found = {kind: compare(rates[kind], rates[kind].rows, DIFFERENCE, ruler) for kind in kinds}
        return [_answer(feature, rates, found, context.config.confidence)]

    return each_feature(context, "the quality of their rows is", answer)


def _copies(context: DataContext, repeated: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Of each repeated row, how many repeated rows are equal to it, itself included.

    Columns whose values hardly a repeated row shares with another row, such as a row number, are not compared: where
    that makes different records equal, rows count for less than they are. A row that differs from all others in what
    is compared (a near-duplicate) counts as a record of its own.
    """
    import pandas as pd

    roles, frame = context.dataset.roles, context.dataset.frame
    compared = [
        name
        for name in frame
        if name not in {roles.id, *roles.ignored, *roles.withheld}
        and frame[name].duplicated(keep=False).to_numpy()[repeated].mean() >= LEAST_SHARED
    ]
    if not compared:
        return np.full(repeated.sum(), float(repeated.sum()))
    keys = pd.util.hash_pandas_object(frame.loc[repeated, compared], index=False).to_numpy()
    _, record, times = np.unique(keys, return_inverse=True, return_counts=True)
    return times[record].astype(np.float64)


def _rates(feature: Feature, kind: str, mask: npt.NDArray[np.bool_], copies: npt.NDArray[np.float64]) -> Rates:
    """Share of a group's rows with a defect; its cases are what the rows count for as a sample.

    A record makes m rows repeated at once: the variance of the share is larger by the mean of m over the repeated rows
    (the design effect of clusters that are taken whole; Kish 1965). It is that of all groups together where a group's
    own is smaller: of a group that has no repeated record by chance nothing else is known.
    """
    rows = np.bincount(feature.codes, minlength=len(feature.groups))
    codes = feature.codes[mask]
    affected = np.bincount(codes, minlength=len(rows))
    effect = np.bincount(codes, weights=copies, minlength=len(rows)) / np.maximum(affected, 1)
    return Rates(
        f"share of {kind} rows", affected / np.maximum(rows, 1), rows, rows / np.maximum(effect, copies.mean())
    )


def _answer(
    feature: Feature, rates: Mapping[str, Rates], found: Mapping[str, Disparity], confidence: float
) -> Outcome:
    shown = _table(feature, rates)
    elsewhere = [
        f"Suspect labels by group are in the table; {JUDGED_ELSEWHERE[kind]} judges them."
        for kind in rates
        if kind in JUDGED_ELSEWHERE
    ]
    if not found:
        words = " ".join(["No check flagged a row as repeated or invalid.", *elsewhere])
        evidence = Evidence("rows flagged", n=len(feature.codes), unit="rows", table=shown) if rates else None
        return Outcome(Status.NOT_APPLICABLE, words, Subject(feature.columns), evidence)
    order = [Status.FAILED, Status.INCONCLUSIVE, Status.PASSED]
    kinds = sorted(found, key=lambda kind: (order.index(found[kind].status), -np.nan_to_num(found[kind].value)))
    sentences = [_sentence(feature, found[kind], rates[kind], confidence) for kind in kinds]
    worst = found[kinds[0]]
    is_shown = worst.best is not None and not _is_small(rates[kinds[0]], worst.best)
    evidence = Evidence(
        metric=f"difference in the {worst.metric}",
        value=worst.value if is_shown else None,
        interval=Interval(worst.low, worst.high, confidence, METHOD_DIFFERENCE) if is_shown else None,
        n=worst.rows,
        threshold=DEFECT_TOLERANCE,
        unit="share",
        table=shown,
        between=tuple(feature.groups[g] for g in (worst.worst, worst.best) if g is not None) if is_shown else (),
    )
    status = worst_status(list(found.values()))
    remedy = {Status.FAILED: _REMEDY, Status.INCONCLUSIVE: _MORE_ROWS}.get(status, "")
    return Outcome(status, " ".join([*sentences, *elsewhere]), Subject(feature.columns), evidence, remedy)


def _sentence(feature: Feature, disparity: Disparity, rates: Rates, confidence: float) -> str:
    if disparity.worst is None or disparity.best is None:
        return f"Fewer than two groups of {feature.name} have enough rows to compare the {rates.metric}."
    # Of defects less is better: `best` has the highest share.
    highest, lowest = feature.label(disparity.best), feature.label(disparity.worst)
    if _is_small(rates, disparity.best):
        return _WITHOUT_FIGURES[disparity.status].format(metric=rates.metric, highest=highest, lowest=lowest)
    shares = rates.shares
    ends = (
        f"highest for {highest} and lowest for {lowest}"
        if _is_small(rates, disparity.worst)
        else f"{percent(shares[disparity.best])} for {highest} and {percent(shares[disparity.worst])} for {lowest}"
    )
    decide = (
        f" About {about(disparity.rows_needed)} rows in every group would decide."
        if disparity.status is Status.INCONCLUSIVE and disparity.rows_needed is not None
        else ""
    )
    return (
        f"The {rates.metric} differs by {points(disparity.value)} (joint {confidently(confidence)} "
        f"{points_between(disparity.low, disparity.high)}; {points(DEFECT_TOLERANCE)} tolerated): {ends}.{decide}"
    )


# The share of a few rows would be their number.
_WITHOUT_FIGURES = {
    Status.FAILED: f"The {{metric}} is higher for {{highest}} than for {{lowest}}, by more than "
    f"{points(DEFECT_TOLERANCE)}; figures would rest on fewer than {SMALLEST_CELL} rows.",
    Status.INCONCLUSIVE: f"Whether the {{metric}} differs by more than {points(DEFECT_TOLERANCE)} cannot be told; "
    f"figures would rest on fewer than {SMALLEST_CELL} rows.",
    Status.PASSED: f"The {{metric}} differs by at most {points(DEFECT_TOLERANCE)} between the compared groups.",
}


def _is_small(rates: Rates, group: int) -> bool:
    return is_small(round(rates.shares[group] * rates.rows[group]))


def _table(feature: Feature, rates: Mapping[str, Rates]) -> Table:
    """Each kind of defect in each group, the highest shares of each kind first."""
    rows = []
    most = max(1, TABLE_ROWS // max(1, len(rates)))
    for kind, rate in rates.items():
        for group in np.argsort(-rate.shares, kind="stable").tolist()[:most]:
            share, size = float(rate.shares[group]), int(rate.rows[group])
            rows.append((kind, feature.groups[group], size, round(share * size), or_none(share)))
    return Table(("defect", "group", "rows", "affected rows", "share"), tuple(rows))
