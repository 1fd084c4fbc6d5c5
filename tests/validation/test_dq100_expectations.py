"""Each expectation of a suite becomes one finding: passed, failed or error, in words, with the rows."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from assay.config import ValidationConfig
from assay.findings import Action, Severity, Status
from assay.validation import validate
from assay.validation.engine import Raw
from assay.validation.expectations import suite_findings
from assay.validation.suite import Expectation, Suite

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def people():
    return pd.DataFrame(
        {
            "age": [30.0, 40.0, np.nan, 999.0, 50.0, 20.0],
            "city": ["Ulm", "Köln", None, "Atlantis", "Ulm", "Ulm"],
            SCRIPT: [1, 2, 3, 4, 5, 6],
            "gone": [np.nan] * 6,
            "y": [0, 1, 0, 1, 0, 1],
        }
    )


def between(column="age", low=0, high=120, **more):
    kwargs = {"column": column, "min_value": low, "max_value": high}
    return {"type": "expect_column_values_to_be_between", "kwargs": kwargs, **more}


def test_a_failed_range_names_its_rows_and_counts(run_suite, people):
    (finding,) = run_suite(people, between())
    assert (finding.code, finding.status, finding.severity) == ("DQ100", Status.FAILED, Severity.CRITICAL)
    assert finding.subject.columns == ("age",)
    assert finding.title == "Values of 'age' are at least 0 and at most 120"
    assert finding.message.startswith("Broken by 1 of 5 values (20.00%, 95% interval ")
    truth = binomtest(1, 5).proportion_ci(method="wilson")
    assert (finding.evidence.interval.low, finding.evidence.interval.high) == pytest.approx((truth.low, truth.high))
    assert finding.evidence.value == 0.2
    assert finding.evidence.rows.positions.tolist() == [3]
    assert finding.evidence.rows.action is Action.QUARANTINE
    assert finding.remedy


def test_rules_of_one_title_have_a_digest_each_without_their_values(run_suite, people):
    def rule(**more):
        return "expect_column_values_to_be_in_set", {"column": "city", **more}

    def digest(**more):
        (finding,) = run_suite(people, rule(**more))
        return finding.rule

    cities = ["Ulm", "Köln"]
    conditions = [{"row_condition": f"age > {age}", "condition_parser": "pandas"} for age in (30, 40)]
    findings = run_suite(
        people,
        rule(value_set=cities),
        rule(value_set=["Ulm", "Bonn"]),
        *(rule(value_set=cities, **condition) for condition in conditions),
    )
    assert len({finding.title for finding in findings}) == 2
    assert len({finding.rule for finding in findings}) == 4
    assert digest(value_set=cities) == digest(value_set=cities[::-1]) == findings[0].rule
    assert all(re.fullmatch("[0-9a-f]{16}", finding.rule) for finding in findings)


def test_no_raw_value_is_quoted(run_suite, people):
    rules = [
        ("expect_column_values_to_be_in_set", {"column": "city", "value_set": ["Ulm", "Köln"]}),
        ("expect_column_max_to_be_between", {"column": "age", "max_value": 100}),
        ("expect_column_most_common_value_to_be_in_set", {"column": "city", "value_set": ["Köln"]}),
    ]
    findings = run_suite(people, *rules, sensitive=[{"column": "age", "bins": [30]}])
    assert [f.status for f in findings] == [Status.FAILED] * 3
    shown = " ".join(
        f"{f.title} {f.message} {f.remedy} {f.evidence.rows and f.evidence.rows.reason}" for f in findings
    )
    for value in ("Atlantis", "Ulm", "Köln", "999"):
        assert value not in shown
    assert findings[1].evidence.value is None


@pytest.mark.parametrize(
    ("extra", "severity", "action"),
    [
        ({"severity": "warning"}, Severity.WARNING, Action.REVIEW),
        ({"severity": "info"}, Severity.INFO, Action.REVIEW),
        ({"meta": {"severity": "warning"}}, Severity.WARNING, Action.REVIEW),
        ({"severity": "critical", "meta": {"severity": "info"}}, Severity.CRITICAL, Action.QUARANTINE),
    ],
)
def test_severity_is_the_expectations_own(run_suite, people, extra, severity, action):
    (finding,) = run_suite(people, between(**extra))
    assert finding.severity is severity
    assert finding.evidence.rows.action is action


def test_mostly_is_respected(run_suite, people):
    tolerant = between()
    tolerant["kwargs"]["mostly"] = 0.8
    strict = between()
    strict["kwargs"]["mostly"] = 0.81
    passed, failed = run_suite(people, tolerant, strict)
    assert (passed.status, failed.status) == (Status.PASSED, Status.FAILED)
    assert "at least 80% of the rows" in passed.title
    assert "1 of 5 values" in passed.message
    assert passed.evidence.threshold == pytest.approx(0.2)


def test_findings_come_in_the_order_of_the_suite_even_where_rules_repeat(run_suite, people):
    rules = [between(), ("expect_column_to_exist", {"column": "city"}), between(), between(SCRIPT, 0, 9)]
    findings = run_suite(people, *rules)
    assert [f.subject.columns for f in findings] == [("age",), ("city",), ("age",), (SCRIPT,)]
    assert [f.status for f in findings] == [Status.FAILED, Status.PASSED, Status.FAILED, Status.PASSED]


def test_an_expectation_that_raises_is_an_error_and_no_failure(run_suite, people):
    wrong_types = ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "age", "column_B": "city"})
    upside_down = between(low=5, high=1)
    bad_pattern = ("expect_column_values_to_match_regex", {"column": "city", "regex": "("})
    findings = run_suite(people, wrong_types, upside_down, bad_pattern, between())
    assert [f.status for f in findings] == [Status.ERROR] * 3 + [Status.FAILED]
    assert all(f.message.startswith("The expectation could not be carried out (") for f in findings[:3])
    assert "(ValueError)" in findings[1].message
    assert all(f.evidence is None for f in findings[:3])


def test_a_column_without_values_keeps_no_promise(run_suite, people):
    rules = [between("gone"), ("expect_column_mean_to_be_between", {"column": "gone", "min_value": 0})]
    findings = run_suite(people, *rules)
    assert all(f.status in (Status.INCONCLUSIVE, Status.ERROR, Status.FAILED) for f in findings)
    assert findings[0].status is Status.INCONCLUSIVE
    assert findings[0].evidence.value is None


def test_rows_are_named_under_a_condition_and_by_any_rule_on_rows(run_suite, people):
    conditional = between()
    conditional["kwargs"] |= {"row_condition": "y == 1", "condition_parser": "pandas"}
    no_row_meets_it = between()
    no_row_meets_it["kwargs"] |= {"row_condition": "y == 7", "condition_parser": "pandas"}
    z_score = (
        "expect_column_value_z_scores_to_be_less_than",
        {"column": "age", "threshold": 1, "double_sided": False},
    )
    first, second, third = run_suite(people, conditional, z_score, no_row_meets_it)
    assert first.status is second.status is Status.FAILED
    assert first.evidence.rows.positions.tolist() == [3]
    assert second.evidence.rows.positions.tolist() == [3]
    assert third.status is Status.INCONCLUSIVE
    assert third.blocks


def test_a_condition_that_no_row_meets_decides_nothing_about_a_column_either(run_suite, people):
    condition = {"row_condition": "city == 'Ullm'", "condition_parser": "pandas"}
    kinds = {
        "expect_column_values_to_not_be_null": {"column": "age"},
        "expect_column_values_to_be_null": {"column": "age"},
        "expect_column_unique_value_count_to_be_between": {"column": "age", "max_value": 9},
        "expect_column_max_to_be_between": {"column": "age", "max_value": 9},
    }
    found = run_suite(people, *((kind, kwargs | condition) for kind, kwargs in kinds.items()))
    assert [f.status for f in found] == [Status.INCONCLUSIVE] * 4
    assert all("No row meets the row condition" in f.message for f in found)
    (counted,) = run_suite(people, ("expect_table_row_count_to_equal", {"value": 0, **condition}))
    assert counted.status is Status.PASSED


@pytest.mark.parametrize(
    ("rows", "said"), [(np.array([0, 1]), "2 were found where 1 were counted"), (None, "does not tell them")]
)
def test_rows_that_are_not_those_counted_are_not_named(run_suite, people, monkeypatch, rows, said):
    counts = {"element_count": 6, "unexpected_count": 1, "missing_count": 1}
    raw = Raw(success=False, result=counts, rows=rows)
    monkeypatch.setattr("assay.validation.expectations.run_expectations", lambda *_: [raw])
    (finding,) = run_suite(people, between())
    assert finding.status is Status.FAILED
    assert finding.evidence.rows is None
    assert said in finding.message


def test_whole_column_expectations_show_their_figure(run_suite, people):
    mean = ("expect_column_mean_to_be_between", {"column": "age", "min_value": 0, "max_value": 100})
    exists = ("expect_column_to_exist", {"column": "absent"})
    failed, absent = run_suite(people, mean, exists)
    assert failed.status is absent.status is Status.FAILED
    assert failed.evidence.value == pytest.approx((30 + 40 + 999 + 50 + 20) / 5)
    assert "Observed: 227.8." in failed.message


def test_an_empty_suite_is_not_passed(run_suite, people):
    (finding,) = run_suite(people)
    assert finding.status is Status.INCONCLUSIVE
    assert finding.blocks


def test_the_frame_is_not_changed_and_nothing_is_printed(make_dataset, write_suite, people, capfd):
    dataset = make_dataset(people, label="y")
    before = dataset.frame.copy(deep=True)
    validate(dataset, ValidationConfig(suite=write_suite(between(), between(SCRIPT))))
    pd.testing.assert_frame_equal(dataset.frame, before)
    out, err = capfd.readouterr()
    assert out == err == ""


def test_the_suite_is_named_and_without_one_there_are_only_checks(make_dataset, write_suite, people):
    dataset = make_dataset(people, label="y")
    assert validate(dataset, ValidationConfig(suite=write_suite(between()))).suite == "rules"
    alone = validate(dataset, ValidationConfig())
    assert alone.suite is None
    assert {f.code for f in alone.findings} == {f"DQ0{n}" for n in range(10, 21)}


@pytest.mark.parametrize(
    ("kind", "kwargs", "named"),
    [
        ("expect_column_values_to_be_in_set", {"value_set": ["a", "b"]}, [7]),
        ("expect_column_values_to_match_regex", {"regex": "^[ab]$"}, [7]),
        ("expect_column_value_lengths_to_equal", {"value": 1}, None),
        ("expect_column_values_to_not_be_null", {}, None),
    ],
)
def test_rows_of_a_kept_rule_are_named_unless_it_is_a_matter_of_degree(make_dataset, kind, kwargs, named):
    values = pd.Series(["a", "b"] * 50)
    values[7] = None if "null" in kind else "xx"
    dataset = make_dataset(pd.DataFrame({"x": values, "y": ["p", "q"] * 50}), label="y")
    expectation = Expectation(kind, {"column": "x", "mostly": 0.9, **kwargs}, ("x",), Severity.CRITICAL)
    (finding,) = suite_findings(dataset, Suite("s", (expectation,)))
    assert finding.status is Status.PASSED
    rows = finding.evidence.rows
    assert (None if rows is None else rows.positions.tolist()) == named
    assert rows is None or rows.action is Action.REVIEW
