"""DQ035: fires on repeated records, stays quiet, is not applicable."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from records_people import people, with_repeats

from assay.config import RecordsConfig
from assay.findings import Action, Severity, Status
from assay.records import find_near_duplicates


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


def test_what_tells_rows_apart_is_named(make_dataset):
    frame = people(60).loc[np.repeat(np.arange(60), 12)].reset_index(drop=True).drop(columns="spent")
    frame["month"] = np.tile(np.arange(1, 13), 60)
    frame["y"] = np.random.default_rng(0).choice(list("ab"), len(frame))
    finding = only(find_near_duplicates(make_dataset(frame, label="y"), RecordsConfig()))
    assert finding.status in (Status.PASSED, Status.NOT_APPLICABLE)
    assert finding.status is Status.NOT_APPLICABLE or "'month'" in finding.message


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
    assert finding.status in (Status.PASSED, Status.NOT_APPLICABLE)
