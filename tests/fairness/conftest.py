"""Predictions with known rates, made to measure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from assay.dataset import Dataset
from assay.results import OutOfSample


@pytest.fixture(scope="session")
def make_case(make_dataset, make_out_of_sample) -> Callable[..., tuple[Dataset, OutOfSample]]:
    """Dataset and predictions of given sensitive columns, labels and predicted labels (all N texts)."""

    def build(sensitive: dict, y_true, y_pred, *, columns: dict | None = None, **settings):
        frame = pd.DataFrame({**sensitive, **(columns or {}), "y": np.asarray(y_true)})
        if not columns:
            frame["x"] = np.random.default_rng(0).permutation(len(frame)) * 1.5  # says nothing of the groups
        dataset = make_dataset(frame, label="y", sensitive=list(sensitive), **settings)
        classes = dataset.labels.classes
        codes = np.array([classes.index(name) for name in y_pred])
        probs = np.full((len(frame), len(classes)), 0.1 / max(1, len(classes) - 1))
        probs[np.arange(len(frame)), codes] = 0.9
        return dataset, make_out_of_sample(dataset, probs)

    return build


@pytest.fixture(scope="session")
def cells() -> Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Rows (group, y_true, y_pred) of exact counts: {group: (tp, fn, fp, tn)}."""

    def build(counts: dict[str, tuple[int, int, int, int]]):
        rows = [
            (group, true, predicted)
            for group, (tp, fn, fp, tn) in counts.items()
            for (true, predicted), n in {
                ("yes", "yes"): tp,
                ("yes", "no"): fn,
                ("no", "yes"): fp,
                ("no", "no"): tn,
            }.items()
            for _ in range(n)
        ]
        group, y_true, y_pred = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
        return group, y_true, y_pred

    return build


@pytest.fixture(scope="session")
def of() -> Callable:
    """Findings of one check."""

    def pick(result, code: str, columns: tuple[str, ...] | None = None):
        return [f for f in result.findings if f.code == code and (columns is None or f.subject.columns == columns)]

    return pick


@pytest.fixture(scope="session")
def make_data_context(make_dataset) -> Callable:
    """Input of the checks of the data alone: `make_data_context(frame, label="y", sensitive=["sex"], ...)`."""
    from assay.config_file import parse_config
    from assay.fairness.context import DataContext
    from assay.fairness.counts import read_features

    def build(frame: pd.DataFrame, *, defects: dict | None = None, **settings):
        if "y" not in frame:
            frame = frame.assign(y=np.arange(len(frame)) % 2)
        config = parse_config({"label": "y", **settings}).fairness
        dataset = make_dataset(frame, label="y", **settings)
        features = read_features(dataset, intersections=config.intersections)
        return DataContext(dataset, config, features, np.ones(len(frame), dtype=bool), defects or {})

    return build
