"""The noise matrix and the probability that a label is wrong, against planted rates and Bayes' rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.label_noise.noise_matrix import NoiseMatrix, estimate_noise, find_region, judge_by_matrix


def draw(n, rates, *, strata=None, spread=4.0, seed=0):
    """True classes 0 and 1 of which `rates[stratum]` (K,) lose their label; what a model learns; and what is wrong."""
    rng = np.random.default_rng(seed)
    strata = np.zeros(n, dtype=np.int64) if strata is None else strata
    true_probs = 1 / (1 + np.exp(-spread * rng.normal(size=n)))
    true = (rng.random(n) < true_probs).astype(np.int64)
    lost = np.asarray(rates)[strata]
    wrong = rng.random(n) < lost[np.arange(n), true]
    learned = true_probs * (1 - lost[:, 1]) + (1 - true_probs) * lost[:, 0]
    logits = np.log(learned / (1 - learned)) + 0.1 * rng.normal(size=n)
    learned = 1 / (1 + np.exp(-logits))
    return np.where(wrong, 1 - true, true), np.column_stack([1 - learned, learned]), wrong


@pytest.mark.parametrize("rates", [(0.1, 0.1), (0.25, 0.0), (0.02, 0.3), (0.0, 0.0)])
def test_rates_of_the_classes_are_found(rates):
    labels, probs, _ = draw(20_000, [rates])
    (matrix,) = estimate_noise(labels, probs, np.zeros(len(labels), dtype=np.int64)).matrices
    assert [matrix[0, 1], matrix[1, 0]] == pytest.approx(rates, abs=0.06)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)


def test_a_group_that_loses_one_class_is_found():
    strata = (np.arange(20_000) % 3 == 0).astype(np.int64)
    labels, probs, _ = draw(20_000, [(0.02, 0.02), (0.02, 0.35)], strata=strata)
    other, group = estimate_noise(labels, probs, strata).matrices
    assert group[1, 0] == pytest.approx(0.35, abs=0.12)
    assert max(other[0, 1], other[1, 0], group[0, 1]) < 0.1


def test_equal_rates_are_not_told_apart():
    strata = np.arange(3000) % 5
    labels, probs, _ = draw(3000, [(0.15, 0.15)] * 5, strata=strata)
    matrices = estimate_noise(labels, probs, strata).matrices
    rates = matrices[:, [0, 1], [1, 0]]
    assert np.ptp(rates, axis=0).max() < 0.03


def test_where_labels_go_is_found_among_many_classes():
    rng = np.random.default_rng(0)
    true = np.arange(6000) % 6
    wrong = (true == 2) & (rng.random(6000) < 0.3)
    labels = np.where(wrong, 5, true)
    learned = np.full((6000, 6), 0.01)
    learned[np.arange(6000), true] = 0.95
    learned[true == 2, 2], learned[true == 2, 5] = 0.66, 0.30
    learned *= np.exp(0.2 * rng.normal(size=learned.shape))
    learned /= learned.sum(axis=1, keepdims=True)
    (matrix,) = estimate_noise(labels, learned, np.zeros(6000, dtype=np.int64)).matrices
    assert matrix[2].argsort()[::-1][:2].tolist() == [2, 5]
    assert matrix[2, 5] == pytest.approx(0.3, abs=0.08)


def test_probability_by_bayes_rule():
    # Class 1 loses a fifth of its labels, class 0 none. At p(true = 1) = 0.6 a model learns p(given = 1) = 0.48.
    noise = NoiseMatrix(np.array([[[1.0, 0.0], [0.2, 0.8]]]), np.zeros(2, dtype=np.int64))
    wrong, suggested = judge_by_matrix(np.array([0, 1]), np.array([[0.52, 0.48]] * 2), noise)
    # P(true = 1 | given = 0) = 0.6 * 0.2 / (0.6 * 0.2 + 0.4); a given 1 is never wrong.
    assert wrong == pytest.approx([0.12 / 0.52, 0.0])
    assert suggested.tolist() == [1, 0]


def test_planted_errors_are_as_probable_as_they_are_said_to_be():
    labels, probs, wrong = draw(20_000, [(0.05, 0.25)])
    said, _ = judge_by_matrix(labels, probs, estimate_noise(labels, probs, np.zeros(len(labels), dtype=np.int64)))
    for low, high in ((0.0, 0.05), (0.05, 0.3), (0.3, 0.7), (0.7, 1.0)):
        inside = (said >= low) & (said <= high)
        assert wrong[inside].mean() == pytest.approx(said[inside].mean(), abs=0.12)


def test_each_stratum_is_judged_by_its_own_matrix():
    even, clean = [[0.7, 0.3], [0.3, 0.7]], [[0.999, 0.001], [0.001, 0.999]]
    noise = NoiseMatrix(np.array([even, clean]), np.array([0, 1]))
    wrong, _ = judge_by_matrix(np.array([0, 0]), np.array([[0.4, 0.6]] * 2), noise)
    assert wrong[0] > 0.5 > wrong[1]


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 7), st.integers(1, 4), st.integers(0, 2**16), st.integers(1, 120))
def test_whatever_comes_is_a_distribution(k, n_strata, seed, n):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(k, 0.3), size=n)
    labels, strata = rng.integers(0, k, n), rng.integers(0, n_strata, n)
    noise = estimate_noise(labels, probs, strata)
    np.testing.assert_allclose(noise.matrices.sum(axis=2), 1)
    assert (noise.matrices >= 0).all()
    assert (np.diagonal(noise.matrices, axis1=1, axis2=2) > 0.5).all()
    wrong, suggested = judge_by_matrix(labels, probs, noise)
    assert ((wrong >= 0) & (wrong <= 1)).all()
    assert (suggested != labels).all()


def test_the_widest_region_without_a_rise():
    rank = (np.arange(1000) + 0.5) / 1000
    flat = np.arange(1000) % 10 == 0
    assert find_region(rank, flat) == 1.0
    # Ambiguity sets in beyond the most confident fifth.
    assert find_region(rank, flat | ((rank > 0.2) & (np.arange(1000) % 3 == 0))) == 0.2
