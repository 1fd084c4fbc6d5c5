"""Features that alone predict the label."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from assay.binning import bins_of
from assay.findings import Severity, Status
from assay.validation import leakage
from assay.validation.out_of_fold import out_of_fold_frequency, separation


def table(n=2_000, seed=0, **columns):
    rng = np.random.default_rng(seed)
    frame = {"noise": rng.normal(size=n), "town": rng.choice(list("abcdef"), n), "y": rng.integers(0, 2, n)}
    return pd.DataFrame({**frame, **columns})


def failed(findings):
    return [f.subject.columns[0] for f in findings if f.status is Status.FAILED]


def test_planted_leaks_are_found_whatever_their_shape(findings_of):
    frame = table()
    y, rng = frame["y"].to_numpy(), np.random.default_rng(9)
    frame["copy"] = y
    frame["words"] = np.where(y == 1, "paid", "open")
    frame["many values"] = np.where(y == 1, 100, 0) + rng.normal(size=len(y))
    frame["bathtub"] = np.where(y == 1, rng.choice([-9, 9], len(y)), 0) + rng.normal(size=len(y))
    frame["only if 1"] = np.where(y == 1, rng.normal(size=len(y)), np.nan)
    found = findings_of("DQ017", frame)
    assert set(failed(found)) == {"copy", "words", "many values", "bathtub", "only if 1"}
    assert all(f.severity is Severity.CRITICAL for f in found)
    absent = next(f for f in found if f.subject.columns == ("only if 1",))
    assert "Whether it is missing is enough" in absent.message
    assert "Whether it is missing" not in found[0].message or found[0] is absent


def test_clean_and_merely_strong_features_pass(findings_of):
    frame = table()
    frame["strong"] = frame["y"] + np.random.default_rng(1).normal(scale=0.5, size=len(frame))
    frame["name"] = [f"person {i}" for i in range(len(frame))]
    (finding,) = findings_of("DQ017", frame)
    assert finding.status is Status.PASSED
    # Two normals one unit apart with standard deviation 1/2.
    assert finding.evidence.value == pytest.approx(norm.cdf(1 / (0.5 * np.sqrt(2))), abs=0.02)
    assert "column 'strong'" in finding.message


def test_the_text_that_names_each_row_does_not_leak_by_memory(findings_of):
    frame = table(600)
    frame["name"] = [f"{'yes' if y else 'no'} {i}" for i, y in enumerate(frame["y"])]
    assert failed(findings_of("DQ017", frame)) == []


def test_a_leak_in_a_small_table_is_never_passed(findings_of):
    frame = pd.DataFrame({"x": [0, 1] * 15, "z": range(30), "y": [0, 1] * 15})
    (finding,) = (f for f in findings_of("DQ017", frame) if f.subject.columns == ("x",))
    assert finding.status is Status.INCONCLUSIVE
    assert "More rows" in finding.message


def test_one_class_after_missing_labels_cannot_be_predicted(make_dataset):
    from dataclasses import replace

    from assay.config import ValidationConfig
    from assay.validation.context import Context

    dataset = make_dataset(table(50), label="y")
    codes = np.where(dataset.labels.codes == 0, 0, -1)
    dataset = replace(dataset, labels=replace(dataset.labels, codes=codes))
    (outcome,) = leakage.leaking_features(Context(dataset, ValidationConfig()))
    assert outcome.status is Status.NOT_APPLICABLE


def test_three_classes(findings_of):
    rng = np.random.default_rng(2)
    y = rng.integers(0, 3, 1_500)
    frame = pd.DataFrame({"leak": y * 10 + rng.normal(size=1_500), "noise": rng.normal(size=1_500), "y": y})
    found = findings_of("DQ017", frame)
    assert failed(found) == ["leak"]


def test_rows_of_a_group_stay_in_one_fold(findings_of):
    # A code of the person tells the person's label, which says nothing of another person.
    rng = np.random.default_rng(4)
    person = np.repeat(np.arange(200), 10)
    frame = pd.DataFrame({"person": person, "code": [f"c{p}" for p in person], "x": rng.normal(size=2_000)})
    frame["y"] = rng.integers(0, 2, 200)[person]
    assert failed(findings_of("DQ017", frame, group="person")) == []
    assert failed(findings_of("DQ017", frame)) != []


def test_special_and_infinite_numbers_have_bins_of_their_own():
    values = pd.Series([*np.linspace(0, 1, 1_000), np.inf, -np.inf, np.nan, 1e300])
    bins = bins_of(values)
    assert bins[-2] == 0
    assert bins[-4] > bins[-1] > bins[999] - 1
    assert bins[-3] == bins[bins > 0].min()


def test_only_a_sample_of_a_large_table_is_looked_at(findings_of, monkeypatch):
    monkeypatch.setattr(leakage, "MAX_ROWS", 500)
    (finding,) = findings_of("DQ017", table())
    assert finding.evidence.n == 500


def test_dates_beyond_the_range_of_nanoseconds_keep_their_order():
    days = pd.Series(pd.date_range("1700-01-01", "9000-01-01", periods=500, unit="s"))
    assert (np.diff(bins_of(days)) >= 0).all()
    assert (np.diff(bins_of(days.dt.tz_localize("UTC"))) >= 0).all()
    assert bins_of(pd.concat([days, pd.Series([pd.NaT])]))[-1] == 0


def test_separation_is_the_auc_of_frequencies_in_the_other_folds():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(3)
    bins, fold = rng.integers(0, 4, 300), rng.integers(0, 5, 300)
    ours = rng.random(300) < 0.2 + 0.15 * bins
    score = [
        (ours[(bins == b) & (fold != f)].sum() + ours.mean()) / (((bins == b) & (fold != f)).sum() + 1)
        for b, f in zip(bins, fold, strict=True)
    ]
    found = separation(out_of_fold_frequency(bins, ours, fold), ours, 0.95)
    assert found.value == pytest.approx(roc_auc_score(ours, score))


def several(n=1_500, k=3, seed=2):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    return pd.DataFrame({"x": rng.normal(size=n), "town": rng.choice(list("abcdef"), n), "y": [f"c{i}" for i in y]}), y


def test_a_dummy_of_one_class_is_a_leak_of_it(findings_of):
    frame, y = several()
    for code in range(3):
        frame[f"is_{code}"] = (y == code).astype(int)
    found = findings_of("DQ017", frame)
    assert sorted(failed(found)) == ["is_0", "is_1", "is_2"]
    assert "predicts class 'c0'" in next(f.message for f in found if f.subject.columns == ("is_0",))
    # Also where nothing else is in the table.
    assert len(failed(findings_of("DQ017", frame[["is_0", "is_1", "is_2", "y"]]))) == 3


def test_presence_values_and_words_that_fix_one_of_ten_classes(findings_of):
    frame, y = several(3_000, 10)
    rng = np.random.default_rng(7)
    closed = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 3_000), "D"))
    frame["closed_on"] = closed.where(y == 3)
    frame["refunded"] = np.where(y == 5, rng.lognormal(3, 1, 3_000), 0.0)
    frame["code"] = np.where(y == 7, rng.choice(["k", "l"], 3_000), rng.choice(list("pqrs"), 3_000))
    frame["number"] = np.where(y == 8, -1.0, rng.normal(size=3_000))
    found = findings_of("DQ017", frame)
    of = {f.subject.columns[0]: f.message for f in found if f.status is Status.FAILED}
    assert {name: message.split("class '")[1][:2] for name, message in of.items()} == {
        "closed_on": "c3",
        "refunded": "c5",
        "code": "c7",
        "number": "c8",
    }
    assert [name for name, message in of.items() if "Whether it is missing is enough" in message] == ["closed_on"]


def test_a_measurement_that_sets_one_of_three_classes_apart_is_no_leak(findings_of):
    frame, y = several()
    frame["length"] = np.where(y == 0, 0, 5) + np.random.default_rng(1).normal(scale=0.5, size=len(y))
    (finding,) = findings_of("DQ017", frame)
    assert finding.status is Status.PASSED


@pytest.mark.parametrize("name", ["iris", "wine", "digits", "breast_cancer"])
def test_the_classic_tables_are_clean(findings_of, name):
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    frame = bunch.data.assign(y=[f"class {i}" for i in bunch.target])
    assert [f.status for f in findings_of("DQ017", frame)] == [Status.PASSED]


@pytest.mark.parametrize("seed", range(5))
def test_a_rare_class_holds_up_no_clean_table(findings_of, seed):
    rng = np.random.default_rng(seed)
    y = np.r_[rng.integers(0, 4, 990), [4] * 10]
    frame = pd.DataFrame({"x": rng.normal(size=1_000), "c": rng.choice(list("abc"), 1_000), "y": y})
    (finding,) = findings_of("DQ017", frame)
    assert finding.status is Status.PASSED
    assert "not judged: 1" in finding.message


def test_two_classes_of_which_one_is_rare_are_undecided_without_blocking(findings_of):
    frame = table(300).assign(y=[1] * 3 + [0] * 297)
    (finding,) = findings_of("DQ017", frame)
    assert (finding.status, finding.severity) == (Status.INCONCLUSIVE, Severity.WARNING)
    assert not finding.blocks
    frame = table(300).assign(y=[1] * 12 + [0] * 288, copy=[1] * 12 + [0] * 288)
    (finding,) = findings_of("DQ017", frame)
    assert finding.subject.columns == ("copy",)
    assert finding.blocks


def copied(n=300, times=6, seed=0):
    rng = np.random.default_rng(seed)
    one = pd.DataFrame(
        {"name": [f"p{i}" for i in range(n)], "x": rng.normal(size=n), "y": rng.integers(0, 2, n), "team": range(n)}
    )
    return pd.concat([one] * times, ignore_index=True).sample(frac=1, random_state=seed, ignore_index=True)


def test_copies_of_a_row_stay_in_one_fold(findings_of):
    frame = copied()
    for columns in (["name", "x", "y"], ["name", "y"]):
        assert failed(findings_of("DQ017", frame[columns])) == []
    # Some copies lie in other groups than their originals.
    frame["moved"] = np.where(np.arange(len(frame)) < 40, frame["team"] + 300, frame["team"])
    assert failed(findings_of("DQ017", frame[["name", "x", "y", "moved"]], group="moved")) == []
    frame["leak"] = frame["y"]
    assert failed(findings_of("DQ017", frame[["name", "x", "y", "leak"]])) == ["leak"]


def test_a_leak_in_a_table_of_few_kinds_of_rows_is_found(findings_of):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 600)
    frame = pd.DataFrame({"paid": np.where(y == 1, "yes", "no"), "town": rng.choice(list("abc"), 600), "y": y})
    assert failed(findings_of("DQ017", frame)) == ["paid"]
    assert failed(findings_of("DQ017", frame[["paid", "y"]])) == ["paid"]
