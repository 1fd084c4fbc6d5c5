"""The forms of a learning curve, and the range over them, on curves whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit

from assay.health.quantity.forms import EXPONENTS, Forms, Points
from assay.health.quantity.projection import project, summarise

SIZES = np.rint(np.geomspace(119, 3200, 8))
CURVES = {
    "power law": lambda n: 0.92 - 1.5 * n**-0.5,
    "slow power law": lambda n: 0.99 - 0.7 * n**-0.2,
    "logarithm": lambda n: 0.5 + 0.04 * np.log(n),
    "exponential": lambda n: 0.9 - 0.2 * np.exp(-n / 900),
    "inverse logarithm": lambda n: 1.0 - 1.2 / np.log(n),
    "two power laws": lambda n: 0.95 - 0.6 * n**-0.35 - 3 / n,
    "flat": lambda n: 0.8 + 0 * n,
}


def scores_of(curve, noise, seed, rounds=10):
    """Scores of independent draws, noisier with fewer rows, on folds of different levels."""
    rng = np.random.default_rng(seed)
    levels = rng.normal(0, 0.02, (rounds, 1))
    spread = noise * np.sqrt(SIZES[-1] / SIZES)
    return curve(SIZES) + levels - levels.mean() + rng.normal(size=(rounds, len(SIZES))) * spread


@pytest.mark.parametrize("name", CURVES)
def test_the_range_holds_the_truth_at_twice_and_four_times_the_rows(name):
    curve, held = CURVES[name], []
    for seed in range(60):
        points = summarise(SIZES.astype(int), scores_of(curve, 0.004, seed), 5)
        forms = Forms(points)
        for rows in (8000, 16_000):
            found = forms.value(rows)
            held.append(found.low <= curve(rows) <= found.high)
    assert np.mean(held) >= 0.9


def test_without_noise_the_true_form_is_found():
    curve = CURVES["power law"]
    points = Points(SIZES, curve(SIZES), np.full(8, 1e-5))
    found = Forms(points).value(12_800)
    assert found.value == pytest.approx(curve(12_800), abs=2e-4)
    assert found.high - found.low < 0.002


def test_one_form_is_a_weighted_least_squares_fit():
    # Only forms with an exponent near 0.5 can follow points this exact; SciPy fits the same form and weights.
    assert 0.5 in EXPONENTS
    errors = np.geomspace(4e-5, 1e-5, 8)
    means = CURVES["power law"](SIZES) + errors * np.array([1, -1, 0.5, -0.5, 1, 0, -1, 0.5])
    fitted, covariance = curve_fit(
        lambda n, a, b: a + b * n**-0.5, SIZES[2:], means[2:], sigma=errors[2:], absolute_sigma=True
    )
    gradient = np.array([1, 6400**-0.5])
    found = Forms(Points(SIZES, means, errors)).value(6400)
    assert found.value == pytest.approx(fitted @ gradient, abs=1e-4)
    assert (found.high - found.low) / 2 >= np.sqrt(gradient @ covariance @ gradient)


def test_the_range_widens_ahead_and_with_noise():
    def width(noise, rows):
        found = Forms(summarise(SIZES.astype(int), scores_of(CURVES["power law"], noise, 1), 5)).value(rows)
        return found.high - found.low

    assert width(0.004, 16_000) > width(0.004, 8000) > width(0.004, 4000)
    assert width(0.02, 8000) > width(0.002, 8000)


def test_the_gain_of_no_more_rows_is_none():
    points = summarise(SIZES.astype(int), scores_of(CURVES["logarithm"], 0.004, 0), 5)
    gain = Forms(points).gain(4000, 4000)
    assert (gain.value, gain.low, gain.high) == (0.0, 0.0, 0.0)


def test_the_level_of_a_fold_does_not_widen_the_errors():
    scores = scores_of(CURVES["power law"], 0.004, 3)
    shifted = scores + np.linspace(-0.2, 0.2, 10)[:, None]
    one, other = (summarise(SIZES.astype(int), values, 5) for values in (scores, shifted))
    assert one.errors == pytest.approx(other.errors)


def test_a_jump_at_the_end_fails_the_back_test():
    curve = CURVES["power law"](SIZES)
    curve[-2:] -= 0.1
    scores = curve + np.random.default_rng(0).normal(0, 0.002, (10, 8))
    found = project(summarise(SIZES.astype(int), scores, 5), 4000, 0.01)
    assert not found.back_test.held
    assert project(
        summarise(SIZES.astype(int), scores_of(CURVES["power law"], 0.002, 0), 5), 4000, 0.01
    ).back_test.held


def test_nothing_is_said_beyond_four_times_the_rows():
    found = project(summarise(SIZES.astype(int), scores_of(CURVES["logarithm"], 0.004, 0), 5), 4000, 0.01)
    assert found.horizon == pytest.approx(16_000)
    assert found.base == 4000
    needed = found.rows_for(0.999999)
    assert needed.likely is None


def test_of_far_more_rows_than_were_looked_at_the_double_of_those_is_asked():
    found = project(summarise(SIZES.astype(int), scores_of(CURVES["logarithm"], 0.004, 0), 5), 1_000_000, 0.01)
    assert (found.base, found.horizon, found.is_of_fewer) == (3200, 16_000, True)


def test_rows_for_a_goal_by_hand():
    # 0.5 + 0.04 ln n = 0.85 at n = exp(0.35 / 0.04) = 6311.
    points = Points(SIZES, CURVES["logarithm"](SIZES), np.full(8, 1e-5))
    needed = project(points, 4000, 0.001).rows_for(0.85)
    assert needed.likely == pytest.approx(np.exp(0.35 / 0.04), rel=0.03)
    assert needed.least <= needed.likely <= needed.surely


@pytest.mark.parametrize("scores", [np.full((10, 8), np.nan), np.zeros((0, 0)), np.zeros((2, 8))])
def test_too_few_known_scores_give_no_points(scores):
    assert summarise(SIZES.astype(int), scores, 5) is None


def test_perfect_scores_have_an_end():
    found = project(summarise(SIZES.astype(int), np.ones((10, 8)), 5), 4000, 0.0)
    assert found.gain.high < 0.001
    assert found.score(8000).high <= 1.0
