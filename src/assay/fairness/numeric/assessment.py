"""The stage "fairness" for a numeric label: whose values a model would predict too high, too low, or badly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.fairness.assessment import BY_GROUP, COUNTS, DISPARITIES
from assay.fairness.cleaning.effect import CLEANING_CHECK
from assay.fairness.cleaning.effect import COLUMNS as CLEANING
from assay.fairness.context import DataContext
from assay.fairness.counts import read_features
from assay.fairness.data.label_measures import numeric_label_measures
from assay.fairness.data.proxies import proxy_table
from assay.fairness.numeric.errors import DISTANCE, Distance, error_figures, largest_distance
from assay.fairness.numeric.means import (
    ABSOLUTE_ERROR,
    MEAN_ERROR,
    MEAN_LABEL,
    MEAN_PREDICTION,
    METRICS,
    Means,
    compare_means,
    off_commonest,
)
from assay.findings import Outcome, Status, run_checks, stamp
from assay.intervals import bonferroni
from assay.results import CleaningEffect, FairnessResult
from assay.target import BOUND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.fairness_config import FairnessConfig
    from assay.findings import Check
    from assay.results import OutOfSampleValues

    Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class NumericContext(DataContext):
    """Input of the fairness checks of a numeric label.

    Attributes
    ----------
    means
        Feature -> metric -> its means by group; none for a feature with one group.
    obstacle
        Why the predictions cannot be assessed, as a sentence; None where they can.
    distances
        Single feature -> how far the distributions of its groups' predictions lie apart.
    errors
        Further rows of `FairnessResult.by_group`, see `error_figures`.
    """

    obstacle: str | None
    means: Mapping[str, Mapping[str, Means]]
    distances: Mapping[str, Distance]
    errors: tuple[dict[str, object], ...]


def assess_numeric_fairness(
    dataset: Dataset,
    predictions: OutOfSampleValues,
    config: FairnessConfig,
    checks: Iterable[Check[Any]] | None = None,
    *,
    defects: Mapping[str, npt.NDArray[np.bool_]] | None = None,
) -> FairnessResult:
    """Assess for whom a model trained on the dataset would predict a numeric label too high, too low, or badly.

    Figures are in robust standard deviations of the label, on the scale on which it was learned (`TargetScale`), with
    values bounded at `BOUND` of them. Only labelled rows count.

    Parameters
    ----------
    dataset
        N rows with their sensitive groups; sample weights, where there are any, weigh the rows.
    predictions
        Out-of-sample predictions of the same rows.
    config
        `tolerance` is that of a difference of two groups' means, in standard deviations of the label.
    checks
        What is asked; by default `NUMERIC_CHECKS`.

    Returns
    -------
    FairnessResult
        The intervals of `by_group` are Student's, each by itself; those of `disparities` hold together over all pairs
        of groups (see `compare_means`), features and metrics (Bonferroni). `counts` is empty.

    Raises
    ------
    ContractError
        Where the predictions do not belong to the dataset.
    """
    from assay.fairness.numeric.checks import NUMERIC_CHECKS

    dataset.check_predicted(len(predictions.scaled_predictions))
    context = _build(dataset, predictions, config, defects or {})
    findings = run_checks(NUMERIC_CHECKS if checks is None else checks, context)
    return FairnessResult(
        findings=findings,
        by_group=pd.DataFrame([*_by_group(context), *context.errors], columns=list(BY_GROUP)),
        disparities=_disparities(context),
        counts=pd.DataFrame(columns=list(COUNTS)),
        proxies=proxy_table(context),
        label_measures=numeric_label_measures(
            dataset, context.features, np.clip(predictions.scaled_target, -BOUND, BOUND), config
        ),
    )


def skip_cleaning() -> CleaningEffect:
    """FB020 for a numeric label: a second training is not compared."""
    words = "What removing the suspect rows would change is not measured where the label is a number."
    finding = stamp(CLEANING_CHECK, Outcome(Status.NOT_APPLICABLE, words))
    return CleaningEffect(0, pd.DataFrame(columns=list(CLEANING)), (finding,))


def _build(
    dataset: Dataset,
    predictions: OutOfSampleValues,
    config: FairnessConfig,
    defects: Mapping[str, npt.NDArray[np.bool_]],
) -> NumericContext:
    features = read_features(dataset, intersections=config.intersections)
    split = [feature for feature in features if len(feature.groups) > 1]
    judged = predictions.trained.copy()
    weights = np.ones(len(dataset)) if dataset.weights is None else dataset.weights
    judged &= weights > 0
    label = np.clip(predictions.scaled_target[judged], -BOUND, BOUND)
    predicted = np.clip(predictions.scaled_predictions[judged], -BOUND, BOUND)
    error = predicted - label
    values = {
        MEAN_LABEL: label,
        MEAN_ERROR: error,
        ABSOLUTE_ERROR: np.abs(error),
        MEAN_PREDICTION: predicted,
    }
    off_label, off_predicted = off_commonest(label), off_commonest(predicted)
    # What blocks (the mean errors of single features) and what only warns are families of their own.
    blocking = sum(not feature.is_intersection for feature in split)
    warning = len(split) * len(METRICS)  # the distances of the single features take the place of what blocks
    means: dict[str, dict[str, Means]] = {}
    distances: dict[str, Distance] = {}
    errors: list[dict[str, object]] = []
    for feature in split:
        found = {}
        for metric, figure in values.items():
            blocks = metric == MEAN_ERROR and not feature.is_intersection
            confidence = bonferroni(config.confidence, blocking if blocks else warning)
            found[metric] = compare_means(
                metric,
                figure,
                feature.codes[judged],
                weights[judged],
                off_predicted if metric == MEAN_PREDICTION else off_label,
                size=len(feature.groups),
                confidence=confidence,
                min_group_size=config.min_group_size,
                tolerance=config.tolerance,
            )
        means[feature.name] = found
        codes = feature.codes[judged]
        if not feature.is_intersection:  # its pairs of groups are too many
            distances[feature.name] = largest_distance(
                codes,
                predicted,
                weights[judged],
                found[MEAN_PREDICTION].compared,
                error=1 - bonferroni(config.confidence, warning),
                tolerance=config.tolerance,
                left_out=found[MEAN_PREDICTION].left_out,
            )
        errors += error_figures(feature, codes, label, error, weights[judged], confidence=config.confidence)
    obstacle = None if judged.any() else "No row has both a label and an out-of-sample prediction."
    return NumericContext(dataset, config, features, judged, defects, obstacle, means, distances, tuple(errors))


def _by_group(context: NumericContext) -> list[dict[str, object]]:
    return [
        {
            "feature": feature.name,
            "group": group,
            "metric": found.metric,
            "value": mean,
            "low": low,
            "high": high,
            "n": n,
        }
        for feature in context.features
        for found in context.means.get(feature.name, {}).values()
        for group, mean, low, high, n in zip(
            feature.groups,
            found.means.tolist(),
            *(ends.tolist() for ends in found.limits(context.config.confidence)),
            found.rows.tolist(),
            strict=True,
        )
    ]


def _disparities(context: NumericContext) -> pd.DataFrame:
    rows = [
        {
            "feature": feature.name,
            "metric": found.metric,
            "kind": "difference",
            "value": found.difference,
            "low": found.low,
            "high": found.high,
            "worst": None if found.highest is None else feature.groups[found.highest],
            "best": None if found.lowest is None else feature.groups[found.lowest],
            "tolerance": found.tolerance,
            "status": str(found.status),
        }
        for feature in context.features
        for found in context.means.get(feature.name, {}).values()
    ]
    rows += [
        {
            "feature": feature.name,
            "metric": DISTANCE,
            "kind": "difference",
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "worst": None if found.pair is None else feature.groups[found.pair[0]],
            "best": None if found.pair is None else feature.groups[found.pair[1]],
            "tolerance": found.tolerance,
            "status": str(found.status),
        }
        for feature in context.features
        if (found := context.distances.get(feature.name)) is not None
    ]
    # As objects, a missing worst or best group stays None.
    ends = {end: pd.Series([row[end] for row in rows], dtype=object) for end in ("worst", "best")}
    return pd.DataFrame(rows, columns=list(DISPARITIES)).assign(**ends)
