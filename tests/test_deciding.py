"""The gate: what passes, what is rejected, what stays undecided, and what a waiver can and cannot do."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.config import PolicyConfig, Waiver
from assay.deciding import Decision, Verdict, apply_severities, decide
from assay.findings import Action, Evidence, Finding, RowFlags, Severity, Status, Subject

TODAY = dt.date(2026, 3, 14)
BADNESS = {Verdict.PASS: 0, Verdict.UNDECIDED: 1, Verdict.REJECT: 2}


def finding(code="DQ001", status=Status.PASSED, severity=Severity.CRITICAL, columns=(), group=None) -> Finding:
    return Finding(code, f"title of {code}", severity, status, f"{code} {status}.", Subject(tuple(columns), group))


def waiver(check="DQ011", subject=None, expires=TODAY) -> Waiver:
    return Waiver(check=check, subject=subject, owner="Ada", reason="known", expires=expires)


GOOD = tuple(finding(f"{family}001") for family in ("DQ", "LN", "FB", "MH"))


def verdict(*findings: Finding, waivers=(), severity=None) -> Decision:
    policy = PolicyConfig(waivers=tuple(waivers), severity=severity or {})
    return decide((*GOOD, *findings), policy, today=TODAY)


def test_all_families_passed_is_pass():
    decision = verdict()
    assert decision.verdict == "pass"
    assert decision.reasons == ()


@pytest.mark.parametrize(
    ("status", "severity", "expected"),
    [
        (Status.FAILED, Severity.CRITICAL, "reject"),
        (Status.FAILED, Severity.WARNING, "pass"),
        (Status.FAILED, Severity.INFO, "pass"),
        (Status.INCONCLUSIVE, Severity.CRITICAL, "undecided"),
        (Status.INCONCLUSIVE, Severity.WARNING, "pass"),
        (Status.ERROR, Severity.CRITICAL, "undecided"),
        (Status.ERROR, Severity.WARNING, "undecided"),
        (Status.ERROR, Severity.INFO, "undecided"),
        (Status.NOT_APPLICABLE, Severity.CRITICAL, "pass"),
    ],
)
def test_one_more_finding(status, severity, expected):
    extra = finding("DQ011", status, severity)
    decision = verdict(extra)
    assert decision.verdict == expected
    assert decision.reasons == (() if expected == "pass" else (extra,))


def test_nothing_at_all_is_undecided_and_says_why():
    decision = decide((), PolicyConfig(), today=TODAY)
    assert decision.verdict == "undecided"
    assert [reason.message for reason in decision.reasons] == ["No check ran at all."]
    assert decision.reasons[0].code == "GATE"


def test_missing_family_is_undecided():
    decision = decide([f for f in GOOD if f.code != "LN001"], PolicyConfig(), today=TODAY)
    assert decision.verdict == "undecided"
    assert [reason.message for reason in decision.reasons] == ["No check of family LN (label noise) ran."]


def test_required_families_can_be_named():
    assert decide([finding("DQ001")], PolicyConfig(), today=TODAY, required=["DQ"]).verdict == "pass"


def test_nothing_passed_is_undecided():
    findings = [finding(f.code, Status.NOT_APPLICABLE) for f in GOOD]
    decision = decide(findings, PolicyConfig(), today=TODAY)
    assert decision.verdict == "undecided"
    assert [reason.message for reason in decision.reasons] == ["No check passed."]


def test_reasons_are_worst_first():
    decision = verdict(
        finding("MH009", Status.ERROR, Severity.INFO),
        finding("DQ020", Status.INCONCLUSIVE),
        finding("DQ019", Status.ERROR),
    )
    assert [reason.code for reason in decision.reasons] == ["DQ019", "DQ020", "MH009"]


def test_rejected_for_what_failed_only():
    decision = verdict(finding("DQ020", Status.INCONCLUSIVE), finding("LN002", Status.FAILED))
    assert [reason.code for reason in decision.reasons] == ["LN002"]


@pytest.mark.parametrize("subject", [None, "income", "income / sex = Female", "sex = Female"])
def test_waiver_matches_subject_column_or_group(subject):
    failed = finding("DQ011", Status.FAILED, columns=("income",), group="sex = Female")
    decision = verdict(failed, waivers=[waiver(subject=subject)])
    assert decision.verdict == "pass"
    assert [pair.finding for pair in decision.waived] == [failed]
    assert decision.unused == ()


@pytest.mark.parametrize("subject", ["ag", "sex", "Age", "sex = Male"])
def test_waiver_of_another_subject_does_not_count(subject):
    failed = finding("DQ011", Status.FAILED, columns=("age",), group="sex = Female")
    decision = verdict(failed, waivers=[waiver(subject=subject)])
    assert decision.verdict == "reject"
    assert [w.subject for w in decision.unused] == [subject]


@pytest.mark.parametrize(("subject", "expected"), [("sex", "reject"), ("race", "reject"), ("sex, race", "pass")])
def test_waiver_of_one_column_does_not_reach_an_intersection(subject, expected):
    failed = finding("FB011", Status.FAILED, columns=("sex", "race"))
    assert verdict(failed, waivers=[waiver("FB011", subject=subject)]).verdict == expected


def test_what_only_informs_does_not_make_a_pass():
    informing = [finding(code, Status.PASSED, Severity.INFO) for code in ("DQ006", "LN004", "FB001", "MH004")]
    assert decide(informing, PolicyConfig(), today=TODAY).verdict == "undecided"


def test_waiver_of_another_check_does_not_count():
    assert verdict(finding("DQ012", Status.FAILED), waivers=[waiver("DQ011")]).verdict == "reject"


def test_waiver_counts_through_its_last_day():
    failed = finding("DQ011", Status.FAILED)
    assert verdict(failed, waivers=[waiver(expires=TODAY)]).verdict == "pass"
    late = verdict(failed, waivers=[waiver(expires=TODAY - dt.timedelta(days=1))])
    assert late.verdict == "reject"
    assert len(late.expired) == 1
    assert late.waived == late.unused == ()


def test_waiver_covers_inconclusive_but_never_an_error():
    assert verdict(finding("DQ011", Status.INCONCLUSIVE), waivers=[waiver()]).verdict == "pass"
    crashed = verdict(finding("DQ011", Status.ERROR), waivers=[waiver()])
    assert crashed.verdict == "undecided"
    assert len(crashed.unused) == 1


def test_waiver_covers_the_rows_that_a_passed_check_names():
    rows = RowFlags(np.array([3, 7]), "Repeats an earlier row.", Action.QUARANTINE)
    few = replace(finding("DQ011"), evidence=Evidence("duplicate share", 0.001, rows=rows))
    decision = verdict(few, waivers=[waiver()])
    assert (decision.verdict, decision.unused) == ("pass", ())
    assert [pair.finding for pair in decision.waived] == [few]
    assert verdict(finding("DQ011"), waivers=[waiver()]).waived == ()


def test_two_waivers_of_one_finding_are_both_used():
    decision = verdict(finding("DQ011", Status.FAILED), waivers=[waiver(), waiver(subject="the dataset")])
    assert len(decision.waived) == 2
    assert decision.unused == ()


def test_policy_severity_replaces_the_checks_own():
    failed = finding("DQ011", Status.FAILED)
    assert verdict(failed, severity={"DQ011": Severity.WARNING}).verdict == "pass"
    assert verdict(finding("DQ011", Status.FAILED, Severity.INFO), severity={"DQ011": "critical"}).verdict == "reject"
    assert failed.severity is Severity.CRITICAL
    changed = apply_severities([failed, GOOD[0]], PolicyConfig(severity={"DQ011": "info"}))
    assert [f.severity for f in changed] == [Severity.INFO, Severity.CRITICAL]


some_findings = st.lists(
    st.builds(
        finding,
        code=st.sampled_from(["DQ001", "DQ011", "LN001", "FB001", "MH001"]),
        status=st.sampled_from(list(Status)),
        severity=st.sampled_from(list(Severity)),
    ),
    max_size=8,
)
some_waivers = st.lists(
    st.builds(
        waiver,
        check=st.sampled_from(["DQ001", "DQ011", "LN001"]),
        expires=st.dates(TODAY - dt.timedelta(days=2), TODAY + dt.timedelta(days=2)),
    ),
    max_size=3,
)


@given(some_findings, some_waivers)
def test_a_critical_failure_never_improves_the_verdict(findings, waivers):
    policy = PolicyConfig(waivers=tuple(waivers))
    before = decide(findings, policy, today=TODAY).verdict
    after = decide([*findings, finding("MH002", Status.FAILED)], policy, today=TODAY).verdict
    assert BADNESS[after] >= BADNESS[before]
    assert after == "reject"


@given(some_findings, some_waivers)
def test_pass_only_where_nothing_unwaived_and_critical_is_in_doubt(findings, waivers):
    decision = decide(findings, PolicyConfig(waivers=tuple(waivers)), today=TODAY)
    excused = {w.check for w in waivers if w.expires >= TODAY}
    in_doubt = [
        f
        for f in findings
        if (f.severity == "critical" and f.status in {"failed", "inconclusive"} and f.code not in excused)
        or f.status == "error"
    ]
    complete = {f.code[:2] for f in findings} == {"DQ", "LN", "FB", "MH"}
    # What only informs passes always and shows nothing.
    good = complete and not in_doubt and any(f.status == "passed" and f.severity != "info" for f in findings)
    assert (decision.verdict == "pass") == good
    assert bool(decision.reasons) == (decision.verdict != "pass")


@given(some_findings, some_waivers, st.randoms())
def test_the_order_of_findings_does_not_matter(findings, waivers, random):
    policy = PolicyConfig(waivers=tuple(waivers))
    shuffled = random.sample(findings, len(findings))
    assert decide(findings, policy, today=TODAY).verdict == decide(shuffled, policy, today=TODAY).verdict


@given(some_findings, st.data())
def test_doubt_about_a_finding_never_improves_the_verdict(findings, data):
    findings = [*GOOD, *findings]
    place = data.draw(st.integers(0, len(findings) - 1))
    worse = finding(findings[place].code, data.draw(st.sampled_from(["failed", "inconclusive", "error"])))
    before = decide([f if i != place else GOOD[0] for i, f in enumerate(findings)], PolicyConfig(), today=TODAY)
    after = decide([f if i != place else worse for i, f in enumerate(findings)], PolicyConfig(), today=TODAY)
    assert BADNESS[after.verdict] >= BADNESS[before.verdict]
