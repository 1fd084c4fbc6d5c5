"""MH024: the order of the rows, ids, and features that number the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from leakage_cases import clean_table, scan, scanner, values_of
from sklearn.metrics import roc_auc_score

from assay.findings import Status
from assay.health.leakage.blocks import compare_ends, read_order


@pytest.fixture(scope="module")
def of(make_dataset, make_out_of_sample):
    return scanner(make_dataset, make_out_of_sample)


def test_rows_sorted_by_label_are_said_with_what_they_harm(of):
    found, tables = of(clean_table(0).sort_values("y", ignore_index=True))
    (finding,) = found["MH024"]
    assert finding.status is Status.FAILED
    assert finding.evidence.interval.low > 0.9
    assert "harms no model that does not see the order" in finding.message
    shares = tables["label_by_order"].query("by == 'the place in the file'")["share"]
    assert len(shares) == 50
    assert shares.iloc[0] == 0
    assert shares.iloc[-1] == 1


@pytest.mark.parametrize("seed", range(8))
def test_shuffled_rows_pass(of, seed):
    (finding,) = of(clean_table(seed))[0]["MH024"]
    assert finding.status is Status.PASSED


def test_runs_shorter_than_a_block_are_no_order(of):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=2000), "y": np.repeat(rng.choice(["p", "n"], 200), 10)})
    assert of(frame)[0]["MH024"][0].status is not Status.FAILED


def test_an_id_whose_number_follows_the_label(of):
    frame = clean_table(1)
    rank = np.argsort(np.argsort((frame["y"] == "yes") + np.random.default_rng(0).normal(0, 0.3, 1000)))
    found, tables = of(frame.assign(id=[f"K-{r:05d}" for r in rank]), id="id")
    position, by_id = found["MH024"]
    assert (position.status, by_id.status) == (Status.PASSED, Status.FAILED)
    assert by_id.subject.columns == ("id",)
    assert "column 'id'" in set(tables["label_by_order"]["by"])
    found, _ = of(frame.assign(id=[f"K-{r:05d}" for r in np.random.default_rng(0).permutation(1000)]), id="id")
    assert [x.status for x in found["MH024"]] == [Status.PASSED]


def test_an_id_whose_letters_follow_the_label(of):
    frame = clean_table(1)
    rng = np.random.default_rng(0)
    letter = np.where(rng.random(1000) < 0.8, np.where(frame["y"] == "yes", "C", "A"), "B")
    ids = [f"{a}{r}" for a, r in zip(letter, rng.permutation(1000), strict=True)]
    found, _ = of(frame.assign(id=ids), id="id")
    assert ["stands before the number" in x.message for x in found["MH024"]] == [False, True]


def test_a_feature_that_numbers_the_rows(of):
    frame = clean_table(2).assign(measured=np.arange(1000) * 1.5 + 7, when=pd.date_range("2024-01-01", periods=1000))
    found, _ = of(frame)
    assert {x.subject.columns for x in found["MH024"] if x.status is Status.FAILED} == {("measured",), ("when",)}
    found, _ = of(frame.drop(columns=["measured", "when"]).sort_values("a", ignore_index=True))
    assert not [x for x in found["MH024"] if x.subject.columns == ("a",)]


def test_few_rows_are_inconclusive(of):
    assert of(clean_table(0, 60))[0]["MH024"][0].status is Status.INCONCLUSIVE


def test_of_a_number_the_side_of_its_median_is_predicted(make_dataset):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=600), "y": np.sort(rng.normal(size=600))})
    dataset = make_dataset(frame, label="y")
    found, _ = scan(dataset, values_of(dataset, frame["x"].to_numpy()))
    assert found["MH024"][0].status is Status.FAILED
    assert [found[code][0].status for code in ("MH022", "MH023")] == [Status.NOT_APPLICABLE] * 2


def test_the_auc_is_that_of_the_neighbours_rates():
    rng = np.random.default_rng(0)
    codes = (rng.random(1000) < np.linspace(0.2, 0.8, 1000)).astype(np.int64)
    found = read_order(codes, 0.95, 0)
    rates = codes.reshape(50, 20).mean(axis=1)
    beside = [np.mean([rates[j] for j in range(50) if j != b and abs(j - b) <= 2]) for b in range(50)]
    assert found.auc == pytest.approx(roc_auc_score(codes, np.repeat(np.round(beside, 12), 20)))
    assert found.p_value == 0.001


def test_chance_seldom_makes_an_order():
    p_values = [read_order(np.random.default_rng(s).integers(0, 3, 400), 0.95, s).p_value for s in range(60)]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.15


def test_the_interval_of_a_difference_covers_it():
    hits = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        # Rows come in fives that are alike: as many rows, a fifth of the evidence.
        early, late = (np.repeat(rng.random(n) < p, 5).astype(float) for n, p in ((400, 0.4), (100, 0.6)))
        _, interval = compare_ends(early, late, 0.95)
        hits += interval.low <= 0.2 <= interval.high
    assert hits >= 88
