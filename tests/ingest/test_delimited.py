import csv
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.ingest.records import detect_delimiter, read_records

SMALL = "a,b,y\n1,x,p\n2,,n\n3,z,p\n"


def test_reads_types_and_missing(read, write):
    data = read(write("d.csv", SMALL))
    assert data.frame["a"].tolist() == [1, 2, 3]
    assert data.frame["b"].isna().tolist() == [False, True, False]
    assert data.row_ids.tolist() == [0, 1, 2]
    assert data.source.endswith("d.csv")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_detects_the_delimiter(read, write, delimiter):
    assert list(read(write("d.csv", SMALL.replace(",", delimiter))).frame) == ["a", "b", "y"]


def test_detection_prefers_the_delimiter_that_leaves_decimal_commas():
    assert detect_delimiter(["1,5;2,5;a\n", "3,5;4,0;b\n"], header=False) == ";"
    assert detect_delimiter(["text\n", "one\n"], header=True) == ","
    assert detect_delimiter(["a,b\n", "x;y,1\n", "z;w,2\n"], header=True) == ","


def test_tsv_gzip_and_byte_order_mark(read, write):
    text = SMALL.replace(",", "\t")
    want = read(write("d.csv", SMALL)).fingerprint
    assert read(write("d.tsv", text)).fingerprint == want
    assert read(write("d.tsv.gz", text)).fingerprint == want
    assert read(write("bom.csv", SMALL, encoding="utf-8-sig")).fingerprint == want
    assert read(write("16.csv", SMALL, encoding="utf-16"), data={"encoding": "utf-16"}).fingerprint == want
    assert read(write("crlf.csv", SMALL.replace("\n", "\r\n"))).fingerprint == want
    assert read(write("odd.name", SMALL), data={"format": "csv"}).fingerprint == want


def test_spaces_around_fields_are_no_part_of_them(read, write):
    data = read(write("d.csv", 'a , b, y\n1, x , p\n2, ? , n \n3," x",p\n'), data={"missing": ["?"]})
    assert list(data.frame) == ["a", "b", "y"]
    assert data.frame["b"].tolist()[0] == "x"
    assert data.frame["b"].isna().tolist() == [False, True, False]
    assert data.labels.classes == ("n", "p")


def test_aligned_columns_are_delimited_by_spaces(read, write):
    data = read(write("d.txt", "a   y\n1   p\n22  q\n"), data={"delimiter": " "})
    assert data.frame["a"].tolist() == [1, 22]


@pytest.mark.parametrize("delimiter", ['"', "\n", "§"])
def test_delimiters_that_cannot_be(refuse, write, delimiter):
    assert "data.delimiter" in refuse(write("d.csv", SMALL), data={"delimiter": delimiter})


def test_thousands_that_cannot_be(refuse, write):
    assert "data.thousands" in refuse(write("d.csv", SMALL), data={"thousands": "."})


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(alphabet='ab,"\n\r ;é', max_size=6), min_size=2, max_size=8))
def test_what_the_csv_module_writes_is_read_row_by_row(read, tmp_path, cells):
    path = tmp_path / "d.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([["x", "n", "y"], *([cell, i, i % 2] for i, cell in enumerate(cells))])
    data = read(path, data={"delimiter": ","})
    assert data.frame["n"].tolist() == list(range(len(cells)))
    texts = ["" if pd.isna(cell) else cell for cell in data.frame["x"]]
    assert texts == [cell.strip() for cell in cells]


def test_no_header(read, write, refuse):
    path = write("d.csv", "1,x,p\n2,z,n\n")
    assert list(read(path, label="column_3", data={"header": False}).frame) == ["column_1", "column_2", "column_3"]
    named = read(path, data={"header": False, "names": ["a", "b", "y"]})
    assert list(named.frame) == ["a", "b", "y"]
    assert len(named) == 2
    assert "3 columns" in refuse(path, data={"header": False, "names": ["a", "y"]})


def test_decimal_comma_and_thousands(read, write):
    text = "a;y\n1.234,5;p\n2,5;n\n"
    data = read(write("d.csv", text), data={"decimal": ",", "thousands": "."})
    assert data.frame["a"].tolist() == [1234.5, 2.5]


def test_quoted_fields_may_hold_delimiters_and_line_ends(read, write):
    data = read(write("d.csv", 'a,y\n"x, z\nnew",p\n"say ""hi""",n\n'))
    assert data.frame["a"].tolist() == ["x, z\nnew", 'say "hi"']


def test_records_count_lines_from_one_across_quoted_line_ends():
    text = ["a,b\n", '"x\n', 'y",1\n', "\n", "1\n"]
    assert [(r.line, r.length) for r in read_records(text, ",")] == [(1, 2), (2, 2), (5, 1)]


def one_parser_each(lines, delimiter):
    """Lines and lengths of the records, with a new parser for each of them: slow, and simple."""
    rest, line = iter(lines), 0
    for text in rest:
        line += 1
        if text.strip(" \r\n"):
            parser = csv.reader(itertools.chain([text], rest), delimiter=delimiter, skipinitialspace=True)
            yield line, len(next(parser))
            line += parser.line_num - 1


@given(st.text(alphabet='a,;" \n', max_size=40), st.sampled_from(",; "))
def test_one_parser_for_all_records_counts_as_one_for_each(text, delimiter):
    lines = text.splitlines(keepends=True)
    assert [(r.line, r.length) for r in read_records(lines, delimiter)] == list(one_parser_each(lines, delimiter))


def test_ragged_rows_are_named_by_line(refuse, write):
    text = refuse(write("d.csv", "a,b,y\n1,x,p\n2,n\n3,z,p,q\n"))
    assert "line 3 has 2" in text
    assert "line 4 has 4" in text
    assert "must have 3 fields" in text


def test_many_ragged_rows_are_counted(refuse, write):
    assert "95 lines more" in refuse(write("d.csv", "a,b,y\n1,x,p\n" + "1,x\n" * 100))


def test_a_surplus_field_in_every_row_is_no_index(refuse, write):
    assert "a column without a name" in refuse(write("d.csv", "a,y\n0,1,p\n1,2,n\n"))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "empty file"),
        ("empty.csv.gz", "", "empty file"),
        ("blank.csv", b"\n\n  \n", "blank lines only"),
        ("header.csv", b"a,b,y\n", "header only"),
        ("garbage.csv", bytes(range(256)) * 20, "binary data"),
        ("random.csv", np.random.default_rng(0).bytes(5000), "binary data"),
        ("latin.csv", "a,y\nMünchen,p\nx,n\n".encode("latin-1"), "encoding: latin-1"),
        ("wide.csv", "a,y\n1,p\n".encode("utf-16"), "encoding: utf-16"),
        ("parquet.csv", b"PAR1abc", "format to parquet"),
        ("excel.csv", b"PK\x03\x04abc", "format to excel"),
        ("cut.csv.gz.csv", b"\x1f\x8b\x08\x00abcdefgh", "gzip"),
        ("twice.csv", b"a,a,y\n1,2,p\n", "'a'"),
        ("unnamed.csv", b",a,y\n0,1,p\n", "index=False"),
        ("open.csv", b'a,y\n"never closed,p\n2,n\n', "quotation mark"),
        ("noformat.xyz", b"a,y\n1,p\n", "data.format"),
    ],
)
def test_refuses_with_one_sentence(refuse, write, name, content, words):
    path = write(name, content)
    text = refuse(path)
    assert words in text
    assert name in text
    assert "\n" not in text


def test_names_the_right_encoding_problem(refuse, write):
    assert "utf-88" in refuse(write("d.csv", SMALL), data={"encoding": "utf-88"})


def test_missing_file_suggests_its_neighbour(refuse, write, tmp_path):
    write("loans.csv", SMALL)
    assert "loans.csv" in refuse(tmp_path / "loan.csv")
    assert "does not exist" in refuse(tmp_path / "nowhere" / "x.csv")


def test_unreadable_file(refuse, write, monkeypatch):
    path = write("d.csv", SMALL)

    def denied(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", denied)
    assert "Permission denied" in refuse(path)


def test_too_large_for_memory(refuse, write, monkeypatch):
    def full(*_args, **_kwargs):
        raise MemoryError

    monkeypatch.setattr(pd, "read_csv", full)
    assert "memory" in refuse(write("d.csv", SMALL))


def test_no_header_named_where_the_first_row_became_one(refuse, write):
    assert "header: false" in refuse(write("d.csv", "0,0,p\n1,2,n\n"))


def test_weird_column_name_is_kept(read, write):
    name = "<script>alert(1)</script>"
    assert list(read(write("d.csv", f"{name},y\n1,p\n2,n\n")).frame) == [name, "y"]
