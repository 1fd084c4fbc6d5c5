"""`assay gate`: what it prints, where, and its exit code."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from assay.errors import ConfigurationError, InputError


@pytest.fixture
def gate(assay, audit_file, fake_audit):
    """Run `assay gate` on an audit that ends in a report or in an error."""

    def run(outcome, *options):
        fake_audit(outcome)
        return assay("gate", audit_file, *options)

    return run


@pytest.mark.parametrize(("verdict", "code"), [("pass", 0), ("reject", 1), ("undecided", 3)])
def test_the_exit_code_is_the_verdict(gate, make_report, verdict, code):
    result = gate(make_report(verdict))
    assert result.exit_code == code
    assert verdict.upper() in result.stdout


def test_reasons_and_places_are_printed(gate, make_report, tmp_path):
    result = gate(make_report("reject"))
    assert "Column 'income' holds 3 values." in result.stdout
    (written,) = tmp_path.glob("audits/loans/*/report.html")
    assert str(written.relative_to(tmp_path)) in result.stdout
    assert "rows" in result.stdout


def test_stages_are_told_on_standard_error_only(gate, make_report):
    result = gate(make_report())
    lines = [line for line in result.stderr.splitlines() if line.startswith("assay: ")]
    assert [line.split(": ")[1] for line in lines] == [
        "ingest",
        "validate",
        "learn",
        "label noise",
        "fairness",
        "cleaning",
        "health",
        "gate",
        "report",
    ]
    assert "assay: " not in result.stdout


def test_json_is_all_there_is_on_standard_output(gate, make_report, tmp_path):
    report = make_report("reject", column="größe")
    result = gate(report, "--json")
    told = json.loads(result.stdout)
    assert result.stdout.isascii()
    assert (told["verdict"], told["exit_code"], told["name"]) == ("reject", 1, "loans")
    assert [reason["code"] for reason in told["reasons"]] == ["DQ014"]
    assert told["reasons"][0]["message"] == "Column 'größe' holds 3 values."
    assert told["findings"] == {"failed": 1}
    assert told["fingerprint"] == report.dataset.fingerprint
    assert told["rows"]["total"] == 200
    assert json.loads(Path(told["report"]).read_text(encoding="utf-8"))["verdict"] == "reject"


def test_quiet_prints_nothing(gate, make_report):
    result = gate(make_report("reject"), "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "")


def test_quiet_keeps_errors(gate):
    result = gate(InputError("loans.csv is empty."), "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "assay: loans.csv is empty.\n")


def test_no_save_writes_nothing(gate, make_report, tmp_path):
    result = gate(make_report(), "--no-save", "--json")
    told = json.loads(result.stdout)
    assert (told["directory"], told["report"]) == (None, None)
    assert [path.name for path in tmp_path.iterdir()] == ["audit.yaml"]


def test_output_replaces_the_folder(gate, make_report, tmp_path):
    assert gate(make_report(), "--output", "elsewhere").exit_code == 0
    assert len(list(tmp_path.glob("elsewhere/loans/*/report.json"))) == 1
    assert not (tmp_path / "audits").exists()


def test_all_mistakes_one_line_each(assay, audit_file):
    audit_file.write_text("lable: y\nlearning: {folds: 1}\n")
    result = assay("gate", audit_file)
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("assay: ") for line in lines)
    assert "line 2" in result.stderr
    assert "did you mean 'label'" in result.stderr
    assert "Traceback" not in result.stderr


def test_verbose_adds_the_traceback(gate, monkeypatch):
    root, own = logging.getLogger(), logging.getLogger("assay")
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    monkeypatch.setattr(own, "level", own.level)
    result = gate(ConfigurationError("label must be a column."), "--verbose")
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert "assay: label must be a column." in result.stderr


def test_a_breakdown_decides_nothing_and_quotes_nothing(gate, tmp_path):
    result = gate(ValueError("could not convert 'Jane Doe'"))
    assert result.exit_code == 70
    assert "ValueError at conftest.py:" in result.stderr
    assert "--verbose" in result.stderr
    assert "Jane" not in result.output
    assert "Traceback" not in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["audit.yaml"]


def test_ctrl_c_is_130_in_one_line_and_leaves_nothing(gate, tmp_path):
    result = gate(KeyboardInterrupt(), "--quiet")
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "assay: Interrupted. An audit is written whole, at its end, or not at all.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["audit.yaml"]


def test_ctrl_c_while_writing_leaves_nothing(gate, make_report, monkeypatch, tmp_path):
    from assay.report import AuditReport

    def interrupted(self, folder):
        (folder / "report.html").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(AuditReport, "write", interrupted)
    assert gate(make_report()).exit_code == 130
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["audit.yaml"]


def test_a_folder_that_cannot_be_written_is_told_before_the_work(gate, make_report, tmp_path):
    (tmp_path / "audits").write_text("a file in the way")
    result = gate(make_report())
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr
    assert "ingest" not in result.stderr


@pytest.mark.parametrize("column", ["[red]x", "[/]", "<script>alert(1)</script>", "\x1b[31mred", "größe ☃", "a" * 300])
def test_names_are_shown_as_they_are_and_never_obeyed(gate, make_report, column):
    result = gate(make_report("reject", column=column))
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout
    shown = "".join(result.stdout.split())
    if column.isprintable():
        assert "".join(column.split())[:40] in shown


def test_usage_errors_are_2(assay):
    assert assay("gate").exit_code == 2
    assert assay("gate", "a.yaml", "--nonsense").exit_code == 2
    assert assay("nonsense").exit_code == 2
