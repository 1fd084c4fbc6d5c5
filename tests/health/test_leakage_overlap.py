"""MH025: what the parts of a split share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from leakage_cases import clean_table, scanner

from assay.findings import Severity, Status


@pytest.fixture(scope="module")
def of(make_dataset, make_out_of_sample):
    return scanner(make_dataset, make_out_of_sample)


def parted(frame, seed=0, test=0.2):
    return frame.assign(part=np.where(np.random.default_rng(seed).random(len(frame)) < test, "test", "train"))


def with_copies(frame, share):
    """The first `share` of the test rows become copies of training rows, label included."""
    test, train = (np.flatnonzero(frame["part"] == name) for name in ("test", "train"))
    many = int(share * len(test))
    source = frame.iloc[train[:many]].reset_index(drop=True)
    copied = frame.copy()
    for name in frame.columns.drop("part"):
        values = copied[name].to_numpy(copy=True)
        values[test[:many]] = source[name].to_numpy()
        copied[name] = values
    return copied, test[:many]


def test_copies_in_both_parts_are_counted_and_named(of):
    frame, copies = with_copies(parted(clean_table(0)), 0.1)
    found, tables = of(frame, split="part")
    (finding,) = found["MH025"]
    assert (finding.status, finding.severity) == (Status.FAILED, Severity.CRITICAL)
    assert finding.evidence.value == pytest.approx(len(copies) / (frame["part"] == "test").sum())
    assert finding.evidence.rows.positions.tolist() == copies.tolist()
    assert f"{len(copies):,} of them have its label too" in finding.message
    (row,) = tables["split_overlap"].to_dict("records")
    assert (row["part"], row["other"], row["shared"], row["by_chance"]) == ("test", "train", len(copies), 0)


def test_a_copy_with_another_label_is_a_copy(of):
    frame, copies = with_copies(parted(clean_table(0)), 0.1)
    frame.loc[copies, "y"] = np.where(frame.loc[copies, "y"] == "yes", "no", "yes")
    (finding,) = of(frame, split="part")[0]["MH025"]
    assert finding.status is Status.FAILED
    assert "0 of them have its label too" in finding.message


@pytest.mark.parametrize("seed", range(5))
def test_a_clean_split_passes(of, seed):
    assert [x.status for x in of(parted(clean_table(seed), seed), split="part")[0]["MH025"]] == [Status.PASSED]


@pytest.mark.parametrize("rows", [30, 300, 2000])
def test_equal_answers_of_a_survey_are_no_copies(of, rows):
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 4, rows)
    answers = {f"q{i}": np.where(rng.random(rows) < 0.6, kind, rng.integers(0, 4, rows)) for i in range(8)}
    frame = parted(pd.DataFrame(answers).assign(y=np.where(rng.random(rows) < 0.5, "p", "n")))
    (finding,) = of(frame, split="part")[0]["MH025"]
    assert finding.status is not Status.FAILED
    assert finding.severity is Severity.WARNING or finding.status is Status.PASSED


def test_a_person_in_both_parts(of):
    frame = parted(clean_table(0)).assign(person=np.arange(1000) % 200)
    found, tables = of(frame, split="part", group="person")
    (finding,) = found["MH025"]
    assert (finding.status, finding.subject.columns) == (Status.FAILED, ("part", "person"))
    in_test = frame[frame["part"] == "test"]
    shared = in_test["person"].isin(frame.loc[frame["part"] == "train", "person"])
    assert tables["split_overlap"].query("kind == 'groups'")["shared"].tolist() == [shared.sum()]
    apart = frame.assign(part=np.where(frame["person"] < 40, "test", "train"))
    assert of(apart, split="part", group="person")[0]["MH025"][0].status is Status.PASSED


def test_an_id_in_both_parts_but_not_a_missing_one(of):
    frame = parted(clean_table(0)).assign(key=[f"k{i % 700}" for i in range(1000)])
    assert of(frame, split="part", id="key")[0]["MH025"][0].subject.columns == ("part", "key")
    frame = parted(clean_table(0)).assign(key=[f"k{i}" if i % 3 else None for i in range(1000)])
    assert [x.status for x in of(frame, split="part", id="key")[0]["MH025"]] == [Status.PASSED]


def test_three_parts_are_compared_two_by_two(of):
    frame = clean_table(0)
    frame["part"] = np.resize(["train"] * 6 + ["check"] * 2 + ["test"] * 2, 1000)
    assert len(of(frame, split="part")[1]["split_overlap"]) == 3


@pytest.mark.parametrize(
    ("part", "status", "words"),
    [
        ("train", Status.NOT_APPLICABLE, "has one value ('train')"),
        (np.arange(1000), Status.INCONCLUSIVE, "1,000 values"),
        (None, Status.NOT_APPLICABLE, "has no value"),
    ],
)
def test_a_column_that_is_no_split(of, part, status, words):
    finding = of(clean_table(0).assign(part=part), split="part")[0]["MH025"][-1]
    assert finding.status is status
    assert words in finding.message
    assert not finding.blocks or finding.severity is Severity.WARNING


def test_rows_in_no_part_are_said(of):
    frame = parted(clean_table(0))
    frame.loc[:9, "part"] = None
    missing, rest = of(frame, split="part")[0]["MH025"]
    assert (missing.status, missing.severity) == (Status.FAILED, Severity.WARNING)
    assert "10 of 1,000 rows are in no part" in missing.message
    assert rest.status is Status.PASSED


def test_without_a_split_it_does_not_apply(of):
    assert of(clean_table(0))[0]["MH025"][0].status is Status.NOT_APPLICABLE


def test_a_table_of_a_flag_has_no_copies(of):
    rng = np.random.default_rng(0)
    frame = parted(pd.DataFrame({"flag": rng.random(500) < 0.3, "same": "a", "y": rng.choice(["p", "n"], 500)}))
    (finding,) = of(frame, split="part")[0]["MH025"]
    assert (finding.status, finding.severity) == (Status.INCONCLUSIVE, Severity.WARNING)


def of_kind(kind, seed=0, n=3000):
    """Clean tables, parted at random, in which many rows are equal."""
    rng = np.random.default_rng(seed)
    x = rng.lognormal(3, 1, (n, 6)).round(2)
    if kind == "all zero":
        x[rng.random(n) < 0.2] = 0
    elif kind == "all missing":
        x[rng.random(n) < 0.1] = np.nan
    elif kind == "one answer to all":
        x = rng.integers(1, 6, (n, 15)).astype(float)
        straight = rng.random(n) < 0.15
        x[straight] = rng.integers(1, 6, (int(straight.sum()), 1))
    elif kind == "things of many rows":
        x = x[rng.integers(0, 150, n)]
    return parted(pd.DataFrame(x).add_prefix("x").assign(y=rng.choice(["p", "n"], n)), seed)


@pytest.mark.parametrize("kind", ["all zero", "all missing", "one answer to all", "things of many rows"])
@pytest.mark.parametrize("seed", range(3))
def test_frequent_kinds_of_row_do_not_block(of, kind, seed):
    (finding,) = of(of_kind(kind, seed), split="part")[0]["MH025"]
    assert (finding.status, finding.severity) == (Status.INCONCLUSIVE, Severity.WARNING)
    assert "cannot be told from rows that are equal anyway" in finding.message


def test_copies_beside_a_frequent_kind_of_row_block(of):
    frame, copies = with_copies(of_kind("all zero"), 0.1)
    (finding,) = of(frame, split="part")[0]["MH025"]
    assert (finding.status, finding.severity) == (Status.FAILED, Severity.CRITICAL)
    assert set(copies) <= set(finding.evidence.rows.positions)


def test_a_table_with_repeats_that_is_parted_at_random_warns(of):
    frame = clean_table(0)
    (finding,) = of(parted(pd.concat([frame, frame.head(150)], ignore_index=True)), split="part")[0]["MH025"]
    assert (finding.status, finding.severity) == (Status.FAILED, Severity.WARNING)
    assert "Rows repeat within the parts as often" in finding.message
