"""The suite that a dataset proposes: cautious, plain JSON, and kept by the data that it was made from."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from assay.config import ValidationConfig
from assay.findings import Severity, Status
from assay.validation import propose_suite, validate
from assay.validation.inference.suite import small_groups


def frame_of(n=400):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": [f"k{i}" for i in range(n)],
            "age": rng.integers(18, 90, n),
            "balance": np.where(rng.random(n) < 0.1, np.nan, rng.normal(0, 1e5, n)),
            "flag": rng.random(n) < 0.5,
            "city": rng.choice(["Ulm", "Köln", "<script>alert(1)</script>"], n),
            "remark": [f"text {i}" for i in range(n)],
            "when": pd.date_range("2020-01-01", periods=n, freq="h"),
            "constant": 7,
            "gone": np.nan,
            "wild": np.r_[np.inf, rng.normal(size=n - 1)],
            "sex": rng.choice(["f", "m"], n),
            "y": rng.choice(["yes", "no"], n),
        }
    )


@pytest.fixture(scope="module")
def proposed(make_dataset):
    dataset = make_dataset(frame_of(), label="y", id="id", sensitive=["sex"])
    return dataset, propose_suite(dataset, "first")


def rules(suite, kind, column):
    return [e for e in suite["expectations"] if e["type"] == f"expect_{kind}" and e["kwargs"].get("column") == column]


def test_it_is_plain_json_with_reasons(proposed):
    _, suite = proposed
    assert json.loads(json.dumps(suite, allow_nan=False)) == suite
    assert suite["name"] == "first"
    assert all(e["meta"]["reason"] and e["severity"] in tuple(Severity) for e in suite["expectations"])


def test_the_data_keep_it(proposed, tmp_path):
    dataset, suite = proposed
    path = tmp_path / "first.json"
    path.write_text(json.dumps(suite), encoding="utf-8")
    findings = validate(dataset, ValidationConfig(suite=path), checks=()).findings
    assert len(findings) == len(suite["expectations"])
    # A distribution may want more rows than these to be sure of.
    assert {f.status for f in findings if "distributed" not in f.title} == {Status.PASSED}
    assert {f.status for f in findings} <= {Status.PASSED, Status.INCONCLUSIVE}


def test_what_is_proposed(proposed):
    _, suite = proposed
    (age,) = rules(suite, "column_values_to_be_between", "age")
    assert (age["kwargs"]["min_value"], age["kwargs"]["max_value"]) == (18, 89)
    (balance,) = rules(suite, "column_values_to_be_between", "balance")
    assert balance["kwargs"]["min_value"] < 0
    assert rules(suite, "column_values_to_be_unique", "id")
    (label,) = rules(suite, "column_values_to_be_in_set", "y")
    assert label["kwargs"]["value_set"] == ["no", "yes"]
    assert label["severity"] == "critical"
    assert rules(suite, "column_values_to_be_in_set", "city")
    assert 0.95 < rules(suite, "column_values_to_not_be_null", "age")[0]["kwargs"]["mostly"] < 1
    assert "mostly" not in rules(suite, "column_values_to_not_be_null", "y")[0]["kwargs"]
    assert rules(suite, "column_values_to_not_be_null", "balance")[0]["kwargs"]["mostly"] < 0.9
    assert rules(suite, "column_values_to_match_regex", "remark")[0]["kwargs"]["regex"] == "^text [0-9]{1,3}$"


def test_what_is_not_proposed(proposed):
    _, suite = proposed
    assert not rules(suite, "column_values_to_be_in_set", "remark")
    assert not rules(suite, "column_values_to_be_in_set", "id")
    assert not rules(suite, "column_values_to_be_between", "wild")
    assert not rules(suite, "column_values_to_be_between", "gone")
    assert "text 1" not in json.dumps(suite)


@pytest.mark.parametrize("label", [[True, False], [1.0, 2.0], [0, 1]])
def test_labels_of_other_types(make_dataset, tmp_path, label):
    frame = pd.DataFrame({"x": range(6), "y": label * 3})
    dataset = make_dataset(frame, label="y")
    path = tmp_path / "s.json"
    path.write_text(json.dumps(propose_suite(dataset, "s")), encoding="utf-8")
    findings = validate(dataset, ValidationConfig(suite=path), checks=()).findings
    assert {f.status for f in findings} <= {Status.PASSED, Status.INCONCLUSIVE}


@pytest.mark.real_data
def test_adult_keeps_its_own(make_dataset, real_data, tmp_path):
    names = [f"c{i}" for i in range(14)] + ["income"]
    frame = pd.read_csv(real_data("adult/adult-train.csv"), names=names, skipinitialspace=True, na_values="?")
    dataset = make_dataset(frame, label="income")
    path = tmp_path / "s.json"
    path.write_text(json.dumps(propose_suite(dataset, "s")), encoding="utf-8")
    findings = validate(dataset, ValidationConfig(suite=path)).findings
    assert {f.status for f in findings if f.code == "DQ100"} == {Status.PASSED}
    duplicates = next(f for f in findings if f.code == "DQ011")
    assert len(duplicates.evidence.rows.positions) == 24
    quiet = {"DQ014", "DQ015", "DQ017", "DQ018", "DQ019"}
    assert {f.status for f in findings if f.code in quiet} == {Status.PASSED}


def test_a_small_group_of_people_is_noted_without_a_count_and_named_nowhere(make_dataset):
    frame = frame_of()
    frame["sex"] = np.where(np.arange(len(frame)) < 6, "Diverse", frame["sex"])
    dataset = make_dataset(frame, label="y", id="id", sensitive=["sex"])
    (note,) = small_groups(dataset.frame, dataset.roles)
    assert "'sex' has groups of fewer than 10 rows" in note
    assert "6" not in note
    assert "Diverse" not in note
    assert "Diverse" not in json.dumps(propose_suite(dataset, "s"))
