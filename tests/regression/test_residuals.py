"""Distances from predictions, the null, and what is called suspect, against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assay.label_noise.residuals import (
    FAR,
    compute_false_share,
    compute_local_spread,
    compute_right_probability,
    compute_seen_share,
    estimate_excess,
    fit_nulls,
    measure_residuals,
)


def normal(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=n), rng.normal(size=n)


def suspects(residuals) -> np.ndarray:
    return (compute_false_share(residuals) <= 0.2) & (compute_right_probability(residuals) <= 0.5)


def test_the_spread_follows_the_prediction():
    rng = np.random.default_rng(0)
    prediction = rng.uniform(0, 1, 4000)
    residual = rng.normal(size=4000) * (0.5 + 2 * prediction)
    _, spread = compute_local_spread(prediction, residual)
    assert np.abs(spread / (0.5 + 2 * prediction) - 1).mean() < 0.1


def test_the_spread_is_not_moved_by_wrong_labels():
    prediction, residual = normal(2000)
    _, before = compute_local_spread(prediction, residual)
    residual[:200] += 1000
    _, after = compute_local_spread(prediction, residual)
    assert (after / before).mean() < 1.35


@pytest.mark.parametrize("degrees", [3.0, 5.0])
def test_the_null_of_t_is_found(degrees):
    distance = stats.t(degrees).rvs(40_000, random_state=0)
    below, above = fit_nulls(distance)
    assert below.degrees[0] == above.degrees[0] == degrees
    for null in (below, above):
        assert null.scale[0] == pytest.approx(1, rel=0.05)
        assert null.right[0] > 0.95
        expected = 2 * stats.t(degrees).sf(4.0)
        assert null.tail(np.array([4.0]))[0, 0] == pytest.approx(expected, rel=0.25)
        assert null.tail(np.array([null.reach(FAR)]))[0, 0] == pytest.approx(FAR)


def test_tails_are_never_taken_to_be_normal():
    below, _ = fit_nulls(normal(20_000)[0])
    assert below.degrees[0] == 5.0
    assert below.degrees[1:].max() > 5


@pytest.mark.parametrize("degrees", [3, 6, 1e6])
def test_few_of_right_labels_are_suspect(degrees):
    rng = np.random.default_rng(1)
    flagged = []
    for seed in range(10):
        residual = stats.t(degrees).rvs(1500, random_state=seed)
        residuals = measure_residuals(rng.normal(size=1500), residual)
        flagged.append(suspects(residuals).mean())
        found = estimate_excess(residuals).interval
        assert found.low < 0.005
        assert found.high < 0.05
    assert np.mean(flagged) < 0.002


@pytest.mark.parametrize("share", [0.02, 0.05])
def test_gross_errors_are_found_and_counted(share):
    held = 0
    for seed in range(10):
        prediction, residual = normal(1500, seed)
        wrong = np.arange(1500) < share * 1500
        residual[wrong] += np.where(np.arange(wrong.sum()) % 2, 12, -12)
        residuals = measure_residuals(prediction, residual)
        found = suspects(residuals)
        assert found[wrong].mean() > 0.95
        assert wrong[found].mean() > 0.85
        held += estimate_excess(residuals).interval.low <= share <= estimate_excess(residuals).interval.high
    assert held >= 9


def test_far_rows_do_not_speak_for_near_ones():
    """A dozen certain errors would let three ordinary rows in, by the false discovery rate alone."""
    prediction, residual = normal(400, 1)
    residual[:12] = 80.0
    residuals = measure_residuals(prediction, residual)
    assert set(np.flatnonzero(suspects(residuals))) == set(range(12))


def test_a_group_that_varies_more_is_not_one_that_errs_more():
    rng = np.random.default_rng(0)
    group = rng.random(4000) < 0.3
    residual = rng.normal(size=4000) * np.where(group, 3.0, 1.0)
    residuals = measure_residuals(rng.normal(size=4000), residual)
    assert residuals.far[group].mean() > 0.03
    assert residuals.within(group).far.mean() < 0.01


def test_share_of_other_labels_that_would_show():
    rng = np.random.default_rng(0)
    prediction = rng.normal(size=5000) * 10
    exact = measure_residuals(prediction, rng.normal(size=5000) * 0.1)
    assert compute_seen_share(exact, prediction, prediction) > 0.9
    noisy = measure_residuals(np.zeros(5000), prediction)
    assert compute_seen_share(noisy, np.zeros(5000), prediction) < 0.02


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=120),
    st.sampled_from(["as they are", "rounded", "all one"]),
)
def test_any_residuals_give_probabilities(values, kind):
    residual = np.array(values)
    residual = {"rounded": residual.round(-5), "all one": np.zeros(len(residual))}.get(kind, residual)
    residuals = measure_residuals(np.arange(len(residual), dtype=float), residual)
    assert np.isfinite(residuals.distance).all()
    assert (residuals.spread > 0).all()
    if residuals.nulls is not None:
        for found in (residuals.survival(), compute_false_share(residuals), compute_right_probability(residuals)):
            assert ((found >= 0) & (found <= 1)).all()
        excess = estimate_excess(residuals)
        assert 0 <= excess.interval.low <= excess.value <= excess.interval.high <= 1


@given(st.floats(0.01, 100), st.floats(-50, 50))
@settings(max_examples=20, deadline=None)
def test_neither_scale_nor_shift_matters(factor, shift):
    prediction, residual = normal(300)
    plain, moved = measure_residuals(prediction, residual), measure_residuals(prediction, residual * factor + shift)
    np.testing.assert_allclose(plain.distance, moved.distance, rtol=1e-6, atol=1e-6)
