"""LN002: wrong labels by class."""

from __future__ import annotations

import numpy as np
import pytest

from assay.findings import Severity, Status


@pytest.fixture(scope="module")
def one_way(dress):
    """Class 1 collects a fifth of what should be class 0; class 2 is right."""
    rng = np.random.default_rng(0)
    n = 9000
    true = np.arange(n) % 3
    clean = np.full((n, 3), 0.005)
    clean[np.arange(n), true] = 0.99
    clean **= rng.uniform(0.7, 1.3, size=(n, 1))
    clean /= clean.sum(axis=1, keepdims=True)
    wrong = (true == 0) & (rng.random(n) < 0.2)
    learned = clean.copy()
    learned[:, 0] *= 0.8
    learned[:, 1] += 0.2 * clean[:, 0]
    labels = np.where(wrong, 1, true)
    return dress(learned, labels).judge(), labels, wrong


def test_the_class_that_collects_errors_fails(one_way, of_code):
    result, labels, wrong = one_way
    failed = [finding for finding in of_code(result, "LN002") if finding.status is Status.FAILED]
    assert [finding.subject.group for finding in failed] == ["y = class 001"]
    assert failed[0].severity is Severity.WARNING
    assert failed[0].evidence.value == pytest.approx(wrong[labels == 1].mean(), abs=0.05)


def test_the_other_classes_do_not_fail(one_way, of_code):
    result, _, _ = one_way
    shares = result.estimates.set_index(["by", "name"])["share"]
    assert shares["class", "class 000"] < 0.02
    assert shares["class", "class 002"] < 0.02


def test_clean_classes_pass(make_case, of_code):
    (finding,) = of_code(make_case(20_000, spread=4.0).judge(), "LN002")
    assert finding.status is Status.PASSED
    assert "2 classes" in finding.message


def test_small_classes_are_named_inconclusive(make_multiclass, of_code):
    result = make_multiclass(300, 6).judge()
    (finding,) = of_code(result, "LN002")
    assert finding.status is Status.INCONCLUSIVE
    assert "6 classes" in finding.message
    assert "'class 000'" in finding.message
    assert len(finding.evidence.table.rows) == 6


def test_small_classes_of_good_labels_are_one_outcome_for_information(make_multiclass, of_code):
    result = make_multiclass(1800, 10).judge()
    (overall,) = of_code(result, "LN001")
    assert overall.status is Status.PASSED
    (finding,) = of_code(result, "LN002")
    assert finding.status is Status.INCONCLUSIVE
    assert finding.severity is Severity.INFO
    assert f"at most {overall.evidence.interval.high:.1%}" in finding.message


def test_a_small_class_that_looks_wrong_stays_a_warning(dress, of_code):
    # A third of the 180 labels "class 002" are wrong, all 5,820 others are right.
    rng = np.random.default_rng(0)
    true = np.where(np.arange(6000) < 120, 2, np.arange(6000) % 2)
    clean = np.full((6000, 3), 0.005)
    clean[np.arange(6000), true] = 0.99
    clean **= rng.uniform(0.7, 1.3, size=(6000, 1))
    labels = true.copy()
    labels[rng.choice(np.flatnonzero(true < 2), 60, replace=False)] = 2
    result = dress(clean / clean.sum(axis=1, keepdims=True), labels).judge()
    assert of_code(result, "LN001")[0].status is Status.PASSED
    (finding,) = [f for f in of_code(result, "LN002") if "'class 002'" in f.message or f.subject.group]
    assert finding.severity is Severity.WARNING


def test_undecided_classes_are_a_warning_while_the_whole_is_undecided(make_case, of_code):
    result = make_case(1000, spread=1.5, noise=0.05).judge()
    assert of_code(result, "LN001")[0].status is Status.INCONCLUSIVE
    (finding,) = of_code(result, "LN002")
    assert (finding.status, finding.severity) == (Status.INCONCLUSIVE, Severity.WARNING)
