"""What the checks of this stage have in common: a loop over the features, and the words for a disparity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from assay.dataset import MISSING_GROUP
from assay.fairness.disparity import DIFFERENCE, Disparity, combine, worst_status
from assay.fairness.rates import ACCURACY
from assay.fairness.simultaneous import METHOD_DIFFERENCE, METHOD_RATIO
from assay.fairness.wording import about, confidently, listing, percent, points, points_between
from assay.findings import Evidence, Interval, Outcome, Severity, Status, Subject, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from assay.fairness.context import Assessment, FairnessContext
    from assay.fairness.counts import Feature

NO_FEATURE = "No sensitive feature is configured, so the groups of people in the data are unknown and {} unassessed."
NAME_THEM = "Name the sensitive columns under `sensitive`; without them nobody knows whom the data would harm."
_RECORD_IT = "Supply the values, or take the feature off `sensitive` if nobody knows them."
# A finding's table is small; FairnessResult.by_group has every group.
TABLE_ROWS = 30
# Parts of a question that a message spells out; the others are in FairnessResult.disparities.
SPELT_OUT = 3


def each_feature(
    context: FairnessContext, what: str, answer: Callable[[Feature], Iterable[Outcome]]
) -> Iterator[Outcome]:
    """Outcomes of `answer` for each feature with two groups or more; `what` completes `NO_FEATURE`."""
    if not context.features:
        yield Outcome(Status.NOT_APPLICABLE, NO_FEATURE.format(what), remedy=NAME_THEM)
    for feature in context.features:
        if feature.groups == (MISSING_GROUP,):
            unknown = f"{feature.name} is missing in every row, so that its groups are unknown."
            yield Outcome(Status.INCONCLUSIVE, unknown, Subject(feature.columns), remedy=_RECORD_IT)
        elif len(feature.groups) < 2:
            only = f"All rows are in one group of {feature.name}: there is nothing to compare."
            yield Outcome(Status.NOT_APPLICABLE, only, Subject(feature.columns))
        else:
            yield from answer(feature)


def each_assessment(
    context: FairnessContext, what: str, answer: Callable[[Assessment], Iterable[Outcome]]
) -> Iterator[Outcome]:
    """As `each_feature`, for what needs predictions; inconclusive where these cannot be assessed."""

    def assess(feature: Feature) -> Iterable[Outcome]:
        if context.obstacle:
            return [
                Outcome(Status.INCONCLUSIVE, context.obstacle, Subject(feature.columns), severity=lowered(feature))
            ]
        return answer(context.assessments[feature.name])

    return each_feature(context, what, assess)


def lowered(feature: Feature) -> Severity | None:
    """Severity of an outcome on an intersection: its groups are many and small, so it warns and never blocks."""
    return Severity.WARNING if feature.is_intersection else None


def disparity_outcome(context: FairnessContext, assessment: Assessment, question: str, remedy: str) -> Outcome:
    """Answer a question about one feature: the message names the decisive parts, the table the groups."""
    parts = assessment.parts(question)
    status = worst_status(parts)
    feature, confidence = assessment.feature, context.config.confidence
    shown = parts
    if len(parts) > SPELT_OUT:
        shown = tuple(sorted(parts, key=lambda d: (d.status is not status, -d.value))[:SPELT_OUT])
    sentences = [_sentence(part, assessment, confidence) for part in shown]
    if len(parts) > SPELT_OUT:
        sentences.append(f"{len(parts) - SPELT_OUT:,} other comparisons came out no worse.")
    left_out = sorted({group for part in parts for group in part.left_out})
    if left_out:
        names = listing([feature.label(group) for group in left_out])
        sentences.append(f"Left out of some or all of this for want of rows (FB013): {names}.")
    if status is Status.INCONCLUSIVE:
        sentences.append(_what_would_decide(parts))
    remedies = {Status.FAILED: remedy, Status.INCONCLUSIVE: _MORE_ROWS}
    return Outcome(
        status,
        " ".join(sentences),
        Subject(feature.columns),
        _evidence(assessment, question, parts, confidence),
        remedies.get(status, ""),
        lowered(feature),
    )


_MORE_ROWS = (
    "Collect more rows of the groups concerned, or merge groups where that is meaningful. Where neither is possible, a "
    "person can answer for it by a waiver (`policy.waivers`), or another `fairness.tolerance` be set with a reason."
)


def _sentence(part: Disparity, assessment: Assessment, confidence: float) -> str:
    feature = assessment.feature
    if not part.is_estimable:
        if len(part.compared) < 2:
            known = f"{len(part.compared)} of {len(feature.groups):,} groups of {feature.name}"
            return f"The {part.metric} cannot be compared: only {known} can be judged by their {part.case}."
        return f"The {part.metric} is 0 in every group of {feature.name}, so that it has no ratio."
    assert part.worst is not None
    assert part.best is not None
    if part.kind != DIFFERENCE:
        limits = f"{confidently(confidence)} {percent(part.low)} to {percent(part.high)}"
        rule = f"at least {percent(part.threshold)} asked for"
        return f"The smallest ratio of two groups in the {part.metric} is {percent(part.value)} ({limits}; {rule})."
    shares = assessment.rates[part.metric].shares
    ends = " and ".join(f"{percent(shares[group])} for {feature.label(group)}" for group in (part.worst, part.best))
    rule = f"{points(part.threshold)} tolerated"
    limits = f"{confidently(confidence)} {points_between(part.low, part.high)}"
    return f"The {part.metric} differs by {points(part.value)} ({limits}; {rule}): {ends}."


def _what_would_decide(parts: Iterable[Disparity]) -> str:
    undecided = [part for part in parts if part.status is Status.INCONCLUSIVE]
    if not all(part.is_estimable for part in undecided):
        return "More rows of the groups that are too small would decide; FB013 says how many."
    if any(part.rows_needed is None for part in undecided):
        return "This lies so near what is tolerated that no realistic number of rows would decide."
    most = max(undecided, key=lambda part: part.rows_needed or 0)
    cases = f"about {about(most.cases_needed)} {most.case} in every compared group"
    rows = f" (up to {about(most.rows_needed)} rows of a group)" if most.case != "rows" else ""
    return f"If the rates stayed as they are, {cases}{rows} would decide."


def _evidence(assessment: Assessment, question: str, parts: tuple[Disparity, ...], confidence: float) -> Evidence:
    differences = [part for part in parts if part.kind == DIFFERENCE]
    # Equalized odds is the field's name for the larger of its two parts; accuracy and precision have none together.
    name = "largest accuracy or precision" if question == ACCURACY else question
    figure = differences[0] if len(differences) == 1 else combine(differences, name)
    decisive = worst_status(parts)
    if figure.status is not decisive:  # the ratio decided
        figure = next(part for part in parts if part.status is decisive)
    ratio = figure.kind != DIFFERENCE
    interval = None
    if not math.isnan(figure.low):
        interval = Interval(figure.low, figure.high, confidence, METHOD_RATIO if ratio else METHOD_DIFFERENCE)
    return Evidence(
        metric=f"{figure.metric} {figure.kind}",
        value=None if math.isnan(figure.value) else figure.value,
        interval=interval,
        n=figure.rows,
        threshold=figure.threshold,
        unit="ratio" if ratio else "share",
        table=_rates_table(assessment, tuple(dict.fromkeys(part.metric for part in parts))),
    )


def _rates_table(assessment: Assessment, metrics: tuple[str, ...]) -> Table:
    """Rates by group, the largest groups first."""
    rates = [assessment.rates[metric] for metric in metrics[:SPELT_OUT]]
    largest = np.argsort(-assessment.group_rows, kind="stable")[:TABLE_ROWS]
    rows = tuple(
        (
            assessment.feature.groups[group],
            int(assessment.group_rows[group]),
            *(None if math.isnan(rate.shares[group]) else float(rate.shares[group]) for rate in rates),
        )
        for group in largest.tolist()
    )
    return Table(("group", "rows", *(rate.metric for rate in rates)), rows)
