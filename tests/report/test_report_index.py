"""The page over all audits of a folder."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from assay.cli import app
from assay.report.index import SHOWN, _spark, render_index

FORM = "{:.0f}"


def store(folder, run, *, name="loans", home=None, verdict="reject", rows=100, reasons=("x is wrong.",), suspects=5):
    place = folder / (home or name) / run
    place.mkdir(parents=True)
    document = {
        "schema": "assay-report/1",
        "name": name,
        "verdict": verdict,
        "reasons": [{"message": text} for text in reasons],
        "rows": {"total": rows, "clean": rows and rows // 2},
        "labels": {"judged": 100, "suspects": suspects},
        "health": {"metrics": {"columns": ["metric", "value"], "rows": [["auc", 0.9]]}},
        "manifest": {"created": f"2026-01-{run[6:8]}T02:00:00+00:00"},
    }
    (place / "report.json").write_text(json.dumps(document))
    return place


def test_datasets_that_stand_worst_come_first_under_their_newest_verdict(tmp_path):
    store(tmp_path, "20260101T000000.000Z-aaaaaaaa", name="a", verdict="reject")
    store(tmp_path, "20260102T000000.000Z-aaaaaaaa", name="a", verdict="pass", reasons=())
    store(tmp_path, "20260101T000000.000Z-bbbbbbbb", name="b", verdict="undecided")
    store(tmp_path, "20260101T000000.000Z-cccccccc", name="c", verdict="reject", reasons=("one.", "two.", "three."))
    html = render_index(tmp_path)
    assert re.findall(r'<h2><a href="[^"]+">(\w)</a>', html) == ["c", "b", "a"]
    assert "And 2 more reasons." in html
    assert 'href="a/20260102T000000.000Z-aaaaaaaa/report.html"' in html


def test_the_series_are_told_in_words(tmp_path):
    for day, rows in ((1, 100), (2, 300), (3, 200)):
        store(tmp_path, f"2026010{day}T000000.000Z-aaaaaaaa", rows=rows)
    html = render_index(tmp_path)
    assert "rows: from 100 to 200 over 3 audits, between 100 and 300" in html
    assert html.count("<polyline") == 4


def test_an_audit_that_cannot_be_read_is_counted(tmp_path):
    store(tmp_path, "20260101T000000.000Z-aaaaaaaa")
    (store(tmp_path, "20260102T000000.000Z-aaaaaaaa") / "report.json").write_text("{")
    (store(tmp_path, "20260101T000000.000Z-bbbbbbbb", name="b") / "report.json").write_text("[]")
    html = render_index(tmp_path)
    assert html.count("1 audit cannot be read") == 2


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"schema": "assay-report/1"}', '{"schema": "assay-report/1", "verdict": "ok"}']
)
def test_where_the_newest_cannot_be_read_an_older_pass_does_not_stand(tmp_path, content):
    store(tmp_path, "20260101T000000.000Z-aaaaaaaa", verdict="pass", reasons=())
    (store(tmp_path, "20260102T000000.000Z-aaaaaaaa") / "report.json").write_text(content)
    store(tmp_path, "20260101T000000.000Z-bbbbbbbb", name="b", verdict="reject")
    html = render_index(tmp_path)
    assert html.index("Unknown") < html.index("Reject")
    assert "The newest is among them." in html
    assert '<span class="badge pass">Pass</span>' not in html


def test_only_the_newest_are_shown_and_the_rest_counted(tmp_path):
    for second in range(SHOWN + 5):
        store(tmp_path, f"20260101T0000{second:02}.000Z-aaaaaaaa")
    html = render_index(tmp_path)
    assert f"The newest {SHOWN} of {SHOWN + 5}" in html


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x>', "a\u202eb\x00", "x" * 10_000, "Ünï 💥"]
)
def test_what_the_data_say_is_text(tmp_path, text):
    store(tmp_path, "20260101T000000.000Z-aaaaaaaa", name=text, home="a", reasons=(text,))
    html = render_index(tmp_path)
    assert "<script" not in html
    assert "<img" not in html
    assert "\u202e" not in html
    assert len(html) < 40_000


def test_a_value_that_is_not_known_breaks_the_line():
    spark = _spark("rows", [1.0, 2.0, None, 3.0, 4.0], FORM)
    assert len(spark.segments) == 2
    assert spark.last == "4"
    assert _spark("rows", [1.0, None], FORM).last == "—"
    assert _spark("rows", [None, None], FORM).segments == ()


def test_a_series_that_never_changes_lies_in_the_middle():
    ((x, y),) = {
        tuple(map(float, point.split(","))) for point in _spark("rows", [5.0, 5.0], FORM).segments[0].split()[:1]
    }
    assert (x, y) == (3.0, 14.0)


def test_the_command_writes_the_page_and_says_where(tmp_path):
    store(tmp_path, "20260101T000000.000Z-aaaaaaaa")
    result = CliRunner().invoke(app, ["index", str(tmp_path)])
    assert (result.exit_code, result.stdout.strip()) == (0, str(tmp_path / "index.html"))
    assert "loans" in (tmp_path / "index.html").read_text()


def test_an_empty_folder_has_a_page_that_says_so_and_no_folder_is_an_error(tmp_path):
    assert "There is no audit in this folder yet" in render_index(tmp_path)
    result = CliRunner().invoke(app, ["index", str(tmp_path / "missing")])
    assert result.exit_code == 2
    assert "must be the folder of the audits" in result.stderr


def test_the_report_of_a_run_is_named_and_a_lost_one_is_an_error(tmp_path):
    place = store(tmp_path, "20260101T000000.000Z-aaaaaaaa")
    lost = CliRunner().invoke(app, ["report", "latest", "--folder", str(tmp_path)])
    assert lost.exit_code == 2
    (place / "report.html").write_text("<p>")
    found = CliRunner().invoke(app, ["report", "--folder", str(tmp_path)])
    assert (found.exit_code, found.stdout.strip()) == (0, str(place / "report.html"))


def test_the_page_opens_where_there_is_a_browser_and_says_where_there_is_none(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda uri: opened.append(uri) or False)
    result = CliRunner().invoke(app, ["index", str(tmp_path), "--open"])
    assert opened == [(tmp_path / "index.html").as_uri()]
    assert "No browser could be opened" in result.stdout
