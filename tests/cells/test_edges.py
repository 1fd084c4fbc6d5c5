"""Tables at the edge: tiny, empty, wide, odd names, odd values; and laws that hold for all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.pandas import column, data_frames, range_indexes

from assay.cells import choose_rows, suspicious_cells
from assay.cells.assessment import CELL_COLUMNS
from assay.errors import InputError


def check(cells: pd.DataFrame, frame: pd.DataFrame) -> None:
    assert list(cells.columns) == list(CELL_COLUMNS)
    assert cells["score"].between(0, 0.5).all()
    assert cells["position"].between(0, max(0, len(frame) - 1)).all()
    assert not cells.duplicated(["position", "column"]).any()


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame({"a": []}),
        pd.DataFrame(index=range(5)),
        pd.DataFrame({"a": ["x"], "b": [1.0]}),
        pd.DataFrame({"a": ["x", "y"], "b": [None, None]}),
        pd.DataFrame({"a": [None] * 300, "b": [np.nan] * 300, "c": [pd.NaT] * 300, "d": [""] * 300}),
        pd.DataFrame({"a": ["same"] * 300, "b": [1] * 300}),
        pd.DataFrame({"a": [np.inf, -np.inf, 1e308, -1e308] * 50}),
        pd.DataFrame({"a": [{"k": 1}, [1, 2], "x", 5] * 50}),
        pd.DataFrame({"a": [2**63 - 1, 2**62, 0] * 50}),
        pd.DataFrame({"a": pd.to_timedelta(range(200), unit="D")}),
        pd.DataFrame({"a": pd.date_range("2020", periods=200, tz="Europe/Berlin")}),
        pd.DataFrame({"a": ["\ud800", "\x00", "\n", "🎲" * 3] * 50}, dtype=object),
        pd.DataFrame({"a": ["x" * 2_000_000, "y"] + ["z"] * 98}),
    ],
    ids=range(14),
)
def test_edge(frame: pd.DataFrame) -> None:
    cells = suspicious_cells(frame)
    assert cells.empty
    check(cells, frame)


def test_names(clean: pd.DataFrame) -> None:
    plain = clean.copy()
    plain.loc[3, "colour"] = "lavendr"
    expected = suspicious_cells(plain)
    odd = plain.set_axis(["", "  ", "a,b", 5, "town", "x\ny", "Zoë", "SELECT"], axis=1)
    cells = suspicious_cells(odd)
    assert cells["position"].tolist() == expected["position"].tolist() == [3]
    assert cells["column"].tolist() == ["5"]


def test_repeated_names_are_refused() -> None:
    frame = pd.DataFrame([["a", "b", "c"]] * 5, columns=["1", 1, "2"])
    with pytest.raises(InputError, match=r"must differ as texts, got \['1'\]"):
        suspicious_cells(frame)


def test_order_of_rows_does_not_matter(clean: pd.DataFrame) -> None:
    rng = np.random.default_rng(4)
    clean.loc[rng.choice(400, 12, replace=False), "code"] = "10101"
    clean.loc[rng.choice(400, 9, replace=False), "mayor"] = "Person AAAA"
    clean.loc[[4, 8], "colour"] = ["lavendr", "crimsn"]
    cells = suspicious_cells(clean)
    order = rng.permutation(400)
    other = suspicious_cells(clean.iloc[order]).assign(position=lambda c: order[c["position"]])
    other = other.sort_values(["position", "column"], ignore_index=True)
    pd.testing.assert_frame_equal(other, cells.sort_values(["position", "column"], ignore_index=True))


def test_repair_that_no_file_can_hold() -> None:
    frame = pd.DataFrame({"a": ["stone\ud800wall"] * 60 + ["brick"] * 60 + ["stonne\ud800wall"]}, dtype=object)
    cells = suspicious_cells(frame)
    assert cells["position"].tolist() == [120]
    assert cells["suggested"].isna().all()


def test_unicode() -> None:
    towns = ["Überlingen", "São Paulo", "Жуковский", "北京市朝阳区", "Αθήναι-Νότος"]
    frame = pd.DataFrame({"town": towns * 60})
    assert suspicious_cells(frame).empty
    frame.loc[7, "town"] = "Жуковсикй"
    frame.loc[9, "town"] = "Überlinge\u0301n"
    cells = suspicious_cells(frame)
    assert cells["suggested"].tolist() == ["Жуковский", "Überlingen"]


def test_wide() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.choice(["north", "south", "west"], (200, 300))).add_prefix("c")
    frame["copy"] = frame["c7"] + "ern"
    frame["third"] = frame["c7"].str[0]
    frame.loc[5, "copy"] = "northern" if frame.loc[5, "c7"] != "north" else "southern"
    cells = suspicious_cells(frame)
    assert cells[["position", "column"]].to_numpy().tolist() == [[5, "copy"]]


def test_input_is_not_changed(clean: pd.DataFrame) -> None:
    before = clean.copy(deep=True)
    suspicious_cells(clean)
    choose_rows(clean, 5)
    pd.testing.assert_frame_equal(clean, before)


def test_order_of_columns_and_index_do_not_matter(clean: pd.DataFrame) -> None:
    clean.loc[3, "colour"] = "lavendr"
    clean.loc[9, "mayor"] = ""
    cells = suspicious_cells(clean)
    other = suspicious_cells(clean[clean.columns[::-1]].set_axis([f"r{i}" for i in range(len(clean))], axis=0))
    key = ["position", "column", "kind", "suggested"]
    pd.testing.assert_frame_equal(cells[key], other[key])


letters = st.text(alphabet="ab1 -./%é?", max_size=6)


@settings(max_examples=40, deadline=None)
@given(
    data_frames(
        [column("a", elements=letters), column("b", elements=letters), column("n", elements=st.floats(width=32))],
        index=range_indexes(min_size=0, max_size=60),
    )
)
def test_any_table_gives_a_valid_result(frame: pd.DataFrame) -> None:
    check(suspicious_cells(frame), frame)
