"""The share of wrong labels, told from ambiguity by how contradictions depend on confidence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.label_noise.ambiguity import fit_cautiously, fit_contradictions


def contradictions(n, *, spread, noise, easy=0.0, seed=0):
    """Ranks and contradictions of a calibrated model with normal logits; a part `easy` of the rows has no ambiguity."""
    rng = np.random.default_rng(seed)
    logits = np.where(rng.random(n) < easy, 20.0, spread) * rng.normal(size=n)
    p = 1 / (1 + np.exp(-logits))
    true = rng.random(n) < p
    labels = true ^ (rng.random(n) < noise)
    rank = np.empty(n)
    rank[np.argsort(-np.abs(logits), kind="stable")] = (np.arange(n) + 0.5) / n
    return rank, labels != (logits > 0)


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1, 0.3])
@pytest.mark.parametrize("spread", [1.5, 4.0])
def test_limits_hold_the_planted_share(spread, noise):
    held = 0
    for seed in range(20):
        fit = fit_contradictions(*contradictions(3000, spread=spread, noise=noise, seed=seed), 2)
        held += fit.low <= noise <= fit.high
    assert held >= 19


def test_limits_hold_the_share_where_some_rows_are_easy():
    for seed in range(10):
        fit = fit_contradictions(*contradictions(5000, spread=1.5, easy=0.5, noise=0.08, seed=seed), 2)
        assert fit.low <= 0.08 <= fit.high


def test_much_noise_in_many_rows_is_told_from_ambiguity():
    fit = fit_contradictions(*contradictions(20_000, spread=4.0, noise=0.3), 2)
    assert fit.value == pytest.approx(0.3, abs=0.03)
    assert fit.high - fit.low < 0.15
    assert fit.evidence > 10


def test_ambiguity_alone_is_no_evidence_of_noise():
    evidence = [
        fit_contradictions(*contradictions(5000, spread=1.0, noise=0.0, seed=s), 2).evidence for s in range(20)
    ]
    # One in twenty may exceed 1.35 by chance where the model is right; a few more are allowed for here.
    assert sum(e > 1.35 for e in evidence) <= 3


def test_no_contradiction_at_all():
    rank = (np.arange(2000) + 0.5) / 2000
    fit = fit_contradictions(rank, np.zeros(2000, dtype=bool), 2)
    assert (fit.value, fit.low) == (0.0, 0.0)
    assert fit.high < 0.01
    assert fit.evidence == 0.0


def test_the_cautious_fit_is_the_smaller_one():
    first, second = (contradictions(3000, spread=2.0, noise=e) for e in (0.05, 0.2))
    both = fit_cautiously([first[0], np.roll(first[0], 1500)], second[1], 2)
    alone = [fit_contradictions(rank, second[1], 2) for rank in (first[0], np.roll(first[0], 1500))]
    assert both.value == min(f.value for f in alone)
    assert both.low == min(f.low for f in alone)
    assert both.high == max(f.high for f in alone)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 300), st.integers(2, 20), st.integers(0, 2**16))
def test_limits_enclose_the_value(n, classes, seed):
    rng = np.random.default_rng(seed)
    fit = fit_contradictions((rng.permutation(n) + 0.5) / n, rng.random(n) < rng.random(), classes)
    assert 0 <= fit.low <= fit.value <= fit.high <= 1
    assert fit.evidence >= 0
