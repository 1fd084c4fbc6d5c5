"""Which rows break an expectation: the rules of Great Expectations for pandas, for whole columns at once.

Great Expectations names rows one by one, with their raw values, for as long as the whole validation takes. Here a
rule is a function from the rows that it applies to and its arguments to "meets it", (n,) bool. The tests hold each
against the library's own `unexpected_index_list`; at run time the caller holds the count against the library's.
"""

from __future__ import annotations

import datetime as dt
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.validation.column_rows import bound_of, instants
from assay.validation.own.rows import MEETS, unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    Rule = Callable[[Any, Mapping[str, Any]], Any]


def unexpected_rows(frame: pd.DataFrame, kind: str, kwargs: Mapping[str, Any]) -> npt.NDArray[np.int64] | None:
    """Positions of the rows that break an expectation, ascending; None where it has no rule here.

    Parameters
    ----------
    frame
        N rows under a RangeIndex.
    kind, kwargs
        The type of the expectation and its arguments.
    """
    if kwargs.get("row_condition"):
        return None
    if kind in _COLUMN_RULES:
        values = frame[kwargs["column"]]
        # A missing value breaks no rule, except those about being missing.
        rows = values if kind in _ABOUT_MISSING else values[values.notna()]
        meets = _COLUMN_RULES[kind](rows, kwargs)
    elif kind in _PAIR_RULES:
        ignore = kwargs.get("ignore_row_if", "both_values_are_missing")
        rows = _rows_that_count(frame[[kwargs["column_A"], kwargs["column_B"]]], ignore)
        meets = _PAIR_RULES[kind](rows, kwargs)
    elif kind in _SEVERAL_RULES:
        ignore = kwargs.get("ignore_row_if", "all_values_are_missing")
        rows = _rows_that_count(frame[list(kwargs["column_list"])], ignore)
        meets = _SEVERAL_RULES[kind](rows, kwargs)
    elif kind in MEETS:
        return unexpected(frame, kind, kwargs)
    else:
        return None
    broken = ~np.asarray(meets, dtype=bool)
    positions: npt.NDArray[np.int64] = rows.index.to_numpy()[broken].astype(np.int64)
    return positions


def _rows_that_count(frame: pd.DataFrame, ignore_row_if: str | None) -> pd.DataFrame:
    if ignore_row_if in ("both_values_are_missing", "all_values_are_missing"):
        return frame.dropna(how="all")
    if ignore_row_if in ("either_value_is_missing", "any_value_is_missing"):
        return frame.dropna(how="any")
    return frame


def _between(values: pd.Series[Any], kwargs: Mapping[str, Any]) -> Any:
    low, high = (bound_of(values, kwargs.get(key)) for key in ("min_value", "max_value"))
    meets = np.ones(len(values), dtype=bool)
    if low is not None:
        meets &= np.asarray(values > low if kwargs.get("strict_min") else values >= low)
    if high is not None:
        meets &= np.asarray(values < high if kwargs.get("strict_max") else values <= high)
    return meets


def _lengths(values: pd.Series[Any]) -> Any:
    return values.astype(str).str.len()


def _matches(values: pd.Series[Any], pattern: str) -> Any:
    return values.astype(str).str.contains(pattern).to_numpy(dtype=bool)


def _matches_list(values: pd.Series[Any], kwargs: Mapping[str, Any]) -> Any:
    hits = np.column_stack([_matches(values, pattern) for pattern in kwargs["regex_list"]])
    return hits.all(axis=1) if kwargs.get("match_on") == "all" else hits.any(axis=1)


def _in_order(values: pd.Series[Any], kwargs: Mapping[str, Any], *, sign: int) -> Any:
    steps = values.diff()
    zero = pd.Timedelta(0) if steps.dtype.kind == "m" else 0
    strictly = bool(kwargs.get("strictly"))
    ahead = steps > zero if sign > 0 else steps < zero
    return ahead | steps.isna() | ((steps == zero) & (not strictly))


def _by_value(values: pd.Series[Any], test: Callable[[Any], bool]) -> Any:
    """Apply a test that has no vectorised form once to each distinct value."""
    codes, distinct = pd.factorize(values)
    return np.array([test(value) for value in distinct], dtype=bool)[codes]


def _is_date(values: pd.Series[Any], _: Mapping[str, Any]) -> Any:
    from dateutil.parser import parse  # type: ignore[import-untyped]

    def parses(value: str) -> bool:
        try:
            parse(value)
        except (ValueError, OverflowError):
            return False
        return True

    return _by_value(values, parses)


def _has_date_format(values: pd.Series[Any], kwargs: Mapping[str, Any]) -> Any:
    def fits(value: str) -> bool:
        try:
            dt.datetime.strptime(value, kwargs["strftime_format"])  # noqa: DTZ007 -- only whether it can be read
        except ValueError:
            return False
        return True

    return _by_value(values, fits)


def _equal(first: pd.Series[Any], second: Any) -> Any:
    if second is None:
        return first.isna().to_numpy()
    return (first == second).to_numpy(dtype=bool, na_value=False)


def _pair_in_set(pair: pd.DataFrame, kwargs: Mapping[str, Any]) -> Any:
    meets = np.zeros(len(pair), dtype=bool)
    for first, second in zip(*_sides(pair, kwargs["value_pairs_set"]), strict=True):
        meets |= _equal(pair.iloc[:, 0], first) & _equal(pair.iloc[:, 1], second)
    return meets


def _sides(pair: pd.DataFrame, pairs: Any) -> list[list[Any]]:
    sides = zip(*pairs, strict=True)
    return [instants(pair.iloc[:, place], side) for place, side in enumerate(sides)] or [[], []]


def _greater(pair: pd.DataFrame, kwargs: Mapping[str, Any]) -> Any:
    first, second = pair.iloc[:, 0], pair.iloc[:, 1]
    return first >= second if kwargs.get("or_equal") else first > second


def _same(first: pd.Series[Any], second: pd.Series[Any]) -> Any:
    return _equal(first, second) | (first.isna() & second.isna()).to_numpy()


def _all_differ(rows: pd.DataFrame, _: Mapping[str, Any]) -> Any:
    meets = np.ones(len(rows), dtype=bool)
    for i, j in combinations(range(rows.shape[1]), 2):
        meets &= ~_same(rows.iloc[:, i], rows.iloc[:, j])
    return meets


def _all_equal(rows: pd.DataFrame, _: Mapping[str, Any]) -> Any:
    meets = np.ones(len(rows), dtype=bool)
    for place in range(1, rows.shape[1]):
        meets &= _same(rows.iloc[:, 0], rows.iloc[:, place])
    return meets


_ABOUT_MISSING = ("expect_column_values_to_not_be_null", "expect_column_values_to_be_null")

_COLUMN_RULES: Mapping[str, Rule] = {
    "expect_column_values_to_not_be_null": lambda values, _: values.notna(),
    "expect_column_values_to_be_null": lambda values, _: values.isna(),
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_in_set": lambda values, kwargs: values.isin(instants(values, kwargs["value_set"])),
    "expect_column_values_to_not_be_in_set": lambda values, kwargs: (
        ~values.isin(instants(values, kwargs["value_set"]))
    ),
    "expect_column_values_to_be_unique": lambda values, _: ~values.duplicated(keep=False),
    "expect_column_values_to_match_regex": lambda values, kwargs: _matches(values, kwargs["regex"]),
    "expect_column_values_to_not_match_regex": lambda values, kwargs: ~_matches(values, kwargs["regex"]),
    "expect_column_values_to_match_regex_list": _matches_list,
    "expect_column_values_to_not_match_regex_list": lambda values, kwargs: ~_matches_list(values, kwargs),
    "expect_column_value_lengths_to_equal": lambda values, kwargs: _lengths(values) == kwargs["value"],
    "expect_column_value_lengths_to_be_between": lambda values, kwargs: _between(_lengths(values), kwargs),
    "expect_column_values_to_be_dateutil_parseable": _is_date,
    "expect_column_values_to_match_strftime_format": _has_date_format,
    "expect_column_values_to_be_increasing": lambda values, kwargs: _in_order(values, kwargs, sign=1),
    "expect_column_values_to_be_decreasing": lambda values, kwargs: _in_order(values, kwargs, sign=-1),
}

_PAIR_RULES: Mapping[str, Rule] = {
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    "expect_column_pair_values_to_be_equal": lambda pair, _: pair.iloc[:, 0] == pair.iloc[:, 1],
    "expect_column_pair_values_to_be_in_set": _pair_in_set,
}

_SEVERAL_RULES: Mapping[str, Rule] = {
    "expect_compound_columns_to_be_unique": lambda rows, _: ~rows.duplicated(keep=False),
    "expect_select_column_values_to_be_unique_within_record": _all_differ,
    "expect_multicolumn_values_to_be_unique": _all_differ,
    "expect_multicolumn_values_to_be_equal": _all_equal,
    "expect_multicolumn_sum_to_equal": lambda rows, kwargs: rows.sum(axis=1, skipna=False) == kwargs["sum_total"],
}
