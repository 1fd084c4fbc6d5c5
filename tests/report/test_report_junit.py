"""junit.xml by a reader that others wrote."""

from __future__ import annotations

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from report_parts import finding

EVIL = "<b>]]>&amp;\u202e\x00\x1b[31m\ud800\nnext"


def cases_of(report) -> dict[str, list[type]]:
    suites = JUnitXml.fromstring(report.to_junit().encode())
    return {case.classname: [type(entry) for entry in case.result] for suite in suites for case in suite}


def test_a_reader_counts_what_the_report_says(sample_report):
    suites = JUnitXml.fromstring(sample_report.to_junit().encode())
    stated = (suites.tests, suites.failures, suites.errors, suites.skipped)
    suites.update_statistics()
    assert (suites.tests, suites.failures, suites.errors, suites.skipped) == stated == (11, 4, 1, 2)
    cases = cases_of(sample_report)
    assert cases["assay.gate"] == cases["assay.DQ011"] == cases["assay.LN001"] == [Failure]
    assert cases["assay.DQ018"] == cases["assay.DQ019"] == [Skipped]
    assert cases["assay.MH004"] == [Error]
    assert cases["assay.MH001"] == []


@pytest.mark.parametrize("status", ["failed", "passed", "error", "inconclusive", "not_applicable"])
def test_whatever_the_names_it_is_read(make_report, status):
    report = make_report([finding("DQ011", status, message=EVIL, remedy=EVIL, title=EVIL, group=EVIL)])
    assert len(cases_of(report)) == 2
