"""MH040: robust accuracy by hand-made models for which it is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from robustness_fakes import answer, context_of

from assay.findings import Status
from assay.intervals import wilson


@pytest.fixture
def ask(make_dataset, make_out_of_sample):
    def of(frame, rules, **settings):
        return answer(context_of(make_dataset, make_out_of_sample, frame, rules, **settings))

    return of


@pytest.fixture
def build(make_dataset, make_out_of_sample):
    return lambda frame, rules, **settings: context_of(make_dataset, make_out_of_sample, frame, rules, **settings)


def overall(table, kind="the network"):
    rows = table[(table["by"] == "overall") & (table["kind"] == kind)]
    assert rows["edits"].tolist() == [0, 1, 2, 3]
    return rows.set_index("edits")


def threshold(edited):
    return np.where(edited["x"] >= 150, 0.9, 0.1)


def test_one_threshold_turns_a_step_on_either_side(ask):
    # Of 300 ordered rows, a step past a tenth turns the 30 below the threshold and the 30 above it.
    finding, table, columns = ask(pd.DataFrame({"x": np.arange(300.0), "z": np.arange(300.0) % 7}), threshold)
    assert overall(table)["accuracy"].tolist() == pytest.approx([1, 0.8, 0.8, 0.8])
    assert columns.set_index("column")["share"].to_dict() == pytest.approx({"x": 0.2, "z": 0})
    assert finding.status is Status.PASSED
    interval = wilson(60, 300)
    assert (finding.evidence.interval.low, finding.evidence.interval.high) == (interval.low, interval.high)
    assert finding.evidence.value == pytest.approx(0.2)
    assert finding.subject.columns == ()


@pytest.mark.parametrize(("direction", "turned"), [("up", 0.1), ("down", 0.1), ("any", 0.2)])
def test_a_stated_direction_is_kept(ask, direction, turned):
    _, table, _ = ask(pd.DataFrame({"x": np.arange(300.0)}), threshold, health={"x": {"direction": direction}})
    assert overall(table)["accuracy"][1] == pytest.approx(1 - turned)


def test_rows_that_are_wrong_as_they_are_count_as_wrong(ask):
    labels = (np.arange(300) >= 150).astype(int)
    labels[:30] = 1
    _, table, columns = ask(pd.DataFrame({"x": np.arange(300.0)}), threshold, labels=labels)
    assert overall(table)["accuracy"].tolist() == pytest.approx([0.9, 0.7, 0.7, 0.7])
    assert columns["n"].tolist() == [270]
    assert columns["share"].tolist() == pytest.approx([60 / 270])


def test_a_majority_of_three_takes_two_edits(ask):
    side = np.repeat(["u", "v"], 100)
    frame = pd.DataFrame(dict.fromkeys("abc", side))
    finding, table, columns = ask(frame, lambda edited: (edited == "v").sum(axis=1) / 3)
    assert overall(table)["accuracy"].tolist() == [1, 1, 0, 0]
    assert columns["share"].tolist() == [0, 0, 0]
    assert finding.status is Status.PASSED
    assert finding.message.startswith("Changing one column feasibly turns 0.0% of 200 right predictions of ")
    assert "Two columns turn 100%, three 100%: it passes on single changes only." in finding.message
    assert len(finding.message.split()) <= 60
    assert [row[1:3] for row in finding.evidence.table.rows] == [(1, 0.0), (2, 1.0), (3, 1.0)]


def test_the_greedy_search_beats_chance_where_the_way_is_told_by_the_probabilities(ask):
    frame = pd.DataFrame({f"c{i:02d}": np.repeat(["u", "v"], 150) for i in range(12)})
    key = ["c03", "c07", "c10"]

    def rule(edited):
        return 0.05 + 0.3 * (edited[key] == "v").sum(axis=1)

    # "no" has all three at "u" (.05) and needs two for .65; "yes" is at .95 and needs two for .35.
    finding, table, _ = ask(frame, rule)
    accuracy = overall(table)
    assert accuracy["accuracy"].tolist() == [1, 1, 0, 0]
    assert accuracy["random"][2] > 0.5
    assert "does not beat chance" not in finding.message


def test_an_attack_that_does_not_beat_chance_says_so(ask):
    frame = pd.DataFrame({name: np.repeat(["u", "v"], 100) for name in "abc"})
    finding, _, _ = ask(frame, lambda edited: (edited == "v").sum(axis=1) / 3)
    assert "does not beat chance" in finding.message


def test_back_and_forth_along_a_number_fails(ask):
    frame = pd.DataFrame({"x": np.arange(400.0), "z": np.arange(400.0) % 11})
    finding, table, _ = ask(frame, lambda edited: np.where((edited["x"] // 25) % 2 == 1, 0.95, 0.05))
    assert overall(table)["accuracy"][1] < 0.1
    assert finding.status is Status.FAILED
    assert "'x'" in finding.message
    assert "health.feasible" in finding.remedy


def test_a_category_alone_is_no_small_step_until_it_is_stated(ask):
    frame = pd.DataFrame({"c": np.tile(["u", "v"], 150), "z": np.arange(300.0)})

    def rule(edited):
        return np.where(edited["c"] == "v", 0.9, 0.1)

    finding, table, _ = ask(frame, rule)
    assert finding.status is Status.INCONCLUSIVE
    assert "health.feasible" in finding.remedy
    assert overall(table)["accuracy"][1] == 0
    stated, _, _ = ask(frame, rule, health={"c": {"mutable": True}})
    assert stated.status is Status.FAILED
    fixed, _, _ = ask(frame, rule, health={"c": {"mutable": False}})
    assert fixed.status is Status.PASSED
    assert fixed.evidence.value == 0


def test_an_edit_that_another_kind_of_model_does_not_follow_is_told(ask):
    frame = pd.DataFrame({"x": np.arange(300.0), "z": np.tile([0.0, 1.0], 150)})

    def other(edited):
        return np.where(edited["x"] >= 150, 0.7, 0.3)

    def jumpy(edited):
        return np.where((edited["x"] >= 150) ^ (edited["z"] == 5), 0.9, 0.1)

    finding, table, _ = ask(frame, {"the network": jumpy, "trees": other})
    assert "follows 100% of 60 such edits: the label itself" in finding.message
    assert set(table["kind"]) == {"the network", "trees"}
    stubborn, _, _ = ask(frame, {"the network": jumpy, "trees": lambda edited: np.where(edited["z"].isna(), 1, 0.4)})
    assert "more of this model than of the label" in stubborn.message


def test_the_table_is_by_class_and_group_and_its_rows_add_up(ask):
    frame = pd.DataFrame({"x": np.arange(300.0), "g": np.where(np.arange(300) % 3 == 0, "a", "b")})
    finding, table, _ = ask(frame, threshold, sensitive=[{"column": "g"}])
    assert set(zip(table["by"], table["name"], strict=True)) == {
        *{("overall", ""), ("class", "no"), ("class", "yes"), ("g", "a"), ("g", "b")}
    }
    assert table.groupby(["by", "edits"])["n"].sum().unique().tolist() == [300]
    by_class = table[(table["by"] == "class") & (table["edits"] == 1)]
    assert by_class["accuracy"].tolist() == pytest.approx([0.8, 0.8])
    # Wilson, joint over two classes and four numbers of edits.
    interval = wilson(120, 150, 1 - 0.05 / 8)
    assert by_class[["low", "high"]].to_numpy().tolist() == [pytest.approx([interval.low, interval.high])] * 2
    assert "g = " not in finding.message


def test_a_group_near_the_threshold_is_told(ask):
    near = (np.arange(300) >= 120) & (np.arange(300) < 180)
    frame = pd.DataFrame({"x": np.arange(300.0), "g": np.where(near, "near", "far")})
    finding, _, _ = ask(frame, threshold, sensitive=[{"column": "g"}])
    assert "For g = near one column turns 100%, for all others 0%." in finding.message


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ({"a": 295, "b": 5}, set()),  # all less "a" would be "b"
        ({"a": 200, "b": 80, "c": 20}, {"a", "b", "c"}),
        ({"a": 200, "b": 84, "c": 9, "d": 7}, {"a", "b"}),
        ({"a": 200, "b": 95, "c": 5}, {"a"}),
    ],
)
def test_small_groups_are_not_told_nor_what_is_left_of_all(ask, sizes, told):
    frame = pd.DataFrame({"x": np.arange(300.0), "g": np.repeat(list(sizes), list(sizes.values()))})
    finding, table, _ = ask(frame, threshold, sensitive=[{"column": "g"}])
    assert set(table.loc[table["by"] == "g", "name"]) == told
    assert not [name for name in set(sizes) - told if f"g = {name}" in finding.message]


def test_luck_is_no_accuracy(ask):
    labels = np.random.default_rng(0).integers(0, 2, 300)
    finding, _, _ = ask(pd.DataFrame({"x": np.arange(300.0)}), threshold, labels=labels)
    assert finding.status is Status.INCONCLUSIVE
    assert "MH001" in finding.message


def test_one_class_for_everybody_is_inconclusive(ask):
    labels = (np.arange(300) >= 270).astype(int)
    finding, _, _ = ask(pd.DataFrame({"x": np.arange(300.0)}), lambda edited: edited["x"] / 1000, labels=labels)
    assert finding.status is Status.INCONCLUSIVE
    assert "one class" in finding.message


def test_the_same_seed_gives_the_same_tables(build):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(600, 4)), columns=list("abcd"))
    contexts = [build(frame, lambda edited: (edited.sum(axis=1) > 0) * 0.8 + 0.1, seed=seed) for seed in (3, 3, 4)]
    one, two, other = (answer(context)[1] for context in contexts)
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(other)


def test_the_columns_that_matter_are_found_in_a_wide_table_at_a_bounded_price(build):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(500, 150)), columns=[f"c{i}" for i in range(150)])
    stated = {"c149": {"direction": "up"}}
    context = build(frame, lambda edited: 1 / (1 + np.exp(-4 * (edited["c71"] + edited["c140"]))), health=stated)
    finding, _, columns = answer(context)
    shares = columns.set_index("column")["share"].dropna().sort_values()
    assert set(shares.index[-2:]) == {"c71", "c140"}
    assert (shares.iloc[:-2] == 0).all()
    assert columns["tried"].sum() == 32
    assert "c149" in shares.index
    assert "Of 150 columns, the 32" in finding.message
    assert context.predictions.models.questions < 170_000
