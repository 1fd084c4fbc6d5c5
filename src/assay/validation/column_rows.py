"""Rows to blame for a failed expectation about a whole column, where a user would expect some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    Broken = Callable[[pd.Series[Any], Mapping[str, Any]], Any]


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
    if kind in ("expect_column_to_exist", "expect_column_type_to_be") or "_of_type" in kind or "_type_list" in kind:
        return "It is about the column itself: no single row breaks it."
    return "It is about the values together: no single row breaks it."


def bound_of(values: pd.Series[Any], bound: Any) -> Any:
    """A bound of the suite as a value of the column: JSON has no dates, and columns hold those in UTC."""
    if bound is None or values.dtype.kind != "M":
        return bound
    instant = pd.Timestamp(bound)
    return instant.tz_convert("UTC").tz_localize(None) if instant.tzinfo else instant


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
    allowed = [bound_of(values, value) for value in kwargs.get("value_set") or ()]
    return values.notna() & ~values.isin(allowed)


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
