"""Effect sizes against hand computation and SciPy, and the coverage of their interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assay.validation.drift.distance import (
    cells_for,
    chance_distance,
    corrected_distance,
    distance_interval,
    reach_of_chance,
    rows_to_decide,
    total_variation,
)

counts = st.lists(st.integers(0, 500), min_size=4, max_size=4).filter(lambda cells: sum(cells) > 0)


def test_total_variation_by_hand():
    # Of ten rows three leave the first cell: one to the second, two to the third.
    assert total_variation(np.array([0.6, 0.3, 0.1]), np.array([0.3, 0.4, 0.3])) == pytest.approx(0.3)
    assert total_variation(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1


def test_of_two_normal_distributions_it_is_what_their_densities_say():
    edges = np.linspace(-8, 8, 4001)
    p, q = np.diff(stats.norm.cdf(edges)), np.diff(stats.norm.cdf(edges, 0.5))
    # 2 * Phi(d / 2) - 1, which is 1 - the overlap coefficient.
    assert total_variation(p, q) == pytest.approx(2 * stats.norm.cdf(0.25) - 1, abs=1e-4)


@given(counts, counts, st.permutations(range(4)))
def test_it_is_symmetric_bounded_and_does_not_know_the_names_of_the_cells(first, second, order):
    p, q = np.array(first) / sum(first), np.array(second) / sum(second)
    value = total_variation(p, q)
    assert 0 <= value <= 1 + 1e-12
    assert value == pytest.approx(total_variation(q, p))
    assert value == pytest.approx(total_variation(p[list(order)], q[list(order)]))


@given(counts, counts)
def test_the_interval_holds_the_corrected_distance(first, second):
    p, q = np.array(first, dtype=float), np.array(second, dtype=float)
    interval = distance_interval(p, q, 0.05)
    assert 0 <= interval.low <= corrected_distance(p, q) <= interval.high <= 1


@given(counts, counts, st.integers(2, 50))
@settings(max_examples=50)
def test_more_rows_of_the_same_shares_leave_the_effect_and_tighten_the_interval(first, second, times):
    p, q = np.array(first, dtype=float), np.array(second, dtype=float)
    few, many = distance_interval(p, q, 0.05), distance_interval(times * p, times * q, 0.05)
    observed = total_variation(p / p.sum(), q / q.sum())
    assert many.low >= few.low - 1e-9
    assert many.high <= few.high + 1e-9
    assert many.low <= observed + 1e-9


def test_what_chance_makes_is_what_simulation_says():
    rng = np.random.default_rng(0)
    shares = np.array([0.5, 0.3, 0.15, 0.05])
    first, second = rng.multinomial(400, shares, 4000), rng.multinomial(900, shares, 4000)
    simulated = np.abs(first / 400 - second / 900).sum(axis=1).mean() / 2
    assert chance_distance(400 * shares, 900 * shares) == pytest.approx(simulated, rel=0.03)


@pytest.mark.parametrize(
    ("p", "q", "n", "m"),
    [
        ([0.25] * 4, [0.25] * 4, 1000, 300),
        ([0.25] * 4, [0.4, 0.3, 0.2, 0.1], 1000, 300),
        ([0.97, 0.01, 0.01, 0.01], [0.7, 0.1, 0.1, 0.1], 3000, 50),
        ([1 / 12] * 12, [1 / 12] * 12, 2000, 2000),
        ([0.5, 0.5], [0.8, 0.2], 5000, 8),
    ],
)
def test_the_interval_covers_the_truth(p, q, n, m):
    rng = np.random.default_rng(1)
    truth = sum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2
    first, second = rng.multinomial(n, p, 600).astype(float), rng.multinomial(m, q, 600).astype(float)
    spans = [distance_interval(a, b, 0.1) for a, b in zip(first, second, strict=True)]
    missed = sum(not span.low <= truth <= span.high for span in spans)
    # At most a tenth, as far as 600 trials can tell: P(more than 78 of them) is .01 at exactly a tenth.
    assert missed <= stats.binom(600, 0.1).ppf(0.99)


@pytest.mark.parametrize("shares", [[0.25] * 4, [0.9, 0.1], [0.1] * 10])
@pytest.mark.parametrize(("n", "m"), [(400, 400), (3000, 500)])
def test_the_whole_interval_stays_within_the_reach_of_chance(shares, n, m):
    rng = np.random.default_rng(2)
    within = reach_of_chance(n * np.array(shares), m * np.array(shares), 0.1)
    pairs = zip(
        rng.multinomial(n, shares, 600).astype(float), rng.multinomial(m, shares, 600).astype(float), strict=True
    )
    beyond = sum(distance_interval(first, second, 0.1).high > within for first, second in pairs)
    assert beyond <= stats.binom(600, 0.1).ppf(0.99)


def test_the_rows_that_would_decide_do():
    counts = np.array([900.0, 600.0, 1500.0])
    needed = rows_to_decide(counts, 0.15, 0.01)
    reach = [reach_of_chance(counts, counts * m / 3000, 0.01) for m in (0.8 * needed, 1.1 * needed)]
    assert reach[0] > 0.15 > reach[1]
    assert rows_to_decide(counts, 0.01, 0.01) is None


def test_few_rows_get_few_cells():
    assert cells_for(100, 100, 10) == 4
    assert cells_for(10**6, 10**6, 10) == 10
    assert cells_for(10**6, 500, 10) == 5
