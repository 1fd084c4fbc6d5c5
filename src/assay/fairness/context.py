"""What the checks of this stage look at: the features, their rates and their disparities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.fairness.counts import Cells, Feature, count_cells, judged_rows, read_features
from assay.fairness.disparity import DIFFERENCE, RATIO, Disparity, Ruler, combine, compare
from assay.fairness.rates import (
    ACCURACY,
    BASE_RATE,
    FALSE_POSITIVE_RATE,
    PRECISION,
    SELECTION_RATE,
    TRUE_POSITIVE_RATE,
    Rates,
    compute_rates,
    in_class,
)
from assay.intervals import bonferroni

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from assay.config import FairnessConfig
    from assay.dataset import Dataset
    from assay.results import OutOfSample

EQUALIZED_ODDS = "equalized odds"
DEMOGRAPHIC_PARITY = "demographic parity"
LABEL_DISPARITY = "base rates"


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """One feature, as far as its groups can be compared.

    Attributes
    ----------
    feature, cells, ruler
        What was compared, on which counts, against what.
    positive
        Code of the favourable class among the learned ones, or None.
    group_rows
        (G,) int64, judged rows of each group.
    rates
        By name of the metric.
    disparities
        Question ("base rates", "demographic parity", "equalized odds", "accuracy") -> its parts, each judged.
    """

    feature: Feature
    cells: Cells
    ruler: Ruler
    positive: int | None
    group_rows: npt.NDArray[np.int64]
    rates: Mapping[str, Rates]
    disparities: Mapping[str, tuple[Disparity, ...]]

    @property
    def judged_metrics(self) -> tuple[str, ...]:
        """Names of the rates that some question rests on."""
        return tuple(dict.fromkeys(d.metric for parts in self.disparities.values() for d in parts))

    def parts(self, question: str) -> tuple[Disparity, ...]:
        """Return what decides a question.

        Where every class counts, a class too rare to be compared is left out as a group would be (FB013 names it);
        where one class is favourable, nothing is: equalized odds without its false positive rate are not told.
        """
        parts = self.disparities[question]
        if self.positive is not None:
            return parts
        return tuple(d for d in parts if d.is_estimable) or parts

    def all_disparities(self) -> tuple[Disparity, ...]:
        """All parts, and for a question of several differences their largest."""
        found: list[Disparity] = []
        for question, parts in self.disparities.items():
            found += parts
            differences = [d for d in self.parts(question) if d.kind == DIFFERENCE]
            if len(differences) > 1 and question != ACCURACY:
                found.append(combine(differences, question))
        return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class FairnessContext:
    """Input of the fairness checks.

    Attributes
    ----------
    features
        All sensitive features and their intersection.
    assessments
        By name of the feature; none for a feature with one group, and none at all where there is an `obstacle`.
    obstacle
        Why the predictions cannot be assessed, as a sentence; None where they can.
    """

    dataset: Dataset
    config: FairnessConfig
    features: tuple[Feature, ...]
    assessments: Mapping[str, Assessment]
    obstacle: str | None


def build_context(dataset: Dataset, predictions: OutOfSample, config: FairnessConfig) -> FairnessContext:
    """Count, rate and compare; raises `ContractError` where the predictions do not belong to the dataset."""
    judged = judged_rows(dataset, predictions)
    features = read_features(dataset, intersections=config.intersections)
    split = [feature for feature in features if len(feature.groups) > 1]
    positive, obstacle = _positive(dataset, predictions)
    if not judged.any():
        obstacle = "No row has both a label and an out-of-sample prediction."
    if obstacle:
        return FairnessContext(dataset, config, features, {}, obstacle)
    questions = judged_questions(predictions.classes, positive)
    comparisons = len(split) * sum(len(parts) for parts in questions.values())
    ruler = Ruler(
        bonferroni(config.confidence, comparisons), config.min_group_size, config.tolerance, config.min_ratio
    )
    y_true = predictions.labels[judged]
    y_pred = predictions.pred_probs[judged].argmax(axis=1)
    weights = None if dataset.weights is None else dataset.weights[judged]
    k = len(predictions.classes)
    assessments = {}
    for feature in split:
        groups = len(feature.groups)
        cells = count_cells(((feature.codes[judged], groups), (y_true, k), (y_pred, k)), weights)
        rates = compute_rates(cells, groups, predictions.classes, positive)
        group_rows = rates[ACCURACY].rows
        disparities = {
            question: tuple(compare(rates[metric], group_rows, kind, ruler) for metric, kind in parts)
            for question, parts in questions.items()
        }
        assessments[feature.name] = Assessment(feature, cells, ruler, positive, group_rows, rates, disparities)
    return FairnessContext(dataset, config, features, assessments, None)


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
