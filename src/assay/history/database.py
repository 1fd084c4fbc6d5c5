"""Where a history lives: one SQLite file or a PostgreSQL database, which many audits write to at once."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from assay.data_config import hide_secrets
from assay.errors import ConfigurationError, HistoryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

FILE = "history.db"
OFF = "off"
DIALECTS = ("sqlite", "postgresql")
# How long a writer waits for the others: ten audits that end at once write for a fraction of a second each.
WAIT_SECONDS = 30.0
# "assay" in ASCII: the advisory lock by which writers of one PostgreSQL database wait for each other.
_LOCK = 0x6173736179
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class History:
    """A history that may not exist yet.

    Attributes
    ----------
    url
        For SQLAlchemy, with its password.
    """

    url: sa.URL

    @property
    def shown(self) -> str:
        """The file, or the URL without secrets."""
        if self.file is not None:
            return str(self.file)
        return hide_secrets(self.url.render_as_string(hide_password=False))

    @property
    def file(self) -> Path | None:
        """File of a SQLite database."""
        return Path(self.url.database or "") if self.url.get_backend_name() == "sqlite" else None

    @contextmanager
    def reading(self) -> Iterator[sa.Connection | None]:
        """A transaction that reads; None where there is no history yet.

        Raises
        ------
        HistoryError
            Where it cannot be read, or is of another version.
        """
        # SQLite would make an empty database of that name.
        if self.file is not None and not self.file.exists():
            yield None
            return
        with self._transaction("DEFERRED", "read") as link:
            yield link if self._is_there(link) else None

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that alone writes; the tables are made where they are missing.

        Raises
        ------
        HistoryError
            Where it cannot be written: locked for too long, read-only, a full disk, another version.
        """
        if self.file is not None and not self.file.parent.is_dir():
            raise HistoryError(f"{self.shown} cannot be written: its folder does not exist. Make it.")
        with self._transaction("IMMEDIATE", "written") as link:
            if link.dialect.name == "postgresql":
                link.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            if not self._is_there(link):
                from assay.history.tables import create

                create(link)
            yield link

    @contextmanager
    def _transaction(self, kind: str, done: str) -> Iterator[sa.Connection]:
        from sqlalchemy.exc import DatabaseError, InterfaceError

        engine = self._engine(kind)
        try:
            with engine.begin() as link:
                yield link
        except (DatabaseError, InterfaceError) as error:
            raise HistoryError(
                f"The history {self.shown} cannot be {done}: {self._reason(error.orig)}. Repair it, or name another "
                "one (output.history); `assay history --rebuild` makes it again from the stored audits."
            ) from None
        finally:
            engine.dispose()

    def _engine(self, kind: str) -> sa.Engine:
        import sqlalchemy as sa

        if self.file is None:
            try:
                wait = round(WAIT_SECONDS * 1000)
                arguments = {"connect_timeout": round(WAIT_SECONDS), "options": f"-c lock_timeout={wait}"}
                return sa.create_engine(self.url, poolclass=sa.NullPool, connect_args=arguments)
            except ModuleNotFoundError:
                raise HistoryError(
                    f"The history {self.shown} needs a driver of PostgreSQL, which is not installed. Install it: "
                    "`pip install 'assay[postgresql]'`."
                ) from None
        engine = sa.create_engine(self.url, poolclass=sa.NullPool, connect_args={"timeout": WAIT_SECONDS})

        # The driver begins a transaction at its first change only: two could read, and then both want to write.
        @sa.event.listens_for(engine, "connect")
        def _leave_transactions_to_us(link: Any, _record: object) -> None:
            link.isolation_level = None

        @sa.event.listens_for(engine, "begin")
        def _begin(link: sa.Connection) -> None:
            link.exec_driver_sql("PRAGMA foreign_keys = ON")
            link.exec_driver_sql(f"BEGIN {kind}")

        return engine

    def _is_there(self, link: sa.Connection) -> bool:
        """Whether the tables are there, in the version that this Assay knows."""
        import sqlalchemy as sa

        from assay.history.tables import VERSION, version

        tables = set(sa.inspect(link).get_table_names())
        if version.name not in tables:
            if tables & {"audits", "findings", "metrics"}:
                raise HistoryError(
                    f"{self.shown} must be a history of Assay or an empty database, got one with tables of others. "
                    "Name another one (output.history)."
                )
            return False
        found = link.execute(sa.select(version.c.version)).scalars().all()
        if found != [VERSION]:
            newer = bool(found) and max(found) > VERSION
            remedy = (
                "It was written by a newer Assay: use that, or name another history (output.history)."
                if newer
                else "Move it away, and make a new one: `assay history --rebuild`."
            )
            shown = ", ".join(map(str, found)) or "none"
            raise HistoryError(f"{self.shown} must be a history of version {VERSION}, got {shown}. {remedy}")
        return True

    def _reason(self, error: BaseException | None) -> str:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        text = lines[0].rstrip(".")
        parameters = [
            word for value in self.url.query.values() for word in ([value] if isinstance(value, str) else value)
        ]
        for secret in sorted((str(self.url.password or ""), *parameters), key=len, reverse=True):
            if secret and self.file is None:
                text = text.replace(secret, "***").replace(quote(secret, safe=""), "***")
        return text[:_MAX_REASON]


def find_history(folder: Path, setting: str | None = None) -> History | None:
    """History of the audits in `folder`.

    Parameters
    ----------
    folder
        Folder of all audits.
    setting
        `output.history`: a SQLAlchemy URL of SQLite or PostgreSQL in which ${NAME} stands for an environment variable,
        "off", or None for `history.db` in the folder.

    Returns
    -------
    History or None
        None for "off".

    Raises
    ------
    ConfigurationError
        Where the URL cannot be read, names another kind of database, or a variable is not set. No message holds the
        password.
    """
    if setting == OFF:
        return None
    import sqlalchemy as sa

    if setting is None:
        return History(sa.URL.create("sqlite", database=str((folder / FILE).absolute())))
    unset = [name for name in dict.fromkeys(_VARIABLE.findall(setting)) if name not in os.environ]
    if unset:
        raise ConfigurationError(
            [f"output.history needs the environment variable {name}, which is not set. Set it." for name in unset]
        )
    try:
        url = sa.make_url(_VARIABLE.sub(_value, setting))
        dialect = url.get_backend_name()
    except (sa.exc.ArgumentError, ValueError):
        dialect = ""
    if dialect not in DIALECTS or (dialect == "sqlite" and _is_no_file(url.database)):
        raise ConfigurationError(
            "output.history must be 'off' or a URL such as sqlite:///history.db or "
            "postgresql://user:${PASSWORD}@host/database, got another text. Correct it."
        )
    return History(_with_installed_driver(url))


def _value(found: re.Match[str]) -> str:
    value = os.environ[found[1]]
    return value if "://" in value else quote(value, safe="")


def _is_no_file(database: str | None) -> bool:
    return not database or database.startswith((":", "file:"))


def _with_installed_driver(url: sa.URL) -> sa.URL:
    """Let `postgresql://` mean the driver that is installed."""
    from importlib.util import find_spec

    lacking = find_spec("psycopg") is not None and find_spec("psycopg2") is None
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" and lacking else url
