"""The ledger and the row files: complete, in order, adding up, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_parts import N, finding, flags, make_dataset, make_frame

from assay.ledger import build_ledger, split_rows
from assay.report.rows import neutralise, write_rows
from assay.results import LabelEffect

COLUMNS = [
    "row_id", "position", "check", "subject", "column", "score", "reason", "action", "suggested", "nearest", "severity", "waived",
]  # fmt: skip


def test_one_row_for_each_row_and_finding_in_the_order_of_the_data(sample_report):
    ledger = sample_report.ledger
    assert ledger.columns.tolist() == COLUMNS
    assert list(zip(ledger["position"], ledger["check"], strict=True)) == [
        (3, "DQ011"), (17, "DQ011"), (17, "LN001"), (40, "DQ011"), (41, "DQ011"),
        (60, "LN001"), (100, "LN001"), (120, "LN001"),
    ]  # fmt: skip
    assert ledger["row_id"].tolist() == [f"C{p:04}" for p in ledger["position"]]
    row = ledger.iloc[2]
    assert (row["score"], row["action"], row["suggested"], row["severity"]) == (0.02, "relabel", "yes", "critical")
    assert row["reason"] == "The model gives the given label a probability of 2%."
    assert ledger["score"].isna().tolist() == (ledger["check"] == "DQ011").tolist()


def test_an_empty_ledger_has_the_same_columns_and_types(sample_report):
    empty = build_ledger(sample_report.dataset, [])
    assert len(empty) == 0
    assert empty.columns.tolist() == COLUMNS
    assert empty.dtypes.drop("row_id").equals(sample_report.ledger.dtypes.drop("row_id"))
    assert set(split_rows(sample_report.dataset, empty)) == {"clean"}


def test_a_passed_finding_with_rows_enters_too(make_report):
    assert make_report([finding("DQ011", evidence=flags([5]))]).ledger["position"].tolist() == [5]


def test_rows_of_a_waived_finding_are_listed_but_clean(make_report):
    waiver = {"check": "DQ011", "owner": "Ada", "reason": "known", "expires": "2026-12-31"}
    report = make_report([finding("DQ011", "failed", evidence=flags([5]))], waivers=[waiver])
    assert report.ledger["waived"].tolist() == [True]
    assert set(report.dispositions) == {"clean"}


def test_an_index_of_tuples_or_times_is_kept(tmp_path, make_report):
    for ids in (
        pd.MultiIndex.from_arrays([range(N), ["a"] * N]),
        pd.date_range("2026-01-01", periods=N, tz="Europe/Berlin"),
    ):
        dataset = make_dataset(make_frame())
        dataset = SimpleNamespace(frame=dataset.frame, row_ids=ids, __len__=lambda: N)
        ledger = build_ledger(dataset, [finding("DQ011", "failed", evidence=flags([5]))])
        assert ledger["row_id"].tolist() == [ids[5]]


some_rows = st.lists(st.integers(0, 29), unique=True, max_size=12).map(sorted)
some_flags = st.lists(st.tuples(some_rows, st.sampled_from(["quarantine", "relabel", "review"])), max_size=5)


@given(some_flags)
def test_each_row_has_one_disposition_the_strictest_that_is_asked(asked):
    dataset = make_dataset(make_frame(30))
    found = [finding("DQ011", "failed", evidence=flags(rows, action)) for rows, action in asked]
    ledger = build_ledger(dataset, found)
    dispositions = split_rows(dataset, ledger)
    assert len(ledger) == sum(len(rows) for rows, _ in asked)
    assert len(dispositions) == 30
    for position in range(30):
        actions = {action for rows, action in asked if position in rows}
        expected = "quarantine" if "quarantine" in actions else "review" if actions else "clean"
        assert dispositions[position] == expected


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_the_three_files_add_up_to_the_input(tmp_path, sample_report, format_):
    report = sample_report
    write_rows(report.dataset, report.ledger, report.dispositions, tmp_path / "rows", format_)
    read = pd.read_csv if format_ == "csv" else pd.read_parquet
    tables = {path.stem: read(path) for path in (tmp_path / "rows").glob(f"*.{format_}")}
    assert {name: len(table) for name, table in tables.items()} == {
        "ledger": 8, "clean": N - 7, "quarantine": 4, "review": 3,
    }  # fmt: skip
    frame = report.dataset.frame
    together = pd.concat([tables[name][frame.columns] for name in ("clean", "quarantine", "review")])
    together = together.sort_values("customer", ignore_index=True)
    pd.testing.assert_frame_equal(together, frame, check_dtype=False)
    assert tables["clean"].columns.tolist() == frame.columns.tolist()
    assert tables["quarantine"]["assay_row_id"].tolist() == ["C0003", "C0017", "C0040", "C0041"]
    assert "LN001: The model gives" in tables["quarantine"]["assay_why"][1]
    assert tables["review"]["assay_suggested"].tolist() == ["no", "yes", "no"]
    note = (tmp_path / "rows" / "README.txt").read_text()
    assert "clean + quarantine + review = 240 rows" in note
    assert "apostrophe" not in note


def test_columns_of_our_names_in_the_input_are_kept(tmp_path, make_report):
    frame = make_frame().rename(columns={"income": "assay_why"})
    report = make_report([finding("DQ011", "failed", evidence=flags([5]))], dataset=make_dataset(frame))
    write_rows(report.dataset, report.ledger, report.dispositions, tmp_path / "rows", "csv")
    columns = pd.read_csv(tmp_path / "rows" / "quarantine.csv").columns.tolist()
    assert columns[:3] == ["assay_row_id", "assay_why_", "assay_suggested"]
    assert "assay_why" in columns


def test_the_nearest_rows_are_named_by_their_ids(tmp_path, make_report):
    rows = flags(
        [5, 9], "relabel", ["a", "b"], score=np.array([0.2, 0.1]), suggested=["no", "yes"], nearest=[[7, 3], []]
    )
    report = make_report([finding("LN001", "failed", evidence=rows)])
    assert report.ledger["nearest"].tolist()[0] == "C0007; C0003"
    assert report.ledger["nearest"].isna().tolist() == [False, True]
    write_rows(report.dataset, report.ledger, report.dispositions, tmp_path / "rows", "csv")
    review = pd.read_csv(tmp_path / "rows" / "review.csv")
    assert review.columns[:4].tolist() == ["assay_row_id", "assay_why", "assay_suggested", "assay_nearest"]
    assert review["assay_suggested"].tolist() == ["no", "yes"]
    assert review["assay_nearest"].tolist()[0] == "C0007; C0003"
    assert pd.isna(review["assay_nearest"][1])


@pytest.mark.parametrize("ids", [pd.RangeIndex(N), pd.MultiIndex.from_arrays([range(N), ["=a;"] * N])])
def test_nearest_rows_have_ids_of_any_kind(tmp_path, make_report, ids):
    dataset = replace(make_dataset(make_frame()), row_ids=ids)
    rows = flags([5], "relabel", ["a"], score=np.array([0.2]), suggested=["no"], nearest=[[7, 3]])
    ledger = build_ledger(dataset, [finding("LN001", "failed", evidence=rows)])
    assert ledger["nearest"].tolist() == [f"{ids.tolist()[7]}; {ids.tolist()[3]}"]


FORMULAS = [
    "=1+1",
    "+49 30 A1",
    "+1-2",
    "+1 (555) 010-9999!A1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\n=1",
    "\uff1d1+1",
    "-",
    "=",
    "--5",
]
HARMLESS = [
    "+49 30 1234567",
    "+1 (555) 010-9999",
    "-3.5",
    "+4",
    "-1e5",
    "+.5",
    "-7.",
    "a=b",
    "",
    "plain",
    "1-2",
    "'x",
    "男性",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_gets_an_apostrophe(text):
    safe, changed = neutralise(pd.DataFrame({"x": ["ok", text]}))
    assert safe["x"].tolist() == ["ok", f"'{text}"]
    assert changed == 1


def test_a_carriage_return_cannot_end_a_row():
    safe, changed = neutralise(pd.DataFrame({"x": ["a\rb", "\r=1", "c\r\nd", "e"]}))
    assert safe["x"].tolist() == ["a\nb", "'\n=1", "c\nd", "e"]
    assert changed == 3


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_stays(text):
    frame = pd.DataFrame({"x": ["ok", text]})
    safe, changed = neutralise(frame)
    pd.testing.assert_frame_equal(safe, frame)
    assert changed == 0


def test_numbers_dates_missing_and_mixed_cells_stay():
    frame = pd.DataFrame(
        {
            "number": [-1.5, np.nan, 3.0],
            "date": pd.to_datetime(["2026-01-02", None, "2026-01-04"]),
            "category": pd.Categorical(["=a", "b", None]),
            "mixed": pd.Series([-5, "=b", True], dtype="object"),
            "nested": pd.Series([["=c"], None, "a\0b"], dtype="object"),
        }
    )
    before = frame.copy(deep=True)
    safe, changed = neutralise(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert changed == 3
    assert safe["category"].tolist()[:2] == ["'=a", "b"]
    assert safe["mixed"].tolist() == [-5, "'=b", True]
    assert safe["mixed"].map(type).tolist() == [int, str, bool]
    assert safe["nested"].tolist() == [["=c"], None, "ab"]
    pd.testing.assert_series_equal(safe["date"], frame["date"])


def test_names_of_columns_are_neutralised_too():
    safe, changed = neutralise(pd.DataFrame([[1, 2]], columns=["=x", "x\0y"]))
    assert safe.columns.tolist() == ["'=x", "xy"]
    assert changed == 2


@given(st.lists(st.text(max_size=8) | st.none() | st.integers(), min_size=1, max_size=12))
def test_no_cell_begins_a_formula(cells):
    safe, _ = neutralise(pd.DataFrame({"x": pd.Series(cells, dtype="object")}))
    for before, after in zip(cells, safe["x"], strict=True):
        if isinstance(before, str):
            assert "\0" not in after
            assert not after.startswith(("=", "@", "\t", "\r", "\n"))
            kept = before.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
            assert after.removeprefix("'") == kept.removeprefix("'")
            if after[:1] in {"+", "-"}:
                assert not any(letter.isalpha() for letter in after.replace("e", "").replace("E", ""))
        else:
            assert after == before or after is None


def test_formulas_in_files_are_counted_and_parquet_keeps_them(tmp_path, make_report):
    frame = make_frame()
    frame["note"] = pd.Series(["=HYPERLINK()", 3, None] * (N // 3), dtype="object")
    report = make_report([], dataset=make_dataset(frame))
    for format_ in ("csv", "parquet"):
        write_rows(report.dataset, report.ledger, report.dispositions, tmp_path / format_, format_)
    assert "80 cells" in (tmp_path / "csv" / "README.txt").read_text()
    with (tmp_path / "csv" / "clean.csv").open(newline="") as file:
        assert [row["note"] for row in csv.DictReader(file)][:3] == ["'=HYPERLINK()", "3", ""]
    notes = pd.read_parquet(tmp_path / "parquet" / "clean.parquet")["note"]
    assert notes[:2].tolist() == ["=HYPERLINK()", "3"]
    assert pd.isna(notes[2])


def test_the_rows_whose_review_would_settle_most_are_a_file_with_their_ids(make_report, tmp_path):
    table = pd.DataFrame(columns=["feature"])
    review = pd.DataFrame({"position": [3, 1], "feature": ["sex", "sex"], "influence": [0.5, 0.25]})
    effect = LabelEffect((), table=table, tipping=table, review=review)
    place = make_report(label_effect=effect).save(tmp_path)
    found = pd.read_csv(place / "rows" / "label_review.csv")
    assert found["position"].tolist() == [3, 1]
    assert found.columns.tolist()[1:] == ["position", "feature", "influence"]
    assert "label_review.csv" in (place / "rows" / "README.txt").read_text()
    none = LabelEffect((), table=table, tipping=table, review=review.iloc[:0])
    assert not (make_report(label_effect=none).save(tmp_path) / "rows" / "label_review.csv").exists()
