"""Which rows break an expectation, and the verdict: those of Great Expectations' own engine at COMPLETE, always."""

from __future__ import annotations

import datetime as dt
import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.findings import Severity, Status
from assay.validation.engine import library, quiet
from assay.validation.in_memory import run_expectations
from assay.validation.suite import Expectation

SCRIPT = "<script>alert(1)</script>"

# Every kind of column that a frame may have, plain or not; all with something missing or odd in it.
TYPED = pd.DataFrame(
    {
        "whole": [3, 1, 2, 2, 5, 8, -1, 0],
        "small": np.array([3, 1, 2, 2, 5, 8, -1, 0], dtype="int8"),
        "large": np.array([2**53 + 1, 2**53, 2**62, 0, 5, 2**53 + 1, 1, 1], dtype="uint64"),
        "real": [0.5, np.nan, 2.0, -3.0, 2.0, np.inf, -0.0, 0.0],
        "infinite": [np.inf, -np.inf, np.nan, 1.0, 2.0, 3.0, 4.0, np.inf],
        "text": pd.array(["ab", None, "abc", "ß", "ab", "", " x ", "12"], dtype="str"),
        "same": pd.array(["ab"] * 6 + ["é", None], dtype="str"),
        "day": pd.array(["2020-01-31", "31.01.2020", None, "no", "2020-02-30", "12", "", "2021-12-01"], dtype="str"),
        "json": pd.array(['{"a": 1}', "[", None, '"x"', "{}", "1", '{"a": "b"}', "null"], dtype="str"),
        "documents": pd.array(["{}", "[]", None, '{"a": 1}', "1", "null", "{}", "[1]"], dtype="str"),
        "when": pd.to_datetime(["2020-01-01", None, "2021-01-01", "2019-01-01", None, "2020-06-01"] * 2)[:8],
        "coarse": pd.to_datetime(["2020-01-01", None, "2021-01-01", "2019-01-01"] * 2).astype("datetime64[s]"),
        "old": pd.Series(["1066-10-14", "2020-01-01"] * 4, dtype="datetime64[us]"),
        "flag": [True, False, True, True, False, True, False, True],
        "gone": [np.nan] * 8,
        "objects": pd.Series(["ab", 1, True, 1.0, None, dt.date(2020, 1, 1), "1", 2.5], dtype=object),
        "texts": pd.Series(["ab", None, "abc", "ß", "ab", "", " x ", "12"], dtype=object),
        "nested": pd.Series([{"a": 1}, [1, 2], None, {}, "x", (1,), 3, [1, 2]], dtype=object),
        "dates": pd.Series([dt.date(2020, 1, 1), None, dt.date(2021, 1, 1), dt.date(2020, 1, 1)] * 2, dtype=object),
        "nullable": pd.array([1, None, 2, 2, 5, None, 7, 8], dtype="Int64"),
        "category": pd.Categorical(["ab", "b", None, "ab", "c", "c", "b", ""]),
        "zoned": pd.to_datetime(["2020-01-01", None, "2021-01-01", "2019-01-01"] * 2, utc=True),
        SCRIPT: [1, 2, 2, 3, 4, 5, 6, 7],
    }
)
CONDITIONAL = ("real", "text", "objects")
CONDITION = {"row_condition": "whole > 0", "condition_parser": "pandas"}

COLUMN_RULES = [
    ("values_to_not_be_null", {}),
    ("values_to_be_null", {}),
    ("values_to_be_between", {"min_value": 1, "max_value": 2}),
    ("values_to_be_between", {"min_value": 1, "max_value": 5, "strict_min": True, "strict_max": True}),
    ("values_to_be_between", {"max_value": 2.0, "strict_max": True}),
    ("values_to_be_between", {"min_value": "2020-01-01T00:00:00"}),
    ("values_to_be_in_set", {"value_set": ["ab", "ß", 1, 2.0]}),
    ("values_to_be_in_set", {"value_set": []}),
    ("values_to_be_in_set", {"value_set": [None, True, "2020-01-01"]}),
    ("values_to_not_be_in_set", {"value_set": ["ab", "", 2, 0]}),
    ("values_to_be_unique", {}),
    ("values_to_match_regex", {"regex": r"^a(b)"}),
    ("values_to_match_regex", {"regex": r"^-?\d"}),
    ("values_to_not_match_regex", {"regex": r"\s|0"}),
    ("values_to_match_regex_list", {"regex_list": ["^a", "c$"]}),
    ("values_to_match_regex_list", {"regex_list": ["^a", "c$"], "match_on": "all"}),
    ("values_to_not_match_regex_list", {"regex_list": ["^a", "ß"]}),
    ("value_lengths_to_equal", {"value": 2}),
    ("value_lengths_to_be_between", {"min_value": 1, "max_value": 2, "strict_min": True}),
    ("value_lengths_to_be_between", {"max_value": 3, "strict_max": True}),
    ("values_to_be_dateutil_parseable", {}),
    ("values_to_match_strftime_format", {"strftime_format": "%Y-%m-%d"}),
    ("values_to_be_json_parseable", {}),
    ("values_to_match_json_schema", {"json_schema": {"type": "object"}}),
    ("values_to_be_increasing", {}),
    ("values_to_be_increasing", {"strictly": True}),
    ("values_to_be_decreasing", {}),
    ("values_to_be_of_type", {"type_": "str"}),
    ("values_to_be_in_type_list", {"type_list": ["int", "float"]}),
    ("value_z_scores_to_be_less_than", {"threshold": 1, "double_sided": True}),
    ("value_z_scores_to_be_less_than", {"threshold": 0.5, "double_sided": False}),
    ("values_to_not_be_outliers", {"method": "iqr", "multiplier": 1.0}),
    ("values_to_not_be_outliers", {"method": "std", "multiplier": 1.0}),
]
PAIRS = [
    ("whole", "real"),
    ("text", "texts"),
    ("whole", SCRIPT),
    ("when", "when"),
    ("gone", "real"),
    ("flag", "small"),
]
PAIR_RULES = [
    ("a_to_be_greater_than_b", {}),
    ("a_to_be_greater_than_b", {"or_equal": True}),
    ("to_be_equal", {}),
    ("to_be_equal", {"ignore_row_if": "both_values_are_missing"}),
    ("to_be_equal", {"ignore_row_if": "either_value_is_missing"}),
    ("to_be_equal", {"ignore_row_if": "neither"}),
    ("to_be_in_set", {"value_pairs_set": [["ab", "ab"], [None, None], [3, 0.5]]}),
]
LISTS = [["whole", "real"], ["text", "texts", "same"], ["whole", SCRIPT, "small"], ["gone", "real"], ["text", "day"]]
LIST_RULES = [
    ("expect_compound_columns_to_be_unique", {}),
    ("expect_compound_columns_to_be_unique", {"ignore_row_if": "any_value_is_missing"}),
    ("expect_select_column_values_to_be_unique_within_record", {}),
    ("expect_select_column_values_to_be_unique_within_record", {"ignore_row_if": "never"}),
    ("expect_multicolumn_values_to_be_equal", {}),
    ("expect_multicolumn_sum_to_equal", {"sum_total": 4}),
    ("expect_multicolumn_sum_to_equal", {"sum_total": 4, "ignore_row_if": "never"}),
]

# Great Expectations has them for SQL alone: on a table in memory they are errors.
WITHOUT_PANDAS = {
    "expect_column_values_to_match_like_pattern",
    "expect_column_values_to_match_like_pattern_list",
    "expect_column_values_to_not_match_like_pattern",
    "expect_column_values_to_not_match_like_pattern_list",
}


# Every kind of rule is held against every kind of column; its variants, against these.
FEW = ("whole", "real", "text", "when", "objects", "nested")


def cases():
    seen = set()
    for rule, kwargs in COLUMN_RULES:
        columns = [{"column": name, **kwargs} for name in (FEW if rule in seen else TYPED)]
        seen.add(rule)
        yield f"expect_column_{rule}", [*columns, *({**k, **CONDITION} for k in columns if k["column"] in CONDITIONAL)]
    for rule, kwargs in PAIR_RULES:
        pairs = [{"column_A": a, "column_B": b, **kwargs} for a, b in PAIRS]
        yield f"expect_column_pair_values_{rule}", [*pairs, *({**k, **CONDITION} for k in pairs)]
    for kind, kwargs in LIST_RULES:
        lists = [{"column_list": names, **kwargs} for names in LISTS]
        yield kind, [*lists, *({**k, **CONDITION} for k in lists)]


# Sample lists of values need hashes, which lists have not.
COMPLETE = {"result_format": "COMPLETE", "exclude_unexpected_values": True}


def dated(frame, kind, kwargs):
    """The same rule; JSON has no dates, so that texts of a set are dates where the column holds them."""
    if kind != "expect_column_values_to_be_in_set" or frame[kwargs["column"]].dtype.kind != "M":
        return kwargs
    values = [pd.Timestamp(value) if value == "2020-01-01" else value for value in kwargs["value_set"]]
    return {**kwargs, "value_set": values}


def complete(frame, rules):
    """What Great Expectations' own engine says: (verdict, rows), each None where it raised."""
    rules = [(kind, dated(frame, kind, kwargs)) for kind, kwargs in rules]
    with warnings.catch_warnings(), quiet():
        warnings.simplefilter("ignore")
        gx = library()
        from great_expectations.data_context.types.base import ProgressBarsConfig
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        source = context.data_sources.add_pandas("p")
        batch = source.add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
        batch = batch.get_batch({"dataframe": frame})
        assert type(source.get_execution_engine()).__name__ == "PandasExecutionEngine"
        rules = [
            ExpectationConfiguration(type=kind, kwargs=dict(kwargs), meta={"place": place}).to_domain_obj()
            for place, (kind, kwargs) in enumerate(rules)
        ]
        results = batch.validate(gx.ExpectationSuite("s", rules), result_format=COMPLETE).results
    said = {result.expectation_config.meta["place"]: _verdict_and_rows(result) for result in results}
    return [said[place] for place in range(len(rules))]


def _verdict_and_rows(result):
    info = result.exception_info
    if info and info.get("raised_exception", True):
        return None, None
    found = result.result or {}
    counted = "element_count" in found and (result.success is False or found["unexpected_count"])
    return result.success, found["unexpected_index_list"] if counted else None


def ours(frame, rules):
    raws = run_expectations(frame, [Expectation(kind, kwargs, (), Severity.INFO) for kind, kwargs in rules])
    return [(raw.success, None if raw.rows is None else raw.rows.tolist()) for raw in raws]


@pytest.mark.parametrize(("kind", "arguments"), [*cases()])
def test_rows_and_verdict_are_those_of_great_expectations(kind, arguments):
    rules = [(kind, kwargs) for kwargs in arguments]
    truth = complete(TYPED, rules)
    assert any(verdict is False for verdict, _ in truth), "cases that nothing breaks show little"
    for kwargs, said, expected in zip(arguments, ours(TYPED, rules), truth, strict=True):
        assert said == expected, kwargs


def test_every_expectation_on_rows_that_great_expectations_has_is_compared():
    library()
    from great_expectations.expectations import expectation as classes
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    on_rows = (
        classes.ColumnMapExpectation,
        classes.ColumnPairMapExpectation,
        classes.MulticolumnMapExpectation,
    )
    core = {
        kind
        for kind in list_registered_expectation_implementations()
        if issubclass(get_expectation_impl(kind), on_rows)
        and get_expectation_impl(kind).__module__.startswith("great_expectations.")
    }
    assert core == {kind for kind, _ in cases()} | WITHOUT_PANDAS


def test_what_great_expectations_has_for_sql_alone_is_an_error():
    rules = [
        (kind, {"column": "text", **({"like_pattern_list": ["a%"]} if "list" in kind else {"like_pattern": "a%"})})
        for kind in sorted(WITHOUT_PANDAS)
    ]
    assert ours(TYPED, rules) == [(None, None)] * len(rules)


VALUES = st.one_of(st.none(), st.sampled_from(["a", "b", "ab", "", " a", "Ä", "1"]))


@given(
    st.lists(st.tuples(VALUES, VALUES, st.floats(-3, 3).map(lambda x: round(x, 0))), min_size=1, max_size=30),
    st.sampled_from(
        [
            ("expect_column_values_to_be_in_set", {"column": "a", "value_set": ["a", "Ä"]}),
            ("expect_column_values_to_match_regex", {"column": "a", "regex": "a|1"}),
            ("expect_column_value_lengths_to_be_between", {"column": "b", "max_value": 1}),
            ("expect_column_values_to_be_unique", {"column": "b"}),
            ("expect_column_values_to_be_between", {"column": "x", "min_value": -1, "max_value": 1}),
            ("expect_column_values_to_be_increasing", {"column": "x"}),
            ("expect_column_pair_values_to_be_equal", {"column_A": "a", "column_B": "b"}),
            ("expect_compound_columns_to_be_unique", {"column_list": ["a", "b"]}),
            ("expect_select_column_values_to_be_unique_within_record", {"column_list": ["a", "b"]}),
        ]
    ),
    st.sampled_from([{}, {"row_condition": "x > 0", "condition_parser": "pandas"}]),
    st.sampled_from([1, 0.75, 0.5]),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_texts_break_rules_as_great_expectations_says(rows, rule, condition, mostly):
    frame = pd.DataFrame(rows, columns=["a", "b", "x"]).astype({"a": "str", "b": "str"})
    rules = [(rule[0], {**rule[1], **condition, "mostly": mostly})]
    assert ours(frame, rules) == complete(frame, rules)


def test_values_that_repeat_are_judged_once_and_all_rows_that_have_them_are_named():
    rng = np.random.default_rng(0)
    texts = np.array(["ab", "abc", "2020-01-01", "", "x y", None], dtype=object)[rng.integers(0, 6, 3_000)]
    frame = pd.DataFrame({"text": pd.array(texts, dtype="str"), "part": rng.integers(0, 3, 3_000)})
    rules = [
        (f"expect_column_{rule}", {"column": "text", **kwargs, **condition})
        for rule, kwargs in COLUMN_RULES
        if "between" not in rule and "z_score" not in rule and "outlier" not in rule
        for condition in ({}, {"row_condition": "part == 1", "condition_parser": "pandas"})
    ]
    assert ours(frame, rules) == complete(frame, rules)


def finding_of(run_suite, frame, kind, kwargs, **settings):
    (finding,) = run_suite(frame, (kind, kwargs), **settings)
    return finding


@pytest.mark.parametrize(
    ("kind", "kwargs", "rows"),
    [
        ("expect_column_max_to_be_between", {"column": "x", "max_value": 2}, [2, 3]),
        ("expect_column_max_to_be_between", {"column": "x", "max_value": 3, "strict_max": True}, [2, 3]),
        ("expect_column_min_to_be_between", {"column": "x", "min_value": 2}, [0]),
        ("expect_column_distinct_values_to_be_in_set", {"column": "c", "value_set": ["a"]}, [1, 2]),
        ("expect_column_distinct_values_to_equal_set", {"column": "c", "value_set": ["a", "z"]}, [1, 2]),
        ("expect_column_proportion_of_non_null_values_to_be_between", {"column": "c", "min_value": 0.9}, [3]),
        ("expect_column_max_to_be_between", {"column": "x", "max_value": 2, "row_condition": "y == 1"}, [3]),
        ("expect_column_max_to_be_between", {"column": "when", "max_value": "2020-01-02"}, [3]),
    ],
)
def test_rows_to_blame_for_a_rule_about_the_whole_column(run_suite, kind, kwargs, rows):
    when = pd.to_datetime(["2020-01-01", None, "2020-01-02", "2020-01-03"])
    frame = pd.DataFrame({"x": [1, 2, 3, 3], "c": ["a", "b", "b", None], "when": when, "y": [0, 1, 0, 1]})
    if "row_condition" in kwargs:
        kwargs = {**kwargs, "condition_parser": "pandas"}
    finding = finding_of(run_suite, frame, kind, kwargs)
    assert finding.status is Status.FAILED
    assert finding.evidence.rows.positions.tolist() == rows
    left = frame.drop(index=rows)
    if "non_null" not in kind and "equal_set" not in kind:
        (verdict,) = complete(left, [(kind, {**kwargs, **_as_instant(kwargs)})])
        assert verdict[0] is True


def _as_instant(kwargs):
    return {"max_value": "2020-01-02T00:00:00"} if kwargs["column"] == "when" else {}


@pytest.mark.parametrize(
    ("kind", "kwargs", "said"),
    [
        ("expect_column_max_to_be_between", {"column": "x", "min_value": 9}, "about the values together"),
        ("expect_column_mean_to_be_between", {"column": "x", "min_value": 9}, "about the values together"),
        ("expect_column_to_exist", {"column": "zzz"}, "about the column itself"),
        ("expect_column_values_to_be_of_type", {"column": "x", "type_": "str"}, "about the column itself"),
        ("expect_table_row_count_to_equal", {"value": 9}, "about the table as a whole"),
        ("expect_column_proportion_of_non_null_values_to_be_between", {"column": "x", "max_value": 0.5}, "together"),
    ],
)
def test_what_no_row_breaks_says_so(run_suite, kind, kwargs, said):
    finding = finding_of(run_suite, pd.DataFrame({"x": [1, 2, 3], "y": [0, 1, 0]}), kind, kwargs)
    assert finding.status is Status.FAILED
    assert finding.evidence.rows is None
    assert said in finding.message
    assert finding.message.endswith("no single row breaks it.")


@pytest.mark.parametrize(
    "bound", ["2020-01-02", "2020-01-02T00:00:00", "2020-01-02T02:00:00+02:00", "2020-01-02T00:00:00Z"]
)
@pytest.mark.parametrize("unit", ["ns", "us", "s"])
def test_a_bound_of_a_date_column_may_be_a_day_or_an_instant(run_suite, bound, unit):
    # pandas compares no datetime with the day that Great Expectations reads "2020-01-02" as.
    when = pd.Series(pd.to_datetime(["2020-01-01", None, "2020-01-02", "2020-01-03"])).astype(f"datetime64[{unit}]")
    frame = pd.DataFrame({"when": when, "y": [0, 1, 0, 1]})
    finding = finding_of(
        run_suite, frame, "expect_column_values_to_be_between", {"column": "when", "min_value": bound}
    )
    assert finding.status is Status.FAILED
    assert finding.evidence.rows.positions.tolist() == [0]
    assert json.dumps(finding.evidence.rows.reason)
