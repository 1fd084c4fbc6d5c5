"""Intervals against the literature and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from assay.fairness.simultaneous import (
    cases_to_decide,
    critical_value,
    largest_difference,
    smallest_ratio,
    wilson_limits,
)
from assay.intervals import wilson

Z95 = 1.959963985
SIZES = np.array([1200, 600, 300, 150, 80, 40])


def test_two_groups_need_the_usual_critical_value():
    assert critical_value(2, 0.95) == pytest.approx(norm.ppf(0.975), abs=1e-6)


@pytest.mark.parametrize(("groups", "q"), [(3, 3.314), (6, 4.030), (10, 4.474), (50, 5.646)])
def test_critical_values_are_those_of_the_printed_tables(groups, q):
    # Upper 5% points of the studentized range for infinite degrees of freedom.
    assert critical_value(groups, 0.95) * np.sqrt(2) == pytest.approx(q, abs=2e-3)


@pytest.mark.parametrize(("x", "n"), [(0, 10), (10, 10), (3, 17), (812, 1000)])
def test_wilson_limits_are_those_of_the_core(x, n):
    low, high = wilson_limits(np.array([x / n]), np.array([float(n)]), Z95)
    expected = wilson(x, n)
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    # Newcombe 1998, table II, method 10: contrasts (a) to (c), and (g) and (h) as printed.
    [
        ((56, 48), (70, 80), 0.0524, 0.3339),
        ((9, 3), (10, 10), 0.1705, 0.8090),
        ((10, 0), (10, 20), 0.6791, 1.0),
        ((10, 0), (10, 10), 0.6075, 1.0),
    ],
)
def test_the_difference_of_two_rates_is_newcombes(x, n, low, high):
    n = np.array(n, dtype=float)
    assert largest_difference(np.array(x) / n, n, Z95) == pytest.approx((low, high), abs=1e-4)


def test_equal_rates_may_be_equal():
    low, high = largest_difference(np.array([0.5, 0.5, 0.5]), np.array([100.0, 200, 50]), 2.3)
    assert low == 0
    assert high > 0


def test_a_ratio_does_not_depend_on_the_order_of_the_groups():
    p, n = np.array([0.2, 0.5, 0.35]), np.array([100.0, 300, 50])
    forward = smallest_ratio(p, n, 2.3)
    assert smallest_ratio(p[::-1], n[::-1], 2.3) == pytest.approx(forward)
    assert 0 < forward[0] < 0.4 < forward[1] < 1


def test_a_rate_of_zero_has_a_ratio_with_an_upper_limit():
    low, high = smallest_ratio(np.array([0.0, 0.5]), np.array([200.0, 200]), Z95)
    assert low == 0
    assert 0 < high < 0.1


def test_two_rates_of_zero_leave_the_ratio_open():
    assert smallest_ratio(np.array([0.0, 0.0]), np.array([200.0, 200]), Z95) == (0.0, 1.0)


@pytest.mark.parametrize("interval", [largest_difference, smallest_ratio])
@pytest.mark.parametrize(("rates", "sizes"), [
    (np.full(6, 0.7), SIZES),
    (np.full(6, 0.1), SIZES),
    (np.array([0.5, 0.7, 0.6, 0.55, 0.65, 0.6]), SIZES),
    (np.array([0.3, 0.3]), np.array([400, 60])),
    (np.array([0.9, 0.6]), np.array([200, 50])),
])  # fmt: skip
def test_intervals_cover_the_truth(interval, rates, sizes):
    rng = np.random.default_rng(2024)
    z = critical_value(len(rates), 0.95)
    truth = rates.max() - rates.min() if interval is largest_difference else rates.min() / rates.max()
    draws = rng.binomial(sizes, rates, size=(600, len(rates))) / sizes
    limits = [interval(p, sizes.astype(float), z) for p in draws if p.max() > 0]
    covered = np.mean([low - 1e-9 <= truth <= high + 1e-9 for low, high in limits])
    # Three standard errors of 600 draws below 95%.
    assert covered >= 0.923


def test_six_equal_groups_are_not_told_apart():
    rng = np.random.default_rng(7)
    z = critical_value(6, 0.95)
    draws = rng.binomial(SIZES, 0.7, size=(600, 6)) / SIZES
    apart = np.mean([largest_difference(p, SIZES.astype(float), z)[0] > 0 for p in draws])
    assert apart <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


def test_the_number_that_decides_is_found_to_a_few_percent():
    assert 1234 <= cases_to_decide(lambda n: n >= 1234) <= 1234 * 1.04
    assert cases_to_decide(lambda n: n >= 3) <= 16
    assert cases_to_decide(lambda _: False) is None
