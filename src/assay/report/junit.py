"""The report as JUnit XML, which CI systems show as a list of tests."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from assay.report.text import displayable
from assay.report.wording import STATUS_WORDS, evidence_phrase, verdict_sentence


def render_junit(document: dict[str, Any]) -> str:
    """One test suite for the verdict, and one for each family of checks.

    The verdict is a test that fails unless the audit passed. Of the findings, a critical one that failed or is
    inconclusive is a `failure`, one that could not run an `error`; what does not block (warnings, waived and accepted
    findings, what is not applicable) is `skipped`, with the reason.
    """
    shown = displayable(document)
    suites = ET.Element("testsuites", name=f"assay: {shown['name']}")
    _verdict(suites, shown)
    for family in shown["families"]:
        own = [finding for finding in shown["findings"] if finding["family"] == family["family"]]
        suite = ET.SubElement(suites, "testsuite", name=family["title"])
        for finding in own:
            _case(suite, finding)
    for suite in suites:
        _count(suite)
    _count(suites)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _verdict(suites: ET.Element, shown: dict[str, Any]) -> None:
    suite = ET.SubElement(suites, "testsuite", name="verdict")
    case = ET.SubElement(suite, "testcase", classname="assay.gate", name="the verdict is pass")
    if shown["verdict"] != "pass":
        failure = ET.SubElement(case, "failure", type=shown["verdict"], message=verdict_sentence(shown))
        failure.text = "\n".join(f"{reason['code']}: {reason['message']}" for reason in shown["reasons"])


def _case(suite: ET.Element, finding: dict[str, Any]) -> None:
    name = f"{finding['title']}: {finding['subject']['text']}"
    case = ET.SubElement(suite, "testcase", classname=f"assay.{finding['code']}", name=name)
    kind, message = _outcome(finding)
    if kind is None:
        ET.SubElement(case, "system-out").text = finding["message"]
        return
    result = ET.SubElement(case, kind, message=message)
    if kind != "skipped":
        result.set("type", finding["status"])
        result.text = "\n".join(filter(None, (evidence_phrase(finding["evidence"]), finding["remedy"])))


def _outcome(finding: dict[str, Any]) -> tuple[str | None, str]:
    message = finding["message"]
    if finding["status"] == "error":
        return "error", message
    if finding["status"] == "passed":
        return None, message
    if finding["waived"]:
        return "skipped", f"waived: {message}"
    if finding.get("accepted"):
        return "skipped", f"accepted: {message}"
    if finding["severity"] == "critical" and finding["status"] in {"failed", "inconclusive"}:
        return "failure", message
    return "skipped", f"{finding['severity']}, {STATUS_WORDS[finding['status']]}: {message}"


def _count(element: ET.Element) -> None:
    element.set("tests", str(len(element.findall(".//testcase"))))
    element.set("failures", str(len(element.findall(".//failure"))))
    element.set("errors", str(len(element.findall(".//error"))))
    element.set("skipped", str(len(element.findall(".//skipped"))))
