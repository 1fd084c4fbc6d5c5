"""A table or a query in a database, held against a suite by Great Expectations' SQL engine and never loaded."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay.errors import InputError
from assay.validation.backends import gx
from assay.validation.backends.conditions import Language, translate
from assay.validation.backends.place import CHUNK, LostError, hold_in_parts
from assay.validation.backends.types import types_of_query, types_of_table
from assay.validation.engine import library
from assay.validation.own.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.sql.selectable import FromClause

    from assay.validation.engine import Raw
    from assay.validation.suite import Expectation

_UNIQUE = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")
# Of the columns that a query of ours adds; a table that has them too is not ambiguous, since they stand alone.
_KEY, _COPIES = "assay_key", "assay_copies"


def open_sql(
    engine: Engine,
    *,
    source: str,
    reason: Callable[[BaseException], str],
    table: tuple[str | None, str] | None = None,
    query: str | None = None,
) -> SqlPlace:
    """Look at the columns of a table, or of a query, in a database.

    Parameters
    ----------
    engine
        Must not be able to write; it is disposed of when the place is closed.
    source
        What the place is called, without secrets.
    reason
        Puts an error of the driver into words without secrets.
    table
        Schema (None for the default one) and name of a table or a view that is there.
    query
        One SELECT, in place of a table; it runs again for each question.

    Raises
    ------
    InputError
        Where the database cannot be reached, or the query fails.
    """
    import sqlalchemy as sa

    snapshot = None
    try:
        snapshot = _hold_snapshot(engine)
        with engine.connect() as link:
            rows = sa.table(table[1], schema=table[0]) if table is not None else _of_query(link, str(query))
            first = link.execute(sa.select(sa.text("*")).select_from(rows).limit(0))
            columns = dict.fromkeys(first.keys(), "")
            columns |= types_of_query(link, first) if table is None else types_of_table(link, *table)
    except sa.exc.SQLAlchemyError as error:
        _release(snapshot)
        engine.dispose()
        raise InputError(
            f"Reading {source} failed: {reason(error)}. Correct `data`, or see to the database."
        ) from None
    schema, name = table or (None, None)
    return SqlPlace(source, columns, engine, rows, reason, schema, name, snapshot)


@dataclass(slots=True)
class SqlPlace:
    """See `Place`. On PostgreSQL all questions are put to one snapshot of the database."""

    source: str
    columns: Mapping[str, str]
    _engine: Engine
    _rows: FromClause
    _reason: Callable[[BaseException], str]
    _schema: str | None
    _table: str | None
    _snapshot: Connection | None
    engine: str = "SQL"
    lost: str = field(default="", init=False)

    def count_rows(self, condition: str | None = None) -> int | None:
        """Rows that meet a condition."""
        import sqlalchemy as sa

        return self._number(sa.select(sa.func.count()).select_from(self._selected(condition)))

    def count_keys(self, key: str) -> int | None:
        """Different values of a column; a missing one is none."""
        import sqlalchemy as sa

        return self._number(sa.select(sa.func.count(sa.distinct(sa.column(key)))).select_from(self._rows))

    def hold(self, expectations: Sequence[Expectation]) -> list[Raw]:
        """What becomes of each expectation."""
        return hold_in_parts(self, expectations, self._run)

    def check(self) -> None:
        """Note in `lost` whether the database still answers."""
        import sqlalchemy as sa

        try:
            with self._engine.connect() as link:
                link.execute(sa.select(sa.literal(1)))
        except sa.exc.SQLAlchemyError as error:
            self.lost = self._reason(error)

    def failing_keys(self, item: Expectation, key: str) -> Iterator[Sequence[Any]] | None:
        """Values of `key` in the rows that break an expectation, from a cursor in the database where it has one."""
        query = self._failing(item, key)
        return None if query is None else self._stream(query)

    def close(self) -> None:
        """Close all connections."""
        _release(self._snapshot)
        self._engine.dispose()

    def _run(self, expectations: Sequence[Expectation]) -> list[Raw]:
        return gx.run(self._validator(expectations[0]), expectations)

    def _validator(self, item: Expectation) -> Any:
        """Great Expectations on the rows that an expectation is about."""
        import sqlalchemy as sa

        library()
        from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData

        from assay.validation.backends.engines import SqlEngine

        engine = SqlEngine(engine=self._engine, create_temp_table=False)
        if self._table is None:
            known = getattr(self._engine.dialect, "ischema_names", {})
            engine.query_columns = {name: known.get(kind, sa.types.NullType)() for name, kind in self.columns.items()}
        engine.kinds = {name: kind_of(type_name) for name, type_name in self.columns.items()}
        if self._engine.dialect.name == "sqlite":
            engine.times_as_texts = frozenset(name for name, kind in engine.kinds.items() if kind == "time")
        data = SqlAlchemyBatchData(
            execution_engine=engine,
            selectable=sa.select(sa.text("*")).select_from(self._selected(item.kwargs.get("row_condition"))),
            create_temp_table=False,
            # For the types of the columns, which a selection does not have.
            source_table_name=self._table,
            source_schema_name=self._schema,
        )
        return gx.validator_of(engine, data)

    def _selected(self, condition: str | None) -> FromClause:
        import sqlalchemy as sa

        if condition is None:
            return self._rows
        rows = sa.select(sa.text("*")).select_from(self._rows).where(translate(condition, _language()))
        return rows.subquery("selected")

    def _failing(self, item: Expectation, key: str) -> Select[Any] | None:
        """A query for the keys of the rows that break an expectation."""
        import sqlalchemy as sa

        if item.kind in _UNIQUE:
            return self._repeated(item, key)
        validator = self._validator(item)
        found = gx.unexpected_condition(validator, item)
        if found is None:
            return None
        condition, domain = found
        rows = validator.execution_engine.get_domain_records(domain_kwargs=domain)
        rows = rows.subquery("asked") if isinstance(rows, sa.Select) else rows
        return sa.select(sa.column(key)).select_from(rows).where(condition)

    def _repeated(self, item: Expectation, key: str) -> Select[Any]:
        """The keys of rows that share their values with another.

        The condition that is counted with reads a table of values and counts, in which there is no key.
        """
        import sqlalchemy as sa

        names = item.kwargs.get("column_list") or [item.kwargs["column"]]
        columns: list[ColumnElement[Any]] = [sa.column(name) for name in names]
        ignored = item.kwargs.get("ignore_row_if", "all_values_are_missing")
        present = {"all_values_are_missing": sa.or_, "any_value_is_missing": sa.and_}.get(ignored)
        copies = sa.func.count().over(partition_by=columns).label(_COPIES)
        counted: Any = sa.select(sa.column(key).label(_KEY), copies).select_from(
            self._selected(item.kwargs.get("row_condition"))
        )
        if present is not None:
            counted = counted.where(present(*(column.is_not(None) for column in columns)))
        rows = counted.subquery("counted")
        return sa.select(rows.c[_KEY]).where(rows.c[_COPIES] > 1)

    def _stream(self, query: Select[Any]) -> Iterator[Sequence[Any]]:
        import sqlalchemy as sa

        try:
            with self._engine.connect() as link:
                # Of the query, and not of the connection: what begins its transaction is no query with a cursor.
                for rows in link.execute(query, execution_options={"yield_per": CHUNK}).partitions():
                    yield [row[0] for row in rows]
        except sa.exc.SQLAlchemyError as error:
            raise LostError(self._reason(error)) from None

    def _number(self, query: Select[Any]) -> int | None:
        import sqlalchemy as sa

        try:
            with self._engine.connect() as link:
                return int(link.execute(query).scalar_one())
        except sa.exc.SQLAlchemyError:
            self.check()
            return None


def _language() -> Language:
    import sqlalchemy as sa

    return Language(
        column=sa.column,
        literal=sa.literal,
        is_missing=lambda column: column.is_(None),
        among=lambda column, values: column.in_(values),
    )


def _of_query(link: Connection, query: str) -> FromClause:
    """The rows of a query, whose text only the user knows."""
    import sqlalchemy as sa

    # No colon in it is a parameter, and a comment at its end must not swallow the bracket.
    text = query.strip().rstrip(";").replace(":", "\\:") + "\n"
    names = link.execute(sa.select(sa.text("*")).select_from(sa.text(f"({text}) AS audited")).limit(0)).keys()
    return sa.text(text).columns(*map(sa.column, names)).subquery("audited")


def _hold_snapshot(engine: Engine) -> Connection | None:
    """Let all transactions of a PostgreSQL engine see one state of the database, as long as the connection is open.

    Without it a table that grows meanwhile has more failing rows when they are named than when they were counted.
    """
    import sqlalchemy as sa

    if engine.url.get_backend_name() != "postgresql":
        return None
    isolated = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
    holder = engine.connect()
    try:
        holder.exec_driver_sql(isolated)
        name = holder.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
    except sa.exc.DBAPIError as error:
        holder.close()
        if error.connection_invalidated:
            raise
        return None  # PostgreSQL's relatives do not have it; counts and keys are compared all the same
    quoted = str(name).replace("'", "")

    def join_snapshot(link: Connection) -> None:
        link.exec_driver_sql(isolated)
        link.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{quoted}'")

    sa.event.listen(engine, "begin", join_snapshot)
    return holder


def _release(snapshot: Connection | None) -> None:
    import sqlalchemy as sa

    if snapshot is not None:
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            snapshot.close()
