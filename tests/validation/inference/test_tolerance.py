"""Tolerances against counting, simulation and SciPy's own distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assay.validation.inference.tolerance import MAX_SLACK, Tolerance, allowed_breaks, drifted


@pytest.mark.parametrize(("n", "fresh", "alpha"), [(100, 100, 0.01), (1000, 50, 0.001), (50, 500, 0.05)])
def test_rows_beyond_the_largest_value_are_negative_hypergeometric(n, fresh, alpha):
    """Of n + fresh exchangeable rows, k fresh ones exceed all old ones where the k + 1 largest begin with k fresh."""
    allowed = allowed_breaks(0, n, fresh, alpha, fitted=1)

    def exceed_more_than(k):  # the k + 1 largest of all are fresh ones
        return np.prod([(fresh - j) / (n + fresh - j) for j in range(k + 1)])

    assert exceed_more_than(allowed) <= alpha < exceed_more_than(allowed - 1)


@pytest.mark.parametrize("draw", ["normal", "standard_cauchy", "exponential"])
def test_a_range_alarms_as_rarely_as_it_says_whatever_the_tails(draw):
    rng = np.random.default_rng(0)
    n, alpha, runs = 200, 0.05, 4000
    allowed = allowed_breaks(0, n, n, alpha, fitted=2)
    old, new = getattr(rng, draw)(size=(runs, n)), getattr(rng, draw)(size=(runs, n))
    outside = ((new < old.min(axis=1)[:, None]) | (new > old.max(axis=1)[:, None])).sum(axis=1)
    alarms = int((outside > allowed).sum())
    assert stats.binomtest(alarms, runs, alpha, alternative="greater").pvalue > 0.001
    # Nor is it idle: one row less would be too strict.
    assert (outside > allowed - 1).mean() > alpha * 0.9


def test_a_share_alarms_as_rarely_as_it_says():
    rng = np.random.default_rng(0)
    n, fresh, alpha, runs = 500, 300, 0.05, 4000
    for p in (0.001, 0.02, 0.4):
        old, new = rng.binomial(n, p, runs), rng.binomial(fresh, p, runs)
        alarms = sum(b > allowed_breaks(int(a), n, fresh, alpha) for a, b in zip(old, new, strict=True))
        assert alarms / runs < 0.07


@given(n=st.integers(1, 10_000), fresh=st.integers(1, 10_000), data=st.data())
@settings(max_examples=60, deadline=None)
def test_laws(n, fresh, data):
    broken = data.draw(st.integers(0, n))
    strict, lax = (allowed_breaks(broken, n, fresh, alpha) for alpha in (0.05, 0.0001))
    assert 0 <= strict <= lax <= fresh
    share = Tolerance(fresh, 0.0001).share(broken, n)
    if share is not None:
        assert share >= lax / fresh
        assert share - broken / n <= MAX_SLACK
        assert float(f"{share:.2g}") == share


def test_what_no_batch_could_break_is_no_rule():
    assert Tolerance(20, 0.0005).share(0, 20) is None
    assert Tolerance(20_000, 0.0005).share(0, 20_000) < 0.001
    assert Tolerance(10, 0.01).share(0, 0) is None


def test_a_share_may_drift_by_a_small_effect_however_large_the_table():
    assert Tolerance(10**7, 1e-4).share(10**6, 10**7) >= drifted(0.1) > 0.13
    assert drifted(0.0) == 0
    assert drifted(0.02) == pytest.approx(0.03)
    # Cohen's h between the two shares.
    assert 2 * np.arcsin(np.sqrt(drifted(0.5))) - 2 * np.arcsin(np.sqrt(0.5)) == pytest.approx(0.1)


def test_fewer_rows_have_a_value_than_the_batch_has_rows():
    whole = Tolerance(1000, 0.001)
    assert whole.of_present(500, 500) is whole
    part = whole.of_present(250, 500)
    assert part.fresh == 1000 - allowed_breaks(250, 500, 1000, 0.001) < 500
