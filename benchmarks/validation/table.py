"""A made-up table of 20 columns with errors in it, and a suite of 71 expectations about it; half of them fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

TOWNS = tuple(f"town {i:03d}" for i in range(120))
KINDS = ("new", "used", "rented", "leased", "other")
BROKEN = 0.002


def make_table(rows: int, seed: int = 0) -> pd.DataFrame:
    """20 columns: an id, 4 whole and 5 real numbers, 7 texts, 2 dates and a boolean; 0.2% of most columns is wrong."""
    rng = np.random.default_rng(seed)
    start = np.datetime64("2020-01-01", "ns") + rng.integers(0, 1500, rows).astype("m8[D]")
    columns: dict[str, Any] = {
        "id": np.arange(rows),
        "age": rng.integers(18, 95, rows),
        "items": rng.poisson(3, rows),
        "rooms": rng.integers(1, 9, rows),
        "year": rng.integers(1950, 2025, rows),
        "income": rng.lognormal(10, 0.6, rows).round(2),
        "debt": rng.lognormal(8, 1.0, rows).round(2),
        "rate": rng.uniform(0, 0.2, rows).round(4),
        "net": rng.lognormal(5, 0.4, rows).round(2),
        "tax": rng.lognormal(3, 0.4, rows).round(2),
        "town": np.array(TOWNS, dtype=object)[rng.integers(0, len(TOWNS), rows)],
        "kind": np.array(KINDS, dtype=object)[rng.integers(0, len(KINDS), rows)],
        "sex": np.array(["female", "male"], dtype=object)[rng.integers(0, 2, rows)],
        "code": np.char.add("K", rng.integers(100_000, 999_999, rows).astype(str)).astype(object),
        "mail": np.char.add(rng.integers(0, rows, rows).astype(str), "@example.org").astype(object),
        "day": pd.Series(start).dt.strftime("%Y-%m-%d").to_numpy(dtype=object),
        "postcode": np.char.zfill(rng.integers(1_000, 99_999, rows).astype(str), 5).astype(object),
        "start": start,
        "end": start + rng.integers(0, 400, rows).astype("m8[D]"),
        "paid": rng.random(rows) < 0.7,
    }
    frame = pd.DataFrame(columns)
    wrong = {"age": 200, "items": -1, "rooms": 99, "year": 1066, "income": -5.0, "debt": -1.0, "rate": 3.0}
    wrong |= {"town": "nowhere", "kind": "odd", "sex": "?", "code": "no code", "mail": "nobody", "day": "31.31.1999"}
    wrong |= {"postcode": "1", "end": pd.Timestamp("2001-01-01")}
    for name, value in wrong.items():
        frame.loc[rng.random(rows) < BROKEN, name] = value
    for name in ("income", "debt", "town", "code", "mail", "end"):
        frame.loc[rng.random(rows) < 0.03, name] = None
    return frame.astype({name: "str" for name in frame.columns if frame[name].dtype == object})


def make_rules() -> list[tuple[str, dict[str, Any]]]:
    """71 expectations, as (type, arguments)."""
    return [
        *[_column("not_be_null", name) for name in make_table(10).columns],
        *[_between(*limits) for limits in _RANGES],
        _column("be_in_set", "town", value_set=list(TOWNS)),
        _column("be_in_set", "kind", value_set=list(KINDS)),
        _column("be_in_set", "sex", value_set=["female", "male"]),
        _column("not_be_in_set", "kind", value_set=["odd", "none"]),
        _column("not_be_in_set", "year", value_set=[1066, 9999]),
        _column("match_regex", "code", regex=r"^K\d{6}$"),
        _column("match_regex", "mail", regex=r"^[^@\s]+@[^@\s]+\.\w+$"),
        _column("match_regex", "postcode", regex=r"^\d{5}$"),
        _column("not_match_regex", "town", regex=r"^\s|\s$"),
        _column("match_regex_list", "day", regex_list=[r"^\d{4}-", r"^\d{2}/"]),
        _lengths("to_equal", "postcode", value=5),
        _lengths("to_equal", "code", value=7),
        _lengths("to_be_between", "mail", min_value=5, max_value=60),
        _column("be_unique", "id"),
        _column("be_unique", "mail"),
        _column("be_unique", "code", mostly=0.2),
        _column("be_increasing", "id", strictly=True),
        _column("be_of_type", "income", type_="float64"),
        _column("be_of_type", "age", type_="int64"),
        _column("be_in_set", "paid", value_set=[True, False]),
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            {"column_A": "end", "column_B": "start", "or_equal": True},
        ),
        ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "income", "column_B": "debt"}),
        ("expect_column_pair_values_to_be_equal", {"column_A": "rooms", "column_B": "items", "mostly": 0.01}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["code", "day"]}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["id", "start"]}),
        ("expect_multicolumn_sum_to_equal", {"column_list": ["net", "tax"], "sum_total": 200, "mostly": 0.0}),
        *[_where(*limits) for limits in _CONDITIONAL],
        ("expect_column_mean_to_be_between", {"column": "age", "min_value": 40, "max_value": 70}),
        ("expect_column_median_to_be_between", {"column": "income", "min_value": 1e4, "max_value": 1e5}),
        ("expect_column_stdev_to_be_between", {"column": "rate", "min_value": 0.01, "max_value": 1}),
        ("expect_column_max_to_be_between", {"column": "age", "max_value": 120}),
        ("expect_column_min_to_be_between", {"column": "items", "min_value": 0}),
        ("expect_column_sum_to_be_between", {"column": "debt", "min_value": 0}),
        ("expect_column_unique_value_count_to_be_between", {"column": "town", "min_value": 100, "max_value": 130}),
        ("expect_column_distinct_values_to_be_in_set", {"column": "kind", "value_set": list(KINDS)}),
        ("expect_column_most_common_value_to_be_in_set", {"column": "sex", "value_set": ["female", "male"]}),
        ("expect_column_proportion_of_unique_values_to_be_between", {"column": "id", "min_value": 1}),
        ("expect_table_row_count_to_be_between", {"min_value": 1}),
        ("expect_table_column_count_to_equal", {"value": 20}),
    ]


# Great Expectations judges these row after row, in Python.
ROW_BY_ROW = [
    ("expect_column_values_to_match_strftime_format", {"column": "day", "strftime_format": "%Y-%m-%d"}),
    ("expect_select_column_values_to_be_unique_within_record", {"column_list": ["age", "items", "rooms"]}),
]

_RANGES = (
    ("age", 18, 110),
    ("items", 0, 50),
    ("rooms", 1, 30),
    ("year", 1900, 2025),
    ("income", 0, 1e6),
    ("debt", 0, 1e6),
    ("rate", 0, 1),
    ("net", 0, 1e4),
    ("tax", 0, 1e4),
    ("start", "2019-01-01", "2030-01-01"),
    ("end", "2019-01-01", "2030-01-01"),
)
_CONDITIONAL = (("age", 18, 67, "kind == 'new'"), ("debt", 0, 5e4, "paid == True and rooms > 2"))


def _column(rule: str, name: str, **kwargs: Any) -> tuple[str, dict[str, Any]]:
    return f"expect_column_values_to_{rule}", {"column": name, **kwargs}


def _lengths(rule: str, name: str, **kwargs: Any) -> tuple[str, dict[str, Any]]:
    return f"expect_column_value_lengths_{rule}", {"column": name, **kwargs}


def _between(name: str, low: Any, high: Any) -> tuple[str, dict[str, Any]]:
    return _column("be_between", name, min_value=low, max_value=high)


def _where(name: str, low: Any, high: Any, condition: str) -> tuple[str, dict[str, Any]]:
    kind, kwargs = _between(name, low, high)
    return kind, {**kwargs, "row_condition": condition, "condition_parser": "pandas"}
