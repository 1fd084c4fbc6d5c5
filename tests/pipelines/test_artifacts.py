"""Keys and texts of the artifacts."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
from assay.pipelines import artifacts
from fake_audit import FakeReport, finding


def test_docstrings():
    assert doctest.testmod(artifacts).failed == 0


@pytest.mark.parametrize("name", ["loans", "Loans 2026", "été", "データ", "<script>", "--", "x" * 100, "a__b"])
def test_keys_are_what_prefect_allows(name):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-verdict", artifacts.artifact_key(name, "verdict"))


def test_names_that_differ_in_what_a_key_cannot_hold_have_different_keys():
    names = ["ete", "été", "データ", "资料", "x" * 99, "x" * 98]
    assert len({artifacts.artifact_key(name, "verdict") for name in names}) == len(names)


def test_a_long_list_of_reasons_is_cut_and_says_so():
    reasons = tuple(finding("DQ014", column=f"column{i}") for i in range(25))
    text = artifacts.verdict_markdown(FakeReport("reject", reasons, reasons), "loans", Path("audits/loans/1"))
    assert text.count("| DQ014 |") == 20
    assert "and 5 more reasons" in text
    assert "25 failed" in text
    assert "`audits/loans/1/report.html`" in text


def test_a_report_without_findings_says_so():
    assert "No finding." in artifacts.verdict_markdown(FakeReport("undecided"), "loans", Path())
