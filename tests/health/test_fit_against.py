"""MH006: the network beside boosted trees and a dummy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from assay.config import HealthConfig, LearningConfig
from assay.findings import Severity, Status
from assay.health import HealthContext
from assay.health.fit import PART
from assay.health.parts import assess_parts
from assay.learning import out_of_sample_values


@pytest.fixture(scope="module")
def ask():
    def run(case, seed=0):
        findings, tables = assess_parts((PART,), HealthContext(*case, HealthConfig(), seed))
        return [finding for finding in findings if finding.code == "MH006"], tables["against_simple"]

    return run


def with_trees(make_case, network, trees, k=2):
    """Predictions of two strengths whose noise is shared in part, as that of two models of one table is."""
    dataset, predictions = make_case(600, k, strength=network)
    _, others = make_case(600, k, strength=trees, seed=1)
    mixed = np.sqrt(predictions.pred_probs * others.pred_probs)
    opinions = {"trees": mixed / mixed.sum(axis=1, keepdims=True)}
    return dataset, replace(predictions, opinions=opinions)


def test_network_as_good_as_trees_passes(make_case, ask):
    dataset, predictions = make_case(1000, strength=1.5)
    findings, _ = ask((dataset, replace(predictions, opinions={"trees": predictions.pred_probs**0.9})))
    assert [finding.status for finding in findings] == [Status.PASSED, Status.PASSED]
    assert findings[1].severity is Severity.WARNING


def test_network_far_below_trees_fails(make_case, ask):
    findings, _ = ask(with_trees(make_case, 0.5, 3.0))
    assert findings[1].status is Status.FAILED
    assert findings[1].remedy


@pytest.mark.parametrize("k", [2, 4])
def test_difference_is_that_of_the_aucs(make_case, ask, k):
    dataset, predictions = with_trees(make_case, 0.5, 1.0, k=k)
    _, table = ask((dataset, predictions))
    row = table.set_index("model").loc["trees"]
    truth = np.eye(k)[predictions.labels]
    network, trees = (
        np.mean([roc_auc_score(truth[:, c], p[:, c]) for c in range(k)])
        for p in (predictions.pred_probs, predictions.opinions["trees"])
    )
    assert row["network"] == pytest.approx(network)
    assert row["other"] == pytest.approx(trees)
    assert row["gain"] == pytest.approx(network - trees)


def test_interval_is_about_that_of_a_bootstrap_over_rows(make_case, ask):
    dataset, predictions = with_trees(make_case, 0.7, 1.0)
    _, table = ask((dataset, predictions))
    row, rng, gains = table.set_index("model").loc["trees"], np.random.default_rng(0), []
    for _ in range(200):
        at = rng.integers(0, 600, 600)
        gains.append(
            roc_auc_score(predictions.labels[at], predictions.pred_probs[at, 1])
            - roc_auc_score(predictions.labels[at], predictions.opinions["trees"][at, 1])
        )
    # Two comparisons: each interval is one of 97.5%.
    assert row["high"] - row["low"] == pytest.approx(2 * 2.2414 * np.std(gains), rel=0.2)


def test_a_network_worse_than_the_shares_fails(make_case, ask):
    dataset, predictions = make_case(600, strength=-1.0)
    findings, _ = ask((dataset, predictions))
    assert findings[0].status is Status.FAILED


def test_the_dummy_answers_the_shares(make_case, ask):
    dataset, predictions = make_case(600, strength=1.0)
    _, table = ask((dataset, predictions))
    row = table.set_index("model").loc["dummy"]
    # Two classes of 300 rows each: 2 * 0.5^2, but for the shares outside of the fold.
    assert row["other"] == pytest.approx(0.5, abs=0.002)
    expected = ((predictions.pred_probs - np.eye(2)[predictions.labels]) ** 2).sum(axis=1).mean()
    assert row["network"] == pytest.approx(expected)


def test_rows_of_one_group_count_once(make_case, make_dataset, ask):
    dataset, predictions = make_case(300, strength=0.4)
    copied = pd.concat([dataset.frame.assign(who=np.arange(300))] * 4, ignore_index=True)
    grouped = make_dataset(copied, label="y", group="who")
    times = {
        "labels": np.tile(predictions.labels, 4),
        "pred_probs": np.tile(predictions.pred_probs, (4, 1)),
        "repeat_probs": np.tile(predictions.repeat_probs, (1, 4, 1)),
        "folds": np.tile(predictions.folds, (1, 4)),
        "trained": np.tile(predictions.trained, 4),
    }
    single, many = ask((dataset, predictions))[1], ask((grouped, replace(predictions, **times)))[1]
    assert many["low"][0] == pytest.approx(single["low"][0], abs=1e-3)
    assert many["high"][0] == pytest.approx(single["high"][0], abs=1e-3)


def test_given_predictions_are_held_against_the_dummy(make_case, ask):
    findings, _ = ask(make_case(300, strength=2.0, given="scores.csv"))
    (finding,) = findings
    assert finding.status is Status.PASSED
    assert "scores.csv" in finding.message


def test_few_rows_are_inconclusive(make_case, ask):
    (finding,) = ask(make_case(8))[0]
    assert finding.status is Status.INCONCLUSIVE
    assert finding.remedy


def test_classes_of_a_few_rows_are_left_out(make_case, ask):
    dataset, predictions = make_case(90, 30, strength=1.0)
    findings, table = ask((dataset, replace(predictions, opinions={"trees": predictions.pred_probs})))
    assert list(table["model"]) == ["dummy"]
    assert len(findings) == 1


def test_of_a_number_the_error_is_held_against_the_median(make_dataset, ask):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    frame["y"] = 3 * frame["a"] + rng.normal(size=200)
    dataset = make_dataset(frame, label="y")
    predictions = out_of_sample_values(dataset, LearningConfig(epochs=6, repeats=1, other_models=False))
    (finding,), table = ask((dataset, predictions))
    assert finding.status is Status.PASSED
    assert table.loc[0, "other"] == pytest.approx(np.abs(frame["y"] - frame["y"].median()).mean())
    assert table.loc[0, "network"] == pytest.approx(np.abs(frame["y"] - predictions.predictions).mean())
