"""Tables that bring validation tools down: an error stays an error, of one expectation, and never a verdict."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from assay.config import ValidationConfig
from assay.findings import Status
from assay.validation import validate

BETWEEN = "expect_column_values_to_be_between"
NOT_NULL = "expect_column_values_to_not_be_null"
UNIQUE = "expect_column_values_to_be_unique"
IN_SET = "expect_column_values_to_be_in_set"
FINE = (NOT_NULL, {"column": "y"})


def on(column, *kinds):
    arguments = {
        BETWEEN: {"min_value": 0, "max_value": 1},
        IN_SET: {"value_set": ["a"]},
        "expect_column_values_to_match_regex": {"regex": "a"},
        "expect_column_value_lengths_to_equal": {"value": 1},
        "expect_column_mean_to_be_between": {"min_value": 0},
        "expect_column_max_to_be_between": {"max_value": 0},
    }
    return [(kind, {"column": column, **arguments.get(kind, {})}) for kind in kinds]


def statuses(findings):
    return [finding.status for finding in findings]


def table(**columns):
    size = len(next(iter(columns.values())))
    return pd.DataFrame({**columns, "z": range(size), "y": (["a", "b"] * size)[:size]})


def test_a_column_of_nested_values_has_verdicts_on_its_json_text(run_suite):
    nested = pd.Series([{"a": 1}, [1, 2], None, {}, {"a": 1}, [[]]], dtype=object)
    rules = on("nested", NOT_NULL, UNIQUE, IN_SET, "expect_column_values_to_match_regex")
    findings = run_suite(table(nested=nested), *rules, FINE)
    assert statuses(findings) == [Status.FAILED] * 4 + [Status.PASSED]
    assert findings[1].evidence.rows.positions.tolist() == [0, 4]


def test_what_cannot_be_compared_is_an_error_of_its_expectation_alone(run_suite):
    mixed = pd.Series([1, "two", dt.date(2020, 1, 1), 4.5, None, [5]], dtype=object)
    rules = on("mixed", BETWEEN, "expect_column_mean_to_be_between", "expect_column_max_to_be_between")
    findings = run_suite(table(mixed=mixed), *rules, *on("mixed", NOT_NULL, UNIQUE), FINE)
    assert statuses(findings) == [Status.ERROR] * 3 + [Status.FAILED, Status.PASSED, Status.PASSED]
    assert all("could not be carried out" in finding.message for finding in findings[:3])


def test_objects_that_cannot_be_compared_or_hashed_never_end_the_run(run_suite):
    class Stubborn:
        def __eq__(self, other):
            raise RuntimeError("no")

        __hash__ = None

    odd = pd.Series([Stubborn(), Stubborn(), None, 1], dtype=object)
    findings = run_suite(table(odd=odd), *on("odd", NOT_NULL, UNIQUE, IN_SET, BETWEEN), FINE)
    assert findings[0].status is Status.FAILED
    assert findings[3].status is Status.ERROR
    assert findings[4].status is Status.PASSED


def test_a_cell_of_many_megabytes(run_suite):
    long = "x" * (8 * 2**20)
    findings = run_suite(
        table(text=["a", long, "a", "b"]),
        *on("text", NOT_NULL, IN_SET, UNIQUE, "expect_column_value_lengths_to_equal"),
        ("expect_column_values_to_match_regex", {"column": "text", "regex": "^a"}),
        FINE,
    )
    assert statuses(findings) == [Status.PASSED, *[Status.FAILED] * 4, Status.PASSED]
    assert findings[1].evidence.rows.positions.tolist() == [1, 3]
    shown = [str(f.evidence.rows.reason) + f.message for f in findings[1:5]]
    assert max(map(len, shown)) < 1_000


def test_time_zones_that_differ_are_instants_in_utc(run_suite):
    zones = ["2020-01-01T00:30:00+02:00", "2020-01-01T00:30:00-05:00", "2020-01-01T00:30:00Z", None]
    when = pd.Series([None if text is None else pd.Timestamp(text) for text in zones], dtype=object)
    rule = (BETWEEN, {"column": "when", "min_value": "2020-01-01"})
    (finding,) = run_suite(table(when=when), rule)
    assert finding.status is Status.FAILED
    assert finding.evidence.rows.positions.tolist() == [0]


def test_row_ids_that_repeat_do_not_move_a_flag_to_another_row(make_dataset, write_suite):
    frame = pd.DataFrame({"id": ["a", "a", "b", "b"], "x": [1, 9, 1, 9], "y": [0, 1, 0, 1]}, index=[7, 7, 7, 7])
    dataset = make_dataset(frame, label="y", id="id")
    suite = write_suite(*on("x", BETWEEN), (UNIQUE, {"column": "id"}))
    between, unique = validate(dataset, ValidationConfig(suite=suite), checks=()).findings
    assert between.evidence.rows.positions.tolist() == [1, 3]
    assert unique.evidence.rows.positions.tolist() == [0, 1, 2, 3]


def test_a_table_of_two_thousand_columns(run_suite):
    wide = {f"c{i}": np.arange(12) for i in range(2_000)}
    rules = [(BETWEEN, {"column": f"c{i}", "max_value": 10}) for i in range(0, 2_000, 40)]
    findings = run_suite(table(**wide), *rules, ("expect_table_column_count_to_equal", {"value": 2_002}))
    assert statuses(findings) == [Status.FAILED] * 50 + [Status.PASSED]
    assert all(f.evidence.rows.positions.tolist() == [11] for f in findings[:50])


def test_a_suite_of_many_hundred_expectations_is_answered_in_its_order(run_suite):
    frame = table(a=np.arange(10), b=np.arange(10.0), c=list("abcdefghij"))
    rules = [(BETWEEN, {"column": "ab"[i % 2], "max_value": i % 10}) for i in range(240)]
    rules[100] = (BETWEEN, {"column": "c", "max_value": 3})
    findings = run_suite(frame, *rules)
    expected = [Status.PASSED if i % 10 == 9 else Status.FAILED for i in range(240)]
    expected[100] = Status.ERROR
    assert statuses(findings) == expected
    assert [f.evidence.rows.positions.tolist() for f in findings[:9]] == [list(range(i + 1, 10)) for i in range(9)]


@pytest.mark.parametrize(
    "column",
    [
        [np.nan] * 6,
        [None] * 6,
        [pd.NaT] * 6,
        [np.inf, -np.inf, np.nan, 0.0, 1.0, -0.0],
        [2**70, 1, 2, 3, 4, 5],
        [True, None, False, True, None, True],
        [b"\xff", b"a", None, b"b", b"c", b"d"],
        ["\ud800", "a", "\u202eabc", "\x00", "e\u0301", "é"],
        [complex(1, 2)] * 6,
        [float("1e308"), -1e308, 5e-324, 0, 1, 2],
    ],
)
def test_odd_columns_never_give_a_traceback_and_take_no_other_with_them(run_suite, column):
    odd = pd.Series(column, dtype=object)
    kinds = (
        BETWEEN,
        NOT_NULL,
        UNIQUE,
        IN_SET,
        "expect_column_values_to_match_regex",
        "expect_column_mean_to_be_between",
    )
    findings = run_suite(table(odd=odd), *on("odd", *kinds), FINE)
    assert findings[-1].status is Status.PASSED
    assert not any("Check DQ100" in finding.message for finding in findings)
    if odd.isna().all():
        assert Status.PASSED not in statuses(findings)[:-1]


def test_two_rows(run_suite):
    frame = pd.DataFrame({"x": [1.0, np.nan], "y": ["a", "b"]})
    findings = run_suite(frame, *on("x", BETWEEN, NOT_NULL, UNIQUE, "expect_column_mean_to_be_between"))
    assert statuses(findings) == [Status.PASSED, Status.FAILED, Status.PASSED, Status.PASSED]


def test_a_pattern_that_would_run_for_ever_is_no_verdict(run_suite):
    # Not only slow: Python's engine would not end. Arrow's does not backtrack, and the values are texts of Arrow.
    rule = ("expect_column_values_to_match_regex", {"column": "text", "regex": "^(a+)+$"})
    (finding,) = run_suite(table(text=["a" * 40 + "!", "a", "aa", "b"]), rule)
    assert finding.status is Status.FAILED
    assert finding.evidence.rows.positions.tolist() == [0, 3]


def test_a_suite_of_a_later_version_keeps_its_rules_and_is_refused_where_they_are_unknown(make_dataset, tmp_path):
    from assay.errors import ConfigurationError

    known = {"type": NOT_NULL, "kwargs": {"column": "x"}, "id": "1", "rendered_content": [], "future": {"a": 1}}
    path = tmp_path / "later.json"
    content = {"name": "later", "expectations": [known], "meta": {"great_expectations_version": "9.9"}, "future": []}
    path.write_text(json.dumps(content))
    dataset = make_dataset(table(x=[1, 2, 3, 4]), label="y")
    (finding,) = validate(dataset, ValidationConfig(suite=path), checks=()).findings
    assert finding.status is Status.PASSED
    content["expectations"].append({"type": NOT_NULL, "kwargs": {"column": "x", "new_argument": 1}})
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigurationError, match="'new_argument': is not known here"):
        validate(dataset, ValidationConfig(suite=path), checks=())
