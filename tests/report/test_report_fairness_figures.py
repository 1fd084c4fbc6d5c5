"""Pictures of calibration, of the price of a tolerance, and of what wrong labels may explain."""

from __future__ import annotations

import re

import pytest

from assay.report.fairness_figures import plot_frontier, plot_label_effect, plot_reliability

RELIABILITY = ("feature", "group", "predicted", "observed", "low", "high", "n")
FRONTIER = (
    *("feature", "criterion", "method", "setting", "accuracy", "accuracy_low", "accuracy_high"),
    *("disparity", "low", "high", "n", "status"),
)
EFFECT = ("feature", "metric", "view", "value", "low", "high", "n")


def table(columns, *rows):
    return {"columns": list(columns), "rows": [list(row) for row in rows]}


def texts(svg: str) -> list[str]:
    return re.findall(r">([^<>\n]+)</text>", svg)


def test_points_off_the_diagonal_are_counted_and_hidden_ones_left_out():
    rows = [
        ("sex", "f", 0.2, 0.4, 0.3, 0.5, 50),
        ("sex", "f", 0.8, 0.8, 0.7, 0.9, 50),
        ("sex", "m", *[None] * 4, "<10"),
    ]
    (picture,) = plot_reliability(table(RELIABILITY, *rows))
    assert "In 1 of 2 points the interval does not contain the score." in picture.sentence
    assert picture.rows[0] == ("f", "20%", "40%", "30% to 50%", 50)
    assert "f" in texts(picture.svg)
    assert "m" not in texts(picture.svg)


def test_of_many_groups_the_largest_four_are_drawn():
    rows = [("g", f"group {i}", 0.5, 0.5, 0.4, 0.6, 10 + i) for i in range(9)]
    (picture,) = plot_reliability(table(RELIABILITY, *rows))
    assert [text for text in texts(picture.svg) if text.startswith("group")] == [f"group {i}" for i in (8, 7, 6, 5)]
    assert "The picture has the 4 largest of 9 groups." in picture.sentence
    assert len(picture.rows) == 9


def frontier_row(method, accuracy, disparity, status, criterion="equalized odds"):
    return (
        "sex",
        criterion,
        method,
        0.05,
        accuracy,
        accuracy - 0.01,
        accuracy + 0.01,
        disparity,
        0.0,
        0.2,
        99,
        status,
    )


def test_the_sentence_names_the_most_accurate_of_what_meets_the_tolerance():
    rows = [
        frontier_row("none", 0.85, 0.14, "failed"),
        frontier_row("group thresholds", 0.84, 0.05, "passed"),
        frontier_row("threshold optimizer", 0.82, 0.01, "passed"),
        frontier_row("reweighing", 0.849, 0.09, "inconclusive"),
    ]
    (picture,) = plot_frontier(table(FRONTIER, *rows), 0.1)
    assert picture.sentence == (
        "As it is, the model is right in 85% at a difference of 14%. The most accurate of what meets the tolerance of "
        "10% (dashed) is group thresholds: right in 84% at 5%."
    )
    assert {"as it is", "group thresholds", "threshold optimizer", "reweighing"} <= set(texts(picture.svg))


def test_where_nothing_meets_the_tolerance_the_sentence_says_so():
    (picture,) = plot_frontier(table(FRONTIER, frontier_row("none", 0.85, 0.14, "failed")), 0.1)
    assert "Nothing that was tried is shown to meet the tolerance" in picture.sentence


def test_each_criterion_has_a_picture_and_figures_of_few_rows_none():
    rows = [
        frontier_row("none", 0.85, 0.14, "failed"),
        frontier_row("none", 0.85, 0.2, "failed", "demographic parity"),
        ("race", "equalized odds", "none", *[None] * 7, "<10", "inconclusive"),
    ]
    assert [p.title for p in plot_frontier(table(FRONTIER, *rows), 0.1)] == [
        "Equalized odds by sex",
        "Demographic parity by sex",
    ]


def test_a_view_without_a_value_is_said_to_be_unknown():
    rows = [
        ("sex", "base rate difference", "observed", 0.19, 0.17, 0.21, 100),
        ("sex", "base rate difference", "noise corrected", None, None, None, 100),
    ]
    picture = plot_label_effect(table(EFFECT, *rows))["sex"]
    assert "cannot be told" in texts(picture.svg)
    assert len(picture.rows) == 1


def test_without_any_value_there_is_no_picture():
    row = ("sex", "base rate difference", "observed", None, None, None, 0)
    assert plot_label_effect(table(EFFECT, row)) == {}
    assert plot_label_effect(table(())) == {}


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "$x_1$", "Straße 💥", "@@0@@", "a\u202eb"])
def test_names_of_the_data_reach_the_picture_as_escaped_text(name):
    (picture,) = plot_reliability(table(RELIABILITY, ("sex", name, 0.5, 0.5, 0.4, 0.6, 50)))
    assert "<script" not in picture.svg
    effect = plot_label_effect(table(EFFECT, (name, name, "observed", 0.1, 0.0, 0.2, 50)))
    assert all("<script" not in one.svg for one in effect.values())
    (frontier,) = plot_frontier(table(FRONTIER, (name, *frontier_row("none", 0.8, 0.1, "failed")[1:])), 0.1)
    assert "<script" not in frontier.svg


def test_a_picture_is_the_same_every_time():
    one = table(RELIABILITY, ("sex", "f", 0.5, 0.5, 0.4, 0.6, 50))
    assert plot_reliability(one) == plot_reliability(one)
