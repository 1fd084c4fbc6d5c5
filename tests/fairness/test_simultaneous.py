"""Intervals against the literature and by simulation."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from assay.fairness.simultaneous import (
    MOST_GROUPS,
    cases_to_decide,
    cautious_limits,
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


def limits_of(p, n):
    return partial(wilson_limits, np.asarray(p, dtype=float), np.asarray(n, dtype=float))


def difference(p, n, confidence=0.95, parts=1):
    return largest_difference(np.asarray(p, dtype=float), limits_of(p, n), confidence, parts)


def ratio(p, n, confidence=0.95, parts=1):
    return smallest_ratio(np.asarray(p, dtype=float), limits_of(p, n), confidence, parts)


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
    found = difference(np.array(x) / n, n)
    assert found[1] == pytest.approx(high, abs=1e-4)
    # A tenth of the lower limit's error tells which of the two rates is the higher one.
    assert found[0] >= low - 0.013
    if low > 0.5:  # far from parity, where an upper limit can miss
        assert found[0] <= low


def test_the_upper_limit_needs_no_correction_for_the_number_of_groups():
    two = difference([0.2, 0.8], [300, 300])
    six = difference([0.2, 0.5, 0.5, 0.5, 0.5, 0.8], [300] * 6)
    assert six[1] == pytest.approx(two[1])
    # And the lower limit hardly any, where the other pairs clearly lie nearer together.
    assert two[0] - 0.01 < six[0] <= two[0]


def test_groups_that_are_alike_cost_the_full_correction():
    n, rng = np.full(6, 400), np.random.default_rng(1)
    p = rng.binomial(n, 0.4) / n
    z, d = critical_value(6, 0.95), np.ptp(p)
    half = z * np.sqrt(2 * 0.24 / 400)
    # Tukey's interval of the farthest pair leaves out 0 exactly where this one does.
    assert (difference(p, n)[0] > 0) == (d > half)


def test_all_lower_limits_of_a_question_hold_together():
    one, two = (difference([0.3, 0.6], [200, 200], parts=parts) for parts in (1, 2))
    assert two[0] < one[0]
    assert two[1] == one[1]


def test_equal_rates_may_be_equal():
    low, high = difference([0.5, 0.5, 0.5], [100, 200, 50])
    assert low == 0
    assert high > 0


def test_a_ratio_does_not_depend_on_the_order_of_the_groups():
    p, n = [0.2, 0.5, 0.35], [100, 300, 50]
    forward = ratio(p, n)
    assert ratio(p[::-1], n[::-1]) == pytest.approx(forward)
    assert 0 < forward[0] < 0.4 < forward[1] < 1


def test_a_rate_of_zero_has_a_ratio_with_an_upper_limit():
    low, high = ratio([0.0, 0.5], [200, 200])
    assert low == 0
    assert 0 < high < 0.1


def test_two_rates_of_zero_leave_the_ratio_open():
    assert ratio([0.0, 0.0], [200, 200]) == (0.0, 1.0)


@pytest.mark.parametrize("groups", [MOST_GROUPS, MOST_GROUPS + 1, 1500])
def test_many_groups_are_compared_pair_by_pair(groups):
    rng = np.random.default_rng(groups)
    n = rng.integers(50, 5000, groups)
    p = rng.binomial(n, rng.uniform(0.2, 0.8, groups)) / n
    low, high = difference(p, n)
    assert low <= np.ptp(p) <= high
    lower, upper = wilson_limits(p, n.astype(float), critical_value(groups, 0.975))
    tukey = p[:, None] - p - np.hypot(p[:, None] - lower[:, None], upper - p)
    assert low >= tukey.max() - 1e-12
    assert ratio(p, n)[0] <= p.min() / p.max() <= ratio(p, n)[1]


DESIGNS = [
    ([0.7] * 6, SIZES),
    ([0.1] * 6, SIZES),
    ([0.5, 0.7, 0.6, 0.55, 0.65, 0.6], SIZES),
    ([0.2, 0.5, 0.5, 0.5, 0.5, 0.5], SIZES),
    ([0.2, 0.45, 0.45, 0.45, 0.45, 0.7], [500] * 6),
    ([0.3, 0.3], [400, 60]),
    ([0.9, 0.6], [200, 50]),
    ([0.3, 0.4], [100, 100]),
    ([0.3, 0.8], [10, 10]),
]


@pytest.mark.parametrize("interval", [difference, ratio])
@pytest.mark.parametrize(("rates", "sizes"), DESIGNS)
@pytest.mark.parametrize("parts", [1, 2])
def test_intervals_cover_the_truth(interval, rates, sizes, parts):
    rng = np.random.default_rng(2024)
    truth = max(rates) - min(rates) if interval is difference else min(rates) / max(rates)
    draws = rng.binomial(sizes, rates, size=(400, len(rates))) / sizes
    limits = [interval(p, sizes, parts=parts) for p in draws if p.max() > 0]
    covered = np.mean([low - 1e-9 <= truth <= high + 1e-9 for low, high in limits])
    # Three standard errors of 400 draws below 95%.
    assert covered >= 0.917


@pytest.mark.parametrize(("rates", "sizes"), [DESIGNS[4], ([0.2, 0.8], [1000, 1000])])
def test_far_from_parity_they_cover_no_more_than_they_say(rates, sizes):
    rng = np.random.default_rng(8)
    draws = rng.binomial(sizes, rates, size=(800, len(rates))) / sizes
    missed = np.mean(
        [not low <= max(rates) - min(rates) <= high for low, high in (difference(p, sizes) for p in draws)]
    )
    assert missed >= 0.05 - 3 * np.sqrt(0.05 * 0.95 / 800)


FEW = [
    # Cases of the small groups, of the large one, and the rate of all of them.
    ([50] * 11 + [20_000], 0.005),
    ([50] * 11 + [20_000], 0.995),
    ([10] * 19 + [100_000], 0.02),
    ([10] * 7 + [5_000], 0.01),
    ([200] * 12 + [100_000], 0.05),
]


@pytest.mark.parametrize(("sizes", "rate"), FEW)
@pytest.mark.parametrize("interval", [largest_difference, smallest_ratio])
def test_few_expected_hits_are_no_disparity(interval, sizes, rate):
    rng, sizes = np.random.default_rng(3), np.array(sizes)
    draws = rng.binomial(sizes, rate, size=(250, len(sizes))) / sizes
    parity = 0.0 if interval is largest_difference else 1.0
    missed = np.mean(
        [
            not low <= parity <= high
            for low, high in (
                interval(p, partial(cautious_limits, p, sizes.astype(float)), 0.95) for p in draws if p.max() > 0
            )
        ]
    )
    assert missed <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 250)


@pytest.mark.parametrize("rates", [(0.15, 0.05), (0.11, 0.01), (0.85, 0.95), (0.2, 0.1)])
def test_groups_at_the_tolerance_do_not_fail_more_often_than_they_may(rates):
    rng, sizes = np.random.default_rng(4), np.array([10, 1000])
    draws = rng.binomial(sizes, rates, size=(600, 2)) / sizes
    limits = [largest_difference(p, partial(cautious_limits, p, sizes.astype(float)), 0.95) for p in draws]
    assert np.mean([low > 0.1 for low, _ in limits]) <= 0.05


@pytest.mark.parametrize(("x", "n"), [(1, 50), (3, 12), (9, 4000), (11, 12)])
def test_limits_on_few_hits_are_exact(x, n):
    exact = binomtest(x, n).proportion_ci(0.95, "exact")
    p, cases = np.array([x / n, 1 - x / n]), np.array([n, n], dtype=float)
    low, high = cautious_limits(p, cases, Z95)
    score, _ = wilson_limits(p, cases, Z95)
    assert low[0] == pytest.approx(exact.low if x < 10 else score[0], abs=1e-8)
    assert high[1] == pytest.approx(1 - low[0], abs=1e-8)


def test_limits_of_many_of_none_and_of_nobody():
    p, n = np.array([0.4, 0.0, 1.0, np.nan]), np.array([100.0, 30.0, 30.0, 0.0])
    for cautious, score in zip(cautious_limits(p, n, Z95), wilson_limits(p, n, Z95), strict=True):
        np.testing.assert_array_equal(cautious, score)


def test_six_equal_groups_are_not_told_apart():
    rng = np.random.default_rng(7)
    draws = rng.binomial(SIZES, 0.7, size=(600, 6)) / SIZES
    apart = np.mean([difference(p, SIZES)[0] > 0 for p in draws])
    assert apart <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


def test_the_number_that_decides_is_found_to_a_few_percent():
    assert 1234 <= cases_to_decide(lambda n: n >= 1234) <= 1234 * 1.04
    assert cases_to_decide(lambda n: n >= 3) <= 16
    assert cases_to_decide(lambda _: False) is None
