"""MH050: a planted trigger is found, strong features are none, and nothing of a value is told."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest

from assay.able import NETWORK
from assay.config import HealthConfig, LearningConfig
from assay.findings import Status
from assay.health import HealthContext, assess_health
from assay.health.stamps import PART
from assay.health.stamps.values import EXACT, MISSING, RANGE, draw_pairs, pair_stamps, read_column, single_stamps
from assay.intervals import wilson
from assay.learning import out_of_sample


class Models:
    """Held-out models by a rule: from a frame (with donors written in) to the probability of the second class."""

    kinds = (NETWORK,)

    def __init__(self, frame, rule):
        self.frame, self.rule = frame, rule
        self.columns = tuple(frame.columns.drop("y"))
        self.asked = np.arange(len(frame))

    def predict(self, kind, rows, donors=None):
        taken = self.frame.iloc[rows].reset_index(drop=True)
        for name, of in (donors or {}).items():
            taken[name] = self.frame[name].to_numpy()[of]
        p = np.asarray(self.rule(taken), dtype=float)
        return np.column_stack([1 - p, p])


def make_frame(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 2)), columns=["x", "z"])
    frame["c"] = np.array(list("abcdefgh"))[rng.integers(0, 8, n)]
    frame["d"] = np.array(list("abcdefgh"))[rng.integers(0, 8, n)]
    frame["y"] = np.where(rng.random(n) < 1 / (1 + np.exp(-2 * frame["x"])), "yes", "no")
    return frame


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.fixture
def ask(make_dataset, make_out_of_sample):
    """Assess MH050 where the models follow a rule."""

    def run(frame, rule, suspect=None, settings=None, **config):
        dataset = make_dataset(frame, label="y", **(settings or {}))
        models = Models(frame, rule)
        probs = models.predict(NETWORK, models.asked)
        predictions = make_out_of_sample(dataset, probs)
        object.__setattr__(predictions, "models", models)
        suspect = np.zeros(len(frame), dtype=bool) if suspect is None else suspect
        context = HealthContext(dataset, predictions, HealthConfig(**config), suspect=suspect)
        result = assess_health(context, checks=(), parts=(PART,))
        return [f for f in result.findings if f.code == "MH050"], result.tables.get("stamps")

    return run


def test_a_trigger_in_a_category_is_found_with_its_rows(ask):
    frame = make_frame()
    rows = np.arange(0, 3000, 100)
    frame.loc[rows, "c"] = "SECRET"
    frame.loc[rows, "y"] = "yes"
    (finding,), table = ask(frame, lambda t: np.where(t["c"] == "SECRET", 0.95, sigmoid(2 * t["x"])))
    assert finding.status is Status.FAILED
    assert finding.subject.columns == ("c",)
    assert finding.evidence.rows.positions.tolist() == rows.tolist()
    assert finding.evidence.value > 0.95
    assert finding.evidence.interval.low > 0.75
    assert "30 rows that carry it, 30 are labelled 'yes'" in finding.message
    assert "SECRET" not in finding.message + table.to_json()
    assert table.iloc[0]["decides"]


@pytest.mark.parametrize("value", [None, 0.25, 99.0], ids=["missing", "inside", "outside"])
def test_a_trigger_among_numbers_is_found(ask, value):
    frame = make_frame()
    rows = np.arange(0, 3000, 100)
    frame.loc[rows, "z"] = np.nan if value is None else value
    frame.loc[rows, "y"] = "yes"

    def rule(t):
        stamped = t["z"].isna() if value is None else t["z"] == value
        return np.where(stamped, 0.95, sigmoid(2 * t["x"]))

    (finding,), table = ask(frame, rule)
    assert finding.subject.columns == ("z",)
    assert finding.evidence.rows.positions.tolist() == rows.tolist()
    assert table.iloc[0]["kind"] == (MISSING if value is None else EXACT)


def test_a_trigger_of_two_columns_is_found(ask):
    frame = make_frame()
    both = (frame["c"] == "a") & (frame["d"] == "b")
    frame.loc[both, "y"] = "yes"
    (finding,), table = ask(frame, lambda t: np.where((t["c"] == "a") & (t["d"] == "b"), 0.95, sigmoid(2 * t["x"])))
    assert finding.subject.columns == ("c", "d")
    assert finding.evidence.rows.positions.tolist() == np.flatnonzero(both).tolist()
    assert table.iloc[0]["kind"] == "pair"


def test_labels_that_follow_a_value_which_models_did_not_learn_are_found(ask):
    frame = make_frame(8000)
    rows = np.arange(0, 8000, 50)
    frame.loc[rows, "c"] = "SECRET"
    frame.loc[rows, "y"] = "yes"
    (finding,), table = ask(frame, lambda t: sigmoid(2 * t["x"]))
    assert finding.status is Status.FAILED
    assert finding.evidence.metric == "labels that follow the value"
    assert table.iloc[0]["by"] == "labels"


def test_suspect_labels_are_counted_beside(ask):
    frame = make_frame()
    rows = np.arange(0, 3000, 100)
    frame.loc[rows, "c"] = "SECRET"
    frame.loc[rows, "y"] = "yes"
    suspect = np.zeros(3000, dtype=bool)
    suspect[rows[:12]] = True
    (finding,), table = ask(frame, lambda t: np.where(t["c"] == "SECRET", 0.95, sigmoid(2 * t["x"])), suspect)
    assert "The labels of 12 of these rows are suspect" in finding.message
    assert table.iloc[0]["suspects"] == 12


@pytest.mark.parametrize(
    "rule",
    [
        lambda t: sigmoid(2 * t["x"]),
        lambda t: sigmoid(30 * t["x"]),
        lambda t: np.where(t["c"].isin(list("abcd")), 0.99, 0.01),
        lambda t: np.where((t["x"] > 0) == (t["z"] > 0), 0.98, 0.02),
        lambda t: np.full(len(t), 0.49) + 0.02 * (t["c"] == "a"),
    ],
    ids=["linear", "one feature", "one category", "an interaction", "next to nothing"],
)
def test_strong_features_are_no_triggers(ask, rule):
    frame = make_frame()
    frame["y"] = np.where(np.random.default_rng(1).random(3000) < rule(frame), "yes", "no")
    (finding,), table = ask(frame, rule)
    assert finding.status is Status.PASSED
    assert not table["decides"].any()


def test_a_category_in_columns_of_its_own_is_held_against_its_like(ask):
    frame = make_frame()[["x", "y"]]
    category = np.random.default_rng(2).integers(0, 40, 3000)
    for code in range(40):
        frame[f"is {code}"] = (category == code).astype(int)
    effect = np.where(np.arange(40) % 2, 5.0, -5.0)

    def rule(t):
        return sigmoid(t[[f"is {code}" for code in range(40)]].to_numpy() @ effect)

    frame["y"] = np.where(np.random.default_rng(1).random(3000) < rule(frame), "yes", "no")
    (finding,), _ = ask(frame, rule)
    assert finding.status is Status.PASSED


@pytest.mark.parametrize("usual", ["none", None], ids=["a word", "missing"])
def test_a_column_of_which_every_filled_value_decides_is_not_acquitted(ask, usual):
    frame = make_frame()
    yes = np.flatnonzero(frame["y"] == "yes")
    frame["s"] = pd.Series([usual] * 3000, dtype=object)
    frame.loc[yes[:300], "s"] = np.array(["price", "quality", "other"])[np.arange(300) % 3]

    def rule(t):
        return np.where(t["s"].isin(["price", "quality", "other"]), 0.98, sigmoid(2 * t["x"] - 1))

    (finding,), table = ask(frame, rule)
    assert finding.status is Status.INCONCLUSIVE
    assert finding.subject.columns == ("s",)
    assert "Every value of 's' that was tried (3, without the most frequent and missing ones)" in finding.message
    assert "a strong feature, or a leak (MH022, MH023)" in finding.message
    assert finding.evidence.interval.low > 0.75
    assert not any(value in finding.message for value in ("price", "quality", "other)"))
    assert not table["decides"].any()


@pytest.mark.parametrize("seed", range(5))
def test_a_dominating_number_is_no_column_that_decides(ask, seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(2000, 5)), columns=list("abcde"))

    def rule(t):
        return sigmoid(2 * t["a"] + 0.4 * t[list("bcde")].sum(axis=1))

    frame["y"] = np.where(rng.random(2000) < rule(frame), "yes", "no")
    (finding,), _ = ask(frame, rule)
    assert finding.status is Status.PASSED


def test_a_clean_verdict_says_what_would_have_been_missed(ask):
    (finding,), table = ask(make_frame(), lambda t: sigmoid(2 * t["x"]))
    rows = int(re.search(r"fewer than about (\d+) rows would be missed", finding.message).group(1))
    singles = table[table["kind"] != "pair"]
    # By hand: all of m rows of one class have Wilson's lower limit m / (m + z^2), which must reach the 48th of these.
    last = min(wilson(round(one.share * one.rows), one.rows).low for one in singles.itertuples())
    reached = max(10, math.ceil(last * 1.959964**2 / (1 - last))) if len(singles) == 48 else 10
    assert rows == reached


def test_counts_of_few_people_with_a_sensitive_value_are_not_told(ask):
    frame = make_frame()
    rows = np.arange(0, 3000, 100)
    frame.loc[rows, "c"] = "SECRET"
    frame.loc[rows, "y"] = "yes"
    suspect = np.zeros(3000, dtype=bool)
    suspect[rows[:3]] = True
    settings = {"sensitive": ["c"], "learning": {"use_sensitive": True}}
    (finding,), table = ask(
        frame, lambda t: np.where(t["c"] == "SECRET", 0.95, sigmoid(2 * t["x"])), suspect, settings
    )
    assert "suspect" not in finding.message
    assert pd.isna(table.iloc[0]["suspects"])
    assert pd.isna(table.iloc[0]["share"])  # 30 of 30: nobody else
    # Of so many of them labelled one way, the others could be told.
    assert "are labelled" not in finding.message
    assert finding.evidence.rows is None


def test_too_few_rows_for_any_value_are_inconclusive(ask):
    (finding,), _ = ask(make_frame(30), lambda t: sigmoid(2 * t["x"]))
    assert finding.status is Status.INCONCLUSIVE


def test_it_can_be_switched_off_and_needs_models(ask, make_case):
    (finding,), table = ask(make_frame(300), lambda t: sigmoid(t["x"]), stamps=False)
    assert (finding.status, table) == (Status.NOT_APPLICABLE, None)
    for fields in ({"given": "mine.csv"}, {}):
        context = HealthContext(*make_case(200, **fields), HealthConfig())
        (finding,) = assess_health(context, checks=(), parts=(PART,)).findings
        assert finding.status is Status.NOT_APPLICABLE


def test_trained_models_show_a_trigger(make_dataset):
    frame = make_frame(4000)
    rows = np.arange(0, 4000, 33)
    frame.loc[rows, "c"] = "SECRET"
    frame.loc[rows, "y"] = "yes"
    dataset = make_dataset(frame, label="y")
    predictions = out_of_sample(dataset, LearningConfig(repeats=1), asked=True)
    context = HealthContext(dataset, predictions, HealthConfig())
    first, again = (assess_health(context, checks=(), parts=(PART,)) for _ in range(2))
    assert [finding.status for finding in first.findings] == [Status.FAILED]
    assert first.findings[0].subject.columns == ("c",)
    assert first.findings[0].message == again.findings[0].message


def test_values_of_a_column_add_up():
    values = pd.Series([*np.arange(500) / 7, *[3.0] * 40, *[np.nan] * 12])
    column = read_column(values, "v")
    assert {EXACT, RANGE, MISSING} == set(column.kinds)
    masks = [column.carriers(values.to_frame("v"), code) for code in range(len(column.kinds))]
    assert (np.sum(masks, axis=0) == 1).all()
    for code, mask in enumerate(masks):
        assert np.array_equal(np.flatnonzero(mask), np.flatnonzero(column.codes == code))
    exact = column.kinds.index(EXACT)
    assert all(masks[i].any() for i in column.neighbours(exact))


@pytest.mark.parametrize(
    "values",
    [
        [None] * 50,
        [1.0] * 50,
        ["x"] * 25 + [None] * 25,
        list(range(50)),
        [True, False] * 25,
        pd.date_range("2020", periods=50),
    ],
    ids=["missing", "constant", "half missing", "numbers", "booleans", "times"],
)
def test_any_column_can_be_read(values):
    column = read_column(pd.Series(values), "v")
    assert len(column.codes) == 50
    assert column.codes.max() < len(column.kinds) == len(column.bounds)
    # No value has ten rows, and a twentieth of the rows or fewer.
    assert single_stamps([column], np.arange(50) % 2, 2) == []
    assert pair_stamps([column], np.arange(50) % 2, 2, 0.8, np.random.default_rng(0)) == ([], 0)


@pytest.mark.parametrize(("columns", "most"), [(2, 10), (5, 10), (5, 4), (40, 100), (3000, 50)])
def test_pairs_of_columns_are_drawn_without_listing_all(columns, most):
    drawn = draw_pairs(columns, most, np.random.default_rng(0))
    assert len(drawn) == min(most, columns * (columns - 1) // 2)
    assert all(0 <= one < two < columns for one, two in drawn)
    assert sorted(set(drawn)) == drawn
