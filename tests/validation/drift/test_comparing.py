"""Columns of every kind: what drifts, what does not, and what is said about it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.validation.drift.comparing import compare, count_cells
from assay.validation.drift.summary import Summary, summarise

RNG = np.random.default_rng(0)
N = 3000


def effect_of(reference, batch, alpha=0.05):
    reference, batch = pd.Series(reference), pd.Series(batch)
    summary = Summary.from_json(json.loads(json.dumps(summarise(reference, len(batch))[0].as_json(), allow_nan=False)))
    cells = count_cells(summary, batch)
    return None if cells is None else compare(summary, cells, alpha)


def days(n, seed=0, start="2024-01-01", span=30, unit="s"):
    seconds = np.random.default_rng(seed).integers(0, span * 86400, n)
    return pd.Timestamp(start) + pd.to_timedelta(seconds, unit=unit)


SOURCES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "heavy tails": lambda rng, n: rng.standard_cauchy(n) * 1e9,
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.9, 0.0, rng.exponential(size=n)),
    "few whole numbers": lambda rng, n: rng.poisson(1.3, n),
    "gaps": lambda rng, n: np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)),
    "infinite": lambda rng, n: np.where(rng.random(n) < 0.3, np.inf, rng.normal(size=n)),
    "booleans": lambda rng, n: rng.random(n) < 0.2,
    "categories": lambda rng, n: rng.choice(["é", "ß 漢字", "", "x" * 500], n, p=[0.5, 0.3, 0.1, 0.1]),
    "long tail": lambda rng, n: pd.Series(rng.zipf(1.3, n) % 10**6).astype(str),
    "constant": lambda rng, n: np.full(n, 7),
    "all missing": lambda rng, n: np.full(n, np.nan),
    "durations": lambda rng, n: pd.to_timedelta(rng.exponential(3600, n), unit="s"),
    "tiny numbers": lambda rng, n: rng.normal(size=n) * 1e-300,
    "large numbers": lambda rng, n: rng.integers(2**60, 2**61, n),
    "nested": lambda rng, n: [{"a": int(x)} for x in rng.integers(0, 3, n)],
    "times": lambda rng, n: pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**6, n), unit="s"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_two_samples_of_one_source_do_not_differ(source):
    make = SOURCES[source]
    effect = effect_of(make(np.random.default_rng(1), N), make(np.random.default_rng(2), N), alpha=0.001)
    assert effect.interval.low == 0
    assert effect.distance < 0.05


@pytest.mark.parametrize(
    ("reference", "batch", "truth", "said"),
    [
        # The overlap of two normal distributions one deviation apart: 2 * Phi(.5) - 1 = .383.
        (RNG.normal(size=N), RNG.normal(1, 1, N), 0.383, "median"),
        (
            np.repeat(["card", "cash"], [2100, 900]),
            np.repeat(["card", "cash"], [1200, 1800]),
            0.3,
            "'cash' 30.0% -> 60.0%",
        ),
        (np.repeat(["a", "b"], [1500, 1500]), np.repeat(["a", "b", "new"], [1500, 900, 600]), 0.2, "other values"),
        (np.repeat([True, False], [600, 2400]), np.repeat([True, False], [1800, 1200]), 0.4, "'True' 20.0% -> 60.0%"),
        (np.zeros(N), np.where(np.arange(N) < 900, np.nan, 0), 0.3, "missing 0.0% -> 30.0%"),
        (np.full(N, np.nan), np.where(np.arange(N) < 900, np.nan, 5.0), 0.7, "missing 100.0% -> 30.0%"),
        (RNG.normal(size=N), np.repeat(["1,5"], N), 1.0, "unreadable 0.0% -> 100.0%"),
        (np.full(N, 7), np.full(N, 8), 1.0, "median 7 -> 8"),
        (RNG.normal(size=N), np.full(N, np.inf), 0.9, "above"),
    ],
)
def test_planted_drift_is_measured_and_told(reference, batch, truth, said):
    effect = effect_of(reference, batch)
    assert effect.interval.low <= truth <= effect.interval.high
    assert effect.distance == pytest.approx(truth, abs=0.05)
    assert said in effect.change


def test_a_peak_that_moves_within_an_interval_is_seen():
    # Nine in ten at 2.5, which no median, mean or quantile edge alone would separate from nine in ten at 2.4.
    rest = RNG.uniform(0, 10, 300)
    assert effect_of(np.append(np.full(2700, 2.5), rest), np.append(np.full(2700, 2.4), rest)).distance > 0.85


def test_days_that_pass_are_no_drift_but_other_hours_are():
    later = days(N, seed=1, start="2031-05-05")
    assert effect_of(days(N), later).interval.low == 0
    night = pd.Timestamp("2024-02-01") + pd.to_timedelta(np.arange(N) % 25 * 86400 + np.arange(N) % 10000, unit="s")
    assert effect_of(days(N), night).interval.low > 0.5
    as_text = pd.Series(later.astype(str))
    assert effect_of(pd.Series(days(N).astype(str)), as_text).interval.low == 0


def test_times_of_less_than_two_days_compare_with_nothing():
    assert effect_of(days(N), days(N, span=1)) is None


def test_dates_that_are_no_longer_written_as_dates_are_seen():
    dates = pd.Series(days(N).strftime("%Y-%m-%d"))
    assert effect_of(dates, pd.Series(days(N, seed=1).strftime("%Y-%m-%d"))).interval.low == 0
    assert effect_of(dates, pd.Series(np.where(np.arange(N) < 900, "soon", dates))).interval.low > 0.2


def test_mixed_offsets_are_one_moment():
    texts = [f"2024-01-{1 + i % 28:02}T{i % 24:02}:00:00+0{i % 3}:00" for i in range(N)]
    assert effect_of(texts, texts).distance == 0


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(["normal", "categories", "few whole numbers", "gaps"]))
def test_the_order_of_the_rows_does_not_matter(random, source):
    reference = pd.Series(SOURCES[source](np.random.default_rng(1), 300))
    batch = pd.Series(SOURCES[source](np.random.default_rng(2), 200))
    mixed = [list(range(len(part))) for part in (reference, batch)]
    for order in mixed:
        random.shuffle(order)
    assert effect_of(reference.iloc[mixed[0]], batch.iloc[mixed[1]]) == effect_of(reference, batch)


def test_other_names_and_monotone_units_leave_the_effect():
    reference, batch = RNG.choice(["a", "b", "c"], N), RNG.choice(["a", "b", "c"], N, p=[0.5, 0.3, 0.2])
    names = {"a": "zebra", "b": "ox", "c": "ant"}
    renamed = effect_of(pd.Series(reference).map(names), pd.Series(batch).map(names))
    assert renamed.distance == pytest.approx(effect_of(reference, batch).distance)
    x, y = RNG.normal(size=N), RNG.normal(0.4, 1, N)
    assert effect_of(np.exp(x), np.exp(y)).distance == pytest.approx(effect_of(x, y).distance, abs=0.005)


def test_a_rare_category_is_not_kept_and_ten_rows_are():
    values = pd.Series(["common"] * 1000 + ["Ms Rare"] * 9 + ["ten"] * 10)
    summary, _ = summarise(values, 1000)
    assert summary.listed == ("common", "ten")


@pytest.mark.parametrize("n", [1, 2, 3, 7])
@pytest.mark.parametrize("source", SOURCES)
def test_a_handful_of_rows_is_summarised_and_decides_nothing(source, n):
    make = SOURCES[source]
    effect = effect_of(make(np.random.default_rng(1), n), make(np.random.default_rng(2), n), alpha=0.001)
    assert effect is None or effect.interval.high - effect.interval.low > 0.5


@pytest.mark.parametrize(
    "damage",
    [
        lambda c: c.pop("kind"),
        lambda c: c.update(kind="other"),
        lambda c: c.update(rows=0),
        lambda c: c["shares"].update(missing=2.0),
        lambda c: c["shares"].update(rest=[1.0]),
        lambda c: c.update(up_to=list(reversed(c["up_to"]))),
        lambda c: c.update(shares=None),
        lambda c: c.update(up_to=["x"]),
        lambda c: (c.update(values=["x"]), c["shares"].update(values=[0.0])),
    ],
)
def test_a_damaged_summary_is_refused(damage):
    content = summarise(pd.Series(RNG.normal(size=N)), N)[0].as_json()
    damage(content)
    with pytest.raises(ValueError, match="reference"):
        Summary.from_json(content)
