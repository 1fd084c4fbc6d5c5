"""LN001: the share of wrong labels against the planted one, and what is suspect against what was flipped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from assay.config import LabelNoiseConfig
from assay.findings import Action, Severity, Status, run_checks
from assay.label_noise.checks import CHECKS
from assay.label_noise.judgement import judge_labels


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("spread", [2.5, 4.0])
def test_clean_overlapping_classes_pass_and_nothing_is_flagged(make_case, of_code, seed, spread):
    result = make_case(spread=spread, seed=seed).judge()
    (finding,) = of_code(result, "LN001")
    assert finding.status is Status.PASSED
    assert finding.severity is Severity.CRITICAL
    assert result.suspect.mean() <= 0.005


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("noise", "noise_b"), [(0.1, None), (0.03, 0.2)])
def test_a_tenth_of_wrong_labels_does_not_pass(make_case, of_code, seed, noise, noise_b):
    case = make_case(noise=noise, noise_b=noise_b, seed=seed)
    result = case.judge()
    (finding,) = of_code(result, "LN001")
    assert finding.status in {Status.FAILED, Status.INCONCLUSIVE}
    interval = finding.evidence.interval
    assert interval.low <= case.wrong.mean() <= interval.high


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.05, 0.1])
@pytest.mark.parametrize("spread", [1.5, 3.0])
def test_interval_contains_the_planted_share(make_case, spread, noise):
    inside = []
    for seed in range(10):
        case = make_case(2000, spread=spread, noise=noise, seed=seed)
        overall = case.judge().estimates.iloc[0]
        inside.append(overall["low"] <= case.wrong.mean() <= overall["high"])
        assert overall["share"] < overall["high"]
    assert np.mean(inside) >= 0.9


def test_an_open_question_is_not_led_by_an_estimate(make_case, of_code):
    (finding,) = of_code(make_case(2000, spread=1.5, noise=0.05).judge(), "LN001")
    assert finding.status is Status.INCONCLUSIVE
    interval = finding.evidence.interval
    assert finding.message.startswith(
        f"Between {interval.low:.1%} and {interval.high:.1%} of 2,000 labels are wrong (95% interval); "
        "whether it is more than the tolerated 5.0% cannot be told, since "
    )
    for way_out in ("by hand", "`policy.waivers`", "owner, reason", "`label_noise.max_share`", "{LN001: warning}"):
        assert way_out in finding.remedy


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "1 label is suspect; if"), (2, "2 labels are suspect; if")],
)
def test_one_suspect_is_spoken_of_in_the_singular(make_multiclass, of_code, count, words):
    case = make_multiclass(noise=0.08)
    judgement = judge_labels(case.dataset, case.predictions, LabelNoiseConfig())
    kept = np.zeros_like(judgement.suspect)
    kept[np.flatnonzero(judgement.suspect)[:count]] = True
    (finding,) = run_checks(CHECKS[:1], replace(judgement, suspect=kept))
    assert words in finding.message
    assert ("the suspect label," in finding.remedy) == (count == 1)


def test_many_wrong_labels_in_many_rows_fail(make_case, of_code):
    case = make_case(20_000, noise=0.12)
    (finding,) = of_code(case.judge(), "LN001")
    assert finding.status is Status.FAILED
    assert finding.evidence.value == pytest.approx(case.wrong.mean(), abs=0.03)
    assert finding.evidence.threshold == 0.05


def test_ambiguity_alone_never_fails(make_case, of_code):
    for seed in range(5):
        result = make_case(20_000, spread=1.0, seed=seed).judge()
        (finding,) = of_code(result, "LN001")
        assert finding.status is Status.INCONCLUSIVE
        assert result.suspect.mean() <= 0.005


def test_suspects_are_mostly_wrong_and_as_precise_as_expected(make_case, of_code):
    case = make_case(20_000, noise=0.1)
    result = case.judge()
    assert result.suspect.mean() > 0.02
    precision = case.wrong[result.suspect].mean()
    assert precision > 0.5
    figures = dict(of_code(result, "LN001")[0].evidence.table.rows)
    assert figures["share of suspects that are wrong, if confident contradictions are errors"] == pytest.approx(
        precision, abs=0.12
    )


def test_suspects_of_many_classes(make_multiclass, of_code):
    case = make_multiclass(9000, noise=0.1)
    result = case.judge()
    (finding,) = of_code(result, "LN001")
    assert finding.status is Status.FAILED
    assert case.wrong[result.suspect].mean() > 0.9
    assert result.suspect[case.wrong].mean() > 0.5
    assert finding.evidence.value == pytest.approx(case.wrong.mean(), abs=0.03)


def test_clean_many_classes_pass(make_multiclass, of_code):
    result = make_multiclass().judge()
    assert of_code(result, "LN001")[0].status is Status.PASSED
    assert result.suspect.mean() <= 0.005


def test_a_hundred_classes(make_multiclass):
    case = make_multiclass(5000, 100, noise=0.1)
    result = case.judge()
    assert case.wrong[result.suspect].mean() > 0.9
    assert list(result.estimates.loc[result.estimates["by"] == "class", "n"]) == list(
        np.bincount(case.predictions.labels, minlength=100)
    )


def test_rows_carry_score_and_suggestion(make_multiclass, of_code):
    case = make_multiclass(noise=0.08)
    result = case.judge()
    rows = of_code(result, "LN001")[0].evidence.rows
    assert rows.action is Action.RELABEL
    np.testing.assert_array_equal(rows.positions, np.flatnonzero(result.suspect))
    suggested = np.array([case.dataset.labels.classes.index(name) for name in rows.suggested])
    assert (suggested != case.dataset.labels.codes[rows.positions]).all()
    most_likely = case.predictions.pred_probs[rows.positions].argmax(axis=1)
    assert (suggested == most_likely).mean() > 0.95
    np.testing.assert_array_equal(rows.score, result.quality[rows.positions])
    np.testing.assert_array_equal(result.suggested[rows.positions], suggested)
    kept = ~result.suspect
    np.testing.assert_array_equal(result.suggested[kept], case.predictions.labels[kept])


def test_quality_is_the_probability_that_the_label_is_right(make_case):
    case = make_case(20_000, noise=0.1)
    quality = case.judge().quality
    for low, high in ((0.0, 0.3), (0.3, 0.7), (0.7, 0.95), (0.95, 1.0)):
        inside = (quality >= low) & (quality <= high)
        assert inside.sum() > 100
        assert 1 - case.wrong[inside].mean() == pytest.approx(quality[inside].mean(), abs=0.15)


def test_limit_is_the_configured_one(make_case, of_code):
    case = make_case(20_000, noise=0.1)
    assert of_code(case.judge(max_share=0.3), "LN001")[0].status is Status.PASSED
    assert of_code(case.judge(max_share=0.0), "LN001")[0].status is Status.FAILED


def test_a_few_coarse_kinds_of_rows_are_never_called_wrong(dress, of_code):
    # Half of the rows are positive in 9 of 10 cases, half in 1 of 10, and nothing tells them further apart: whether
    # the exceptions are wrong labels or ambiguity cannot be known.
    rng = np.random.default_rng(0)
    p = np.where(np.arange(6000) % 2, 0.9, 0.1)
    labels = (rng.random(6000) < p).astype(int)
    probs = np.column_stack([1 - p, p])
    result = dress(probs, labels, jitter=0.0).judge()
    (finding,) = of_code(result, "LN001")
    assert finding.status is Status.INCONCLUSIVE
    assert finding.evidence.value is None
    assert finding.evidence.interval.low == 0
    assert finding.evidence.interval.high > 0.1
    assert not result.suspect.any()


def test_estimates_add_up(make_case):
    case = make_case(noise=0.1)
    table = case.judge().estimates
    assert list(table.columns) == ["by", "name", "n", "suspects", "share", "low", "high"]
    for part in ("class", "sex"):
        rows = table[table["by"] == part]
        assert rows["n"].sum() == len(case.dataset)
        assert rows["suspects"].sum() == table.loc[0, "suspects"]
    known = table.dropna()
    assert ((known["low"] <= known["share"]) & (known["share"] <= known["high"])).all()


def reorder(case, order):
    """The same case with its rows in another order."""
    p = case.predictions
    return replace(
        case,
        dataset=replace(
            case.dataset,
            frame=case.dataset.frame.iloc[order].reset_index(drop=True),
            groups=case.dataset.groups.iloc[order].reset_index(drop=True),
        ),
        predictions=replace(
            p,
            labels=p.labels[order],
            pred_probs=p.pred_probs[order],
            repeat_probs=p.repeat_probs[:, order],
            folds=p.folds[:, order],
            trained=p.trained[order],
        ),
    )


# Rounded to 0.005, many rows are predicted alike; rounded to 0.1, there are a few kinds of rows only.
@pytest.mark.parametrize("step", [None, 0.005, 0.1])
@pytest.mark.parametrize("seed", range(3))
def test_rows_in_another_order_are_judged_alike(make_case, dress, step, seed):
    case = make_case(1500, noise=0.1)
    if step is not None:
        rng = np.random.default_rng(seed)
        p = np.clip(np.round(case.predictions.pred_probs[:, 1] / step) * step, 0.02, 0.98)
        labels = (rng.random(1500) < p).astype(int)
        groups = case.dataset.groups["sex"].to_numpy()
        case = dress(np.column_stack([1 - p, p]), labels, groups, jitter=0.0)
    order = np.random.default_rng(seed).permutation(1500)
    one, two = case.judge(), reorder(case, order).judge()
    np.testing.assert_array_equal(one.suspect[order], two.suspect)
    np.testing.assert_allclose(one.quality[order], two.quality)
    pd.testing.assert_frame_equal(one.estimates, two.estimates)
    assert [(f.code, f.status) for f in one.findings] == [(f.code, f.status) for f in two.findings]


@pytest.mark.parametrize("late", [True, False])
def test_wrong_labels_at_one_end_of_a_coarse_file_do_not_pass(dress, of_code, late):
    # Six kinds of rows, told apart for certain; 40% of the labels are flipped, in one half of the file only.
    rng = np.random.default_rng(0)
    n = 4000
    kind = rng.integers(0, 6, n)
    flipped = (rng.random(n) < 0.4) & ((np.arange(n) >= n // 2) == late)
    labels = np.where(flipped, 1 - kind % 2, kind % 2)
    p = np.array([labels[kind == k].mean() for k in range(6)])[kind]
    (finding,) = of_code(dress(np.column_stack([1 - p, p]), labels, jitter=0.0).judge(), "LN001")
    assert finding.status is Status.INCONCLUSIVE
    assert finding.evidence.interval.high > flipped.mean()


@pytest.mark.parametrize("lost", [0.45, 0.55, 0.65])
@pytest.mark.parametrize("spread", [2.0, 8.0])
def test_errors_that_run_one_way_do_not_pass(dress, of_code, lost, spread):
    rng = np.random.default_rng(3)
    n = 8000
    p = 1 / (1 + np.exp(-spread * (rng.normal(size=n) - 1.0)))
    true = rng.random(n) < p
    wrong = true & (rng.random(n) < lost)
    learned = (1 - lost) * p
    result = dress(np.column_stack([1 - learned, learned]), (true & ~wrong).astype(int), jitter=0.05).judge()
    (finding,) = of_code(result, "LN001")
    assert finding.status is not Status.PASSED
    assert all(f.status is not Status.PASSED for f in of_code(result, "LN002"))


def test_a_class_that_is_predicted_too_rarely_leaves_the_share_open(dress, of_code):
    rng = np.random.default_rng(0)
    p = np.where(np.arange(3000) < 300, rng.uniform(0.2, 0.53, 3000), rng.uniform(0.001, 0.01, 3000))
    labels = (rng.random(3000) < p).astype(int)
    (finding,) = of_code(dress(np.column_stack([1 - p, p]), labels, jitter=0.0).judge(), "LN001")
    assert finding.status is Status.INCONCLUSIVE
    assert finding.evidence.interval.high == 1
    assert "'class 001'" in finding.message


def test_a_group_that_is_harder_to_tell_does_not_fail(dress, of_code):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        n = 12_000
        hard = np.arange(n) % 2 == 0
        p = 1 / (1 + np.exp(-np.where(hard, 0.8, 8.0) * rng.normal(size=n)))
        labels = (rng.random(n) < p).astype(int)
        result = dress(np.column_stack([1 - p, p]), labels, np.where(hard, "A", "B"), jitter=0.05).judge()
        (finding,) = of_code(result, "LN001")
        assert finding.status is not Status.FAILED
        assert finding.evidence.interval.low < 0.01
