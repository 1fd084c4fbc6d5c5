"""`assay validate`: exit codes, what is printed and written, and that nothing is trained."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import sqlalchemy as sa


@pytest.fixture
def project(tmp_path):
    """A database, a suite of one rule, and a configuration."""

    def write(rule: dict, data: str = "{connection: 'sqlite:///t.db', table: loans}", more: str = "") -> str:
        frame = pd.DataFrame({"id": range(150), "age": [20, 30, 150] * 50, "y": ["no", "yes"] * 75})
        engine = sa.create_engine(f"sqlite:///{tmp_path}/t.db")
        frame.to_sql("loans", engine, index=False, if_exists="replace")
        engine.dispose()
        frame.to_csv(tmp_path / "t.csv", index=False)
        (tmp_path / "s.json").write_text(json.dumps({"name": "s", "expectations": [rule] if rule else []}))
        path = tmp_path / "audit.yaml"
        path.write_text(f"data: {data}\nlabel: y\nid: id\nvalidation: {{suite: s.json}}\n{more}")
        return str(path)

    return write


def between(top: float, severity: str = "critical") -> dict:
    kwargs = {"column": "age", "min_value": 0, "max_value": top}
    return {"type": "expect_column_values_to_be_between", "kwargs": kwargs, "meta": {"severity": severity}}


MEDIAN = {"type": "expect_column_values_to_be_increasing", "kwargs": {"column": "id"}}


@pytest.mark.parametrize(
    ("rule", "code", "verdict"),
    [
        (between(200), 0, "pass"),
        (between(100), 1, "reject"),
        (between(100, "warning"), 3, "undecided"),  # nothing passed
        (MEDIAN, 3, "undecided"),  # no database has an order of rows
        ({}, 3, "undecided"),
    ],
)
def test_the_exit_code_is_the_verdict(assay, project, rule, code, verdict):
    result = assay("validate", project(rule), "--json", "--no-save")
    assert result.exit_code == code, result.stderr
    told = json.loads(result.stdout)
    assert (told["verdict"], told["rows"]["total"], told["directory"]) == (verdict, 150, None)


@pytest.mark.parametrize("data", ["{connection: 'sqlite:///t.db', table: loans}", "t.csv"])
def test_the_report_is_that_of_an_audit(assay, project, tmp_path, data):
    from jsonschema import validate as conform

    from assay.report import page

    result = assay("validate", project(between(100), data), "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "break their suite" in result.stdout
    (place,) = tmp_path.glob("out/*/*")
    assert {path.name for path in place.iterdir()} >= {"report.html", "report.json", "report.md", "junit.xml", "rows"}
    document = json.loads((place / "report.json").read_text())
    schema = json.loads((page.Path(page.__file__).parent / "templates" / "report.schema.json").read_text())
    conform(document, schema)
    assert [family["family"] for family in document["families"]] == ["DQ"]
    assert document["rows"] | {"ledger": 0, "format": ""} == {
        "total": 150, "clean": 100, "quarantine": 50, "review": 0, "ledger": 0, "format": ""
    }  # fmt: skip
    assert set(pd.read_parquet(place / "rows" / "ledger.parquet")["row_id"]) == set(range(2, 150, 3))
    assert "Model health" not in (place / "report.html").read_text()
    shown = assay("show", "latest", "--folder", tmp_path / "out", "--json")
    assert json.loads(shown.stdout)["verdict"] == "reject"


@pytest.mark.parametrize(("format_", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_the_rows_of_a_file_are_split_as_by_an_audit(assay, project, tmp_path, format_, read):
    assay("validate", project(between(100), "t.csv", f"output: {{rows: {format_}}}"), "-o", tmp_path / "out")
    (place,) = tmp_path.glob("out/*/*")
    files = {name: read(place / "rows" / f"{name}.{format_}") for name in ("clean", "quarantine", "review")}
    assert {name: len(rows) for name, rows in files.items()} == {"clean": 100, "quarantine": 50, "review": 0}
    assert json.loads((place / "report.json").read_text())["rows"]["format"] == format_
    assert "quarantine   50 rows" in (place / "rows" / "README.txt").read_text()
    shown = assay("rows", place, "--values", "--json")
    assert shown.exit_code == 0
    assert {str(one["age"]) for one in json.loads(shown.stdout)} == {"150"}


def test_of_a_table_in_a_database_there_are_ids_and_no_values(assay, project, tmp_path):
    assay("validate", project(between(100)), "-o", tmp_path / "out")
    (place,) = tmp_path.glob("out/*/*")
    assert [path.name for path in (place / "rows").iterdir()] == ["ledger.parquet"]
    assert assay("rows", place).exit_code == 0
    refused = assay("rows", place, "--values")
    assert refused.exit_code == 2
    said = " ".join(refused.stderr.split())
    assert "leaves the rows of a table where they live" in said
    assert "Run the audit again" not in said


def test_a_waiver_counts_here_too(assay, project):
    waiver = "policy: {waivers: [{check: DQ100, owner: me, reason: known, expires: 2999-01-01}]}"
    result = assay("validate", project(between(100), more=waiver), "--json", "--no-save")
    assert json.loads(result.stdout)["rows"]["quarantine"] == 0


def test_without_a_suite_there_is_nothing_to_validate(assay, project, tmp_path):
    path = project(between(1))
    (tmp_path / "audit.yaml").write_text("data: t.csv\nlabel: y\n")
    result = assay("validate", path)
    assert result.exit_code == 2
    assert "validation.suite must name a suite" in result.stderr


def test_quiet_prints_nothing(assay, project):
    result = assay("validate", project(between(200)), "--quiet", "--no-save")
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_table_is_read_by_an_audit_too(assay, project, tmp_path):
    from assay.config_file import load_config
    from assay.ingest import read_dataset

    data = read_dataset(load_config(project(between(1))))
    assert len(data) == 150
    assert data.source.startswith("table loans on sqlite")
