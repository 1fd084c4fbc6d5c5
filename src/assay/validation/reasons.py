"""How each row breaks an expectation, in words: bounds and patterns of the suite, and no value of the data.

A rule of `_RULES` returns one text for all rows, or codes (R,) into a few texts: a million broken rows are one pass
over an array, and no text is built for each.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.validation.column_rows import bound_of
from assay.validation.nearness import letters_away

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    Answer = str | tuple[npt.ArrayLike, Sequence[str]]
    Rule = Callable[[pd.DataFrame, Mapping[str, Any]], Answer]

# With more rows than this, which row is repeated is not said: a text for each would take longer than finding them.
_MOST_NAMED = 10_000


def reasons_of(
    frame: pd.DataFrame, kind: str, kwargs: Mapping[str, Any], positions: npt.NDArray[np.int64], pattern: str = ""
) -> str | list[str]:
    """Why each row breaks an expectation.

    Parameters
    ----------
    frame
        N rows under a RangeIndex.
    kind, kwargs
        The type of the expectation and its arguments.
    positions
        (R,) of the rows that break it.
    pattern
        What texts of the pattern are called; "" to quote the pattern.

    Returns
    -------
    One text for all rows, or R texts; "" where the kind of expectation has no words here.
    """
    if kind not in _RULES:
        return ""
    if pattern:
        return f"'{kwargs['column']}' is not of the form {pattern}"
    names = [kwargs[key] for key in ("column", "column_A", "column_B") if key in kwargs]
    names += list(kwargs.get("column_list") or ())
    answer = _RULES[kind](frame[list(dict.fromkeys(names))].take(positions), kwargs)
    if isinstance(answer, str):
        return answer
    codes, texts = answer
    taken: list[str] = np.array(texts, dtype=object)[np.asarray(codes)].tolist()
    return taken


def _column(rows: pd.DataFrame) -> pd.Series[Any]:
    values: pd.Series[Any] = rows.iloc[:, 0]
    return values


def _outside_range(values: pd.Series[Any], kwargs: Mapping[str, Any], noun: str) -> Answer:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    below = f"{noun} not above {low}" if kwargs.get("strict_min") else f"{noun} below the minimum of {low}"
    above = f"{noun} not below {high}" if kwargs.get("strict_max") else f"{noun} above the maximum of {high}"
    if low is None or high is None:
        return above if low is None else below
    return np.asarray(values >= bound_of(values, high)).astype(int), (below, above)


def _range(rows: pd.DataFrame, kwargs: Mapping[str, Any]) -> Answer:
    return _outside_range(_column(rows), kwargs, f"'{kwargs['column']}' is")


def _lengths(rows: pd.DataFrame, kwargs: Mapping[str, Any]) -> Answer:
    lengths = _column(rows).astype(str).str.len().to_numpy(dtype=int)
    found, codes = np.unique(lengths, return_inverse=True)
    low, high = kwargs.get("min_value", kwargs.get("value")), kwargs.get("max_value", kwargs.get("value"))
    wanted = f"{low} wanted"
    if low != high:
        more, fewer = "more than" * bool(kwargs.get("strict_min")), "fewer than" * bool(kwargs.get("strict_max"))
        parts = [f"{more or 'at least'} {low}"] * (low is not None) + [f"{fewer or 'at most'} {high}"] * (
            high is not None
        )
        wanted = f"{' and '.join(parts)} wanted"
    return codes, [f"'{kwargs['column']}' has {n} character{'' if n == 1 else 's'}, {wanted}" for n in found]


def _not_in_set(rows: pd.DataFrame, kwargs: Mapping[str, Any]) -> Answer:
    allowed = list(kwargs.get("value_set") or ())
    plain = f"'{kwargs['column']}' is not among the {len(allowed):,} allowed values"
    codes, distinct = pd.factorize(_column(rows))
    hints, of_value = letters_away(distinct.tolist(), allowed)
    return np.asarray(of_value)[codes], [plain + hint for hint in hints]


def _repeats(rows: pd.DataFrame, kwargs: Mapping[str, Any]) -> Answer:
    """Rows that share a value, or a combination of values."""
    names = [kwargs["column"]] if "column" in kwargs else list(kwargs["column_list"])
    quoted = " and ".join(f"'{name}'" for name in names)
    what = "the value" if len(names) == 1 else "the combination of values"
    codes = rows.groupby(names, dropna=False, sort=False).ngroup().to_numpy()
    sizes = np.bincount(codes)
    if len(rows) > _MOST_NAMED:
        found, of_row = np.unique(sizes[codes], return_inverse=True)
        return of_row, [f"{quoted}: {what} occurs in {n:,} rows" for n in found]
    first = rows.index.to_numpy()[np.unique(codes, return_index=True)[1]]
    is_first = rows.index.to_numpy() == first[codes]
    others = [f"{quoted}: {what} of row {p:,} again, one of {n:,} rows" for p, n in zip(first, sizes, strict=True)]
    firsts = [f"{quoted}: {what} occurs in {n:,} rows, here first" for n in sizes]
    return np.where(is_first, codes + len(others), codes), [*others, *firsts]


def _order(kwargs: Mapping[str, Any], word: str, other: str) -> Answer:
    strictly = bool(kwargs.get("strictly"))
    return f"'{kwargs['column']}' is {f'not {word}' if strictly else other} than the value before it"


def _not_greater(rows: pd.DataFrame, kwargs: Mapping[str, Any]) -> Answer:
    first, second = rows[kwargs["column_A"]], rows[kwargs["column_B"]]
    names = f"'{kwargs['column_A']}'", f"'{kwargs['column_B']}'"
    gap = (first.isna() | second.isna()).to_numpy()
    codes = np.where(gap, 2, np.asarray(first == second).astype(int))
    return codes, (f"{names[0]} is less than {names[1]}", f"{names[0]} equals {names[1]}", _gap(names))


def _not_equal(rows: pd.DataFrame, kwargs: Mapping[str, Any]) -> Answer:
    names = f"'{kwargs['column_A']}'", f"'{kwargs['column_B']}'"
    gap = (rows[kwargs["column_A"]].isna() | rows[kwargs["column_B"]].isna()).to_numpy()
    return gap.astype(int), (f"{names[0]} and {names[1]} differ", _gap(names))


def _gap(names: Sequence[str]) -> str:
    return f"a value of {' or '.join(names)} is missing"


def _same_within(rows: pd.DataFrame, kwargs: Mapping[str, Any]) -> Answer:
    pairs = list(combinations(kwargs["column_list"], 2))
    codes = np.full(len(rows), len(pairs))
    for place, (first, second) in enumerate(pairs):
        a, b = rows[first], rows[second]
        same = np.asarray((a == b) | (a.isna() & b.isna()), dtype=bool)
        codes = np.where(same & (codes == len(pairs)), place, codes)
    return codes, [*(f"'{a}' and '{b}' hold the same value" for a, b in pairs), "two columns hold the same value"]


def _not_all_equal(rows: pd.DataFrame, kwargs: Mapping[str, Any]) -> Answer:
    first, *rest = kwargs["column_list"]
    codes = np.full(len(rows), len(rest))
    for place, name in enumerate(rest):
        a, b = rows[first], rows[name]
        differ = ~np.asarray((a == b) | (a.isna() & b.isna()), dtype=bool)
        codes = np.where(differ & (codes == len(rest)), place, codes)
    return codes, [*(f"'{first}' and '{name}' differ" for name in rest), "the columns differ"]


def _sum(rows: pd.DataFrame, kwargs: Mapping[str, Any]) -> Answer:
    names, total = [f"'{name}'" for name in kwargs["column_list"]], kwargs["sum_total"]
    sums = rows.sum(axis=1, skipna=False).to_numpy(dtype=float)
    texts = [f"{', '.join(names)} add up to {word} than {total}" for word in ("less", "more")]
    return np.where(np.isnan(sums), 2, (sums > total).astype(int)), (*texts, _gap(names))


def _says(text: str) -> Rule:
    """One text for all rows; in braces stand arguments of the expectation."""
    return lambda _, kwargs: text.format_map({**_WORDS, **kwargs, **_counts(kwargs)})


# Where the suite does not give them.
_WORDS = {"match_on": "any", "method": "iqr"}


def _counts(kwargs: Mapping[str, Any]) -> dict[str, str]:
    return {f"{key}_count": f"{len(value):,}" for key, value in kwargs.items() if isinstance(value, list | tuple)}


_RULES: Mapping[str, Rule] = {
    "expect_column_values_to_not_be_null": _says("'{column}' is missing"),
    "expect_column_values_to_be_null": _says("'{column}' is not missing"),
    "expect_column_values_to_be_between": _range,
    "expect_column_max_to_be_between": lambda rows, kwargs: _range(rows, {**kwargs, "min_value": None}),
    "expect_column_min_to_be_between": lambda rows, kwargs: _range(rows, {**kwargs, "max_value": None}),
    "expect_column_values_to_be_in_set": _not_in_set,
    "expect_column_distinct_values_to_be_in_set": _not_in_set,
    "expect_column_distinct_values_to_equal_set": _not_in_set,
    "expect_column_values_to_not_be_in_set": _says("'{column}' is one of the {value_set_count} values not allowed"),
    "expect_column_values_to_be_unique": _repeats,
    "expect_compound_columns_to_be_unique": _repeats,
    "expect_column_values_to_match_regex": _says("'{column}' does not match the pattern {regex}"),
    "expect_column_values_to_not_match_regex": _says("'{column}' matches the pattern {regex}"),
    "expect_column_values_to_match_regex_list": _says(
        "'{column}' does not match {match_on} of the {regex_list_count} patterns"
    ),
    "expect_column_values_to_not_match_regex_list": _says(
        "'{column}' matches one of the {regex_list_count} patterns not allowed"
    ),
    "expect_column_value_lengths_to_equal": _lengths,
    "expect_column_value_lengths_to_be_between": _lengths,
    "expect_column_values_to_be_of_type": _says("'{column}' is not of the type {type_}"),
    "expect_column_values_to_be_in_type_list": _says("'{column}' is of none of the {type_list_count} allowed types"),
    "expect_column_values_to_be_dateutil_parseable": _says("'{column}' cannot be read as a date"),
    "expect_column_values_to_match_strftime_format": _says("'{column}' is no date in the format {strftime_format}"),
    "expect_column_values_to_be_json_parseable": _says("'{column}' is no JSON"),
    "expect_column_values_to_match_json_schema": _says("'{column}' does not fit the JSON schema"),
    "expect_column_values_to_be_increasing": lambda _, kwargs: _order(kwargs, "greater", "less"),
    "expect_column_values_to_be_decreasing": lambda _, kwargs: _order(kwargs, "less", "greater"),
    "expect_column_value_z_scores_to_be_less_than": _says(
        "'{column}' is {threshold} standard deviations or more from the mean"
    ),
    "expect_column_values_to_not_be_outliers": _says("'{column}' is an outlier by the method {method}"),
    "expect_column_proportion_of_non_null_values_to_be_between": _says("'{column}' is missing"),
    "expect_column_pair_values_a_to_be_greater_than_b": _not_greater,
    "expect_column_pair_values_to_be_equal": _not_equal,
    "expect_column_pair_values_to_be_in_set": _says(
        "'{column_A}' and '{column_B}' are none of the {value_pairs_set_count} listed pairs"
    ),
    "expect_select_column_values_to_be_unique_within_record": _same_within,
    "expect_multicolumn_values_to_be_equal": _not_all_equal,
    "expect_multicolumn_sum_to_equal": _sum,
}
