"""What is hidden cannot be had back: every small table is attacked with an integer program, as its reader could."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from assay.fairness.stored.suppression import hide_combinations, hide_groups, score_edges

LEAST = 10


def attack(counts, shown_single, shown_both, *, sizes=True):
    """Range of every cell, given the shown ones, the sizes of the groups, and that they add up.

    `counts` (G1, G2, K, P) are the combinations, `shown_single` two (G, K) masks, `shown_both` (G1, G2, K). Returns
    [(what, value, low, high)] of each hidden small cell of each table.
    """
    shape = counts.shape
    n = counts.size
    index = np.arange(n).reshape(shape)
    rows, values = [], []

    def known(cells, value):
        row = np.zeros(n)
        row[np.ravel(cells)] = 1
        rows.append(row)
        values.append(float(value))

    axes = (index, index.swapaxes(0, 1))
    data = (counts, counts.swapaxes(0, 1))
    hidden = []
    for of, cells, shown in zip(axes, data, shown_single, strict=True):
        for g in range(of.shape[0]):
            if sizes:
                known(of[g], cells[g].sum())
            for t, p in itertools.product(range(shape[2]), range(shape[3])):
                value = cells[g, :, t, p].sum()
                if shown[g, t]:
                    assert value >= LEAST
                    known(of[g, :, t, p], value)
                elif value < LEAST:
                    hidden.append(("single", of[g, :, t, p], value))
    for g, h, t, p in itertools.product(*map(range, shape)):
        if shown_both[g, h, t]:
            assert counts[g, h, t, p] >= LEAST
            known(index[g, h, t, p], counts[g, h, t, p])
        elif counts[g, h, t, p] < LEAST:
            hidden.append(("both", index[g, h, t, p], counts[g, h, t, p]))
    matrix, values = np.array(rows).reshape(-1, n), np.array(values)
    found = []
    for what, cells, value in hidden:
        goal = np.zeros(n)
        goal[np.ravel(cells)] = 1
        ends = []
        for sign in (1, -1):
            result = milp(
                sign * goal,
                constraints=LinearConstraint(matrix, values, values) if rows else (),
                integrality=np.ones(n),
                bounds=Bounds(0, 400),
            )
            assert result.success
            ends.append(round(sign * result.fun))
        found.append((what, int(value), *ends))
    return found


def suppress(counts):
    masks = [hide_groups(counts.sum(axis=1)), hide_groups(counts.sum(axis=0))]
    both = hide_combinations(counts, [h for h, _ in masks], [w for _, w in masks])
    return [~h for h, _ in masks], ~both


def draw(seed, shape=(2, 3, 2, 2)):
    rng = np.random.default_rng(seed)
    scale = rng.choice([2, 8, 25, 60], size=shape[:2], p=[0.15, 0.15, 0.3, 0.4])
    return rng.poisson(scale[..., None, None] * rng.choice([0.2, 1, 2], size=shape, p=[0.1, 0.5, 0.4]))


@pytest.mark.parametrize("seed", range(12))
def test_no_small_cell_can_be_had_by_subtraction(seed):
    counts = draw(seed)
    singles, both = suppress(counts)
    for what, value, low, high in attack(counts, singles, both):
        assert low < high, (what, value, low, high)


def test_the_attack_finds_what_is_not_protected():
    # One cell of 3 hidden in a table whose columns' totals another feature shows.
    counts = np.full((2, 2, 2, 2), 30)
    counts[0, 0, 0, 0] = 3
    shown = [np.ones((2, 2), bool), np.ones((2, 2), bool)]
    both = np.ones((2, 2, 2), bool)
    both[0, 0, 0] = False
    assert ("both", 3, 3, 3) in attack(counts, shown, both)


def test_nothing_is_hidden_where_nothing_is_small():
    counts = np.full((3, 4, 2, 2), 10)
    singles, both = suppress(counts)
    assert all(mask.all() for mask in singles)
    assert both.all()


def test_one_small_cell_hides_its_block_and_that_of_one_other_group():
    counts = np.array([[[50, 3], [40, 60]], [[50, 30], [40, 60]], [[500, 300], [400, 600]]])
    hidden, whole = hide_groups(counts)
    assert not whole.any()
    np.testing.assert_array_equal(hidden, [[True, False], [True, False], [False, False]])


def test_a_label_of_few_rows_hides_the_group_and_a_partner_whole():
    counts = np.array([[[2, 3], [40, 60]], [[50, 30], [40, 60]], [[500, 300], [400, 600]]])
    hidden, whole = hide_groups(counts)
    np.testing.assert_array_equal(whole, [True, True, False])
    np.testing.assert_array_equal(hidden.all(axis=1), whole)


def test_partners_are_added_until_the_hidden_cells_are_not_small_together():
    counts = np.array([[[50, 0], [40, 60]], [[60, 0], [40, 60]], [[70, 12], [40, 60]], [[80, 90], [40, 60]]])
    hidden, _ = hide_groups(counts)
    np.testing.assert_array_equal(hidden[:, 0], [True, True, True, False])


def test_where_all_are_small_together_everything_is_hidden():
    counts = np.array([[[50, 0], [40, 60]], [[60, 2], [40, 60]]])
    assert hide_groups(counts)[0][:, 0].all()


@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(2, 4))
@settings(max_examples=60, deadline=None)
def test_hidden_blocks_are_never_alone_and_never_small_together(seed, groups, classes):
    counts = np.random.default_rng(seed).poisson(12, size=(groups, classes, classes))
    hidden, _ = hide_groups(counts)
    assert not (counts < LEAST).any(axis=2)[~hidden].any()
    for label in range(classes):
        of = hidden[:, label]
        assert of.sum() != 1
        assert not of.any() or of.all() or (counts[of, label].sum(axis=0) >= LEAST).all()


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_the_order_of_groups_hides_as_many(seed):
    counts = np.random.default_rng(seed).poisson(14, size=(4, 2, 2))
    order = np.random.default_rng(seed + 1).permutation(4)
    sizes = counts.sum(axis=(1, 2)).tolist() + counts.sum(axis=2).ravel().tolist()
    if len(set(sizes)) == len(sizes):  # of equal groups either may be the partner
        np.testing.assert_array_equal(hide_groups(counts)[0][order], hide_groups(counts[order])[0])


def test_scores_are_told_in_pieces_that_are_large_in_every_group():
    counts = np.array([[5] * 10, [30] * 10])
    hidden = np.zeros(2, bool)
    assert score_edges([(counts, hidden)], (0, 5, 10)) == [0, 2, 5, 7, 10]
    # A group that is hidden needs partners, and these pieces of their own.
    assert score_edges([(np.array([[1] * 10, [1] * 10, [30] * 10]), np.array([True, True, False]))], (0, 5, 10)) == [
        0,
        5,
        10,
    ]
    assert score_edges([(np.array([[1] * 10, [30] * 10]), hidden)], (0, 5, 10)) == []
    assert score_edges([], (0, 5, 10)) == []
