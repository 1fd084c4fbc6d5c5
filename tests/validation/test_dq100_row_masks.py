"""Which rows break an expectation: held against Great Expectations' own list at COMPLETE."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.validation.engine import quiet
from assay.validation.masks import _COLUMN_RULES, _PAIR_RULES, _SEVERAL_RULES, unexpected_rows

FRAME = pd.DataFrame(
    {
        "whole": [3, 1, 2, 2, 5, 8, -1, 0],
        "real": [0.5, np.nan, 2.0, -3.0, 2.0, np.inf, np.nan, 1e9],
        "text": ["ab", None, "abc", "ß", "ab", "", " x ", "12"],
        "other": ["ab", None, "abd", "ß", None, "", "x", "12"],
        "day": ["2020-01-31", "31.01.2020", None, "no date", "2020-02-30", "12", "", "2021-12-01"],
        "when": pd.to_datetime(
            ["2020-01-01", None, "2021-01-01", "2019-01-01", None, "2020-06-01", "2020-01-01", "2022-01-01"]
        ),
        "flag": [True, False, True, True, False, True, False, True],
        "gone": [np.nan] * 8,
        "kind": [1, 1, 1, 1, 1, 2, 2, 2],
        "<script>alert(1)</script>": [1, 2, 2, 3, 4, 5, 6, 7],
    }
)

CASES = [
    ("expect_column_values_to_not_be_null", {"column": "text"}),
    ("expect_column_values_to_not_be_null", {"column": "gone"}),
    ("expect_column_values_to_be_null", {"column": "real"}),
    ("expect_column_values_to_be_between", {"column": "whole", "min_value": 1, "max_value": 5}),
    ("expect_column_values_to_be_between", {"column": "whole", "min_value": 1, "max_value": 5, "strict_min": True}),
    ("expect_column_values_to_be_between", {"column": "whole", "min_value": 1, "max_value": 5, "strict_max": True}),
    (
        "expect_column_values_to_be_between",
        {"column": "real", "min_value": 0.5, "strict_min": True, "strict_max": True},
    ),
    ("expect_column_values_to_be_between", {"column": "real", "max_value": 2.0}),
    ("expect_column_values_to_be_between", {"column": "real", "max_value": 2.0, "strict_max": True}),
    ("expect_column_values_to_be_between", {"column": "flag", "min_value": 1}),
    ("expect_column_values_to_be_in_set", {"column": "text", "value_set": ["ab", "ß"]}),
    ("expect_column_values_to_be_in_set", {"column": "whole", "value_set": [1, 2.0]}),
    ("expect_column_values_to_be_in_set", {"column": "whole", "value_set": []}),
    ("expect_column_values_to_be_in_set", {"column": "real", "value_set": [None, 2]}),
    ("expect_column_values_to_be_in_set", {"column": "flag", "value_set": [True]}),
    ("expect_column_values_to_not_be_in_set", {"column": "text", "value_set": ["ab", ""]}),
    ("expect_column_values_to_be_unique", {"column": "real"}),
    ("expect_column_values_to_be_unique", {"column": "text"}),
    ("expect_column_values_to_match_regex", {"column": "text", "regex": "^a(b)"}),
    ("expect_column_values_to_match_regex", {"column": "whole", "regex": r"^\d$"}),
    ("expect_column_values_to_not_match_regex", {"column": "text", "regex": r"\s"}),
    ("expect_column_values_to_match_regex_list", {"column": "text", "regex_list": ["^a", "c$"]}),
    ("expect_column_values_to_match_regex_list", {"column": "text", "regex_list": ["^a", "c$"], "match_on": "all"}),
    ("expect_column_values_to_not_match_regex_list", {"column": "text", "regex_list": ["^a", "ß"]}),
    ("expect_column_value_lengths_to_equal", {"column": "text", "value": 2}),
    ("expect_column_value_lengths_to_be_between", {"column": "text", "min_value": 1, "max_value": 2}),
    ("expect_column_value_lengths_to_be_between", {"column": "text", "min_value": 1, "strict_min": True}),
    ("expect_column_value_lengths_to_be_between", {"column": "text", "max_value": 2, "strict_max": True}),
    ("expect_column_values_to_be_dateutil_parseable", {"column": "day"}),
    ("expect_column_values_to_match_strftime_format", {"column": "day", "strftime_format": "%Y-%m-%d"}),
    ("expect_column_values_to_be_increasing", {"column": "real"}),
    ("expect_column_values_to_be_increasing", {"column": "whole", "strictly": True}),
    ("expect_column_values_to_be_decreasing", {"column": "whole"}),
    ("expect_column_values_to_be_decreasing", {"column": "real", "strictly": True}),
    ("expect_column_values_to_be_increasing", {"column": "when"}),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "whole", "column_B": "real"}),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "whole", "column_B": "real", "or_equal": True}),
    ("expect_column_pair_values_to_be_equal", {"column_A": "text", "column_B": "other"}),
    (
        "expect_column_pair_values_to_be_equal",
        {"column_A": "text", "column_B": "other", "ignore_row_if": "both_values_are_missing"},
    ),
    (
        "expect_column_pair_values_to_be_equal",
        {"column_A": "text", "column_B": "other", "ignore_row_if": "either_value_is_missing"},
    ),
    ("expect_column_pair_values_to_be_equal", {"column_A": "whole", "column_B": "<script>alert(1)</script>"}),
    (
        "expect_column_pair_values_to_be_in_set",
        {"column_A": "text", "column_B": "other", "value_pairs_set": [["ab", "ab"], [None, None], ["ab", None]]},
    ),
    ("expect_compound_columns_to_be_unique", {"column_list": ["text", "kind"]}),
    (
        "expect_compound_columns_to_be_unique",
        {"column_list": ["real", "kind"], "ignore_row_if": "any_value_is_missing"},
    ),
    ("expect_select_column_values_to_be_unique_within_record", {"column_list": ["whole", "real", "gone"]}),
    ("expect_select_column_values_to_be_unique_within_record", {"column_list": ["text", "other"]}),
    ("expect_multicolumn_values_to_be_equal", {"column_list": ["text", "other"]}),
    ("expect_multicolumn_sum_to_equal", {"column_list": ["whole", "real"], "sum_total": 4}),
    ("expect_multicolumn_sum_to_equal", {"column_list": ["whole", "real"], "sum_total": 4, "ignore_row_if": "never"}),
]


def test_every_rule_is_held_against_great_expectations():
    # The deprecated name of the rule next to it, kept for old suites.
    alias = {"expect_multicolumn_values_to_be_unique"}
    assert {kind for kind, _ in CASES} | alias == {*_COLUMN_RULES, *_PAIR_RULES, *_SEVERAL_RULES}


@pytest.mark.parametrize(("kind", "kwargs"), CASES)
def test_rows_are_those_of_great_expectations(ask_gx, kind, kwargs):
    truth = ask_gx(FRAME, kind, kwargs)
    assert "unexpected_index_list" in truth, truth["exception"]
    assert truth["unexpected_count"] > 0, "a case in which no row breaks the rule shows little"
    with quiet():  # pandas warns of the groups in a pattern
        rows = unexpected_rows(FRAME, kind, kwargs)
    assert rows.tolist() == truth["unexpected_index_list"]


@given(
    st.lists(st.one_of(st.none(), st.floats(-5, 5).map(lambda x: round(x, 1))), min_size=1, max_size=12),
    st.integers(-3, 1),
    st.integers(1, 3),
    st.tuples(st.booleans(), st.booleans()),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_range_counts_as_great_expectations(ask_gx, values, low, high, strict):
    frame = pd.DataFrame({"x": pd.Series(values, dtype=float)})
    kwargs = {"column": "x", "min_value": low, "max_value": high, "strict_min": strict[0], "strict_max": strict[1]}
    kind = "expect_column_values_to_be_between"
    assert len(unexpected_rows(frame, kind, kwargs)) == ask_gx(frame, kind, kwargs)["unexpected_count"]


@given(
    st.lists(st.tuples(*[st.sampled_from(["a", "b", None])] * 2), min_size=1, max_size=10),
    st.sampled_from([None, "both_values_are_missing", "either_value_is_missing"]),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_pair_counts_as_great_expectations(ask_gx, pairs, ignore):
    frame = pd.DataFrame(pairs, columns=["text", "other"], dtype="str")
    kind = "expect_column_pair_values_to_be_equal"
    kwargs = {"column_A": "text", "column_B": "other"}
    if ignore:
        kwargs["ignore_row_if"] = ignore
    assert len(unexpected_rows(frame, kind, kwargs)) == ask_gx(frame, kind, kwargs).get("unexpected_count", 0)


def test_a_date_bound_is_read_as_a_date():
    rows = unexpected_rows(FRAME, "expect_column_values_to_be_between", {"column": "when", "min_value": "2020-01-01"})
    assert rows.tolist() == [3]


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_column_value_z_scores_to_be_less_than", {"column": "real", "threshold": 3}),
        ("expect_column_values_to_not_be_null", {"column": "text", "row_condition": "whole > 1"}),
        ("expect_column_mean_to_be_between", {"column": "real", "min_value": 1}),
    ],
)
def test_no_rule_gives_no_rows(kind, kwargs):
    assert unexpected_rows(FRAME, kind, kwargs) is None
