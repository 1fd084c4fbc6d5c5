"""Types of columns in a suite that was written for pandas, held against the types of a database or of Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.validation.engine import Raw
from assay.validation.own.kinds import kind_of
from assay.validation.own.tables import UnknownColumnTypeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import CursorResult
    from sqlalchemy.engine import Connection

    from assay.validation.suite import Expectation

_ONE, _SEVERAL = "expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list"

# What pandas and NumPy call a type, by what it holds. Names that a database has too mean what the database means.
_IN_MEMORY: Mapping[str, str] = {
    **dict.fromkeys(("int", "int8", "int16", "int32", "int64", "Int64", "uint8", "uint16", "uint32"), "integer"),
    **dict.fromkeys(("float16", "float32", "float64", "Float64"), "number"),
    **dict.fromkeys(("str", "object", "category"), "text"),
    **dict.fromkeys(("bool", "bool_"), "boolean"),
    **dict.fromkeys(("datetime64", "datetime64[ns]", "datetime64[us]", "datetime64[s]", "Timestamp"), "time"),
}
# What a column may be in memory instead: with a missing value, or read from a text file.
_ALSO: Mapping[str, str] = {"integer": "number", "boolean": "text", "time": "text"}


def held_by_type(item: Expectation, columns: Mapping[str, str]) -> Raw | None:
    """What becomes of an expectation that a column has a type of pandas.

    A column of integers with gaps is one of floats in memory, so that integers are numbers too. One of truth values
    with gaps is one of texts, and so is one of dates that was read from a text file.

    Parameters
    ----------
    item
        Any expectation.
    columns
        Name -> type, in the words of the place.

    Returns
    -------
    Raw or None
        None where the expectation is another one, or names a type that is not of pandas, or the type of the column
        is one of the database's own: then it is for Great Expectations to answer. An error where the type of the
        column is not known, as of queries in most databases.
    """
    asked = _asked(item)
    kinds = {_IN_MEMORY.get(name) for name in asked}
    there = columns.get(item.kwargs.get("column", ""), "")
    if asked and not there:
        return Raw(None, failure=UnknownColumnTypeError.__name__)
    kind = kind_of(there)
    if kind is None or not kinds or None in kinds:
        return None
    return Raw(kind in kinds or _ALSO.get(kind) in kinds, {"observed_value": there})


def _asked(item: Expectation) -> Sequence[str]:
    if item.kind == _ONE:
        return [str(item.kwargs.get("type_"))]
    return [str(name) for name in item.kwargs.get("type_list") or ()] if item.kind == _SEVERAL else ()


def types_of_table(link: Connection, schema: str | None, name: str) -> dict[str, str]:
    """Name -> type of the columns of a table or a view, less those without a type, as expressions in views have."""
    import sqlalchemy as sa

    columns = sa.inspect(link).get_columns(name, schema=schema)
    return {column["name"]: str(column["type"]) for column in columns if str(column["type"]) != "NULL"}


def types_of_query(link: Connection, result: CursorResult[Any]) -> dict[str, str]:
    """Name -> type of the columns of a query: PostgreSQL tells, of other databases they are not known."""
    import sqlalchemy as sa

    if link.dialect.name != "postgresql" or result.cursor is None:
        return {}
    codes = {column[0]: column[1] for column in result.cursor.description}
    oid: Any = sa.column("oid")
    asked = sa.select(sa.cast(oid, sa.BigInteger), sa.func.format_type(oid, None)).select_from(sa.table("pg_type"))
    names = {int(code): str(name) for code, name in link.execute(asked.where(oid.in_(set(codes.values()))))}
    return {name: names[code] for name, code in codes.items() if code in names}
