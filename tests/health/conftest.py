"""Predictions with a known strength, and members with known scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from assay.config import HealthConfig
from assay.dataset import Dataset
from assay.health import HealthContext, assess_health
from assay.results import HealthResult, OutOfSample


@pytest.fixture(scope="session")
def make_case(make_dataset, make_out_of_sample) -> Callable[..., tuple[Dataset, OutOfSample]]:
    """N labels in K classes and probabilities that favour the label by `strength`; any field can be replaced."""

    def build(n=600, k=2, *, strength=1.0, seed=0, label="y", names=None, **fields):
        rng = np.random.default_rng(seed)
        codes = np.arange(n) % k
        names = names or [f"class {code:03d}" for code in range(k)]
        dataset = make_dataset(pd.DataFrame({"x": np.arange(n) * 1.5, label: np.array(names)[codes]}), label=label)
        scores = rng.normal(size=(n, k)) + strength * np.eye(k)[codes]
        probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        return dataset, replace(make_out_of_sample(dataset, probs), **fields)

    return build


@pytest.fixture(scope="session")
def assess() -> Callable[..., HealthResult]:
    return lambda case, **settings: assess_health(HealthContext(*case, HealthConfig(**settings)))


@pytest.fixture(scope="session")
def of_code() -> Callable[[HealthResult, str], list]:
    return lambda result, code: [finding for finding in result.findings if finding.code == code]
