"""Calibration by group (FB015) against scikit-learn, hand computation and simulation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from assay.errors import ContractError
from assay.fairness import assess_fairness
from assay.fairness.context import build_context
from assay.fairness.scores.calibration import compute_calibration
from assay.fairness.scores.checks import SCORE_CHECKS
from assay.fairness.scores.levels import EXACT_ROWS, count_levels, read_levels
from assay.fairness_config import FairnessConfig
from assay.findings import run_checks

CONFIG = FairnessConfig()


def drawn(n, seed=0, groups=2, shift=0.0, slope=1.0):
    """Scores whose truth in group 0 is logit P = shift + slope * logit(score), and in all others the score."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(0, 1.3, n)
    group = rng.integers(0, groups, n)
    truth = np.where(group == 0, shift + slope * logit, logit)
    return 1 / (1 + np.exp(-logit)), rng.random(n) < 1 / (1 + np.exp(-truth)), group


def calibrated(scores, hits, group, groups, weights=None):
    return compute_calibration(count_levels(read_levels(scores), hits, group, groups, weights))


@pytest.fixture(scope="session")
def make_scored(make_dataset, make_out_of_sample):
    """Dataset and predictions of given scores of the positive class."""

    def build(scores, hits, group, **columns):
        frame = pd.DataFrame(
            {"g": [f"g{i}" for i in group], "x": np.arange(len(scores)) * 1.5, "y": np.where(hits, "yes", "no")}
        ).assign(**columns)
        roles = {"weight": "w"} if "w" in columns else {}
        dataset = make_dataset(frame, label="y", positive="yes", sensitive=["g"], **roles)
        probs = np.column_stack([1 - np.asarray(scores), scores])
        return dataset, make_out_of_sample(dataset, probs)

    return build


class TestFigures:
    @pytest.mark.parametrize("weighted", [False, True])
    def test_slope_and_intercept_are_those_of_a_logistic_regression_of_each_group(self, weighted):
        scores, hits, group = drawn(3000, shift=0.5, slope=0.7, groups=3)
        weights = np.random.default_rng(1).uniform(0.3, 3, 3000) if weighted else None
        found = calibrated(scores, hits, group, 3, weights)
        logit = np.log(scores / (1 - scores))
        for g in range(3):
            here = group == g
            fit = LogisticRegression(C=1e12, tol=1e-10).fit(
                logit[here, None], hits[here], sample_weight=None if weights is None else weights[here]
            )
            assert found.slope.estimates[g] == pytest.approx(fit.coef_[0, 0], abs=1e-5)
            assert found.intercept.estimates[g] == pytest.approx(fit.intercept_[0], abs=1e-5)
            a = found.in_the_large.estimates[g]
            w = np.ones(here.sum()) if weights is None else weights[here]
            # At the maximum of the likelihood expected and observed hits are equal.
            assert w @ (1 / (1 + np.exp(-(a + logit[here])))) == pytest.approx(w @ hits[here])

    def test_standard_errors_are_those_of_the_inverse_information_where_the_model_holds(self):
        scores, hits, group = drawn(40_000, groups=1)
        found = calibrated(scores, hits, group, 1)
        x = np.column_stack([np.ones(len(scores)), np.log(scores / (1 - scores))])
        information = (x * (scores * (1 - scores))[:, None]).T @ x
        expected = np.sqrt(np.diag(np.linalg.inv(information)))
        assert found.intercept.errors[0] == pytest.approx(expected[0], rel=0.05)
        assert found.slope.errors[0] == pytest.approx(expected[1], rel=0.05)

    def test_error_by_hand_of_two_scores(self):
        scores = np.array([0.2] * 100 + [0.8] * 100)
        hits = np.array([True] * 30 + [False] * 70 + [True] * 60 + [False] * 40)
        found = calibrated(scores, hits, np.zeros(200, dtype=int), 1)
        assert found.raw[0] == pytest.approx(0.5 * 0.1 + 0.5 * 0.2)
        assert found.chance[0] == pytest.approx(np.sqrt(2 / np.pi) * np.sqrt(0.2 * 0.8 / 100))
        assert found.error[0] == pytest.approx(found.raw[0] - found.chance[0])

    def test_bins_have_as_many_rows_each_and_equal_scores_stay_together(self):
        scores, hits, group = drawn(2000, groups=1)
        assert calibrated(scores, hits, group, 1).bins.rows.tolist() == [200] * 10
        rounded = np.round(scores, 1)
        bins = calibrated(rounded, hits, group, 1).bins
        assert bins.rows.sum() == 2000
        assert np.isclose(bins.share @ bins.predicted, rounded.mean())
        ends = [0, *np.cumsum(bins.rows)]
        parts = [set(np.sort(rounded)[a:b]) for a, b in pairwise(ends)]
        assert all(not first & second for first, second in pairwise(parts))

    def test_chance_is_what_perfect_calibration_shows(self):
        found = [calibrated(*drawn(1000, seed=seed, groups=1), 1) for seed in range(200)]
        assert np.mean([f.raw[0] for f in found]) == pytest.approx(np.mean([f.chance[0] for f in found]), rel=0.05)

    @pytest.mark.parametrize(("n", "shift"), [(100, 0.0), (1000, 0.0), (300, 0.5), (2000, 1.0)])
    def test_the_interval_holds_the_binned_truth(self, n, shift):
        held = 0
        for seed in range(150):
            scores, hits, group = drawn(n, seed=seed, groups=1, shift=shift)
            cells = count_levels(read_levels(scores), hits, group, 1, None)
            found = compute_calibration(cells)
            low, high = found.limits(1.96)
            # The same bins on scores and true probabilities.
            order, truth = np.argsort(scores), 1 / (1 + np.exp(-(shift + np.log(scores / (1 - scores)))))
            parts = np.split(order, np.cumsum(found.bins.rows)[:-1])
            expected = sum(len(part) / n * abs((truth - scores)[part].mean()) for part in parts)
            held += low[0] <= expected <= high[0]
        assert held >= 0.93 * 150

    def test_many_rows_on_levels_give_nearly_the_same_figures(self):
        scores, hits, group = drawn(EXACT_ROWS, shift=0.3, slope=0.8)
        twice = (np.r_[scores, scores], np.r_[hits, hits], np.r_[group, group])
        few, many = calibrated(scores, hits, group, 2), calibrated(*twice, 2)
        assert len(read_levels(twice[0]).values) < 2000
        assert many.raw == pytest.approx(few.raw, abs=5e-4)
        assert many.slope.estimates == pytest.approx(few.slope.estimates, abs=1e-3)
        assert many.slope.errors * np.sqrt(2) == pytest.approx(few.slope.errors, rel=1e-2)

    @pytest.mark.parametrize(
        ("scores", "hits"),
        [
            (np.linspace(0.01, 0.99, 100), np.arange(100) >= 50),  # separated
            (np.linspace(0.01, 0.99, 100), np.arange(100) < 50),  # the other way round
            (np.full(100, 0.3), np.arange(100) < 30),  # all equal
            (np.linspace(0.01, 0.99, 100), np.ones(100, dtype=bool)),  # one class
            (np.repeat([0.0, 1.0], 50), np.repeat([False, True], 50)),  # certain, and right
        ],
    )
    def test_no_slope_where_there_is_none(self, scores, hits):
        found = calibrated(scores, hits, np.zeros(100, dtype=int), 1)
        assert np.isnan(found.slope.estimates[0])
        assert np.isnan(found.intercept.estimates[0])

    def test_scores_of_0_and_1_have_a_slope_all_the_same(self):
        scores, hits = np.repeat([0.0, 0.5, 1.0], 100), np.tile(np.arange(100) < 50, 3)
        found = calibrated(scores, hits, np.zeros(300, dtype=int), 1)
        assert found.slope.estimates[0] == pytest.approx(0, abs=1e-9)
        assert found.raw[0] == pytest.approx(1 / 3)


class TestCheck:
    def test_calibrated_scores_pass(self, make_scored, of):
        result = assess_fairness(*make_scored(*drawn(6000)), CONFIG)
        assert [str(f.status) for f in of(result, "FB015")] == ["passed"]

    def test_a_group_whose_scores_are_too_low_fails_and_is_named(self, make_scored, of):
        result = assess_fairness(*make_scored(*drawn(6000, shift=1.0)), CONFIG)
        (finding,) = of(result, "FB015")
        assert (str(finding.status), str(finding.severity)) == ("failed", "warning")
        assert "g = g0" in finding.message
        assert finding.evidence.interval.low > CONFIG.max_calibration_error

    def test_one_group_and_its_own_figures_are_told(self, make_scored, of):
        # The large group is surest to be in the wrong, a small one may be farther off.
        rng = np.random.default_rng(0)
        group = np.repeat([0, 1], [20_000, 120])
        logit = rng.normal(0, 1.3, len(group))
        truth = logit + np.where(group == 0, 0.4, 0.9)
        scores, hits = 1 / (1 + np.exp(-logit)), rng.random(len(group)) < 1 / (1 + np.exp(-truth))
        (finding,) = of(assess_fairness(*make_scored(scores, hits, group), CONFIG), "FB015")
        evidence, rows = finding.evidence, {row[0]: row for row in finding.evidence.table.rows}
        _, n, error, low, high = rows["g0"][:5]
        assert error < rows["g1"][2]
        assert high < rows["g1"][4]
        assert (evidence.n, evidence.value) == (n, error)
        assert (evidence.interval.low, evidence.interval.high) == (low, high)
        assert "g = g0" in evidence.metric
        assert f"most surely for g = g0: {100 * error:.1f} points" in finding.message
        assert f"{100 * low:.1f} to {100 * high:.1f} points" in finding.message

    def test_where_none_fails_the_largest_error_has_the_limits_of_the_largest(self, make_scored, of):
        scores, hits, group = drawn(6000, groups=12)
        (finding,) = of(assess_fairness(*make_scored(scores, hits, group), CONFIG), "FB015")
        assert str(finding.status) == "inconclusive"
        table = finding.evidence.table.rows
        assert finding.evidence.value == max(row[2] for row in table)
        assert finding.evidence.interval.high == max(row[4] for row in table)
        assert f"largest for g = {table[0][0]}" in finding.message

    def test_few_rows_decide_nothing_and_it_says_how_many_would(self, make_scored, of):
        (finding,) = of(assess_fairness(*make_scored(*drawn(300)), CONFIG), "FB015")
        assert str(finding.status) == "inconclusive"
        assert "would decide" in finding.message

    def test_clean_data_rarely_fail(self, make_scored):
        failed = 0
        for seed in range(8):
            context = build_context(*make_scored(*drawn(2500, seed=seed, groups=6)), CONFIG)
            (finding,) = run_checks(SCORE_CHECKS[:1], context)
            failed += str(finding.status) == "failed"
        assert failed == 0

    def test_equal_scores_never_pass(self, make_scored, of):
        n = 20_000
        result = assess_fairness(*make_scored(np.full(n, 0.5), np.arange(n) % 2 == 0, np.arange(n) // 2 % 2), CONFIG)
        for code in ("FB015", "FB016"):
            (finding,) = of(result, code)
            assert str(finding.status) == "inconclusive"
            assert "ll scores are equal" in finding.message

    def test_five_rows(self, make_scored, of):
        scores = np.array([0.2, 0.4, 0.6, 0.8, 0.9])
        result = assess_fairness(*make_scored(scores, scores > 0.5, np.array([0, 1, 0, 1, 0])), CONFIG)
        assert [str(f.status) for code in ("FB015", "FB016") for f in of(result, code)] == ["inconclusive"] * 2
        assert result.calibration["value"].isna().all()

    @pytest.mark.parametrize("bad", [-0.2, 1.3, np.nan])
    def test_scores_that_are_no_probabilities_are_refused(self, make_scored, bad):
        scores, hits, group = drawn(200)
        dataset, predictions = make_scored(scores, hits, group)
        predictions.pred_probs[7] = bad
        with pytest.raises(ContractError):
            assess_fairness(dataset, predictions, CONFIG)

    def test_tables_hold_every_group_with_its_n(self, make_scored):
        scores, hits, group = drawn(1500, groups=3)
        hits[group == 2] = False
        result = assess_fairness(*make_scored(scores, hits, group), CONFIG)
        table = result.calibration.set_index(["metric", "group"])
        assert list(result.calibration.columns) == ["feature", "group", "metric", "value", "low", "high", "n"]
        for metric in ("calibration slope", "calibration intercept", "AUC"):
            assert np.isnan(table.loc[(metric, "g2"), "value"])
        assert table.loc[("AUC", "g2"), "n"] == 0
        known = result.calibration.dropna()
        assert (known["low"] <= known["value"]).all()
        assert (known["value"] <= known["high"]).all()
        curve = result.reliability
        assert list(curve.columns) == ["feature", "group", "predicted", "observed", "low", "high", "n"]
        assert curve.groupby("group")["n"].sum().tolist() == np.bincount(group).tolist()
        assert curve["observed"].between(curve["low"], curve["high"]).all()

    def test_many_classes_are_calibrated_by_the_predicted_class(self, make_dataset, make_out_of_sample, of):
        rng = np.random.default_rng(0)
        logits = rng.normal(0, 1.5, (6000, 4))
        probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        label = (probs.cumsum(axis=1) < rng.random((6000, 1))).sum(axis=1)
        group = rng.choice(["ä", "<b>"], 6000)
        frame = pd.DataFrame({"g": group, "x": logits[:, 0], "y": np.array(list("pqrs"))[label]})
        dataset = make_dataset(frame, label="y", sensitive=["g"])
        result = assess_fairness(dataset, make_out_of_sample(dataset, probs), CONFIG)
        assert str(of(result, "FB015")[0].status) == "passed"
        confidence, right = probs.max(axis=1), probs.argmax(axis=1) == label
        curve = result.reliability.query("group == 'ä'")
        here = group == "ä"
        assert np.average(curve["predicted"], weights=curve["n"]) == pytest.approx(confidence[here].mean())
        assert np.average(curve["observed"], weights=curve["n"]) == pytest.approx(right[here].mean())

    def test_weights_count_as_rows(self, make_scored):
        scores, hits, group = drawn(800)
        weights = np.random.default_rng(3).integers(1, 4, 800)
        times = np.repeat(np.arange(800), weights)
        once = assess_fairness(*make_scored(scores, hits, group, w=weights.astype(float)), CONFIG).calibration
        more = assess_fairness(*make_scored(scores[times], hits[times], group[times]), CONFIG).calibration
        for metric in ("calibration slope", "calibration intercept", "AUC"):
            values = [table.loc[table["metric"] == metric, "value"].to_numpy() for table in (once, more)]
            assert values[0] == pytest.approx(values[1], abs=1e-6)
