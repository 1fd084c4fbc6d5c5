"""Tables that a search of relations meets and must survive."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.dataset import Roles
from assay.validation.relations import propose_relations, unsearched_relations
from assay.validation.relations.searching import find_relations
from assay.validation.relations.table import Table


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame({"a": [], "b": []}),
        pd.DataFrame({"a": [1], "b": [2.0]}),
        pd.DataFrame({"a": range(30), "b": range(30)}),
        pd.DataFrame({"a": [np.nan] * 200, "b": pd.Series([None] * 200, dtype="str"), "c": range(200)}),
        pd.DataFrame({"a": [7] * 200, "b": ["x"] * 200, "c": [True] * 200}),
        pd.DataFrame({"a": [np.inf, -np.inf] * 100, "b": [np.inf, 1.0] * 100}),
        pd.DataFrame(
            {
                "a": np.random.default_rng(0).choice([1.7e308, -1.7e308], 200),
                "b": np.random.default_rng(1).choice([1.7e308, 1.0], 200),
                "c": np.random.default_rng(2).choice([5e-324, 1e-310], 200),
            }
        ),
        pd.DataFrame({"t": pd.to_datetime([None] * 199 + ["2020-01-01"])}),
    ],
    ids=["nothing", "no rows", "one row", "few rows", "all missing", "one value", "infinite", "huge", "no days"],
)
def test_nothing_to_find_is_no_error(frame):
    assert propose_relations(frame, Roles("", ()), fresh=100, alpha=0.01) == []


def test_names_and_values_in_any_script(rules_of):
    rng = np.random.default_rng(0)
    code = rng.integers(0, 9, 500)
    names = np.array(["Köln", "北京", "São Paulo", "<b>", "a,b", "'", "😀", "", "ß"])
    frame = pd.DataFrame({"Straße {x}": code, "'; drop --": names[code], "%s $": rng.normal(size=500)})
    found = rules_of(frame)
    assert ("->", "Straße {x}", "'; drop --") in found
    assert all("😀" not in rule.reason for rule in found.values())


def test_booleans_take_part_in_dependencies_and_not_in_sums(rules_of):
    rng = np.random.default_rng(0)
    shop = rng.integers(0, 40, 1_000)
    frame = pd.DataFrame({"shop": shop, "open": rng.random(40)[shop] < 0.5, "x": rng.normal(size=1_000)})
    assert set(rules_of(frame)) == {("->", "shop", "open")}


def test_the_frame_is_not_changed_and_its_order_does_not_matter(rules_of):
    rng = np.random.default_rng(0)
    shop = rng.integers(0, 40, 1_000)
    frame = pd.DataFrame({"shop": shop, "city": rng.integers(0, 9, 40)[shop]}).sort_values("shop", ignore_index=True)
    before = frame.copy()
    found = rules_of(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert set(found) == set(rules_of(frame.sample(frac=1, random_state=1).reset_index(drop=True)))


def test_a_very_wide_table_is_searched_in_part_and_says_so():
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.integers(0, 30, (60, 200)), columns=[f"c{i}" for i in range(200)])
    wide["c1"] = wide["c0"] * 2
    rules = propose_relations(wide, Roles("", ()), fresh=60, alpha=0.01)
    assert [rule.kwargs["column_list"] for rule in rules] == [["c0", "c1"]]
    said = unsearched_relations(wide, Roles("", ()))
    assert said
    assert all("first" in sentence and "200" in sentence for sentence in said)
    assert unsearched_relations(wide[["c0", "c1"]], Roles("", ())) == ()


@pytest.mark.filterwarnings("error")
def test_numbers_at_the_ends_of_what_a_double_holds(rules_of):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "huge": rng.uniform(-1, 1, 300) * 1.7e308,
            "large": rng.normal(size=300) * 1e74,
            "small": rng.normal(size=300) * 1e-160,
            "tiny": rng.normal(size=300) * 1e-155,
        }
    )
    frame["twice"] = 2 * frame["large"]
    assert set(rules_of(frame)) == {("*", "large", "twice")}


def test_known_relations_are_asked_of_rows_that_cannot_show_them():
    rng = np.random.default_rng(0)
    shop = rng.integers(0, 60, 900)
    frame = pd.DataFrame({"shop": shop, "town": rng.integers(0, 30, 60)[shop], "a": rng.normal(size=900).round(2)})
    frame["twice"] = 2 * frame["a"]
    known = find_relations(Table(frame, Roles("", ())))
    assert known.sums
    assert known.dependencies
    once = frame.drop_duplicates("shop").reset_index(drop=True)
    for rows in (once, once.assign(town=np.nan), once.assign(a=np.nan)):
        rules = propose_relations(rows, Roles("", ()), fresh=900, alpha=0.01, known=known)
        assert not any("determine" in rule.kind for rule in rules)
