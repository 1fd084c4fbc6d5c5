"""What the checks of this stage look at: the features, their rates and their disparities."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.control.strata import check_control
from assay.fairness.counts import (
    Cells,
    Feature,
    count_cells,
    judged_rows,
    only,
    predicted_classes,
    read_features,
)
from assay.fairness.disparity import (
    DIFFERENCE,
    MOST_LEFT_OUT,
    RATIO,
    Disparity,
    Ruler,
    combine,
    compare,
    share_held,
    worst_status,
)
from assay.fairness.permutation import adjusted_p_values
from assay.fairness.rates import (
    ACCURACY,
    AVERAGE_ODDS,
    BASE_RATE,
    FALSE_POSITIVE_RATE,
    MACRO_RECALL,
    PRECISION,
    SELECTION_RATE,
    TRUE_POSITIVE_RATE,
    Rates,
    compute_rates,
    in_class,
)
from assay.fairness.scores.frames import score_features
from assay.fairness.to_overall import TO_OVERALL
from assay.findings import Status
from assay.intervals import bonferroni

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from assay.dataset import Dataset
    from assay.fairness.scores.frames import Scored
    from assay.fairness_config import FairnessConfig
    from assay.results import OutOfSample

EQUALIZED_ODDS = "equalized odds"
DEMOGRAPHIC_PARITY = "demographic parity"
LABEL_DISPARITY = "base rates"


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """One feature, as far as its groups can be compared.

    Attributes
    ----------
    feature, cells
        What was compared, on which counts.
    rulers
        Question -> what its parts were held against.
    classes, positive
        Names of the learned classes, and the code of the favourable one among them, or None.
    group_rows, group_weight
        (G,) judged rows of each group, and their total weight (the rows again, without weights).
    rates
        By name of the metric.
    disparities
        Question ("base rates", "demographic parity", "equalized odds", "accuracy") -> its parts, each judged.
    """

    feature: Feature
    cells: Cells
    rulers: Mapping[str, Ruler]
    classes: tuple[str, ...]
    positive: int | None
    group_rows: npt.NDArray[np.int64]
    group_weight: npt.NDArray[np.float64]
    rates: Mapping[str, Rates]
    disparities: Mapping[str, tuple[Disparity, ...]]

    @property
    def judged_metrics(self) -> tuple[str, ...]:
        """Names of the rates that some question rests on."""
        return tuple(dict.fromkeys(d.metric for parts in self.disparities.values() for d in parts))

    def parts(self, question: str) -> tuple[Disparity, ...]:
        """Return what decides a question.

        Where every class counts, a class too rare to be compared is left out as a group would be, and one that is
        never predicted, whose rates of 0 say nothing (FB013 names both); where one class is favourable, nothing is:
        equalized odds without its false positive rate are not told.
        """
        parts = self.disparities[question]
        if self.positive is not None:
            return parts
        never = self.never_predicted if question == EQUALIZED_ODDS else ()
        return tuple(d for d in parts if d.is_estimable and d.metric not in never) or parts

    @property
    def never_predicted(self) -> tuple[str, ...]:
        """Where every class counts: true positive rates of the classes predicted in none of the compared groups."""
        if self.positive is not None:
            return ()
        return tuple(
            d.metric
            for name, d in zip(self.classes, self.disparities[EQUALIZED_ODDS], strict=True)
            if d.is_estimable and not self.rates[in_class(SELECTION_RATE, name)].shares[list(d.compared)].any()
        )

    @property
    def constant_prediction(self) -> str | None:
        """What the model does with every row of the compared groups, in words; None where it tells rows apart."""
        if not (compared := list(self.disparities[DEMOGRAPHIC_PARITY][0].compared)):
            return None
        if self.positive is None:
            predicted = [c for c in self.classes if self.rates[in_class(SELECTION_RATE, c)].shares[compared].any()]
            return f"predicts the class {predicted[0]} only" if len(predicted) == 1 else None
        what, shares = f"predicts the positive class {self.classes[self.positive]}", self.rates[SELECTION_RATE].shares
        same = set(shares[compared].tolist())
        return f"never {what}" if same == {0.0} else f"always {what}" if same == {1.0} else None

    def says_nothing_of(self, question: str) -> bool:
        """Whether a question about the predictions has no answer, since they are all the same."""
        return question != LABEL_DISPARITY and self.constant_prediction is not None

    def left_out_share(self, question: str) -> float:
        """Share of the rows about which nothing is known, in [0, 1].

        The groups left out of some part, with all their rows. Where every class has a rate of its own, each class
        counts by its share of the rows: with the groups left out of it, and wholly where it is not compared at all.
        """
        parts = self.disparities[question]
        if self.positive is not None or question != EQUALIZED_ODDS:
            groups = sorted({group for d in self.parts(question) for group in d.left_out})
            return share_held(groups, self.group_rows, self.group_weight)
        share, never = 0.0, self.never_predicted
        total = max(1, int(self.group_rows.sum()))
        for d in parts:
            # Of a class never predicted enough is known where its interval passes all the same.
            unknown = not d.is_estimable or (d.metric in never and d.status is not Status.PASSED)
            share += float(self.rates[d.metric].rows.sum()) / total * (1.0 if unknown else d.left_out_share)
        return share

    def status(self, question: str) -> Status:
        """Answer a question: as its parts do, but not passed where more than `MOST_LEFT_OUT` is unknown, or all."""
        status = worst_status(self.parts(question))
        if status is Status.PASSED and (
            self.says_nothing_of(question) or self.left_out_share(question) > MOST_LEFT_OUT
        ):
            return Status.INCONCLUSIVE
        return status

    def ruler_of(self, metric: str) -> Ruler:
        """Return what a rate was held against, in the first question that rests on it."""
        return next(
            self.rulers[question]
            for question, parts in self.disparities.items()
            if any(d.metric == metric for d in parts)
        )

    def all_disparities(self) -> tuple[Disparity, ...]:
        """All parts, and for a question of several differences their largest."""
        found: list[Disparity] = []
        for question, parts in self.disparities.items():
            found += parts
            differences = [d for d in self.parts(question) if d.kind == DIFFERENCE]
            if len(differences) > 1 and question != ACCURACY:
                found.append(replace(combine(differences, question), status=self.status(question)))
        # Means of the rates that equalized odds rest on: never farther apart than the farthest of these, so that they
        # describe and no check needs them.
        ruler = replace(self.rulers[EQUALIZED_ODDS], parts=1, plans=False)
        if ruler.method != TO_OVERALL:  # everybody's mean of rates is no mean of the groups'
            means = [self.rates[metric] for metric in (AVERAGE_ODDS, MACRO_RECALL) if metric in self.rates]
            found += [compare(mean, self.group_rows, DIFFERENCE, ruler, self.group_weight) for mean in means]
        return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class DataContext:
    """Input of the fairness checks that look at the data alone, whatever the label is.

    Attributes
    ----------
    features
        All sensitive features and their intersection.
    judged
        (N,) bool rows that figures of a model rest on.
    defects
        What is wrong with which rows -> (N,) bool.
    measured
        Tables that a check leaves for the result, lest it be measured twice: name -> table. Filled by the checks.
    """

    dataset: Dataset
    config: FairnessConfig
    features: tuple[Feature, ...]
    judged: npt.NDArray[np.bool_]
    defects: Mapping[str, npt.NDArray[np.bool_]]
    measured: dict[str, pd.DataFrame] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True, slots=True, eq=False)
class FairnessContext(DataContext):
    """Input of the fairness checks of a label that is a class.

    Attributes
    ----------
    assessments
        By name of the feature; none for a feature with one group, and none at all where there is an `obstacle`.
    obstacle
        Why the predictions cannot be assessed, as a sentence; None where they can.
    predictions
        Those of the kind of model that is judged.
    positive
        Code of the favourable class among `predictions.classes`, or None.
    scores
        What the scores say of the groups, by name of the feature; as `assessments`.
    model
        Name of the kind of model that is judged; empty for predictions that were given.
    """

    assessments: Mapping[str, Assessment]
    obstacle: str | None
    predictions: OutOfSample
    positive: int | None
    scores: Mapping[str, Scored] = field(default_factory=dict)
    model: str = ""


def build_context(
    dataset: Dataset,
    predictions: OutOfSample,
    config: FairnessConfig,
    defects: Mapping[str, npt.NDArray[np.bool_]] | None = None,
) -> FairnessContext:
    """Count, rate and compare; raises `ContractError` where the predictions do not belong to the dataset."""
    judged, defects = judged_rows(dataset, predictions), defects or {}
    check_control(dataset, config.control)
    features = read_features(dataset, intersections=config.intersections)
    split = [feature for feature in features if len(feature.groups) > 1]
    positive, obstacle = _positive(dataset, predictions)
    if not judged.any():
        obstacle = "No row has both a label and an out-of-sample prediction."
    if obstacle:
        return FairnessContext(dataset, config, features, judged, defects, {}, obstacle, predictions, positive)
    y_true = only(predictions.labels, judged)
    y_pred = predicted_classes(predictions.pred_probs, judged)
    weights = None if dataset.weights is None else only(dataset.weights, judged)
    k = len(predictions.classes)
    counted = [
        (feature, count_cells(((only(feature.codes, judged), len(feature.groups)), (y_true, k), (y_pred, k)), weights))
        for feature in split
    ]
    assessments = assess_counts(counted, predictions.classes, positive, config)
    scores = score_features(
        split, predictions, judged, positive, weights=dataset.weights, min_group_size=config.min_group_size
    )
    return FairnessContext(
        dataset, config, features, judged, defects, assessments, None, predictions, positive, scores
    )


def assess_counts(
    counted: Sequence[tuple[Feature, Cells]], classes: tuple[str, ...], positive: int | None, config: FairnessConfig
) -> dict[str, Assessment]:
    """Rate and compare the groups of each feature: from here on no row is needed, only its cells.

    Parameters
    ----------
    counted
        Features of two groups or more, each with its cells, whose keys are (group, y_true, y_pred).
    classes, positive
        Names of the K >= 2 classes, and the code of the favourable one, or None.
    config
        Tolerances and confidence.

    Returns
    -------
    dict
        By name of the feature.
    """
    questions = judged_questions(classes, positive)
    blocking, warning = _rulers(config, [feature for feature, _ in counted], questions)
    assessments = {}
    for feature, cells in counted:
        groups = len(feature.groups)
        rates = compute_rates(cells, groups, classes, positive)
        group_rows = rates[ACCURACY].rows
        group_weight = np.bincount(cells.keys[0], weights=cells.weight, minlength=groups).astype(np.float64)
        rulers = dict.fromkeys(questions, warning)
        if not feature.is_intersection:
            rulers[EQUALIZED_ODDS] = blocking
        rulers = {question: replace(ruler, parts=len(questions[question])) for question, ruler in rulers.items()}
        if positive is None:
            # Of many classes each leaves out some groups: `Assessment.left_out_share` weighs them together.
            rulers[EQUALIZED_ODDS] = replace(rulers[EQUALIZED_ODDS], most_left_out=1.0)
        disparities = {
            question: tuple(
                compare(rates[metric], group_rows, kind, rulers[question], group_weight) for metric, kind in parts
            )
            for question, parts in questions.items()
        }
        assessments[feature.name] = Assessment(
            feature, cells, rulers, classes, positive, group_rows, group_weight, rates, disparities
        )
    return _tested(assessments)


def _tested(assessments: Mapping[str, Assessment]) -> dict[str, Assessment]:
    """Give each disparity the p-value of its rate, adjusted within the families of `_rulers`."""
    families: dict[bool, dict[tuple[str, str], tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]]
    families = {True: {}, False: {}}
    for name, assessment in assessments.items():
        for question, parts in assessment.disparities.items():
            blocks = question == EQUALIZED_ODDS and not assessment.feature.is_intersection
            for d in parts:
                rates, index = assessment.rates[d.metric], list(d.compared)
                families[blocks][name, d.metric] = rates.shares[index], rates.cases[index]
    p_values = {key: p for family in families.values() for key, p in adjusted_p_values(family).items()}
    return {
        name: replace(
            assessment,
            disparities={
                question: tuple(replace(d, p_value=p_values[name, d.metric]) for d in parts)
                for question, parts in assessment.disparities.items()
            },
        )
        for name, assessment in assessments.items()
    }


def _rulers(
    config: FairnessConfig, features: list[Feature], questions: Mapping[str, list[tuple[str, str]]]
) -> tuple[Ruler, Ruler]:
    """Rulers of the questions that block (equalized odds of single features) and of those that warn.

    Each family holds together with `config.confidence`: what only warns takes nothing from what decides.
    """
    blocking = sum(not feature.is_intersection for feature in features)
    warning = len(features) * len(questions) - blocking
    first, second = (
        Ruler(
            bonferroni(config.confidence, n),
            config.min_group_size,
            config.tolerance,
            config.min_ratio,
            method=config.method,
        )
        for n in (blocking, warning)
    )
    return first, second


def judged_questions(classes: tuple[str, ...], positive: int | None) -> dict[str, list[tuple[str, str]]]:
    """Which rates are compared, and how: question -> (metric, kind).

    Without a favourable class every class counts: the base rate, selection rate and true positive rate of each. The
    false positives of one class are the others' missed true positives, and the four-fifths rule speaks of a
    favourable outcome only.
    """
    if positive is not None:
        return {
            LABEL_DISPARITY: [(BASE_RATE, DIFFERENCE)],
            DEMOGRAPHIC_PARITY: [(SELECTION_RATE, DIFFERENCE), (SELECTION_RATE, RATIO)],
            EQUALIZED_ODDS: [(TRUE_POSITIVE_RATE, DIFFERENCE), (FALSE_POSITIVE_RATE, DIFFERENCE)],
            ACCURACY: [(ACCURACY, DIFFERENCE), (PRECISION, DIFFERENCE)],
        }
    return {
        LABEL_DISPARITY: [(in_class(BASE_RATE, name), DIFFERENCE) for name in classes],
        DEMOGRAPHIC_PARITY: [(in_class(SELECTION_RATE, name), DIFFERENCE) for name in classes],
        EQUALIZED_ODDS: [(in_class(TRUE_POSITIVE_RATE, name), DIFFERENCE) for name in classes],
        ACCURACY: [(ACCURACY, DIFFERENCE)],
    }


def _positive(dataset: Dataset, predictions: OutOfSample) -> tuple[int | None, str | None]:
    """Code of the favourable class among the learned ones, and what stands in the way, if anything."""
    if len(predictions.classes) < 2:
        return None, f"The training learned {len(predictions.classes)} class(es); nothing can be told apart."
    if dataset.labels.positive is None:
        return None, None
    name = dataset.labels.classes[dataset.labels.positive]
    if name not in predictions.classes:
        return None, f"The positive class {name} has too few rows to be learned."
    return predictions.classes.index(name), None
