"""What the checks of this stage have in common: a loop over the features, and the words for a disparity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from assay.dataset import MISSING_GROUP
from assay.fairness.disparity import DIFFERENCE, MOST_LEFT_OUT, Disparity, combine, worst_status
from assay.fairness.rates import ACCURACY
from assay.fairness.simultaneous import METHOD_DIFFERENCE, METHOD_RATIO
from assay.fairness.to_overall import METHOD_TO_OVERALL
from assay.fairness.wording import about, confidently, counted, listing, percent, points, points_between, together
from assay.findings import Evidence, Interval, Outcome, Severity, Status, Subject, Table, or_none
from assay.small_cells import SMALLEST_CELL, is_small, shown_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from assay.fairness.context import Assessment, DataContext, FairnessContext
    from assay.fairness.counts import Feature
    from assay.fairness.rates import Rates

NO_FEATURE = "No sensitive feature is configured, so the groups of people in the data are unknown and {} unassessed."
NAME_THEM = "Name the sensitive columns under `sensitive`; without them nobody knows whom the data would harm."
_RECORD_IT = "Supply the values, or take the feature off `sensitive` if nobody knows them."
# A finding's table is small; FairnessResult.by_group has every group.
TABLE_ROWS = 30
# A group with less than this part of the others' share of cases has next to none, however many rows are collected.
_NEARLY_NONE = 0.1
# Parts of a question that a message spells out; the others are in FairnessResult.disparities.
SPELT_OUT = 3


def each_feature(context: DataContext, what: str, answer: Callable[[Feature], Iterable[Outcome]]) -> Iterator[Outcome]:
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
    status = assessment.status(question)
    feature, confidence = assessment.feature, context.config.confidence
    decisive = worst_status(parts)
    shown = tuple(sorted(parts, key=lambda d: (d.status is not decisive, not d.is_estimable, -d.value)))
    shown, others = (parts, ()) if len(parts) <= SPELT_OUT else (shown[:SPELT_OUT], shown[SPELT_OUT:])
    sentences = [
        *_incomparable([part for part in shown if len(part.compared) < 2], feature),
        *(_sentence(part, assessment, confidence) for part in shown if len(part.compared) > 1),
    ]
    if others:
        became = [f"{n:,} {outcome}" for outcome in Status if (n := sum(d.status is outcome for d in others))]
        words = together(became) if len(became) > 1 else str(others[0].status)
        sentences.append(f"{counted(len(others), 'other comparison')}: {words}.")
    sentences += _parity(parts, assessment, confidence)
    sentences += _left_out(assessment, question)
    constant = assessment.says_nothing_of(question)
    if status is Status.INCONCLUSIVE:
        sentences.append(_says_nothing(assessment, question) if constant else _what_would_decide(parts, assessment))
    if feature.is_intersection:
        # The groups that follow go without the name.
        sentences[0] = f"{feature.name}: {sentences[0][0].lower()}{sentences[0][1:]}"
    remedies = {Status.FAILED: remedy, Status.INCONCLUSIVE: TELL_APART if constant else _MORE_ROWS}
    return Outcome(
        status,
        " ".join(sentences),
        Subject(feature.columns),
        _evidence(assessment, question, parts, confidence),
        remedies.get(status, ""),
        lowered(feature),
    )


TELL_APART = (
    "Look for features that tell the classes apart, weigh the rarer class more, or collect more of its rows; assess "
    "again when a model predicts more than one class."
)
_MORE_ROWS = (
    "Collect more rows of the groups concerned, or merge groups where that is meaningful. Where neither is possible, "
    "a person can answer for it by a waiver (`policy.waivers`), or another `fairness.tolerance` be set with a reason."
)


def _incomparable(parts: Sequence[Disparity], feature: Feature) -> Iterator[str]:
    """Sentences on the rates that fewer than two groups have enough cases for, alike ones in one."""
    for known in sorted({len(part.compared) for part in parts}):
        alike = [part for part in parts if len(part.compared) == known]
        metrics = together([f"the {metric}" for metric in dict.fromkeys(d.metric for d in alike)])
        cases = " or ".join(dict.fromkeys(d.case for d in alike))
        has = "no group" if known == 0 else f"only {known} of {counted(len(feature.groups), 'group')}"
        yield f"{metrics[0].upper()}{metrics[1:]} cannot be compared: {has} of {feature.name} has enough {cases}."


def _sentence(part: Disparity, assessment: Assessment, confidence: float) -> str:
    feature = assessment.feature
    if not part.is_estimable:
        return f"The {part.metric} is 0 in every group of {feature.name}, so that it has no ratio."
    assert part.worst is not None
    # Joint: it holds together with those of the other comparisons of its family.
    interval = f"joint {confidently(confidence)}"
    if part.kind != DIFFERENCE:
        limits = f"{interval} {percent(part.low)} to {percent(part.high)}"
        rule = f"at least {percent(part.threshold)} asked for"
        of = "two groups" if part.best is not None else "a group and everybody"
        return f"The smallest ratio of {of} in the {part.metric} is {percent(part.value)} ({limits}; {rule})."
    shares = assessment.rates[part.metric].shares
    if part.best is None:
        return (
            f"The {part.metric} of a group differs from that of everybody by up to {points(part.value)} "
            f"({interval} {points_between(part.low, part.high)}; {points(part.threshold)} tolerated): "
            f"{percent(shares[part.worst])} for {feature.short(part.worst)} and {percent(part.overall)} for everybody."
        )
    ends = " and ".join(f"{percent(shares[group])} for {feature.short(group)}" for group in (part.worst, part.best))
    rule = f"{points(part.threshold)} tolerated"
    limits = f"{interval} {points_between(part.low, part.high)}"
    return f"The {part.metric} differs by {points(part.value)} ({limits}; {rule}): {ends}."


def _parity(parts: Sequence[Disparity], assessment: Assessment, confidence: float) -> Iterator[str]:
    """Whether chance alone explains what was found; the status rests on the intervals."""
    p_value = min((part.p_value for part in parts if not math.isnan(part.p_value)), default=math.nan)
    if not math.isnan(p_value):
        weighted = not np.array_equal(assessment.cells.weight, assessment.cells.rows)
        test = "permutation test on effective counts" if weighted else "permutation test"
        excluded = "excluded" if p_value <= 1 - confidence else "not excluded"
        yield f"That the groups do not differ at all is {excluded}: p {_equals(p_value)} ({test}, adjusted)."


def _equals(p_value: float) -> str:
    """0.0312 as "= 0.031", 0.00002 as "< 0.001"."""
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}" if p_value < 0.1 else f"= {p_value:.2f}"


def _left_out(assessment: Assessment, question: str) -> Iterator[str]:
    """Who was left out of some or all comparisons, and whether that is too much for a passed check."""
    feature, parts, share = assessment.feature, assessment.parts(question), assessment.left_out_share(question)
    groups = sorted({group for part in parts for group in part.left_out})
    rows, total = int(assessment.group_rows[groups].sum()), int(assessment.group_rows.sum())
    if groups:
        held = f"{shown_count(rows)} of {total:,} rows"
        if not is_small(rows):
            held += f" ({percent(rows / total)})"
        yield (
            f"Left out of some or all of this for want of rows (FB013): {len(groups):,} of "
            f"{counted(len(feature.groups), 'group')} with {held}: "
            f"{listing([feature.short(group) for group in groups])}."
        )
    missing = len(assessment.disparities[question]) - len(parts)
    if missing:
        yield f"{counted(missing, 'comparison')} by class had to be left out as well (FB013)."
    if share > MOST_LEFT_OUT:
        # The share of so few people times the number of rows would be their number.
        concerns = "too many" if groups and is_small(rows) else percent(share)
        yield (
            f"What is left out concerns {concerns} of the rows; with more than {percent(MOST_LEFT_OUT)} this cannot "
            "pass."
        )


def _says_nothing(assessment: Assessment, question: str) -> str:
    return (
        f"In the compared groups the model {assessment.constant_prediction}: equal rates are no evidence of equal "
        f"treatment then, and {question} says nothing."
    )


def nearly_none(assessment: Assessment, group: int, rates: Rates) -> bool:
    """Whether a group has next to no cases of a rate, so that more of its rows would not bring them.

    Fewer than `SMALLEST_CELL` cases count as that many, lest the words tell how many they are: so many are less than
    `_NEARLY_NONE` of the share of cases in all other rows.
    """
    rows, others = int(assessment.group_rows[group]), int(assessment.group_rows.sum() - assessment.group_rows[group])
    cases = int(rates.rows[group])
    if not rates.is_conditional or cases >= SMALLEST_CELL or others == 0:
        return False
    return SMALLEST_CELL * others < _NEARLY_NONE * rows * int(rates.rows.sum() - cases)


def _what_would_decide(parts: tuple[Disparity, ...], assessment: Assessment) -> str:
    lacking = [
        part
        for part in parts
        if not part.is_estimable
        and any(nearly_none(assessment, group, assessment.rates[part.metric]) for group in part.left_out)
    ]
    if lacking:
        cases = " or ".join(dict.fromkeys(part.case for part in lacking))
        return f"Some groups have next to no {cases} (FB013): more of their rows would not decide."
    undecided = [part for part in parts if part.status is Status.INCONCLUSIVE and not part.is_held_back]
    if not undecided or not all(part.is_estimable for part in undecided):
        return "More rows of the groups that are too small would decide; see FB013."
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
        method = METHOD_RATIO if ratio else METHOD_DIFFERENCE
        if figure.worst is not None and figure.best is None:
            method = METHOD_TO_OVERALL
        interval = Interval(figure.low, figure.high, confidence, method)
    return Evidence(
        metric=f"{figure.metric} {figure.kind}",
        value=or_none(figure.value),
        interval=interval,
        n=figure.rows,
        threshold=figure.threshold,
        unit="ratio" if ratio else "share",
        table=_rates_table(assessment, tuple(dict.fromkeys(part.metric for part in parts))),
        between=tuple(assessment.feature.groups[end] for end in (figure.worst, figure.best) if end is not None),
    )


def _rates_table(assessment: Assessment, metrics: tuple[str, ...]) -> Table:
    """Rates by group, the largest groups first."""
    rates = [assessment.rates[metric] for metric in metrics[:SPELT_OUT]]
    largest = np.argsort(-assessment.group_rows, kind="stable")[:TABLE_ROWS]
    rows = tuple(
        (
            assessment.feature.groups[group],
            int(assessment.group_rows[group]),
            *(or_none(rate.shares[group]) for rate in rates),
        )
        for group in largest.tolist()
    )
    return Table(("group", "rows", *(rate.metric for rate in rates)), rows)
