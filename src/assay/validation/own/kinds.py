"""What a column of a database or of Spark holds, by the name of its type, and which values can be among it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What databases and Spark call a type, without its length, in capitals.
_KINDS: Mapping[str, str] = {
    **dict.fromkeys(
        ("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "INTEGER", "BIGINT", "INT2", "INT4", "INT8"), "integer"
    ),
    **dict.fromkeys(("NUMERIC", "DECIMAL", "NUMBER", "REAL", "FLOAT", "DOUBLE", "DOUBLE PRECISION"), "number"),
    **dict.fromkeys(("CHAR", "NCHAR", "VARCHAR", "NVARCHAR", "VARCHAR2", "TEXT", "STRING", "CLOB", "ENUM"), "text"),
    **dict.fromkeys(("CHARACTER", "CHARACTER VARYING", "UUID"), "text"),
    **dict.fromkeys(("BOOLEAN", "BOOL"), "boolean"),
    **dict.fromkeys(("DATE", "DATETIME", "TIMESTAMP", "TIMESTAMP_NTZ"), "time"),
    **dict.fromkeys(("TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITHOUT TIME ZONE"), "time"),
}
# As a table of texts writes them.
_TRUTH = {"true": True, "false": False}


def kind_of(name: str) -> str | None:
    """Whether a type of a place holds "integer", "number", "text", "boolean" or "time"; None where it is not known."""
    return _KINDS.get(re.sub(r"\s*\(.*?\)", "", name).strip().upper())


def among(values: Iterable[Any], kind: str | None) -> list[Any]:
    """Those of some values that a column of a kind can hold, as it holds them.

    Databases refuse to compare values of different types. In memory these are different: no text is a number. A
    column of truth values with gaps is one of texts there, so that "True" stands for true.

    Parameters
    ----------
    values
        From a suite: plain values of JSON.
    kind
        See `kind_of`; where it is None or "time" the values are left to the place.
    """
    if kind in (None, "time"):
        return list(values)
    fitting = (_as_kind(value, str(kind)) for value in values)
    return list(dict.fromkeys(value for value in fitting if value is not None))


def _as_kind(value: Any, kind: str) -> Any:
    """A value as a column of a kind holds it; None where it cannot."""
    if kind == "text":
        return value if isinstance(value, str) else None
    if kind == "boolean" and isinstance(value, str):
        return _TRUTH.get(value.lower())
    if not isinstance(value, int | float):
        return None
    if kind == "boolean":
        return bool(value) if value in (0, 1) else None
    return int(value) if isinstance(value, bool) else value
