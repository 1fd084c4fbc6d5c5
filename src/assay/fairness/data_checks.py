"""Checks of the data themselves: who is in them, with which labels, and with what missing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from assay.dataset import MISSING_GROUP
from assay.fairness.context import LABEL_DISPARITY
from assay.fairness.disparity import DIFFERENCE, Disparity, Ruler, compare
from assay.fairness.outcomes import TABLE_ROWS, disparity_outcome, each_assessment, each_feature
from assay.fairness.rates import Rates
from assay.fairness.simultaneous import METHOD_DIFFERENCE, wilson_limits
from assay.fairness.wording import confidently, counted, listing, percent, points, points_between
from assay.findings import Check, Evidence, Interval, Outcome, Severity, Status, Subject, Table
from assay.intervals import bonferroni, normal_quantile
from assay.small_cells import is_small, shown_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy.typing as npt

    from assay.fairness.context import Assessment, FairnessContext
    from assay.fairness.counts import Feature

# A feature that is missing this much more often in one group than in another tells the groups apart by itself, and
# whatever fills the gaps is made up for one group more than for the other.
MISSING_TOLERANCE = 0.05


def representation(context: FairnessContext) -> Iterator[Outcome]:
    """FB001: describe how often each group occurs; whether that suffices to judge it is FB013's question."""
    weights = context.dataset.weights
    if weights is None:
        weights = np.ones(len(context.dataset))

    def answer(feature: Feature) -> Iterable[Outcome]:
        yield _describe_shares(feature, weights, context.config.confidence)

    return each_feature(context, "their representation is", answer)


def _describe_shares(feature: Feature, weights: npt.NDArray[np.float64], confidence: float) -> Outcome:
    size = len(feature.groups)
    rows = np.bincount(feature.codes, minlength=size)
    total, squared = float(weights.sum()), float((weights**2).sum())
    if total <= 0:
        return Outcome(
            Status.INCONCLUSIVE, "All sample weights are 0: no group has a share.", Subject(feature.columns)
        )
    shares = np.minimum(1.0, np.bincount(feature.codes, weights=weights, minlength=size) / total)
    low, high = wilson_limits(shares, np.full(size, total**2 / squared), normal_quantile(confidence))
    order = np.argsort(shares, kind="stable").tolist()
    least = order[0]
    # The share of so few people times the number of rows would be their number.
    figures = (
        ""
        if is_small(int(rows[least]))
        else (
            f" ({percent(shares[least])}, {confidently(confidence)} {percent(low[least])} to {percent(high[least])})"
        )
    )
    message = (
        f"{feature.name} has {size:,} groups; the smallest, {feature.short(least)}, holds "
        f"{shown_count(int(rows[least]))} of {len(feature.codes):,} rows{figures}."
    )
    cells = tuple(
        (feature.groups[g], int(rows[g]), float(shares[g]), float(low[g]), float(high[g])) for g in order[:TABLE_ROWS]
    )
    evidence = Evidence(
        metric="share of the smallest group",
        value=float(shares[least]),
        interval=Interval(float(low[least]), float(high[least]), confidence, "Wilson"),
        n=len(feature.codes),
        unit="share",
        table=Table(("group", "rows", "share", "low", "high"), cells),
    )
    return Outcome(Status.PASSED, message, Subject(feature.columns), evidence)


def label_disparity(context: FairnessContext) -> Iterator[Outcome]:
    """FB002: compare how often the groups have the positive label, whatever a model makes of it."""

    def answer(assessment: Assessment) -> Iterable[Outcome]:
        yield disparity_outcome(context, assessment, LABEL_DISPARITY, _ASK_WHY)

    return each_assessment(context, "the disparity of their labels is", answer)


_ASK_WHY = (
    "Ask how the labels came about: a model learns this difference as it is. Where the labels record past decisions "
    "rather than outcomes, consider other labels, or a constraint on the model."
)


def missingness(context: FairnessContext) -> Iterator[Outcome]:
    """FB003: compare how often each feature is missing in each group."""
    dataset = context.dataset
    missing = {name: mask for name in dataset.roles.features if (mask := dataset.frame[name].isna().to_numpy()).any()}
    singles = [feature for feature in context.features if not feature.is_intersection and len(feature.groups) > 1]
    confidence = bonferroni(context.config.confidence, len(missing) * len(singles))
    ruler = Ruler(confidence, context.config.min_group_size, MISSING_TOLERANCE, context.config.min_ratio)

    def answer(feature: Feature) -> Iterable[Outcome]:
        # An intersection would only repeat what its features show.
        return [] if feature.is_intersection else _missing_in(feature, missing, ruler, context.config.confidence)

    return each_feature(context, "what is missing for whom is", answer)


def _missing_in(
    feature: Feature, missing: Mapping[str, npt.NDArray[np.bool_]], ruler: Ruler, confidence: float
) -> Iterator[Outcome]:
    rows = np.bincount(feature.codes, minlength=len(feature.groups))
    unknown = np.array(feature.groups)[feature.codes] == MISSING_GROUP
    found: dict[str, Disparity] = {}
    for column, mask in missing.items():
        # Missing exactly where the group is unknown: the sensitive column itself.
        if not np.array_equal(mask, unknown):
            share = np.bincount(feature.codes, weights=mask, minlength=len(rows)) / np.maximum(rows, 1)
            rates = Rates(f"missing share of {column}", share, rows, rows.astype(np.float64), "rows")
            found[column] = compare(rates, rows, DIFFERENCE, ruler)
    if not found:
        message = f"No feature has missing values to compare between the groups of {feature.name}."
        yield Outcome(Status.NOT_APPLICABLE, message, Subject(feature.columns))
        return
    failed = {column: d for column, d in found.items() if d.status is Status.FAILED}
    unclear = {column: d for column, d in found.items() if d.status is Status.INCONCLUSIVE}
    for column, disparity in failed.items():
        yield _missing_more(feature, column, disparity, confidence)
    if unclear:
        message = (
            f"For {len(unclear):,} of {counted(len(found), 'feature')} with missing values ({listing(list(unclear))}) "
            "the rows of all or some groups are too few to tell whether the missing share differs by more than "
            f"{points(MISSING_TOLERANCE)} between the groups of {feature.name}."
        )
        subject = Subject((feature.name, *unclear))
        yield Outcome(Status.INCONCLUSIVE, message, subject, _widest(unclear, confidence), _MORE_ROWS)
    if not failed and not unclear:
        message = (
            f"The missing share of {_each(list(found))} differs by at most "
            f"{points(MISSING_TOLERANCE)} between the compared groups of {feature.name}."
        )
        yield Outcome(Status.PASSED, message, Subject(feature.columns), _widest(found, confidence))


_MORE_ROWS = "Collect more rows of the small groups, or raise `fairness.min_group_size` to leave them out."


def _each(columns: list[str]) -> str:
    return columns[0] if len(columns) == 1 else f"each of {len(columns):,} features with missing values"


def _missing_more(feature: Feature, column: str, disparity: Disparity, confidence: float) -> Outcome:
    assert disparity.worst is not None
    assert disparity.best is not None
    # The worst group has the lowest rate; of what is missing, less is better.
    message = (
        f"{column} is missing more often for {feature.label(disparity.best)} than for "
        f"{feature.label(disparity.worst)}: by {points(disparity.value)} ({confidently(confidence)} "
        f"{points_between(disparity.low, disparity.high)}; {points(MISSING_TOLERANCE)} tolerated)."
    )
    remedy = "Find out why the value is not recorded for one group; whatever fills the gap is invented for that group."
    evidence = _widest({column: disparity}, confidence)
    return Outcome(Status.FAILED, message, Subject((column, feature.name)), evidence, remedy)


def _widest(disparities: Mapping[str, Disparity], confidence: float) -> Evidence:
    """Evidence on the largest of several differences, with a table of the largest ones."""
    order = sorted(disparities.items(), key=lambda item: -item[1].value if item[1].is_estimable else math.inf)
    top = order[0][1]
    rows = tuple(
        (column, d.rows, *(None if math.isnan(x) else x for x in (d.value, d.low, d.high)))
        for column, d in order[:TABLE_ROWS]
    )
    return Evidence(
        metric="missing share difference",
        value=top.value if top.is_estimable else None,
        interval=Interval(top.low, top.high, confidence, METHOD_DIFFERENCE) if top.is_estimable else None,
        n=top.rows,
        threshold=MISSING_TOLERANCE,
        unit="share",
        table=Table(("column", "rows", "difference", "low", "high"), rows),
    )


DATA_CHECKS = (
    Check("FB001", "Representation of the groups", Severity.INFO, representation),
    Check("FB002", "Labels by group", Severity.WARNING, label_disparity),
    Check("FB003", "Missing values by group", Severity.WARNING, missingness),
)
