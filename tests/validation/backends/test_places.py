"""What only a place of its own can do: go away, hold more rows than memory, refuse to be written to, keep a secret."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from place_rules import rule
from postgres_server import postgres_server

from assay.errors import ConfigurationError, InputError
from assay.ingest.database import open_database
from assay.validation.backends import sql

PRESENT = rule("column_values_to_not_be_null", column="end")
OLD = rule("column_values_to_be_between", column="Age in Years", max_value=120)
YOUNG = rule("column_values_to_be_between", column="Age in Years", min_value=0, row_condition="flag == True")


def stop_after(monkeypatch, parts, stop):
    """Stop a server when some groups of expectations have been held."""
    run, done = sql.SqlPlace._run, []

    def counted(self, expectations):
        found = run(self, expectations)
        done.append(expectations)
        if len(done) == parts:
            stop()
        return found

    monkeypatch.setattr(sql.SqlPlace, "_run", counted)


@pytest.fixture
def server(table):
    """A PostgreSQL that a test may stop."""
    with postgres_server() as running:
        engine = sa.create_engine(running.url)
        table.to_sql("loans", engine, index=False)
        engine.dispose()
        yield running


def test_a_database_that_goes_away_is_an_error_and_never_failed_or_passed(server, validated, monkeypatch):
    stop_after(monkeypatch, 1, server.stop)
    # The second has a row condition, and is asked on its own.
    document = validated({"connection": server.url, "table": "loans"}, [PRESENT, OLD, YOUNG, YOUNG])
    first, second, *rest = document["findings"]
    assert [f["status"] for f in (first, second)] == ["failed", "failed"]  # counted before
    assert "cannot be named" in first["message"]
    assert [f["status"] for f in rest] == ["error", "error"]
    assert "can be reached" in rest[0]["remedy"]
    assert document["verdict"] == "reject"  # for what was counted
    assert document["ledger"].empty


def test_a_database_that_goes_away_first_is_undecided(server, validated, monkeypatch):
    run = sql.SqlPlace._run

    def gone(self, expectations):
        server.stop()
        monkeypatch.setattr(sql.SqlPlace, "_run", run)
        return run(self, expectations)

    monkeypatch.setattr(sql.SqlPlace, "_run", gone)
    document = validated(
        {"connection": server.url, "table": "loans"}, [OLD, YOUNG, rule("table_row_count_to_equal", value=240)]
    )
    assert {f["status"] for f in document["findings"]} == {"error"}
    assert document["verdict"] == "undecided"


def test_a_connection_that_is_cut_is_an_error(server, validated, monkeypatch):
    """The snapshot that all questions share ends with it: a later answer would be about another table."""

    def cut():
        engine = sa.create_engine(server.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as link:
            link.execute(
                sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            )
        engine.dispose()

    stop_after(monkeypatch, 1, cut)
    document = validated({"connection": server.url, "table": "loans"}, [PRESENT, YOUNG])
    assert document["findings"][1]["status"] == "error"


def test_rows_that_come_meanwhile_change_nothing(server, table, validated, monkeypatch):
    def grow():
        engine = sa.create_engine(server.url)
        with engine.begin() as link:
            link.execute(sa.text("INSERT INTO loans (id) SELECT generate_series(5000, 5100)"))
        engine.dispose()

    stop_after(monkeypatch, 1, grow)
    document = validated({"connection": server.url, "table": "loans"}, [PRESENT])
    assert document["findings"][0]["evidence"]["n"] == 240
    assert len(document["ledger"]) == table["end"].isna().sum()
    assert document["ledger"]["row_id"].max() < 5000


def test_all_keys_come_and_not_the_first_two_hundred(tmp_path, validated):
    rows = 50_000
    frame = pd.DataFrame({"id": [f"k{i}" for i in range(rows)], "x": np.arange(rows) % 2, "y": "no"})
    engine = sa.create_engine(f"sqlite:///{tmp_path}/many.db")
    frame.to_sql("many", engine, index=False)
    engine.dispose()
    ask = [
        rule("column_values_to_be_in_set", column="x", value_set=[0]),
        rule("column_values_to_be_unique", "warning", column="x"),
    ]
    document = validated({"connection": f"sqlite:///{tmp_path}/many.db", "table": "many"}, ask)
    ledger = document["ledger"]
    named = ledger.loc[ledger["severity"] == "critical", "row_id"]
    assert set(named) == set(frame.loc[frame["x"] == 1, "id"])
    assert (ledger["severity"] == "warning").sum() == rows
    assert (document["rows"]["quarantine"], document["rows"]["review"]) == (rows // 2, rows // 2)


@pytest.mark.parametrize(
    ("ids", "counted"),
    [([1, 2, 3, 4], True), ([1, 1, 2, 3], False), ([1, None, 2, 3], False), (["a", 1, "b", 2], True)],
)
def test_keys_that_do_not_tell_rows_apart(tmp_path, validated, ids, counted):
    url = f"sqlite:///{tmp_path}/few.db"
    engine = sa.create_engine(url)
    with engine.begin() as link:
        link.execute(sa.text("CREATE TABLE few (id, x INTEGER, y TEXT)"))
        link.execute(sa.text("INSERT INTO few VALUES (:id, NULL, 'no')"), [{"id": i} for i in ids])
    engine.dispose()
    document = validated({"connection": url, "table": "few"}, [rule("column_values_to_not_be_null", column="x")])
    assert document["findings"][0]["status"] == "failed"
    assert (document["rows"]["clean"] is not None) == counted
    assert len(document["ledger"]) == 4


def test_without_an_id_rows_are_counted_and_not_named(in_sqlite, validated):
    document = validated(in_sqlite, [PRESENT], id=None)
    assert "no column is configured as `id`" in document["findings"][0]["message"]
    assert document["ledger"].empty
    assert document["rows"]["clean"] is None
    page = (document["place"] / "report.html").read_text()
    assert "cannot be counted" in page
    assert "Label noise" not in page


def test_one_expectation_that_raises_takes_no_other_with_it(in_postgres, validated):
    wrong = rule("column_value_lengths_to_equal", column="id", value=4)  # PostgreSQL has no length of a number
    unknown = rule("column_values_to_be_dateutil_parseable", column="select")
    document = validated(in_postgres, [PRESENT, wrong, OLD, unknown])
    assert [f["status"] for f in document["findings"]] == ["failed", "error", "failed", "error"]
    assert "no such rule for this engine (SQL)" in document["findings"][3]["message"]


def test_rows_in_a_database_have_no_order(in_sqlite, validated):
    rising = [rule("column_values_to_be_increasing", severity, column="id") for severity in ("info", "critical")]
    counted = rule("table_row_count_to_equal", value=240)
    info, critical = (validated(in_sqlite, [item, counted]) for item in rising)
    assert {document["findings"][0]["status"] for document in (info, critical)} == {"inconclusive"}
    assert [info["verdict"], critical["verdict"]] == ["pass", "undecided"]


def test_equal_expectations_have_a_finding_each(in_sqlite, validated):
    assert len(validated(in_sqlite, [PRESENT, PRESENT])["findings"]) == 2


def test_no_secret_is_told(monkeypatch, validated):
    pytest.importorskip("psycopg2")
    monkeypatch.setenv("DB_PASSWORD", "s3cr3t:/@$")
    data = {"connection": "postgresql+psycopg2://u:${DB_PASSWORD}@127.0.0.1:1/db", "table": "loans"}
    with pytest.raises(InputError) as caught:
        validated(data, [PRESENT])
    assert "s3cr3t" not in str(caught.value)
    assert "Correct data.connection" in str(caught.value)


def test_nothing_can_be_written(in_postgres, in_sqlite):
    for data in (in_postgres, in_sqlite):
        engine = open_database(data["connection"]).engine
        with engine.connect() as link, pytest.raises(sa.exc.DBAPIError, match=r"read.?only"):
            link.execute(sa.text('DELETE FROM "Loans 2026"'))
        engine.dispose()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"table": "loan"}, "Loans 2026"),
        ({"table": None, "query": "DELETE FROM x"}, "must begin with SELECT"),
        ({"table": None, "query": 'SELECT * FROM "Loans 2026" WHERE id < 0'}, "must have rows, got none"),
        ({"table": None, "query": "SELECT * FROM nowhere"}, "no such table"),
    ],
)
def test_what_is_not_there_is_refused(in_sqlite, validated, change, words):
    with pytest.raises(InputError, match=words):
        validated({**in_sqlite, **change}, [PRESENT])


def test_a_backend_that_does_not_fit_is_refused(in_sqlite, in_memory, validated):
    with pytest.raises(ConfigurationError, match="needs Parquet files"):
        validated(in_sqlite, [PRESENT], validation={"backend": "spark"})
    with pytest.raises(ConfigurationError, match=r"needs `data\.connection`"):
        validated(in_memory, [PRESENT], validation={"backend": "sql"})


def test_an_empty_suite_is_undecided(in_sqlite, validated):
    assert validated(in_sqlite, [])["verdict"] == "undecided"
