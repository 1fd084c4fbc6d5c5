"""The largest difference of the groups' means: against SciPy, and by simulation where means are far from normal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import tukey_hsd

from assay.fairness import assess_numeric_fairness
from assay.fairness.numeric.means import compare_means, off_commonest
from assay.fairness_config import FairnessConfig
from assay.results import OutOfSampleValues
from assay.target import choose_scale

MANY_SMALL = [5000] + [60] * 8


def compare(values, sizes, weights=None, confidence=0.95, off=None):
    codes = np.repeat(np.arange(len(sizes)), sizes)
    return compare_means(
        "mean label",
        values,
        codes,
        np.ones(len(values)) if weights is None else weights,
        off_commonest(values) if off is None else off,
        size=len(sizes),
        confidence=confidence,
        min_group_size=50,
        tolerance=0.1,
    )


def rare(rng, n, share):
    """Labels that are 0 but for a share, on the scale on which they are judged."""
    labels = np.where(rng.random(n) < share, 1 + rng.gamma(2, 3, n), 0.0)
    return np.clip(choose_scale(labels).apply(labels), -4, 4)


def test_two_groups_are_welchs():
    rng = np.random.default_rng(0)
    one, two = rng.normal(0.3, 1, 60), rng.normal(0, 2, 90)
    found = compare(np.concatenate([one, two]), [60, 90])
    interval = tukey_hsd(one, two, equal_var=False).confidence_interval(0.95)
    assert found.high == pytest.approx(interval.high[0, 1], rel=1e-3)
    assert found.low == pytest.approx(max(0, interval.low[0, 1]), abs=1e-3)
    low, high = found.limits(0.95)
    error = one.std(ddof=1) / np.sqrt(60)
    assert (low[0], high[0]) == pytest.approx((one.mean() - 2.0010 * error, one.mean() + 2.0010 * error), abs=1e-3)


def test_more_groups_are_no_narrower_than_games_and_howell():
    rng = np.random.default_rng(0)
    parts = [rng.normal(m, s, 60) for m, s in ((0.2, 1), (0, 2), (0, 0.5), (-0.2, 1.5))]
    found = compare(np.concatenate(parts), [60] * 4)
    high = tukey_hsd(*parts, equal_var=False).confidence_interval(0.95).high
    assert high.max() <= found.high <= high.max() * 1.03


@pytest.mark.parametrize("share", [0.01, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3])
@pytest.mark.parametrize("sizes", [MANY_SMALL, [2000, 100], [1000] + [50] * 20], ids=["8x60", "100", "20x50"])
def test_parity_of_a_label_that_is_mostly_zero(share, sizes):
    rng, n, seen, failed = np.random.default_rng(0), sum(sizes), 0, 0
    for _ in range(60):
        found = compare(rare(rng, n, share), sizes)
        seen += found.low > 0
        failed += str(found.status) == "failed"
    # Of 60, six or more of what happens in 5% happen in 8% of runs; the seed is fixed.
    assert seen <= 6
    assert failed <= 3


@pytest.mark.parametrize("sizes", [MANY_SMALL, [2000, 60]])
@pytest.mark.parametrize("share", [0.05, 0.2, 1.0])
def test_a_shift_of_a_standard_deviation_is_found(sizes, share):
    rng, n, failed = np.random.default_rng(0), sum(sizes), 0
    for _ in range(20):
        labels = np.where(rng.random(n) < share, rng.normal(3, 1, n), 0.0)
        labels[-60:] += labels.std()
        found = compare(np.clip(choose_scale(labels).apply(labels), -4, 4), sizes)
        failed += str(found.status) == "failed"
    assert failed >= 19


def test_a_group_of_equal_labels_is_given_the_variance_of_the_others():
    rng = np.random.default_rng(0)
    values = np.concatenate([np.where(rng.random(3000) < 0.4, 2.0, 0.0), np.zeros(60)])
    found = compare(values, [3000, 60])
    assert found.compared == (0, 1)
    assert found.errors[1] == pytest.approx(values[:3000].std() / np.sqrt(60))
    assert str(found.status) == "failed"  # all of them lack what two in five others have


def test_a_group_with_too_few_rows_off_the_commonest_value_is_left_out():
    values = np.zeros(1060)
    values[:50] = 3
    found = compare(values, [1000, 60])
    assert found.compared == (0,)
    assert np.isnan(found.difference)
    assert str(found.status) == "inconclusive"
    assert found.left_out == pytest.approx(60 / 1060)


def test_equal_values_are_nothing_to_compare_and_one_row_has_no_error():
    found = compare(np.zeros(200), [100, 99, 1])
    assert found.compared == ()
    assert np.isnan(found.errors[2])
    assert np.isnan(found.limits(0.95)[0][2])
    assert off_commonest(np.zeros(0)).shape == (0,)


def test_what_lies_about_the_commonest_value_is_as_good_as_it():
    rng = np.random.default_rng(0)
    values = np.where(np.arange(1000) < 40, 1.0, 0.0) + rng.normal(0, 0.001, 1000)
    assert off_commonest(values).sum() == 40
    assert off_commonest(rng.normal(size=1000)).mean() > 0.8


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), shift=st.floats(-3, 3), factor=st.floats(0.1, 10))
def test_a_shift_of_all_changes_no_difference_and_weights_scale_nothing(seed, shift, factor):
    values, sizes = np.random.default_rng(seed).normal(size=180), [60, 60, 60]
    off = np.ones(180, dtype=bool)
    one = compare(values, sizes, off=off)
    other = compare(values + shift, sizes, weights=np.full(180, factor), off=off)
    assert (other.low, other.high, other.difference) == pytest.approx((one.low, one.high, one.difference))


def test_the_findings_name_what_is_left_out(make_dataset):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"g": ["ä"] * 2000 + ["b"] * 60, "y": np.where(rng.random(2060) < 0.05, rng.random(2060), 0)})
    frame.loc[2000:, "y"] = 0.0
    dataset = make_dataset(frame, label="y", sensitive=["g"], task="regression")
    scale = choose_scale(dataset.target)
    flat, none = np.full(2060, 0.02), np.full((5, 1), np.nan)
    predictions = OutOfSampleValues(
        target=dataset.target,
        predictions=flat,
        scale=scale,
        scaled_target=scale.apply(dataset.target),
        scaled_predictions=scale.apply(flat),
        repeat_predictions=scale.apply(flat)[None].astype(np.float32),
        folds=(np.arange(2060) % 5).astype(np.int16)[None],
        trained=np.ones(2060, dtype=bool),
        train_loss=none,
        test_loss=none,
        train_score=np.zeros(5),
        test_score=np.zeros(5),
        device="cpu",
    )
    result = assess_numeric_fairness(dataset, predictions, FairnessConfig())
    small = next(f for f in result.findings if f.code == "FB013")
    assert "fewer than 10 with another label than the commonest" in small.message
    assert "b (60)" in small.message
    for finding in (f for f in result.findings if f.code in {"FB002", "FB014"}):
        assert str(finding.status) == "inconclusive"
