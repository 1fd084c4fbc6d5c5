"""Hidden figures cannot be had from those beside them: each test solves for one, as a reader would."""

from __future__ import annotations

import json
import re
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import assay
from assay.documents import build_documents, render_markdown
from assay.report.disclosure import hide_small_fairness, hide_small_rows, leaves_few
from assay.small_cells import SMALLEST_CELL

ROWS = 600
FEW = 5
DIVERSE = 6
QUICK = {
    "learning": {"folds": 2, "repeats": 1, "epochs": 2, "other_models": False},
    "label_noise": {"rehearse": False},
    "fairness": {"cleaning_effect": False, "mitigation": "off"},
    "records": {"enabled": False},
    "cells": {"enabled": False},
}


def frame_of(kind: str) -> pd.DataFrame:
    """All but 5 rows are of one sex, 6 rows of a third gender, and a city of 60 rows has 4 of the positive label."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=ROWS)
    frame = pd.DataFrame({"x": x.round(3), "z": rng.normal(size=ROWS).round(3)})
    frame["sex"] = np.where(np.arange(ROWS) < FEW, "F", "M")
    frame["gender"] = np.where(np.arange(ROWS) % 100 == 50, "div", np.where(np.arange(ROWS) % 2, "p", "q"))
    frame["city"] = np.where(np.arange(ROWS) % 10 == 9, "Nano", np.where(np.arange(ROWS) % 3, "A", "B"))
    score = x + rng.normal(size=ROWS) / 2
    nano = np.flatnonzero(frame["city"] == "Nano")
    score[nano] = np.where(np.isin(nano, nano[10:14]), 2.0, -2.0 + rng.random(len(nano)))
    names = ["no", "yes"] if kind == "two" else ["a", "b", "yes"]
    edges = [0.4] if kind == "two" else [-0.5, 0.4]
    frame["y"] = np.array(names)[np.searchsorted(edges, score)]
    return frame.iloc[rng.permutation(ROWS)].reset_index(drop=True)


@pytest.fixture(scope="module", params=["two", "three"])
def report(request, tmp_path_factory):
    suite = tmp_path_factory.mktemp("suite") / "suite.json"
    rule = {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "gender", "value_set": ["p", "q"]}}
    looser = {**rule, "kwargs": {**rule["kwargs"], "mostly": 0.9}}
    suite.write_text(json.dumps({"name": "s", "expectations": [rule, looser]}), encoding="utf-8")
    positive = {"positive": "yes"} if request.param == "two" else {}
    settings = {"label": "y", "sensitive": ["sex", "gender", "city"], "validation": {"suite": suite}, **positive}
    return assay.audit(frame_of(request.param), **settings, **QUICK)


@pytest.fixture(scope="module")
def forms(report, tmp_path_factory):
    """Every form of the report, as text."""
    place = report.save(tmp_path_factory.mktemp("audits"))
    terminal = StringIO()
    Console(file=terminal, width=10_000).print(report)
    written = {path.name: path.read_text("utf-8") for path in place.iterdir() if path.is_file()}
    papers = {path.name: path.read_text("utf-8") for path in (place / "documents").iterdir()}
    rendered = {name: render_markdown(paper) for name, paper in build_documents(report.to_dict()).items()}
    assert {"report.json", "report.html", "report.md", "junit.xml", "report.sarif"} <= set(written)
    return {"terminal": terminal.getvalue(), **written, **papers, **rendered}


def rows_of(table):
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def test_the_rates_of_all_but_five_are_not_told(report):
    """Those of all rows less those of the 595 are those of the 5."""
    tables = report.to_dict()["fairness"]
    told = [
        row for name in ("by_group", "calibration", "reliability", "label_measures") for row in rows_of(tables[name])
    ]
    of_all_but_few = [row for row in told if row["feature"] == "sex"]
    assert {row["group"] for row in of_all_but_few} >= {"M", "F"}
    for row in of_all_but_few:
        assert [value for value in row.values() if isinstance(value, float)] == [], row
        assert not leaves_few(row["n"], [ROWS]), row
    cells = [row for row in rows_of(tables["counts"]) if row["feature"] == "sex"]
    assert {(row["group"], row["y_true"], row["n"]) for row in cells} == {("F", None, "<10"), ("M", None, None)}


def test_a_measure_against_few_others_is_not_told(report):
    found = report.fairness_result.label_measures.query("feature == 'sex'")
    assert set(found["n"]) <= {0, FEW}
    told = [row for row in rows_of(report.to_dict()["fairness"]["label_measures"]) if row["feature"] == "sex"]
    assert {(row["value"], row["low"], row["high"], row["n"]) for row in told} == {(None, None, None, "<10")}


def test_a_mean_does_not_tell_its_hidden_part(report):
    """Twice the average odds less the false positive rate would be the true positive rate of 4 people."""
    tables = report.to_dict()["fairness"]
    by_group = {(row["feature"], row["group"], row["metric"]): row for row in rows_of(tables["by_group"])}
    two = ("city", "Nano", "average odds") in by_group
    mean = "average odds" if two else "macro true positive rate"
    parts = (
        ["true positive rate", "false positive rate"]
        if two
        else [f"true positive rate [{c}]" for c in ("a", "b", "yes")]
    )
    assert by_group["city", "Nano", parts[0 if two else 2]]["n"] == "<10"
    for (feature, group, metric), row in by_group.items():
        if metric == mean:
            sizes = [by_group[feature, group, part]["n"] for part in parts if (feature, group, part) in by_group]
            hidden = any(isinstance(n, str) or n is None for n in sizes)
            assert (row["value"] is None) is hidden
            assert hidden or row["n"] == min(sizes)
    assert by_group["city", "A", mean]["value"] is not None
    ends = [row for row in rows_of(tables["disparities"]) if row["metric"] == mean and row["feature"] == "city"]
    assert all("Nano" not in (row["worst"], row["best"]) for row in ends)


def test_no_n_is_a_total_less_a_few(report, forms):
    """600 rows less the n of a comparison without the small group are that group."""
    document = report.to_dict()
    tables = document["fairness"]
    for name in ("proxies", "individual", "calibration", "label_measures", "by_group"):
        for row in rows_of(tables[name]):
            assert not leaves_few(row["n"], [ROWS]), (name, row)
    about = [f for f in document["findings"] if {"sex", "gender"} & set(f["subject"]["columns"]) and f["evidence"]]
    assert about
    for finding in about:
        assert not leaves_few(finding["evidence"]["n"], [ROWS]), finding["id"]
    for form, text in forms.items():
        assert not re.search(r"\bn (of )?59[1-9]\b", text), form


def test_people_who_break_a_rule_are_not_counted(report, forms):
    findings = [finding for finding in report.to_dict()["findings"] if finding["code"] == "DQ100"]
    assert {finding["status"] for finding in findings} == {"passed", "failed"}
    for finding in findings:
        assert "fewer than 10 of 600 values" in finding["message"]
        evidence = finding["evidence"]
        assert (evidence["value"], evidence["interval"], evidence["rows"]) == (None, None, None)
        assert evidence["n"] == ROWS
    for form, text in forms.items():
        assert f"{DIVERSE} of {ROWS}" not in text, form
        assert "1.00%" not in text, form
    # The ledger stays with the data.
    assert (report.ledger["check"] == "DQ100").sum() == 2 * DIVERSE


def test_the_frames_stay_complete(report):
    assert report.fairness.query("feature == 'sex' and metric == 'accuracy'")["n"].tolist() == [FEW, ROWS - FEW]


@pytest.mark.parametrize(
    ("count", "totals", "tells"),
    [(595, [600], True), (600, [600], False), (590, [600], False), (591, [600, 595], True), (595, [600, 595], False),
     (None, [600], False), ("<10", [600], False), (True, [5], False), (595, [], False)],
)  # fmt: skip
def test_what_a_count_tells_of_a_total(count, totals, tells):
    assert leaves_few(count, totals) is tells


def test_a_group_beside_others_that_are_not_few_stays():
    table = {"columns": ["feature", "group", "metric", "value", "low", "high", "n"], "rows": []}
    table["rows"] = [["sex", group, "AUC", 0.5, 0.4, 0.6, n] for group, n in (("M", 590), ("F", SMALLEST_CELL))]
    assert hide_small_rows(table, [600]) == table
    rate_rows = {("sex", group, "AUC"): n for group, n in (("M", 590), ("F", SMALLEST_CELL))}
    nothing = {"columns": ["feature", "group", "metric", "y_true", "y_pred", "n"], "rows": []}
    shown = hide_small_fairness({"by_group": table, "disparities": nothing, "counts": nothing}, rate_rows, 1.0)
    assert shown["by_group"] == table
