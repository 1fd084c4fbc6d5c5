"""Which configurations are about as good as the best.

The best of many looks better than it is: it was chosen for what luck added to it. Its level is therefore measured
where it was not chosen: of each fold, the figure of the configuration that is best in the *other* folds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.auc import compute_auc

if TYPE_CHECKING:
    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]
    Figures = npt.NDArray[np.float64]

# Of an AUC or an accuracy: what many hold for no difference in practice (the "1% Rashomon set" of Semenova, Rudin and
# Parr 2022, doi:10.1145/3531146.3533232, and of Marx, Calmon and Ustun 2020, arXiv:1909.06677).
TOLERANCE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class NearBest:
    """V configurations, compared.

    Attributes
    ----------
    auc, accuracy
        (V,) means over the folds, weighted by their rows; `auc` is all NaN where no fold has two classes.
    best_auc, best_accuracy
        Levels of the best configuration by each, less the luck of the choice.
    near_equal
        (V,) bool: at most `TOLERANCE` below both.
    """

    auc: Figures
    accuracy: Figures
    best_auc: float
    best_accuracy: float
    near_equal: npt.NDArray[np.bool_]


def compare(labels: Codes, folds: npt.NDArray[np.int16], pred_probs: npt.NDArray[np.float32]) -> NearBest:
    """Compare V configurations by their out-of-sample probabilities.

    Parameters
    ----------
    labels, folds
        (n,) classes in 0..K-1, and the fold that holds each row out.
    pred_probs
        (V, n, K).
    """
    held = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    size = np.array([len(rows) for rows in held], dtype=np.float64)
    accuracies = np.array([[(p[r].argmax(axis=1) == labels[r]).mean() for r in held] for p in pred_probs])
    aucs = np.array([[_auc(labels[r], p[r]) for r in held] for p in pred_probs])
    known = ~np.isnan(aucs).any(axis=0)
    accuracy, best_accuracy = _level(accuracies, size)
    near = accuracy >= best_accuracy - TOLERANCE
    if not known.any():
        return NearBest(np.full(len(pred_probs), np.nan), accuracy, np.nan, best_accuracy, near)
    auc, best_auc = _level(aucs[:, known], size[known])
    return NearBest(auc, accuracy, best_auc, best_accuracy, near & (auc >= best_auc - TOLERANCE))


def _auc(labels: Codes, pred_probs: npt.NDArray[np.float32]) -> float:
    found = compute_auc(labels, pred_probs.astype(np.float64))
    return np.nan if found is None else found.value


def _level(figures: Figures, size: Figures) -> tuple[Figures, float]:
    """Mean of each line of (V, F) figures, and the level of the best; of one fold its largest figure."""
    means: Figures = figures @ size / size.sum()
    if len(size) < 2:
        return means, float(means.max())
    others = (figures @ size)[:, None] - figures * size
    unseen = figures[others.argmax(axis=0), np.arange(len(size))]
    # Where no choice was better than the one that chance made, the figure is what it is.
    return means, min(float(means.max()), float(unseen @ size / size.sum()))
