"""Thresholds per group: against brute force, against fairlearn, and their laws."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from fairlearn.postprocessing import ThresholdOptimizer
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin

from assay.fairness.context import DEMOGRAPHIC_PARITY, EQUALIZED_ODDS
from assay.fairness.mitigation.optimizer import optimize_thresholds
from assay.fairness.mitigation.thresholds import find_corners, fit_thresholds

CRITERIA = (DEMOGRAPHIC_PARITY, EQUALIZED_ODDS)


def accuracy_of(rows: np.ndarray, chosen: np.ndarray) -> float:
    """Share of right decisions of rows (G, 2, B) under decisions (G, B)."""
    return float((rows[:, 1] * chosen + rows[:, 0] * (1 - chosen)).sum() / rows.sum())


def disparity_of(rows: np.ndarray, chosen: np.ndarray, criterion: str) -> float:
    if criterion == DEMOGRAPHIC_PARITY:
        return float(np.ptp((rows.sum(axis=1) * chosen).sum(axis=1) / rows.sum(axis=(1, 2))))
    rates = (rows * chosen[:, None]).sum(axis=2) / rows.sum(axis=2)
    return float(np.ptp(rates, axis=0).max())


def fit(rows: np.ndarray, criterion: str, tolerance: float) -> np.ndarray:
    return fit_thresholds([find_corners(group) for group in rows.astype(float)], criterion, tolerance, rows.shape[2])


@st.composite
def tables(draw: st.DrawFn) -> np.ndarray:
    """Rows (G, 2, B) of 2 or 3 groups, each with both labels."""
    groups, bins = draw(st.integers(2, 3)), draw(st.integers(1, 5))
    counts = draw(st.lists(st.integers(0, 30), min_size=groups * 2 * bins, max_size=groups * 2 * bins))
    rows = np.array(counts).reshape(groups, 2, bins)
    rows[:, :, 0] += 1
    return rows


@pytest.mark.parametrize("criterion", CRITERIA)
@settings(max_examples=60, deadline=None)
@given(rows=tables(), tolerance=st.sampled_from([0.0, 0.05, 0.2, 0.5, 1.0]))
def test_no_thresholds_within_the_tolerance_are_more_accurate(criterion, rows, tolerance):
    chosen = fit(rows, criterion, tolerance)
    assert disparity_of(rows, chosen, criterion) <= tolerance + 1e-6
    found = accuracy_of(rows, chosen)
    groups, _, bins = rows.shape
    steps = (np.arange(bins) >= np.arange(bins + 1)[:, None]).astype(float)
    for thresholds in itertools.product(range(bins + 1), repeat=groups):
        by_hand = steps[list(thresholds)]
        if disparity_of(rows, by_hand, criterion) <= tolerance:
            assert accuracy_of(rows, by_hand) <= found + 1e-6


@settings(max_examples=40, deadline=None)
@given(rows=tables())
def test_without_a_limit_each_group_has_its_own_best_threshold(rows):
    best = sum(max(group[0, :cut].sum() + group[1, cut:].sum() for cut in range(group.shape[1] + 1)) for group in rows)
    for criterion in CRITERIA:
        assert accuracy_of(rows, fit(rows, criterion, 1.0)) == pytest.approx(best / rows.sum(), abs=1e-7)


@pytest.mark.parametrize("criterion", CRITERIA)
@settings(max_examples=40, deadline=None)
@given(rows=tables())
def test_a_larger_tolerance_is_never_less_accurate(criterion, rows):
    found = [accuracy_of(rows, fit(rows, criterion, tolerance)) for tolerance in (0, 0.02, 0.1, 0.3, 1)]
    assert (np.diff(found) >= -1e-7).all()


@settings(max_examples=30, deadline=None)
@given(rows=tables(), data=st.data())
def test_the_order_of_the_groups_and_the_number_of_rows_do_not_matter(rows, data):
    order = data.draw(st.permutations(range(len(rows))))
    for criterion in CRITERIA:
        found = accuracy_of(rows, fit(rows, criterion, 0.1))
        assert accuracy_of(rows[order], fit(rows[order], criterion, 0.1)) == pytest.approx(found, abs=1e-7)
        assert accuracy_of(rows * 7, fit(rows * 7, criterion, 0.1)) == pytest.approx(found, abs=1e-7)


def test_decisions_never_fall_with_the_score():
    rows = np.random.default_rng(0).integers(1, 40, size=(4, 2, 30))
    for criterion in CRITERIA:
        chosen = fit(rows, criterion, 0.03)
        assert (np.diff(chosen, axis=1) >= -1e-12).all()
        assert chosen.min() >= 0
        assert chosen.max() <= 1


def test_corners_of_a_hull_by_hand():
    # From the best bin down: 4 of 4 positives, then 1 positive of 5, then none of 3.
    corners = find_corners(np.array([[3.0, 4.0, 0.0], [0.0, 1.0, 4.0]]))
    assert corners.threshold.tolist() == [3, 2, 1, 0]
    assert corners.tpr.tolist() == [0, 0.8, 1, 1]
    assert corners.fpr.tolist() == pytest.approx([0, 0, 4 / 7, 1])
    assert corners.errors.tolist() == [5, 1, 4, 7]
    assert corners.selected.tolist() == pytest.approx([0, 4 / 12, 9 / 12, 1])


def test_a_dent_in_the_curve_is_no_corner():
    corners = find_corners(np.array([[0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0]]))
    # The curve touches the diagonal half way, and lies below it elsewhere.
    assert corners.fpr.tolist() == [0.0, 1.0]
    assert corners.tpr.tolist() == [0.0, 1.0]


def test_a_group_with_one_label_is_refused():
    with pytest.raises(ValueError, match="one class"):
        find_corners(np.array([[0.0, 0.0], [3.0, 4.0]]))


class Given(ClassifierMixin, BaseEstimator):
    def fit(self, _x, _y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict_proba(self, x):
        return np.column_stack([1 - x[:, 0], x[:, 0]])


@pytest.fixture(scope="module")
def sample() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Group, label and bin of 6,000 rows in three groups whose scores mean different things, and their counts."""
    rng = np.random.default_rng(3)
    group = rng.integers(0, 3, 6000)
    label = (rng.random(6000) < np.array([0.5, 0.3, 0.2])[group]).astype(int)
    shift = np.array([1.6, 1.0, 0.7])[group] * label
    score = np.clip(np.round((rng.normal(size=6000) + shift + 3) * 8), 0, 63).astype(int)
    rows = np.zeros((3, 2, 64), dtype=np.int64)
    np.add.at(rows, (group, label, score), 1)
    return group, label, score, rows


@pytest.mark.parametrize(
    ("criterion", "constraints"), [(DEMOGRAPHIC_PARITY, "demographic_parity"), (EQUALIZED_ODDS, "equalized_odds")]
)
def test_exact_parity_is_fairlearns(sample, criterion, constraints):
    group, label, score, rows = sample
    x = (score / 64.0)[:, None]
    optimizer = ThresholdOptimizer(
        estimator=Given(), prefit=True, constraints=constraints, predict_method="predict_proba"
    ).fit(x, label, sensitive_features=group)
    expected = optimizer._pmf_predict(x, sensitive_features=group)[:, 1]
    assert optimize_thresholds(rows, criterion)[group, score] == pytest.approx(expected, abs=1e-12)
    # The program's exact solution; fairlearn walks a grid of 1,000 points.
    ours = accuracy_of(rows, fit(rows, criterion, 0.0))
    theirs = float(np.where(label == 1, expected, 1 - expected).mean())
    assert ours == pytest.approx(theirs, abs=2e-3)
    assert ours >= theirs - 1e-6
