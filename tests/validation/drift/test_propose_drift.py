"""The rules: which columns get one, their tolerances, freshness, the number of rows."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from assay.dataset import Roles
from assay.validation.drift import compare_samples, propose_drift
from assay.validation.drift.comparing import compare, count_cells
from assay.validation.drift.distance import NEGLIGIBLE
from assay.validation.drift.summary import Summary

ROLES = Roles(label="y", features=("x", "c"), time="t")
NEWEST, ROWS = "expect_column_newest_to_be_recent", "expect_table_row_count_to_be_between"
DRIFT = "expect_column_distribution_to_match_reference"


def table(n=4000, seed=0, start="2024-01-01", span=100, season=0.0):
    rng = np.random.default_rng(seed)
    place = np.sort(rng.random(n))
    return pd.DataFrame(
        {
            "t": pd.Timestamp(start) + pd.to_timedelta(place * span * 86400, unit="s"),
            "x": rng.normal(size=n) + season * (np.floor(place * 10) % 2),
            "c": rng.choice(["a", "b"], n),
            "y": rng.integers(0, 2, n),
        }
    )


def rules_of(frame, roles=ROLES, fresh=1000, alpha=0.05, **more):
    return {(r.kind, r.kwargs.get("column")): r for r in propose_drift(frame, roles, fresh=fresh, alpha=alpha, **more)}


def test_ids_times_groups_ignored_and_identifying_columns_get_no_distribution():
    frame = table().assign(
        id=range(4000), person=[f"P{i:05}" for i in range(4000)], g=np.arange(4000) // 2, skip="secret"
    )
    roles = Roles(label="y", features=("x", "c"), time="t", id="id", group="g", ignored=("skip",))
    columns = {column for kind, column in rules_of(frame, roles) if kind not in (NEWEST, ROWS)}
    assert columns == {"x", "c", "y"}


def test_a_rule_is_small_plain_json_and_says_what_it_rests_on():
    for rule in rules_of(table()).values():
        text = json.dumps({"kwargs": dict(rule.kwargs), "evidence": dict(rule.evidence)}, allow_nan=False)
        assert len(text) < 1000
        assert rule.evidence["n"] == 4000
        assert rule.reason.endswith(".")


def test_alpha_is_shared_out():
    rules = rules_of(table(), alpha=0.05)
    assert sum(rule.kwargs.get("alpha", 0) for rule in rules.values()) <= 0.05


def test_what_the_reference_varies_by_itself_is_tolerated():
    still, moving = (rules_of(table(season=season), fresh=400) for season in (0.0, 1.0))
    x = ("expect_column_distribution_to_match_reference", "x")
    by_chance = max(NEGLIGIBLE, still[x].evidence["by_chance"])
    assert by_chance <= still[x].kwargs["tolerance"] < by_chance + 0.05
    assert moving[x].kwargs["tolerance"] > by_chance + 0.1


def test_rows_without_a_time_are_in_no_stretch():
    frame = table(season=1.0).astype({"t": "datetime64[us]"})
    late = frame.assign(t=frame["t"].where(np.arange(len(frame)) % 10 > 0))
    x = ("expect_column_distribution_to_match_reference", "x")
    found, whole = (rules_of(part, fresh=400)[x].kwargs["tolerance"] for part in (late, frame))
    assert found == pytest.approx(whole, abs=0.05)


def test_the_index_of_the_frame_does_not_matter():
    frame = times_like("a century of weather")
    frame.index = pd.Index([0] * len(frame))
    assert (NEWEST, "t") in rules_of(frame, Roles(label="y", features=(), time="t"))


def test_stretches_of_birthdays_are_no_stretches_of_time():
    births = times_like("births of adults", 4000).sort_values("t", ignore_index=True)
    births["x"] = np.random.default_rng(0).normal(size=4000) + (np.arange(4000) > 2000)
    shuffled = births.sample(frac=1, random_state=0, ignore_index=True)
    rule = rules_of(shuffled, Roles(label="y", features=(), time="t"), fresh=4000)[DRIFT, "x"]
    assert rule.kwargs["tolerance"] == pytest.approx(NEGLIGIBLE, abs=0.01)


def test_the_files_of_a_reference_may_take_the_place_of_its_time():
    frame = pd.concat([table(1000, seed=s).assign(c=c) for s, c in enumerate("aab")], ignore_index=True).drop(
        columns="t"
    )
    roles = Roles(label="y", features=("x", "c"))
    file = pd.Series(np.repeat(["1", "2", "3"], 1000))
    kinds = {column for _, column in rules_of(frame, roles, blocks=file)}
    # "c" is a different constant in the third file: no bound that catches anything holds.
    assert "c" not in kinds
    assert "x" in kinds


def test_of_the_same_source_the_newest_time_alarms_as_rarely_as_asked():
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(400):
        times = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.triangular(0, 1e6, 1e6, 900), unit="s")
        frame = pd.DataFrame({"t": times[:600], "y": 0})
        rule = rules_of(frame, fresh=300, alpha=0.2)[NEWEST, "t"]
        alarms += times[600:].max().tz_localize("UTC") < pd.Timestamp(rule.kwargs["not_before"])
    # alpha / 2 for this rule of two.
    assert alarms / 400 <= 0.1 + 0.03


def test_days_and_months_that_cannot_be_told_apart_give_no_rule_on_freshness():
    frame = table(500)
    frame["t"] = [f"0{1 + i % 9}/0{1 + i % 8}/2024" for i in range(500)]
    assert (NEWEST, "t") not in rules_of(frame)
    frame["t"] = [f"{1 + i % 28:02}/0{1 + i % 8}/2024" for i in range(500)]
    assert rules_of(frame)[NEWEST, "t"].kwargs["not_before"].startswith("2024-08-")


@pytest.mark.parametrize(("fresh", "low", "high"), [(1000, 500, 8000), (4000, 2000, 8000), (10_000, 2000, 20_000)])
def test_rows_lie_between_half_and_twice_what_was_there_or_is_expected(fresh, low, high):
    kwargs = rules_of(table(), fresh=fresh)[ROWS, None].kwargs
    assert (kwargs["min_value"], kwargs["max_value"]) == (low, high)


@pytest.mark.parametrize("n", [0, 1, 2, 5, 30, 100])
def test_a_tiny_reference_is_no_standard_for_distributions(n):
    kinds = {kind for kind, _ in rules_of(table().head(n), fresh=max(n, 1))}
    assert kinds <= {ROWS, NEWEST}
    assert (NEWEST in kinds) == (n >= 30)


def mixed(n, rng):
    return pd.DataFrame(
        {
            "normal": rng.normal(size=n),
            "mostly zero": np.where(rng.random(n) < 0.8, 0, rng.exponential(size=n)),
            "counts": rng.poisson(1.5, n),
            "gaps": np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)),
            "two": rng.choice(["a", "b"], n, p=[0.9, 0.1]),
            "eight": rng.choice(list("abcdefgh"), n),
            "y": rng.integers(0, 2, n),
        }
    )


@pytest.mark.parametrize(("n", "m"), [(30, 30), (150, 150), (300, 300), (800, 800), (3000, 3000), (3000, 400)])
def test_a_batch_of_the_same_source_passes_and_is_not_left_undecided(n, m):
    undecided, rules = [], 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        reference, batch = mixed(n, rng), mixed(m, rng)
        for (kind, column), rule in rules_of(reference, Roles(label="y", features=()), fresh=m, alpha=0.015).items():
            if kind != ROWS:
                rules += 1
                summary = Summary.from_json(rule.kwargs["reference"])
                high = compare(summary, count_cells(summary, batch[column]), rule.kwargs["alpha"]).interval.high
                undecided += [(seed, column)] * (high > rule.kwargs["tolerance"])
    assert undecided == []
    assert (rules == 8 * 7) == (n >= 800)


def test_the_tolerance_grows_with_what_chance_does_and_only_up_to_a_quarter():
    roles = Roles(label="y", features=("x", "c"))
    of_size = {n: rules_of(table(n).drop(columns="t"), roles, fresh=n) for n in (100, 500, 1000, 40_000)}
    assert (DRIFT, "x") not in of_size[100]
    few, some, many = (of_size[n][DRIFT, "x"].kwargs["tolerance"] for n in (500, 1000, 40_000))
    assert 0.25 >= few > some > many == NEGLIGIBLE


@pytest.mark.parametrize(
    "values",
    [
        [f"Ms Ada {i} of No. {i} Main Street" for i in range(3000)],
        [f"note {i % 2000}, written by hand" for i in range(3000)],
        pd.date_range("2020-01-01", periods=3000).strftime("%Y-%m-%d"),
        ["Ms Rare"] * 20 + [f"person {i % 1490}" for i in range(2980)],
        [None] * 3000,
    ],
)
def test_a_column_whose_change_could_not_be_seen_gets_no_rule(values):
    frame = pd.DataFrame({"c": values, "y": 0})
    assert {column for _, column in rules_of(frame, Roles(label="y", features=()), fresh=3000)} == {None, "y"}


def test_texts_of_a_short_table_are_not_written_down():
    frame = pd.DataFrame({"c": [f"Ms Ada {i}" for i in range(20)], "y": [0, 1] * 10})
    for rule in rules_of(frame, Roles(label="y", features=()), fresh=20).values():
        assert "Ada" not in json.dumps(dict(rule.kwargs))


def test_the_same_reference_gives_the_same_rule_on_any_day(monkeypatch):
    # A clock that is asked raises.
    monkeypatch.setattr(pd.Timestamp, "now", lambda *_: 1 / 0, raising=False)
    rule = rules_of(table(span=100))[NEWEST, "t"]
    assert set(rule.kwargs) == {"column", "not_before"}


def test_the_longest_gap_is_told():
    frame = table(1001)
    frame["t"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(
        np.arange(1001) + 6.5 * (np.arange(1001) > 500), unit="D"
    )
    rule = rules_of(frame)[NEWEST, "t"]
    assert rule.evidence["longest_gap_days"] == 7.5
    # Of the 1,000, without those among the oldest and the newest hundredth.
    assert "980 gaps is 7.5 days (another is longer once in 981)" in rule.reason
    odd = rules_of(times_like("a log with a typing error"), Roles(label="y", features=(), time="t"))[NEWEST, "t"]
    assert odd.evidence["longest_gap_days"] < 2


def times_like(what, n=1000):
    rng = np.random.default_rng(0)
    day = {
        "births of adults": pd.Timestamp("1940-01-01") + pd.to_timedelta(rng.integers(0, 64 * 365, n), unit="D"),
        "births of pupils": pd.Timestamp("2010-01-01") + pd.to_timedelta(rng.normal(1500, 400, n).round(), unit="D"),
        "births with hours": pd.Timestamp("1940-01-01") + pd.to_timedelta(rng.random(n) * 64 * 365, unit="D"),
        "a log": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.random(n)) * 90, unit="D"),
        "a log backwards": pd.Timestamp("2024-01-01") - pd.to_timedelta(np.sort(rng.random(n)) * 90, unit="D"),
        "a shuffled log": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.random(n) * 90, unit="D"),
        "a growing log, shuffled": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.triangular(0, 900, 900, n), unit="D"),
        "a century of weather": pd.date_range("1900-01-01", periods=n, freq="40D"),
        "a log with a typing error": (pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.random(n) * 90, unit="D")).where(
            np.arange(n) > 3, pd.Timestamp("1924-01-01")
        ),
        "one day": pd.to_datetime(["2024-01-01"] * n),
    }  # fmt: skip
    return pd.DataFrame({"t": day[what], "y": 0})


@pytest.mark.parametrize(
    ("what", "arrives"),
    [
        ("births of adults", False),
        ("births of pupils", False),
        ("births with hours", False),
        ("one day", False),
        ("a log", True),
        ("a log backwards", True),
        ("a shuffled log", True),
        ("a growing log, shuffled", True),
        ("a century of weather", True),
        ("a log with a typing error", True),
    ],
)
def test_a_birthday_is_no_time_of_arrival(what, arrives):
    assert ((NEWEST, "t") in rules_of(times_like(what), Roles(label="y", features=(), time="t"))) == arrives


def test_two_thousand_columns():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(1000, 2000))).rename(columns=lambda i: f"f{i}").assign(y=1)
    assert len(rules_of(frame, Roles(label="y", features=()))) == 2002


def test_samples_of_one_source_do_not_drift_whatever_their_size():
    for n in (200, 2000, 100_000):
        compared = compare_samples(table(n), table(n, seed=1, start="2025-03-01"), ROLES)
        assert compared.drifted == ()
        assert set(compared.table["column"]) == {"x", "c", "y"}


def test_what_drifted_comes_first_with_how_and_by_how_much():
    batch = table(seed=1).assign(c="b")
    compared = compare_samples(table(), batch, ROLES)
    assert compared.drifted == ("c",)
    first = compared.table.iloc[0]
    assert first["status"] == "failed"
    assert first["tolerance"] < first["low"] < 0.5 < first["high"]
    assert "'" in first["change"]


def test_a_false_alarm_of_many_columns_is_as_rare_as_that_of_one():
    rng = np.random.default_rng(0)
    frames = [pd.DataFrame(rng.normal(size=(1000, 100))).rename(columns=str).assign(y=0) for _ in range(5)]
    drifted = [compare_samples(frames[0], other, Roles(label="y", features=())).drifted for other in frames[1:]]
    assert drifted == [()] * 4


def months(path_of, *names):
    return [pd.read_csv(path_of(f"taxi/yellow_tripdata_sample_{name}.csv")) for name in names]


@pytest.mark.real_data
@pytest.mark.parametrize("time_column", [None, "pickup_datetime"])
def test_taxi_months_of_2019_do_not_alarm_against_their_reference_and_april_2020_does(real_data, time_column):
    alike = ("2019-01", "2019-02", "2019-03")
    reference = pd.concat(months(real_data, *alike), ignore_index=True)
    roles = Roles(label="tip_amount", features=(), time=time_column)
    blocks = pd.Series(np.repeat(alike, 10_000))
    for month in months(real_data, *alike):
        assert compare_samples(reference, month, roles, blocks=blocks).drifted == ()
    (april,) = months(real_data, "2020-04")
    assert "payment_type" in compare_samples(reference, april, roles, blocks=blocks).drifted
