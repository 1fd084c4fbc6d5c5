"""MH001: something to learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from assay.findings import Severity, Status


@pytest.mark.parametrize("k", [2, 5, 100])
def test_signal_passes(make_case, assess, of_code, k):
    (finding,) = of_code(assess(make_case(1200, k, strength=2.0)), "MH001")
    assert finding.status is Status.PASSED
    assert finding.severity is Severity.CRITICAL


def test_no_signal_fails(make_case, assess, of_code):
    (finding,) = of_code(assess(make_case(6000, strength=0.0)), "MH001")
    assert finding.status is Status.FAILED
    assert finding.evidence.threshold == 0.55
    assert finding.remedy


def test_few_rows_are_inconclusive(make_case, assess, of_code):
    (finding,) = of_code(assess(make_case(12, strength=0.3)), "MH001")
    assert finding.status is Status.INCONCLUSIVE


def test_figure_is_the_auc(make_case, assess, of_code):
    # The difference of the two scores is normal with variance 2 and mean +1 or -1: AUC = Phi(2 / sqrt(2 + 2)).
    (finding,) = of_code(assess(make_case(40_000, strength=1.0)), "MH001")
    assert finding.evidence.value == pytest.approx(norm.cdf(1.0), abs=0.01)


def test_limit_is_the_configured_one(make_case, assess, of_code):
    (finding,) = of_code(assess(make_case(6000, strength=1.0), min_auc=0.95), "MH001")
    assert finding.status is Status.FAILED


def test_accuracy_stands_beside_that_of_the_majority(make_case, assess, of_code):
    dataset, predictions = make_case(90, 3, strength=3.0)
    (finding,) = of_code(assess((dataset, predictions)), "MH001")
    right = (predictions.pred_probs.argmax(axis=1) == predictions.labels).mean()
    rows = {row[0]: row for row in finding.evidence.table.rows}
    assert rows["accuracy"][1] == pytest.approx(right)
    assert rows["majority accuracy"][1] == pytest.approx(1 / 3)
    assert "always answering 'class 000' reaches 33.3%" in finding.message


def test_rows_that_were_only_predicted_do_not_enter(make_case, assess):
    dataset, predictions = make_case(400)
    held = np.arange(400) < 300
    result = assess((dataset, replace(predictions, trained=held, labels=np.where(held, predictions.labels, -1))))
    metrics = result.metrics.set_index("metric")
    right = (predictions.pred_probs.argmax(axis=1) == predictions.labels)[:300].mean()
    assert metrics.loc["auc", "n"] == 300
    assert metrics.loc["accuracy", "value"] == pytest.approx(right)


@pytest.mark.parametrize("keep", [0, 1])
def test_one_class_or_none_is_inconclusive(make_case, assess, of_code, keep):
    dataset, predictions = make_case(40)
    trained = (predictions.labels == 0) & (keep == 1)
    result = assess((dataset, replace(predictions, trained=trained)))
    (finding,) = of_code(result, "MH001")
    assert finding.status is Status.INCONCLUSIVE
    assert finding.evidence.value is None
    assert np.isnan(result.metrics.set_index("metric").loc["auc", "value"])


def test_strange_names(make_case, assess, of_code):
    result = assess(make_case(60, names=["<script>alert(1)</script>", "ü 男"], label="Ünïcode <b>"))
    assert {finding.status for finding in result.findings} <= set(Status) - {Status.ERROR}


def test_what_one_kind_of_model_can_learn_is_there_to_be_learned(make_case, assess, of_code):
    dataset, able = make_case(2000, strength=1.0)
    _, blind = make_case(2000, strength=0.0)
    predictions = replace(able, pred_probs=blind.pred_probs, opinions={"trees": able.pred_probs})
    (finding,) = of_code(assess((dataset, predictions)), "MH001")
    assert finding.status is Status.PASSED
    assert "boosted trees; the network 0." in finding.message
    # Two kinds were asked: the interval is that of 97.5%.
    assert finding.evidence.interval.confidence == pytest.approx(0.975)
