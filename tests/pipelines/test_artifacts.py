"""Keys and texts of the artifacts."""

from __future__ import annotations

import base64
import doctest
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from assay.pipelines import artifacts, numbers, pictures, verdict_page
from fake_audit import FakeReport, finding

from assay.findings import Status
from assay.known import Answer

HOSTILE = "<script>alert(1)</script>|`x`\n\n[a](javascript:b) </details> ```"


def answer(verdict, reasons=(), place=".", **changed):
    report = FakeReport(verdict, reasons, reasons)
    return Answer(report.to_dict() | changed, Path(place))


@pytest.mark.parametrize("module", [artifacts, numbers, pictures, verdict_page])
def test_docstrings(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", ["loans", "Loans 2026", "été", "データ", "<script>", "--", "x" * 100, "a__b"])
def test_keys_are_what_prefect_allows(name):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-verdict", artifacts.artifact_key(name, "verdict"))


def test_names_that_differ_in_what_a_key_cannot_hold_have_different_keys():
    names = ["ete", "été", "データ", "资料", "x" * 99, "x" * 98]
    assert len({artifacts.artifact_key(name, "verdict") for name in names}) == len(names)


def test_a_long_list_of_reasons_is_cut_and_says_so():
    reasons = tuple(finding("DQ014", column=f"column{i}") for i in range(25))
    text = verdict_page.verdict_markdown(answer("reject", reasons, "audits/loans/1"), "loans")
    assert text.count("**DQ014**") == 10
    assert "And 15 more reasons" in text
    assert "25 critical findings" in text
    assert "`audits/loans/1/report.html`" in text


def test_the_reader_sees_verdict_reasons_change_numbers_and_report_in_this_order():
    change = {
        **{key: [] for key in ("findings", "rates", "columns", "configuration", "versions")},
        **{
            side: {"id": None, "created": "2026-01-01", "verdict": "reject", "rows": 200}
            for side in ("older", "newer")
        },
    }
    text = verdict_page.verdict_markdown(answer("reject", (finding("DQ014"),), change=change), "loans")
    parts = ["# ✘ Rejected: loans", "## Reasons", "## Since the last audit", "## Numbers", "Full report:", "<details>"]
    places = [text.index(part) for part in [*parts, "## Stages"]]
    assert places == sorted(places)
    assert "Nothing changed" in text


def test_the_numbers_are_those_of_the_document():
    found = {n.name: (n.value, n.interval, n.limit) for n in numbers.key_numbers(answer("pass").document)}
    assert found["AUC on held-out rows"] == ("0.900", "0.850 to 0.940", "more than 0.550")
    assert found["Wrong labels (estimate)"] == ("4%", "2% to 7%", "at most 5%")
    # The largest that is known and a difference: neither the ratio nor what is not estimable.
    assert found["Largest disparity"] == ("25.0 points", "12.0 to 37.0 points", "at most 10.0 points")
    assert [found[f"Rows {what}"][0] for what in ("clean", "to review", "to quarantine")] == [
        "150 (75%)",
        "40 (20%)",
        "10 (5%)",
    ]


def test_what_is_not_known_is_a_dash_or_left_out():
    document = answer("undecided").document
    document["fairness"]["disparities"] = document["fairness"]["disparities"] | {"rows": []}
    document["labels"]["estimates"]["rows"] = [["overall", "all rows", 0, 0, None, None, None]]
    document["rows"] |= {"clean": None, "total": 0}
    found = {n.name: n.value for n in numbers.key_numbers(document)}
    assert found == {"AUC on held-out rows": "0.900", "Wrong labels (estimate)": "—"}


def test_no_text_of_the_data_is_markup():
    bad = finding("DQ014", column=HOSTILE)
    unsure = finding("LN001", column=HOSTILE, status=Status.INCONCLUSIVE)
    report = FakeReport("reject", (bad,), (bad, unsure))
    images = [pictures.Image("rates", HOSTILE, HOSTILE, "data:image/svg+xml;base64,AAAA")]
    text = verdict_page.verdict_markdown(Answer(report.to_dict(), Path("a`b\n|c")), HOSTILE, images)
    assert "<script" not in text
    assert text.count("<details>") == text.count("</details>") == 3
    assert len(re.findall("^ *```", text, flags=re.MULTILINE)) == 2
    # What is folded is one line of HTML, in which Markdown is not read.
    folded = re.findall(r"^<details>.*</details>$", text, flags=re.MULTILINE)
    assert len(folded) == 3
    for block in folded:
        text = text.replace(block, "")
    assert "](javascript" not in text


def test_the_stages_are_drawn_with_their_status_and_seconds():
    text = verdict_page.verdict_markdown(answer("reject", (finding("DQ014"),)), "loans")
    drawing = [line.strip() for line in text.split("```mermaid")[1].split("```")[0].splitlines()]
    assert 'n0["ingest: 0.1 s, done"]' in drawing
    assert 'n1["validate: 0.1 s, failed"]:::bad' in drawing
    assert 'n3["label noise: 0.1 s, did not run"]' in drawing
    assert 'n7["gate: 0.1 s, reject"]:::bad' in drawing
    # Ingest, what looks at the data, the training, what looks at it, the gate.
    assert "n0 --> n1 --> n2 --> n3 & n4 & n5 & n6 --> n7" in drawing


def test_a_picture_is_an_image_of_its_own():
    (image,) = pictures.draw_images(answer("pass").document)
    assert (image.kind, image.title) == ("rates", "Selection rate by sex")
    kind, encoded = image.address.split(",")
    assert kind == "data:image/svg+xml;base64"
    svg = base64.b64decode(encoded).decode()
    assert "var(" not in svg
    root = ET.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "a|b<i>" in "".join(root.itertext())


def test_tables_name_the_failed_findings_by_family_and_the_rates_by_group():
    worst, mild = finding("DQ014"), finding("DQ011", status=Status.PASSED)
    report = FakeReport("reject", (worst,), (mild, worst, finding("LN001")))
    tables = {kind: rows for kind, _, rows in artifacts._tables(report.to_dict())}
    assert {kind: len(rows) for kind, rows in tables.items()} == {"failed-dq": 1, "failed-ln": 1, "groups": 3}
    assert tables["groups"][0]["value"] == "70%"
    assert tables["groups"][2] == {
        "feature": "sex",
        "group": "x",
        "figure": "selection rate",
        "value": "—",
        "95% interval": "—",
        "rows": "<10",
    }
