"""Labels with known errors, and the probabilities that a model trained on them would give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from assay.config import LabelNoiseConfig
from assay.dataset import Dataset
from assay.label_noise import find_label_noise
from assay.results import LabelNoiseResult, OutOfSample


@dataclass(frozen=True)
class Case:
    dataset: Dataset
    predictions: OutOfSample
    wrong: np.ndarray

    def judge(self, **settings) -> LabelNoiseResult:
        return find_label_noise(self.dataset, self.predictions, LabelNoiseConfig(**settings))


@pytest.fixture(scope="session")
def dress(make_dataset, make_out_of_sample) -> Callable[..., Case]:
    """A case of given probabilities (N, K) and labels; each repeat is off by a normal error of `jitter` in the logits."""

    def build(probs, labels, groups=None, *, wrong=None, repeats=2, jitter=0.3, seed=1) -> Case:
        rng = np.random.default_rng(seed)
        classes = [f"class {code:03d}" for code in range(probs.shape[1])]
        frame = pd.DataFrame({"x": np.arange(len(labels)) * 1.5, "y": [classes[code] for code in labels]})
        settings = {"label": "y"}
        if groups is not None:
            frame["sex"] = groups
            settings["sensitive"] = ["sex"]
        dataset = make_dataset(frame, **settings)
        logits = np.log(np.maximum(probs, 1e-12))
        repeated = []
        for _ in range(repeats):
            scores = np.exp(logits + jitter * rng.normal(size=logits.shape))
            repeated.append(scores / scores.sum(axis=1, keepdims=True))
        predictions = make_out_of_sample(dataset, np.mean(repeated, axis=0))
        folds = np.tile(predictions.folds, (repeats, 1))
        predictions = replace(predictions, repeat_probs=np.stack(repeated).astype(np.float32), folds=folds)
        return Case(dataset, predictions, np.zeros(len(labels), dtype=bool) if wrong is None else wrong)

    return build


@pytest.fixture(scope="session")
def make_case(dress) -> Callable[..., Case]:
    """Two overlapping classes, logits normal with a standard deviation of `spread`; `noise` flips labels by group."""

    def build(n=4000, *, spread=3.0, noise=0.0, noise_b=None, share_b=0.4, seed=0, **dressing) -> Case:
        rng = np.random.default_rng(seed)
        p = 1 / (1 + np.exp(-spread * rng.normal(size=n)))
        true = (rng.random(n) < p).astype(int)
        in_b = rng.random(n) < share_b
        rate = np.where(in_b, noise if noise_b is None else noise_b, noise)
        wrong = rng.random(n) < rate
        # What a model learns from noisy labels: their probability, not that of the true ones.
        learned = rate + (1 - 2 * rate) * p
        probs = np.column_stack([1 - learned, learned])
        groups = np.where(in_b, "B", "A")
        labels = np.where(wrong, 1 - true, true)
        return dress(probs, labels, groups, wrong=wrong, **dressing)

    return build


@pytest.fixture(scope="session")
def make_multiclass(dress) -> Callable[..., Case]:
    """K well separated classes of which `noise` of the labels go to a random other class."""

    def build(n=3000, k=6, *, noise=0.0, seed=0, groups=None, **dressing) -> Case:
        rng = np.random.default_rng(seed)
        true = np.arange(n) % k
        sharpness = rng.gamma(4.0, 2.0, size=n)
        scores = rng.normal(size=(n, k))
        scores[np.arange(n), true] += sharpness
        clean = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        wrong = rng.random(n) < noise
        labels = np.where(wrong, (true + rng.integers(1, k, n)) % k, true)
        learned = clean * (1 - noise) + (1 - clean) * noise / (k - 1)
        return dress(learned, labels, groups, wrong=wrong, **dressing)

    return build


@pytest.fixture(scope="session")
def of_code() -> Callable[[LabelNoiseResult, str], list]:
    return lambda result, code: [finding for finding in result.findings if finding.code == code]
