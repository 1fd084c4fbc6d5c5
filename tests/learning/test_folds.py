"""Folds: nothing that belongs together is split, and every class is spread evenly."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.learning.folds import assign_folds, count_units, find_units


def units_of(values, codes=None, group=None):
    values = np.array(values, dtype=np.float32).reshape(len(values), -1)
    codes = np.empty((len(values), 0), np.int64) if codes is None else np.array(codes).reshape(len(values), -1)
    return find_units(values, codes, group)


def test_equal_rows_are_one_unit():
    units = units_of([1, 2, 1, 3], codes=[0, 1, 0, 0])
    assert units[0] == units[2]
    assert len(set(units)) == 3


def test_missing_values_are_equal_to_each_other():
    units = units_of([np.nan, np.nan, 1.0])
    assert units[0] == units[1] != units[2]


def test_a_chain_of_equal_rows_and_groups_is_one_unit():
    group = np.array([0, 1, 1, 2, 3])  # rows 0-1 are equal, 1-2 of one group, 2-3 equal
    units = units_of([1, 1, 2, 2, 3], group=group)
    assert len(set(units[:4])) == 1
    assert units[4] != units[0]


def test_rows_without_a_group_are_not_grouped():
    assert len(set(units_of([1, 2, 3], group=np.array([-1, -1, 0])))) == 3


def test_units_are_counted_by_class_by_hand():
    units = np.array([0, 0, 1, 2, 2])
    labels = np.array([0, 1, 1, 1, -1])
    assert count_units(units, labels, 3).tolist() == [1, 3, 0]


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(20, 200),
    folds=st.integers(2, 6),
    classes=st.integers(2, 4),
    seed=st.integers(0, 999),
    twins=st.booleans(),
)
def test_folds_split_no_unit_and_spread_every_class(n, folds, classes, seed, twins):
    rng = np.random.default_rng(seed)
    units = rng.integers(0, n // 2, n) if twins else np.arange(n)
    labels = rng.integers(0, classes, n)
    found = assign_folds(units, labels, folds, rng)
    assert set(np.unique(found)) <= set(range(folds))
    for unit in np.unique(units):
        assert len(set(found[units == unit])) == 1
    if not twins:
        for label in np.unique(labels):
            counts = np.bincount(found[labels == label], minlength=folds)
            assert counts.max() - counts.min() <= 2
