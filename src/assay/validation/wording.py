"""Figures and expectations in words; no raw value of the data appears in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from assay.small_cells import is_small, shown_count
from assay.validation.own.titles import TITLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.findings import Interval


def share_of(count: int, n: int, what: str, interval: Interval | None = None, *, private: bool = False) -> str:
    """Such as "23 of 5,000 rows (0.46%, 95% interval 0.3% to 0.7%)".

    Where the values are `private`, so few that they tell of single people are not counted.
    """
    if private and count > 0 and (is_small(count) or is_small(n - count)):
        few = shown_count(min(count, n - count))
        return f"{few} of {n:,} {what}" if is_small(count) else f"all but {few} of {n:,} {what}"
    if n == 0:
        return f"{count:,} of 0 {what}"
    span = ""
    if interval is not None:
        span = f", {interval.confidence:.0%} interval {interval.low:.2%} to {interval.high:.2%}"
    return f"{count:,} of {n:,} {what} ({count / n:.2%}{span})"


_REGEX = "expect_column_values_to_match_regex"

# The rule of each expectation about the column(s) that it names; {words} are made by `_details`.
_RULES: Mapping[str, str] = {
    "expect_column_to_exist": "{column} exists",
    "expect_column_values_to_be_between": "Values of {column} are {range}",
    "expect_column_values_to_be_in_set": "Values of {column} are among {set}",
    "expect_column_values_to_not_be_in_set": "Values of {column} are not among {set}",
    "expect_column_values_to_not_be_null": "Values of {column} are present",
    "expect_column_values_to_be_null": "Values of {column} are missing",
    "expect_column_values_to_be_unique": "Values of {column} are unique",
    _REGEX: "Values of {column} match the pattern {regex}",
    "expect_column_values_to_not_match_regex": "Values of {column} do not match the pattern {regex}",
    "expect_column_values_to_match_regex_list": "Values of {column} match {match_on} of {regexes}",
    "expect_column_values_to_not_match_regex_list": "Values of {column} match none of {regexes}",
    "expect_column_value_lengths_to_be_between": "Lengths of {column} are {range}",
    "expect_column_value_lengths_to_equal": "Lengths of {column} are {value}",
    "expect_column_values_to_be_of_type": "Values of {column} are of type {type_}",
    "expect_column_values_to_be_in_type_list": "Values of {column} are of an allowed type",
    "expect_column_values_to_be_dateutil_parseable": "Values of {column} are dates",
    "expect_column_values_to_match_strftime_format": "Values of {column} have the date format {strftime_format}",
    "expect_column_values_to_be_increasing": "Values of {column} increase from row to row",
    "expect_column_values_to_be_decreasing": "Values of {column} decrease from row to row",
    "expect_column_pair_values_a_to_be_greater_than_b": "Values of {column_A} are {above} those of {column_B}",
    "expect_column_pair_values_to_be_equal": "Values of {column_A} and {column_B} are equal",
    "expect_column_pair_values_to_be_in_set": "Pairs of {column_A} and {column_B} are among {pairs}",
    "expect_select_column_values_to_be_unique_within_record": "Values of {column_list} differ within each row",
    "expect_multicolumn_values_to_be_unique": "Values of {column_list} differ within each row",
    "expect_multicolumn_values_to_be_equal": "Values of {column_list} are equal within each row",
    "expect_compound_columns_to_be_unique": "Combinations of {column_list} are unique",
    "expect_multicolumn_sum_to_equal": "{column_list} add up to {sum_total}",
    "expect_column_max_to_be_between": "The maximum of {column} is {range}",
    "expect_column_mean_to_be_between": "The mean of {column} is {range}",
    "expect_column_median_to_be_between": "The median of {column} is {range}",
    "expect_column_min_to_be_between": "The minimum of {column} is {range}",
    "expect_column_stdev_to_be_between": "The standard deviation of {column} is {range}",
    "expect_column_sum_to_be_between": "The sum of {column} is {range}",
    "expect_column_unique_value_count_to_be_between": "The number of distinct values of {column} is {range}",
    "expect_column_proportion_of_unique_values_to_be_between": "The share of distinct values of {column} is {range}",
    "expect_column_proportion_of_non_null_values_to_be_between": "The share of values present in {column} is {range}",
    "expect_column_distinct_values_to_be_in_set": "The distinct values of {column} are among {set}",
    "expect_column_distinct_values_to_equal_set": "The distinct values of {column} are exactly {set}",
    "expect_column_distinct_values_to_contain_set": "The distinct values of {column} contain {set}",
    "expect_column_most_common_value_to_be_in_set": "The most common value of {column} is among {set}",
    "expect_column_distribution_to_match_reference": "{column} is distributed as the reference was",
    "expect_column_newest_to_be_recent": "The newest time of {column} is recent",
    "expect_table_row_count_to_be_between": "The number of rows is {range}",
    "expect_table_row_count_to_equal": "The number of rows is {value}",
    "expect_table_column_count_to_be_between": "The number of columns is {range}",
    "expect_table_column_count_to_equal": "The number of columns is {value}",
    "expect_table_columns_to_match_set": "The table has the listed columns",
    "expect_table_columns_to_match_ordered_list": "The table has the listed columns in their order",
}


def expectation_title(kind: str, kwargs: Mapping[str, Any], columns: tuple[str, ...], pattern: str = "") -> str:
    """An expectation as a sentence without its full stop.

    Sets of categories are counted, not quoted; bounds and patterns of the suite are the user's own words. `pattern`
    is what texts of that pattern are called, where the suite says it.
    """
    if pattern and kind == _REGEX:
        title = f"Values of {_quoted(columns)} are {pattern}"
    elif kind in _RULES:
        title = _RULES[kind].format_map(_details(kwargs, columns))
    elif kind in TITLES:
        title = TITLES[kind](kwargs)
    else:
        rule = kind.removeprefix("expect_").replace("_", " ")
        title = f"{_quoted(columns)}: {rule}" if columns else rule.capitalize()
    mostly = kwargs.get("mostly")
    if isinstance(mostly, int | float) and mostly < 1:
        title += f", in at least {mostly * 100:.6g}% of the rows"
    if kwargs.get("row_condition"):
        title += ", where the row condition holds"
    return title


def pattern_in_words(kind: str, meta: Mapping[str, Any]) -> str:
    """What a pattern that was read from data stands for, such as "dates (YYYY-MM-DD)"; "" where nobody says it.

    `assay suite infer` says it in the reason that it gives beside the rule: "All 800 values are ...".
    """
    reason = meta.get("reason")
    if kind != _REGEX or not meta.get("rule") or not isinstance(reason, str):
        return ""
    found = re.fullmatch(r"All (?:but [\d,]+ of )?[\d,]+ values are ([^\n]{1,80})\.", reason)
    # "Of one form" says less than the pattern itself.
    return "" if found is None or found[1].startswith("of ") else found[1]


class _Details(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return f"the given {key.strip('_').replace('_', ' ')}"


def _details(kwargs: Mapping[str, Any], columns: tuple[str, ...]) -> _Details:
    plain = ("regex", "value", "type_", "strftime_format", "sum_total")
    words = _Details({key: str(kwargs[key]) for key in plain if key in kwargs})
    for key in ("column", "column_A", "column_B"):
        if key in kwargs:
            words[key] = f"'{kwargs[key]}'"
    words["column_list"] = _quoted(columns)
    words["above"] = "at least" if kwargs.get("or_equal") else "greater than"
    words["range"] = _range(kwargs)
    words["match_on"] = str(kwargs.get("match_on") or "any")
    words["regexes"] = f"{len(kwargs.get('regex_list') or ())} patterns"
    words["set"] = f"{len(kwargs.get('value_set') or ())} listed values"
    words["pairs"] = f"{len(kwargs.get('value_pairs_set') or ())} listed pairs"
    return words


def _quoted(columns: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in columns)


def _range(kwargs: Mapping[str, Any]) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    above = "above" if kwargs.get("strict_min") else "at least"
    below = "below" if kwargs.get("strict_max") else "at most"
    parts = [f"{above} {_bound(low)}"] * (low is not None) + [f"{below} {_bound(high)}"] * (high is not None)
    return " and ".join(parts) or "unbounded"


def _bound(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)
