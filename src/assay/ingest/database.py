"""The result of a SQL query, through SQLAlchemy."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pandas as pd

from assay.data_config import hide_secrets
from assay.errors import InputError
from assay.ingest.names import column_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import URL, Connection, CursorResult, Engine

_VARIABLE = re.compile(r"\$\{(\w+)\}")
# The text of a driver's error can be long, and can quote the data.
MAX_REASON = 200
_SHOWN_TABLES = 20
# Words with which a statement begins that returns rows and is not made to change any.
READING = ("SELECT", "WITH", "VALUES", "TABLE")
# By dialect: what makes a database refuse to write, from here to the end of the transaction or the connection.
READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
}
# Comments, texts and quoted names, in which a semicolon ends nothing.
_QUOTED = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`", re.DOTALL)
# Inside an ODBC connection string.
_PASSWORD = re.compile(r"(?i)(?:pwd|password|passwd|token|secret|key)\s*=\s*([^;&]+)")
# Modules whose package has another name.
PACKAGES = {"MySQLdb": "mysqlclient", "psycopg2": "psycopg2-binary"}


def read_query(connection: str, query: str) -> tuple[pd.DataFrame, str]:
    """Rows of a query, and the database's URL without its password.

    Parameters
    ----------
    connection
        SQLAlchemy URL; ${NAME} stands for an environment variable, whose text may hold any character unless it is
        a URL itself.
    query
        One statement that begins with SELECT, WITH, VALUES or TABLE. It runs in a transaction that is rolled back,
        and that may not write where the database knows such transactions (`READ_ONLY`). No more than that can be
        promised: a function that the query calls may do anything. A user who may only read is the sure way.

    Raises
    ------
    InputError
        Where the query is another statement, a variable is not set, the driver is not installed, the database cannot
        be reached, the query fails or returns no rows. No message holds the password.
    """
    refuse_statements(query)
    return _read(open_database(connection), lambda link: link.exec_driver_sql(query), "a query", "data.query")


def read_table(connection: str, table: str) -> tuple[pd.DataFrame, str]:
    """Rows of a table or a view, and the database's URL without its password.

    Parameters
    ----------
    connection
        As for `read_query`.
    table
        A name, or "schema.name".

    Raises
    ------
    InputError
        As for `read_query`, and where there is no such table.
    """
    import sqlalchemy as sa

    database = open_database(connection)

    def rows(link: Connection) -> CursorResult[Any]:
        schema, name = find_table(link, table)
        return link.execute(sa.select(sa.text("*")).select_from(sa.table(name, schema=schema)))

    return _read(database, rows, f"table {table}", "data.table")


def find_table(link: Connection, table: str) -> tuple[str | None, str]:
    """Schema, None for the default one, and name of a table or a view.

    Raises
    ------
    InputError
        Where there is none; the message names those of the default schema.
    """
    import sqlalchemy as sa

    inspector = sa.inspect(link)
    schema, _, rest = table.rpartition(".")
    # A name may hold a dot itself.
    for place, name in ((None, table), (schema or None, rest)):
        if inspector.has_table(name, schema=place):
            return place, name
    names = sorted([*inspector.get_table_names(), *inspector.get_view_names()])
    listed = ", ".join(names[:_SHOWN_TABLES]) + ", ..." * (len(names) > _SHOWN_TABLES)
    raise InputError(
        f"data.table must be a table or a view, got '{table}', which is not there. Correct it; the default schema has "
        f"{listed or 'none'}."
    )


def _read(
    database: Database, ask: Callable[[Connection], CursorResult[Any]], what: str, key: str
) -> tuple[pd.DataFrame, str]:
    from sqlalchemy.exc import SQLAlchemyError

    source = f"{what} on {database.shown}"
    try:
        with database.engine.connect() as link:
            result = ask(link)
            if not result.returns_rows:
                raise InputError(f"{key} must return rows, got a statement that does not. Begin it with SELECT.")
            names = column_names(result.keys())
            rows = [tuple(row) for row in result]
            link.rollback()
    except SQLAlchemyError as error:
        raise InputError(
            f"Reading {source} failed: {database.reason(error)}. Correct {key} or data.connection."
        ) from None
    finally:
        database.engine.dispose()
    if not rows:
        raise InputError(f"Reading {source} must return rows, got none. Correct {key}.")
    return pd.DataFrame.from_records(rows, columns=names), source


@dataclass(frozen=True, slots=True)
class Database:
    """A database that is read, and nothing else.

    Attributes
    ----------
    engine
        Every transaction of it is told not to write, where the database knows such transactions (`READ_ONLY`).
    shown
        Its URL without secrets.
    """

    engine: Engine
    shown: str

    def reason(self, error: BaseException) -> str:
        """What the driver said, on one line, cut, without any secret of the URL."""
        from sqlalchemy.exc import DBAPIError

        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        return _reason(cause, self.engine.url)


def open_database(connection: str) -> Database:
    """Make ready to read a database; nothing is sent to it yet.

    Parameters
    ----------
    connection
        As for `read_query`.

    Raises
    ------
    InputError
        Where a variable is not set, the URL cannot be read or the driver is not installed. No message holds the
        password.
    """
    from sqlalchemy import event

    url = _url(connection)
    engine = _engine(url)
    if (read_only := READ_ONLY.get(url.get_backend_name())) is not None:
        event.listen(engine, "begin", lambda link: link.exec_driver_sql(read_only))
    return Database(engine, _shown(url))


def _url(connection: str) -> URL:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    unset = [name for name in dict.fromkeys(_VARIABLE.findall(connection)) if name not in os.environ]
    if unset:
        raise InputError(
            [f"data.connection needs the environment variable {name}, which is not set. Set it." for name in unset]
        )
    try:
        url = make_url(_VARIABLE.sub(_value, connection))
    except (ArgumentError, ValueError):
        raise InputError(
            "data.connection must be a SQLAlchemy URL such as postgresql://user:${PASSWORD}@host/database, got a "
            "text that cannot be read as one. Correct it."
        ) from None
    if url.get_backend_name() == "sqlite" and _is_absent(url.database):
        # SQLite would make an empty database of that name.
        raise InputError(f"The SQLite database {url.database} does not exist. Correct data.connection.")
    return url


def _value(found: re.Match[str]) -> str:
    value = os.environ[found[1]]
    return value if "://" in value else quote(value, safe="")


def _is_absent(database: str | None) -> bool:
    if not database or database == ":memory:" or database.startswith("file:"):
        return False
    return not Path(database).exists()


def _engine(url: URL) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        return create_engine(_with_installed_driver(url))
    except ModuleNotFoundError as error:
        module = str(error.name).partition(".")[0]
        raise InputError(
            f"data.connection needs the Python module {module} for {url.drivername}, which is not installed. "
            f"Install it: `pip install {PACKAGES.get(module, module)}`."
        ) from None
    except (NoSuchModuleError, ArgumentError):
        raise InputError(
            f"data.connection must name a database that SQLAlchemy knows, got '{url.drivername}'. Correct it, or "
            "install the package of its dialect."
        ) from None


def _with_installed_driver(url: URL) -> URL:
    """Let `postgresql://` mean psycopg2 where it is installed and SQLAlchemy's own choice, psycopg 3, is not."""
    from importlib.util import find_spec

    lacking = find_spec("psycopg") is None and find_spec("psycopg2") is not None
    return url.set(drivername="postgresql+psycopg2") if url.drivername == "postgresql" and lacking else url


def _shown(url: URL) -> str:
    return hide_secrets(url.render_as_string(hide_password=False))


def _reason(error: BaseException, url: URL) -> str:
    text = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    # The longest first: one secret may be part of another.
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text[:MAX_REASON]


def _secrets(url: URL) -> set[str]:
    """All texts of the URL that may be secret, as they stand and percent-encoded."""
    parameters = [word for value in url.query.values() for word in ((value,) if isinstance(value, str) else value)]
    # A password with an "@" in it leaves its end before the host.
    words = [str(url.password or ""), (url.host or "").rpartition("@")[0], *parameters]
    words += [found for text in parameters for found in _PASSWORD.findall(text)]
    return {form for word in words if word for form in (word, quote(word, safe=""))}


def refuse_statements(query: str) -> None:
    """Let pass what only reads, as far as its text can tell.

    Raises
    ------
    InputError
        Where a query is another statement than one that reads, or several.
    """
    bare = _QUOTED.sub(lambda found: " " if found[0].startswith(("-", "/")) else "''", query).strip()
    word = re.match(r"\w*", bare.lstrip("( \t\r\n"))
    first = word[0].upper() if word else ""
    if first not in READING:
        raise InputError(
            f"data.query must begin with {', '.join(READING[:-1])} or {READING[-1]}, got a statement that does not. "
            "An audit only reads: name the rows to be audited."
        )
    if bare.rstrip("; \t\r\n").count(";"):
        raise InputError("data.query must be one statement, got several. Keep the one that returns the rows.")
