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
from assay.fairness.disparity import MOST_LEFT_OUT, share_held
from assay.fairness.numeric.errors import DISTANCE, Distance, error_figures, largest_distance
from assay.fairness.simultaneous import critical_value
from assay.findings import Outcome, Status, run_checks, stamp
from assay.intervals import bonferroni, normal_quantile
from assay.results import CleaningEffect, FairnessResult
from assay.target import BOUND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from assay.config import FairnessConfig
    from assay.dataset import Dataset
    from assay.findings import Check
    from assay.results import OutOfSampleValues

    Values = npt.NDArray[np.float64]

MEAN_LABEL = "mean label"
MEAN_ERROR = "mean error"
ABSOLUTE_ERROR = "mean absolute error"
MEAN_PREDICTION = "mean prediction"
METRICS = (MEAN_LABEL, MEAN_ERROR, ABSOLUTE_ERROR, MEAN_PREDICTION)


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """Means of a figure in the G groups of a feature, in standard deviations of the label.

    Attributes
    ----------
    metric
        `MEAN_LABEL`, `MEAN_ERROR` (prediction less label: above 0 is predicted too high), `ABSOLUTE_ERROR` or
        `MEAN_PREDICTION`.
    means, errors
        (G,) mean and its standard error; NaN for a group with fewer than two judged rows.
    rows
        (G,) int64 judged rows.
    compared
        Groups with enough rows.
    difference, low, high
        The largest difference of two compared groups, and its simultaneous interval; NaN where fewer than two are.
    highest, lowest
        The two groups; None where fewer than two are compared.
    left_out
        Share of the rows, by weight where there are weights, in groups that are not compared.
    tolerance
        Of the difference.
    """

    metric: str
    means: Values
    errors: Values
    rows: npt.NDArray[np.int64]
    compared: tuple[int, ...]
    difference: float
    low: float
    high: float
    highest: int | None
    lowest: int | None
    left_out: float
    tolerance: float

    @property
    def status(self) -> Status:
        """As the interval lies to the tolerance; not passed where too many rows are left out."""
        if np.isnan(self.difference):
            return Status.INCONCLUSIVE
        if self.low > self.tolerance:
            return Status.FAILED
        return Status.PASSED if self.high <= self.tolerance and self.left_out <= MOST_LEFT_OUT else Status.INCONCLUSIVE


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
        The intervals of `by_group` are normal, each by itself; those of `disparities` hold together over all pairs
        of groups (Games-Howell with normal quantiles), features and metrics (Bonferroni). `counts` is empty.

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
            found[metric] = _compare(
                metric,
                figure,
                feature.codes[judged],
                weights[judged],
                size=len(feature.groups),
                confidence=confidence,
                config=config,
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
            )
        errors += error_figures(feature, codes, label, error, weights[judged], confidence=config.confidence)
    obstacle = None if judged.any() else "No row has both a label and an out-of-sample prediction."
    return NumericContext(dataset, config, features, judged, defects, obstacle, means, distances, tuple(errors))


def _compare(
    metric: str,
    figure: Values,
    codes: npt.NDArray[np.int64],
    weights: Values,
    *,
    size: int,
    confidence: float,
    config: FairnessConfig,
) -> Means:
    """Means of a figure, (J,), by the `size` groups that `codes`, (J,), name."""
    rows = np.bincount(codes, minlength=size).astype(np.int64)
    total = np.bincount(codes, weights=weights, minlength=size).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.bincount(codes, weights=weights * figure, minlength=size) / total
        squares = np.bincount(codes, weights=(weights * (figure - means[codes])) ** 2, minlength=size)
        errors = np.sqrt(squares * rows / np.maximum(rows - 1, 1)) / total
    means, errors = (np.where(rows > 1, x, np.nan) for x in (means, errors))
    compared = tuple(np.flatnonzero(rows >= max(2, config.min_group_size)).tolist())
    others = [group for group in range(size) if group not in compared]
    low, high, highest, lowest = np.nan, np.nan, None, None
    if len(compared) > 1:
        kept = np.array(compared)
        z = critical_value(len(compared), confidence)
        first, second = np.triu_indices(len(kept), k=1)
        difference = np.abs(means[kept][first] - means[kept][second])
        half = z * np.hypot(errors[kept][first], errors[kept][second])
        low, high = float(np.maximum(0.0, difference - half).max()), float((difference + half).max())
        highest, lowest = int(kept[means[kept].argmax()]), int(kept[means[kept].argmin()])
    return Means(
        metric=metric,
        means=means,
        errors=errors,
        rows=rows,
        compared=compared,
        difference=np.nan if highest is None or lowest is None else float(means[highest] - means[lowest]),
        low=low,
        high=high,
        highest=highest,
        lowest=lowest,
        left_out=share_held(others, rows, total),
        tolerance=config.tolerance,
    )


def _by_group(context: NumericContext) -> list[dict[str, object]]:
    z = normal_quantile(context.config.confidence)
    return [
        {
            "feature": feature.name,
            "group": group,
            "metric": found.metric,
            "value": mean,
            "low": mean - z * error,
            "high": mean + z * error,
            "n": rows,
        }
        for feature in context.features
        for found in context.means.get(feature.name, {}).values()
        for group, mean, error, rows in zip(
            feature.groups, found.means.tolist(), found.errors.tolist(), found.rows.tolist(), strict=True
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
