"""The figures of Local Law 144 against figures worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from document_trees import make_tree
from hypothesis import given
from hypothesis import strategies as st

from assay.documents import build_documents, local_law_144
from assay.documents.impact import COLUMNS, mover_ratio
from assay.fairness import rates
from assay.intervals import wilson

NAME = "nyc-local-law-144"
# The example of 6 RCNY § 5-301(b): applicants and selected.
SEX = {"Male": (1390, 667), "Female": (1181, 555)}
RACE = {
    "Hispanic or Latino": (408, 204),
    "White": (797, 412),
    "Black or African American": (390, 170),
    "Native Hawaiian or Pacific Islander": (119, 52),
    "Asian": (616, 302),
    "Native American or Alaska Native": (41, 18),
    "Two or More Races": (213, 96),
}
ALL = {"sex": "sex", "race": "race", "decision": "label"}


def section(document: dict[str, Any], title: str) -> dict[str, Any]:
    return next(one for one in document["sections"] if one["title"] == title)


def rows(document: dict[str, Any], title: str, table: int = 0) -> dict[str, dict[str, Any]]:
    shown = section(document, title)["tables"][table]
    return {row[0]: dict(zip(shown["columns"], row, strict=True)) for row in shown["rows"]}


def texts(entries: list[dict[str, Any]]) -> str:
    return " ".join(entry["text"] for entry in entries)


def test_the_metrics_are_those_of_the_stage():
    assert (local_law_144.LABELLED, local_law_144.PREDICTED) == (rates.BASE_RATE, rates.SELECTION_RATE)


def test_the_example_of_the_rule(build: Callable[..., dict[str, Any]]):
    document = build(NAME, {"sex": SEX, "race": RACE}, **ALL)
    sex, race = rows(document, "Sex categories"), rows(document, "Race/ethnicity categories")
    assert [round(row["selection rate"], 2) for row in sex.values()] == [0.48, 0.47]
    assert [round(row["impact ratio"], 3) for row in sex.values()] == [1.0, 0.979]
    assert [row["applicants"] for row in race.values()] == [n for n, _ in RACE.values()]
    assert [round(row["impact ratio"], 2) for row in race.values()] == [0.97, 1.0, 0.84, 0.85, 0.95, 0.85, 0.87]
    # 41 of 2,584 are 1.6%.
    assert [name for name, row in race.items() if row["under 2% of the data"]] == ["Native American or Alaska Native"]
    assert race["Native American or Alaska Native"]["ratio without these"] is None
    excluded = section(document, "Categories under 2% of the data")
    assert "Native American or Alaska Native (41)" in " ".join(excluded["statements"])
    assert "excludes, and why" in texts(excluded["open"])


def test_the_reference_is_the_most_selected_and_not_the_largest(build):
    document = build(NAME, {"sex": {"large": (900, 90), "small": (100, 50)}, "race": RACE}, **ALL)
    sex = rows(document, "Sex categories")
    assert sex["small"]["impact ratio"] == 1
    assert sex["small"]["impact ratio low"] is None
    assert sex["large"]["impact ratio"] == pytest.approx(0.2)
    assert sex["large"]["impact ratio low"] < 0.2 < sex["large"]["impact ratio high"]


def test_without_the_categories_under_two_percent_another_is_most_selected(build):
    document = build(NAME, {"sex": SEX, "race": {"a": (1000, 500), "b": (989, 400), "c": (11, 11)}}, **ALL)
    race = rows(document, "Race/ethnicity categories")
    assert (race["c"]["impact ratio"], race["c"]["under 2% of the data"]) == (1, True)
    assert race["a"]["impact ratio"] == pytest.approx(0.5)
    assert race["a"]["ratio without these"] == 1
    assert race["b"]["ratio without these"] == pytest.approx((400 / 989) / 0.5)


def test_exactly_two_percent_is_not_below(build):
    race = rows(build(NAME, {"race": {"a": (980, 400), "b": (20, 8)}}, race="race"), "Race/ethnicity categories")
    assert race["b"]["under 2% of the data"] is False


def test_unknown_categories_are_counted_and_left_out(build):
    sex = {"F": (100, 30), "M": (100, 60), "(missing)": (50, 50)}
    race = {"A": (120, 40), "B": (130, 100)}
    pairs = {
        ("F", "A"): (40, 10), ("F", "B"): (60, 20), ("M", "A"): (50, 20), ("M", "B"): (50, 40),
        ("(missing)", "A"): (30, 30), ("(missing)", "B"): (20, 20),
    }  # fmt: skip
    document = build(NAME, {"sex": sex, "race": race}, pairs=pairs, **ALL)
    assert list(rows(document, "Sex categories")) == ["F", "M"]
    assert rows(document, "Sex categories")["F"]["impact ratio"] == pytest.approx(0.5)
    both = rows(document, "Intersections")
    assert list(both) == ["F x A", "F x B", "M x A", "M x B"]
    assert both["F x A"]["impact ratio"] == pytest.approx(0.25 / 0.8)
    told = section(document, "Unknown categories")["statements"]
    assert told[:3] == [
        "sex: 50 applicants of an unknown category.",
        "race: 0 applicants of an unknown category.",
        "sex and race: 50 applicants of an unknown category.",
    ]


def test_small_categories_are_not_told(build):
    document = build(NAME, {"sex": {"F": (50, 20), "M": (60, 30), "X": (9, 9), "(missing)": (3, 1)}}, sex="sex")
    sex = rows(document, "Sex categories")
    assert sex["X"] == dict.fromkeys(COLUMNS) | {"category": "X", "applicants": "<10"}
    # It may be the most selected category, with 0 to 9 of some 115 applicants.
    assert "may be the most selected" in texts(section(document, "Sex categories")["open"])
    assert section(document, "Sex categories")["standing"] == "partly"
    assert "sex: <10 applicants" in " ".join(section(document, "Unknown categories")["statements"])
    assert "Whether X (sex) holds less than 2%" in texts(section(document, "Categories under 2% of the data")["open"])


def test_a_hidden_category_that_is_surely_small_is_marked(build):
    document = build(NAME, {"sex": {"F": (500, 200), "M": (600, 300), "X": (9, 9)}}, sex="sex", decision="label")
    assert rows(document, "Sex categories")["X"]["under 2% of the data"] is True
    assert section(document, "Sex categories")["standing"] == "filled"


@pytest.mark.parametrize("decision", [None, "label", "prediction"])
def test_what_the_tool_decided_stands_alone_where_it_is_said(build, decision):
    document = build(NAME, {"sex": SEX}, sex="sex", decision=decision)
    titles = [table["title"] for table in section(document, "Sex categories")["tables"]]
    assert [title.split(":")[0].split(" of ")[0] for title in titles] == {
        None: ["By the label", "By the predictions"],
        "label": ["By the label"],
        "prediction": ["By the predictions"],
    }[decision]
    asked = [entry["key"] for entry in section(document, "Sex categories")["open"]]
    assert ("documents.decision" in asked) is (decision is None)


def test_nothing_is_guessed_from_the_names_of_columns(build):
    document = build(NAME, {"sex": SEX, "race": RACE})
    for title in ("Sex categories", "Race/ethnicity categories", "Intersections"):
        assert section(document, title)["tables"] == []
        assert section(document, title)["standing"] == "open"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"classes": (), "positive": None}, "is a number"),
        ({"classes": ("a", "b", "c"), "positive": None}, "no favourable one"),
    ],
)
def test_a_label_by_which_nobody_is_selected(build, settings, said):
    document = build(NAME, {"sex": SEX}, sex="sex", **settings)
    sex = section(document, "Sex categories")
    assert (sex["standing"], sex["tables"]) == ("open", [])
    assert said in texts(sex["open"])
    assert said in texts(section(document, "Unknown categories")["open"])


def test_a_favourable_label_that_was_assumed_and_weights_are_open(build):
    document = build(NAME, {"sex": SEX}, sex="sex", stated=False, weight="w", decision="label")
    asked = texts(section(document, "Sex categories")["open"])
    assert "Whether yes is the favourable label" in asked
    assert "weighted by w" in asked


def test_nobody_selected_gives_no_ratio(build):
    sex = rows(build(NAME, {"sex": {"F": (50, 0), "M": (60, 0)}}, sex="sex"), "Sex categories")
    assert all(row["impact ratio"] is None and row["selection rate"] == 0 for row in sex.values())


def test_a_rate_of_zero_has_a_ratio_and_an_upper_end(build):
    row = rows(build(NAME, {"sex": {"F": (50, 0), "M": (60, 30)}}, sex="sex"), "Sex categories")["F"]
    assert (row["impact ratio"], row["impact ratio low"]) == (0, 0)
    assert 0 < row["impact ratio high"] < 0.3


def test_names_of_pairs_that_read_alike_are_told_apart(build):
    pairs = {("a", "b x c"): (50, 20), ("a x b", "c"): (50, 30)}
    sex, race = {"a": (50, 20), "a x b": (50, 30)}, {"b x c": (50, 20), "c": (50, 30)}
    both = rows(build(NAME, {"sex": sex, "race": race}, pairs=pairs, **ALL), "Intersections")
    assert list(both) == ['"a" x "b x c"', '"a x b" x "c"']


def test_facts_given_later_that_name_other_features_take_no_pairs_of_these():
    tree = make_tree({"sex": SEX, "race": RACE}, pairs={("Male", "White"): (50, 20)}, sex="sex", race="race")
    assert build_documents(tree)[NAME]["sections"][2]["tables"]
    swapped = build_documents(tree, facts={"sex": "race", "race": "sex"})[NAME]
    assert section(swapped, "Intersections")["tables"] == []
    assert list(rows(swapped, "Sex categories")) == list(RACE)


@given(
    n=st.tuples(st.integers(10, 5000), st.integers(10, 5000)), share=st.tuples(st.floats(0, 1), st.floats(0.001, 1))
)
def test_the_interval_holds_the_ratio_and_turns_around(n, share):
    ends = []
    for size, part in zip(n, share, strict=True):
        selected = max(1, round(part * size))
        interval = wilson(selected, size)
        ends.append((selected / size, interval.low, interval.high))
    low, high = mover_ratio(*ends)
    assert 0 <= low <= ends[0][0] / ends[1][0] <= high * (1 + 1e-9)
    back = mover_ratio(*reversed(ends))
    assert back[0] == pytest.approx(1 / high, rel=1e-6)
    assert back[1] == pytest.approx(1 / low, rel=1e-6)


def test_the_interval_covers_the_truth():
    rng = np.random.default_rng(0)
    p, q, n, m = 0.3, 0.5, 120, 200
    hits = 0
    for x, y in zip(rng.binomial(n, p, 2000), rng.binomial(m, q, 2000), strict=True):
        a, b = wilson(int(x), n), wilson(int(y), m)
        low, high = mover_ratio((x / n, a.low, a.high), (y / m, b.low, b.high))
        hits += low <= p / q <= high
    assert 0.935 < hits / 2000 < 0.965


def test_an_interval_without_a_bound():
    low, high = mover_ratio((0.5, 0.4, 0.6), (0.01, 0.0, 0.9))
    assert math.isfinite(low)
    assert high is None


def test_one_group_has_no_rates_and_is_open(build):
    tree = make_tree({"age": {"old": (50, 20), "young": (50, 20)}}, **ALL)
    document = build(NAME, tree=tree)
    standings = {one["title"]: one["standing"] for one in document["sections"]}
    assert {standings[title] for title in ("Sex categories", "Intersections", "Unknown categories")} == {"open"}
