"""Each kind of error is found where it was planted, with the right kind, reason and repair; clean tables are quiet."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.cells import suspicious_cells

ROW = 123


def found(frame: pd.DataFrame, column: str, row: int = ROW) -> pd.Series:
    cells = suspicious_cells(frame)
    mine = cells[(cells["position"] == row) & (cells["column"] == column)]
    assert len(mine) == 1, cells
    assert set(cells["position"]) == {row}, cells
    return mine.iloc[0]


def test_clean_table_is_quiet(clean: pd.DataFrame) -> None:
    assert suspicious_cells(clean).empty


def test_wrong_value_is_blamed_and_not_its_witnesses(clean: pd.DataFrame) -> None:
    true = clean.loc[ROW, "code"]
    clean.loc[ROW, "code"] = next(code for code in clean["code"] if code != true)
    cell = found(clean, "code")
    assert (cell["kind"], cell["suggested"]) == ("contradiction", true)


def test_empty_cell_whose_value_others_know(clean: pd.DataFrame) -> None:
    true = clean.loc[ROW, "mayor"]
    clean.loc[ROW, "mayor"] = ""
    cell = found(clean, "mayor")
    assert (cell["kind"], cell["suggested"]) == ("missing", true)


@pytest.mark.parametrize(
    ("wrong", "slip"),
    [
        ("lavendr", "one letter"),
        ("lavneder", "one letter"),
        ("lavvender", "one letter"),
        ("lxvxndxr", "a few letters"),
        ("LAVENDER", "case, spaces"),
        ("laven-der", "case, spaces"),
    ],
)
def test_misspelling(clean: pd.DataFrame, wrong: str, slip: str) -> None:
    clean.loc[ROW, "colour"] = wrong
    cell = found(clean, "colour")
    assert cell["kind"] == "misspelt"
    assert slip in cell["reason"]
    assert cell["suggested"] == "lavender"


def test_rare_value_that_resembles_none_is_no_misspelling(clean: pd.DataFrame) -> None:
    clean.loc[ROW, "colour"] = "ochre"
    assert suspicious_cells(clean).empty


def test_codes_that_differ_by_a_digit_are_no_misspellings() -> None:
    frame = pd.DataFrame({"size": ["size-1"] * 200 + ["size-2"] * 150 + ["size-3"]})
    assert suspicious_cells(frame).empty


@pytest.mark.parametrize("wrong", ["71.5 kg", "71.5kg", "$71.5", "71.5%"])
def test_unit_beside_bare_numbers(clean: pd.DataFrame, wrong: str) -> None:
    clean.loc[ROW, "weight"] = wrong
    cell = found(clean, "weight")
    assert (cell["kind"], cell["suggested"]) == ("form", "71.5")


def test_column_written_in_several_ways_is_suspicious_throughout() -> None:
    ways = [" oz", " oz.", " ounce"]
    frame = pd.DataFrame({"size": [f"{12 + i % 5}{ways[i % 3]}" for i in range(300)]})
    cells = suspicious_cells(frame)
    assert len(cells) == 300
    assert cells["suggested"].tolist() == [str(12 + i % 5) for i in range(300)]


def test_one_unit_throughout_is_quiet() -> None:
    frame = pd.DataFrame(
        {"size": [f"{12 + i % 50} oz" for i in range(300)], "rank": [f"{i % 9}th" for i in range(300)]}
    )
    assert suspicious_cells(frame).empty


@pytest.mark.parametrize(("column", "wrong"), [("code", "101o0"), ("start", "12/03/2024"), ("weight", "heavy")])
def test_form(clean: pd.DataFrame, column: str, wrong: str) -> None:
    clean.loc[ROW, column] = wrong
    assert found(clean, column)["kind"] in {"form", "contradiction"}


@pytest.mark.parametrize("marker", ["N/A", "none", "empty", "?", "-"])
@pytest.mark.parametrize("column", ["colour", "weight", "income"])
def test_missing_marker(clean: pd.DataFrame, column: str, marker: str) -> None:
    clean.loc[ROW, column] = marker
    cell = found(clean, column)
    assert (cell["kind"], cell["suggested"]) == ("missing", "")


def test_the_only_marker_of_a_table_is_its_way_to_say_missing(clean: pd.DataFrame) -> None:
    clean.loc[::5, "colour"] = "?"
    clean.loc[::7, "weight"] = "?"
    assert suspicious_cells(clean).empty


def test_second_marker_of_a_table_is_found(clean: pd.DataFrame) -> None:
    clean.loc[::5, "colour"] = ""
    clean.loc[::7, "weight"] = ""
    clean.loc[::9, "income"] = "N/A"
    cells = suspicious_cells(clean)
    assert cells["position"].tolist() == list(range(0, 400, 9))
    assert set(cells["column"]) == {"income"}


@pytest.mark.parametrize("wrong", ["7050.0", "9999", "0.07"])
def test_number_far_outside(clean: pd.DataFrame, wrong: str) -> None:
    clean.loc[ROW, "weight"] = wrong
    assert found(clean, "weight")["kind"] == "range"


def test_heavy_tails_are_quiet() -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"pareto": rng.pareto(1.2, 5_000), "log": rng.lognormal(0, 2.5, 5_000), "gain": rng.pareto(1, 5_000).round()}
    )
    frame.loc[rng.random(5_000) < 0.9, "gain"] = 0
    assert len(suspicious_cells(frame)) <= 5


def test_dates_out_of_order_and_zero_dates(clean: pd.DataFrame) -> None:
    clean.loc[ROW, "end"] = "2023-12-24"
    cells = suspicious_cells(clean)
    assert set(zip(cells["position"], cells["column"], strict=True)) == {(ROW, "start"), (ROW, "end")}
    assert set(cells["kind"]) == {"range"}
    clean.loc[ROW, "end"] = "1900-01-01"
    assert found(clean, "end")["kind"] == "missing"


def test_swapped_neighbours(clean: pd.DataFrame) -> None:
    clean = clean[["colour", "town", "weight"]].copy()
    clean.loc[ROW, ["colour", "town"]] = clean.loc[ROW, ["town", "colour"]].to_list()
    cells = suspicious_cells(clean)
    assert cells[["position", "column"]].to_numpy().tolist() == [[ROW, "colour"], [ROW, "town"]]


def test_value_that_slipped_into_its_neighbour() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"town": rng.choice(["Ulmenau", "Mainzberg", "Bremerode"], 300), "state": rng.choice(["HE", "BY", "NI"], 300)}
    )
    wrong = [5, 50, 200]
    true = frame.loc[wrong].copy()
    frame.loc[wrong, "town"] = frame.loc[wrong, "town"] + " " + frame.loc[wrong, "state"]
    frame.loc[wrong, "state"] = ""
    cells = suspicious_cells(frame)
    assert cells["position"].tolist() == [5, 5, 50, 50, 200, 200]
    assert cells["suggested"].tolist() == true.to_numpy().ravel().tolist()


def test_a_second_town_of_one_name_is_no_error() -> None:
    # Each town name has one region but two, which have a second, established one.
    rng = np.random.default_rng(0)
    names = [f"{a}{b}stadt" for a in "Klmnprst" for b in "aeiou"]
    frame = pd.DataFrame({"town": rng.choice(names, 2_000)})
    frame["region"] = [f"region {names.index(town) % 7}" for town in frame["town"]]
    for town in names[:2]:
        rows = frame.index[frame["town"] == town]
        frame.loc[rows[: len(rows) // 4], "region"] = "region 6"
    assert suspicious_cells(frame).empty


def test_typed_columns() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, 500).astype(float),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 500), unit="D"),
            "flag": rng.random(500) < 0.3,
            "grade": pd.Categorical(rng.choice(["low", "high"], 500)),
        }
    )
    assert suspicious_cells(frame).empty
    frame.loc[7, "age"] = 3_900
    frame.loc[8, "when"] = pd.Timestamp("1900-01-01")
    cells = suspicious_cells(frame)
    assert cells[["position", "column", "kind"]].to_numpy().tolist() == [[7, "age", "range"], [8, "when", "missing"]]
