"""Handmade out-of-sample predictions of a numeric label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from assay.results import OutOfSampleValues
from assay.target import choose_scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.dataset import Dataset


@pytest.fixture(scope="session")
def make_values() -> Callable[..., OutOfSampleValues]:
    """Dress given predictions, (N,) in units of the label, up as out-of-sample ones: one repeat, five folds."""

    def build(dataset: Dataset, predictions: Any, *, train: float = 0.9, test: float = 0.8) -> OutOfSampleValues:
        assert dataset.target is not None
        predictions = np.asarray(predictions, dtype=np.float64)
        scale = choose_scale(dataset.target)
        scaled, trained = scale.apply(predictions), ~np.isnan(dataset.target)
        fold = np.where(trained, np.arange(len(predictions)) % 5, -1).astype(np.int16)
        return OutOfSampleValues(
            target=dataset.target,
            predictions=predictions,
            scale=scale,
            scaled_target=scale.apply(dataset.target),
            scaled_predictions=scaled,
            repeat_predictions=scaled[None].astype(np.float32),
            folds=fold[None],
            trained=trained,
            train_loss=np.full((5, 1), np.nan),
            test_loss=np.full((5, 1), np.nan),
            train_score=np.full(5, train) + np.arange(5) / 1000,
            test_score=np.full(5, test),
            device="cpu",
        )

    return build
