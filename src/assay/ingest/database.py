"""The result of a SQL query, through SQLAlchemy."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pandas as pd

from assay.config import hide_secrets
from assay.errors import InputError
from assay.ingest.names import column_names

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Engine

_VARIABLE = re.compile(r"\$\{(\w+)\}")
# The text of a driver's error can be long, and can quote the data.
MAX_REASON = 200
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
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    _refuse_statements(query)
    url = _url(connection)
    engine = _engine(url)
    shown = _shown(url)
    try:
        with engine.connect() as link:
            if (read_only := READ_ONLY.get(url.get_backend_name())) is not None:
                link.exec_driver_sql(read_only)
            result = link.exec_driver_sql(query)
            if not result.returns_rows:
                raise InputError("data.query must return rows, got a statement that does not. Begin it with SELECT.")
            names = column_names(result.keys())
            rows = [tuple(row) for row in result]
            link.rollback()
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        raise InputError(
            f"The query on {shown} failed: {_reason(cause, url)}. Correct data.query or data.connection."
        ) from None
    finally:
        engine.dispose()
    if not rows:
        raise InputError(f"The query on {shown} must return rows, got none. Correct data.query.")
    return pd.DataFrame.from_records(rows, columns=names), f"a query on {shown}"


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
        return create_engine(url)
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


def _refuse_statements(query: str) -> None:
    """Let pass what only reads, as far as its text can tell."""
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
