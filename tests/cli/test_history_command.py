"""`assay history`: the audits, the trends, JSON, and what it says where there is nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "history"))

from history_parts import by_group, keep_all, make_document, store

from assay.cli import app
from assay.cli.history_view import sparkline


def history(*words):
    return CliRunner().invoke(app, ["history", *map(str, words)])


@pytest.fixture
def folder(tmp_path):
    nights = [
        make_document(1000 + 7 * (night % 3), night=night, fairness=by_group({"[b]Ö": 0.5 + 0.01 * (night % 2)}))
        for night in range(30)
    ]
    last = make_document(400, night=30, verdict="reject", reasons=[{"code": "DQ040"}, {"code": "DQ012"}])
    keep_all(tmp_path, [*nights, last])
    return tmp_path


def test_it_lists_the_audits_and_how_the_figures_went(folder):
    result = history("loans", "--folder", folder, "--limit", 3)
    assert result.exit_code == 0, result.output
    latest = next(line for line in result.output.splitlines() if line.startswith("2026-02-04T02:00:00Z"))
    assert latest.split() == ["2026-02-04T02:00:00Z", "reject", "400", "DQ040,", "DQ012"]
    assert "And 28 older ones" in result.output
    rows = next(line for line in result.output.splitlines() if line.startswith("rows"))
    assert "400 !" in rows
    assert "▁" in rows


def test_json_holds_audits_and_trends(folder):
    result = history("--folder", folder, "--json", "--metric", "ROWS")
    document = json.loads(result.output)
    assert (document["in_all"], len(document["audits"])) == (31, 20)
    assert document["audits"][-1]["verdict"] == "reject"
    (trend,) = document["trends"]
    assert (trend["metric"], trend["value"], trend["unexpected"], trend["audits"]) == ("rows", 400, True, 30)
    low, high = trend["expected"]
    assert 400 < low < 1000 < high


def test_several_datasets_are_listed_and_one_must_be_named_for_trends(folder):
    keep_all(folder, [make_document(5, name="other", night=40)])
    result = history("--folder", folder)
    assert "Audits of 2 datasets" in result.output
    assert "Name a dataset" in result.output
    wrong = history("--folder", folder, "--metric", "rows")
    assert (wrong.exit_code, "name it: loans, other" in wrong.output) == (2, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nobody"], "Give one of: loans."),
        (["loans", "--metric", "AUC"], "must be part of the name of a figure, got 'AUC'"),
        (["--database", "off"], "must be the URL of a history"),
        (["--database", "mysql://u:secret@h/d"], "must be 'off' or a URL"),
    ],
)
def test_what_is_not_there_is_said(folder, words, message):
    result = history(*words, "--folder", folder)
    assert result.exit_code == 2
    assert message in result.output
    assert "secret" not in result.output


def test_without_a_history_it_says_how_to_make_one_and_rebuild_makes_it(tmp_path):
    store(tmp_path, make_document())
    (tmp_path / "loans" / "broken").mkdir()
    (tmp_path / "loans" / "broken" / "report.json").write_text("{")
    missing = history("--folder", tmp_path)
    assert missing.exit_code == 2
    assert "--rebuild" in missing.output
    assert not (tmp_path / "history.db").exists()
    made = history("--folder", tmp_path, "--rebuild")
    assert made.exit_code == 0, made.output
    assert "Added 1 audits" in made.output
    assert "broken is no audit that can be read" in made.output
    nowhere = history("--folder", tmp_path / "nowhere", "--rebuild")
    assert nowhere.exit_code == 2


def test_a_sparkline_goes_from_the_lowest_to_the_highest():
    assert sparkline(range(8)) == "▁▂▃▄▅▆▇█"
    assert len(sparkline(range(100))) == 30


def test_a_history_that_cannot_be_written_is_no_silent_pass_and_the_audit_stays(tmp_path):
    rows = "".join(f"{at % 7},{(at * 37) % 11},{'yes' if at % 7 > 3 else 'no'}\n" for at in range(120))
    (tmp_path / "d.csv").write_text("x,z,y\n" + rows)
    (tmp_path / "occupied").mkdir()
    settings = {
        "data": "d.csv",
        "label": "y",
        "learning": {"repeats": 1, "epochs": 1, "other_models": False},
        "label_noise": {"rehearse": False},
        "output": {"history": "sqlite:///occupied"},
    }
    (tmp_path / "audit.yaml").write_text(json.dumps(settings))
    result = CliRunner().invoke(app, ["gate", str(tmp_path / "audit.yaml"), "--quiet"])
    assert result.exit_code == 2, result.output
    (place,) = (tmp_path / "audits" / "d").glob("*Z-*")
    assert f"The audit is stored in {place}, and is not in the history." in result.output
    document = json.loads((place / "report.json").read_text())
    (finding,) = [finding for finding in document["findings"] if finding["code"] == "DQ040"]
    assert (finding["status"], document["verdict"] != "pass") == ("error", True)
    # Once it can be written, what is missing is added.
    (tmp_path / "occupied").rmdir()
    made = history("d", "--folder", tmp_path / "audits", "--database", f"sqlite:///{tmp_path}/occupied", "--rebuild")
    assert made.exit_code == 0, made.output
