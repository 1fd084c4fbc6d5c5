"""How often labels go wrong in each group, by direction."""

from __future__ import annotations

import numpy as np
import pytest

from assay.label_noise.noise_rates import COLUMNS


def test_planted_rates_lie_within_their_intervals(dress):
    # Labels follow the probabilities but for what was flipped: a quarter of the women's positives, a tenth of the
    # men's negatives. The models have learned as much, each of its group.
    rng = np.random.default_rng(7)
    n = 8_000
    groups = np.where(rng.random(n) < 0.5, "f", "m")
    clean = 1 / (1 + np.exp(-4 * rng.normal(size=n)))
    true = rng.random(n) < clean
    lost, gained = np.where(groups == "f", 0.25, 0.0), np.where(groups == "m", 0.1, 0.0)
    given = true ^ (rng.random(n) < np.where(true, lost, gained))
    p = clean * (1 - lost) + (1 - clean) * gained
    case = dress(np.column_stack([1 - p, p]), given.astype(int), groups)
    rates = case.judge().noise_rates.set_index(["group", "true"])
    for (group, side), expected in {
        ("f", "positive"): 0.25,
        ("f", "negative"): 0.0,
        ("m", "positive"): 0.0,
        ("m", "negative"): 0.1,
    }.items():
        row = rates.loc[(group, side)]
        assert row["low"] <= expected <= row["high"], (group, side)
        assert row["rate"] == pytest.approx(expected, abs=0.05)
        assert row["low"] <= row["rate"] <= row["high"]
    assert rates["n"].sum() == n


def test_without_signal_nothing_is_known(make_case):
    rates = make_case(n=800, spread=0.05).judge().noise_rates
    assert len(rates) == 4
    assert rates[["rate", "low", "high"]].isna().all().all()


def test_there_is_none_without_a_favourable_class_or_groups(dress):
    rng = np.random.default_rng(0)
    probs = rng.dirichlet((0.3, 0.3, 0.3), size=600)
    labels = np.array([rng.choice(3, p=p) for p in probs])
    rates = dress(probs, labels, rng.choice(["f", "m"], 600)).judge().noise_rates
    assert tuple(rates.columns) == COLUMNS
    assert len(rates) == 0
    two = probs[:, :2] / probs[:, :2].sum(axis=1, keepdims=True)
    assert len(dress(two, (rng.random(600) < two[:, 1]).astype(int)).judge().noise_rates) == 0


def test_a_few_kinds_of_rows_leave_an_upper_limit(dress):
    rng = np.random.default_rng(0)
    p = rng.choice([0.05, 0.95], 2000)
    labels = (rng.random(2000) < p).astype(int)
    rates = dress(np.column_stack([1 - p, p]), labels, rng.choice(["f", "m"], 2000), jitter=0).judge().noise_rates
    assert rates["rate"].isna().all()
    assert rates["high"].between(0.03, 0.2).all()


def test_a_group_of_too_few_rows_has_the_rate_of_all_within_its_own_limits(make_case):
    case = make_case(noise=0.15, share_b=0.002)
    rates = case.judge().noise_rates.set_index(["group", "true"])
    for side in ("positive", "negative"):
        small, large = rates.loc[("B", side)], rates.loc[("A", side)]
        assert small["n"] < 10
        assert small["rate"] == pytest.approx(large["rate"], abs=0.02)
        assert small["high"] - small["low"] > 0.5
