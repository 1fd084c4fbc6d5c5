"""The result of a SQL query, through SQLAlchemy."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pandas as pd

from assay.errors import InputError
from assay.ingest.names import column_names

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Engine

_VARIABLE = re.compile(r"\$\{(\w+)\}")
# The text of a driver's error can be long, and can quote the data.
MAX_REASON = 200
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
        Run as it stands, in a transaction that is rolled back.

    Raises
    ------
    InputError
        Where a variable is not set, the driver is not installed, the database cannot be reached, the query fails or
        returns no rows. No message holds the password.
    """
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    url = _url(connection)
    engine = _engine(url)
    shown = _shown(url)
    try:
        with engine.connect() as link:
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
    return url.set(query={}).render_as_string(hide_password=True)


def _reason(error: BaseException, url: URL) -> str:
    text = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:MAX_REASON]
    secrets: list[Any] = [url.password, *url.query.values()]
    for secret in secrets:
        for word in (secret,) if isinstance(secret, str) else secret or ():
            text = text.replace(word, "***") if word else text
    return text
