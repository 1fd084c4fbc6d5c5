"""The AUC against scikit-learn, DeLong's variance against its definition, and the corners."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from assay.auc import compute_auc


def binary(n=300, seed=0, decimals=8):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype(int)
    p = np.clip(0.3 * y + rng.random(n) * 0.7, 0, 1).round(decimals)
    return y, np.column_stack([1 - p, p])


@pytest.mark.parametrize("decimals", [8, 1])
def test_two_classes_as_scikit_learn_with_and_without_ties(decimals):
    y, probs = binary(decimals=decimals)
    assert compute_auc(y, probs).value == pytest.approx(roc_auc_score(y, probs[:, 1]))


@pytest.mark.parametrize("k", [3, 10])
def test_macro_as_scikit_learn(k):
    rng = np.random.default_rng(0)
    y = np.arange(500) % k
    probs = rng.dirichlet(np.ones(k), 500) + 0.2 * np.eye(k)[y]
    probs /= probs.sum(axis=1, keepdims=True)
    assert compute_auc(y, probs).value == pytest.approx(roc_auc_score(y, probs, multi_class="ovr"))


def test_interval_is_no_narrower_than_delongs():
    y, probs = binary(600)
    positive, negative = probs[y == 1, 1], probs[y == 0, 1]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    variance = wins.mean(axis=1).var(ddof=1) / len(positive) + wins.mean(axis=0).var(ddof=1) / len(negative)
    interval = compute_auc(y, probs).interval
    assert interval.high - interval.low >= 0.95 * 2 * 1.96 * np.sqrt(variance)


def test_macro_interval_covers_its_truth():
    # Scores normal, shifted by 1 for the own class: each one-versus-rest AUC is Phi(1 / sqrt(2)) = 0.7602.
    covered = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, 4, 200)
        interval = compute_auc(y, rng.normal(size=(200, 4)) + np.eye(4)[y]).interval
        covered += interval.low <= 0.76025 <= interval.high
    assert covered >= 90


def test_perfect_order_is_not_certain():
    y = np.repeat([0, 1], 20)
    auc = compute_auc(y, np.column_stack([1 - y, y]).astype(float))
    assert auc.value == 1
    assert 0.75 < auc.interval.low < 0.9
    assert auc.interval.high == 1


@pytest.mark.parametrize("rows", [60, 360, 10_000])
def test_one_pair_out_of_order_tells_nearly_as_much_as_none(rows):
    scores = np.arange(2 * rows, dtype=float)
    scores[[rows - 1, rows]] = scores[[rows, rows - 1]]
    probs = scores / (2 * rows)
    labels = np.repeat([0, 1], rows)
    found = compute_auc(labels, np.c_[1 - probs, probs])
    assert found.value == pytest.approx(1 - 1 / rows**2)
    perfect = compute_auc(labels, np.c_[1.0 - labels, 1.0 * labels])
    assert found.interval.low == pytest.approx(perfect.interval.low, abs=2 / rows)
    assert found.interval.low < found.value < found.interval.high


def test_a_rare_class_makes_it_uncertain():
    y = np.r_[np.zeros(500, int), [1, 1, 1]]
    auc = compute_auc(y, np.column_stack([1 - y, y]).astype(float))
    assert auc.smallest_class == 3
    assert auc.interval.low < 0.6


def test_one_class_has_none():
    assert compute_auc(np.zeros(5, int), np.full((5, 2), 0.5)) is None


def test_absent_class_is_left_out_of_the_mean():
    y, probs = binary()
    three = np.column_stack([probs, np.zeros(len(y))])
    assert compute_auc(y, three).value == pytest.approx(roc_auc_score(y, probs[:, 1]))


@given(st.integers(2, 40), st.integers(2, 6), st.integers(0, 1000))
def test_interval_is_within_0_and_1_and_holds_the_value(n, k, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    y[:2] = [0, 1]
    auc = compute_auc(y, rng.dirichlet(np.full(k, 0.2), n).round(1))
    assert 0 <= auc.interval.low <= auc.value + 1e-9
    assert auc.value - 1e-9 <= auc.interval.high <= 1


@pytest.mark.parametrize(("negatives", "positives", "area"), [(50, 50, 0.998), (30, 300, 0.961), (200, 200, 0.6)])
def test_the_interval_holds_the_area_of_two_normals(negatives, positives, area):
    """300 samples of two normals with a known area: 92% at least, less two standard errors of the simulation."""
    rng = np.random.default_rng(0)
    distance = np.sqrt(2) * NormalDist().inv_cdf(area)
    y = np.r_[np.zeros(negatives, dtype=np.int64), np.ones(positives, dtype=np.int64)]
    held = 0
    for _ in range(300):
        scores = rng.normal(size=len(y)) + distance * y
        p = 1 / (1 + np.exp(-scores))
        interval = compute_auc(y, np.stack([1 - p, p], axis=1)).interval
        held += interval.low <= area <= interval.high
    assert held >= 300 * 0.92 - 2 * np.sqrt(300 * 0.92 * 0.08)
