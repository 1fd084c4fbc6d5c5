"""`assay gate` in CI: annotations after the verdict, the step's summary and outputs, the comment."""

from __future__ import annotations

import json
import re

import pytest


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


def test_annotations_follow_the_verdict(gate, make_report):
    lines = gate(make_report("reject")).stdout.splitlines()
    assert re.fullmatch(r"::stop-commands::[0-9a-f]{32}", lines[0])
    end = lines.index(f"::{lines[0].rsplit('::', 1)[1]}::")
    assert any("REJECT" in line for line in lines[:end])
    assert lines[end + 1].startswith("::error title=DQ014 failed income (loans)::Column 'income'")


def test_what_the_data_say_is_obeyed_by_nobody(gate, make_report):
    name = "x\n::add-mask::y"
    lines = gate(make_report("reject", column=name)).stdout.splitlines()
    token = lines[0].rsplit("::", 1)[1]
    inside = lines[: lines.index(f"::{token}::")]
    assert all(line.startswith("::error ") for line in lines[len(inside) + 1 :])


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
    assert lines[:2] == ["<!-- assay:loans -->", "# ✅ Pass: loans"]
    assert [line for line in lines if line.startswith("<!--")] == lines[:1]


def test_a_comment_that_cannot_be_written_is_a_mistake(gate, make_report, tmp_path):
    result = gate(make_report("pass"), "--comment", tmp_path / "none" / "comment.md")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_a_mistake_prints_no_annotation_of_a_verdict(gate, tmp_path):
    from assay.errors import InputError

    result = gate(InputError("The file has no rows."))
    assert result.exit_code == 2
    assert "::" not in result.stdout
    assert not (tmp_path / "outputs").exists()
