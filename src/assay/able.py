"""Which of the models that were trained predicts best: the one whose use, and whose harm, is worth knowing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assay.auc import compute_auc

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from assay.results import OutOfSample

NETWORK = "the network"


def kinds_of(predictions: OutOfSample) -> dict[str, npt.NDArray[np.float64]]:
    """Out-of-sample probabilities (N, K) by the kind of model: the network's first, then those of other kinds."""
    return {NETWORK: predictions.pred_probs, **predictions.opinions}


def most_able(predictions: OutOfSample) -> tuple[str, OutOfSample]:
    """Name of the kind of model with the highest out-of-sample AUC, and the predictions with its `pred_probs`.

    A model that is worse than another shows disparities that nobody has to accept: post-processing of the most
    accurate one is the bar (Cruz and Hardt 2024, arXiv:2306.07261). The name is empty for predictions that were given.
    Where `predictions.able` names the kind, it is taken from there.
    """
    if predictions.given is not None:
        return "", predictions
    kinds = kinds_of(predictions)
    name = predictions.able or _choose(predictions, kinds)
    return name, replace(predictions, pred_probs=kinds[name], able=name)


def _choose(predictions: OutOfSample, kinds: Mapping[str, npt.NDArray[np.float64]]) -> str:
    tested = predictions.trained & (predictions.labels >= 0)
    labels = predictions.labels[tested]
    if len(kinds) == 1 or not tested.any():
        return NETWORK
    aucs = {name: compute_auc(labels, probs[tested]) for name, probs in kinds.items()}
    return max(aucs, key=lambda kind: found.value if (found := aucs[kind]) is not None else 0.0)
