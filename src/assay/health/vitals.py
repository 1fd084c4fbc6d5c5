"""The figures about the training, computed once, each with its interval where it has one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.able import kinds_of
from assay.auc import compute_auc
from assay.findings import Interval
from assay.intervals import bonferroni, normal_quantile, wilson

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.health_config import HealthConfig
    from assay.results import OutOfSample

# A probability of 0 for the given class would make the log loss of all rows infinite.
_SMALLEST_PROBABILITY = 1e-15
_CALIBRATION_BINS = 15


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: None where it is not estimable, its interval where it has one, and the rows or members behind it."""

    value: float | None
    interval: Interval | None
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class Vitals:
    """What the checks look at.

    Attributes
    ----------
    figures
        By metric: "auc", "accuracy", "majority accuracy", "log loss", "brier score", "calibration error",
        "training accuracy", "held-out accuracy", "generalisation gap".
    able
        Name and AUC of the kind of model that predicts best. The interval allows for the choice.
    majority
        Name of the most frequent class.
    folds
        Number of folds.
    """

    dataset: Dataset
    predictions: OutOfSample
    config: HealthConfig
    figures: dict[str, Figure]
    able: tuple[str, Figure]
    majority: str
    folds: int


def take_vitals(dataset: Dataset, predictions: OutOfSample, config: HealthConfig) -> Vitals:
    """Compute the figures on the rows that took part in the training, each predicted while it was held out."""
    tested = predictions.trained & (predictions.labels >= 0)
    labels, probs = predictions.labels[tested], predictions.pred_probs[tested]
    counts = np.bincount(labels, minlength=len(predictions.classes))
    kinds = kinds_of(predictions)
    aucs = {name: _auc(labels, p[tested], bonferroni(0.95, len(kinds))) for name, p in kinds.items()}
    gap, folds = predictions.train_score - predictions.test_score, int(predictions.folds.max(initial=-1)) + 1
    return Vitals(
        dataset=dataset,
        predictions=predictions,
        config=config,
        figures={
            "auc": _auc(labels, probs, 0.95),
            "accuracy": _proportion(int((probs.argmax(axis=1) == labels).sum()), len(labels)),
            "majority accuracy": _proportion(int(counts.max(initial=0)), len(labels)),
            "log loss": _mean(_log_loss(labels, probs)),
            "brier score": _mean(brier(labels, probs)),
            "calibration error": Figure(_calibration_error(labels, probs), None, len(labels)),
            "training accuracy": over_members(predictions.train_score, folds),
            "held-out accuracy": over_members(predictions.test_score, folds),
            "generalisation gap": over_members(gap, folds, least=-1.0),
        },
        able=max(aucs.items(), key=lambda found: found[1].value or 0.0),
        majority=predictions.classes[int(counts.argmax())],
        folds=folds,
    )


def _auc(labels: npt.NDArray[np.int64], probs: npt.NDArray[np.float64], confidence: float) -> Figure:
    auc = compute_auc(labels, probs, confidence) if len(labels) else None
    return Figure(auc.value if auc else None, auc.interval if auc else None, len(labels))


def _proportion(successes: int, n: int) -> Figure:
    return Figure(successes / n if n else None, wilson(successes, n), n)


def _mean(losses: npt.NDArray[np.float64], confidence: float = 0.95) -> Figure:
    """Mean over rows with its normal interval; a loss is never below 0."""
    n = len(losses)
    if n < 2:
        return Figure(float(losses[0]) if n else None, None, n)
    mean = float(losses.mean())
    half = normal_quantile(confidence) * float(losses.std(ddof=1)) / float(np.sqrt(n))
    return Figure(mean, Interval(max(0.0, mean - half), mean + half, confidence, "normal"), n)


def _log_loss(labels: npt.NDArray[np.int64], probs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(N,) cross-entropy of each row in nats."""
    return -np.log(np.clip(probs[np.arange(len(labels)), labels], _SMALLEST_PROBABILITY, 1.0))


def brier(labels: npt.NDArray[np.int64], probs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(N,) squared distance of each row's probabilities from its label, summed over the classes: in [0, 2]."""
    given = probs[np.arange(len(labels)), labels]
    return np.asarray(np.einsum("nk,nk->n", probs, probs) - 2 * given + 1, dtype=np.float64)


def _calibration_error(labels: npt.NDArray[np.int64], probs: npt.NDArray[np.float64]) -> float | None:
    """Expected calibration error of the predicted class: mean |confidence - accuracy| over bins of equal counts.

    Naeini, Cooper and Hauskrecht 2015, doi:10.1609/aaai.v29i1.9602. It is biased upwards in small samples.
    """
    n = len(labels)
    if n < _CALIBRATION_BINS:
        return None
    confidence = probs.max(axis=1)
    order = np.argsort(confidence, kind="stable")
    surplus = confidence[order] - (probs.argmax(axis=1) == labels)[order]
    starts = np.linspace(0, n, _CALIBRATION_BINS, endpoint=False).astype(np.int64)
    return float(np.abs(np.add.reduceat(surplus, starts)).sum() / n)


def over_members(
    scores: npt.NDArray[np.float64], folds: int, *, least: float = 0.0, most: float = 1.0, confidence: float = 0.95
) -> Figure:
    """Mean over the M members, in [least, most], with the corrected t interval of repeated cross-validation.

    Members share most of their training rows, so that their scores vary too little: the variance of the mean is
    (1/M + 1/(folds - 1)) s^2 in place of s^2/M (Nadeau and Bengio 2003, doi:10.1023/A:1024068626366; for repeated
    folds Bouckaert and Frank 2004, doi:10.1007/978-3-540-24775-3_3).
    """
    known = scores[np.isfinite(scores)]
    members = len(known)
    if members < 2 or folds < 2:
        return Figure(float(known[0]) if members else None, None, members)
    from scipy.special import stdtrit

    mean, deviation = float(known.mean()), float(known.std(ddof=1))
    error = deviation * float(np.sqrt(1 / members + 1 / (folds - 1)))
    half = float(stdtrit(members - 1, 0.5 + confidence / 2)) * error
    low, high = max(least, mean - half), min(most, mean + half)
    return Figure(mean, Interval(low, high, confidence, "corrected resampled t"), members)
