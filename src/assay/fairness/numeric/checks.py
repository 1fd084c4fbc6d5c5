"""The fairness checks of a numeric label."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.fairness.data.checks import BEFORE_TRAINING, REPRESENTATION
from assay.fairness.disparity import MIN_CASES
from assay.fairness.numeric.means import ABSOLUTE_ERROR, MEAN_ERROR, MEAN_LABEL, MEAN_PREDICTION, Means
from assay.fairness.outcomes import TABLE_ROWS, each_feature
from assay.fairness.wording import confidently, counted, listing, percent, points, points_between
from assay.findings import Check, Evidence, Interval, Outcome, Severity, Status, Subject, Table, or_none
from assay.small_cells import is_small, shown_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assay.fairness.counts import Feature
    from assay.fairness.numeric.assessment import NumericContext

_METHOD = "Welch, all pairs"
_WHAT = {
    MEAN_LABEL: "The mean label",
    MEAN_ERROR: "The mean error of predictions (prediction less label)",
    ABSOLUTE_ERROR: "The mean absolute error of predictions",
    MEAN_PREDICTION: "The mean prediction",
}
_REMEDY = {
    MEAN_LABEL: "Ask how the labels came about: a model learns this difference as it is.",
    MEAN_ERROR: (
        "Look at the suspect labels and the missing values of both groups, and for a feature that would explain the "
        "difference; collect more rows of the group that is predicted worse, and assess again."
    ),
    ABSOLUTE_ERROR: (
        "Look for what is recorded less well for the group with the larger errors; its labels may also vary more."
    ),
    MEAN_PREDICTION: (
        "Compare with FB002: a model repeats the mean labels. Decide with those who are affected whether the "
        "difference is justified."
    ),
}
_MORE_ROWS = "Collect more rows of the groups concerned, or merge groups where that is meaningful."


def labels_by_group(context: NumericContext) -> Iterator[Outcome]:
    """FB002: compare the mean label of the groups."""
    return each_feature(
        context, "the disparity of their labels is", lambda feature: [_outcome(context, feature, MEAN_LABEL)]
    )


def errors_by_group(context: NumericContext) -> Iterator[Outcome]:
    """FB014: compare the mean error (it may block), the mean absolute error and the predictions (these warn)."""

    def answer(feature: Feature) -> Iterable[Outcome]:
        yield _outcome(context, feature, MEAN_ERROR)
        yield _outcome(context, feature, ABSOLUTE_ERROR)
        yield _predictions(context, feature)

    return each_feature(context, "the errors of a model on them are", answer)


def _predictions(context: NumericContext, feature: Feature) -> Outcome:
    """Demographic parity of a number: equal mean predictions; the shares beyond any threshold are told with them."""
    outcome, distance = _outcome(context, feature, MEAN_PREDICTION), context.distances.get(feature.name)
    if distance is None or distance.pair is None:
        return outcome
    first, second = (feature.label(group) for group in distance.pair)
    words = (
        f"At some threshold the shares of {first} and {second} that are predicted beyond it differ by "
        f"{points(distance.value)} (joint {confidently(context.config.confidence)} "
        f"{points_between(distance.low, distance.high)}). This decides nothing: predictions that crowd about one "
        "value lie on either side of a threshold there by a hair."
    )
    return replace(outcome, message=f"{outcome.message} {words}")


def _outcome(context: NumericContext, feature: Feature, metric: str) -> Outcome:
    found, confidence = context.means[feature.name][metric], context.config.confidence
    what, remedy = _WHAT[metric], _REMEDY[metric]
    # An intersection has many small groups, and a label that varies more in one group is harder to predict there.
    lowered = Severity.WARNING if feature.is_intersection or metric != MEAN_ERROR else None
    if context.obstacle is not None:
        return Outcome(Status.INCONCLUSIVE, context.obstacle, Subject(feature.columns), severity=lowered)
    if found.highest is None or found.lowest is None:
        words = (
            f"{what} cannot be compared: fewer than two groups of {feature.name} have "
            f"{counted(context.config.min_group_size, 'judged row')} each, and {MIN_CASES} of them off the commonest "
            "value."
        )
        return Outcome(Status.INCONCLUSIVE, words, Subject(feature.columns), None, _MORE_ROWS, lowered)
    words = (
        f"{what} differs by {found.difference:.3f} standard deviations of the label (joint {confidently(confidence)} "
        f"{found.low:.3f} to {found.high:.3f}; {found.tolerance:g} tolerated): {found.means[found.highest]:.3f} for "
        f"{feature.label(found.highest)} and {found.means[found.lowest]:.3f} for {feature.label(found.lowest)}."
    )
    if found.left_out > 0:
        rows = int(found.rows.sum() - found.rows[list(found.compared)].sum())
        held = f"{shown_count(rows)} of the rows" if is_small(rows) else f"{percent(found.left_out)} of the rows"
        words += f" {held[0].upper()}{held[1:]} are in groups with too few of them to be compared (FB013)."
    remedies = {Status.FAILED: remedy, Status.INCONCLUSIVE: _MORE_ROWS}
    return Outcome(
        found.status,
        words,
        Subject(feature.columns),
        _evidence(found, feature, confidence),
        remedies.get(found.status, ""),
        lowered,
    )


def _evidence(found: Means, feature: Feature, confidence: float) -> Evidence:
    order = np.argsort(-np.nan_to_num(found.means, nan=-np.inf), kind="stable").tolist()[:TABLE_ROWS]
    cells = tuple(
        (
            feature.groups[g],
            int(found.rows[g]),
            *map(or_none, (found.means[g], found.errors[g])),
        )
        for g in order
    )
    return Evidence(
        metric=f"difference in the {found.metric}",
        value=found.difference,
        interval=Interval(found.low, found.high, confidence, _METHOD),
        n=int(found.rows[list(found.compared)].sum()),
        threshold=found.tolerance,
        unit="standard deviations of the label",
        table=Table(("group", "rows", found.metric, "standard error"), cells),
        between=tuple(feature.groups[end] for end in (found.lowest, found.highest) if end is not None),
    )


def small_groups(context: NumericContext) -> Iterator[Outcome]:
    """FB013: name the groups that are too small to be compared."""
    least = context.config.min_group_size

    def answer(feature: Feature) -> Iterable[Outcome]:
        found = context.means[feature.name][MEAN_ERROR]
        small = [g for g in range(len(feature.groups)) if g not in found.compared]
        if not small:
            words = f"All {len(feature.groups):,} groups of {feature.name} have enough rows to be compared."
            smallest = Evidence("rows of the smallest group", float(found.rows.min()), unit="rows")
            yield Outcome(Status.PASSED, words, Subject(feature.columns), smallest)
            return
        names = listing(
            [
                f"{feature.groups[g]} ({shown_count(int(found.rows[g]))})"
                for g in sorted(small, key=lambda g: found.rows[g])
            ]
        )
        has = "has" if len(small) == 1 else "have"
        words = (
            f"{len(small):,} of {counted(len(feature.groups), 'group')} of {feature.name} {has} fewer than "
            f"{counted(least, 'judged row')}, or fewer than {MIN_CASES} with another label than the commonest, and "
            f"{has} not been compared: {names}."
        )
        cells = tuple((feature.groups[g], int(found.rows[g])) for g in small[:TABLE_ROWS])
        evidence = Evidence(
            "groups not compared",
            float(len(small)),
            n=len(feature.groups),
            unit="groups",
            table=Table(("group", "rows"), cells),
        )
        yield Outcome(Status.INCONCLUSIVE, words, Subject(feature.columns), evidence, _MORE_ROWS)

    return each_feature(context, "which of them can be judged is", answer)


def of_classes_only(context: NumericContext) -> Iterator[Outcome]:
    """FB010 to FB012 and FB015 to FB018: what is asked of classes."""
    words = "The label is a number, which is not granted or withheld; FB014 compares the errors of its predictions."
    if context.config.control:
        words += " `fairness.control` has no part in it."
    yield Outcome(Status.NOT_APPLICABLE, words, Subject((context.dataset.roles.label,)))


NUMERIC_CHECKS: tuple[Check[Any], ...] = (
    REPRESENTATION,
    Check("FB002", "Labels by group", Severity.WARNING, labels_by_group),
    *BEFORE_TRAINING,
    Check("FB010", "Demographic parity", Severity.WARNING, of_classes_only),
    Check("FB011", "Equalized odds", Severity.CRITICAL, of_classes_only),
    Check("FB012", "Accuracy and precision by group", Severity.WARNING, of_classes_only),
    Check("FB013", "Groups too small to be judged", Severity.WARNING, small_groups),
    Check("FB014", "Error of predictions by group", Severity.CRITICAL, errors_by_group),
    Check("FB015", "Calibration by group", Severity.WARNING, of_classes_only),
    Check("FB016", "Ranking by group", Severity.WARNING, of_classes_only),
    Check("FB017", "Flip test", Severity.WARNING, of_classes_only),
    Check("FB018", "Individual consistency", Severity.INFO, of_classes_only),
)
