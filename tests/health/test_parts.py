"""What a part of the stage leaves: findings of whatever became of it, in a number that a person can read."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from assay.config import HealthConfig
from assay.findings import Check, Outcome, Severity, Status, Subject
from assay.health import HealthContext
from assay.health.parts import MOST_FINDINGS, Part, assess_parts
from assay.trying import attempt


@pytest.fixture
def context(make_case):
    return HealthContext(*make_case(60), HealthConfig())


def part(run, prepare=lambda context: context, **more):
    return Part((Check("MH020", "Something", Severity.WARNING, run),), prepare, **more)


def passed(_):
    yield Outcome(Status.PASSED, "Fine.")


def test_a_part_that_crashes_is_an_error_and_the_others_go_on(context):
    def crash(_):
        raise ValueError("secret value")

    found, tables = assess_parts(
        [part(passed, crash), part(passed, tables=lambda _: {"t": pd.DataFrame({"a": [1]})})], context
    )
    assert [str(finding.status) for finding in found] == ["error", "passed"]
    assert "secret" not in found[0].message
    assert list(tables) == ["t"]


def test_what_failed_before_is_an_error_of_its_check(context):
    failed = replace(context, failures={"MH020": RuntimeError("out of memory")})
    (finding,), _ = assess_parts([part(passed)], failed)
    assert finding.status is Status.ERROR


def test_an_attempt_gives_its_error_to_its_checks():
    def crash(x):
        raise KeyError(x)

    done, broken = attempt(("MH010",), len, "abc"), attempt(("MH010", "MH011"), crash, "abc")
    assert (done.result, done.failures) == (3, {})
    assert broken.result is None
    assert set(broken.failures) == {"MH010", "MH011"}


def test_the_findings_of_a_wide_table_are_told_in_one_from_some_number_on(context):
    def run(_):
        yield Outcome(Status.PASSED, "Fine.")
        for i in range(500):
            severity = Severity.CRITICAL if i == 400 else None
            yield Outcome(Status.FAILED, f"Column {i}.", Subject((f"c{i}",)), severity=severity)

    found, _ = assess_parts([part(run)], context)
    failed = [finding for finding in found if finding.status is Status.FAILED]
    assert len(failed) == MOST_FINDINGS
    assert failed[-1].message.startswith("The same holds 481 more times, of 'c19', 'c20'")
    assert "and 471 more" in failed[-1].message
    assert failed[-1].severity is Severity.CRITICAL
    assert len(failed[-1].subject.columns) == 481


def test_what_does_not_apply_says_why(context):
    (finding,), _ = assess_parts([part(passed, unasked=lambda _: "It was not asked.")], context)
    assert (finding.status, finding.message) == (Status.NOT_APPLICABLE, "It was not asked.")
