"""DQ036: whom dropping the quarantined rows would remove."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from assay.config_file import parse_config
from assay.findings import Action, Evidence, Finding, RowFlags, Severity, Status, Subject
from assay.ledger import build_ledger, split_rows
from assay.quarantine import _quarantined, _Question, quarantine_effect
from assay.report.disclosure import hide_small_evidence
from assay.report.document import _finding
from assay.report.plain import plain


def flagging(mask, action="quarantine", code="DQ011", status="failed"):
    rows = RowFlags(np.flatnonzero(mask), "why", Action(action))
    evidence = Evidence("rows", rows=rows)
    return Finding(code, "title", Severity.WARNING, Status(status), "message", Subject(), evidence)


def frame_of(groups, labels=None, **columns):
    size = len(groups)
    labels = np.resize(["no", "yes"], size) if labels is None else labels
    return pd.DataFrame({"sex": groups, "y": labels, "x": np.arange(size), **columns})


@pytest.fixture
def effect(make_dataset):
    """The findings of DQ036 for a frame and the rows that are quarantined."""

    def run(frame, mask=None, *, findings=None, waived=(), sensitive=("sex",), **settings):
        settings = {"label": "y", "sensitive": list(sensitive), **settings}
        dataset = make_dataset(frame, **settings)
        findings = [flagging(mask)] if findings is None else findings
        return quarantine_effect(dataset, findings, waived, parse_config(settings))

    return run


def newcombe_by_hand(first, second, confidence):
    (x, n), (y, m) = first, second
    one = binomtest(x, n).proportion_ci(confidence, method="wilson")
    two = binomtest(y, m).proportion_ci(confidence, method="wilson")
    p, q = x / n, y / m
    return (
        p - q - np.sqrt((p - one.low) ** 2 + (two.high - q) ** 2),
        p - q + np.sqrt((one.high - p) ** 2 + (q - two.low) ** 2),
    )


def test_a_group_that_loses_more_fails_with_its_figures(effect):
    groups = np.repeat(["A", "B"], [400, 600])
    mask = np.zeros(1000, dtype=bool)
    mask[:120] = True
    mask[400:450] = True
    failed, *_ = effect(frame_of(groups), mask)
    assert (failed.code, failed.status, failed.severity) == ("DQ036", Status.FAILED, Severity.WARNING)
    assert (failed.subject.columns, failed.subject.group) == (("sex",), "sex = A")
    assert failed.evidence.value == pytest.approx(120 / 400 - 50 / 600)
    # Two groups are one comparison, and so are two classes of the label.
    interval = failed.evidence.interval
    assert (interval.low, interval.high) == pytest.approx(newcombe_by_hand((120, 400), (50, 600), 0.975))
    assert "120 of 400 rows (30.0%) of sex = A, against 50 of 600 rows (8.3%) elsewhere: 21.7 points" in failed.message
    assert "quarantined by DQ011" in failed.message
    assert "assay rows RUN --action quarantine" in failed.remedy
    cells = dict(zip(failed.evidence.table.columns, failed.evidence.table.rows[0], strict=True))
    assert (cells["group"], cells["rows"], cells["quarantined"]) == ("A", 400, 120)


def test_a_class_of_the_label_is_a_group_too(effect):
    labels = np.repeat(["no", "yes"], [500, 500])
    mask = np.arange(1000) >= 800
    failed, *_ = effect(frame_of(np.resize(["A", "B"], 1000), labels), mask)
    assert failed.subject.group == "y = yes"


def test_rows_without_a_label_are_no_class(effect):
    labels = np.array(["no", "yes"] * 500, dtype=object)
    labels[:100] = None
    (passed,) = effect(frame_of(np.resize(["A", "A", "B", "B"], 1000), labels), np.arange(1000) < 100)
    assert passed.status is Status.PASSED


def test_equal_shares_pass_within_the_tolerance(effect):
    mask = np.arange(20_000) % 50 < 2
    (passed,) = effect(frame_of(np.resize(["A", "B", "C"], 20_000)), mask)
    assert passed.status is Status.PASSED
    assert "(800)" in passed.message
    assert passed.evidence.threshold == 0.05


def test_few_rows_are_inconclusive_and_say_how_many_would_decide(effect):
    groups = np.repeat(["A", "B"], [100, 900])
    mask = np.zeros(1000, dtype=bool)
    mask[:12] = True
    mask[100:190] = True
    (open_,) = effect(frame_of(groups), mask)
    assert open_.status is Status.INCONCLUSIVE
    assert open_.evidence.unit == "groups"
    needed = int(re.search(r"sex = A \(.* points; about ([\d,]+) rows", open_.message).group(1).replace(",", ""))
    low, high = newcombe_by_hand((round(0.12 * needed), needed), (90, 900), 0.975)
    assert high <= 0.05
    low, high = newcombe_by_hand((round(0.12 * needed * 0.8), round(needed * 0.8)), (90, 900), 0.975)
    assert low <= 0.05 < high


def test_a_small_group_is_named_and_not_judged(effect):
    groups = np.repeat(["A", "B", "C"], [49, 500, 500])
    (open_,) = effect(frame_of(groups), np.arange(1049) < 40)
    assert open_.status is Status.INCONCLUSIVE
    assert "sex = A (fewer than 50 rows in it or outside)" in open_.message
    decided = effect(frame_of(groups), np.arange(1049) < 40, fairness={"min_group_size": 40})
    assert [one.status for one in decided] == [Status.FAILED]


def test_a_group_without_a_quarantined_row_loses_nothing_however_small(effect):
    groups = np.repeat(["A", "B", "C"], [5, 5000, 5000])
    mask = np.arange(10_005) % 100 == 7
    mask[:5] = False
    (passed,) = effect(frame_of(groups), mask)
    assert passed.status is Status.PASSED


def test_nothing_to_quarantine_passes(effect):
    (passed,) = effect(frame_of(np.resize(["A", "B"], 60)), findings=[])
    assert passed.status is Status.PASSED
    assert "remove nobody" in passed.message


def test_without_two_groups_it_does_not_apply(make_dataset):
    dataset = make_dataset(frame_of(["A"] * 20), label="y")
    dataset = replace(dataset, labels=replace(dataset.labels, codes=np.zeros(20, dtype=np.int64), classes=("no",)))
    (finding,) = quarantine_effect(dataset, [flagging(np.arange(20) < 10)], (), parse_config({"label": "y"}))
    assert finding.status is Status.NOT_APPLICABLE


@pytest.mark.parametrize("action", ["review", "relabel"])
def test_only_quarantine_counts(effect, action):
    groups = np.repeat(["A", "B"], 500)
    (passed,) = effect(frame_of(groups), findings=[flagging(np.arange(1000) < 400, action)])
    assert "remove nobody" in passed.message


def test_what_is_waived_stays(effect):
    groups = np.repeat(["A", "B"], 500)
    taken = flagging(np.arange(1000) < 400)
    assert effect(frame_of(groups), findings=[taken])[0].status is Status.FAILED
    assert "remove nobody" in effect(frame_of(groups), findings=[taken], waived=[taken])[0].message


def test_a_passed_finding_counts_too(effect):
    groups = np.repeat(["A", "B"], 500)
    found = effect(frame_of(groups), findings=[flagging(np.arange(1000) < 400, status="passed")])
    assert found[0].status is Status.FAILED


def test_the_check_that_takes_most_of_the_group_is_named(effect):
    groups = np.repeat(["A", "B"], 500)
    place = np.arange(1000)
    findings = [flagging(place < 60, code="DQ012"), flagging((place >= 30) & (place < 300), code="DQ100")]
    assert "quarantined by DQ100" in effect(frame_of(groups), findings=findings)[0].message


def test_missing_groups_are_a_group(effect):
    groups = np.array(["A", "B"] * 500, dtype=object)
    groups[:200] = None
    failed = effect(frame_of(groups), np.arange(1000) < 100)[0]
    assert failed.subject.group == "sex = (missing)"


def test_a_numeric_label_is_compared_by_bins_without_its_values(effect):
    rng = np.random.default_rng(0)
    target = rng.normal(70_000, 9_000, 3000)
    failed, *_ = effect(frame_of(np.resize(["A", "B"], 3000), target), target > np.quantile(target, 0.95))
    assert failed.subject.group == "y = bin 10 of 10, low to high"
    assert not re.search(r"\d{5}", failed.message)


def test_counts_of_few_people_are_in_no_word_and_in_no_table(effect):
    groups = np.repeat(["A", "B"], [60, 5000])
    mask = np.zeros(5060, dtype=bool)
    mask[:8] = True
    found = effect(frame_of(groups), mask)
    text = " ".join(one.message for one in found)
    for figure in ("8 of 60", "13.3", "0.133"):
        assert figure not in text
    for one in found:
        told = hide_small_evidence(plain(_finding(one, "x", waived=False, accepted=False)), {}, ["sex"])
        (row,) = [row for row in told["evidence"]["table"]["rows"] if row[1] == "A"]
        assert row[3:] == ["<10", None, None, None, None]


def test_a_crash_is_an_error_and_not_a_pass(effect):
    (finding,) = effect(frame_of(["A", "B"] * 50), np.arange(200) > 150)
    assert finding.status is Status.ERROR


def test_no_group_is_blamed_by_chance(make_dataset):
    """Family-wise: among twelve groups and two classes, all quarantined alike, hardly ever does one fail."""
    rng = np.random.default_rng(1)
    frame = frame_of(rng.choice(list("ABCDEFGHIJKL"), 3000), rng.choice(["no", "yes"], 3000))
    settings = {"label": "y", "sensitive": ["sex"], "validation": {"max_quarantine_difference": 1e-9}}
    dataset, config = make_dataset(frame, **settings), parse_config(settings)
    alarms = 0
    for _ in range(200):
        found = quarantine_effect(dataset, [flagging(rng.random(3000) < 0.2)], (), config)
        alarms += any(one.status is Status.FAILED for one in found)
    # One-sided, so at most half of 5%; 200 runs with 2.5% exceed 12 once in 500 times.
    assert alarms <= 12


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sets(st.integers(0, 19)), st.sampled_from(list(Action)), st.booleans()),
        max_size=4,
    )
)
def test_the_rows_are_those_of_the_quarantine_file(make_dataset, asked):
    dataset = make_dataset(frame_of(["A", "B"] * 10), label="y")
    found = [(flagging(np.isin(np.arange(20), list(rows)), action), excused) for rows, action, excused in asked]
    findings, waived = [one for one, _ in found], [one for one, excused in found if excused]
    by_check = _quarantined(_Question(dataset, findings, waived, parse_config({"label": "y"})))
    mask = np.logical_or.reduce([np.zeros(20, dtype=bool), *by_check.values()])
    expected = split_rows(dataset, build_ledger(dataset, findings, waived)) == "quarantine"
    assert mask.tolist() == expected.tolist()


@pytest.mark.parametrize("name", ["日本 = x", "a\nb", "<b>", "=1+1", "{0}", "%s"])
def test_names_of_any_kind(effect, name):
    frame = frame_of(np.repeat([name, "B"], 500)).rename(columns={"sex": name})
    failed, *_ = effect(frame, np.arange(1000) < 300, sensitive=[name])
    assert failed.subject.group == f"{name} = {name}"


def test_the_order_of_the_rows_makes_no_difference(effect):
    rng = np.random.default_rng(3)
    frame = frame_of(rng.choice(list("ABC"), 900))
    mask = (frame["sex"] == "A").to_numpy() & (rng.random(900) < 0.4)
    order = rng.permutation(900)
    shuffled = frame.iloc[order].reset_index(drop=True)
    told = [one.message for one in effect(frame, mask)]
    assert [one.message for one in effect(shuffled, mask[order])] == told


def test_a_thousand_classes_make_a_small_table(effect):
    labels = np.resize([f"class {number}" for number in range(400)], 8000)
    (open_,) = effect(frame_of(np.resize(["A", "B"], 8000), labels), np.arange(8000) % 7 == 0)
    assert len(open_.evidence.table.rows) == 60
    assert open_.evidence.n == 402
    assert len(open_.message) < 600
