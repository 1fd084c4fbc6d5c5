"""FB017 and FB018: what a model does to single people, with another sensitive feature, and to people who are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.dataset import MISSING_GROUP
from assay.fairness.individual.flip_shares import compute_flip_share, tried_rows
from assay.fairness.individual.neighbours import (
    MAX_ROWS,
    MAX_TWIN_ROWS,
    Consistency,
    Twins,
    compute_consistency,
    equal_rows,
    find_twins,
    read_points,
    sample_rows,
)
from assay.fairness.outcomes import TABLE_ROWS, each_assessment
from assay.fairness.wording import confidently, percent
from assay.findings import Check, Evidence, Interval, Outcome, Severity, Status, Subject, Table
from assay.intervals import bonferroni, judge_lower, judge_upper, wilson
from assay.small_cells import is_small, shown_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assay.fairness.context import Assessment, FairnessContext
    from assay.fairness.counts import Feature
    from assay.fairness.individual.flip_shares import FlipShare

    Row = tuple[str | None, str, float, float, float, int]

INDIVIDUAL = ("feature", "measure", "value", "low", "high", "n")
FLIPS, CONSISTENCY = "flip share", "consistency"
_MODELS = {"the network": "The network", "trees": "The boosted trees", "linear": "The linear model"}
_DECIDE = (
    "Decide whether {} may play a part in the prediction at all. Where it may not, train without it "
    "(`learning.use_sensitive: false`), and look at the columns that stand in for it (FB007)."
)


def flip_test(context: FairnessContext) -> Iterator[Outcome]:
    """FB017: the share of predictions that change where a sensitive feature alone has another value."""
    features = [a.feature for a in context.assessments.values() if not a.feature.is_intersection]
    reasons = {feature.name: _unasked(context, feature) for feature in features}
    confidence = bonferroni(context.config.confidence, len(features))
    found = {f.name: compute_flip_share(context, f, confidence) for f in features if reasons[f.name] is None}
    context.measured[FLIPS] = _frame(
        [(name, FLIPS, x.value, x.interval.low, x.interval.high, x.rows) for name, x in found.items()]
    )

    def answer(assessment: Assessment) -> Iterator[Outcome]:
        name = assessment.feature.name
        if name in found:
            yield _flip_outcome(context, assessment.feature, found[name])
        elif reason := reasons.get(name):  # none for an intersection: its features are not changed together
            yield Outcome(*reason, Subject(assessment.feature.columns))

    return each_assessment(context, "what a model makes of them alone is", answer)


def consistency(context: FairnessContext) -> Iterator[Outcome]:
    """FB018: whether rows that are alike in all but the sensitive features get the same prediction."""
    features = [a.feature for a in context.assessments.values() if not a.feature.is_intersection]
    if not features:
        yield from each_assessment(context, "how alike people who are alike are treated is", lambda _: ())
        return
    dataset = context.dataset
    columns = [name for name in dataset.roles.features if name not in dataset.roles.sensitive]
    found, rows = None, sample_rows(context.judged, MAX_ROWS)
    if columns:
        points = read_points(dataset.frame[columns].iloc[rows], columns)
        found = compute_consistency(points, context.predictions.pred_probs[rows].argmax(axis=1))
    if found is None or is_small(found.rows):
        words = "Who is alike cannot be judged: there are too few rows, or no feature besides the sensitive ones."
        yield Outcome(Status.NOT_APPLICABLE, words, Subject())
        return
    yield _consistency_outcome(context, found, [(f, _twins(context, f, columns)) for f in features])


def individual_table(context: FairnessContext) -> pd.DataFrame:
    """What FB017 and FB018 measured, as `FairnessResult.individual`; no rows of what was not asked."""
    frames = [context.measured[name] for name in (FLIPS, CONSISTENCY) if name in context.measured]
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else _frame([])


def _frame(rows: list[Row]) -> pd.DataFrame:
    # As objects, the missing feature of "all" stays None.
    features = pd.Series([row[0] for row in rows], dtype=object)
    return pd.DataFrame(rows, columns=list(INDIVIDUAL)).assign(feature=features)


def _unasked(context: FairnessContext, feature: Feature) -> tuple[Status, str] | None:
    """Why no model was asked about a feature, if none was."""
    dataset, given = context.dataset, context.predictions.given
    if given is not None:
        words = (
            f"The predictions were given; the model that made them was not asked about other values of {feature.name}."
        )
        return Status.NOT_APPLICABLE, words
    column = dict(zip(map(str, dataset.groups.columns), dataset.roles.group_columns, strict=False)).get(feature.name)
    if column is not None and column not in dataset.roles.features:
        words = (
            f"The model does not see {feature.name}: no prediction changes with it alone. FB007 tells which columns "
            "stand in for it."
        )
        return Status.NOT_APPLICABLE, words
    if is_small(int(tried_rows(context, feature).sum())):
        words = (
            f"What the model would predict with another value of {feature.name} was tried on too few rows, or on none."
        )
        return Status.INCONCLUSIVE, words
    return None


def _flip_outcome(context: FairnessContext, feature: Feature, found: FlipShare) -> Outcome:
    config, limits = context.config, found.interval
    status = judge_upper(limits, config.max_flip_share)
    model = _MODELS.get(context.model, "The model")
    message = (
        f"{model} would predict another class for {percent(found.value)} of the rows "
        f"if {feature.name} alone had another value (joint {confidently(config.confidence)} {percent(limits.low)} to "
        f"{percent(limits.high)}; {percent(config.max_flip_share)} tolerated), tried on {found.rows:,} rows."
    )
    remedy = {Status.FAILED: _DECIDE.format(feature.name), Status.INCONCLUSIVE: "More rows would decide."}
    if found.one_class and found.value == 0:
        status = Status.INCONCLUSIVE
        message = (
            f"{model} predicts one class for all {found.rows:,} rows that were tried: that {feature.name} changes "
            "none of these predictions says nothing."
        )
        remedy[status] = "More rows, or features from which the label can be learned (MH001), would decide."
    elif status is Status.INCONCLUSIVE and found.lasting == 0 and found.value > 0:
        message += (
            f" No direction of these changes is shown that lasts: as many may come from the luck of these rows and "
            f"trainings, with a {feature.name} that means nothing."
        )
    if found.by_group and found.value > 0:
        group, _, share, *_ = max(found.by_group, key=lambda row: row[2])
        message += f" Most often for {feature.name} = {group}: {percent(share)}."
    evidence = Evidence(
        metric=FLIPS,
        value=found.value,
        interval=Interval(limits.low, limits.high, config.confidence, f"{limits.method}, Bonferroni"),
        n=found.rows,
        threshold=config.max_flip_share,
        unit="share",
        table=Table(("group", "rows", "share", "low", "high"), found.by_group[:TABLE_ROWS]),
    )
    return Outcome(status, message, Subject(feature.columns), evidence, remedy.get(status, ""))


def _twins(context: FairnessContext, feature: Feature, columns: list[str]) -> Twins:
    known = np.array([name != MISSING_GROUP for name in feature.groups])[feature.codes]
    rows = sample_rows(context.judged & known, MAX_TWIN_ROWS)
    predicted = context.predictions.pred_probs[rows].argmax(axis=1)
    return find_twins(equal_rows(context.dataset.frame[columns].iloc[rows]), feature.codes[rows], predicted)


def _consistency_outcome(
    context: FairnessContext, found: Consistency, twins: Iterable[tuple[Feature, Twins]]
) -> Outcome:
    confidence = context.config.confidence
    interval = wilson(found.value * found.rows, found.rows, confidence)
    assert interval is not None
    context.measured[CONSISTENCY] = _frame([(None, CONSISTENCY, found.value, interval.low, interval.high, found.rows)])
    status = judge_lower(interval, found.by_chance)
    words = (
        f"Of the {found.neighbours} rows nearest to a row in all features but the sensitive ones, "
        f"{percent(found.value)} are predicted as it is (consistency; {confidently(confidence)} "
        f"{percent(interval.low)} to {percent(interval.high)}, {found.rows:,} rows), and of rows drawn at random "
        f"{percent(found.by_chance)}."
    )
    if found.by_chance >= 1:
        status = Status.INCONCLUSIVE
        words = f"All {found.rows:,} rows that were looked at are predicted alike: nothing can be told of neighbours."
    for feature, pair in twins:
        if pair.rows:
            words += (
                f" Of {shown_count(pair.rows)} rows that equal a row of another group of {feature.name} in all "
                f"features but the sensitive ones, {shown_count(pair.apart)} are predicted otherwise than such a row."
            )
    evidence = Evidence(CONSISTENCY, found.value, interval, found.rows, found.by_chance, "share")
    return Outcome(status, words, Subject(), evidence)


INDIVIDUAL_CHECKS = (
    Check("FB017", "Flip test", Severity.WARNING, flip_test),
    Check("FB018", "Individual consistency", Severity.INFO, consistency),
)
