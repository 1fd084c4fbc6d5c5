"""Cells of a reference, counted where the rows are: in a database, or in Spark.

The answers are those of `drift.comparing.count_cells`, with three differences: there is no median; times count as the
database or the session of Spark tells them; and a text where numbers were is an error of the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.validation.drift.summary import CATEGORY, DATE, DAYTIME, HOURS, MIN_SPAN, NUMBER, Cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assay.validation.drift.summary import Summary

_BOOLEANS = {"True": ("true", "t", "1"), "False": ("false", "f", "0")}


def count_in_sql(execute: Any, rows: Any, name: str, summary: Summary, *, sqlite: bool) -> Cells | None:
    """Rows of a selectable in each cell; None where nothing can be compared.

    Parameters
    ----------
    execute
        Takes a query and returns its result.
    rows, name
        A selectable of SQLAlchemy, and its column.
    summary
        Of the reference.
    sqlite
        Whether the database keeps times as texts.
    """
    import sqlalchemy as sa

    column: Any = sa.column(name)
    if summary.kind == DAYTIME and not _spans_days(execute(_ends(rows, column)).one()):
        return None
    last = len(summary.shares) - 1
    tests: list[tuple[Any, int]] = [(column.is_(None), last)]
    if summary.kind == CATEGORY:
        text = sa.cast(column, sa.String)
        tests += [(sa.func.lower(text).in_(words), cell) for words, cell in _booleans(summary)]
        tests += [(text == value, cell) for cell, value in enumerate(summary.listed)] if len(tests) == 1 else []
    elif summary.kind == NUMBER:
        tests += [(column == value, cell) for cell, value in enumerate(summary.listed)]
        tests += [(column <= edge, len(summary.listed) + cell) for cell, edge in enumerate(summary.up_to)]
    elif summary.kind == DAYTIME:
        hour = sa.extract("hour", column if sqlite else sa.cast(column, sa.TIMESTAMP))
        tests += [(hour.is_(None), last - 1)]
        tests += [(hour < HOURS * (cell + 1), cell) for cell in range(24 // HOURS - 1)]
    cells = sa.select(sa.case(*tests, else_=last - 2).label("cell")).select_from(rows).subquery("cells")
    return _cells(execute(sa.select(cells.c.cell, sa.func.count()).group_by(cells.c.cell)).all(), last + 1)


def count_in_spark(frame: Any, name: str, summary: Summary) -> Cells | None:
    """Rows of a Spark frame in each cell; None where nothing can be compared."""
    from pyspark.sql import functions

    column = functions.col(f"`{name}`")
    last = len(summary.shares) - 1
    tests = [(column.isNull(), last)]
    if summary.kind == CATEGORY:
        text = column.cast("string")
        tests += [(functions.lower(text).isin(*words), cell) for words, cell in _booleans(summary)]
        tests += [(text == value, cell) for cell, value in enumerate(summary.listed)] if len(tests) == 1 else []
    elif summary.kind == NUMBER:
        tests += [(functions.isnan(column.cast("double")), last)]
        tests += [(column == value, cell) for cell, value in enumerate(summary.listed)]
        tests += [(column <= edge, len(summary.listed) + cell) for cell, edge in enumerate(summary.up_to)]
    else:
        time = functions.to_timestamp(column)
        ends = [functions.date_format(end(time), "yyyy-MM-dd'T'HH:mm:ss") for end in (functions.min, functions.max)]
        if summary.kind == DAYTIME and not _spans_days(frame.select(*ends).first()):
            return None
        hour = functions.hour(time)
        tests += [(hour.isNull(), last - 1)]
        tests += [(hour < HOURS * (cell + 1), cell) for cell in range(24 // HOURS - 1)] if summary.kind != DATE else []
    chosen = functions.when(*tests[0])
    for test, cell in tests[1:]:
        chosen = chosen.when(test, cell)
    counted = frame.select(chosen.otherwise(last - 2).alias("cell")).groupBy("cell").count().collect()
    return _cells(counted, last + 1)


def newest_in_sql(execute: Any, rows: Any, name: str) -> pd.Timestamp | None:
    """The latest time of a column; None where there is none, or it is a text that is not in ISO 8601."""
    import sqlalchemy as sa

    return _as_time(execute(_ends(rows, sa.column(name))).one()[1])


def newest_in_spark(frame: Any, name: str) -> pd.Timestamp | None:
    """The latest time of a column; None where there is none."""
    from pyspark.sql import functions

    newest = functions.max(functions.to_timestamp(functions.col(f"`{name}`")))
    return _as_time(frame.select(functions.date_format(newest, "yyyy-MM-dd'T'HH:mm:ss")).first()[0])


def _ends(rows: Any, column: Any) -> Any:
    import sqlalchemy as sa

    return sa.select(sa.func.min(column), sa.func.max(column)).select_from(rows)


def _spans_days(ends: Sequence[Any]) -> bool:
    first, last = map(_as_time, ends)
    # Without any time all is missing or unreadable, which compares.
    return first is None or last is None or last - first >= MIN_SPAN


def _as_time(value: Any) -> pd.Timestamp | None:
    if isinstance(value, str):
        read = pd.to_datetime(value, utc=True, errors="coerce", format="ISO8601")
        return None if pd.isna(read) else read
    return None if value is None else pd.to_datetime(value, utc=True)


def _booleans(summary: Summary) -> list[tuple[tuple[str, ...], int]]:
    """How a database writes the categories, where they are booleans of pandas; else nothing."""
    if not summary.listed or not set(summary.listed) <= set(_BOOLEANS):
        return []
    return [(_BOOLEANS[str(value)], cell) for cell, value in enumerate(summary.listed)]


def _cells(counted: Iterable[Sequence[int]], cells: int) -> Cells | None:
    counts = np.zeros(cells)
    for cell, rows in counted:
        counts[cell] = rows
    return Cells(counts) if counts.sum() else None
