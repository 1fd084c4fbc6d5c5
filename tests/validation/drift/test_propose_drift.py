"""The rules: which columns get one, their tolerances, freshness, the number of rows."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from assay.dataset import Roles
from assay.validation.drift import compare_samples, propose_drift
from assay.validation.drift.distance import NEGLIGIBLE

ROLES = Roles(label="y", features=("x", "c"), time="t")
NEWEST, ROWS = "expect_column_newest_to_be_recent", "expect_table_row_count_to_be_between"


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


def rules_of(frame, roles=ROLES, fresh=1000, alpha=0.05, now="2030-01-01", **more):
    return {(r.kind, r.kwargs.get("column")): r for r in propose_drift(frame, roles, fresh=fresh, alpha=alpha, now=pd.Timestamp(now, tz="UTC"), **more)}  # fmt: skip


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
    assert NEGLIGIBLE <= still[x].kwargs["tolerance"] < NEGLIGIBLE + 0.05
    assert moving[x].kwargs["tolerance"] > NEGLIGIBLE + 0.1


def test_rows_without_a_time_are_in_no_stretch():
    frame = table(season=1.0).astype({"t": "datetime64[us]"})
    late = frame.assign(t=frame["t"].where(np.arange(len(frame)) % 10 > 0))
    x = ("expect_column_distribution_to_match_reference", "x")
    found, whole = (rules_of(part, fresh=400)[x].kwargs["tolerance"] for part in (late, frame))
    assert found == pytest.approx(whole, abs=0.05)


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
        times = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.exponential(1e6, 900), unit="s")
        frame = pd.DataFrame({"t": times[:600], "y": 0})
        rule = rules_of(frame, fresh=300, alpha=0.2)[NEWEST, "t"]
        alarms += times[600:].max().tz_localize("UTC") < pd.Timestamp(rule.kwargs["not_before"])
    # alpha / 2 for this rule of two.
    assert alarms / 400 <= 0.1 + 0.03


@pytest.mark.parametrize(
    ("now", "age"), [("2024-04-12", 34), ("2024-06-10", 94), ("2025-06-01", None), ("2024-01-01", None)]
)
def test_age_is_bounded_where_the_reference_itself_was_recent(now, age):
    kwargs = rules_of(table(span=100), now=now)[NEWEST, "t"].kwargs
    # The reference ends on 10 April: as old as it is now, and a month more.
    assert kwargs.get("max_age_days") == (None if age is None else pytest.approx(age, abs=1))


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


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_tables_of_a_few_rows(n):
    assert len(rules_of(table().head(n))) <= 5


def test_two_thousand_columns():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 2000))).rename(columns=lambda i: f"f{i}").assign(y=1)
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
