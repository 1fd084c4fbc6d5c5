"""The gaps between groups are shared out exactly, and groups dealt out at random seldom show one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.health.attribution import gaps
from assay.health.attribution.gaps import MOST_COLUMNS, decompose, find_groups

COLUMNS = ("a", "b", "c")


def masks_of(**features):
    return find_groups(pd.DataFrame(features))


def gaps_of(groups, shares, columns=COLUMNS, units=None, seed=0):
    units = np.arange(len(shares)) if units is None else units
    return decompose(groups, shares, columns, units, np.random.default_rng(seed))


@pytest.fixture
def quick(monkeypatch):
    """Draws enough for a level of 5%, and no more."""
    monkeypatch.setattr(gaps, "DRAWS", 199)


class TestFindGroups:
    def test_one_of_two_and_all_of_more(self):
        sex = np.repeat(["m", "f"], 30)
        age = np.tile(["<20", "20-40", ">=40"], 20)
        assert list(masks_of(sex=sex, age=age)) == [("sex", "f"), ("age", "20-40"), ("age", "<20"), ("age", ">=40")]

    def test_no_group_and_no_rest_of_fewer_than_ten(self):
        few = np.repeat(["a", "b", "c"], [9, 9, 42])
        assert list(masks_of(few=few)) == [("few", "c")]
        assert masks_of(one=np.repeat("a", 60), nearly=np.repeat(["a", "b"], [51, 9])) == {}


class TestDecompose:
    def test_the_columns_sum_to_the_gap_of_the_means(self):
        rng = np.random.default_rng(0)
        shares, sex = rng.normal(size=(200, 3)), rng.choice(["m", "f"], 200)
        found = gaps_of(masks_of(sex=sex), shares)
        score = shares.sum(axis=1)
        assert found.value[0, -1] == pytest.approx(score[sex == "f"].mean() - score[sex == "m"].mean())
        assert found.value[0, :-1].sum() == pytest.approx(found.value[0, -1])
        for c in range(3):
            by_hand = shares[sex == "f", c].mean() - shares[sex == "m", c].mean()
            assert found.value[0, c] == pytest.approx(by_hand)
        assert found.n.tolist() == [np.count_nonzero(sex == "f")]

    def test_of_a_wide_table_the_rest_is_one_column(self):
        rng = np.random.default_rng(0)
        names = tuple(f"x{i}" for i in range(MOST_COLUMNS + 5))
        shares, sex = rng.normal(size=(100, len(names))) * np.arange(1, len(names) + 1), rng.choice(["m", "f"], 100)
        found = gaps_of(masks_of(sex=sex), shares, names)
        assert found.columns == (*names[5:], "(all other columns)")
        by_hand = shares[sex == "f", :5].sum(axis=1).mean() - shares[sex == "m", :5].sum(axis=1).mean()
        assert found.value[0, -2] == pytest.approx(by_hand)
        assert found.value[0, :-1].sum() == pytest.approx(found.value[0, -1])

    def test_a_planted_gap_is_found_in_its_column_alone(self):
        rng = np.random.default_rng(0)
        shares, sex = rng.normal(size=(400, 3)), rng.choice(["m", "f"], 400)
        shares[sex == "f", 1] -= 1
        found = gaps_of(masks_of(sex=sex, other=rng.choice(["p", "q", "r"], 400)), shares)
        assert found.p_value[0, 1] < 0.01
        assert found.high[0, 1] < -0.5
        assert found.low[0, 1] < -1 < found.high[0, 1]
        assert found.p_value[0, [0, 2]].min() > 0.05
        assert found.p_value[1:].min() > 0.01

    def test_groups_dealt_out_at_random_are_apart_in_one_of_twenty(self, quick):
        # Skewed shares with many zeros, and groups of very different sizes.
        rng = np.random.default_rng(0)
        alarms, runs = 0, 80
        for seed in range(runs):
            shares = np.column_stack(
                [rng.normal(size=300), rng.exponential(size=300), np.where(rng.random(300) < 0.97, 0.0, 4.0)]
            )
            groups = masks_of(
                sex=rng.choice(["m", "f"], 300), origin=rng.choice(list("pqrs"), 300, p=[0.7, 0.2, 0.06, 0.04])
            )
            found = gaps_of(groups, shares, seed=seed)
            alarms += bool((found.p_value <= 0.05).any())
            assert bool((found.p_value <= 0.05).any()) >= bool(((found.low > 0) | (found.high < 0)).any())
        assert alarms <= 9  # 4 are expected, more in one of 100 such tests

    def test_rows_of_one_unit_are_no_evidence_each(self, quick):
        rng = np.random.default_rng(0)
        alarms = {True: 0, False: 0}
        for seed in range(40):
            shares = np.repeat(rng.normal(size=(40, 3)), 10, axis=0)
            sex = np.repeat(rng.permutation(np.repeat(["m", "f"], 20)), 10)
            for together in alarms:
                units = np.repeat(np.arange(40), 10) if together else None
                found = gaps_of(masks_of(sex=sex), shares, units=units, seed=seed)
                alarms[together] += bool((found.p_value <= 0.05).any())
        assert alarms[True] <= 6
        assert alarms[False] > 20

    def test_the_same_seed_gives_the_same_figures(self):
        rng = np.random.default_rng(0)
        shares, groups = rng.normal(size=(100, 3)), masks_of(sex=rng.choice(["m", "f"], 100))
        one, two = gaps_of(groups, shares), gaps_of(groups, shares)
        np.testing.assert_array_equal(one.low, two.low)
        np.testing.assert_array_equal(one.p_value, two.p_value)

    def test_constant_shares_have_no_gap(self):
        groups = masks_of(sex=np.repeat(["m", "f"], 30))
        found = gaps_of(groups, np.zeros((60, 3)))
        assert (found.value == 0).all()
        assert (found.p_value == 1).all()
