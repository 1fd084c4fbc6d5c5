"""LN001: the share of wrong labels against the planted one, and what is suspect against what was flipped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assay.findings import Action, Severity, Status


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
    assert precision > 0.7
    figures = dict(of_code(result, "LN001")[0].evidence.table.rows)
    assert figures["expected share of suspects that are wrong"] == pytest.approx(precision, abs=0.12)


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
    most_likely = case.predictions.pred_probs[rows.positions].argmax(axis=1)
    assert list(rows.suggested) == [case.dataset.labels.classes[code] for code in most_likely]
    np.testing.assert_array_equal(rows.score, result.quality[rows.positions])
    np.testing.assert_array_equal(result.suggested[rows.positions], most_likely)
    kept = ~result.suspect
    np.testing.assert_array_equal(result.suggested[kept], case.predictions.labels[kept])


def test_quality_is_the_probability_of_the_given_label(make_case):
    case = make_case(200)
    expected = case.predictions.pred_probs[np.arange(200), case.dataset.labels.codes]
    np.testing.assert_allclose(case.judge().quality, expected, atol=1e-6)


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


def test_rows_in_another_order_are_judged_alike(make_case):
    case = make_case(1500, noise=0.1)
    order = np.random.default_rng(5).permutation(1500)
    p = case.predictions
    shuffled = replace(
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
    one, two = case.judge(), shuffled.judge()
    np.testing.assert_array_equal(one.suspect[order], two.suspect)
    np.testing.assert_allclose(one.quality[order], two.quality)
