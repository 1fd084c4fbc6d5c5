"""Pictures: what they say, which groups they choose, and the series behind them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from assay.report.figures import LeftOut, plot_curves, plot_histogram, plot_rates
from assay.report.series import curves, histogram


def rates(*groups):
    columns = ["feature", "group", "metric", "value", "low", "high", "n"]
    return {"columns": columns, "rows": [["sex", name, "selection rate", *rest] for name, *rest in groups]}


def labels(svg: str) -> list[str]:
    return [text for text in re.findall(r">([^<>\n]+)</text>", svg) if not re.match(r"n [\d,]+$|\d+%$", text)]


def test_groups_stand_from_high_to_low_and_the_unknown_last():
    (picture,) = plot_rates(rates(("b", 0.2, 0.1, 0.3, 50), ("c", None, None, None, 0), ("a", 0.7, 0.6, 0.8, 99)))[
        "sex"
    ]
    assert picture.sentence == "The selection rate ranges from 20.0% (b) to 70.0% (a).".replace(".0%", "%")
    assert labels(picture.svg) == ["a", "b", "c", "not estimable"]
    assert picture.rows == (("a", "70%", "60% to 80%", 99), ("b", "20%", "10% to 30%", 50), ("c", "—", "— to —", 0))


def test_of_many_groups_the_outermost_are_drawn_and_all_are_in_the_table():
    many = [(f"g{i:02}", i / 40, i / 50, i / 30, 10) for i in range(30)]
    (picture,) = plot_rates(rates(*many, ("u", None, None, None, 0)))["sex"]
    assert labels(picture.svg) == [f"g{i:02}" for i in (29, 28, 27, 26, 25, 24, 5, 4, 3, 2, 1, 0)]
    assert "The picture has the 12 outermost of 31 groups." in picture.sentence
    assert len(picture.rows) == 31


@pytest.mark.parametrize(
    ("groups", "sentence"),
    [
        ([("a", 0.5, 0.4, 0.6, 9)], "The selection rate is 50% in a, the only group with an estimate."),
        ([("a", None, None, None, 0)], "The selection rate could not be estimated for any group."),
    ],
)
def test_one_group_or_none(groups, sentence):
    assert plot_rates(rates(*groups))["sex"][0].sentence == sentence


def test_metrics_of_each_class_and_others_metrics_are_told_apart():
    table = rates(("a", 0.5, 0.4, 0.6, 9))
    table["rows"] += [["sex", "a", m, 0.5, 0.4, 0.6, 9] for m in ("selection rate [cat]", "accuracy", "precision")]
    assert [picture.title for picture in plot_rates(table)["sex"]] == ["Selection rate", "Selection rate [cat]"]


def test_no_groups_no_pictures():
    assert plot_rates(rates()) == {}


def test_histogram_counts_by_hand():
    quality = np.array([0.0, 0.01, 0.5, 1.0, np.nan])
    found = histogram(quality, np.array([True, False, False, False, True]))
    assert found["judged"].tolist() == [2] + [0] * 9 + [1] + [0] * 8 + [1]
    assert found["suspects"].sum() == 1
    assert found["edges"][:3] == [0.0, 0.05, 0.1]
    assert histogram(np.full(3, np.nan), np.zeros(3, dtype=bool)) is None


@pytest.mark.parametrize(("suspects", "panels"), [(0, ["all judged rows"]), (1, ["all judged rows", "suspect rows"])])
def test_suspects_are_drawn_where_there_are_any(suspects, panels):
    edges = [place / 20 for place in range(21)]
    picture = plot_histogram({"edges": edges, "judged": [4] * 20, "suspects": [suspects] * 20})
    assert [text for text in labels(picture.svg) if text.endswith("rows")] == panels
    assert picture.sentence.startswith(f"{20 * suspects} rows of 80 judged are suspect")


def test_a_caption_counts_the_groups_that_were_left_out():
    table = rates(("a", 0.5, 0.4, 0.6, 99), ("b", None, None, None, "<10"))
    (picture,) = plot_rates(table, {"sex": LeftOut(3, 50)})["sex"]
    assert picture.sentence.endswith(" Left out: 3 groups with fewer than 50 rows.")
    assert labels(picture.svg) == ["a", "b", "too few cases", "n &lt;10"]


def test_curves_leave_out_what_was_not_measured():
    train = np.array([[0.5, np.nan, 0.3], [0.7, np.nan, np.inf]])
    test = np.array([[0.6, 0.5, 0.4], [0.8, 0.5, 0.6]])
    found = curves(train, test)
    assert found["epochs"].tolist() == [1, 3]
    np.testing.assert_allclose(found["train"]["mean"], [0.6, 0.3])
    np.testing.assert_allclose(found["test"]["high"], [0.8, 0.6])
    assert curves(np.full((2, 3), np.nan), test) is None


def test_one_epoch_and_a_constant_loss_can_be_drawn():
    flat = {"mean": [0.5], "low": [0.5], "high": [0.5]}
    assert "0.000 more" in plot_curves({"epochs": [1], "train": flat, "test": flat}).sentence
