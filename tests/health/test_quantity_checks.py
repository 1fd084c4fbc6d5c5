"""MH010 and MH011 on curves that are given: what is said, and when nothing is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assay.config import HealthConfig
from assay.findings import Severity, Status
from assay.health import HealthContext, assess_health
from assay.health.quantity import PART
from assay.report.disclosure import hide_small_evidence
from assay.trials import CurveTrial, Trials
from assay.trials.curve import GroupScores

SIZES = np.rint(np.geomspace(119, 3200, 8)).astype(np.int64)


def flat(n):
    return 0.85 - 0.5 / n


def steep(n):
    return 0.3 + 0.06 * np.log(n)


def rounds_of(curve, noise=0.001, seed=0):
    return curve(SIZES.astype(float)) + np.random.default_rng(seed).normal(0, noise, (10, len(SIZES)))


def trial_of(curve, noise=0.001, **fields):
    base = CurveTrial("AUC", "linear", 4000, 5, SIZES, rounds_of(curve, noise), 0.003)
    return replace(base, **fields)


@pytest.fixture
def judge(make_case):
    def run(trial, code="MH010", strength=1.0, sensitive=False, **settings):
        dataset, predictions = make_case(4000, strength=strength)
        if sensitive:
            groups = dataset.frame[["x"]].assign(g="a")[["g"]]
            dataset = replace(dataset, groups=groups, roles=replace(dataset.roles, sensitive=("g",)))
        context = HealthContext(dataset, predictions, HealthConfig(**settings), trials=Trials(curve=trial))
        result = assess_health(context, checks=(), parts=(PART,))
        return [f for f in result.findings if f.code == code], result.tables.get("learning_curve")

    return run


def test_a_flat_curve_passes(judge):
    (finding,), table = judge(trial_of(flat))
    assert finding.status is Status.PASSED, finding.message
    assert finding.severity is Severity.WARNING
    assert finding.evidence.interval.high <= 0.02
    assert list(table.columns) == ["feature", "group", "rows", "kind", "value", "low", "high", "metric", "model"]
    assert (table["kind"] == "measured").sum() == 8
    assert sorted(table.loc[table["kind"] == "projected", "rows"]) == [4000, 8000, 16_000]
    assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"])).all()


def test_a_steep_curve_fails_with_the_gain_by_hand(judge):
    # 0.06 ln 2 = 0.0416.
    (finding,), _ = judge(trial_of(steep))
    assert finding.status is Status.FAILED, finding.message
    assert finding.evidence.interval.low <= 0.06 * np.log(2) <= finding.evidence.interval.high
    assert "8,000" in finding.message
    assert finding.remedy


def test_a_noisy_curve_is_inconclusive(judge):
    (finding,), _ = judge(trial_of(steep, noise=0.05))
    assert finding.status is Status.INCONCLUSIVE
    assert finding.remedy


def test_a_goal_that_is_reached_passes(judge):
    (finding,), _ = judge(trial_of(flat), goal=0.8)
    assert finding.status is Status.PASSED


def test_a_goal_that_more_rows_reach_fails_and_says_how_many(judge):
    # 0.3 + 0.06 ln n = 0.84 at n = exp(9) = 8103; with 4,000 rows it is 0.798.
    (finding,), _ = judge(trial_of(steep), goal=0.84)
    assert finding.status is Status.FAILED
    assert "It would take about 8," in finding.message


def test_a_goal_out_of_reach_says_so(judge):
    (finding,), _ = judge(trial_of(flat), goal=0.95)
    assert finding.status is Status.FAILED
    assert "Not even 16,000 rows, 4 times as many, would reach it." in finding.message


def test_a_goal_within_the_error_is_inconclusive(judge):
    (finding,), _ = judge(trial_of(flat), goal=0.85)
    assert finding.status is Status.INCONCLUSIVE


def test_a_failed_back_test_says_nothing_of_more_rows(judge):
    def broken(n):
        return np.where(n > 1900, 0.6, 0.85 - 0.5 / n)

    (finding,), table = judge(trial_of(broken))
    assert finding.status is Status.INCONCLUSIVE
    assert finding.evidence.value is None
    assert "smaller sizes would have said" in finding.message
    assert set(table["kind"]) == {"measured"}


def test_where_better_models_are_known_enough_is_not_said(judge):
    (finding,), _ = judge(trial_of(flat), strength=2.0)  # AUC .92 beside a curve that ends at .85
    assert finding.status is Status.INCONCLUSIVE
    assert "other models of this audit" in finding.message


def test_of_a_million_rows_a_flat_part_is_enough_and_a_steep_one_decides_nothing(judge):
    (passed,), _ = judge(trial_of(flat, n=1_000_000))
    (undecided,), table = judge(trial_of(steep, n=1_000_000))
    assert passed.status is Status.PASSED
    assert undecided.status is Status.INCONCLUSIVE
    assert table["rows"].max() <= 16_000


@pytest.mark.parametrize("trial", [None, CurveTrial(reason="There are 81 labelled rows; below 300 nothing is told.")])
def test_without_a_curve_it_is_inconclusive(judge, trial):
    (finding,), table = judge(trial)
    assert finding.status is Status.INCONCLUSIVE
    assert not len(table)
    if trial is not None:
        assert "81 labelled rows" in finding.message
    (groups,), _ = judge(trial, "MH011", sensitive=True)
    assert groups.status is Status.INCONCLUSIVE


def test_switched_off_and_given_predictions_do_not_apply(judge, make_case):
    for code in ("MH010", "MH011"):
        (finding,), _ = judge(trial_of(flat), code, learning_curve=False)
        assert finding.status is Status.NOT_APPLICABLE
    dataset, predictions = make_case(100)
    context = HealthContext(dataset, replace(predictions, given="mine.csv"), HealthConfig())
    result = assess_health(context, checks=(), parts=(PART,))
    assert {f.status for f in result.findings} == {Status.NOT_APPLICABLE}


def groups_of(*curves):
    return tuple(
        GroupScores("g", name, n, *(() if curve is None else (rounds_of(curve, seed=i), 0.004)))
        for i, (name, n, curve) in enumerate(curves)
    )


def test_the_group_that_lacks_rows_is_named(judge):
    groups = groups_of(("a", 3000, flat), ("b", 900, steep), ("c", 5, None))
    (finding,), table = judge(trial_of(flat, groups=groups), "MH011", sensitive=True)
    assert finding.status is Status.FAILED
    assert str(finding.subject).endswith("g = b")
    assert set(table["group"].dropna()) == {"a", "b"}


def test_groups_that_are_not_short_of_rows_pass(judge):
    groups = groups_of(("a", 3000, flat), ("b", 1000, flat))
    (finding,), _ = judge(trial_of(flat, groups=groups), "MH011", sensitive=True)
    assert finding.status is Status.PASSED


def test_a_group_that_is_too_small_is_inconclusive_and_its_size_is_not_told(judge):
    groups = groups_of(("a", 3000, flat), ("tiny", 7, None))
    (finding,), _ = judge(trial_of(flat, groups=groups), "MH011", sensitive=True)
    assert finding.status is Status.INCONCLUSIVE
    assert finding.evidence.table.rows[1][:2] == ("tiny", "fewer than 10")
    assert finding.remedy


def test_groups_that_are_open_are_named_with_the_reason_and_the_report_keeps_their_figures(judge):
    def doubtful(n):
        return steep(n) + np.random.default_rng(3).normal(0, 0.01, len(n))

    groups = groups_of(("a", 3000, flat), ("b", 310, doubtful), ("tiny", 7, None))
    (finding,), _ = judge(trial_of(flat, groups=groups), "MH011", sensitive=True)
    assert finding.status is Status.INCONCLUSIVE
    assert "Whether 2 of 3 groups lack rows" in finding.message
    assert "AUC of 'b' by 0.0" in finding.message
    assert "above 0.02" in finding.message
    assert "tiny" not in finding.message
    assert len(finding.message.split()) <= 60
    first, second, third = finding.evidence.table.rows
    assert first[-1] == ""
    assert second[-1] == "the range reaches above 0.02"
    assert third[-1] == "too few rows to judge by"
    table = finding.evidence.table
    told = {
        "code": "MH011",
        "subject": {"columns": ["g"], "group": None},
        "evidence": {
            "value": finding.evidence.value,
            "interval": None,
            "n": finding.evidence.n,
            "unit": "AUC",
            "rows": None,
            "table": {"columns": list(table.columns), "rows": [list(row) for row in table.rows]},
        },
    }
    shown = hide_small_evidence(told, {}, ["g"], [4000])["evidence"]
    assert shown["value"] == finding.evidence.value
    assert shown["table"]["rows"] == told["evidence"]["table"]["rows"]


def test_the_remedy_asks_for_rows_to_judge_by_only_where_a_group_lacks_them(judge):
    groups = groups_of(("a", 3000, flat), ("b", 310, lambda n: steep(n) + np.sin(n) / 50))
    (finding,), _ = judge(trial_of(flat, groups=groups), "MH011", sensitive=True)
    assert finding.status is Status.INCONCLUSIVE
    assert "50 rows" not in finding.remedy


def test_many_groups_widen_the_ranges(judge):
    def low(count):
        groups = groups_of(*((f"g{i}", 300, steep) for i in range(count)))
        findings, _ = judge(trial_of(flat, noise=0.004, groups=groups), "MH011", sensitive=True)
        return findings[0].evidence.interval.low

    assert low(30) < low(1)


def test_without_sensitive_features_groups_do_not_apply(judge):
    (finding,), _ = judge(trial_of(flat), "MH011")
    assert finding.status is Status.NOT_APPLICABLE
