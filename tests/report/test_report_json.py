"""report.json: by its published schema, deterministic, complete, without NaN and without ids or passwords."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from report_parts import N, finding, flags, make_dataset, make_fairness, make_frame

import assay.report
from assay.findings import Evidence, Interval
from assay.report.plain import plain

SCHEMA = json.loads((Path(assay.report.__file__).parent / "templates" / "report.schema.json").read_text("utf-8"))


def test_the_schema_is_valid_and_strict():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["additionalProperties"] is False


def test_the_sample_obeys_the_schema(sample_report):
    document = sample_report.to_dict()
    jsonschema.validate(document, SCHEMA)
    assert document["schema"] == "assay-report/1"
    assert document["verdict"] == "reject"
    assert [reason["finding"] for reason in document["reasons"]] == ["DQ011-1", "FB003-1"]
    assert json.loads(sample_report.to_json()) == document


def test_the_same_audit_gives_the_same_text(make_report):
    assert make_report().to_json() == make_report().to_json()
    assert make_report().to_html() == make_report().to_html()


def test_what_is_not_known_is_null(make_report):
    broken = Evidence("AUC", float("nan"), Interval(float("-inf"), float("inf")), 0, None)
    report = make_report([finding("MH001", "inconclusive", evidence=broken)])
    evidence = report.to_dict()["findings"][0]["evidence"]
    assert evidence["value"] is None
    assert evidence["interval"]["low"] is evidence["interval"]["high"] is None
    jsonschema.validate(report.to_dict(), SCHEMA)
    assert "NaN" not in report.to_json()


def test_rows_are_a_count_and_twenty_positions_without_ids(make_report):
    report = make_report([finding("DQ011", "failed", evidence=flags(range(50)))])
    rows = report.to_dict()["findings"][0]["evidence"]["rows"]
    assert rows == {"count": 50, "action": "quarantine", "first_positions": list(range(20)), "examples": []}
    assert "C0003" in set(report.ledger["row_id"])
    for text in (report.to_json(), report.to_html(), report.to_markdown(), report.to_junit()):
        assert "C0003" not in text


def test_the_most_suspect_rows_say_why_without_labels_and_ids(make_report):
    rows = flags(
        range(10, 20),
        "relabel",
        [f"Reason {i} by <age>." for i in range(10)],
        score=np.linspace(0.9, 0.1, 10),
        suggested=["no"] * 10,
        nearest=[[i, 230] for i in range(9)] + [[]],
    )
    report = make_report([finding("LN001", "failed", evidence=rows)])
    document = report.to_dict()
    jsonschema.validate(document, SCHEMA)
    examples = document["findings"][0]["evidence"]["rows"]["examples"]
    # The very worst, at 19, was not compared with others.
    assert [example["position"] for example in examples] == [18, 17, 16, 15, 14]
    assert examples[0] == {"position": 18, "why": "Reason 8 by <age>.", "nearest": [8, 230]}
    page = report.to_html()
    assert "Reason 8 by &lt;age&gt;." in page
    assert "Nearest with the suggested label: 8; 230." in page
    assert "Reason 3 by" not in page
    for text in (report.to_json(), page):
        assert "C0230" not in text


def test_without_any_finding(make_report):
    report = make_report([])
    document = report.to_dict()
    jsonschema.validate(document, SCHEMA)
    assert document["verdict"] == "undecided"
    assert document["reasons"][0]["finding"] is None
    assert {family["state"] for family in document["families"]} == {"not_run"}
    assert document["rows"] == {
        "total": N, "clean": N, "quarantine": 0, "review": 0, "ledger": 0, "format": "csv",
    }  # fmt: skip


def test_two_findings_of_a_check_have_two_ids(make_report):
    same = finding("DQ018", "failed", columns=["a"])
    ids = [f["id"] for f in make_report([same, finding("DQ018", columns=["b"]), finding()]).to_dict()["findings"]]
    assert ids == ["DQ018-1", "DQ018-2", "DQ001-1"]


@pytest.mark.parametrize(
    ("findings", "state"),
    [
        ([("failed", "critical"), ("passed", "critical")], "failed"),
        ([("inconclusive", "critical"), ("failed", "warning")], "undecided"),
        ([("error", "info")], "undecided"),
        ([("failed", "warning"), ("passed", "critical")], "warnings"),
        ([("inconclusive", "info")], "warnings"),
        ([("passed", "info"), ("not_applicable", "critical")], "passed"),
        ([("not_applicable", "critical")], "not_applicable"),
    ],
)
def test_the_state_of_a_family_is_the_worst_that_counts(make_report, findings, state):
    report = make_report([finding("DQ001", status, severity) for status, severity in findings])
    assert report.to_dict()["families"][0]["state"] == state


def test_a_waived_failure_does_not_make_the_state(make_report):
    waiver = {"check": "DQ011", "owner": "Ada", "reason": "known", "expires": "2026-12-31"}
    report = make_report([finding(), finding("DQ011", "failed")], waivers=[waiver])
    family = report.to_dict()["families"][0]
    assert (family["state"], family["waived"], family["counts"]["failed"]) == ("passed", 1, 1)


def test_a_users_own_family_is_shown(make_report):
    report = make_report([finding("XY001", "failed", message="My own check failed.")])
    assert [family["family"] for family in report.to_dict()["families"]] == ["DQ", "LN", "FB", "MH", "XY"]
    assert "My own check failed." in report.to_html()
    assert "My own check failed." in report.to_junit()


def test_what_to_do_first_is_worst_first_then_most_rows(make_report):
    found = [
        finding("DQ020", "failed", "warning", remedy="later", evidence=flags(range(100))),
        finding("DQ011", "failed", remedy="few", evidence=flags([1, 2])),
        finding("DQ012", "failed", remedy="many", evidence=flags([3, 4, 5])),
        finding("DQ012", "failed", remedy="many too", evidence=flags([5, 6])),
        finding("MH001", "inconclusive", remedy="unsure"),
        finding("LN001", remedy="passed: nothing to do"),
    ]
    actions = make_report(found).to_dict()["actions"]
    assert [action["what"] for action in actions] == ["many", "few", "unsure"]
    assert [action["files"] for action in actions] == [
        [{"file": "rows/quarantine.csv", "rows": 4}], [{"file": "rows/quarantine.csv", "rows": 2}], [],
    ]  # fmt: skip
    assert actions[0]["findings"] == 2


def test_a_step_counts_its_rows_in_both_files(make_report):
    found = [
        finding("DQ012", "failed", remedy="decide", columns=["customer"], evidence=flags(range(10), "review")),
        finding("DQ011", "failed", "warning", evidence=flags(range(6))),
        # Neither counts: what passed asks for nothing, and a waived row is not acted on.
        finding("DQ012", evidence=flags([90], "review")),
        finding("DQ012", "failed", remedy="decide", group="waived", evidence=flags([91], "review")),
    ]
    waiver = {"check": "DQ012", "subject": "waived", "owner": "Ada", "reason": "known", "expires": "2026-12-31"}
    report = make_report(found, waivers=[waiver])
    jsonschema.validate(report.to_dict(), SCHEMA)
    assert report.to_dict()["actions"][0]["files"] == [
        {"file": "rows/review.csv", "rows": 4}, {"file": "rows/quarantine.csv", "rows": 6},
    ]  # fmt: skip
    assert "(DQ012: customer; 4 rows in rows/review.csv, 6 in rows/quarantine.csv)" in report.to_markdown()


def test_a_step_names_its_subjects(make_report):
    columns = ["a", "b", "c", "d", "e", "a"]
    found = [finding("DQ018", "failed", columns=[name], remedy="fill in") for name in columns]
    report = make_report([*found, finding("DQ011", "failed", remedy="remove")])
    whole, step = report.to_dict()["actions"]
    assert (step["subjects"], step["more_subjects"], step["findings"]) == (["a", "b", "c"], 2, 6)
    assert (whole["subjects"], whole["more_subjects"]) == ([], 0)
    assert "(DQ018: a; b; c and 2 more)" in report.to_markdown()


def test_small_groups_and_left_out_classes_are_named(make_report):
    fairness = make_fairness({"sex": ["Male", "Female"], "race": [f"g{i}" for i in range(9)]})
    limits = make_report(fairness=fairness, output={"rows": "csv"}).to_dict()["limits"]
    sizes = fairness.counts.groupby("group")["n"].sum()
    assert {group["group"] for group in limits["small_groups"]} == set(sizes[sizes < 50].index)
    assert limits["classes_left_out"] == {"maybe": 3}


def test_labels_that_are_missing_are_not_judged(make_report):
    frame = make_frame()
    frame.loc[[0, 5], "approved"] = None
    report = make_report(dataset=make_dataset(frame, classes=["no", "yes"]))
    assert report.to_dict()["limits"]["labels_not_judged"] == 2
    assert report.labels["suggested"].isna().tolist() == frame["approved"].isna().tolist()
    assert report.labels["quality"].isna().tolist() == frame["approved"].isna().tolist()


def test_passwords_are_hidden(make_report):
    manifest = {"config": {"connection": "postgresql://ada:s3cret@db/loans"}, "created": "2026-03-14"}
    report = make_report(manifest=manifest)
    assert report.to_dict()["manifest"]["config"]["connection"] == "postgresql://ada:***@db/loans"
    assert "s3cret" not in report.to_html() + report.to_json()


def test_a_manifest_without_a_date(make_report):
    report = make_report(manifest={})
    jsonschema.validate(report.to_dict(), SCHEMA)
    assert "<html" in report.to_html()


def test_values_of_all_kinds_become_plain():
    value = {
        1: np.int64(3), "f": np.float32(0.5), "nan": np.nan, "na": pd.NA, "nat": pd.NaT, "b": np.bool_(True),
        "p": Path("a/b"), "t": (1, 2), "s": {"b", "a"}, "a": np.array([1.0, np.nan]),
        "d": pd.Timestamp("2026-01-02"), "td": pd.Timedelta(seconds=2), "u": "\ud800",
        "frame": pd.DataFrame([[1, None], [2, "x"]], columns=["a", "a"]),
    }  # fmt: skip
    assert plain(value) == {
        "1": 3, "f": 0.5, "nan": None, "na": None, "nat": None, "b": True, "p": "a/b", "t": [1, 2],
        "s": ["a", "b"], "a": [1.0, None], "d": "2026-01-02T00:00:00", "td": 2.0, "u": "\\ud800",
        "frame": {"columns": ["a", "a"], "rows": [[1, None], [2, "x"]]},
    }  # fmt: skip
