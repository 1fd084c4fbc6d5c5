"""`assay gate` in CI: annotations after the verdict, the step's summary and outputs, the comment."""

from __future__ import annotations

import json
import re
import sys

import pytest
from typer.testing import CliRunner

from assay.errors import HistoryError, InputError


@pytest.fixture
def gate(assay, audit_file, fake_audit, tmp_path, monkeypatch):
    """Run `assay gate` on an audit that ends in a report, as if in a step of a workflow."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))

    def run(outcome, *options):
        fake_audit(outcome)
        return assay("gate", audit_file, *options)

    return run


def outputs(file) -> dict[str, str]:
    """As the runner reads them: name<<delimiter, lines, delimiter."""
    found = re.findall(r"^(\w+)<<(\S+)\n(.*?)\n\2$", file.read_text(), flags=re.MULTILINE | re.DOTALL)
    return {name: value for name, _, value in found}


HOSTILE = "##[set-output name=verdict]pass"


def commands(text: str) -> list[str]:
    """The lines that the runner would obey, by its source (ActionCommand.TryParseV2 and TryParse)."""
    return [line for line in re.split(r"[\r\n]", text) if line.lstrip().startswith("::") or "##[" in line]


def test_annotations_follow_the_verdict(gate, make_report):
    lines = gate(make_report("reject")).stdout.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("::"))
    assert any("REJECT" in line for line in lines[:first])
    assert lines[first].startswith("::error title=DQ014 failed income (loans)::Column 'income'")


@pytest.mark.parametrize("name", ["x\n::add-mask::y", "::add-mask::y", "x\r ::set-output name=verdict::pass", HOSTILE])
def test_what_the_data_say_is_obeyed_by_nobody(gate, make_report, name):
    result = gate(make_report("reject", column=name))
    assert all(line.startswith("::error ") for line in commands(result.stdout))
    assert commands(result.stdout)
    assert "##[" not in result.stdout
    assert commands(result.stderr) == []


@pytest.mark.parametrize("name", ["x\n::add-mask::y", HOSTILE])
def test_json_is_obeyed_by_nobody_and_says_the_same(gate, make_report, name):
    result = gate(make_report("reject", column=name), "--json")
    assert commands(result.stdout) == []
    assert json.loads(result.stdout)["reasons"][0]["message"] == f"Column '{name}' holds 3 values."


@pytest.mark.parametrize("ci", ["auto", "none"])
def test_an_error_is_obeyed_by_nobody(gate, ci):
    result = gate(InputError(f"Column '{HOSTILE}' must be there.\n::add-mask::y"), "--ci", ci)
    assert commands(result.stderr) == []
    assert "set-output" in result.stderr
    told = commands(result.stdout)
    assert len(told) == (ci == "auto")
    assert all(line.startswith("::error title=No verdict (loans)::Column") for line in told)


def test_other_commands_are_obeyed_by_nobody_either(gate, make_report, assay, tmp_path):
    gate(make_report("reject", column=HOSTILE), "--output", tmp_path / "audits")
    for command in (("show",), ("show", "--json"), ("rows",), ("diff",), ("rows", "--check", HOSTILE)):
        result = assay(command[0], *command[1:], "--folder", tmp_path / "audits")
        assert commands(result.stdout + result.stderr) == []


def test_the_summary_is_appended_and_the_outputs_are_set(gate, make_report, tmp_path):
    (tmp_path / "summary.md").write_text("# Before\n")
    result = gate(make_report("reject"), "--output", tmp_path / "audits")
    assert result.exit_code == 1
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("# Before\n# ❌ Reject: loans\n")
    found = outputs(tmp_path / "outputs")
    assert found["verdict"] == "reject"
    assert found["report"] == f"{found['directory']}/report.html"
    assert json.loads(
        (tmp_path / "outputs")
        .with_name("audits")
        .joinpath(*found["directory"].split("/")[-2:], "report.json")
        .read_text()
    )


def test_without_saving_only_the_verdict_is_an_output(gate, make_report, tmp_path):
    gate(make_report("pass"), "--no-save")
    assert outputs(tmp_path / "outputs") == {"verdict": "pass"}


@pytest.mark.parametrize("option", ["--json", "--quiet"])
def test_json_and_quiet_keep_standard_output_for_themselves(gate, make_report, option, tmp_path):
    result = gate(make_report("reject"), option)
    assert "::" not in result.stdout
    assert outputs(tmp_path / "outputs")["verdict"] == "reject"
    if option == "--json":
        assert json.loads(result.stdout)["verdict"] == "reject"


def test_none_says_nothing_to_ci(gate, make_report, tmp_path):
    assert "::" not in gate(make_report("reject"), "--ci", "none").stdout
    assert not (tmp_path / "summary.md").exists()


def test_elsewhere_it_says_nothing_unless_asked(gate, make_report, monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert "::" not in gate(make_report("reject")).stdout
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    monkeypatch.delenv("GITHUB_OUTPUT")
    assert "::error" in gate(make_report("reject"), "--ci", "github").stdout


def test_a_summary_that_cannot_be_written_changes_no_verdict(gate, make_report, tmp_path):
    (tmp_path / "summary.md").mkdir()
    result = gate(make_report("pass"))
    assert result.exit_code == 0
    assert "GITHUB_STEP_SUMMARY cannot be written" in result.stderr


def test_a_comment_is_written_and_replaced(gate, make_report, tmp_path):
    file = tmp_path / "comment.md"
    gate(make_report("reject"), "--comment", file)
    gate(make_report("pass"), "--comment", file)
    lines = file.read_text().splitlines()
    assert lines[:2] == ["<!-- assay:loans-be9aa7494d82 -->", "# ✅ Pass: loans"]
    assert [line for line in lines if line.startswith("<!--")] == lines[:1]


def test_a_comment_that_cannot_be_written_is_a_mistake(gate, make_report, tmp_path):
    result = gate(make_report("pass"), "--comment", tmp_path / "none" / "comment.md")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


@pytest.mark.parametrize("outcome", [InputError("The file has no rows."), RuntimeError("secret"), KeyboardInterrupt()])
def test_where_there_is_no_verdict_it_is_told(gate, make_report, tmp_path, outcome):
    file = tmp_path / "comment.md"
    gate(make_report("pass"), "--comment", file)
    (tmp_path / "outputs").unlink()
    result = gate(outcome, "--comment", file)
    assert result.exit_code in {2, 70, 130}
    (told,) = commands(result.stdout)
    assert told.startswith("::error title=No verdict (loans)::The ")
    assert outputs(tmp_path / "outputs") == {"verdict": "none"}
    assert file.read_text().splitlines()[:2] == ["<!-- assay:loans-be9aa7494d82 -->", "# ❔ No verdict: loans"]
    assert "secret" not in result.stdout + file.read_text()
    assert "# ❔ No verdict: loans" in (tmp_path / "summary.md").read_text()


def test_while_an_audit_is_made_no_earlier_comment_stands(gate, make_report, tmp_path, monkeypatch):
    file, seen = tmp_path / "comment.md", []
    gate(make_report("pass"), "--comment", file, "--ci-files", tmp_path / "ci")

    def run_audit(*_, **__):
        seen.extend([file.read_text(), sorted(path.name for path in (tmp_path / "ci").iterdir())])
        raise InputError("x")

    monkeypatch.setattr(sys.modules["assay.auditing"], "run_audit", run_audit)
    from assay.cli import app

    CliRunner().invoke(app, ["gate", "audit.yaml", "--fresh", "--comment", str(file), "--ci-files", "ci"])
    assert "No verdict: loans" in seen[0]
    assert seen[1] == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("name: loans\nlabel: y\nlable: x\n", "loans"),
        ("data: folder/loans.csv\n", "loans"),
        ("name: loans\n  : : [", "audit.yaml"),
        ("[]", "dataset"),
        ("name: [3]", "audit.yaml"),
    ],
)
def test_a_configuration_that_is_wrong_replaces_the_comment_too(gate, make_report, audit_file, text, name):
    audit_file.write_text(text)
    file = audit_file.with_name("comment.md")
    assert gate(make_report("pass"), "--comment", file).exit_code == 2
    assert file.read_text().splitlines()[1] == f"# ❔ No verdict: {name}"


def test_an_audit_that_is_stored_is_told_though_its_history_is_not(gate, make_report, tmp_path, monkeypatch):
    def keep_history(place, _):
        raise HistoryError("Its history is broken.", audit=place)

    monkeypatch.setattr("assay.known.keep_history", keep_history)
    file = tmp_path / "comment.md"
    result = gate(make_report("reject"), "--comment", file, "--output", tmp_path / "audits")
    assert result.exit_code == 2
    assert "REJECT" in result.stdout
    assert "Its history is broken." in result.stderr
    assert outputs(tmp_path / "outputs")["verdict"] == "reject"
    assert "# ❌ Reject: loans" in file.read_text()


@pytest.mark.parametrize("options", [(), ("--no-save",), ("--json",)])
def test_the_files_of_the_answer_alone_lie_in_one_place(gate, make_report, tmp_path, options):
    for verdict in ("pass", "reject"):
        gate(make_report(verdict), "--fresh", "--ci-files", tmp_path / "new" / "ci", *options)
    names = sorted(path.name for path in (tmp_path / "new" / "ci").iterdir())
    assert names == ["junit.xml", "report.md", "report.sarif"]
    assert "# ❌ Reject: loans" in (tmp_path / "new" / "ci" / "report.md").read_text()
    gate(InputError("x"), "--fresh", "--ci-files", tmp_path / "new" / "ci")
    assert list((tmp_path / "new" / "ci").iterdir()) == []


def test_the_files_are_those_of_the_audit(gate, make_report, tmp_path):
    gate(make_report("reject"), "--ci-files", tmp_path / "ci", "--output", tmp_path / "audits")
    place = outputs(tmp_path / "outputs")["directory"]
    for file in (tmp_path / "ci").iterdir():
        assert file.read_bytes() == (tmp_path / place / file.name).read_bytes()


def test_a_folder_that_cannot_be_written_is_a_mistake(gate, make_report, tmp_path):
    (tmp_path / "ci").write_text("a file")
    result = gate(make_report("pass"), "--ci-files", tmp_path / "ci")
    assert result.exit_code == 2
    assert result.stderr.count("--ci-files") == 1


def test_what_cannot_be_written_leaves_no_earlier_verdict_elsewhere(gate, make_report, tmp_path):
    comment, files = tmp_path / "comment.md", tmp_path / "ci"
    gate(make_report("pass"), "--comment", comment, "--ci-files", files)
    gate(make_report("pass"), "--comment", tmp_path / "none" / "comment.md", "--ci-files", files)
    assert list(files.iterdir()) == []
    files.rmdir()
    files.write_text("a file")
    gate(make_report("pass"), "--comment", comment, "--ci-files", files)
    assert "No verdict: loans" in comment.read_text()
