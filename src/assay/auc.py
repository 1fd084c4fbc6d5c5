"""Area under the ROC curve with its interval, for two classes and for more."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from assay.findings import Interval
from assay.intervals import normal_quantile, wilson

if TYPE_CHECKING:
    import numpy.typing as npt

Number = TypeVar("Number", float, "npt.NDArray[np.float64]")
# DeLong's variance is too small for a class with fewer rows than this; the largest possible one is taken for it.
_FEW = 10


@dataclass(frozen=True, slots=True)
class Auc:
    """An AUC: `value` in [0, 1] (0.5 is chance), its interval, and the rows of the smallest class it rests on."""

    value: float
    interval: Interval
    smallest_class: int


def compute_auc(
    labels: npt.NDArray[np.int64], pred_probs: npt.NDArray[np.float64], confidence: float = 0.95
) -> Auc | None:
    """AUC of two classes, or the unweighted mean of the one-versus-rest AUCs of more; ties count one half.

    The variance is the larger of DeLong's, from the influence of each row on the mean over the classes, and Hanley and
    McNeil's: near 1 a handful of misordered rows makes DeLong's too small. The interval is symmetric on the logit, and
    on neither side wider than Wilson's for as many trials as the smallest class has rows, the largest variance that an
    AUC can have (Birnbaum and Klose): next to 0 and 1 the logit says nothing. Without that limit, in 1,500 simulated
    samples each, it held the true AUC in 99% (50 and 50 rows, AUC .998), 92% (30 and 300, .961), 94% (10 and 90, .76)
    and 95 to 99% (100 rows a class and more).

    Parameters
    ----------
    labels
        (N,) in 0..K-1.
    pred_probs
        (N, K), out-of-sample; columns in the order of the classes.
    confidence
        In (0, 1), two-sided.

    Returns
    -------
    Auc or None
        None where fewer than two classes occur. A class that does not occur is left out of the mean.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson 1988, doi:10.2307/2531595. Hanley and McNeil 1982,
    doi:10.1148/radiology.143.1.7063747. Upper bound of the variance: Birnbaum and Klose 1957,
    doi:10.1214/aoms/1177706883.
    """
    counts = np.bincount(labels, minlength=pred_probs.shape[1])
    present = np.flatnonzero(counts)
    if len(present) < 2:
        return None
    # With two classes the second one-versus-rest curve is the first one mirrored.
    curves = present[1:] if pred_probs.shape[1] == 2 else present
    total, bound, model = 0.0, 0.0, 0.0
    influence = np.zeros(len(labels))
    for column in curves:
        area, part = _one_versus_rest(pred_probs[:, column], labels == column)
        total += area
        positives, negatives = int(counts[column]), len(labels) - int(counts[column])
        if min(positives, negatives) >= _FEW:
            influence += part
            model += hanley_mcneil(area, positives, negatives)
        else:
            bound += _shrunk_variance(area, min(positives, negatives)) / min(positives, negatives)
    value = min(1.0, max(0.0, total / len(curves)))
    variance = (bound + max(model, float(np.sum(influence**2)))) / len(curves) ** 2
    smallest = int(counts[present].min())
    widest = wilson(value * smallest, smallest, confidence)
    assert widest is not None
    if value in (0.0, 1.0):
        return Auc(value, widest, smallest)
    half = normal_quantile(confidence) * math.sqrt(variance) / (value * (1 - value))
    centre = math.log(value / (1 - value))
    low, high = (max(widest.low, _logistic(centre - half)), min(widest.high, _logistic(centre + half)))
    return Auc(value, Interval(low, high, confidence, "DeLong, logit"), smallest)


def row_influences(
    labels: npt.NDArray[np.int64], pred_probs: npt.NDArray[np.float64]
) -> tuple[float, npt.NDArray[np.float64]] | None:
    """AUC as in `compute_auc`, and the (N,) influence of each row on it; None where fewer than two classes occur.

    The squares of the influences sum to DeLong's variance, and those of the differences between two AUCs of the same
    rows to the variance of their difference.
    """
    present = np.unique(labels)
    if len(present) < 2:
        return None
    curves = present[1:] if pred_probs.shape[1] == 2 else present
    found = [_one_versus_rest(pred_probs[:, column], labels == column) for column in curves]
    return float(np.mean([area for area, _ in found])), np.mean([part for _, part in found], axis=0)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, x))))


def hanley_mcneil(area: Number, positives: Number, negatives: Number) -> Number:
    """Variance of an area, or of several, if the scores of both classes were exponential."""
    of_two_positives, of_two_negatives = area / (2 - area), 2 * area**2 / (1 + area)
    spread = (positives - 1) * (of_two_positives - area**2) + (negatives - 1) * (of_two_negatives - area**2)
    return (area * (1 - area) + spread) / (positives * negatives)


def _shrunk_variance(area: float, trials: int) -> float:
    """p(1 - p) for a p drawn towards 0.5 by one trial, so that a perfect area has a variance too."""
    p = (area * trials + 0.5) / (trials + 1)
    return p * (1 - p)


def _one_versus_rest(
    scores: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_]
) -> tuple[float, npt.NDArray[np.float64]]:
    """Area, and the (N,) influence of each row on it (its squares sum to DeLong's variance)."""
    order = np.argsort(scores, kind="stable")
    ordered, is_positive = scores[order], positive[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    end = np.r_[first[1:], len(scores)]
    positives_before = np.r_[0, np.cumsum(is_positive)]
    # Of each run of tied scores: the positives and negatives below it, those in it counting half.
    lower_positives = (positives_before[first] + positives_before[end]) / 2
    lower_negatives = (first + end) / 2 - lower_positives
    n_positive = int(positives_before[-1])
    n_negative = len(scores) - n_positive
    won = np.where(
        is_positive,
        np.repeat(lower_negatives / n_negative, end - first),
        np.repeat(1 - lower_positives / n_positive, end - first),
    )
    area = float(won[is_positive].mean())
    size = np.where(is_positive, n_positive, n_negative)
    influence = np.empty(len(scores))
    influence[order] = (won - area) / np.sqrt(size * np.maximum(1.0, size - 1.0))
    return area, influence


def auc_within_folds(
    scores: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_], folds: npt.NDArray[np.int16]
) -> npt.NDArray[np.float64]:
    """AUC over the pairs of rows that are in one fold; ties count one half.

    Scores of different folds come from different models, whose class shares move against those of the fold: pooled,
    labels that mean nothing have an AUC below 0.5.

    Parameters
    ----------
    scores
        (n, B), out-of-sample.
    positive
        (n, B) bool.
    folds
        (n,).

    Returns
    -------
    (B,) in [0, 1]; NaN where no fold has both a positive and a negative.
    """
    from scipy.stats import rankdata

    won, pairs = np.zeros(scores.shape[1]), np.zeros(scores.shape[1])
    for fold in np.unique(folds):
        part = folds == fold
        ranks, of_class = rankdata(scores[part], axis=0), positive[part]
        n = of_class.sum(axis=0)
        won += (ranks * of_class).sum(axis=0) - n * (n + 1) / 2
        pairs += n * (len(of_class) - n)
    return np.where(pairs > 0, won / np.maximum(pairs, 1), np.nan)
