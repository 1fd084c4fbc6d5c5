"""Which column is meant, which instant a text in a suite stands for, and what else runs in the process."""

from __future__ import annotations

import threading

import pandas as pd
import pytest

from assay.findings import Severity, Status
from assay.validation.in_memory import run_expectations
from assay.validation.suite import Expectation

Y = ["no", "yes"] * 10


def test_columns_that_differ_only_in_case_are_told_apart(run_suite):
    frame = pd.DataFrame({"ID": range(20), "Amount": range(1, 21), "amount": range(-20, 0), "id": [7] * 20, "y": Y})
    rules = [
        ("expect_column_values_to_be_between", {"column": "amount", "min_value": 0}),
        ("expect_column_values_to_be_unique", {"column": "id"}),
        ("expect_column_min_to_be_between", {"column": "amount", "min_value": 0}),
        ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "amount", "column_B": "Amount"}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["id", "y"]}),
        ("expect_column_values_to_be_in_type_list", {"column": "y", "type_list": ["int64"]}),
    ]
    upper = [
        ("expect_column_values_to_be_between", {"column": "Amount", "min_value": 0}),
        ("expect_column_values_to_be_unique", {"column": "ID"}),
        ("expect_column_min_to_be_between", {"column": "Amount", "min_value": 0}),
        ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "Amount", "column_B": "amount"}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["ID", "y"]}),
        ("expect_column_values_to_be_in_type_list", {"column": "Amount", "type_list": ["int64"]}),
        ("expect_table_columns_to_match_ordered_list", {"column_list": list(frame)}),
    ]
    found = run_suite(frame, *rules, *upper)
    assert [item.status for item in found] == [Status.FAILED] * len(rules) + [Status.PASSED] * len(upper)


@pytest.mark.parametrize(("first", "meant"), [("`b`", "b"), ('"b"', "b"), ("b", '"b"'), ("STRASSE", "straße")])
def test_names_that_look_alike_are_told_apart(first, meant):
    frame = pd.DataFrame({first: range(20), meant: [1] * 20})
    rule = Expectation("expect_column_values_to_be_unique", {"column": meant}, (meant,), Severity.INFO)
    other = Expectation("expect_column_values_to_be_unique", {"column": first}, (first,), Severity.INFO)
    assert [raw.success for raw in run_expectations(frame, [rule, other])] == [False, True]


DAYS = ["2024-01-01", "2024-01-02"]


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("column_values_to_be_in_set", {"column": "when", "value_set": DAYS}),
        ("column_distinct_values_to_be_in_set", {"column": "when", "value_set": DAYS}),
        ("column_most_common_value_to_be_in_set", {"column": "when", "value_set": DAYS, "ties_okay": True}),
        (
            "column_pair_values_to_be_in_set",
            {"column_A": "when", "column_B": "n", "value_pairs_set": [[DAYS[0], 0], [DAYS[1], 1]]},
        ),
    ],
)
def test_dates_in_sets(run_suite, unit, kind, kwargs):
    when = pd.to_datetime(DAYS * 10).astype(f"datetime64[{unit}]")
    frame = pd.DataFrame({"when": when, "n": [0, 1] * 10, "y": Y})
    zoned = [f"{day}T01:00:00+01:00" for day in DAYS]
    for listed, status in ((DAYS, Status.PASSED), (zoned, Status.PASSED), (["2030-01-01"] * 2, Status.FAILED)):
        sets = (
            {"value_set": listed}
            if "value_set" in kwargs
            else {"value_pairs_set": [*zip(listed, (0, 1), strict=True)]}
        )
        (finding,) = run_suite(frame, (f"expect_{kind}", {**kwargs, **sets}))
        assert finding.status is status, finding.message


def test_another_thread_keeps_its_own_great_expectations():
    from assay.validation import in_memory
    from assay.validation.engine import quiet_context

    frame = pd.DataFrame({"x": range(20)})
    engines = []

    def host():
        source = quiet_context().data_sources.add_pandas("host")
        engines.append(type(source.get_execution_engine()).__name__)

    with in_memory._batch(frame):
        thread = threading.Thread(target=host)
        thread.start()
        thread.join()
    assert engines == ["PandasExecutionEngine"]


def test_a_few_texts_among_numbers_are_named(run_suite):
    values = [str(150 + k / 4) for k in range(95)] + [f"{k}.3 cm" for k in range(172, 177)]
    frame = pd.DataFrame({"height": values, "y": ["no", "yes"] * 50})
    (finding,) = run_suite(frame, ("expect_column_values_to_be_between", {"column": "height", "min_value": 100}))
    assert finding.status is Status.ERROR
    assert "5 of 100 values of 'height' are no numbers" in finding.message
    assert finding.evidence.rows.positions.tolist() == [95, 96, 97, 98, 99]
    assert finding.evidence.rows.action == "review"
    frame["height"] = ["tall", "small"] * 50
    (finding,) = run_suite(frame, ("expect_column_values_to_be_between", {"column": "height", "min_value": 100}))
    assert (finding.status, finding.evidence.rows if finding.evidence else None) == (Status.ERROR, None)


@pytest.mark.parametrize(("broken", "named"), [(10, True), (0, False), (100, False)])
def test_the_few_rows_that_break_a_rule_which_passed_are_named(run_suite, broken, named):
    n = 806
    frame = pd.DataFrame({"a": range(n), "b": range(n, 0, -1), "y": ["no", "yes"] * (n // 2)})
    frame["total"] = frame["a"] + frame["b"]
    frame.loc[: broken - 1, "total"] += 5
    rule = {"column_list": ["total", "a", "b"], "total": "total", "mostly": 0.8}
    (finding,) = run_suite(frame, ("expect_column_values_to_equal_sum_of_columns", rule))
    assert finding.status is Status.PASSED
    assert finding.severity == "critical"
    rows = finding.evidence.rows
    assert (rows is not None) is named
    if rows is not None:
        assert rows.positions.tolist() == list(range(broken))
        assert rows.action == "review"
        reasons = [rows.reason] if isinstance(rows.reason, str) else rows.reason
        assert not any("at least" in reason for reason in reasons)


def test_a_reason_of_a_row_has_no_share():
    from assay.validation.expectations import Held

    item = Expectation("expect_odd", {"column": "x", "mostly": 0.9937}, ("x",), Severity.INFO)
    assert Held(None, item, "", None).rule == "'x': odd"


def test_the_type_that_was_found_is_said(run_suite):
    frame = pd.DataFrame({"zip": range(20), "y": Y})
    for rule in (("in_type_list", {"type_list": ["str", "object"]}), ("of_type", {"type_": "str"})):
        (finding,) = run_suite(frame, (f"expect_column_values_to_be_{rule[0]}", {"column": "zip", **rule[1]}))
        assert "It is of type int64" in finding.message


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ({"reason": "All but 3 of 1,800 values are dates (YYYY-MM-DD).", "rule": "pattern: day"}, True),
        ({"reason": "All 18 values are of one form.", "rule": "pattern: day"}, False),
        ({"reason": "All 18 values are dates."}, False),
        ({"reason": 7, "rule": "pattern: day"}, False),
        ({}, False),
    ],
)
def test_a_pattern_in_words(run_suite, meta, said):
    regex = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
    frame = pd.DataFrame({"day": ["2024-01-01"] * 19 + ["first"], "y": Y})
    entry = {
        "type": "expect_column_values_to_match_regex",
        "kwargs": {"column": "day", "regex": regex, "mostly": 0.99},
        "meta": meta,
    }
    (finding,) = run_suite(frame, entry)
    assert finding.status is Status.FAILED
    assert (regex not in finding.message) is said
    assert (regex not in finding.evidence.rows.reason) is said
    assert ("dates (YYYY-MM-DD)" in finding.title) is said


def test_texts_in_a_set_that_are_no_dates(run_suite):
    frame = pd.DataFrame({"when": pd.to_datetime(DAYS * 10), "n": 0, "y": Y})
    rules = [
        ("expect_column_values_to_be_in_set", {"column": "when", "value_set": ["no date", None, 7]}),
        ("expect_column_most_common_value_to_be_in_set", {"column": "when", "value_set": ["no date"]}),
        (
            "expect_column_pair_values_to_be_in_set",
            {"column_A": "when", "column_B": "n", "value_pairs_set": [["no date", 0]]},
        ),
        ("expect_column_pair_values_to_be_in_set", {"column_A": "when", "column_B": "n", "value_pairs_set": []}),
        ("expect_column_values_to_be_in_set", {"column": "when", "value_set": []}),
    ]
    assert [item.status for item in run_suite(frame, *rules)] == [Status.FAILED] * len(rules)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["1", "2", "x", None], [2]),
        (["1", 2, [3], 4.5], [2]),
        (["1", "x"], [1]),
        (["x", "z", "1"], None),
        ([None, None], None),
        ([pd.Timestamp("2024-01-01"), "1", "2"], [0]),
        ([], None),
    ],
)
def test_what_is_no_number(values, found):
    from assay.validation.column_rows import no_numbers

    frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
    between = {"column": "x", "min_value": 0}
    positions = no_numbers(frame, "expect_column_values_to_be_between", between)
    assert (None if positions is None else positions.tolist()) == found
    assert no_numbers(frame, "expect_column_value_lengths_to_be_between", between) is None
    assert no_numbers(frame, "expect_column_values_to_be_between", {"column": "x", "min_value": "a"}) is None
    assert no_numbers(frame.assign(x=1.0), "expect_column_values_to_be_between", between) is None


def test_in_a_place_columns_that_differ_only_in_case_are_an_error():
    from assay.validation.backends.place import REMEDIES, ambiguous

    item = Expectation("expect_column_values_to_be_unique", {"column": "id"}, ("id",), Severity.INFO)
    raw = ambiguous(item, ["ID", "id", "x"])
    assert raw.success is None
    assert "differ only in case" in REMEDIES[raw.failure][0]
    assert ambiguous(item, ["id", "x", "X"]) is None


def test_masks_read_time_zones_and_sets_of_dates():
    from assay.validation.masks import unexpected_rows

    frame = pd.DataFrame({"when": pd.to_datetime(DAYS), "n": [0, 1]})
    late = {"column": "when", "min_value": "2024-01-01T01:30:00+01:00"}
    assert unexpected_rows(frame, "expect_column_values_to_be_between", late).tolist() == [0]
    listed = {"column": "when", "value_set": ["2024-01-02T01:00:00+01:00"]}
    assert unexpected_rows(frame, "expect_column_values_to_be_in_set", listed).tolist() == [0]
    assert unexpected_rows(frame, "expect_column_values_to_not_be_in_set", listed).tolist() == [1]
    pairs = {"column_A": "when", "column_B": "n", "value_pairs_set": [[DAYS[1], 1]]}
    assert unexpected_rows(frame, "expect_column_pair_values_to_be_in_set", pairs).tolist() == [0]
