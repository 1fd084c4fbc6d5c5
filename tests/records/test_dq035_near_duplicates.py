"""DQ035: fires on repeated records, stays quiet, is not applicable."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from records_people import people, with_repeats

from assay.config import RecordsConfig
from assay.errors import ConfigurationError
from assay.findings import Action, Severity, Status
from assay.records import blocking, find_near_duplicates, match_records
from assay.records.assessment import Records, near_duplicate_records


@pytest.fixture(scope="module")
def planted(make_dataset):
    frame, truth = with_repeats(people(400), 40)
    frame["bought"] = np.random.default_rng(0).choice(["no", "yes"], len(frame))
    frame["row"] = [f"r{k}" for k in range(len(frame))]
    dataset = make_dataset(frame, label="bought", id="row")
    return dataset, truth, find_near_duplicates(dataset, RecordsConfig())


def only(result):
    (finding,) = result.findings
    assert finding.code == "DQ035"
    return finding


def test_it_fires(planted):
    _dataset, _truth, result = planted
    finding = only(result)
    assert (finding.status, finding.severity) == (Status.FAILED, Severity.WARNING)
    evidence = finding.evidence
    assert abs(evidence.value - 40 / 440) < 0.01
    assert evidence.interval.low <= evidence.value <= evidence.interval.high
    assert evidence.interval.low > evidence.threshold == 0.01
    assert (evidence.n, evidence.unit) == (440, "share")


def test_later_rows_are_named_with_the_earlier_ones(planted):
    _, truth, result = planted
    rows = only(result).evidence.rows
    assert rows.action is Action.REVIEW
    assert (np.diff(rows.positions) > 0).all()
    assert ((rows.score >= 0) & (rows.score <= 1)).all()
    named = {(near[0], int(place)) for place, near in zip(rows.positions, rows.nearest, strict=False)}
    assert len(named & truth) >= 38


def test_the_reason_names_what_differs_and_no_value(planted):
    dataset, _truth, result = planted
    rows = only(result).evidence.rows
    frame = dataset.frame
    for place, near, reason in zip(rows.positions, rows.nearest, rows.reason, strict=False):
        a, b = frame.iloc[near[0]], frame.iloc[place]
        differing = [
            c for c in frame if c not in ("bought", "row") and not (a[c] == b[c] or (pd.isna(a[c]) and pd.isna(b[c])))
        ]
        named = re.findall(r"'(\w+)'", reason)
        assert set(named) <= set(differing)
        assert len(named) == min(4, len(differing))
        assert ("another label" in reason) == (a["bought"] != b["bought"])


def test_different_labels_are_counted(planted):
    dataset, _, result = planted
    labels = dataset.frame["bought"]
    other = sum(labels[a] != labels[b] for a, b in zip(result.pairs["first"], result.pairs["second"], strict=False))
    assert dict(only(result).evidence.table.rows)["of these with different labels"] == other


def test_the_limit_is_the_users(planted):
    dataset, _, _ = planted
    assert only(find_near_duplicates(dataset, RecordsConfig(max_share=0.5))).status is Status.PASSED


def test_it_stays_quiet(make_dataset):
    frame = people(500, seed=5).assign(y=list("ab") * 250)
    result = find_near_duplicates(make_dataset(frame, label="y"), RecordsConfig())
    finding = only(result)
    assert finding.status is Status.PASSED
    assert finding.evidence.rows is None
    assert finding.evidence.value < 0.001
    assert result.pairs.empty


def test_copies_are_left_to_dq011(make_dataset):
    frame = people(300, seed=5)
    frame = pd.concat([frame, frame.iloc[:30]], ignore_index=True).assign(y="a")
    frame.loc[::2, "y"] = "b"
    assert only(find_near_duplicates(make_dataset(frame, label="y"), RecordsConfig())).status is Status.PASSED


def test_it_can_be_switched_off(planted):
    dataset, _, _ = planted
    result = find_near_duplicates(dataset, RecordsConfig(enabled=False))
    assert only(result).status is Status.NOT_APPLICABLE
    assert len(result.cluster) == len(dataset)
    assert list(result.pairs.columns) == ["first", "second", "score"]


def test_rows_that_resemble_each_other_by_degrees_are_not_named(make_dataset):
    rng = np.random.default_rng(5)
    walk = np.cumsum(rng.normal(size=(2000, 6)) * [0.1, 0.2, 0.5, 0.1, 0.3, 0.2], axis=0).round(1)
    frame = pd.DataFrame(walk, columns=list("abcdef")).assign(y=np.arange(2000) % 2)
    finding = only(find_near_duplicates(make_dataset(frame, label="y"), RecordsConfig()))
    assert finding.status is not Status.FAILED
    assert finding.evidence.rows is None


def test_too_little_information_is_not_applicable(make_dataset):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{k}": rng.choice(list("abcd"), 2000) for k in range(5)}).assign(y=list("ab") * 1000)
    finding = only(find_near_duplicates(make_dataset(frame, label="y"), RecordsConfig()))
    assert finding.status is Status.NOT_APPLICABLE
    assert "bits" in finding.message


def test_one_column_is_not_applicable(make_dataset):
    frame = pd.DataFrame({"name": [f"name {k % 30}" for k in range(60)], "y": list("ab") * 30})
    assert only(find_near_duplicates(make_dataset(frame, label="y"), RecordsConfig())).status is Status.NOT_APPLICABLE


def months():
    frame = people(60).loc[np.repeat(np.arange(60), 12)].reset_index(drop=True).drop(columns="spent")
    frame["month"] = np.tile(np.arange(1, 13), 60)
    return frame.assign(y=np.random.default_rng(0).choice(list("ab"), len(frame)))


def test_what_tells_rows_apart_is_named_and_does_not_pass(make_dataset):
    finding = only(find_near_duplicates(make_dataset(months(), label="y"), RecordsConfig()))
    assert finding.status is Status.INCONCLUSIVE
    assert "'month'" in finding.message
    assert "`records.tell_apart`" in finding.remedy


def test_what_the_user_says_tells_rows_apart_passes(make_dataset):
    finding = only(find_near_duplicates(make_dataset(months(), label="y"), RecordsConfig(tell_apart=("month",))))
    assert finding.status is Status.PASSED


def test_a_column_that_numbers_the_rows_may_tell_them_apart_too(make_dataset):
    frame = months().assign(stamp=lambda table: 10_000 + 7 * np.arange(len(table)))
    config = RecordsConfig(tell_apart=("stamp",))
    assert only(find_near_duplicates(make_dataset(frame, label="y"), config)).status is Status.PASSED


def test_a_column_to_tell_apart_by_must_be_there(make_dataset):
    with pytest.raises(ConfigurationError, match="'year'"):
        find_near_duplicates(make_dataset(months(), label="y"), RecordsConfig(tell_apart=("year",)))


@pytest.mark.parametrize("changed", [["updated"], ["updated", "spent"]])
@pytest.mark.parametrize("repeats", [60, 300])
def test_a_column_changed_in_the_repeats_does_not_hide_them(make_dataset, changed, repeats):
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 600), "D")
    frame = people(600, seed=3).assign(updated=days.strftime("%Y-%m-%d"))
    again = frame.iloc[rng.permutation(600)[:repeats]].reset_index(drop=True)
    for column in changed:
        again[column] = rng.permutation(frame[column])[:repeats]
    both = pd.concat([frame, again], ignore_index=True).assign(y=lambda table: np.arange(len(table)) % 2)
    finding = only(find_near_duplicates(make_dataset(both, label="y"), RecordsConfig()))
    assert finding.status in (Status.INCONCLUSIVE, Status.FAILED)
    assert all(f"'{column}'" in finding.message for column in changed) or finding.status is Status.FAILED
    # With the column ignored the repeats are exact copies, which DQ011 has.
    ignored = only(find_near_duplicates(make_dataset(both, label="y", ignore=changed), RecordsConfig()))
    assert ignored.status is Status.PASSED


def test_pairs_that_were_dropped_and_could_matter_do_not_pass(make_dataset, monkeypatch):
    frame = people(500, seed=5).assign(y=list("ab") * 250)
    monkeypatch.setattr(blocking, "LEAST_CANDIDATES", 500)
    monkeypatch.setattr(blocking, "PER_ROW", 1)
    finding = only(find_near_duplicates(make_dataset(frame, label="y"), RecordsConfig()))
    assert finding.status is Status.INCONCLUSIVE
    assert "not compared" in finding.message


def test_the_interval_is_wider_than_the_models_own_confidence(make_dataset):
    matches = match_records(people(300, seed=5), tuple(people(2).columns))
    unsure = replace(matches, repeats=np.r_[np.zeros(200), np.full(100, 0.5)])
    dataset = make_dataset(people(300, seed=5).assign(y=list("ab") * 150), label="y")
    (outcome,) = near_duplicate_records(Records(dataset, RecordsConfig(), unsure))
    # Odds of one are ten at most: 100 rows at 10/11, and the deviation of their sum.
    assert np.isclose(outcome.evidence.interval.high, (1000 / 11 + 1.96 * np.sqrt(1000 / 121)) / 300, atol=1e-4)
    assert outcome.evidence.interval.low == 0
    assert "model" in outcome.evidence.interval.method


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["dataset1", "dataset3"])
def test_febrl(real_data, make_dataset, name):
    frame = pd.read_csv(real_data(f"febrl/{name}.csv"), skipinitialspace=True, dtype=str)
    entity = frame.pop("rec_id").str.extract(r"rec-(\d+)")[0].to_numpy()
    frame["y"] = np.random.default_rng(0).choice(list("ab"), len(frame))
    result = find_near_duplicates(make_dataset(frame, label="y"), RecordsConfig())
    right = (entity[result.pairs["first"]] == entity[result.pairs["second"]]).sum()
    sizes = np.unique(entity, return_counts=True)[1]
    true = (sizes * (sizes - 1) // 2).sum()
    assert 2 * right / (len(result.pairs) + true) >= 0.95


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name", ["hospital/clean.csv", "hospital/dirty.csv", "beers/clean.csv", "taxi/yellow_tripdata_sample_2019-01.csv"]
)
def test_tables_without_repeated_records_are_quiet(real_data, make_dataset, name):
    frame = pd.read_csv(real_data(name)).assign(y=lambda table: np.arange(len(table)) % 2)
    finding = only(find_near_duplicates(make_dataset(frame, label="y"), RecordsConfig()))
    # Beers are there in several sizes: whether these are records of their own, the values do not say.
    expected = (Status.INCONCLUSIVE,) if "beers" in name else (Status.PASSED, Status.NOT_APPLICABLE)
    assert finding.status in expected
    assert finding.evidence is None or finding.evidence.value < 0.01
