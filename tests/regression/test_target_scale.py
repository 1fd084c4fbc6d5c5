"""The scale of a numeric label, and R2 with its interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import r2_score

from assay.r2 import compute_r2
from assay.target import choose_scale


def test_a_normal_label_keeps_its_scale():
    y = np.random.default_rng(0).normal(1000, 20, 5000)
    scale = choose_scale(y)
    assert not scale.is_logarithmic
    assert scale.centre == pytest.approx(1000, abs=2)
    assert scale.spread == pytest.approx(20, rel=0.05)


def test_incomes_get_a_logarithmic_one():
    rng = np.random.default_rng(0)
    assert choose_scale(np.exp(rng.normal(10, 1, 5000))).is_logarithmic
    assert choose_scale(-np.exp(rng.normal(10, 1, 5000))).is_logarithmic
    assert not choose_scale(rng.uniform(0, 1, 5000)).is_logarithmic


def test_slips_do_not_change_the_scale():
    y = np.random.default_rng(0).normal(50, 5, 2000)
    before = choose_scale(y)
    y[:100] *= 10
    after = choose_scale(y)
    assert not after.is_logarithmic
    assert after.spread == pytest.approx(before.spread, rel=0.15)


def test_a_label_of_which_most_is_one_value_has_a_spread():
    y = np.full(100, 40.0)
    y[:15] = np.arange(15)
    assert choose_scale(y).spread > 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-(10**9), 10**9), min_size=3, max_size=50, unique=True))
def test_there_and_back(values):
    y = np.array(values) / 1000
    scale = choose_scale(y)
    z = scale.apply(y)
    assert (np.diff(z[np.argsort(y)]) >= 0).all()
    np.testing.assert_allclose(scale.invert(z), y, rtol=1e-6, atol=1e-6 * np.abs(y).max())


def test_huge_labels_do_not_overflow():
    y = np.array([-1e308, 0.0, 1.0, 2.0, 1e308, np.nan])
    z = choose_scale(y).apply(y)
    assert np.isnan(z).tolist() == [False] * 5 + [True]
    assert np.isfinite(z[:5]).all()


def test_r2_is_that_of_scikit_learn_and_its_interval_holds():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        x = rng.normal(size=200)
        y = x + rng.normal(size=200)
        found = compute_r2(y, x)
        assert found is not None
        assert found.value == pytest.approx(r2_score(y, x))
        held += found.interval.low <= 0.5 <= found.interval.high
    assert held / 200 == pytest.approx(0.95, abs=0.05)


def test_r2_of_nothing_and_of_no_error():
    assert compute_r2(np.ones(5), np.zeros(5)) is None
    assert compute_r2(np.array([1.0]), np.zeros(1)) is None
    exact = compute_r2(np.arange(5.0), np.arange(5.0))
    assert exact is not None
    assert exact.value == exact.interval.low == 1
