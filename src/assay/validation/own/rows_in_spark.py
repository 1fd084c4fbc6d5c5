"""The rules of `own.rows` as expressions of Spark, with the same answers: also where values are missing or tie."""

from __future__ import annotations

import json
import sys
from functools import reduce
from operator import add, and_, mul, or_
from typing import TYPE_CHECKING, Any

from assay.validation.own.kinds import among, kind_of
from assay.validation.own.rows import DETERMINES, FLOAT_ERROR, PRODUCT, SUM
from assay.validation.own.tables import keys_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Columns that `with_majorities` and `with_found` add.
_SAME, _AS_FREQUENT, _FOUND, _KEY = "assay_same", "assay_as_frequent", "assay_found", "assay_key"
_FLOATS = ("float", "double")


def _column(frame: Any, name: str) -> Any:
    """A column in which NaN is missing too, as in memory."""
    from pyspark.sql import functions

    column = functions.col("`" + name.replace("`", "``") + "`")
    return functions.when(~functions.isnan(column), column) if dict(frame.dtypes)[name] in _FLOATS else column


def _kind(frame: Any, name: str) -> str | None:
    return kind_of(dict(frame.dtypes)[name])


def time_as_text(column: Any) -> Any:
    """A column of times in ISO 8601 as a text file has it: without an hour at midnight."""
    from pyspark.sql import functions

    day = functions.to_date(column)
    return functions.when(column == day, day.cast("string")).otherwise(column.cast("string"))


def _missing(frame: Any, names: Sequence[str]) -> Any:
    return reduce(or_, (_column(frame, name).isNull() for name in names))


def _numbers(frame: Any, names: Sequence[str]) -> dict[str, Any]:
    others = [name for name in names if _kind(frame, name) not in ("integer", "number", "boolean")]
    if others:
        raise TypeError(f"Columns must be numbers, got others: {', '.join(others)}.")
    return {name: _column(frame, name).cast("double") for name in names}


def _adds_up(frame: Any, names: Sequence[str], kwargs: Mapping[str, Any]) -> Any:
    from pyspark.sql import functions

    numbers = _numbers(frame, names)
    total = numbers.pop(kwargs["total"])
    parts = list(numbers.values())
    size = reduce(add, (functions.abs(number) for number in (total, *parts)))
    return _near(_missing(frame, names), total, reduce(add, parts), kwargs, size)


def _multiplies(frame: Any, names: Sequence[str], kwargs: Mapping[str, Any]) -> Any:
    from pyspark.sql import functions

    numbers = _numbers(frame, names)
    product = numbers.pop(kwargs["product"])
    factor = 1.0 if kwargs.get("factor") is None else float(kwargs["factor"])
    computed = functions.lit(factor) * reduce(mul, numbers.values())
    return _near(_missing(frame, names), product, computed, kwargs, functions.abs(product))


def _near(missing: Any, stated: Any, computed: Any, kwargs: Mapping[str, Any], size: Any) -> Any:
    from pyspark.sql import functions

    off = functions.abs(stated - computed)
    near = off <= functions.lit(float(kwargs.get("tolerance") or 0.0)) + functions.lit(FLOAT_ERROR) * size
    # An infinity equals nothing that was computed; to Spark, NaN is greater than all numbers and equal to itself.
    finite = (size <= functions.lit(sys.float_info.max)) & ~functions.isnan(off)
    return functions.coalesce(missing | (near & finite), functions.lit(False))


def _determined(frame: Any, names: Sequence[str], kwargs: Mapping[str, Any]) -> Any:
    """On rows that `with_majorities` has counted: no other value is as frequent, or the value is the listed one."""
    from pyspark.sql import functions

    on = kwargs["determined"]
    by = [name for name in names if name != on]
    judged = functions.col(_SAME) == functions.col(_AS_FREQUENT)
    listed = {tuple(entry[:-1]): entry[-1] for entry in kwargs.get("mapping") or ()}
    for key, value in listed.items():
        here = [among([part], _kind(frame, name)) for name, part in zip(by, key, strict=True)]
        if not all(here):
            continue  # no row can have it
        has_key = reduce(and_, (_column(frame, name) == fit[0] for name, fit in zip(by, here, strict=True)))
        right = [_column(frame, on) == fit for fit in among([value], _kind(frame, on))]
        judged = functions.when(has_key, right[0] if right else functions.lit(False)).otherwise(judged)
    return functions.coalesce(_missing(frame, names) | judged, functions.lit(False))


KEEPS: Mapping[str, Callable[[Any, Sequence[str], Mapping[str, Any]], Any]] = {
    DETERMINES: _determined,
    SUM: _adds_up,
    PRODUCT: _multiplies,
}


def with_majorities(frame: Any, names: Sequence[str], on: str) -> Any:
    """A Spark frame with the two counts of `rows_in_sql.with_majorities`."""
    from pyspark.sql import Window, functions

    columns = {name: _column(frame, name) for name in names}
    by = [columns[name] for name in names if name != on]
    same = functions.count(functions.lit(1)).over(Window.partitionBy(*columns.values()))
    counted = frame.withColumn(_SAME, functions.when(~_missing(frame, names), same))
    as_frequent = Window.partitionBy(*by).orderBy(functions.col(_SAME).desc())
    return counted.withColumn(_AS_FREQUENT, functions.count(functions.col(_SAME)).over(as_frequent))


def with_found(frame: Any, name: str, file: str, key: str) -> Any:
    """A Spark frame with a column that is null where a value does not occur in column `key` of the table in `file`.

    Raises
    ------
    UnknownColumnTypeError, TooManyKeysError
        Where the values cannot be compared as they are in memory.
    """
    from pyspark.sql import functions

    kind = _kind(frame, name)
    keys = keys_for(file, key, kind)
    held = {"integer": "bigint", "number": "double", "text": "string", "boolean": "boolean"}[str(kind)]
    # As one text, they reach Spark without a Python process beside it.
    parsed = functions.from_json(functions.lit(json.dumps(keys)), f"array<{held}>")
    table = frame.sparkSession.range(1).select(functions.explode(parsed).alias(_KEY))
    table = table.withColumn(_FOUND, functions.lit(True))
    same = _column(frame, name).cast(held) == functions.col(_KEY)
    return frame.join(functions.broadcast(table), same, "left").drop(_KEY)


def in_table(frame: Any, name: str) -> Any:
    """On rows of `with_found`: whether the value is missing or occurs there."""
    from pyspark.sql import functions

    return _column(frame, name).isNull() | functions.col(_FOUND).isNotNull()
