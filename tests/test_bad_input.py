"""Bad input ends in one clear sentence that names the offender and the remedy, exit code 2, and nothing written."""

from __future__ import annotations

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

import assay
from assay.cli import app

ASSAY = str(Path(sys.executable).with_name("assay"))


def good(n: int = 240) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    return pd.DataFrame(
        {
            "skill": (y + rng.normal(size=n)).round(3),
            "city": rng.choice(["Köln", "Łódź", "Oslo"], n),
            "sex": rng.choice(["f", "m"], n),
            "hired": np.where(y, "yes", "no"),
        }
    )


@pytest.fixture
def folder(tmp_path):
    good().to_csv(tmp_path / "data.csv", index=False)
    return tmp_path


def write_config(folder: Path, **changes: object) -> Path:
    values = {
        "data": {"path": "data.csv"},
        "label": "hired",
        "sensitive": ["sex"],
        "learning": {"repeats": 1, "folds": 2},
    }
    path = folder / "audit.yaml"
    path.write_text(yaml.safe_dump({**values, **changes}), encoding="utf-8")
    return path


def gate(folder: Path, **changes: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["gate", str(write_config(folder, **changes))])
    assert "Traceback" not in result.output
    return result.exit_code, " ".join(result.output.split())


def refused(folder: Path, *words: str, **changes: object) -> None:
    """The gate exits with 2, says all of `words`, and leaves nothing behind."""
    before = set(folder.rglob("*")) | {folder / "audit.yaml"}
    code, said = gate(folder, **changes)
    assert code == 2, said
    missing = [word for word in words if word not in said]
    assert not missing, f"{missing} not in: {said}"
    assert len(said) < 700, "an error is read in a terminal"
    left = [p for p in set(folder.rglob("*")) - before if p.is_file()]
    assert not left, f"left behind: {left}"


def test_missing_file(folder):
    refused(folder, "nowhere.csv", data="nowhere.csv")


def test_empty_file(folder):
    (folder / "data.csv").write_bytes(b"")
    refused(folder, "data.csv", "empty")


def test_header_only(folder):
    (folder / "data.csv").write_text("skill,city,sex,hired\n")
    refused(folder, "data.csv", "row")


def test_binary_garbage(folder):
    (folder / "data.csv").write_bytes(np.random.default_rng(0).bytes(5000))
    refused(folder, "data.csv")


def test_wrong_encoding(folder):
    good().to_csv(folder / "data.csv", index=False, encoding="iso-8859-2")
    refused(folder, "data.csv", "encoding")


def test_ragged_rows(folder):
    text = (folder / "data.csv").read_text().splitlines()
    text[7] += ",extra,extra"
    (folder / "data.csv").write_text("\n".join(text))
    refused(folder, "data.csv", "8")


def test_label_absent_suggests_the_nearest_column(folder):
    refused(folder, "hird", "hired", label="hird")


@pytest.mark.parametrize(
    ("values", "word"),
    [("yes", "two classes"), (None, "missing")],
    ids=["constant", "all missing"],
)
def test_label_that_cannot_be_learned(folder, values, word):
    good().assign(hired=values).to_csv(folder / "data.csv", index=False)
    refused(folder, "hired", word)


def test_quantity_that_is_said_to_be_a_class(folder):
    good().assign(hired=np.linspace(0, 1, 240) ** 2).to_csv(folder / "data.csv", index=False)
    refused(folder, "hired", "class", task="classification")


def test_sensitive_column_with_5000_values(folder):
    frame = pd.concat([good(5000)], ignore_index=True).assign(sex=[f"p{i}" for i in range(5000)])
    frame.to_csv(folder / "data.csv", index=False)
    refused(folder, "sex", "5,000")


def test_suite_that_names_a_column_that_is_not_there(folder):
    suite = {
        "name": "s",
        "expectations": [{"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "skil"}, "meta": {}}],
        "meta": {"great_expectations_version": "1.24.1"},
    }
    (folder / "suite.json").write_text(json.dumps(suite))
    refused(folder, "skil", validation={"suite": "suite.json"})


def test_duplicate_column_names(folder):
    text = (folder / "data.csv").read_text().replace("skill,city", "city,city", 1)
    (folder / "data.csv").write_text(text)
    refused(folder, "city")


def test_query_that_fails(folder):
    sqlite3.connect(folder / "x.db").execute("create table others (a)").connection.close()
    refused(folder, "people", data={"connection": f"sqlite:///{folder}/x.db", "query": "select * from people"})


def test_several_mistakes_are_told_at_once(folder):
    refused(folder, "lable", "label", "repeats", lable="hired", learning={"repeats": 0})


def test_unknown_columns_in_several_roles_are_told_at_once(folder):
    refused(folder, "gender", "key", sensitive=["gender"], id="key")


def test_a_column_named_like_a_script_is_audited_and_escaped(folder):
    name = "<script>alert(1)</script>"
    good().assign(city="one").rename(columns={"city": name}).to_csv(folder / "data.csv", index=False)
    code, said = gate(folder)
    assert code in (0, 1, 3), said
    page = next((folder / "audits").rglob("report.html")).read_text(encoding="utf-8")
    assert name not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_rare_class_is_left_out_and_named(folder):
    frame = good()
    frame.loc[:0, "hired"] = "maybe"
    frame.to_csv(folder / "data.csv", index=False)
    code, said = gate(folder)
    assert code in (1, 3), said
    report = json.loads(next((folder / "audits").rglob("report.json")).read_text(encoding="utf-8"))
    left_out = [f for f in report["findings"] if f["code"] == "MH003"]
    assert [f["status"] for f in left_out] == ["inconclusive"]
    assert "maybe" in left_out[0]["message"]


def test_a_folder_that_cannot_be_written_is_said_before_the_work(folder):
    (folder / "audits").write_text("a file in its place")
    refused(folder, "audits")


def test_a_full_disk_leaves_nothing(folder, monkeypatch):
    def full(*_arguments: object, **_keywords: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "rename", full)
    monkeypatch.setattr(Path, "replace", full)
    refused(folder, "space")


@pytest.mark.parametrize("kind", ["list", "scalar", "broken", "empty"])
def test_configuration_that_is_no_mapping(folder, kind):
    text = {"list": "- a\n", "scalar": "hello\n", "broken": "a: [1,\n", "empty": ""}[kind]
    path = folder / "audit.yaml"
    path.write_text(text)
    result = CliRunner().invoke(app, ["gate", str(path)])
    assert result.exit_code == 2
    assert "audit.yaml" in " ".join(result.output.split()).replace("audit. yaml", "audit.yaml")


def test_control_c_ends_with_one_line_and_nothing_half_written(folder):
    good(6000).to_csv(folder / "data.csv", index=False)
    config = write_config(folder, learning={"epochs": 500})
    process = subprocess.Popen([ASSAY, "gate", str(config)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    time.sleep(9)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert not [p for p in (folder / "audits").rglob("*") if p.is_file()]


def test_labels_that_held_out_predictions_get_backwards_are_audited_all_the_same():
    """Of labels that alternate along a column, cross-validation predicts the opposite: no reason to stop."""
    frame = pd.DataFrame({"x": range(120), "y": ["no", "yes"] * 60})
    report = assay.audit(frame, label="y", learning={"repeats": 1, "epochs": 5})
    assert report.decision != "pass"
