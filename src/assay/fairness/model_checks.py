"""Checks of the out-of-sample predictions: whom a model trained on these data would treat how."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.context import DEMOGRAPHIC_PARITY, EQUALIZED_ODDS
from assay.fairness.control.checks import QUESTIONS, within_strata
from assay.fairness.disparity import MIN_CASES, comparable
from assay.fairness.outcomes import TABLE_ROWS, TELL_APART, disparity_outcome, each_assessment, nearly_none
from assay.fairness.rates import ACCURACY, PRECISION
from assay.fairness.simultaneous import critical_value
from assay.fairness.wording import about, counted, listing
from assay.findings import Check, Evidence, Outcome, Severity, Status, Subject, Table
from assay.intervals import wilson
from assay.small_cells import SMALLEST_CELL, is_small, shown_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from assay.fairness.context import Assessment, FairnessContext
    from assay.fairness.counts import Feature
    from assay.fairness.rates import Rates


def demographic_parity(context: FairnessContext) -> Iterator[Outcome]:
    """FB010: compare how often a model would give the groups the positive outcome; it follows the base rates."""
    return _ask(
        context,
        DEMOGRAPHIC_PARITY,
        "their selection rates are",
        "Compare with FB002: a model repeats the base rates of its labels. Decide with those who are affected whether "
        "the difference is justified; if not, mitigate in the labels or with a constraint on the model.",
    )


def equalized_odds(context: FairnessContext) -> Iterator[Outcome]:
    """FB011: compare how often the groups' positives are found and their negatives taken for positives."""
    return _ask(
        context,
        EQUALIZED_ODDS,
        "the errors of a model on them are",
        "Look at the suspect labels and the missing values of the group that fares worse, collect more of its rows, "
        "and assess again; where the disparity remains, mitigate it in training or by thresholds for each group.",
    )


def accuracy_disparity(context: FairnessContext) -> Iterator[Outcome]:
    """FB012: compare how often the predictions are right, and how often a predicted positive is one."""
    return _ask(
        context,
        ACCURACY,
        "the accuracy of a model on them is",
        "Look for what is recorded less well for the group with the lower figure: wrong labels, missing values, "
        "features that mean something else for it.",
    )


def _ask(context: FairnessContext, question: str, what: str, remedy: str) -> Iterator[Outcome]:
    def answer(assessment: Assessment) -> Iterable[Outcome]:
        yield disparity_outcome(context, assessment, question, remedy)
        if question in QUESTIONS and not assessment.says_nothing_of(question):
            yield from within_strata(context, assessment, question)

    return each_assessment(context, what, answer)


def judgeable_groups(context: FairnessContext) -> Iterator[Outcome]:
    """FB013: name the groups that are too small to be compared, and how many rows would be needed."""
    return each_assessment(context, "which of them can be judged is", _too_small)


def _too_small(assessment: Assessment) -> Iterator[Outcome]:
    feature = assessment.feature
    judged = [assessment.rates[metric] for metric in assessment.judged_metrics]
    constant = assessment.positive is not None and assessment.constant_prediction
    if constant:
        # Without a predicted positive no group has a precision, however many rows it has.
        judged = [r for r in judged if r.metric != PRECISION]
        yield Outcome(
            Status.INCONCLUSIVE,
            f"In the compared groups of {feature.name} the model {constant}: no number of rows would tell how a model "
            "that predicts both classes would treat them.",
            Subject(feature.columns),
            remedy=TELL_APART,
        )
    enough = {
        r.metric: comparable(r, assessment.group_rows, assessment.ruler_of(r.metric).min_group_size) for r in judged
    }
    never = assessment.never_predicted
    if never:
        yield _never_predicted(assessment, never)
    rare = [r for r in judged if assessment.positive is None and r.is_conditional and enough[r.metric].sum() < 2]
    if rare:
        yield _rare_classes(feature, rare)
    left_out = {
        group: [r for r in judged if r not in rare and not enough[r.metric][group]]
        for group in range(len(feature.groups))
    }
    left_out = {group: rates for group, rates in left_out.items() if rates}
    cases_needed = {r.metric: _cases_needed(assessment, r) for r in judged}
    if left_out and feature.is_intersection:
        yield _many_groups(assessment, left_out, cases_needed)
    elif left_out:
        yield from (_one_group(assessment, group, rates, cases_needed) for group, rates in left_out.items())
    elif not rare and not never and not constant:
        message = f"All {len(feature.groups):,} groups of {feature.name} have enough rows to be compared."
        smallest = Evidence("rows of the smallest group", float(assessment.group_rows.min()), unit="rows")
        yield Outcome(Status.PASSED, message, Subject(feature.columns), smallest)


def _rare_classes(feature: Feature, rare: list[Rates]) -> Outcome:
    message = (
        f"No two groups of {feature.name} have {MIN_CASES} rows each to compare {len(rare):,} of the classes by: "
        f"{listing([r.metric for r in rare])}."
    )
    table = Table(("metric", "rows"), tuple((r.metric, int(r.rows.sum())) for r in rare[:TABLE_ROWS]))
    evidence = Evidence("classes not compared", float(len(rare)), unit="classes", table=table)
    return Outcome(Status.INCONCLUSIVE, message, Subject(feature.columns), evidence, _MERGE)


def _never_predicted(assessment: Assessment, metrics: tuple[str, ...]) -> Outcome:
    feature, rates = assessment.feature, [assessment.rates[metric] for metric in metrics]
    message = (
        f"{len(metrics):,} of {counted(len(assessment.classes), 'class', 'classes')} "
        f"{'is' if len(metrics) == 1 else 'are'} never predicted in any compared group of {feature.name}, so that "
        f"nothing can be said of a disparity: {listing([r.metric for r in rates])}."
    )
    table = Table(("metric", "rows"), tuple((r.metric, int(r.rows.sum())) for r in rates[:TABLE_ROWS]))
    evidence = Evidence("classes never predicted", float(len(metrics)), unit="classes", table=table)
    return Outcome(Status.INCONCLUSIVE, message, Subject(feature.columns), evidence, _LEARN)


_LEARN = (
    "Collect more rows of these classes, merge them with others where that is meaningful, or leave them out; a model "
    "that never predicts a class is wrong about all of its rows."
)


def _many_groups(
    assessment: Assessment, left_out: Mapping[int, list[Rates]], cases_needed: Mapping[str, float]
) -> Outcome:
    """One outcome for all groups of an intersection: there may be hundreds."""
    feature, rows = assessment.feature, assessment.group_rows
    order = sorted(left_out, key=lambda group: int(rows[group]))
    message = (
        f"{len(left_out):,} of {counted(len(feature.groups), 'group')} of {feature.name} "
        f"{'has' if len(left_out) == 1 else 'have'} too few rows for some or all "
        f"comparisons: {listing([f'{feature.groups[g]} ({shown_count(int(rows[g]))})' for g in order])}."
    )
    cells = tuple(
        (
            feature.groups[g],
            int(rows[g]),
            None
            if any(nearly_none(assessment, g, r) for r in left_out[g])
            else _rows_needed(assessment, g, left_out[g], cases_needed),
            listing([r.metric for r in left_out[g]]),
        )
        for g in order[:TABLE_ROWS]
    )
    table = Table(("group", "rows", "rows that would decide", "not compared in"), cells)
    evidence = Evidence("groups not compared", float(len(left_out)), n=len(feature.groups), unit="groups", table=table)
    return Outcome(Status.INCONCLUSIVE, message, Subject(feature.columns), evidence, _MERGE)


def _one_group(assessment: Assessment, group: int, rates: list[Rates], cases_needed: Mapping[str, float]) -> Outcome:
    feature, rows = assessment.feature, int(assessment.group_rows[group])
    size = assessment.ruler_of(rates[0].metric).min_group_size
    if rows < size:
        count = "" if is_small(rows) else f"{rows:,}, "
        why = f"has too few rows that can be judged ({count}fewer than {size:,}) and is compared in nothing"
        evidence = Evidence("rows", float(rows), n=rows, threshold=float(size), unit="rows")
    else:
        why = "has too few cases for " + listing(
            [f"the {r.metric} ({shown_count(int(r.rows[group]))} {r.case})" for r in rates]
        )
        least = int(min(r.rows[group] for r in rates))
        evidence = Evidence(rates[0].case, float(least), n=rows, threshold=float(MIN_CASES), unit="rows")
    lacking = [r for r in rates if rows >= size and nearly_none(assessment, group, r)]
    needed = None if lacking else _rows_needed(assessment, group, rates, cases_needed)
    decide = "" if needed is None else f" At least about {about(needed)} rows of the group would decide."
    if lacking:
        cases = " or ".join(dict.fromkeys(r.case for r in lacking))
        decide = (
            f" Nearly none of its {rows:,} rows are {cases}, unlike those of the other groups: more rows of it will "
            "hardly decide."
        )
    subject = Subject(feature.columns, feature.label(group))
    return Outcome(Status.INCONCLUSIVE, f"{feature.label(group)} {why}.{decide}", subject, evidence, _MERGE)


_MERGE = (
    "Collect more rows of these groups, or merge groups where that is meaningful; until then nobody can tell how a "
    "model would treat them."
)


# Of how sure the share of cases in a group is: a limit for a rough figure, not a judgement.
_SHARE_CONFIDENCE = 0.95


def _cases_needed(assessment: Assessment, rates: Rates) -> float:
    """Cases among which a group's rate would be known to within the tolerance.

    z^2 p (1 - p) / tolerance^2, with the simultaneous critical value z and the rate p of all groups together.
    """
    ruler = assessment.ruler_of(rates.metric)
    z = critical_value(len(assessment.feature.groups), ruler.confidence)
    p = float(np.average(np.nan_to_num(rates.shares), weights=rates.cases)) if rates.cases.sum() > 0 else 0.5
    return float(max(MIN_CASES if rates.is_conditional else 1, z**2 * p * (1 - p) / ruler.tolerance**2))


def _rows_needed(
    assessment: Assessment, group: int, rates: list[Rates], cases_needed: Mapping[str, float]
) -> int | None:
    """Rows of a group with so many cases of each rate; None where it has as many already.

    The cases are divided by the largest share of cases that the group's own rows allow (upper Wilson limit): it takes
    at least so many. Of a group of fewer than `SMALLEST_CELL` rows nothing is told but its least size.
    """
    rows = int(assessment.group_rows[group])
    needed = [0]
    for r in rates:
        # Fewer cases than may be shown count as that many: the number of rows would tell how many they are.
        cases = rows if is_small(rows) else min(rows, max(int(r.rows[group]), SMALLEST_CELL))
        share = wilson(cases, rows, _SHARE_CONFIDENCE)
        least = assessment.ruler_of(r.metric).min_group_size
        needed += [least, math.ceil(cases_needed[r.metric] / (share.high if share else 1.0))]
    return max(needed) if max(needed) > rows else None


MODEL_CHECKS = (
    Check("FB010", "Demographic parity", Severity.WARNING, demographic_parity),
    Check("FB011", "Equalized odds", Severity.CRITICAL, equalized_odds),
    Check("FB012", "Accuracy and precision by group", Severity.WARNING, accuracy_disparity),
    Check("FB013", "Groups too small to be judged", Severity.WARNING, judgeable_groups),
)
