"""Annotations and the comment for GitHub, whatever the data hold."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_parts import finding

from assay.report import comment_marker, render_annotations, render_comment, render_no_verdict
from assay.report.github import workflow_command

EVIL = "a%b\r\nc::set-env name=X::y,z:w\n::error::gotcha"
# As the runner reads a command: https://github.com/actions/runner, ActionCommand.cs.
COMMAND = re.compile(r"^::(?P<name>[a-z-]+)(?: (?P<properties>.*?))?::(?P<data>.*)$")


def unescape(text: str, *, is_property: bool) -> str:
    for code, character in (("%3A", ":"), ("%2C", ",")) if is_property else ():
        text = text.replace(code, character)
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def read(line: str) -> tuple[str, dict[str, str], str]:
    found = COMMAND.match(line)
    assert found is not None, line
    pairs = (found["properties"] or "").split(",") if found["properties"] else []
    properties = dict(pair.split("=", 1) for pair in pairs)
    unescaped = {key: unescape(value, is_property=True) for key, value in properties.items()}
    return found["name"], unescaped, unescape(found["data"], is_property=False)


@given(message=st.text(), title=st.text(), file=st.text(min_size=1))
def test_a_command_is_one_line_and_reads_back(message, title, file):
    line = workflow_command("error", message, file=file, title=title)
    assert "\n" not in line
    assert "\r" not in line
    name, properties, data = re.match(r"^::(\S+) (.*?)::(.*)$", line, flags=re.DOTALL).groups()
    assert name == "error"
    assert unescape(data, is_property=False) == message
    read_back = dict(pair.split("=", 1) for pair in properties.split(","))
    assert {key: unescape(value, is_property=True) for key, value in read_back.items()} == {
        "file": file,
        "title": title,
    }


def test_reasons_are_errors_and_other_findings_warnings(sample_report):
    read_lines = [read(line) for line in render_annotations(sample_report.to_dict())]
    kinds = [(name, properties["title"].split()[0]) for name, properties, _ in read_lines]
    # LN001 is critical and inconclusive, MH004 could not run: both would have kept the verdict from pass.
    assert kinds == [("error", "DQ011"), ("error", "FB003"), ("error", "LN001"), ("error", "MH004")]
    assert read_lines[0][2].startswith("4 of 240 rows (1.7%, ")
    assert "DQ018" not in "".join(render_annotations(sample_report.to_dict()))  # waived


def test_texts_from_data_stay_in_their_place(make_report):
    document = make_report([finding("DQ011", "failed", message=EVIL, group=EVIL, title=EVIL)]).to_dict()
    document["name"] = EVIL
    document["manifest"]["config"]["data"] = {"path": f"/x/{EVIL}.csv"}
    for line in render_annotations(document):
        assert len(line.splitlines()) == 1
        name, properties, _ = read(line)
        assert name in {"error", "warning", "notice"}
        assert set(properties) <= {"file", "title"}
        assert properties["file"] == f"/x/{EVIL}.csv"


@pytest.mark.parametrize(("count", "lines"), [(10, 10), (11, 10), (300, 10)])
def test_of_many_findings_the_last_line_counts_the_rest(make_report, count, lines):
    report = make_report([finding("DQ018", "failed", "warning", columns=[f"c{i}"]) for i in range(count)])
    warnings = [line for line in render_annotations(report.to_dict()) if line.startswith("::warning")]
    assert len(warnings) == lines
    assert ("more finding" in warnings[-1]) == (count > 10)
    if count > 10:
        assert f"::{count - 9} more findings" in warnings[-1]


def test_a_pass_has_no_error(make_report):
    report = make_report([finding(f"{family}001") for family in ("DQ", "LN", "FB", "MH")])
    assert render_annotations(report.to_dict()) == []


def test_the_comment_begins_with_a_marker_of_the_dataset(sample_report):
    text = render_comment(sample_report.to_dict())
    assert text.splitlines()[0] == "<!-- assay:loans-be9aa7494d82 -->"
    assert text.splitlines()[1] == "# ❌ Reject: loans"


def test_datasets_of_one_slug_have_markers_of_their_own():
    names = ["Loans 2026", "Loans-2026", "Loans/2026", "\ud800", "--> <script>", ""]
    markers = [comment_marker(name) for name in names]
    assert len(set(markers)) == len(names)
    assert all(re.fullmatch(r"<!-- assay:[\w.-]+-[0-9a-f]{12} -->", marker) for marker in markers)


def test_no_verdict_shows_a_name_as_text():
    first, title, *rest = render_no_verdict("a\n# <b>![x](y)", "Why.").splitlines()
    assert first == comment_marker("a\n# <b>![x](y)")
    assert title.startswith("# ❔ No verdict: a")
    assert "<b>" not in title
    assert "![x]" not in title
    assert rest == ["", "Why."]


@pytest.mark.parametrize("name", ["a --> <script>", "<!--", "日本", "../..", "", "a\nb", "--!>x"])
def test_no_name_ends_the_marker(name):
    marker = comment_marker(name)
    assert re.fullmatch(r"<!-- assay:[\w.-]+ -->", marker)
    assert "--" not in marker[4:-3]


def test_a_comment_stays_below_what_github_takes(make_report):
    long = "@<b>[x](y)|" * 60
    found = [finding("DQ018", "failed", columns=[f"{long}{i}"], message=long) for i in range(30)]
    found += [finding("DQ011", "failed", "warning", columns=[f"{long}{i}"], message=long) for i in range(30)]
    text = render_comment(make_report(found).to_dict())
    assert len(text) < 65_536
    assert text.count("<details>") == text.count("</details>")
    assert "Cut here" in text
