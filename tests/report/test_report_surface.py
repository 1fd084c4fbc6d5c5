"""The promised surface of AuditReport, the files it saves, and its other forms: Markdown, JUnit, terminal, notebook."""

from __future__ import annotations

import errno
import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from report_parts import N, finding, make_dataset, make_frame
from rich.console import Console

from assay.config import AuditConfig
from assay.errors import StorageError
from assay.report import render_rich, render_text
from assay.store import find_audit, read_audit

EVIL = "<b>|`x`|</b> @team [red]\u202e\x00\x1b[31m\nnext # _a_ ~~b~~"


@pytest.fixture
def evil_report(make_report):
    found = [
        finding("DQ011", "failed", message=EVIL, remedy=EVIL, title=EVIL, group=EVIL),
        finding("DQ018", "failed", "warning", message=EVIL, columns=[EVIL]),
    ]
    return make_report(found)


def test_decision_reasons_and_findings(sample_report):
    assert sample_report.decision == "reject"
    assert [reason.code for reason in sample_report.reasons] == ["DQ011", "FB003"]
    assert len(sample_report.findings) == 10
    assert sample_report.manifest["seed"] == 0


def test_labels_have_a_row_for_each_row_under_the_callers_index(make_report):
    index = pd.Index(np.arange(N)[::-1] * 10, name="mine")
    report = make_report(index=index)
    labels = report.labels
    assert labels.index.equals(index)
    assert labels.columns.tolist() == ["quality", "suspect", "suggested"]
    assert labels["suspect"].dtype == bool
    assert labels["suspect"].sum() == 12
    assert labels["quality"].between(0, 1).all()
    given = report.dataset.frame["approved"].to_numpy()
    assert ((labels["suggested"].to_numpy() != given) == labels["suspect"].to_numpy()).all()


def test_without_an_index_the_row_ids_stand_in(sample_report):
    assert sample_report.labels.index.equals(sample_report.dataset.row_ids)


def test_pred_probs_have_the_class_names(sample_report):
    probs = sample_report.pred_probs
    assert probs.shape == (N, 2)
    assert probs.columns.tolist() == ["no", "yes"]
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    assert probs.index.equals(sample_report.labels.index)


def test_fairness_is_the_table_by_group(sample_report):
    assert {"feature", "group", "metric", "value", "low", "high", "n"} == set(sample_report.fairness.columns)


def test_to_dict_is_the_callers_own(sample_report):
    sample_report.to_dict()["findings"].clear()
    assert len(sample_report.to_dict()["findings"]) == 10


def test_save_writes_every_file_and_reads_back(sample_report, tmp_path):
    path = sample_report.save(str(tmp_path))
    names = sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())
    documents = ("datasheet", "eu-ai-act-article-10", "model-card", "nyc-local-law-144")
    assert names == [
        "attestation.json",
        *(f"documents/{name}{ending}" for name in documents for ending in (".json", ".md")),
        "junit.xml", "manifest.json", "report.html", "report.json", "report.md", "report.sarif", "rows/README.txt",
        "rows/clean.csv", "rows/labels.parquet", "rows/ledger.csv", "rows/ledger.parquet", "rows/quarantine.csv", "rows/review.csv",
    ]  # fmt: skip
    assert find_audit("latest", tmp_path) == path
    assert read_audit(path) == sample_report.to_dict()
    assert json.loads((path / "manifest.json").read_text())["versions"]["torch"] == "2.13.0"


def test_a_full_disk_amid_the_row_files_leaves_nothing(sample_report, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(StorageError, match="No space left on device"):
        sample_report.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_evil_names_are_saved(evil_report, tmp_path):
    assert evil_report.save(tmp_path).is_dir()


def test_markdown_has_verdict_reasons_actions_and_waivers(sample_report):
    text = sample_report.to_markdown()
    assert text.startswith("# ❌ Reject: loans\n")
    assert "- **DQ011** failed: 4 of 240 rows" in text
    assert "(DQ011: 4 rows in rows/quarantine.csv)" in text
    assert "240 rows: 233 clean, 4 to quarantine, 3 to review." in text
    assert "- expired **DQ011** (all subjects): Known since January. Bob, until 2026-03-13." in text


def test_markdown_takes_nothing_of_the_data_for_markup(evil_report):
    text = evil_report.to_markdown()
    assert "<b>" not in text
    assert "@team" not in text
    assert not re.search(r"[\u202e\x00\x1b]", text)
    rows = [line for line in text.splitlines() if line.startswith("| DQ018")]
    assert len(rows) == 1
    assert len(re.findall(r"(?<!\\)\|", rows[0])) == 5
    assert not re.search(r"(?<!\\)`x", text)


def test_junit_counts_and_kinds(sample_report):
    root = ET.fromstring(sample_report.to_junit())
    # 1 verdict + 10 findings; DQ011, FB003 failed and LN001 inconclusive, all critical, and the verdict itself.
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("11", "4", "1", "2")
    cases = {case.get("classname"): case for case in root.iter("testcase")}
    assert cases["assay.DQ018"].find("skipped").get("message").startswith("waived: ")
    assert cases["assay.DQ019"].find("skipped").get("message").startswith("warning, not applicable: ")
    assert cases["assay.LN001"].find("failure").get("type") == "inconclusive"
    assert cases["assay.MH004"].find("error") is not None
    assert [child.tag for child in cases["assay.MH001"]] == ["system-out"]


def test_junit_of_an_undecided_audit_is_red_even_without_findings(make_report):
    root = ET.fromstring(make_report([]).to_junit())
    assert root.find(".//failure").get("type") == "undecided"
    assert "No check ran at all." in root.find(".//failure").text


def test_junit_of_a_pass_is_green(make_report):
    report = make_report([finding(f"{family}001") for family in ("DQ", "LN", "FB", "MH")])
    root = ET.fromstring(report.to_junit())
    assert root.get("failures") == root.get("errors") == "0"


def test_junit_is_xml_whatever_the_names(evil_report):
    assert ET.fromstring(evil_report.to_junit()).get("errors") == "0"


def test_text_is_short_and_one_line_a_reason(evil_report, sample_report):
    assert str(sample_report).splitlines()[0] == (
        "REJECT  loans: Do not train on these data yet: 2 critical findings stand against it."
    )
    assert repr(sample_report) == "<AuditReport 'loans': reject, 10 findings>"
    assert len(str(evil_report).splitlines()) == 3
    assert "\x1b" not in str(evil_report)


def test_many_reasons_are_counted(make_report):
    report = make_report([finding("DQ018", "failed", columns=[f"c{i}"]) for i in range(25)])
    assert "and 15 more reasons in the report" in str(report)
    assert "First 10 of 25 reasons." in report._repr_html_()
    assert "First 20 of 25 reasons; all are in `report.json`." in report.to_markdown()


def printed(renderable) -> str:
    console = Console(width=200, file=io.StringIO())
    console.print(renderable)
    return console.file.getvalue()


def test_rich_shows_the_same_and_never_reads_markup(sample_report, evil_report):
    text = printed(sample_report)
    for part in ("REJECT", "Data quality", "4 rows in rows/quarantine.csv", "233 clean"):
        assert part in text
    assert "[red]" in printed(evil_report)


def test_a_stored_report_shows_as_the_report_itself(sample_report, tmp_path):
    document = read_audit(sample_report.save(tmp_path))
    assert render_text(document) == str(sample_report)
    assert printed(render_rich(document)) == printed(sample_report)


def test_notebook_fragment_has_no_style_sheet_and_no_script(evil_report):
    html = evil_report._repr_html_()
    assert not re.search(r"<(style|script|html|body|b>)", html)
    assert "REJECT" in html


def test_the_name_is_the_configured_one_else_the_files(make_report):
    assert make_report().name == "loans"
    report = make_report(name=None)
    assert report.name == "dataset"
    config = AuditConfig(label="approved", data={"path": "folder/credit.csv"})
    assert replace(report, config=config).name == "credit"


def test_nothing_of_the_stages_is_changed(make_report):
    dataset = make_dataset(make_frame())
    before = dataset.frame.copy(deep=True)
    report = make_report(dataset=dataset)
    report.to_html()
    assert len(report.ledger) == 8
    pd.testing.assert_frame_equal(dataset.frame, before)


def test_reasons_are_cut_at_the_end_of_a_sentence(make_report):
    first, long = "Something is wrong with 3 of 9 columns.", "The columns are " + "a, " * 200 + "b."
    report = make_report([finding("DQ018", "failed", message=f"{first} {long}")])
    for text in (str(report), report.to_markdown(), report._repr_html_(), printed(report)):
        assert first in text
        assert "The columns are" not in text
        assert "…" not in text
    assert "The columns are" in report.to_html()
    only = make_report([finding("DQ018", "failed", message=long)])
    assert "a, …" in str(only) or "a,…" in str(only)
