"""FB005: combinations of sensitive features that hardly occur though their parts do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from assay.fairness.counts import Feature
from assay.fairness.data.combinations import cross, rare_combinations


def answer(make_data_context, frame, **rest):
    frame = pd.DataFrame(frame)
    sensitive = rest.pop("sensitive", [name for name in frame if name not in {"y", "x"}])
    [outcome] = rare_combinations(make_data_context(frame, sensitive=sensitive, **rest))
    return outcome


def people(n=6000, seed=0, **shares):
    rng = np.random.default_rng(seed)
    shares = shares or {"sex": [0.4, 0.6], "race": [0.5, 0.3, 0.2]}
    return pd.DataFrame(
        {name: rng.choice([f"{name}{i}" for i in range(len(p))], n, p=p) for name, p in shares.items()}
    )


class TestStatus:
    def test_fires_on_a_combination_that_is_absent(self, make_data_context):
        frame = people()
        frame = frame[~((frame["sex"] == "sex0") & (frame["race"] == "race2"))]
        outcome = answer(make_data_context, frame.reset_index(drop=True))
        assert outcome.status == "failed"
        assert "sex x race = sex0 x race2 (fewer than 10 rows, about " in outcome.message
        assert "5 of 6 possible combinations" in outcome.message
        assert outcome.evidence.value == 1
        row = dict(zip(outcome.evidence.table.columns, outcome.evidence.table.rows[0], strict=True))
        assert (row["group"], row["rows"], row["rare"]) == ("sex0 x race2", 0, True)
        counts = frame.groupby("sex").size()["sex0"] * frame.groupby("race").size()["race2"] / len(frame)
        assert row["expected"] == round(counts)

    def test_fires_on_one_that_is_nearly_absent(self, make_data_context):
        frame = people()
        lost = frame.index[(frame["sex"] == "sex0") & (frame["race"] == "race2")][20:]
        outcome = answer(make_data_context, frame.drop(index=lost).reset_index(drop=True))
        assert outcome.status == "failed"
        assert "sex0 x race2 (20 rows" in outcome.message

    def test_stays_quiet_on_independent_features(self, make_data_context):
        outcome = answer(make_data_context, people())
        assert outcome.status == "passed"
        assert outcome.evidence.value == 0

    def test_a_common_combination_is_not_rare_however_dependent(self, make_data_context):
        frame = people(20_000)
        lost = frame.index[(frame["sex"] == "sex0") & (frame["race"] == "race0")][300:]
        assert answer(make_data_context, frame.drop(index=lost).reset_index(drop=True)).status == "passed"

    def test_the_absence_of_a_rare_part_is_no_news(self, make_data_context):
        frame = people(4000, sex=[0.5, 0.5], race=[0.499, 0.5, 0.001])
        frame = frame[~((frame["sex"] == "sex0") & (frame["race"] == "race2"))]
        assert answer(make_data_context, frame.reset_index(drop=True)).status == "passed"

    def test_few_rows_cannot_tell(self, make_data_context):
        outcome = answer(make_data_context, people(60, sex=[0.1] * 10, race=[0.1] * 10))
        assert outcome.status == "inconclusive"
        assert "too few" in outcome.message

    def test_a_rare_pair_is_not_told_again_of_all_features(self, make_data_context):
        frame = people(20_000, sex=[0.5, 0.5], race=[0.5, 0.5], age=[0.5, 0.5])
        frame = frame[~((frame["sex"] == "sex0") & (frame["race"] == "race0"))]
        outcome = answer(make_data_context, frame.reset_index(drop=True))
        assert outcome.evidence.value == 1
        frame = people(20_000, sex=[0.5, 0.5], race=[0.5, 0.5], age=[0.5, 0.5])
        frame = frame[~((frame["sex"] == "sex0") & (frame["race"] == "race0") & (frame["age"] == "age1"))]
        outcome = answer(make_data_context, frame.reset_index(drop=True))
        assert "sex x race x age = sex0 x race0 x age1" in outcome.message

    def test_who_is_unknown_in_one_feature_and_not_in_the_other_is_no_combination(self, make_data_context):
        frame = people().astype(object)
        frame.loc[:999, ["sex", "race"]] = None
        assert answer(make_data_context, frame).status == "passed"

    def test_false_alarms_are_rare(self, make_data_context):
        fired = 0
        for seed in range(40):
            frame = people(1500, seed, sex=[0.5, 0.5], race=[0.4, 0.3, 0.2, 0.07, 0.03], age=[0.6, 0.3, 0.1])
            fired += answer(make_data_context, frame).status == "failed"
        assert fired <= 1


class TestCounting:
    def features(self, frame):
        found = []
        for name in frame:
            codes, groups = pd.factorize(frame[name], sort=True)
            found.append(Feature(name, (name,), tuple(groups), codes.astype(np.int64)))
        return found

    def test_against_a_table_of_all(self):
        frame = people(900, 3, sex=[0.9, 0.1], race=[0.6, 0.2, 0.1, 0.1])
        frame = frame[~((frame["sex"] == "sex1") & (frame["race"] == "race1"))]
        found = cross(self.features(frame), 50, 0.05)
        table = pd.crosstab(frame["sex"], frame["race"])
        expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / len(frame)
        assert (found.possible, found.occurring) == (8, int((table > 0).sum().sum()))
        for row, column, rows, mean, rare in zip(*found.keys, found.rows, found.expected, found.is_rare, strict=True):
            assert rows == table.iloc[row, column] < 50
            assert mean == pytest.approx(expected[row, column])
            assert rare == (stats.binom.cdf(rows, len(frame), mean / len(frame) / 2) <= 0.05 / 8)
        assert found.is_rare.sum() == 1

    def test_shares_of_what_cannot_be_told_add_up(self):
        found = cross(self.features(people(40)), 50, 0.05)
        assert 0 < found.untold <= 1 + 1e-9

    def test_thousands_of_groups_without_a_table_of_all(self):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({name: rng.integers(0, 3000, 50_000) for name in "abc"}).astype(str)
        found = cross(self.features(frame), 50, 0.05)
        assert found.possible == 3000**3
        assert not found.is_rare.any()


class TestScope:
    def test_five_thousand_combinations_stay_readable(self, make_data_context):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"a": rng.integers(0, 100, 60_000), "b": rng.integers(100, 150, 60_000)}).astype(str)
        outcome = answer(make_data_context, frame[frame["b"].astype(int) - 100 != frame["a"].astype(int)])
        assert len(outcome.message) < 1500
        assert len(outcome.evidence.table.rows) <= 30

    def test_not_applicable_without_two_features(self, make_data_context):
        assert answer(make_data_context, {"sex": ["f", "m"] * 60}).status == "not_applicable"
        assert answer(make_data_context, {"sex": ["f", "m"] * 60, "one": ["a"] * 120}).status == "not_applicable"
        assert answer(make_data_context, {"x": [1.0, 2.0] * 60}, sensitive=[]).status == "not_applicable"

    def test_not_applicable_where_intersections_are_off(self, make_data_context):
        outcome = answer(make_data_context, people(500), fairness={"intersections": False})
        assert outcome.status == "not_applicable"
        assert "fairness.intersections" in outcome.message

    def test_names_in_any_script(self, make_data_context):
        frame = people(3000).replace({"sex0": "女 <b>", "race2": "ñ|x"})
        frame = frame[~((frame["sex"] == "女 <b>") & (frame["race"] == "ñ|x"))]
        assert "女 <b> x ñ|x" in answer(make_data_context, frame.reset_index(drop=True)).message
