"""Every other file format holds the same table, and gives the same fingerprint."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "n": [1, 2, 3, 4],
            "f": [0.5, np.nan, 2.0, -0.0],
            "t": ["a", "Köln", None, "x"],
            "b": [True, False, True, True],
            "y": ["p", "n", "p", "n"],
        }
    )


@pytest.fixture
def fingerprint(read, table):
    return read(table).fingerprint


def test_csv(read, table, fingerprint, tmp_path):
    table.to_csv(tmp_path / "d.csv", index=False)
    assert read(tmp_path / "d.csv").fingerprint == fingerprint


def test_parquet(read, table, fingerprint, tmp_path):
    table.to_parquet(tmp_path / "d.parquet")
    assert read(tmp_path / "d.parquet").fingerprint == fingerprint
    table.to_parquet(tmp_path / "chunks.parquet", row_group_size=1)
    assert read(tmp_path / "chunks.parquet").fingerprint == fingerprint
    assert read(tmp_path / "d.parquet").source.endswith("d.parquet")


def test_parquet_directory_in_the_order_of_names(read, table, fingerprint, tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    table.iloc[2:].to_parquet(folder / "b.parquet", index=False)
    table.iloc[:2].to_parquet(folder / "a.parquet", index=False)
    (folder / "_SUCCESS").write_text("")
    assert read(folder).fingerprint == fingerprint


def test_parquet_directory_with_partitions(read, table, tmp_path):
    for key, part in table.groupby("y"):
        folder = tmp_path / "parts" / f"y={key}"
        folder.mkdir(parents=True)
        part.drop(columns="y").to_parquet(folder / "0.parquet", index=False)
    data = read(tmp_path / "parts")
    assert sorted(data.frame["y"]) == ["n", "n", "p", "p"]
    assert data.frame.loc[data.frame["y"] == "p", "n"].tolist() == [1, 3]


def test_parquet_directory_with_integers_here_and_floats_there(read, tmp_path):
    pd.DataFrame({"a": [1, 2], "y": ["p", "n"]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"a": [0.5, 2], "y": ["p", "n"]}).to_parquet(tmp_path / "2.parquet")
    assert read(tmp_path).frame["a"].tolist() == [1, 2, 0.5, 2]


def test_parquet_directory_problems(refuse, tmp_path):
    assert "*.parquet" in refuse(tmp_path)
    pd.DataFrame({"a": [1], "y": ["p"]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"b": [1], "y": ["p"]}).to_parquet(tmp_path / "2.parquet")
    text = refuse(tmp_path)
    assert "2.parquet" in text
    assert "lacks 'a'" in text
    assert "has also 'b'" in text


def test_parquet_index(read, tmp_path):
    frame = pd.DataFrame({"a": [1, 2], "y": ["p", "n"]}, index=[7, 9])
    frame.to_parquet(tmp_path / "unnamed.parquet")
    assert read(tmp_path / "unnamed.parquet").row_ids.tolist() == [7, 9]
    frame.rename_axis("key").to_parquet(tmp_path / "named.parquet")
    assert read(tmp_path / "named.parquet", id="key").row_ids.tolist() == [7, 9]


def test_parquet_types(read, tmp_path):
    import decimal

    frame = pd.DataFrame(
        {
            "day": [dt.date(2020, 1, 1), None],
            "amount": [decimal.Decimal("1.50"), None],
            "list": [[1, 2], None],
            "y": pd.Categorical(["p", "n"]),
        }
    )
    frame.to_parquet(tmp_path / "d.parquet")
    data = read(tmp_path / "d.parquet").frame
    assert data["day"].dtype.kind == "M"
    assert data["amount"][0] == 1.5
    assert data["list"][0] == "[1, 2]"


@pytest.mark.parametrize("unit", ["date32", "date64"])
def test_parquet_days_are_times_of_midnight(read, tmp_path, unit):
    import pyarrow as pa
    import pyarrow.parquet as pq

    days = [dt.date(1, 1, 1), None, dt.date(1969, 12, 31), dt.date(9999, 12, 31)]
    table = pa.table({"day": pa.array(days, getattr(pa, unit)()), "n": range(4), "y": ["p", "n"] * 2})
    pq.write_table(table, tmp_path / "d.parquet")
    data = read(tmp_path / "d.parquet")
    frame = pd.DataFrame({"day": pd.Series(days, dtype=object), "n": range(4), "y": ["p", "n"] * 2})
    assert data.fingerprint == read(frame).fingerprint
    assert [None if pd.isna(day) else day.date() for day in data.frame["day"].astype(object)] == days


def test_feather_and_arrow_stream(read, table, fingerprint, tmp_path):
    import pyarrow as pa

    table.to_feather(tmp_path / "d.feather")
    assert read(tmp_path / "d.feather").fingerprint == fingerprint
    arrow = pa.Table.from_pandas(table)
    with pa.OSFile(str(tmp_path / "d.arrow"), "wb") as sink, pa.ipc.new_stream(sink, arrow.schema) as stream:
        stream.write_table(arrow)
    assert read(tmp_path / "d.arrow").fingerprint == fingerprint


@pytest.mark.parametrize("name", ["d.jsonl", "d.jsonl.gz"])
def test_json_lines(read, table, fingerprint, write, name):
    rows = [{k: None if pd.isna(v) else v for k, v in row.items()} for row in table.to_dict("records")]
    text = "\n".join(json.dumps(row) for row in rows) + "\n\n"
    assert read(write(name, text)).fingerprint == fingerprint


def test_json_lines_keys_may_lack_and_nest(read, write):
    data = read(write("d.jsonl", '{"a": 1, "y": "p"}\n{"y": "n", "b": {"x": [1]}}\n'))
    assert list(data.frame) == ["a", "y", "b"]
    assert data.frame["b"][1] == '{"x": [1]}'


def test_json_lines_surrogates(read, write):
    data = read(write("d.jsonl", '{"a": "\\ud83d\\ude00", "y": "p"}\n{"a": "\\uD800", "y": "n"}\n'))
    assert data.frame["a"].tolist() == ["\U0001f600", "?"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1, "y": "p"}\n{"a": \n', "line 2"),
        ('[{"a": 1}]\n', "line 1"),
        ("[\n{}\n]", "JSON array"),
        ("1\n", "a number"),
        ("\n\n", "blank lines"),
    ],
)
def test_json_lines_problems(refuse, write, text, words):
    assert words in refuse(write("d.jsonl", text))


def test_excel(read, table, fingerprint, tmp_path):
    with pd.ExcelWriter(tmp_path / "d.xlsx") as book:
        pd.DataFrame({"z": [1]}).to_excel(book, sheet_name="first", index=False)
        table.to_excel(book, sheet_name="loans", index=False)
    assert read(tmp_path / "d.xlsx", data={"sheet": "loans"}).fingerprint == fingerprint


def test_excel_problems(refuse, write, tmp_path):
    pd.DataFrame([[1, 2, "p"]], columns=["a", "a", "y"]).to_excel(tmp_path / "twice.xlsx", index=False)
    assert "'a'" in refuse(tmp_path / "twice.xlsx")
    text = refuse(tmp_path / "twice.xlsx", data={"sheet": "sheet1"})
    assert "did you mean 'Sheet1'?" in text
    assert "Excel workbook" in refuse(write("bad.xlsx", "no workbook"))
    pd.DataFrame().to_excel(tmp_path / "empty.xlsx")
    assert "empty sheet" in refuse(tmp_path / "empty.xlsx")
    pd.DataFrame({"a": [], "y": []}).to_excel(tmp_path / "header.xlsx", index=False)
    assert "header only" in refuse(tmp_path / "header.xlsx")


@pytest.mark.parametrize("name", ["d.parquet", "d.feather"])
def test_garbage_under_a_binary_name(refuse, write, name):
    assert name in refuse(write(name, b"no such format at all, whatever the name says"))


def test_directory_is_no_csv(refuse, tmp_path):
    assert "directory" in refuse(tmp_path, data={"format": "csv"})


def test_missing_markers_hold_for_typed_formats_too(read, tmp_path):
    frame = pd.DataFrame({"t": ["?", "a", "b"], "n": [1, -9, 3], "y": ["p", "n", "p"]})
    frame.to_parquet(tmp_path / "d.parquet")
    data = read(tmp_path / "d.parquet", data={"missing": ["?", -9]}).frame
    assert data["t"].isna().tolist() == [True, False, False]
    assert data["n"].isna().tolist() == [False, True, False]


def test_damaged_parquet(refuse, tmp_path):
    path = tmp_path / "d.parquet"
    pd.DataFrame({"a": np.arange(5000), "y": np.arange(5000) % 2}).to_parquet(path)
    content = bytearray(path.read_bytes())
    content[4:3000] = b"\xff" * 2996
    path.write_bytes(content)
    assert "d.parquet" in refuse(path)
    path.write_bytes(content[: len(content) // 2])
    assert "must be a Parquet file" in refuse(path)
