"""LN004: whether the labels can be judged at all, and what happens where not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assay.config import LabelNoiseConfig
from assay.findings import Severity, Status
from assay.label_noise import find_label_noise


def test_signal_passes(make_case, of_code):
    (finding,) = of_code(make_case().judge(), "LN004")
    assert finding.status is Status.PASSED
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize("n", [12, 300, 5000])
def test_without_signal_nothing_is_judged(dress, of_code, n):
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 2
    p = rng.uniform(0.05, 0.95, n)
    groups = np.where(rng.random(n) < 0.5, "A", "B")
    probs = np.column_stack([1 - p, p])
    result = dress(probs, labels, groups).judge()
    assert not result.suspect.any()
    assert result.estimates[["share", "low", "high"]].isna().all(axis=None)
    for code in ("LN001", "LN002", "LN003", "LN004"):
        assert [finding.status for finding in of_code(result, code)] == [Status.INCONCLUSIVE]
    assert of_code(result, "LN001")[0].evidence.value is None


def test_a_class_that_is_never_predicted_is_named(dress, of_code):
    rng = np.random.default_rng(0)
    p = 1 / (1 + np.exp(-(rng.normal(size=3000) - 4.5)))
    labels = (rng.random(3000) < p).astype(int)
    labels[np.argsort(-p)[:30]] = 1
    (finding,) = of_code(dress(np.column_stack([1 - p, p]), labels, jitter=0.0).judge(), "LN004")
    assert finding.status is Status.INCONCLUSIVE
    assert "fewer or more rows than carry the label" in finding.message
    assert "'class 001'" in finding.message


def test_rows_that_cannot_be_judged(make_case, of_code):
    case = make_case(2000)
    unlabelled = np.zeros(2000, dtype=bool)
    unlabelled[[3, 700, 1999]] = True
    predictions = replace(
        case.predictions,
        labels=np.where(unlabelled, -1, case.predictions.labels),
        trained=~unlabelled,
        folds=np.where(unlabelled, -1, case.predictions.folds).astype(np.int16),
        left_out={"rare": 1},
    )
    result = replace(case, predictions=predictions).judge()
    np.testing.assert_array_equal(result.judged, ~unlabelled)
    np.testing.assert_array_equal(np.isnan(result.quality), unlabelled)
    assert not result.suspect[unlabelled].any()
    likely = predictions.pred_probs.argmax(axis=1)
    np.testing.assert_array_equal(result.suggested[unlabelled], likely[unlabelled])
    assert result.estimates.loc[0, "n"] == 1997
    assert "3 rows have no label to judge" in of_code(result, "LN004")[0].message


def test_own_checks_can_be_passed(make_case):
    case = make_case(200)
    assert find_label_noise(case.dataset, case.predictions, LabelNoiseConfig(), checks=()).findings == ()


def test_nothing_given_is_changed(make_case):
    case = make_case(400, noise=0.1)
    before = case.predictions.pred_probs.copy(), case.predictions.repeat_probs.copy(), case.dataset.frame.copy()
    case.judge()
    np.testing.assert_array_equal(case.predictions.pred_probs, before[0])
    np.testing.assert_array_equal(case.predictions.repeat_probs, before[1])
    assert case.dataset.frame.equals(before[2])


@pytest.mark.parametrize("n", [1, 40])
def test_labels_of_one_class_are_inconclusive(make_case, of_code, n):
    case = make_case(200)
    kept = np.flatnonzero(case.predictions.labels == 0)[:n]
    trained = np.isin(np.arange(200), kept)
    predictions = replace(case.predictions, trained=trained, labels=np.where(trained, 0, -1))
    result = replace(case, predictions=predictions).judge()
    assert result.judged.sum() == n
    assert not result.suspect.any()
    assert {finding.status for finding in result.findings} == {Status.INCONCLUSIVE} | (
        {Status.NOT_APPLICABLE} if n == 1 else set()
    )
    assert "of one class" in of_code(result, "LN004")[0].message
