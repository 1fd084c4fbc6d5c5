"""Rows to blame for a failed expectation about a whole column, where a user would expect some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy.typing as npt

    Broken = Callable[[pd.Series[Any], Mapping[str, Any]], Any]


# They ask for the type of the column.
TYPE_KINDS = (
    "expect_column_type_to_be",
    "expect_column_values_to_be_in_type_list",
    "expect_column_values_to_be_of_type",
)


def rows_to_blame(frame: pd.DataFrame, kind: str, kwargs: Mapping[str, Any]) -> npt.NDArray[np.int64] | None:
    """Positions of the rows without which the expectation would hold, ascending; None where there are no such rows.

    Parameters
    ----------
    frame
        N rows under a RangeIndex.
    kind, kwargs
        The type of a failed expectation and its arguments.
    """
    if kind not in _BROKEN:
        return None
    rows = frame.query(kwargs["row_condition"]) if kwargs.get("row_condition") else frame
    values = rows[kwargs["column"]]
    broken = np.asarray(_BROKEN[kind](values, kwargs), dtype=bool)
    positions: npt.NDArray[np.int64] = values.index.to_numpy()[broken].astype(np.int64)
    return positions if len(positions) else None


def why_no_rows(kind: str) -> str:
    """Why the rows of a failed expectation about a whole column or table are not named, as a sentence."""
    if kind.startswith("expect_table_"):
        return "It is about the table as a whole: no single row breaks it."
    if kind == "expect_column_to_exist" or kind in TYPE_KINDS:
        return "It is about the column itself: no single row breaks it."
    return "It is about the values together: no single row breaks it."


# They hold the values of a column, or a figure of them, against a range.
_OF_NUMBERS = tuple(
    f"expect_column_{what}_to_be_between" for what in ("values", "max", "min", "mean", "median", "sum", "stdev")
)


def no_numbers(frame: pd.DataFrame, kind: str, kwargs: Mapping[str, Any]) -> npt.NDArray[np.int64] | None:
    """Positions of the values that are no numbers in a column of texts that was held against a range of numbers.

    None where that is not so, or where fewer than half of the values are numbers: then it was not meant to be.
    """
    bounds = [kwargs[key] for key in ("min_value", "max_value") if kwargs.get(key) is not None]
    column = kwargs.get("column")
    if kind not in _OF_NUMBERS or column not in frame.columns:
        return None
    if not bounds or not all(isinstance(bound, int | float) for bound in bounds):
        return None
    values = frame[column]
    if values.dtype.kind in "iufbM":
        return None
    present = values.notna().to_numpy()
    # Of lists and the like nothing is a number.
    texts = values.where(values.map(lambda value: isinstance(value, str | int | float)))
    numbers = pd.to_numeric(texts, errors="coerce").notna().to_numpy()
    found = np.flatnonzero(present & ~numbers).astype(np.int64)
    return found if 0 < len(found) <= present.sum() / 2 else None


def bound_of(values: pd.Series[Any], bound: Any) -> Any:
    """A bound of the suite as a value of the column: JSON has no dates, and columns hold those in UTC."""
    if bound is None or values.dtype.kind != "M":
        return bound
    instant = pd.Timestamp(bound)
    return instant.tz_convert("UTC").tz_localize(None) if instant.tzinfo else instant


def instants(values: pd.Series[Any], listed: Iterable[Any]) -> list[Any]:
    """A set of the suite as values of the column; what cannot be read as a date stays as it is, and equals none."""
    return [_instant(values, item) for item in listed]


def _instant(values: pd.Series[Any], item: Any) -> Any:
    if not isinstance(item, str):
        return item
    try:
        return bound_of(values, item)
    except (ValueError, OverflowError):
        return item


def _above(values: pd.Series[Any], kwargs: Mapping[str, Any]) -> Any:
    high = bound_of(values, kwargs.get("max_value"))
    if high is None:
        return np.zeros(len(values), dtype=bool)
    return values >= high if kwargs.get("strict_max") else values > high


def _below(values: pd.Series[Any], kwargs: Mapping[str, Any]) -> Any:
    low = bound_of(values, kwargs.get("min_value"))
    if low is None:
        return np.zeros(len(values), dtype=bool)
    return values <= low if kwargs.get("strict_min") else values < low


def _outside(values: pd.Series[Any], kwargs: Mapping[str, Any]) -> Any:
    return values.notna() & ~values.isin(instants(values, kwargs.get("value_set") or ()))


def _missing(values: pd.Series[Any], kwargs: Mapping[str, Any]) -> Any:
    low = kwargs.get("min_value")
    share = values.notna().mean() if len(values) else 1.0
    too_few = low is not None and (share <= low if kwargs.get("strict_min") else share < low)
    return values.isna() & too_few


_BROKEN: Mapping[str, Broken] = {
    "expect_column_max_to_be_between": _above,
    "expect_column_min_to_be_between": _below,
    "expect_column_distinct_values_to_be_in_set": _outside,
    "expect_column_distinct_values_to_equal_set": _outside,
    "expect_column_proportion_of_non_null_values_to_be_between": _missing,
}
