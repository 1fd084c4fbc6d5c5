import sqlite3

import pandas as pd
import pytest

from assay.config_file import parse_config
from assay.errors import InputError
from assay.ingest import read_dataset


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "loans.db"
    with sqlite3.connect(path) as link:
        pd.DataFrame({"a": [1, None, 3], "t": ["x", "ä", None], "y": ["p", "n", "p"]}).to_sql(
            "loans", link, index=False
        )
    link.close()
    return path


def read(connection, query="SELECT * FROM loans", **settings):
    return read_dataset(parse_config({"label": "y", "data": {"connection": connection, "query": query}, **settings}))


def refused(connection, query="SELECT * FROM loans"):
    with pytest.raises(InputError) as caught:
        read(connection, query)
    return str(caught.value)


def test_query(database):
    data = read(f"sqlite:///{database}")
    assert data.frame["a"].tolist()[::2] == [1, 3]
    frame = pd.DataFrame({"a": [1, None, 3], "t": ["x", "ä", None], "y": ["p", "n", "p"]})
    assert data.fingerprint == read_dataset(parse_config({"label": "y"}), frame=frame).fingerprint
    assert data.source == f"a query on sqlite:///{database}"


def test_colons_and_percent_signs_in_the_query_are_left_alone(database):
    data = read(f"sqlite:///{database}", "SELECT *, ' :x 50%' AS note FROM loans")
    assert set(data.frame["note"]) == {" :x 50%"}


def test_environment(database, monkeypatch):
    monkeypatch.setenv("LOANS_URL", f"sqlite:///{database}")
    assert len(read("${LOANS_URL}")) == 3
    text = refused("postgresql://u:${NO_SUCH_SECRET}@h/${NOR_THIS}")
    assert "NO_SUCH_SECRET" in text
    assert "NOR_THIS" in text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT * FROM loan", "no such table"),
        ("SELECT FROM", "syntax error"),
        ("SELEC", "must begin with SELECT, WITH, VALUES or TABLE"),
        ("SELECT * FROM loans WHERE a > 99", "got none"),
        ("SELECT a, a, y FROM loans", "more than once: 'a'"),
        ("DELETE FROM loans", "must begin with SELECT"),
    ],
)
def test_queries_that_fail(database, query, words):
    assert words in refused(f"sqlite:///{database}", query)


def test_a_statement_changes_nothing(database):
    refused(f"sqlite:///{database}", "DELETE FROM loans")
    assert len(read(f"sqlite:///{database}")) == 3


def test_absent_or_broken_database(tmp_path):
    assert "does not exist" in refused(f"sqlite:///{tmp_path}/no.db")
    assert not (tmp_path / "no.db").exists()
    (tmp_path / "bad.db").write_bytes(b"not a database at all" * 100)
    assert "not a database" in refused(f"sqlite:///{tmp_path}/bad.db")


def test_connections_that_cannot_be(monkeypatch):
    assert "SQLAlchemy URL" in refused("no url, secret hunter2")
    assert "hunter2" not in refused("no url, secret hunter2")
    text = refused("nosuchdb://u:hunter2@h/d")
    assert "nosuchdb" in text
    assert "hunter2" not in text


def test_missing_driver_names_its_package():
    text = refused("postgresql+pg8000://u:hunter2@h/d")
    assert "pip install pg8000" in text
    assert "hunter2" not in text


def test_password_stays_out_of_errors_and_source(monkeypatch):
    from sqlalchemy.engine import make_url

    from assay.ingest.database import _reason, _shown, _url

    monkeypatch.setenv("SECRET", "p@ss/w:rd")
    url = _url("postgresql://u:${SECRET}@host/db?password=other")
    assert url.password == "p@ss/w:rd"
    assert _shown(url) == "postgresql://u:***@host/db"
    assert _reason(ValueError("login with p@ss/w:rd and other failed"), url) == "login with *** and *** failed"
    assert _reason(ValueError(), make_url("sqlite://")) == "ValueError"


@pytest.mark.parametrize(
    "query",
    [
        "drop table loans",
        "/* SELECT */ DROP TABLE loans",
        "-- SELECT\nDELETE FROM loans RETURNING *",
        "PRAGMA query_only = OFF",
        "SELECT 1; DROP TABLE loans",
        "WITH x AS (SELECT 1) DELETE FROM loans RETURNING *",
        "WITH x AS (SELECT 1) INSERT INTO loans SELECT 1, 'a', 'p' RETURNING *",
        "",
    ],
)
def test_no_query_changes_the_database(database, query):
    before = database.read_bytes()
    assert refused(f"sqlite:///{database}", query)
    assert database.read_bytes() == before
    assert len(read(f"sqlite:///{database}")) == 3


@pytest.mark.parametrize(
    "query",
    [
        "  /* all; rows */ -- really;\n select * from loans ;  -- end",
        "WITH x AS (SELECT * FROM loans) SELECT * FROM x",
        "SELECT *, 'a;b' AS \"n;m\" FROM loans",
    ],
)
def test_queries_that_only_read(database, query):
    assert len(read(f"sqlite:///{database}", query)) == 3


def test_a_password_in_pieces_stays_out_of_errors():
    from sqlalchemy.engine import make_url

    from assay.ingest.database import _reason, _shown

    url = make_url("postgresql://u:p@SS@host/db")
    assert _shown(url) == "postgresql://u:***@host/db"
    odbc = make_url("mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3Dhunter2%3B")
    assert _shown(odbc) == "mssql+pyodbc:///"
    assert _reason(ValueError("login with hunter2 failed"), odbc) == "login with *** failed"
