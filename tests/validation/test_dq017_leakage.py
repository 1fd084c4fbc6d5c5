"""Features that alone predict the label."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu, norm

from assay.findings import Severity, Status
from assay.validation import leakage


def table(n=2_000, seed=0, **columns):
    rng = np.random.default_rng(seed)
    frame = {"noise": rng.normal(size=n), "town": rng.choice(list("abcdef"), n), "y": rng.integers(0, 2, n)}
    return pd.DataFrame({**frame, **columns})


def failed(findings):
    return [f.subject.columns[0] for f in findings if f.status is Status.FAILED]


def test_planted_leaks_are_found_whatever_their_shape(findings_of):
    frame = table()
    y, rng = frame["y"].to_numpy(), np.random.default_rng(9)
    frame["copy"] = y
    frame["words"] = np.where(y == 1, "paid", "open")
    frame["many values"] = np.where(y == 1, 100, 0) + rng.normal(size=len(y))
    frame["bathtub"] = np.where(y == 1, rng.choice([-9, 9], len(y)), 0) + rng.normal(size=len(y))
    frame["only if 1"] = np.where(y == 1, rng.normal(size=len(y)), np.nan)
    found = findings_of("DQ017", frame)
    assert set(failed(found)) == {"copy", "words", "many values", "bathtub", "only if 1"}
    assert all(f.severity is Severity.CRITICAL for f in found)
    absent = next(f for f in found if f.subject.columns == ("only if 1",))
    assert "Whether it is missing is enough" in absent.message
    assert "Whether it is missing" not in found[0].message or found[0] is absent


def test_clean_and_merely_strong_features_pass(findings_of):
    frame = table()
    frame["strong"] = frame["y"] + np.random.default_rng(1).normal(scale=0.5, size=len(frame))
    frame["name"] = [f"person {i}" for i in range(len(frame))]
    (finding,) = findings_of("DQ017", frame)
    assert finding.status is Status.PASSED
    # Two normals one unit apart with standard deviation 1/2.
    assert finding.evidence.value == pytest.approx(norm.cdf(1 / (0.5 * np.sqrt(2))), abs=0.02)
    assert "column 'strong'" in finding.message


def test_the_text_that_names_each_row_does_not_leak_by_memory(findings_of):
    frame = table(600)
    frame["name"] = [f"{'yes' if y else 'no'} {i}" for i, y in enumerate(frame["y"])]
    assert failed(findings_of("DQ017", frame)) == []


def test_a_leak_in_a_small_table_is_never_passed(findings_of):
    frame = pd.DataFrame({"x": [0, 1] * 15, "z": range(30), "y": [0, 1] * 15})
    (finding,) = (f for f in findings_of("DQ017", frame) if f.subject.columns == ("x",))
    assert finding.status is Status.INCONCLUSIVE
    assert "More rows" in finding.message


def test_one_class_after_missing_labels_cannot_be_predicted(make_dataset):
    from dataclasses import replace

    from assay.config import ValidationConfig
    from assay.validation.context import Context

    dataset = make_dataset(table(50), label="y")
    codes = np.where(dataset.labels.codes == 0, 0, -1)
    dataset = replace(dataset, labels=replace(dataset.labels, codes=codes))
    (outcome,) = leakage.leaking_features(Context(dataset, ValidationConfig()))
    assert outcome.status is Status.NOT_APPLICABLE


def test_three_classes(findings_of):
    rng = np.random.default_rng(2)
    y = rng.integers(0, 3, 1_500)
    frame = pd.DataFrame({"leak": y * 10 + rng.normal(size=1_500), "noise": rng.normal(size=1_500), "y": y})
    found = findings_of("DQ017", frame)
    assert failed(found) == ["leak"]


def test_rows_of_a_group_stay_in_one_fold(findings_of):
    # A code of the person tells the person's label, which says nothing of another person.
    rng = np.random.default_rng(4)
    person = np.repeat(np.arange(200), 10)
    frame = pd.DataFrame({"person": person, "code": [f"c{p}" for p in person], "x": rng.normal(size=2_000)})
    frame["y"] = rng.integers(0, 2, 200)[person]
    assert failed(findings_of("DQ017", frame, group="person")) == []
    assert failed(findings_of("DQ017", frame)) != []


def test_auc_of_cells_is_that_of_mann_whitney():
    rng = np.random.default_rng(5)
    score = rng.random(7).round(1)
    positives, negatives = rng.integers(0, 9, 7), rng.integers(1, 9, 7)
    auc, error = leakage._auc(score, positives.astype(float), negatives.astype(float))
    first, second = np.repeat(score, positives), np.repeat(score, negatives)
    truth = mannwhitneyu(first, second).statistic / (len(first) * len(second))
    assert auc == pytest.approx(truth)
    wins = (first[:, None] > second).astype(float) + 0.5 * (first[:, None] == second)
    variance = wins.mean(axis=1).var(ddof=1) / len(first) + wins.mean(axis=0).var(ddof=1) / len(second)
    assert error == pytest.approx(np.sqrt(variance))


def test_special_and_infinite_numbers_have_bins_of_their_own():
    values = pd.Series([*np.linspace(0, 1, 1_000), np.inf, -np.inf, np.nan, 1e300])
    bins = leakage._bins(values)
    assert bins[-2] == 0
    assert bins[-4] > bins[-1] > bins[999] - 1
    assert bins[-3] == bins[bins > 0].min()


def test_only_a_sample_of_a_large_table_is_looked_at(findings_of, monkeypatch):
    monkeypatch.setattr(leakage, "MAX_ROWS", 500)
    (finding,) = findings_of("DQ017", table())
    assert finding.evidence.n == 500
