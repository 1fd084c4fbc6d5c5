"""`assay rows`: the rows that an audit points at."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from assay.deciding import WaivedFinding
from assay.findings import Action, Evidence, Finding, RowFlags, Severity, Status, Subject


def finding(code, positions=None, action="review", *, column="income", status="failed", reason="why", **rest):
    rows = None if positions is None else RowFlags(np.array(positions), reason, Action(action), **rest)
    evidence = Evidence("rows", rows=rows)
    subject = Subject((column,) if isinstance(column, str) else column)
    remedy = f"Mend {code}."
    return Finding(
        code, f"Title of {code}", Severity.WARNING, Status(status), "message", subject, evidence, remedy=remedy
    )


FINDINGS = (
    finding("DQ004", [1, 2, 3], reason="a marker"),
    finding("DQ011", [2, 7], "quarantine", column=(), reason="repeats", nearest=[[9, 8], []]),
    finding("DQ030", [3], column="y", reason=["spelt [bold]oddly[/bold]\x1b"], suggested=["ye\u202es"]),
    finding("DQ100", [5], column=("income", "y")),
    finding("DQ003", status="passed"),
    finding("DQ018"),
    finding("DQ017", status="error"),
)


@pytest.fixture
def save(audit_file, make_report, tmp_path):
    """Store an audit with findings on rows, whose ids are r0, r1, ...; return its directory."""

    def build(findings=FINDINGS, *, rows="csv", waived=()):
        report = make_report("reject")
        output = report.config.output.model_copy(update={"rows": rows})
        pairs = tuple(WaivedFinding(_waiver(one.code), one) for one in waived)
        report = replace(
            report,
            config=report.config.model_copy(update={"output": output}),
            dataset=replace(report.dataset, row_ids=pd.Index([f"r{at}" for at in range(200)])),
            findings=tuple(findings),
            ruling=replace(report.ruling, reasons=(), waived=pairs),
        )
        return report.save(tmp_path / "audits")

    return build


def _waiver(code):
    from assay.config import Waiver

    return Waiver(check=code, owner="Ada", reason="known", expires="2030-01-01")


@pytest.fixture
def told(assay, save):
    """Entries that the command prints as JSON."""
    save()

    def run(*options):
        result = assay("rows", "latest", *options, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    return run


def test_counts_rows_reasons_and_what_to_do(assay, save):
    save()
    shown = assay("rows").stdout
    assert "5 rows of 200, 7 reasons." in shown
    assert "Title of DQ004" in shown
    for text in ("r1", "a marker", "repeats", "quarantine", "review: ye", "Mend DQ004.", "--output rows.csv"):
        assert text in shown
    assert "[bold]oddly[/bold]" in shown
    assert "Compare with: r9; r8." in " ".join(shown.split())
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_each_choice_narrows_what_is_shown(told):
    assert [(one["row_id"], one["check"]) for one in told()] == [
        ("r1", "DQ004"), ("r2", "DQ004"), ("r2", "DQ011"), ("r3", "DQ004"), ("r3", "DQ030"), ("r5", "DQ100"),
        ("r7", "DQ011"),
    ]  # fmt: skip
    assert {one["row_id"] for one in told("--check", "DQ011")} == {"r2", "r7"}
    assert {one["check"] for one in told("--check", "dq011", "--check", "DQ030")} == {"DQ011", "DQ030"}
    assert [one["check"] for one in told("--row", "r2")] == ["DQ004", "DQ011"]
    assert {one["row_id"] for one in told("--row", "r2", "--row", "r5")} == {"r2", "r5"}
    assert {one["check"] for one in told("--column", "income")} == {"DQ004", "DQ100"}
    assert {one["check"] for one in told("--column", "y")} == {"DQ030", "DQ100"}
    assert {one["check"] for one in told("--action", "quarantine")} == {"DQ011"}
    assert {one["row_id"] for one in told("--limit", 2)} == {"r1", "r2"}
    assert told("--check", "DQ011", "--column", "income") == []


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_values_come_from_the_row_files(assay, save, format_):
    save(rows=format_, waived=FINDINGS[:1])
    entries = json.loads(assay("rows", "--values", "--json").stdout)
    # Row 1 is clean, since its finding is waived; row 2 is in quarantine, and row 3 in review.
    assert [(one["row_id"], float(one["income"])) for one in entries] == [
        (f"r{at}", at * 0.5) for at in (1, 2, 2, 3, 3, 5, 7)
    ]
    assert {one["y"] for one in entries} == {"no", "yes"}
    assert [one["waived"] for one in entries] == [True, True, False, True, False, False, False]
    shown = assay("rows", "--values", "--limit", 1).stdout
    assert "income = 0.5; y = yes" in shown
    assert "(waived)" in shown
    assert "income = " not in assay("rows").stdout


def test_values_of_a_file_with_other_rows_are_refused(assay, save):
    file = save() / "rows" / "quarantine.csv"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    result = assay("rows", "--values")
    assert result.exit_code == 2
    assert "must have 2 rows, as when it was written, got 1" in result.stderr
    file.unlink()
    assert "missing or damaged" in assay("rows", "--values").stderr
    assert assay("rows").exit_code == 0


def test_csv_on_standard_output_and_in_files(assay, save, tmp_path):
    save((finding("DQ004", [1], reason="=1+1"),))
    printed = assay("rows", "--csv").stdout
    (entry,) = csv.DictReader(io.StringIO(printed))
    assert (entry["row_id"], entry["reason"]) == ("r1", "'=1+1")
    for ending, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet), ("json", pd.read_json)):
        file = tmp_path / f"found.{ending}"
        result = assay("rows", "--values", "--output", file)
        assert (result.exit_code, f"Wrote {file}" in result.stdout) == (0, True)
        table = read(file)
        assert (table["row_id"].tolist(), table["income"].astype(float).tolist()) == (["r1"], [0.5])
    assert not list(tmp_path.glob(".*.partial"))


def test_a_column_of_the_data_with_a_name_of_the_ledger_is_kept(assay, audit_file, make_report, tmp_path):
    report = make_report("reject", column="reason")
    report = replace(
        report, findings=(finding("DQ004", [1], column="reason"),), ruling=replace(report.ruling, reasons=())
    )
    report.save(tmp_path / "audits")
    (entry,) = json.loads(assay("rows", "--values", "--json").stdout)
    assert (entry["reason"], entry["reason_"]) == ("why", "0.5")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--check", "DQ04"], "--check must be the code of a check, got 'DQ04'. Nearest: DQ004"),
        (["--check", "DQ012"], "--check DQ012 did not run in this audit"),
        (["--row", "r1", "--row", "r0", "--row", "zz"], "No finding points at a row 'r0'"),
        (["--column", "incom"], "--column must be a column of the data, got 'incom'. Nearest: income."),
        (["--json", "--csv"], "At most one of --csv, --json and --output"),
        (["--output", "rows.txt"], "--output must be a file that ends in .csv, .json or .parquet, got 'rows.txt'"),
        (["--output", "no/such/folder/rows.csv"], "cannot be written: No such file or directory"),
    ],
)
def test_mistakes_are_2_and_say_what_would_be_right(assay, save, options, words):
    save()
    result = assay("rows", *options)
    assert result.exit_code == 2
    assert words in result.stderr


def test_all_mistakes_are_told_at_once(assay, save):
    save()
    told = assay("rows", "--check", "XX", "--row", "nobody", "--column", "nothing").stderr
    assert all(word in told for word in ("'XX'", "'nobody'", "'nothing'"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--check", "DQ003"], "DQ003 (Title of DQ003) passed, and points at no row."),
        (["--check", "DQ018"], "DQ018 (Title of DQ018) failed as a whole, and points at no single row."),
        (["--check", "DQ017"], "which rows it would point at is not known"),
        (["--check", "DQ011", "--column", "y"], "No finding points at such a row."),
    ],
)
def test_nothing_to_show_is_no_mistake_and_says_why(assay, save, options, words):
    save()
    result = assay("rows", *options)
    assert result.exit_code == 0
    assert words in " ".join(result.stdout.split())
    assert assay("rows", *options, "--csv").stdout.startswith("row_id,position,check")


def test_an_audit_without_any_row(assay, save):
    save((finding("DQ003", status="passed"),))
    shown = assay("rows").stdout
    assert "No finding points at any row." in shown
    assert "such a row" not in shown
    assert assay("rows", "--values").exit_code == 0


def test_rows_that_a_database_knows_by_one_id_are_told_apart(assay, save):
    file = save((finding("DQ004", [1]),)) / "rows" / "ledger.parquet"
    ledger = pd.read_parquet(file)
    same = pd.concat([ledger] * 3, ignore_index=True).assign(position=pd.array([None] * 3, dtype="Int64"))
    same.to_parquet(file, index=False)
    lines = [line for line in assay("rows").stdout.splitlines() if "DQ004" in line and "why" in line]
    assert len(lines) == 3
    assert all(line.startswith("r1 ") for line in lines)


def test_an_audit_of_an_older_version_says_so(assay, save):
    (save() / "rows" / "ledger.parquet").unlink()
    result = assay("rows")
    assert result.exit_code == 2
    assert "older version of Assay" in result.stderr


@pytest.mark.parametrize("how", ["directory", "id", "prefix", "folder"])
def test_the_audit_is_found_as_by_show(assay, save, how):
    place = save()
    run = {"directory": place, "id": place.name, "prefix": f"loans/{place.name[:12]}", "folder": "audits"}[how]
    assert "5 rows of 200" in assay("rows", run).stdout
    assert assay("rows", "20200101").exit_code == 2


def test_twenty_rows_are_shown_and_the_others_counted(assay, save):
    save((finding("DQ004", range(90)),))
    shown = assay("rows").stdout
    assert "90 rows of 200" in shown
    assert "r19" in shown
    assert "r20" not in shown
    assert "and 70 more rows" in shown
    assert len(json.loads(assay("rows", "--json").stdout)) == 90


def test_a_wide_table_shows_the_columns_in_question_first(assay, audit_file, make_report, tmp_path):
    report = make_report("reject")
    wide = pd.DataFrame({f"column {number:03}": "x" * 300 for number in range(300)}, index=range(200))
    wide["y"] = report.dataset.frame["y"]
    dataset = replace(report.dataset, frame=wide, roles=replace(report.dataset.roles, features=()))
    found = (finding("DQ004", [1], column="column 200"),)
    replace(report, dataset=dataset, findings=found, ruling=replace(report.ruling, reasons=())).save(
        tmp_path / "audits"
    )
    shown = " ".join(assay("rows", "--values").stdout.split())
    assert "column 200 = xxx" in shown
    assert "and 289 more columns" in shown
    assert "column 050" not in shown
