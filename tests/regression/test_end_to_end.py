"""A table with a numeric label through the whole line: Python, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes
from typer.testing import CliRunner

import assay
from assay.cli import app
from assay.errors import ConfigurationError, InputError
from assay.report import document

QUICK = {"repeats": 1, "epochs": 6}


def table(n: int = 400, *, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"x{i}": rng.normal(size=n) for i in range(4)})
    frame["g"] = rng.choice(["a", "b"], n)
    frame["price"] = (50 + 10 * frame["x0"] + 5 * frame["x1"] + rng.normal(size=n) * 2).round(2)
    return frame


@pytest.fixture(scope="module")
def planted():
    """400 rows, 12 of whose prices have slipped by a decimal."""
    frame = table()
    wrong = np.random.default_rng(5).choice(len(frame), 12, replace=False)
    frame.loc[wrong, "price"] = frame.loc[wrong, "price"] * 10
    report = assay.audit(frame, label="price", sensitive=["g"], learning=QUICK)
    return report, wrong


def statuses(report) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in report.findings:
        found.setdefault(finding.code, set()).add(str(finding.status))
    return found


def test_planted_slips_are_found(planted):
    report, wrong = planted
    suspect = np.flatnonzero(report.labels["suspect"])
    assert set(wrong) <= set(suspect)
    assert len(suspect) <= len(wrong) + 4
    reasons = report.ledger.query("check == 'LN001'")["reason"]
    assert reasons.str.contains("divided by 10 would fit").sum() >= len(wrong) - 1
    assert (report.dispositions[wrong] == "review").all()


def test_every_check_answers_and_none_crashes(planted):
    report, _ = planted
    found = statuses(report)
    assert "error" not in set().union(*found.values())
    assert found["DQ016"] == found["LN002"] == found["FB011"] == found["MH003"] == {"not_applicable"}
    assert found["LN004"] == found["MH001"] == found["DQ017"] == {"passed"}
    assert found["FB014"] <= {"passed", "inconclusive"}
    assert any("taken for a number" in f.message for f in report.findings if f.code == "DQ006")


def test_the_report_can_be_read(planted, tmp_path):
    report, _ = planted
    assert "Label noise" in report.to_html()
    found = json.loads(report.to_json())
    assert found["dataset"]["classes"] == []
    assert found["learning"]["train_accuracy"] is None
    assert {row[0] for row in found["health"]["metrics"]["rows"]} >= {"r2", "mean absolute error"}
    assert found["labels"]["suspects"] == int(report.labels["suspect"].sum())
    assert report.labels["suggested"].between(0, 120).all()
    assert report.pred_probs.shape == (400, 0)
    folder = report.save(tmp_path)
    assert (folder / "report.html").exists()


def test_the_json_keeps_to_its_schema(planted):
    schema = Path(document.__file__).parent / "templates" / "report.schema.json"
    jsonschema.validate(json.loads(planted[0].to_json()), json.loads(schema.read_text("utf-8")))


def test_init_and_gate(tmp_path):
    data = load_diabetes(as_frame=True, scaled=False).frame
    data.to_csv(tmp_path / "diabetes.csv", index=False)
    runner = CliRunner()
    done = runner.invoke(app, ["init", str(tmp_path / "diabetes.csv"), "--label", "target", "--sensitive", "sex"])
    assert done.exit_code == 0, done.output
    text = (tmp_path / "audit.yaml").read_text("utf-8")
    assert "\ntask: regression\n" in text
    assert "positive" not in text
    (tmp_path / "audit.yaml").write_text(text + "\nlearning:\n  repeats: 1\n  epochs: 4\n", "utf-8")
    done = runner.invoke(app, ["gate", str(tmp_path / "audit.yaml")])
    assert done.exit_code in (0, 1, 3), done.output


def test_a_few_missing_and_infinite_labels(planted):
    frame = table(200)
    frame.loc[[3, 4], "price"] = np.nan
    frame.loc[5, "price"] = np.inf
    report = assay.audit(frame, label="price", learning=QUICK)
    assert report.labels["quality"].isna().sum() == 3
    assert not report.labels["suspect"][[3, 4, 5]].any()
    assert statuses(report)["DQ013"] == {"failed"}
    assert statuses(report)["DQ020"] == {"failed"}


def test_a_copy_of_the_label_is_a_leak_and_taken_out():
    frame = table(300).assign(vat=lambda f: f["price"] * 0.19)
    report = assay.audit(frame, label="price", learning=QUICK)
    leaks = [f for f in report.findings if f.code == "DQ017"]
    assert [str(f.subject) for f in leaks if f.status == "failed"] == ["vat"]
    assert "vat" in report.dataset.roles.withheld


def test_noise_teaches_nothing_and_passes_nothing():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=300), "z": rng.normal(size=300), "y": rng.normal(size=300)})
    report = assay.audit(frame, label="y", learning=QUICK)
    found = statuses(report)
    assert found["LN001"] == found["LN004"] == {"inconclusive"}
    assert "passed" not in found["MH001"]
    assert report.decision != "pass"
    assert not report.labels["suspect"].any()


@pytest.mark.parametrize(
    ("column", "settings", "words"),
    [
        ([1.5] * 60, {"task": "regression"}, "at least 3 distinct"),
        ([0.5, 1.5] * 30, {"task": "regression"}, "at least 3 distinct"),
        ([*map(str, np.arange(58) + 0.5), "ca. 7", "?"], {}, "2 of 60 values that are no numbers"),
        ([*map(str, np.arange(58) + 0.5), "ca. 7", "?"], {"task": "regression"}, "the first in row 58"),
        (["a", "b"] * 30, {"task": "regression"}, "no numbers"),
        (pd.date_range("2020", periods=60), {"task": "regression"}, "dates"),
        (np.arange(60) + 0.5, {"positive": "3"}, "positive must be left out"),
        (np.arange(60) + 0.5, {"task": "classification"}, "task: regression"),
    ],
)
def test_labels_that_are_no_quantity(make_dataset, column, settings, words):
    frame = pd.DataFrame({"x": np.arange(60.0), "y": column})
    with pytest.raises(InputError, match=words):
        make_dataset(frame, label="y", **settings)


def test_positive_is_refused_with_regression(make_dataset):
    with pytest.raises(ConfigurationError, match="positive"):
        make_dataset(table(60), label="price", task="regression", positive="1")


def test_what_is_of_classes_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"learning\.pred_probs must be left out"):
        assay.audit(table(120), label="price", learning={"pred_probs": str(tmp_path / "p.csv")})
