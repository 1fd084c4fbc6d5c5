"""What a user does without Assay: Cleanlab's functions on probabilities of a model of one's own, 5-fold."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from cases import encode
from cleanlab.count import num_label_issues
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from skorch import NeuralNetClassifier
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases import Case

BATCH = 128


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a method says of N labels.

    Attributes
    ----------
    score
        (N,) the higher, the more suspect.
    flagged
        (N,) bool at the method's own cutoff.
    estimate
        Number of wrong labels as the method estimates it, or None.
    interval
        (low, high) of that number, or None where the method has none.
    seconds
        From the table to the flags.
    """

    score: np.ndarray
    flagged: np.ndarray
    estimate: float | None
    interval: tuple[float, float] | None
    seconds: float


def references(epochs: int) -> dict[str, Callable[[Case, np.ndarray], Found]]:
    """Name -> method, which takes a case and its folds (N,); `epochs` is what Assay's network gets too."""
    return {
        "cleanlab, logistic regression": lambda case, folds: _cleanlab(case, folds, _linear(case)),
        "cleanlab, gradient boosting": lambda case, folds: _cleanlab(case, folds, _boosted(case)),
        "cleanlab, network by skorch": lambda case, folds: _cleanlab(case, folds, _network(case, epochs)),
    }


def _cleanlab(case: Case, folds: np.ndarray, model: tuple[object, Callable[[], object]]) -> Found:
    start = time.perf_counter()
    estimator, inputs = model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pred_probs = cross_val_predict(
            estimator, inputs(), case.given, cv=PredefinedSplit(folds), method="predict_proba"
        ).astype(np.float64)
        pred_probs /= pred_probs.sum(axis=1, keepdims=True)
        flagged = find_label_issues(case.given, pred_probs)
        score = 1 - get_label_quality_scores(case.given, pred_probs)
        estimate = float(num_label_issues(case.given, pred_probs))
    return Found(score, flagged, estimate, None, time.perf_counter() - start)


def _linear(case: Case) -> tuple[object, Callable[[], object]]:
    return LogisticRegression(max_iter=300), lambda: encode(case.table.frame)


def _boosted(case: Case) -> tuple[object, Callable[[], object]]:
    def inputs() -> pd.DataFrame:
        frame = case.table.frame
        texts = frame.columns[[not pd.api.types.is_numeric_dtype(t) for t in frame.dtypes]]
        return frame.astype(dict.fromkeys(texts, "category"))

    return HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=case.seed), inputs


class Perceptron(nn.Module):
    """Two hidden layers of 128, as Assay's members have."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, 128), nn.ReLU(), nn.Dropout(0.2),
            nn.Linear(128, 128), nn.ReLU(), nn.Dropout(0.2),
            nn.Linear(128, classes),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width) -> (B, classes) logits."""
        return self.layers(x)


def _network(case: Case, epochs: int) -> tuple[object, Callable[[], object]]:
    torch.manual_seed(case.seed)
    inputs = encode(case.table.frame)
    model = NeuralNetClassifier(
        Perceptron,
        module__width=inputs.shape[1],
        module__classes=case.table.classes,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        lr=1e-3,
        max_epochs=epochs,
        batch_size=BATCH,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    return model, lambda: inputs
