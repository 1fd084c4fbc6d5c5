"""Errors and predictions of a numeric label by group, against NumPy, SciPy and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp
from sklearn.metrics import r2_score, root_mean_squared_error

from assay.fairness import assess_numeric_fairness
from assay.fairness.counts import Feature
from assay.fairness.numeric.errors import Distance, error_figures, largest_distance
from assay.fairness_config import FairnessConfig
from assay.r2 import compute_r2

CONFIG = FairnessConfig()


def feature(codes, size):
    return Feature("g", ("g",), tuple(f"g{i}" for i in range(size)), codes)


def figures(codes, label, error, weights=None, size=2):
    weights = np.ones(len(label)) if weights is None else weights
    rows = error_figures(feature(codes, size), codes, label, error, weights, confidence=0.95)
    return pd.DataFrame(rows).set_index(["metric", "group"])


@pytest.mark.parametrize("weighted", [False, True])
def test_by_group_against_numpy_and_scikit_learn(weighted):
    rng = np.random.default_rng(0)
    codes, label = rng.integers(0, 2, 900), rng.normal(size=900)
    error = rng.normal(0.3 * codes, 0.5 + codes)
    weights = rng.uniform(0.2, 3, 900) if weighted else np.ones(900)
    found = figures(codes, label, error, weights)
    for g in (0, 1):
        here = codes == g
        w, e, y = weights[here], error[here], label[here]
        mean = np.average(e, weights=w)
        expected = {
            "standard deviation of the error": np.sqrt(np.average((e - mean) ** 2, weights=w)),
            "root mean squared error": root_mean_squared_error(y, y + e, sample_weight=w),
            "R2": r2_score(y, y + e, sample_weight=w),
        }
        for metric, value in expected.items():
            row = found.loc[(metric, f"g{g}")]
            assert row["value"] == pytest.approx(value)
            assert row["low"] < row["value"] < row["high"]
            assert row["n"] == here.sum()
        # Bias and variance make the mean squared error.
        squared = expected["root mean squared error"] ** 2
        assert mean**2 + expected["standard deviation of the error"] ** 2 == pytest.approx(squared)
        if not weighted:
            alone = compute_r2(y, y + e)
            assert found.loc[("R2", f"g{g}"), "low"] == pytest.approx(alone.interval.low, rel=0.01)


def test_the_intervals_hold():
    rng, held = np.random.default_rng(0), {"standard deviation of the error": 0, "root mean squared error": 0}
    truth = {"standard deviation of the error": 0.7, "root mean squared error": np.hypot(0.7, 0.4)}
    for _ in range(300):
        found = figures(np.zeros(120, dtype=int), rng.normal(size=120), rng.normal(0.4, 0.7, 120), size=1)
        for metric, value in truth.items():
            held[metric] += found.loc[(metric, "g0"), "low"] <= value <= found.loc[(metric, "g0"), "high"]
    assert min(held.values()) >= 0.92 * 300


def test_groups_without_a_figure_have_none():
    codes = np.array([0, 0, 0, 1])
    found = figures(codes, np.array([1.0, 1.0, 1.0, 2.0]), np.array([0.1, 0.2, 0.3, 0.4]), size=3)
    assert found.loc[("R2", "g0")][["value", "low", "high"]].isna().all()
    for group in ("g1", "g2"):
        assert found.loc[("root mean squared error", group)][["value", "low", "high"]].isna().all()


class TestDistance:
    def test_scipy(self):
        rng = np.random.default_rng(0)
        codes = rng.integers(0, 3, 600)
        predictions = np.round(rng.normal(0.4 * codes), 1)
        found = largest_distance(codes, predictions, np.ones(600), (0, 1, 2), error=0.05, tolerance=0.1)
        parts = [predictions[codes == g] for g in range(3)]
        assert found.value == pytest.approx(ks_2samp(parts[0], parts[2]).statistic)
        assert found.pair == (0, 2)
        assert found.low <= found.value <= found.high

    def test_large_groups_are_held_at_their_quantiles(self):
        rng = np.random.default_rng(0)
        codes = np.arange(40_000) % 2
        predictions = rng.normal(0.3 * codes)
        found = largest_distance(codes, predictions, np.ones(40_000), (0, 1), error=0.05, tolerance=0.1)
        assert found.value == pytest.approx(ks_2samp(predictions[::2], predictions[1::2]).statistic, abs=0.005)

    @pytest.mark.parametrize("shift", [0.0, 0.5])
    def test_the_interval_holds(self, shift):
        from scipy.stats import norm

        truth, rng, held, seen = 2 * norm.cdf(shift / 2) - 1, np.random.default_rng(0), 0, 0
        codes = np.arange(400) % 2
        for _ in range(300):
            found = largest_distance(codes, rng.normal(shift * codes), np.ones(400), (0, 1), error=0.05, tolerance=0.1)
            held += found.low <= truth <= found.high
            seen += found.low > 0
        assert held >= 0.94 * 300
        assert shift or seen <= 0.06 * 300

    def test_one_group(self):
        found = largest_distance(np.zeros(5, dtype=int), np.arange(5.0), np.ones(5), (0,), error=0.05, tolerance=0.1)
        assert np.isnan(found.value)
        assert str(found.status) == "inconclusive"


class TestFinding:
    def table(self, n, spread=0.0, shift=0.0):
        rng = np.random.default_rng(0)
        group = rng.choice(["ä", "b"], n)
        x = rng.normal((group == "b") * shift, 1 + (group == "b") * spread)
        return pd.DataFrame({"x": x, "g": group, "y": 3 * x + rng.normal(size=n)})

    def last(self, make_dataset, make_values, frame):
        dataset = make_dataset(frame, label="y", sensitive=["g"])
        result = assess_numeric_fairness(dataset, make_values(dataset, 3 * frame["x"]), CONFIG)
        return [f for f in result.findings if f.code == "FB014"][-1], result

    def test_alike_predictions_pass(self, make_dataset, make_values):
        finding, result = self.last(make_dataset, make_values, self.table(20_000))
        assert (str(finding.status), str(finding.severity)) == ("passed", "warning")
        assert {"mean prediction", "Kolmogorov-Smirnov distance of predictions"} <= set(result.disparities["metric"])

    def test_lower_predictions_fail(self, make_dataset, make_values):
        finding, _ = self.last(make_dataset, make_values, self.table(4000, shift=-0.6))
        assert str(finding.status) == "failed"
        assert "The mean prediction differs" in finding.message

    def test_predictions_of_one_mean_and_unlike_spread_are_told_and_fail_nothing(self, make_dataset, make_values):
        finding, result = self.last(make_dataset, make_values, self.table(20_000, spread=1.5))
        assert str(finding.status) == "passed"
        assert "At some threshold the shares of" in finding.message
        row = result.disparities.set_index("metric").loc["Kolmogorov-Smirnov distance of predictions"]
        assert row["low"] > row["tolerance"]
        assert row["status"] == "inconclusive"

    def test_concentrated_predictions_without_an_effect_of_the_group_do_not_fail(self, make_dataset, make_values):
        # A hair's breadth between the groups at a value that all predictions crowd about.
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"g": rng.choice(["a", "b"], 4000), "y": rng.normal(size=4000)})
        dataset = make_dataset(frame, label="y", sensitive=["g"])
        predictions = 0.01 * (frame["g"] == "b") + rng.normal(0, 0.003, 4000)
        result = assess_numeric_fairness(dataset, make_values(dataset, predictions), CONFIG)
        assert result.disparities.set_index("metric").loc["Kolmogorov-Smirnov distance of predictions", "low"] > 0.5
        assert str([f for f in result.findings if f.code == "FB014"][-1].status) == "passed"


class TestDistanceStatus:
    @pytest.mark.parametrize(
        ("low", "high", "left_out", "status"),
        [
            (0.0, 0.05, 0.0, "passed"),
            (0.0, 0.05, 0.05, "passed"),
            (0.0, 0.05, 0.06, "inconclusive"),
            (0.0, 0.5, 0.0, "inconclusive"),
            (0.3, 0.5, 0.0, "inconclusive"),
        ],
    )
    def test_rows_left_out_hold_it_back_and_it_never_fails(self, low, high, left_out, status):
        assert str(Distance(high / 2, low, high, (0, 1), 0.1, left_out).status) == status
