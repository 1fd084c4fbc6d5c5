"""A group of three people: no form of the report of a real audit tells its count, or a rate of it, in words either."""

from __future__ import annotations

import json
import re
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import assay

ROWS = 600
# The count, the rate of a group of which all are alike (no p-value, no points), and its share of the rows: 3 of 603.
TELLING = re.compile(
    r"(?<![\w.,<%-])(3(?![\w.,%-])|(?<!p = )1\.0+(?![\w%]| points)|0\.5%|0\.00497|0\.005\b)|Nano.{0,40}100\.0%|100\.0% for city = Nano"
)


def frame_of(kind: str) -> pd.DataFrame:
    """Four cities, one of 3 rows whose labels are all wrong."""
    rng = np.random.default_rng(0)
    n = ROWS + 3
    frame = pd.DataFrame({f"x{i}": rng.normal(size=n).round(3) for i in range(3)})
    city = np.array([*rng.choice(["Ada", "Bor", "Cor"], ROWS), *["Nano"] * 3])
    signal = frame["x0"] * 4 + frame["x1"]
    label = (50 + 10 * signal + rng.normal(size=n) * 2).round(1) if kind == "number" else signal > 0
    if kind == "number":
        label[city == "Nano"] += 900
    else:
        label = np.where(label ^ (city == "Nano"), "yes", "no")
    order = rng.permutation(n)
    return frame.assign(city=city, y=label).iloc[order].reset_index(drop=True)


@pytest.fixture(scope="module", params=["classes", "number"])
def report(request):
    learning = {"repeats": 1, "epochs": 6, "other_models": False}
    positive = {"positive": "yes"} if request.param == "classes" else {}
    return assay.audit(frame_of(request.param), label="y", sensitive=["city"], learning=learning, **positive)


def texts_of(node) -> list[str]:
    """Every text of a tree of JSON, and every row of a table as one text."""
    if isinstance(node, str):
        return [node]
    if isinstance(node, dict):
        return [text for key, value in node.items() for text in ([f"{key}: {value}"] if is_leaf(value) else [])] + [
            text for value in node.values() if not is_leaf(value) for text in texts_of(value)
        ]
    if isinstance(node, list) and node and all(map(is_leaf, node)):
        return [" | ".join(map(str, node))]
    return [text for item in node for text in texts_of(item)] if isinstance(node, list) else []


def is_leaf(value) -> bool:
    return not isinstance(value, dict | list)


def pieces(report) -> dict[str, list[str]]:
    terminal = StringIO()
    Console(file=terminal, width=10_000).print(report)
    markup = re.split(r"</(?:tr|li|p|dd|td|text|figcaption|summary|h\d)>", report.to_html())
    return {
        "json": texts_of(json.loads(report.to_json())),
        "markdown": report.to_markdown().splitlines(),
        "junit": report.to_junit().splitlines(),
        "terminal": terminal.getvalue().splitlines(),
        "html": [re.sub(r"<[^>]*>", " ", piece) for piece in markup],
    }


def test_a_group_of_three_is_told_by_no_figure(report):
    for form, found in pieces(report).items():
        about = [piece for piece in found if "Nano" in piece]
        assert about or form == "terminal", form
        assert [piece for piece in about if TELLING.search(piece)] == [], form


def test_it_is_named_all_the_same(report):
    """What is said of it: that it is too small, and where its labels stand out that they do."""
    of_group = [finding for finding in report.findings if "Nano" in finding.message]
    assert {"FB001", "FB013", "LN003"} <= {finding.code for finding in of_group}
    assert any("fewer than 10" in finding.message for finding in of_group)


def test_the_frames_stay_complete(report):
    assert (report.fairness.query("group == 'Nano'")["n"] <= 3).all()
    assert len(report.fairness.query("group == 'Nano'"))
