"""MH008: labels that no model can tell apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.config import HealthConfig, LearningConfig
from assay.findings import Severity, Status
from assay.health import HealthContext
from assay.health.fit import PART
from assay.health.fit.ceiling import _bound_error, _count
from assay.health.parts import assess_parts
from assay.learning import out_of_sample_values


@pytest.fixture(scope="module")
def ask(make_dataset, make_out_of_sample):
    def run(frame):
        dataset = make_dataset(frame, label="y")
        probs = np.full((len(frame), len(dataset.labels.classes)), 1 / len(dataset.labels.classes))
        context = HealthContext(dataset, make_out_of_sample(dataset, probs), HealthConfig())
        findings, _ = assess_parts((PART,), context)
        return next(finding for finding in findings if finding.code == "MH008")

    return run


def coarse(kinds, rows, error, seed=0):
    """Kinds of equal rows with a label of their own that is wrong with a probability."""
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.arange(kinds), rows)
    label = (kind % 2) ^ (rng.random(len(kind)) < error)
    return pd.DataFrame({"a": kind % 7, "b": [f"b{k}" for k in kind // 7], "y": np.where(label, "yes", "no")})


def test_labels_that_equal_rows_share_pass(ask):
    finding = ask(coarse(80, 10, 0.0))
    assert finding.status is Status.PASSED
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(("kinds", "rows"), [(60, 30), (600, 3)])
def test_labels_that_equal_rows_do_not_share_fail(ask, kinds, rows):
    finding = ask(coarse(kinds, rows, 0.3))
    assert finding.status is Status.FAILED
    assert finding.evidence.interval.low <= 0.3 <= finding.evidence.interval.high
    assert finding.remedy


def test_few_kinds_of_equal_rows_are_inconclusive(ask):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=400), "y": rng.choice(["yes", "no"], 400)})
    frame.loc[:49, "a"] = 0.0
    finding = ask(frame)
    assert finding.status is Status.INCONCLUSIVE
    assert "50 of 400 rows" in finding.message


def test_a_handful_of_equal_rows_speaks_for_no_others(ask):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=400), "y": rng.choice(["yes", "no"], 400)})
    frame.loc[:9, "a"] = 0.0
    assert ask(frame).status is Status.NOT_APPLICABLE


def test_mixed_kinds_of_values_and_missing_ones_are_compared(ask):
    frame = coarse(80, 10, 0.3).astype(object)
    frame.loc[frame["a"] == 3, "a"] = None
    frame.loc[frame["a"] == 4, "a"] = "four"
    assert ask(frame).status is Status.FAILED


@pytest.mark.parametrize("sizes", ["pairs", "large", "mixed"])
@pytest.mark.parametrize("shape", [(1.0, 1.0), (0.2, 0.2), (5.0, 5.0)])
def test_bounds_hold_the_least_error(sizes, shape):
    rng, held = np.random.default_rng(5), 0
    for _ in range(60):
        p = rng.beta(*shape, 60)
        m = {"pairs": np.full(60, 2), "large": rng.integers(20, 60, 60), "mixed": rng.integers(2, 40, 60)}[sizes]
        kind = np.repeat(np.arange(60), m)
        kinds = _count(kind, (rng.random(len(kind)) < p[kind]).astype(np.int64), 2)
        bounds = _bound_error(kinds, 1 - kinds.alike / (kinds.sizes * (kinds.sizes - 1)), 2)
        held += bounds.low <= (np.minimum(p, 1 - p) * m).sum() / m.sum() <= bounds.high
    assert held >= 54


def test_kinds_are_counted_by_hand():
    kinds = _count(np.array([0, 0, 0, 0, 1, 1, 2, 2, 2]), np.array([0, 0, 0, 1, 2, 1, 2, 2, 2]), 3)
    assert kinds.sizes.tolist() == [4, 2, 3]
    assert kinds.most.tolist() == [3, 1, 3]
    assert kinds.next.tolist() == [1, 1, 0]
    assert kinds.nexts.tolist() == [1, 1, 0]
    assert kinds.alike.tolist() == [6, 0, 6]


def test_of_a_number_it_does_not_apply(make_dataset):
    rng = np.random.default_rng(0)
    dataset = make_dataset(pd.DataFrame({"a": rng.normal(size=60), "y": rng.normal(size=60)}), label="y")
    predictions = out_of_sample_values(dataset, LearningConfig(epochs=1, repeats=1, other_models=False))
    findings, _ = assess_parts((PART,), HealthContext(dataset, predictions, HealthConfig()))
    assert next(f for f in findings if f.code == "MH008").status is Status.NOT_APPLICABLE
