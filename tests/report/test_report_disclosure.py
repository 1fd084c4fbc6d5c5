"""No figure about fewer than ten people is in any form of the report; the frames in Python stay complete."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from report_parts import finding, make_dataset, make_fairness, make_frame, make_label_noise

import assay.report
from assay.findings import Evidence, Interval, Table
from assay.results import FairnessResult
from assay.small_cells import SMALLEST_CELL

SCHEMA = json.loads((Path(assay.report.__file__).parent / "templates" / "report.schema.json").read_text("utf-8"))
# A rate that stands out wherever it would be shown: of 1 of 7 people.
TELLING = 1 / 7


@pytest.fixture(scope="module")
def fairness() -> FairnessResult:
    """Groups of 300, 60, 40 and 7 rows; the group of 60 has 4 positives."""
    groups = {"big": (300, 150), "mid": (60, 4), "odd": (40, 20), "tiny": (7, 3)}
    by_group, counts = [], []
    for group, (rows, positives) in groups.items():
        small = TELLING if group == "tiny" else 0.4
        by_group.append(("sex", group, "selection rate", small, small / 2, small * 2, rows))
        true = TELLING if positives < 10 else 0.5
        by_group.append(("sex", group, "true positive rate", true, 0.1, 0.9, positives))
        counts += [("sex", group, "yes", "yes", positives), ("sex", group, "no", "no", rows - positives)]
    disparities = [
        ("sex", "selection rate", "difference", 0.4 - TELLING, 0.1, 0.3, "tiny", "big", 0.1, "failed"),
        ("sex", "true positive rate", "difference", 0.5 - TELLING, 0.1, 0.3, "mid", "big", 0.1, "failed"),
        ("sex", "equalized odds", "difference", 0.11, 0.1, 0.3, "odd", "big", 0.1, "failed"),
    ]
    return FairnessResult(
        (),
        pd.DataFrame(by_group, columns=["feature", "group", "metric", "value", "low", "high", "n"]),
        pd.DataFrame(
            disparities,
            columns=["feature", "metric", "kind", "value", "low", "high", "worst", "best", "tolerance", "status"],
        ),
        pd.DataFrame(counts, columns=["feature", "group", "y_true", "y_pred", "n"]),
    )


def rows_of(table):
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def test_rates_that_rest_on_few_rows_are_hidden(make_report, fairness):
    report = make_report(fairness=fairness)
    document = report.to_dict()
    jsonschema.validate(document, SCHEMA)
    hidden = {
        (row["group"], row["metric"])
        for row in rows_of(document["fairness"]["by_group"])
        if (row["value"], row["low"], row["high"], row["n"]) == (None, None, None, "<10")
    }
    assert hidden == {("tiny", "selection rate"), ("tiny", "true positive rate"), ("mid", "true positive rate")}
    shown = [row for row in rows_of(document["fairness"]["by_group"]) if row["n"] != "<10"]
    assert len(shown) == 5
    assert all(row["n"] >= SMALLEST_CELL and row["value"] is not None for row in shown)


def test_the_frames_stay_complete(make_report, fairness):
    report = make_report(fairness=fairness)
    report.to_html()
    assert report.fairness["n"].tolist() == [300, 150, 60, 4, 40, 20, 7, 3]
    assert report.fairness["value"].notna().all()


def test_counts_and_disparities_are_hidden(make_report, fairness):
    tables = make_report(fairness=fairness).to_dict()["fairness"]
    # "tiny" has 7 rows in all: which cells it has is not shown either, of one person that would be the label.
    assert [row["n"] for row in rows_of(tables["counts"])] == [150, 150, "<10", 56, 20, 20, "<10"]
    assert tables["counts"]["rows"][-1] == ["sex", "tiny", None, None, "<10"]
    assert [(row["value"], row["worst"], row["best"]) for row in rows_of(tables["disparities"])] == [
        (None, None, None), (None, None, None), (0.11, "odd", "big"),
    ]  # fmt: skip
    assert {row["status"] for row in rows_of(tables["disparities"])} == {"failed"}


def test_with_weights_a_heavy_cell_may_be_few_people(make_report, fairness):
    frame = make_frame()
    dataset = replace(make_dataset(frame), weights=np.where(np.arange(len(frame)) == 0, 5.0, 1.0))
    cells = [
        row["n"] for row in rows_of(make_report(fairness=fairness, dataset=dataset).to_dict()["fairness"]["counts"])
    ]
    # At most 5 a row: 20 of weight may be 4 people, 56 are at least 12.
    assert cells == [150, 150, "<10", 56, "<10", "<10", "<10"]


def test_pictures_have_groups_that_can_be_compared_and_count_the_others(make_report, fairness):
    html = make_report(fairness=fairness).to_html()
    pictures = html[html.index("<h3>Rates by sex</h3>") :].split("<summary>Differences and ratios")[0]
    assert "Left out: 2 groups with fewer than 50 rows." in pictures
    assert ">big<" in pictures
    assert ">mid<" in pictures
    assert ">odd<" not in pictures
    assert ">tiny<" not in pictures
    assert "too few cases" in pictures


def test_a_feature_of_small_groups_has_no_picture(make_report):
    fairness = make_fairness({"sex": ["Male", "Female"]})
    for table in (fairness.by_group, fairness.counts):
        table["n"] = 30
    html = make_report(fairness=fairness).to_html()
    assert "No group is large enough for a picture. Left out: 2 groups with fewer than 50 rows." in html
    assert "True positive rate by sex" not in html


def test_no_form_of_the_report_has_the_figures(make_report, fairness):
    table = Table(
        ("group", "rows", "share", "rows that would decide"), (("tiny", 7, TELLING, 333), ("big", 300, 0.75, 60))
    )
    found = [
        finding("FB001", columns=["sex"], evidence=Evidence("share", TELLING, Interval(0.1, 0.2), 407, None, "share", table=table)),
        finding("FB013", "inconclusive", columns=["sex"], group="sex = tiny",
                evidence=Evidence("rows", 7.0, n=7, threshold=50.0, unit="rows")),
    ]  # fmt: skip
    noise = make_label_noise(make_dataset(make_frame()))
    estimates = pd.DataFrame(
        [("overall", "all rows", 240, 5, 0.05, 0.03, 0.08), ("sex", "tiny", 7, 1, TELLING, 0.1, 0.2),
         ("sex", "big", 233, 4, 0.05, 0.03, 0.08)],
        columns=["by", "name", "n", "suspects", "share", "low", "high"],
    )  # fmt: skip
    report = make_report(found, fairness=fairness, label_noise=replace(noise, estimates=estimates))
    document = report.to_dict()
    jsonschema.validate(document, SCHEMA)
    for text in (report.to_json(), report.to_html(), report.to_markdown(), report.to_junit(), str(report)):
        assert "0.142" not in text
        assert "14.3%" not in text
    first, second = (f["evidence"] for f in document["findings"])
    assert (first["value"], first["interval"], first["n"]) == (None, None, 407)
    assert first["table"]["rows"] == [["tiny", "<10", None, 333], ["big", 300, 0.75, 60]]
    assert (second["value"], second["n"]) == ("<10", "<10")
    assert [row[2:5] for row in document["labels"]["estimates"]["rows"]] == [
        [240, 5, 0.05], ["<10", "<10", None], [None, "<10", None],
    ]  # fmt: skip
    assert {group["group"]: group["rows"] for group in document["limits"]["small_groups"]} == {
        "odd": 40,
        "tiny": "<10",
    }


def test_rates_in_the_table_of_a_finding_are_hidden_by_their_own_cases(make_report, fairness):
    table = Table(("group", "rows", "true positive rate"), (("mid", 60, TELLING), ("odd", 40, 0.5)))
    found = finding("FB011", "failed", columns=["sex"], evidence=Evidence("d", 0.2, n=400, unit="share", table=table))
    evidence = make_report([found], fairness=fairness).to_dict()["findings"][0]["evidence"]
    assert evidence["table"]["rows"] == [["mid", 60, None], ["odd", 40, 0.5]]
    assert evidence["value"] == 0.2


def test_counts_that_are_not_of_people_stay(make_report):
    markers = Evidence("markers", 8.0, n=8, unit="rows", table=Table(("marker", "rows"), (("'999'", 8),)))
    rare = Evidence("rows of the class", 3.0, n=3, unit="rows")
    report = make_report(
        [finding("DQ004", "failed", columns=["age"], evidence=markers),
         finding("MH003", "failed", columns=["approved"], group="approved = maybe", evidence=rare)]
    )  # fmt: skip
    first, second = (f["evidence"] for f in report.to_dict()["findings"])
    assert (first["value"], first["n"], first["table"]["rows"]) == (8.0, 8, [["'999'", 8]])
    assert (second["value"], second["n"]) == (3.0, 3)


def test_columns_of_one_name_cannot_be_told_apart_and_are_hidden(make_report):
    table = Table(("group", "n", "n"), (("tiny", 3, 0.9),))
    found = finding("XY001", "failed", evidence=Evidence("d", 0.2, table=table))
    assert make_report([found]).to_dict()["findings"][0]["evidence"]["table"]["rows"] == []
