"""Types of columns in a suite that was written for pandas, held against the types of a database or of Spark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assay.validation.engine import Raw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
# What databases and Spark call a type, without its length, in capitals.
_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(
        ("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "INTEGER", "BIGINT", "INT2", "INT4", "INT8"), "integer"
    ),
    **dict.fromkeys(("NUMERIC", "DECIMAL", "NUMBER", "REAL", "FLOAT", "DOUBLE", "DOUBLE PRECISION"), "number"),
    **dict.fromkeys(("CHAR", "NCHAR", "VARCHAR", "NVARCHAR", "VARCHAR2", "TEXT", "STRING", "CLOB", "ENUM"), "text"),
    **dict.fromkeys(("BOOLEAN", "BOOL"), "boolean"),
    **dict.fromkeys(("DATE", "DATETIME", "TIMESTAMP", "TIMESTAMP_NTZ", "TIMESTAMP WITH TIME ZONE"), "time"),
}


def held_by_type(item: Expectation, columns: Mapping[str, str]) -> Raw | None:
    """What becomes of an expectation that a column has a type of pandas.

    A column of integers with gaps is one of floats in memory, so that integers are numbers too.

    Parameters
    ----------
    item
        Any expectation.
    columns
        Name -> type, in the words of the place.

    Returns
    -------
    Raw or None
        None where the expectation is another one, names a type that is not of pandas, or the type of the column
        is not known: then it is for Great Expectations to answer.
    """
    asked = _asked(item)
    kinds = {_IN_MEMORY.get(name) for name in asked}
    there = columns.get(item.kwargs.get("column", ""), "")
    kind = kind_of(there)
    if kind is None or not kinds or None in kinds:
        return None
    return Raw(kind in kinds or (kind == "integer" and "number" in kinds), {"observed_value": there})


def kind_of(name: str) -> str | None:
    """Whether a type of a place holds "integer", "number", "text", "boolean" or "time"; None where it is not known."""
    return _ELSEWHERE.get(re.sub(r"\s*\(.*?\)", "", name).strip().upper())


def _asked(item: Expectation) -> Sequence[str]:
    if item.kind == _ONE:
        return [str(item.kwargs.get("type_"))]
    return [str(name) for name in item.kwargs.get("types_list") or ()] if item.kind == _SEVERAL else ()
