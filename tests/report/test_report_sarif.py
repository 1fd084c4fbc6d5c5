"""report.sarif: valid by models that are generated from a schema of SARIF 2.1.0, and true to the findings."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif
from report_parts import finding

from assay.report import render_annotations, render_sarif

EVIL = "<b>|`x`|</b> @team [link](http://example.org) {0} 100% \u202e\x00\x1b[31m\nnext, a:b ü 日本"


def with_data(report, path, suite=None) -> dict:
    """The document of a report whose data were at `path`."""
    document = report.to_dict()
    document["manifest"]["config"]["data"] = {"path": str(path)}
    document["manifest"]["config"]["validation"]["suite"] = None if suite is None else str(suite)
    return document


def run_of(document) -> dict:
    text = render_sarif(document)
    Sarif.model_validate_json(text)  # refuses unknown keys, as the schema does
    return json.loads(text)["runs"][0]


def test_a_result_for_each_open_finding_with_the_level_of_the_gate(sample_report):
    run = run_of(sample_report.to_dict())
    levels = {result["ruleId"]: result["level"] for result in run["results"]}
    # DQ018 is a warning and waived, MH004 a warning that could not run: the gate cannot pass with it.
    assert levels == {"DQ011": "error", "DQ018": "warning", "LN001": "error", "FB003": "error", "MH004": "error"}
    assert run["properties"]["verdict"] == "reject"
    assert run["invocations"][0] == {"executionSuccessful": False, "endTimeUtc": "2026-03-14T09:26:53Z"}


def test_every_check_is_a_rule_and_every_result_points_at_its_own(sample_report):
    run = run_of(sample_report.to_dict())
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted({f.code for f in sample_report.findings})
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    duplicates = next(rule for rule in rules if rule["id"] == "DQ011")
    assert duplicates["shortDescription"]["text"] == "Duplicate rows"
    assert duplicates["name"] == "DuplicateRows"
    assert duplicates["help"]["text"].startswith("Remove the repeats")
    assert not any("helpUri" in rule for rule in rules)


def test_a_waived_finding_is_suppressed_and_says_why(sample_report):
    results = run_of(sample_report.to_dict())["results"]
    waived = {result["ruleId"]: result["suppressions"] for result in results if "suppressions" in result}
    why = "Income is optional in the form. (Ada Lovelace, until 2026-12-31)"
    assert waived == {"DQ018": [{"kind": "external", "justification": why}]}


def test_what_the_baseline_accepts_is_suppressed_and_not_annotated(sample_report):
    document = sample_report.to_dict()
    held = next(f for f in document["findings"] if f["code"] == "DQ011")
    held["accepted"] = True
    entry = {"finding": held["id"], "reason": "Adopted as it was.", "owner": "Ada", "expires": None}
    document["baseline"] = {"accepted": [entry]}
    document["reasons"] = [reason for reason in document["reasons"] if reason["finding"] != held["id"]]
    result = next(r for r in run_of(document)["results"] if r["ruleId"] == "DQ011")
    why = "Adopted as it was. (Ada, without an end)"
    assert result["suppressions"] == [{"kind": "external", "justification": why}]
    assert "DQ011" not in "".join(render_annotations(document))


def test_what_only_the_gate_says_is_a_result(make_report):
    run = run_of(make_report([]).to_dict())
    assert [(r["ruleId"], r["level"]) for r in run["results"]] == [("GATE", "error")] * len(run["results"])
    assert run["results"]
    assert run["tool"]["driver"]["rules"][-1]["id"] == "GATE"


def test_a_pass_has_rules_and_no_result(make_report):
    run = run_of(make_report([finding(f"{family}001") for family in ("DQ", "LN", "FB", "MH")]).to_dict())
    assert run["results"] == []
    assert len(run["tool"]["driver"]["rules"]) == 4
    assert run["invocations"][0]["executionSuccessful"] is True


def test_locations_are_the_data_file_from_the_root_of_the_checkout(sample_report, tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "data sets").mkdir()
    run = run_of(with_data(sample_report, tmp_path / "data sets" / "loäns#1.csv"))
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert unquote(place["artifactLocation"]["uri"]) == "data sets/loäns#1.csv"
        assert "#" not in place["artifactLocation"]["uri"]
        assert place["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
    income = next(result for result in run["results"] if result["ruleId"] == "DQ018")
    assert income["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "income"}]


def test_a_file_outside_of_any_checkout_has_its_whole_uri(sample_report, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    place = run_of(with_data(sample_report, tmp_path / "a b.csv"))["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": f"file://{tmp_path}/a%20b.csv"}


def test_data_in_a_database_are_located_at_their_suite_else_by_name(sample_report, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    document = with_data(sample_report, tmp_path)
    document["manifest"]["config"]["data"] = {"path": None, "connection": "postgresql://***@host/db"}
    location = run_of(document)["results"][0]["locations"][0]
    assert location == {"logicalLocations": [{"fullyQualifiedName": "loans"}]}
    document["manifest"]["config"]["validation"]["suite"] = str(tmp_path / "suite.json")
    place = run_of(document)["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "suite.json"


def test_fingerprints_tell_results_apart_and_outlast_other_figures(make_report):
    def prints(*found):
        run = run_of(make_report(list(found)).to_dict())
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"][-len(found) :]]

    before = prints(
        finding("DQ018", "failed", columns=["a"], message="3 of 9."),
        finding("DQ018", "failed", columns=["b"], message="3 of 9."),
        finding("DQ018", "failed", columns=["b"], message="4 of 9."),
    )
    assert len(set(before)) == 3
    assert prints(finding("DQ018", "failed", columns=["b"], message="8 of 9.")) == [before[1]]


@pytest.mark.parametrize("text", [EVIL, "[a](1)", "{0} {{1}}", "", " ", "x" * 5000, "\ud800"])
def test_texts_from_data_are_no_links_no_placeholders_and_valid(make_report, text):
    report = make_report(
        [finding("DQ011", "failed", message=text or "m", remedy=text, title=text or "t", columns=[text], group=text)]
    )
    result = run_of(report.to_dict())["results"][0]
    shown = result["message"]["text"]
    assert "](" not in shown
    assert "{0}" not in shown.replace("{{0}}", "")
    assert "\u202e" not in shown
    assert "\x00" not in shown


def test_no_raw_value_that_the_report_does_not_show(sample_report):
    text = sample_report.to_sarif()
    assert "C0001" not in text  # an id
    assert not any(str(value) in text for value in sample_report.dataset.frame["income"].head(40))


def test_expectations_of_one_code_are_one_rule(make_report):
    report = make_report([finding("DQ100", "failed", title=f"Rule {i}", columns=["x"]) for i in range(3)])
    run = run_of(report.to_dict())
    assert run["tool"]["driver"]["rules"][0]["shortDescription"]["text"] == "Rules of data quality"
    assert len(run["results"]) >= 3
