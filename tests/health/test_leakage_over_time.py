"""MH026: label, features, errors and split along the time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from leakage_cases import clean_table, scan, scanner, values_of

from assay.findings import Status
from assay.health.leakage.blocks import compare_ends


@pytest.fixture(scope="module")
def of(make_dataset, make_out_of_sample):
    return scanner(make_dataset, make_out_of_sample)


def dated(seed=0, n=2000):
    """Rows of a year, in no order."""
    days = np.random.default_rng(seed).integers(0, 365, n)
    return clean_table(seed, n).assign(when=pd.Timestamp("2023-01-01") + pd.to_timedelta(days, unit="D")), days


def failed(found):
    return [x for x in found["MH026"] if x.status is Status.FAILED]


@pytest.mark.parametrize("seed", range(6))
def test_nothing_changes(of, seed):
    found, tables = of(dated(seed)[0], time="when")
    assert not failed(found)
    assert "the time" in set(tables["label_by_order"]["by"])


def test_a_label_that_becomes_frequent(of):
    frame, days = dated()
    frame["y"] = np.where(np.random.default_rng(1).random(len(frame)) < np.where(days >= 292, 0.7, 0.3), "yes", "no")
    # Predictions that are always "no" are wrong more often, too.
    *_, finding = failed(of(frame, time="when")[0])
    assert finding.subject.columns == ("when", "y")
    late = days >= np.sort(days)[int(0.8 * len(days))]
    moved = (frame["y"] == "yes")[late].mean() - (frame["y"] == "yes")[~late].mean()
    assert finding.evidence.value == pytest.approx(moved, abs=0.03)


def test_a_feature_that_stands_for_the_time(of):
    frame, days = dated()
    found, tables = of(frame.assign(version=days // 30 + 100), time="when")
    assert [x.subject.columns for x in failed(found)] == [("version",)]
    assert tables["time_features"].set_index("column").loc["version", "low"] > 0.8


def test_a_split_that_does_not_follow_the_time(of):
    frame, days = dated()
    frame["part"] = np.where(np.random.default_rng(2).random(len(frame)) < 0.2, "test", "train")
    (finding,) = failed(of(frame, time="when", split="part")[0])
    assert finding.subject.columns == ("part", "when")
    frame["part"] = np.where(days >= 300, "test", "train")
    assert not failed(of(frame, time="when", split="part")[0])


def test_worse_predictions_on_late_rows(of):
    frame, days = dated()
    right = np.random.default_rng(3).random(len(frame)) < np.where(days >= 292, 0.6, 0.9)
    is_yes = (frame["y"] == "yes").to_numpy()
    p = np.where(is_yes == right, 0.8, 0.2)
    (finding,) = failed(of(frame, np.column_stack([1 - p, p]), time="when")[0])
    assert "worse on late rows" in finding.message
    assert finding.evidence.value == pytest.approx(0.3, abs=0.07)


def test_years_as_numbers_and_dates_as_texts_are_times(of):
    frame, days = dated()
    frame["y"] = np.where(np.random.default_rng(1).random(len(frame)) < np.where(days >= 292, 0.7, 0.3), "yes", "no")
    assert failed(of(frame.assign(when=2000 + days // 40), time="when")[0])
    assert failed(of(frame.assign(when=frame["when"].dt.strftime("%d.%m.%Y")), time="when")[0])


def test_two_times_show_a_difference_and_not_what_is_usual(of):
    frame, days = dated()
    frame["y"] = np.where(np.random.default_rng(1).random(len(frame)) < np.where(days >= 292, 0.7, 0.3), "yes", "no")
    (finding,) = of(frame.assign(when=np.where(days >= 292, 2024, 2023)), time="when")[0]["MH026"]
    assert finding.status is Status.INCONCLUSIVE
    assert "percentage points higher" in finding.message
    assert "Earlier times: 1." in finding.message


@pytest.mark.parametrize(("spread", "lasting"), [(0.5, 0.8), (1.0, 0.8), (1.0, 0.95)])
def test_what_comes_and_goes_is_no_change(spread, lasting):
    """Days differ, and like days follow each other; the process is the same at all times."""
    false = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        day = np.zeros(60)
        day[0] = rng.normal()
        for k in range(1, 60):
            day[k] = lasting * day[k - 1] + np.sqrt(1 - lasting**2) * rng.normal()
        hits = (rng.random((60, 30)) < 1 / (1 + np.exp(-spread * day))[:, None]).astype(float).ravel()
        when = np.repeat(np.arange(60.0), 30)
        _, interval = compare_ends(hits[:1440], hits[1440:], 0.975, (when[:1440], when[1440:]))
        false += interval.low > 0.1 or interval.high < -0.1
    assert false <= 5


def test_a_steady_slope_is_a_change():
    rng = np.random.default_rng(0)
    hits = (rng.random(8000) < np.linspace(0.3, 0.7, 8000)).astype(float)
    moved, interval = compare_ends(hits[:6400], hits[6400:], 0.975)
    assert interval.low > 0.1
    assert moved == pytest.approx(0.2, abs=0.03)


def test_days_are_the_observations_and_not_their_rows():
    """Each of 20 days has a rate of its own: blocks of rows would be 50 observations."""
    false = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        hits = (rng.random((20, 100)) < rng.uniform(0.2, 0.8, 20)[:, None]).astype(float).ravel()
        when = np.repeat(np.arange(20.0), 100)
        _, interval = compare_ends(hits[:1600], hits[1600:], 0.95, (when[:1600], when[1600:]))
        false += not interval.low <= 0 <= interval.high
    assert false <= 9


@pytest.mark.parametrize(
    ("when", "status", "words"),
    [
        ("2024-01-01", Status.NOT_APPLICABLE, "one time in all rows"),
        (None, Status.NOT_APPLICABLE, "one time in all rows"),
        ([f"soon {i}" for i in range(2000)], Status.INCONCLUSIVE, "no times that can be read"),
    ],
)
def test_a_column_without_times(of, when, status, words):
    (finding,) = of(clean_table(0, 2000).assign(when=when), time="when")[0]["MH026"]
    assert finding.status is status
    assert words in finding.message


def test_few_rows_are_inconclusive(of):
    frame, _ = dated(n=80)
    assert [x.status for x in of(frame, time="when")[0]["MH026"]] == [Status.INCONCLUSIVE]


def test_rows_without_time_are_said(of):
    frame, _ = dated()
    frame.loc[:99, "when"] = pd.NaT
    assert "100 rows have no time" in of(frame, time="when")[0]["MH026"][-1].message


def test_a_numeric_label(make_dataset):
    frame, days = dated()
    frame["y"] = frame["a"] + np.where(days >= 292, 2.0, 0.0)
    dataset = make_dataset(frame, label="y", time="when")
    found, _ = scan(dataset, values_of(dataset, frame["a"].to_numpy()))
    assert ["worse on late rows" in x.message for x in failed(found)] == [True, False]
    assert "above the median" in failed(found)[-1].message
