"""The ledger: cells and their repairs, ids of any kind, and three files that add up whatever was found."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_parts import N, finding, flags, make_dataset, make_frame

from assay.errors import ContractError, StorageError
from assay.findings import Action, RowFlags
from assay.ledger import COLUMNS, build_ledger, read_ledger, split_positions, split_rows
from assay.report.rows import write_rows
from assay.store import find_audit

FILES = ("clean", "quarantine", "review")
texts = st.text(alphabet=st.characters(codec=None), max_size=6) | st.sampled_from(
    ["=1+1", "+cmd", "-5", "@x", "a\nb", 'say "hi"', "a,b", "男性", "é", "", " ", "NA", "\ud800"]
)


@st.composite
def found(draw, size):
    """Findings of any kind on rows of any choice, and whether each is waived."""
    findings = []
    for _ in range(draw(st.integers(0, 4))):
        rows = sorted(draw(st.sets(st.integers(0, size - 1), max_size=size)))
        each = st.lists(texts, min_size=len(rows), max_size=len(rows))
        optional = st.lists(texts | st.none(), min_size=len(rows), max_size=len(rows))
        evidence = flags(
            rows,
            draw(st.sampled_from(list(Action))),
            draw(texts | each),
            suggested=draw(st.none() | optional),
            score=np.linspace(0, 1, len(rows)) if draw(st.booleans()) else None,
        )
        columns = draw(st.sampled_from([(), ("text",), ("text", "place"), ("age",)]))
        findings.append((finding("DQ011", "failed", columns=columns, evidence=evidence), draw(st.booleans())))
    return findings


@st.composite
def tables(draw):
    size = draw(st.integers(1, 8))
    kind = draw(st.sampled_from([texts, st.integers(-3, 3), texts | st.integers(-3, 3)]))
    ids = draw(st.lists(kind, min_size=size, max_size=size))
    cells = draw(st.lists(texts | st.none(), min_size=size, max_size=size))
    frame = pd.DataFrame(
        {
            "place": np.arange(size),
            "text": pd.Series(cells, dtype="object"),
            "age": np.arange(size) / 2,
            "sex": "x",
            "approved": "no",
        }
    )
    dataset = replace(make_dataset(frame), row_ids=pd.Index(ids, dtype="object"))
    return dataset, draw(found(size))


@settings(max_examples=20, deadline=None)
@given(tables(), st.sampled_from(["csv", "parquet"]))
def test_whatever_was_found_the_files_add_up_to_the_input(table, format_):
    dataset, pairs = table
    findings = [one for one, _ in pairs]
    waived = [one for one, excused in pairs if excused]
    ledger = build_ledger(dataset, findings, waived)
    dispositions = split_rows(dataset, ledger)
    assert len(ledger) == sum(len(one.evidence.rows.positions) for one in findings)
    asked = [
        {one.evidence.rows.action for one, excused in pairs if not excused and place in one.evidence.rows.positions}
        for place in range(len(dataset))
    ]
    expected = ["quarantine" if "quarantine" in each else "review" if each else "clean" for each in asked]
    assert dispositions.tolist() == expected == split_positions(len(dataset), ledger).tolist()
    with tempfile.TemporaryDirectory() as folder:
        write_rows(dataset, ledger, dispositions, Path(folder) / "rows", format_)
        stored = read_ledger(Path(folder))
        places = {name: places_in(Path(folder) / "rows" / f"{name}.{format_}") for name in FILES}
    assert places == {name: [place for place, one in enumerate(expected) if one == name] for name in FILES}
    assert sum(map(len, places.values())) == len(dataset)
    assert stored["position"].tolist() == ledger["position"].tolist()
    assert stored["row_id"].astype(str).tolist() == [encoded(str(one)) for one in ledger["row_id"]]
    assert stored.columns.tolist() == list(COLUMNS)


def places_in(file: Path) -> list[int]:
    if file.suffix == ".parquet":
        return pd.read_parquet(file)["place"].tolist()
    with file.open(newline="", encoding="utf-8") as stream:
        return [int(row["place"]) for row in csv.DictReader(stream)]


def encoded(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def test_a_finding_on_one_column_means_the_cells_in_it(tmp_path):
    dataset = make_dataset(make_frame())
    ledger = build_ledger(
        dataset,
        [
            finding("DQ030", "failed", columns=["income"], evidence=flags([4, 5], "review", suggested=["1", None])),
            finding("DQ031", "failed", columns=["age"], evidence=flags([4], "review", suggested=["=2"])),
            finding("DQ100", "failed", columns=["age", "income"], evidence=flags([4])),
            finding("LN001", "failed", columns=["approved"], evidence=flags([4], "relabel", suggested=["yes"])),
        ],
    )
    assert ledger["column"].fillna("").tolist() == [
        "income", "age", "", "approved", "income",
    ]  # fmt: skip
    write_rows(dataset, ledger, split_rows(dataset, ledger), tmp_path / "rows", "csv")
    quarantine = pd.read_csv(tmp_path / "rows" / "quarantine.csv")
    assert json.loads(quarantine["assay_repair"][0]) == {"income": "1", "age": "=2"}
    assert quarantine["assay_suggested"].tolist() == ["yes"]
    assert quarantine["assay_why"].tolist() == ["DQ030: why; DQ031: why; DQ100: why; LN001: why"]
    review = pd.read_csv(tmp_path / "rows" / "review.csv")
    assert review["assay_repair"].isna().all()


def test_rows_that_a_row_repeats_are_named_unless_a_label_is_suggested(tmp_path):
    dataset = make_dataset(make_frame())
    repeated = flags([4, 5], "review", nearest=[[1], [2]])
    relabelled = flags([5], "relabel", suggested=["yes"], nearest=[[9]])
    ledger = build_ledger(
        dataset, [finding("DQ035", "failed", evidence=repeated), finding("LN001", "failed", evidence=relabelled)]
    )
    write_rows(dataset, ledger, split_rows(dataset, ledger), tmp_path / "rows", "csv")
    review = pd.read_csv(tmp_path / "rows" / "review.csv")
    assert review["assay_nearest"].tolist() == ["C0001", "C0009"]
    assert review["assay_suggested"].fillna("").tolist() == ["", "yes"]


def test_the_ledger_is_parquet_always_and_csv_where_the_others_are(tmp_path, sample_report):
    report = sample_report
    for format_ in ("csv", "parquet"):
        write_rows(report.dataset, report.ledger, report.dispositions, tmp_path / format_, format_)
        assert (tmp_path / format_ / "ledger.parquet").exists()
    assert (tmp_path / "csv" / "ledger.csv").exists()
    assert not (tmp_path / "parquet" / "ledger.csv").exists()
    stored = pd.read_parquet(tmp_path / "csv" / "ledger.parquet")
    pd.testing.assert_frame_equal(stored, report.ledger, check_dtype=False)
    assert (stored["position"].dtype, stored["score"].dtype, stored["waived"].dtype) == ("int64", "float64", "bool")


def test_a_reason_that_repeats_is_stored_once(tmp_path):
    dataset = make_dataset(make_frame())
    reason = "a long reason in words " * 400
    ledger = build_ledger(dataset, [finding("DQ011", "failed", evidence=flags(range(N), reason=reason))])
    write_rows(dataset, ledger, split_rows(dataset, ledger), tmp_path / "rows", "parquet")
    file = tmp_path / "rows" / "ledger.parquet"
    column = list(COLUMNS).index("reason")
    assert "RLE_DICTIONARY" in pq.ParquetFile(file).metadata.row_group(0).column(column).encodings
    assert file.stat().st_size < 3 * len(reason)


def test_the_ledger_in_csv_begins_no_formula(tmp_path):
    dataset = replace(make_dataset(make_frame()), row_ids=pd.Index([f"=HYPERLINK({i})" for i in range(N)]))
    evidence = flags([1], "review", ["@reason"], suggested=["+1+1"], nearest=[[2, 3]])
    ledger = build_ledger(dataset, [finding("DQ030", "failed", columns=["=age"], evidence=evidence)])
    write_rows(dataset, ledger, split_rows(dataset, ledger), tmp_path / "rows", "csv")
    with (tmp_path / "rows" / "ledger.csv").open(newline="") as stream:
        (entry,) = csv.DictReader(stream)
    assert entry["row_id"] == "'=HYPERLINK(1)"
    assert (entry["column"], entry["reason"], entry["suggested"]) == ("'=age", "'@reason", "'+1+1")
    assert entry["nearest"].startswith("'=HYPERLINK(2); ")
    assert read_ledger(tmp_path)["row_id"].tolist() == ["=HYPERLINK(1)"]


def test_ids_that_repeat_stay_apart_by_position(tmp_path):
    dataset = replace(make_dataset(make_frame()), row_ids=pd.Index(["same"] * N))
    ledger = build_ledger(dataset, [finding("DQ012", "failed", evidence=flags([3, 9], "review"))])
    assert ledger["position"].tolist() == [3, 9]
    write_rows(dataset, ledger, split_rows(dataset, ledger), tmp_path / "rows", "csv")
    review = pd.read_csv(tmp_path / "rows" / "review.csv")
    assert review["assay_row_id"].tolist() == ["same", "same"]
    assert review["customer"].tolist() == ["C0003", "C0009"]


@pytest.mark.parametrize(
    "ids",
    [
        pd.period_range("2026-01", periods=4, freq="M"),
        pd.date_range("2026-01-01", periods=4, tz="UTC"),
        pd.MultiIndex.from_product([[1, 2], ["a", "b"]]),
        pd.Index([2**70, 1, 2, 3], dtype="object"),
        pd.Index([1 + 2j] * 4),
        pd.Index([1, None, "x", 2.5], dtype="object"),
        pd.Index([b"x"] * 4),
        pd.CategoricalIndex(list("abca")),
    ],
    ids=lambda ids: f"{type(ids).__name__}-{ids.dtype}",
)
def test_ids_of_any_type_are_stored(tmp_path, ids):
    dataset = replace(make_dataset(make_frame(4)), row_ids=ids)
    ledger = build_ledger(dataset, [finding("DQ011", "failed", evidence=flags([0, 3]))])
    write_rows(dataset, ledger, split_rows(dataset, ledger), tmp_path / "rows", "parquet")
    assert read_ledger(tmp_path)["row_id"].map(str).tolist() == [str(ids.tolist()[0]), str(ids.tolist()[3])]


def test_parts_of_a_csv_file_join_without_a_seam(tmp_path, monkeypatch, sample_report):
    report = sample_report
    write_rows(report.dataset, report.ledger, report.dispositions, tmp_path / "whole", "csv")
    monkeypatch.setattr("assay.report.rows._PART", 7)
    write_rows(report.dataset, report.ledger, report.dispositions, tmp_path / "parts", "csv")
    for file in (tmp_path / "whole").glob("*.csv"):
        assert (tmp_path / "parts" / file.name).read_bytes() == file.read_bytes()


def test_names_of_columns_are_counted_once_however_many_parts(tmp_path, monkeypatch, make_report):
    dataset = make_dataset(make_frame().rename(columns={"income": "=income"}))
    report = make_report([], dataset=dataset)
    monkeypatch.setattr("assay.report.rows._PART", 10)
    write_rows(dataset, report.ledger, report.dispositions, tmp_path / "rows", "csv")
    # In each of the three files.
    assert "\n3 cells or column names" in (tmp_path / "rows" / "README.txt").read_text()


@pytest.mark.parametrize("positions", [[3, 2], [2, 2], [-1, 2]])
def test_positions_out_of_order_are_refused(positions):
    with pytest.raises(ContractError, match="must ascend from 0, each once"):
        RowFlags(np.array(positions), "why", Action.REVIEW)


def test_columns_of_other_lengths_are_refused_all_at_once():
    with pytest.raises(ContractError, match="2 positions, got: reason has 1, suggested has 3"):
        RowFlags(np.array([2, 3]), ["why"], Action.REVIEW, suggested=["a", None, "b"])


def test_a_ledger_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(StorageError, match="older version of Assay"):
        read_ledger(tmp_path)
    (tmp_path / "rows").mkdir()
    file = tmp_path / "rows" / "ledger.parquet"
    file.write_text("no parquet")
    with pytest.raises(StorageError, match="damaged"):
        read_ledger(tmp_path)
    pd.DataFrame({"row_id": [1], "check": ["DQ011"]}).to_parquet(file)
    with pytest.raises(StorageError, match="got none called position, subject, column"):
        read_ledger(tmp_path)


def test_a_run_that_is_killed_amid_the_row_files_leaves_no_audit(tmp_path):
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        import pandas as pd
        from assay.report import rows
        from assay.store import save_audit

        class Report:
            def write(self, folder):
                (folder / "report.json").write_text('{"schema": "assay-report/1"}')
                rows.write_parquet(pd.DataFrame({"a": [1]}), folder / "ledger.parquet")
                os.kill(os.getpid(), signal.SIGKILL)

        save_audit(Report(), Path(sys.argv[1]), "loans")
        """
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [path.name[0] for path in (tmp_path / "loans").iterdir()] == ["."]
    with pytest.raises(StorageError, match="no audit yet"):
        find_audit("latest", tmp_path)


def test_a_waived_finding_under_another_severity_stays_the_same_finding(make_report):
    waiver = {"check": "DQ011", "owner": "Ada", "reason": "known", "expires": "2026-12-31"}
    policy = {"severity": {"DQ011": "warning"}, "waivers": [waiver]}
    report = make_report([finding("DQ011", "failed", evidence=flags([5]))], policy=policy)
    assert report.ledger["waived"].tolist() == [True]
    assert set(report.dispositions) == {"clean"}
    assert report.to_dict()["waivers"]["used"][0]["finding"] == "DQ011-1"
