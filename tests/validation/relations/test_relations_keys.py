"""Compound keys: columns that identify rows where chance would not let them."""

from __future__ import annotations

import numpy as np
import pandas as pd


def panel(seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "store": np.repeat([f"S{i}" for i in range(30)], 60),
            "day": np.tile(pd.date_range("2021-01-01", periods=60), 30),
            "sold": rng.poisson(20, 1_800),
            "clerk": rng.integers(0, 9, 1_800),
        }
    )
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True)


def test_a_panel(rules_of):
    found = rules_of(panel())
    assert set(found) == {("key", "store", "day")}
    assert found["key", "store", "day"].kwargs["ignore_row_if"] == "any_value_is_missing"


def test_a_few_copies_do_not_hide_it(rules_of):
    frame = panel()
    frame = pd.concat([frame, frame.head(8)], ignore_index=True)
    rule = rules_of(frame)["key", "store", "day"]
    assert rule.evidence["broken"] == 16
    assert rule.kwargs["mostly"] < 1 - 16 / len(frame)


def test_three_columns(rules_of):
    rng = np.random.default_rng(0)
    grid = pd.MultiIndex.from_product([range(12), range(10), range(11)], names=["plant", "line", "shift"]).to_frame()
    frame = grid.sample(900, random_state=0).reset_index(drop=True)
    frame["value"] = rng.normal(size=900)
    assert set(rules_of(frame)) == {("key", "plant", "line", "shift")}


def test_columns_too_fine_to_repeat_by_chance_are_no_key(rules_of):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.integers(0, 900, 300), "b": rng.integers(0, 900, 300)})
    assert not frame.duplicated().any()
    assert rules_of(frame) == {}


def test_a_column_beside_a_unique_one_is_no_key(rules_of):
    frame = panel()
    frame["id"] = range(len(frame))
    assert set(rules_of(frame, id="id")) == {("key", "store", "day")}
