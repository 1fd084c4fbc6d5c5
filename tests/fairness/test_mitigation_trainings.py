"""FB030 with trainings: fairlearn's reduction, reweighing, and the audit's own models trained again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from assay.fairness.mitigation import explore_mitigation, trainings
from assay.fairness.mitigation.trainings import read_examples, reweigh
from assay.fairness_config import FairnessConfig

ALL = FairnessConfig(mitigation="all")


def test_reweighing_by_hand():
    # Kamiran and Calders' example: of 5 men 4 are hired, of 5 women 2.
    group = np.repeat([0, 1], 5)
    label = np.array([1, 1, 1, 1, 0, 1, 1, 0, 0, 0])
    weight = reweigh(group, label, np.ones(10))
    assert weight[0] == pytest.approx(0.5 * 0.6 / 0.4)
    assert weight[4] == pytest.approx(0.5 * 0.4 / 0.1)
    assert weight[5] == pytest.approx(0.5 * 0.6 / 0.2)
    assert weight[9] == pytest.approx(0.5 * 0.4 / 0.3)


def test_reweighed_labels_are_independent_of_the_group():
    rng = np.random.default_rng(0)
    group, label, own = rng.integers(0, 4, 500), rng.integers(-1, 2, 500), rng.random(500)
    label[group == 3] = 1
    weight = reweigh(group, label, own)
    known = label >= 0
    np.testing.assert_array_equal(weight[~known], own[~known])
    shares = [weight[known & (group == g) & (label == 1)].sum() / weight[known & (group == g)].sum() for g in range(3)]
    assert np.ptp(shares) == pytest.approx(0)
    assert weight.min() >= 0


@pytest.fixture(autouse=True)
def _short_trainings(monkeypatch):
    monkeypatch.setattr(trainings, "ROUNDS", 2)
    monkeypatch.setattr(trainings, "TREES", 4)
    monkeypatch.setattr(trainings, "FOLDS", 2)


@pytest.fixture
def table(make_dataset, make_out_of_sample):
    """900 rows whose label follows a feature and the group; the feature has gaps, and a text column is odd."""
    rng = np.random.default_rng(0)
    n = 900
    group = rng.choice(["a", "b"], n)
    x = rng.normal(size=n)
    label = x + 0.8 * (group == "a") + rng.normal(size=n) * 0.7 > 0.4
    text = rng.choice(["ä", "☂", None], n)
    frame = pd.DataFrame({"g": group, "x": np.where(rng.random(n) < 0.1, np.nan, x), "t": text, "d": pd.Timestamp(0)})
    frame["d"] += pd.to_timedelta(rng.integers(0, 1000, n), unit="D")
    frame["y"] = np.where(label, "yes", "no")
    dataset = make_dataset(frame, label="y", sensitive=["g"])
    score = 1 / (1 + np.exp(-2 * (x + 0.8 * (group == "a") - 0.4)))
    return dataset, make_out_of_sample(dataset, np.column_stack([1 - score, score]))


def test_examples_read_any_column(table):
    dataset, _ = table
    positions = np.arange(0, 900, 2)
    examples = read_examples(dataset, positions, np.zeros(450, dtype=int), np.arange(450) % 5)
    assert examples.inputs.shape == (450, len(dataset.roles.features))
    assert np.isfinite(examples.inputs).any(axis=0).all()
    assert set(np.unique(examples.fold)) == {0, 1}


def test_trainings_are_tried_and_judged_on_rows_that_they_did_not_see(table):
    told: list[float] = []
    result = explore_mitigation(*table, ALL, told.append)
    for criterion, rows in result.frontier.groupby("criterion"):
        assert set(rows.method) == {
            "none",
            "group thresholds",
            "threshold optimizer",
            "exponentiated gradient",
            "reweighing",
        }, criterion
        assert rows.accuracy.between(0.5, 1).all()
    assert len(told) > 3
    assert told == sorted(told)


def test_a_sample_that_cannot_compare_a_group_does_not_pass(table, monkeypatch):
    dataset, predictions = table
    monkeypatch.setattr(trainings, "MOST_ROWS", 120)
    generous = FairnessConfig(mitigation="all", tolerance=0.95, min_group_size=80)
    rows = explore_mitigation(dataset, predictions, generous).frontier
    trained = rows[rows.method == "reweighing"]
    assert (trained.n == 120).all()
    assert not (trained.status == "passed").any()


def test_the_audits_own_models_are_trained_again(table):
    dataset, predictions = table
    asked: list[np.ndarray] = []

    def retrain(weights):
        asked.append(weights)
        return replace(predictions, pred_probs=predictions.pred_probs[:, ::-1])

    small = FairnessConfig(mitigation="all", min_group_size=50)
    frontier = explore_mitigation(dataset, predictions, small, retrain=retrain).frontier
    assert len(asked) == 1
    label = dataset.labels.codes
    group = (dataset.groups["g"] == "a").to_numpy()
    shares = [np.average(label[group == g], weights=asked[0][group == g]) for g in (True, False)]
    assert shares[0] == pytest.approx(shares[1])
    own, again = (frontier[frontier.method == m].accuracy.iloc[0] for m in ("none", "reweighing"))
    assert again == pytest.approx(1 - own)
    assert replace(dataset, weights=asked[0]).weights is asked[0]


def test_trainings_of_a_weighted_dataset_take_no_reduction(table):
    dataset, predictions = table
    weighted = replace(dataset, weights=np.random.default_rng(0).uniform(0.5, 2, len(dataset)))
    frontier = explore_mitigation(weighted, predictions, ALL).frontier
    assert set(frontier.method) == {"none", "group thresholds", "reweighing"}
