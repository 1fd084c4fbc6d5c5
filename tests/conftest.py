"""What several tests share: the real data beside the checkout, and small datasets made on the spot."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

# One thread a test process: pytest-xdist already keeps all cores busy.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from assay.results import OutOfSample

if TYPE_CHECKING:
    from assay.dataset import Dataset

ROOT = Path(__file__).resolve().parents[1]
REAL_DATA = Path(os.environ.get("ASSAY_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """Path of a file of the public datasets; skips the test by the file's name where it is absent."""

    def path_of(name: str) -> Path:
        path = REAL_DATA / name
        if not path.exists():
            pytest.skip(f"{name} is not beside this checkout (set ASSAY_DATA to its folder)")
        return path

    return path_of


@pytest.fixture(scope="session")
def make_dataset() -> Callable[..., Dataset]:
    """Make a dataset of a frame as `assay.audit(frame, **settings)` would: `make_dataset(frame, label="y")`."""

    def build(frame: pd.DataFrame, **settings: Any) -> Dataset:
        from assay.config_file import parse_config
        from assay.ingest import read_dataset

        return read_dataset(parse_config(settings), frame=frame)

    return build


@pytest.fixture(scope="session")
def make_out_of_sample() -> Callable[..., OutOfSample]:
    """Dress given probabilities (N, K) up as out-of-sample predictions for a dataset, one repeat, five folds."""

    def build(dataset: Dataset, pred_probs: np.ndarray, *, folds: int = 5, seed: int = 0) -> OutOfSample:
        n = len(pred_probs)
        assert len(dataset) == n
        labels = dataset.labels.codes
        trained = labels >= 0
        rng = np.random.default_rng(seed)
        fold = np.where(trained, rng.permutation(n) % folds, -1).astype(np.int16)
        predicted = pred_probs.argmax(axis=1)
        scores = np.array([(predicted == labels)[fold == f].mean() for f in range(folds)])
        return OutOfSample(
            classes=dataset.labels.classes,
            labels=labels,
            pred_probs=pred_probs.astype(np.float64),
            repeat_probs=pred_probs[None].astype(np.float32),
            folds=fold[None],
            trained=trained,
            left_out={},
            train_loss=np.full((folds, 1), np.nan),
            test_loss=np.full((folds, 1), np.nan),
            train_score=scores,
            test_score=scores,
            device="cpu",
        )

    return build
