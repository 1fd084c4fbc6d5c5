"""The estimator of the share of wrong labels, held against counts by hand and against simulated ambiguity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from assay.label_noise.anchors import (
    compute_fall,
    count_kinds,
    count_one_way,
    estimate_share,
    find_regions,
    rank_confidence,
)

RANK = (np.arange(1000) + 0.5) / 1000


def contradicted(top: int, following: int, rest: int = 0) -> np.ndarray:
    mask = np.zeros(1000, dtype=bool)
    mask[:top] = True
    mask[100 : 100 + following] = True
    mask[300 : 300 + rest] = True
    return mask


def test_estimate_by_hand():
    # A = 10/100, B = 30/200, fall 3: (3 * 0.1 - 0.15) / 2 = 0.075.
    share = estimate_share(RANK, contradicted(10, 30, 300), 3.0)
    assert share.n == 1000
    assert share.value == pytest.approx(0.075)
    error = np.sqrt(9 * 11 / 100**2 + 31 / 200**2) / 2
    assert share.error == pytest.approx(error)
    assert share.interval.low == pytest.approx(max(0.0, 0.075 - 1.959964 * error), abs=1e-6)


def test_upper_limit_by_hand():
    # Nothing contradicts the model: the largest region, all rows, gives the smallest limit.
    share = estimate_share(RANK, contradicted(0, 0), 3.0)
    assert share.value == 0
    assert share.interval.low == 0
    assert share.interval.high == pytest.approx(chi2.ppf(1 - 0.025 / 5, 2) / 2 / 1000)


def test_chance_among_the_few_most_confident_is_settled_by_a_larger_region():
    # A = 8/100 and B = 4/200 would give (3 * 0.08 - 0.02) / 2 = 0.11, but only 12 of all 1,000 labels contradict.
    share = estimate_share(RANK, contradicted(8, 4), 3.0)
    assert share.value == pytest.approx(0.012)
    assert share.error == pytest.approx(np.sqrt(13) / 1000)
    assert share.interval.low == pytest.approx(0.012 - 1.959964 * np.sqrt(13) / 1000, abs=1e-6)
    assert share.interval.high == pytest.approx(chi2.ppf(1 - 0.025 / 5, 26) / 2 / 1000)


def test_without_a_fall_there_is_an_upper_limit_only():
    share = estimate_share(RANK, contradicted(10, 30, 300), None)
    assert share.value is None
    assert share.interval.low == 0
    assert share.interval.high == pytest.approx(chi2.ppf(1 - 0.025 / 5, 22) / 2 / 100)


def test_share_of_a_class_is_seen_against_its_rows():
    # Of a class with 200 of 1,000 rows, 20 belong to the top tenth, were it all over the place: A = 4/20, B = 10/40.
    share = estimate_share(RANK, contradicted(4, 10, 80), 3.0, rows=200)
    assert share.n == 200
    assert share.value == pytest.approx((3 * 0.2 - 0.25) / 2)


def test_no_rows():
    share = estimate_share(np.empty(0), np.empty(0, dtype=bool), 3.0)
    assert (share.n, share.value, share.interval) == (0, None, None)


@given(st.integers(0, 100), st.integers(0, 200), st.integers(0, 700), st.floats(1.01, 10))
def test_the_estimate_lies_within_its_interval(top, following, rest, fall):
    share = estimate_share(RANK, contradicted(top, following, rest), fall)
    assert 0 <= share.interval.low <= share.value <= share.interval.high <= 1
    # Sampling error on both sides: the value is no limit, unless it cannot go further.
    assert share.value < share.interval.high
    assert share.interval.low < share.value or share.value == 0


@pytest.mark.parametrize("spread", [0.7, 1.5, 3.0])
def test_fall_is_that_of_drawn_ambiguity(spread):
    rng = np.random.default_rng(0)
    p = 1 / (1 + np.exp(-spread * rng.normal(size=400_000)))
    y = rng.random(len(p)) < p
    ranks = np.argsort(np.argsort(p)) + 1.0
    auc = (ranks[y].sum() - y.sum() * (y.sum() + 1) / 2) / (y.sum() * (~y).sum())
    wrong = ((p > 0.5) != y)[np.argsort(-np.abs(p - 0.5))]
    observed = wrong[40_000:120_000].mean() / wrong[:40_000].mean()
    assert compute_fall(auc, wrong.mean()) == pytest.approx(observed, rel=0.06)


@pytest.mark.parametrize(("auc", "error"), [(0.5, 0.5), (0.2, 0.9), (1.0, 0.0), (0.99, 0.6), (0.7, 0.01)])
def test_fall_is_above_1_and_bounded(auc, error):
    assert 1 < compute_fall(auc, error) <= 10


def test_ranks_within_class_and_stratum():
    predicted = np.repeat([0, 1], 40)
    strata = np.tile([0] * 20 + [1] * 20, 2)
    confidence = np.linspace(0.5, 0.9, 80)
    rank = rank_confidence(predicted, confidence, strata)
    for cell in range(4):
        rows = slice(20 * cell, 20 * cell + 20)
        np.testing.assert_allclose(rank[rows], (np.arange(20)[::-1] + 0.5) / 20)


def test_small_strata_are_joined():
    predicted = np.zeros(30, dtype=np.int64)
    confidence = np.linspace(0.9, 0.5, 30)
    rank = rank_confidence(predicted, confidence, np.arange(30))
    np.testing.assert_allclose(rank, (np.arange(30) + 0.5) / 30)


def test_small_classes_are_joined_with_each_other():
    rank = rank_confidence(np.arange(30), np.linspace(0.9, 0.5, 30), np.zeros(30, dtype=np.int64))
    np.testing.assert_allclose(rank, (np.arange(30) + 0.5) / 30)


def test_kinds_are_counted():
    rank = np.full(400, 0.1)
    assert count_kinds(np.tile([0.7, 0.8, 0.9, 0.95], 100), rank) == pytest.approx(4)
    assert count_kinds(np.linspace(0.5, 0.99, 400), rank) > 100
    # Certainty is not coarseness.
    assert count_kinds(np.full(400, 1.0), rank) == pytest.approx(400)
    assert count_kinds(np.full(400, 0.9), np.full(400, 0.9)) == 0


def test_ties_share_their_mean_rank():
    confidence = np.array([0.9] * 3 + [0.8] * 7 + [0.95] * 10 + [0.6] * 20)
    rank = rank_confidence(np.zeros(40, dtype=np.int64), confidence, np.zeros(40, dtype=np.int64))
    # 10 rows first, then 3, then 7, then 20: mean positions 5, 11.5, 16.5 and 30 of 40.
    np.testing.assert_allclose(rank, np.repeat([11.5, 16.5, 5.0, 30.0], [3, 7, 10, 20]) / 40)


def test_only_regions_of_many_kinds_bear_a_limit():
    assert find_regions(np.repeat([0.9, 0.7], 500), np.repeat([0.25, 0.75], 500)) == (1.0,)
    assert find_regions(np.linspace(0.99, 0.5, 1000), RANK) == (0.05, 0.1, 0.2, 0.5, 1.0)
    assert find_regions(np.linspace(0.99, 0.5, 400), (np.arange(400) + 0.5) / 400) == (0.1, 0.2, 0.5, 1.0)


def test_one_way_errors_by_hand():
    # 60 of the 100 rows predicted as class 1 kept that label; 90 rows carry it: 90 * 40 / 60 went to class 0.
    predicted = np.repeat([0, 1], [900, 100])
    labels = np.concatenate([np.zeros(870), np.ones(30), np.zeros(40), np.ones(60)]).astype(np.int64)
    collected = count_one_way(np.full(1000, 0.5), labels, predicted, 2, (1.0,))
    np.testing.assert_allclose(collected, [60, 910 * 30 / 870])
