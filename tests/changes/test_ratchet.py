"""The ratchet: what was accepted passes, and what is new, worse, expired or could not be carried out blocks."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.baseline import Baseline, baseline_text, read_baseline
from assay.changes.ratchet import accept, hold
from assay.config import PolicyConfig
from assay.config_file import parse_config
from assay.deciding import decide
from assay.errors import ConfigurationError
from assay.findings import Finding, Severity, Status
from assay.identity import identify

TODAY = dt.date(2026, 3, 14)
GOOD = tuple(
    Finding(code, "Title", Severity.CRITICAL, Status.PASSED, "Good.") for code in ("DQ001", "LN001", "FB011", "MH001")
)


@pytest.fixture
def accepted(entry, document):
    """Accept findings as `assay accept` does, and return the baseline."""

    def build(*findings, **rest):
        given = {"run": "20260301T060000.000Z-00000000", "reason": "Known.", "owner": "Ada", "today": TODAY} | rest
        return accept(document(*findings), **given).baseline

    return build


def verdict(baseline, *findings, today=TODAY):
    found = (*GOOD, *findings)
    decision = decide(found, PolicyConfig(), today=today, ratchet=hold(found, baseline, today=today))
    return decision.verdict


def test_what_was_accepted_does_not_block(accepted, entry, finding):
    baseline = accepted(entry(value=0.10))
    assert verdict(None, finding(value=0.10)) == "reject"
    assert verdict(baseline, finding(value=0.10)) == "pass"
    assert verdict(baseline, finding(value=0.104, n=2000)) == "pass"
    assert verdict(baseline, finding(value=0.06)) == "pass"


def test_what_is_worse_or_new_blocks(accepted, entry, finding):
    baseline = accepted(entry(value=0.10))
    assert verdict(baseline, finding(value=0.25)) == "reject"
    assert verdict(baseline, finding(value=0.10), finding(column="z", value=0.10)) == "reject"
    assert verdict(baseline, finding("DQ011", value=0.10)) == "reject"


def test_many_small_steps_for_the_worse_are_found(accepted, entry, finding, document):
    baseline = accepted(entry(value=0.10))
    blocked = []
    for night in range(1, 20):
        value = 0.10 + 0.005 * night
        blocked.append(verdict(baseline, finding(value=value)) == "reject")
        again = document(entry(value=value))
        if not blocked[-1]:
            stamp = {"run": "r", "reason": "Again.", "owner": "Ada", "today": TODAY, "earlier": baseline}
            baseline = accept(again, **stamp).baseline
    assert blocked[0] is False
    assert blocked[-1] is True


def test_an_expired_entry_blocks_from_the_day_after(accepted, entry, finding):
    baseline = accepted(entry(value=0.10), expires=TODAY)
    assert verdict(baseline, finding(value=0.10)) == "pass"
    assert verdict(baseline, finding(value=0.10), today=TODAY + dt.timedelta(1)) == "reject"
    late = hold([finding(value=0.10)], baseline, today=TODAY + dt.timedelta(1))
    assert (len(late.accepted), len(late.expired)) == (0, 1)


def test_an_error_is_never_accepted(accepted, entry, finding, document):
    baseline = accepted(entry(value=0.10), entry("DQ016", "error", column="z"))
    assert {e.code for e in baseline.findings} == {"DQ018"}
    assert verdict(baseline, finding(status="error")) == "undecided"
    done = accept(document(entry("DQ016", "error")), run="r", reason="x", owner="y", today=TODAY)
    assert (done.errors, done.baseline.findings) == (1, ())


def test_an_inconclusive_finding_that_fails_without_a_figure_blocks(accepted, entry, finding):
    baseline = accepted(entry(status="inconclusive"))
    assert verdict(baseline, finding(status="inconclusive")) == "pass"
    assert verdict(baseline, finding(status="failed")) == "reject"


def test_what_cannot_be_held_against_the_baseline_blocks(accepted, entry, finding):
    baseline = accepted(entry(value=0.10))
    assert verdict(baseline, finding()) == "reject"
    assert verdict(baseline, finding(value=0.1, metric="another share")) == "reject"


def test_a_rule_of_a_suite_is_accepted_by_its_title(accepted, entry, finding):
    baseline = accepted(entry("DQ100", value=0.1, title="at most 75"))
    assert verdict(baseline, finding("DQ100", value=0.1, title="at most 75")) == "pass"
    assert verdict(baseline, finding("DQ100", value=0.1, title="at most 70")) == "reject"


def test_a_rule_of_a_suite_is_accepted_by_what_it_asks_and_not_by_its_words(accepted, entry, finding):
    baseline = accepted(entry("DQ100", value=0.1, title="where the row condition holds", rule="aa"))
    same = {"value": 0.1, "title": "where the row condition holds"}
    assert verdict(baseline, finding("DQ100", rule="aa", **same)) == "pass"
    assert verdict(baseline, finding("DQ100", rule="aa", value=0.1, title="in other words")) == "pass"
    assert verdict(baseline, finding("DQ100", rule="bb", **same)) == "reject"
    assert verdict(baseline, finding("DQ100", **same)) == "reject"


def test_cannot_tell_is_accepted_and_proven_bad_is_not(accepted, entry, finding):
    interval = {"low": 0.04, "high": 0.24, "confidence": 0.95, "method": "bootstrap"}
    baseline = accepted(entry("LN001", "inconclusive", value=0.135, threshold=0.1, interval=interval))
    for status, value, limits, expected in (
        ("inconclusive", 0.15, (0.05, 0.25), "pass"),
        ("failed", 0.26, (0.20, 0.32), "reject"),
        ("failed", 0.135, (0.11, 0.16), "reject"),
    ):
        found = finding("LN001", status, value=value, threshold=0.1, interval=(*limits, 0.95, "bootstrap"))
        assert verdict(baseline, found) == expected


def test_a_failure_without_a_figure_is_held_against_its_rows(accepted, entry, finding):
    baseline = accepted(entry(rows=3))
    assert verdict(baseline, finding(rows=3, said="Other words.")) == "pass"
    assert verdict(baseline, finding(rows=2)) == "pass"
    assert verdict(baseline, finding(rows=4)) == "reject"
    assert verdict(baseline, finding(said="Other words.")) == "reject"


def test_a_failure_without_figure_and_rows_is_held_against_its_words(accepted, entry, finding):
    # The report hides a few people: the entry knows no more than the report does.
    rule = {"code": "DQ100", "metric": "unexpected share", "n": 400}
    baseline = accepted(entry(**rule, value=None, said="Broken by <10 of 400 values."))
    assert verdict(baseline, finding(**rule, said="Broken by <10 of 400 values.", value=1 / 400, rows=1)) == "pass"
    assert verdict(baseline, finding(**rule, said="Broken by <10 of 410 values.", value=9 / 410, rows=9)) == "pass"
    assert (
        verdict(baseline, finding(**rule, said="Broken by 151 of 400 values.", value=151 / 400, rows=151)) == "reject"
    )
    assert verdict(baseline, finding(**rule, status="inconclusive")) == "pass"
    other = accepted(entry(said="Broken by <10 of 400 values."))
    assert verdict(other, finding(said="Broken by <10 of 410 values.", value=9 / 410, rows=9)) == "reject"


def test_one_more_of_what_none_may_be_is_worse(accepted, entry, finding):
    def rows(make, count, n=1000):
        return make("DQ012", metric="rows with a shared id", value=count, n=n, threshold=0, unit="rows")

    def share(make, count, n=1000):
        return make("DQ013", value=count / n, n=n, threshold=0)

    for kind in (rows, share):
        baseline = accepted(kind(entry, 7))
        assert verdict(baseline, kind(finding, 7)) == "pass"
        assert verdict(baseline, kind(finding, 7, n=2000)) == "pass"
        assert verdict(baseline, kind(finding, 6)) == "pass"
        assert verdict(baseline, kind(finding, 8)) == "reject"
        assert verdict(baseline, kind(finding, 8, n=2000)) == "reject"


def test_a_difference_to_the_harm_of_another_group_is_another(accepted, entry, finding):
    told = {"value": 0.2, "metric": "selection rate difference", "between": ["f", "m"], "threshold": 0.1}
    limits = (0.15, 0.25, 0.95, "simultaneous")
    baseline = accepted(
        entry("FB011", **told, interval=dict(zip(("low", "high", "confidence"), limits, strict=False)))
    )
    assert verdict(baseline, finding("FB011", **told | {"between": ("f", "m")}, interval=limits)) == "pass"
    assert verdict(baseline, finding("FB011", **told | {"between": ("m", "f")}, interval=limits)) == "reject"
    assert verdict(baseline, finding("FB011", **told | {"between": ()}, interval=limits)) == "reject"


def test_only_critical_findings_are_accepted_unless_a_check_is_named(accepted, entry):
    found = entry(value=0.1), entry("DQ004", severity="warning", value=0.1), entry("DQ011", "passed", value=0.0)
    assert [e.code for e in accepted(*found).findings] == ["DQ018"]
    assert [e.code for e in accepted(*found, checks=["DQ004"]).findings] == ["DQ004"]


def test_waived_findings_are_not_accepted(accepted, entry):
    assert accepted(entry(value=0.1) | {"waived": True}).findings == ()


def test_accepting_again_keeps_what_has_not_changed(accepted, entry, document):
    first = accepted(
        entry(column="same", value=0.100),
        entry(column="better", value=0.30),
        entry(column="worse", value=0.10),
        entry(column="gone", value=0.10),
        entry("DQ011", column="crashed", value=0.1),
    )
    newer = document(
        entry(column="same", value=0.104),
        entry(column="better", value=0.10),
        entry(column="worse", value=0.30),
        entry(column="new", value=0.2),
        entry("DQ011", "error", column="crashed"),
    )
    stamp = {"run": "later", "reason": "New reason.", "owner": "Bob", "today": TODAY + dt.timedelta(9)}
    done = accept(newer, **stamp, earlier=first)
    assert {
        fate: [e.subject for e in getattr(done, fate)]
        for fate in ("added", "tightened", "loosened", "renewed", "removed", "kept")
    } == {
        "added": ["new"],
        "tightened": ["better"],
        "loosened": ["worse"],
        "renewed": [],
        "removed": ["gone"],
        "kept": ["same", "crashed"],
    }
    told = {e.subject: (e.reason, e.value) for e in done.baseline.findings}
    assert told["same"] == ("Known.", 0.1)
    assert told["better"] == ("New reason.", 0.1)


def test_naming_a_check_renews_the_reason_and_keeps_the_figure(accepted, entry, document):
    first = accepted(entry(value=0.100, column="x"), expires=TODAY)
    stamp = {"run": "later", "reason": "Until summer.", "owner": "Bob", "today": TODAY}
    done = accept(document(entry(value=0.104)), **stamp, earlier=first, checks=["DQ018"])
    (entry_now,) = done.renewed
    assert (entry_now.reason, entry_now.value, entry_now.expires) == ("Until summer.", 0.1, None)


@pytest.mark.parametrize(
    ("rest", "match"),
    [
        ({"reason": " "}, "reason must"),
        ({"owner": ""}, "owner must"),
        ({"expires": TODAY - dt.timedelta(1)}, "expires must"),
        ({"checks": ["DQ999"]}, "check must"),
    ],
)
def test_a_mistake_is_named(accepted, entry, rest, match):
    with pytest.raises(ConfigurationError, match=match):
        accepted(entry(value=0.1), **rest)


def test_a_baseline_is_read_as_it_was_written(accepted, entry, tmp_path):
    names = ["yes", "a: b", "Ünï \U0001f600", "\u202eevil", "x\x1b[31m", "#1", "'q\"", "1", ""]
    more = {"rows": 3, "between": ["\u202eevil", "yes"]}
    baseline = accepted(*(entry(column=name, value=0.1, **more) for name in names), expires=TODAY)
    file = tmp_path / "baseline.yaml"
    file.write_text(baseline_text(baseline), encoding="utf-8")
    assert "\u202e" not in file.read_text(encoding="utf-8")
    assert set(read_baseline(file, "loans").findings) == set(baseline.findings)
    assert baseline_text(read_baseline(file, "loans")) == baseline_text(baseline)


HEAD = "schema: assay-baseline/1\nname: loans\n"
ENTRY = (
    "findings:\n- {code: DQ018, subject: x, title: t, status: failed, run: r, created: 2026-03-01, owner: a, reason: b"
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "a: [",
        "schema: assay-baseline/2\nname: loans\n",
        HEAD + "found: []\n",
        HEAD + ENTRY.replace("failed", "error") + "}\n",
        HEAD + ENTRY + ", value: much}\n",
        HEAD + ENTRY + ", value: .nan}\n",
        HEAD + ENTRY + ", reason: c}\n",
        HEAD + ENTRY.replace("subject: x", "subject: yes") + "}\n",
        HEAD + ENTRY.replace("reason: b", "reason: ''") + "}\n",
        HEAD + ENTRY + "}\n" + ENTRY.removeprefix("findings:\n") + "}\n",
        HEAD + "findings: !!python/object/apply:os.system [ls]\n",
    ],
)
def test_a_damaged_baseline_accepts_nothing(tmp_path, text):
    file = tmp_path / "baseline.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError):
        read_baseline(file, "loans")


def test_a_missing_baseline_and_one_of_another_dataset_are_refused(tmp_path):
    file = tmp_path / "baseline.yaml"
    with pytest.raises(ConfigurationError, match="assay accept"):
        read_baseline(file, "loans")
    file.write_text(HEAD, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"'people'.*'loans'"):
        read_baseline(file, "people")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        read_baseline(file, "loans")


def test_the_identity_knows_the_bytes_of_the_baseline_and_what_is_in_force(tmp_path):
    (tmp_path / "d.csv").write_text("x,y\n1,a\n")
    config = parse_config(
        {"label": "y", "name": "loans", "data": "d.csv", "policy": {"baseline": "b.yaml"}}, base=tmp_path
    )
    assert config.policy.baseline == tmp_path / "b.yaml"
    assert identify(config, TODAY) is None
    (tmp_path / "b.yaml").write_text(HEAD + ENTRY + ", expires: 2026-03-14}\n")
    before = identify(config, TODAY)
    assert before is not None
    assert identify(config, TODAY + dt.timedelta(1)) != before
    (tmp_path / "b.yaml").write_text(HEAD + ENTRY + ", expires: 2026-03-14}\n\n")
    assert identify(config, TODAY) != before


codes = st.sampled_from(["DQ001", "DQ018", "LN001", "FB011", "MH001", "FB010"])
findings = st.lists(
    st.builds(
        lambda code, status, severity: Finding(code, "Title", severity, status, "Message."),
        codes,
        st.sampled_from(list(Status)),
        st.sampled_from(list(Severity)),
    ),
    max_size=12,
)


@given(findings)
def test_an_empty_baseline_changes_no_verdict(found):
    empty = Baseline(schema="assay-baseline/1", name="loans")
    without = decide(found, PolicyConfig(), today=TODAY)
    held = decide(found, PolicyConfig(), today=TODAY, ratchet=hold(found, empty, today=TODAY))
    assert held.verdict == without.verdict
    assert [(reason.code, reason.status) for reason in held.reasons] == [(r.code, r.status) for r in without.reasons]


@given(findings, findings)
def test_whatever_is_accepted_an_error_keeps_the_verdict_from_pass(found, known):
    stamp = {"run": "r", "created": TODAY, "owner": "a", "reason": "b"}
    entries = {
        (f.code): {"code": f.code, "subject": "the dataset", "title": "Title", "status": "failed", **stamp}
        for f in known
    }
    baseline = Baseline(schema="assay-baseline/1", name="loans", findings=tuple(entries.values()))
    decision = decide(found, PolicyConfig(), today=TODAY, ratchet=hold(found, baseline, today=TODAY))
    if any(f.status is Status.ERROR for f in found):
        assert decision.verdict != "pass"
