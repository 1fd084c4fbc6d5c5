"""What the planters of the self-test change, and that they say so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.self_testing import columns, labels
from assay.self_testing.truth import UnplantableError

PLANTERS = (
    labels.plant_wrong_labels,
    labels.plant_wrong_labels_in_group,
    labels.plant_trigger,
    columns.plant_leak,
    columns.plant_one_sided_leak,
    columns.plant_missing_in_group,
    columns.plant_thousandfold,
    columns.plant_inches,
    columns.plant_duplicates,
)


@pytest.fixture(scope="module")
def people(make_dataset):
    rng = np.random.default_rng(0)
    n = 400
    frame = pd.DataFrame(
        {
            "height": rng.normal(170.0, 10.0, n),
            "children": rng.integers(0, 30, n),
            "städte, 日本": rng.choice(["Ulm", "Bonn", "京都"], n),
            "sex": rng.choice(["f", "m"], n),
            "y": rng.choice(["no", "yes", "maybe"], n),
        }
    )
    frame.loc[:9, "y"] = None
    return make_dataset(frame, label="y", sensitive=["sex"])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), size=st.sampled_from([0.01, 0.1, 0.5]), which=st.integers(0, len(PLANTERS) - 1))
def test_the_original_stays_as_it_is_and_a_seed_says_all(people, seed, size, which):
    frame, codes = people.frame.copy(), people.labels.codes.copy()
    one, truth = PLANTERS[which](people, size, np.random.default_rng(seed))
    again, same = PLANTERS[which](people, size, np.random.default_rng(seed))
    pd.testing.assert_frame_equal(people.frame, frame)
    assert (people.labels.codes == codes).all()
    pd.testing.assert_frame_equal(one.frame, again.frame)
    assert (one.labels.codes == again.labels.codes).all()
    assert truth.rows.tolist() == same.rows.tolist() == sorted(set(truth.rows.tolist()))


def changed_labels(before, after):
    return np.flatnonzero(before.labels.codes != after.labels.codes)


def test_wrong_labels_are_the_rows_that_differ_and_never_the_missing_ones(people):
    planted, truth = labels.plant_wrong_labels(people, 0.1, np.random.default_rng(1))
    assert changed_labels(people, planted).tolist() == truth.rows.tolist()
    assert len(truth.rows) == 39  # a tenth of 390 labelled rows
    assert (planted.labels.codes[:10] == -1).all()


def test_wrong_labels_of_a_group_stay_in_it(people):
    planted, truth = labels.plant_wrong_labels_in_group(people, 0.2, np.random.default_rng(2))
    assert changed_labels(people, planted).tolist() == truth.rows.tolist()
    assert {f"sex = {sex}" for sex in people.frame["sex"].iloc[truth.rows]} == {truth.group}


def test_a_trigger_is_a_new_value_on_rows_of_other_classes(people):
    for seed in range(20):
        planted, truth = labels.plant_trigger(people, 0.03, np.random.default_rng(seed))
        (column,) = truth.columns
        stamped = planted.frame[column].iloc[truth.rows]
        assert (stamped == stamped.iloc[0]).all()
        assert not people.frame[column].isin(stamped).any()
        assert (planted.frame[column] == stamped.iloc[0]).sum() == len(truth.rows) == 12
        assert changed_labels(people, planted).tolist() == truth.rows.tolist()
        assert len(set(planted.labels.codes[truth.rows].tolist())) == 1


def test_a_number_is_stamped_within_the_range_and_stays_whole():
    values = pd.Series([1, 2, 3, 9, 12])
    stamped = labels.stamped(values, np.array([0, 1]), np.random.default_rng(0))
    assert stamped.dtype == np.int64
    assert 3 < stamped.iloc[0] < 12
    assert stamped.iloc[0] not in values.tolist()
    assert labels.stamped(pd.Series([1, 2, 3]), np.array([0]), np.random.default_rng(0)).tolist() == [4, 2, 3]


def test_large_whole_numbers_are_stamped_exactly_and_have_no_unit(make_dataset):
    large = pd.Series(2**60 + np.arange(200) * 7)
    stamped = labels.stamped(large, np.array([3]), np.random.default_rng(0))
    assert (stamped.drop(3) == large.drop(3)).all()
    dataset = make_dataset(pd.DataFrame({"code": large, "y": ["a", "b"] * 100}), label="y")
    with pytest.raises(UnplantableError):
        columns.plant_thousandfold(dataset, 0.1, np.random.default_rng(0))
    small = pd.Series(np.arange(256).astype("uint8"))
    assert labels.stamped(small, np.array([0]), np.random.default_rng(0)).iloc[0] == 256


def test_a_leak_agrees_with_the_label_where_it_should(people):
    planted, truth = columns.plant_leak(people, 1.0, np.random.default_rng(0))
    (column,) = truth.columns
    known = people.labels.codes >= 0
    pairs = pd.crosstab(planted.frame[column][known], people.labels.codes[known])
    assert ((pairs > 0).sum(axis=1) == 1).all()
    assert planted.frame[column][~known].isna().all()
    assert column in planted.roles.features
    _, truth = columns.plant_leak(people, 0.5, np.random.default_rng(0))
    assert len(truth.rows) == pytest.approx(200, abs=40)  # four standard deviations


def test_the_control_of_a_leak_has_the_same_values_elsewhere(people):
    planted, truth = columns.plant_leak(people, 1.0, np.random.default_rng(0))
    control = columns.shuffle_columns(planted, truth.columns, np.random.default_rng(1))
    (column,) = truth.columns
    before, after = planted.frame[column], control.frame[column]
    assert sorted(before.dropna()) == sorted(after.dropna())
    assert (before != after).mean() > 0.5


def test_a_one_sided_leak_is_in_one_class_only(people):
    planted, truth = columns.plant_one_sided_leak(people, 0.5, np.random.default_rng(3))
    hits = planted.frame[truth.columns[0]] == "yes"
    assert np.flatnonzero(hits).tolist() == truth.rows.tolist()
    (code,) = set(people.labels.codes[hits].tolist())
    assert hits.sum() == round(0.5 * (people.labels.codes == code).sum())


def test_values_go_missing_in_one_group(people):
    planted, truth = columns.plant_missing_in_group(people, 0.3, np.random.default_rng(4))
    column, feature = truth.columns
    assert np.flatnonzero(planted.frame[column].isna()).tolist() == truth.rows.tolist()
    group = truth.group.removeprefix(f"{feature} = ")
    members = people.frame["sex"] == group
    assert members.iloc[truth.rows].all()
    assert len(truth.rows) == round(0.3 * members.sum())


@pytest.mark.parametrize(("plant", "factor"), [(columns.plant_thousandfold, 1000), (columns.plant_inches, 1 / 2.54)])
def test_units_slip_by_their_factor(people, plant, factor):
    for seed in range(6):
        planted, truth = plant(people, 0.05, np.random.default_rng(seed))
        (column,) = truth.columns
        before, after = people.frame[column], planted.frame[column]
        assert after.dtype == before.dtype
        wrong = np.isin(np.arange(400), truth.rows)
        assert after[~wrong].equals(before[~wrong])
        np.testing.assert_allclose(after[wrong], before[wrong] * factor, atol=0.5 if column == "children" else 0)


def test_drift_moves_rows_to_the_upper_end(people):
    planted, truth = columns.plant_drift(people, 0.2, np.random.default_rng(0), ["height"])
    tenth = np.sort(people.frame["height"])[-40]
    assert (planted.frame["height"].iloc[truth.rows] >= tenth).all()
    assert len(truth.rows) == 80


def test_copies_are_equal_to_a_row_before(people):
    planted, truth = columns.plant_duplicates(people, 0.05, np.random.default_rng(0))
    assert len(planted) == 420
    assert truth.rows.tolist() == list(range(400, 420))
    assert np.flatnonzero(planted.frame.duplicated())[-20:].tolist() == truth.rows.tolist()


def test_what_cannot_be_planted_says_why(make_dataset):
    plain = make_dataset(pd.DataFrame({"t": ["a", "b"] * 30, "y": ["no", "yes"] * 30}), label="y")
    rng = np.random.default_rng(0)
    with pytest.raises(UnplantableError, match="sensitive group of 50 rows"):
        labels.plant_wrong_labels_in_group(plain, 0.1, rng)
    with pytest.raises(UnplantableError, match="sensitive group"):
        columns.plant_missing_in_group(plain, 0.1, rng)
    with pytest.raises(UnplantableError, match="numbers with 10 values"):
        columns.plant_inches(plain, 0.1, rng)
    with pytest.raises(UnplantableError, match="two values"):
        columns.plant_drift(plain, 0.1, rng, [])


def test_a_numeric_label_leaks_too_but_not_on_one_side(make_dataset):
    frame = pd.DataFrame({"x": np.arange(200.0) % 7, "y": np.random.default_rng(0).normal(size=200)})
    numeric = make_dataset(frame, label="y", task="regression")
    planted, truth = columns.plant_leak(numeric, 1.0, np.random.default_rng(0))
    assert planted.frame[truth.columns[0]].tolist() == frame["y"].tolist()
    with pytest.raises(UnplantableError, match="a number"):
        columns.plant_one_sided_leak(numeric, 0.5, np.random.default_rng(0))
