"""Judged rows: what a person said is so, what is like it follows, and twenty rows are well chosen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from assay.cells import choose_rows, suspicious_cells


def two_ways(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    size = [f"{value}{' kg' if i % 4 == 0 else ''}" for i, value in enumerate(rng.integers(10, 99, n))]
    return pd.DataFrame({"size": size, "colour": rng.choice(["crimson", "turquoise"], n)})


def judge(rows: list[int], wrong: dict[int, str]) -> pd.DataFrame:
    return pd.DataFrame({"row": rows, "column": [wrong.get(row, "") for row in rows]})


def test_units_that_a_person_accepts_are_no_longer_suspicious() -> None:
    frame = two_ways()
    assert len(suspicious_cells(frame)) == 100
    rows = list(range(20))
    assert suspicious_cells(frame, judge(rows, {})).empty


def test_units_that_a_person_rejects_stay_suspicious() -> None:
    frame = two_ways()
    rows = list(range(20))
    cells = suspicious_cells(frame, judge(rows, {row: "size" for row in rows if row % 4 == 0}))
    assert cells["position"].tolist() == list(range(0, 400, 4))


def test_form_that_a_person_rejects_is_found_elsewhere() -> None:
    rng = np.random.default_rng(0)
    codes = [f"{'A-' if i % 3 else ''}{value}" for i, value in enumerate(rng.integers(100, 999, 300))]
    frame = pd.DataFrame({"code": codes})
    assert suspicious_cells(frame).empty
    cells = suspicious_cells(frame, judge([0, 1, 2, 3, 4, 5], {0: "code", 3: "code"}))
    assert cells["position"].tolist() == list(range(0, 300, 3))


def test_judged_cells_are_certain_and_no_rows_change_nothing() -> None:
    frame = two_ways()
    cells = suspicious_cells(frame, judge([1], {1: "colour"}))
    told = cells[cells["column"] == "colour"]
    assert told["position"].tolist() == [1]
    assert told["score"].iloc[0] < 0.01
    pd.testing.assert_frame_equal(suspicious_cells(frame, judge([], {})), suspicious_cells(frame))


def test_chosen_rows_show_every_kind_of_suspicion() -> None:
    frame = two_ways()
    frame.loc[7, "colour"] = "crimsn"
    frame.loc[9, "colour"] = "N/A"
    chosen = choose_rows(frame, 12)
    assert len(set(chosen)) == 12
    assert {7, 9} <= set(chosen)
    assert any(row % 4 == 0 for row in chosen)


def test_fewer_rows_than_asked_for() -> None:
    assert choose_rows(pd.DataFrame({"a": ["x", "y"]}), 20).tolist() == [0, 1]
    assert choose_rows(pd.DataFrame({"a": []})).tolist() == []
