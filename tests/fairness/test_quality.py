"""FB006: whose rows are repeated, invalid or suspect."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.fairness.data.quality import defects_by_group


def answer(make_data_context, groups, defects, **rest):
    frame = pd.DataFrame(groups)
    frame["x"] = np.arange(len(frame)) // 2
    return list(defects_by_group(make_data_context(frame, sensitive=list(groups), defects=defects, **rest)))


@pytest.fixture
def sexes():
    return {"sex": np.repeat(["f", "m"], [2000, 4000])}


def planted(share_f, share_m, seed=0):
    rng = np.random.default_rng(seed)
    return np.r_[rng.random(2000) < share_f, rng.random(4000) < share_m]


class TestStatus:
    def test_fires_where_one_group_has_more(self, make_data_context, sexes):
        mask = planted(0.2, 0.02)
        [outcome] = answer(make_data_context, sexes, {"invalid": mask, "repeated": planted(0.03, 0.03)})
        assert outcome.status == "failed"
        assert "The share of invalid rows differs by 1" in outcome.message
        assert f"{100 * mask[:2000].mean():.1f}% for sex = f" in outcome.message
        assert outcome.evidence.value == pytest.approx(mask[:2000].mean() - mask[2000:].mean())
        assert outcome.evidence.interval.low > 0.05
        assert outcome.remedy

    def test_the_table_has_every_kind_in_every_group(self, make_data_context, sexes):
        defects = {"repeated": planted(0.1, 0.1), "invalid": planted(0.2, 0.1), "suspect label": planted(0.1, 0.3)}
        [outcome] = answer(make_data_context, sexes, defects)
        table = pd.DataFrame(list(outcome.evidence.table.rows), columns=outcome.evidence.table.columns)
        assert len(table) == 6
        for (kind, group), rows in table.groupby(["defect", "group"]):
            mask = defects[kind][np.asarray(sexes["sex"]) == group]
            assert rows["affected rows"].item() == mask.sum()
            assert rows["share"].item() == pytest.approx(mask.mean())

    def test_stays_quiet_where_all_have_as_many(self, make_data_context, sexes):
        [outcome] = answer(make_data_context, sexes, {"invalid": planted(0.1, 0.1), "repeated": planted(0.02, 0.02)})
        assert outcome.status == "passed"

    def test_suspect_labels_are_shown_and_judged_elsewhere(self, make_data_context, sexes):
        [outcome] = answer(make_data_context, sexes, {"suspect label": planted(0.5, 0.0)})
        assert outcome.status == "not_applicable"
        assert "LN003 judges them" in outcome.message
        assert outcome.evidence.table.rows[0][:2] == ("suspect label", "f")

    def test_few_rows_cannot_tell(self, make_data_context):
        groups = {"sex": ["f"] * 60 + ["m"] * 60}
        mask = np.r_[np.arange(60) < 15, np.arange(60) < 14]
        [outcome] = answer(make_data_context, groups, {"invalid": mask})
        assert outcome.status == "inconclusive"
        assert "rows in every group would decide" in outcome.message

    def test_groups_too_small_are_not_compared(self, make_data_context):
        groups = {"sex": ["f"] * 20 + ["m"] * 400}
        [outcome] = answer(make_data_context, groups, {"invalid": np.arange(420) < 20})
        assert outcome.status == "inconclusive"
        assert "Fewer than two groups of sex have enough rows" in outcome.message

    def test_false_alarms_keep_the_level(self, make_data_context):
        rng = np.random.default_rng(4)
        failed = 0
        for _ in range(25):
            a = rng.choice(list("pqrs"), 1200, p=[0.5, 0.25, 0.15, 0.1])
            groups = {"a": a, "b": rng.choice(["u", "v"], 1200)}
            kinds = {"invalid": rng.random(1200) < 0.3, "repeated": rng.random(1200) < 0.02}
            failed += any(outcome.status == "failed" for outcome in answer(make_data_context, groups, kinds))
        assert failed <= 2


def copied(records, copies, seed, *, n=1000, more=0.0):
    """n rows, of which `records` are there `copies` times each, all copies of one in one group by chance."""
    rng, base = np.random.default_rng(seed), n - records * copies

    def draw(size, second):
        return pd.DataFrame(
            {"x": rng.normal(size=size), "sex": rng.choice(["f", "m"], size, p=[1 - second, second])}
        ).assign(c=rng.choice(["ä", None], size))

    frame = pd.concat([draw(base, 0.5), *[draw(records, 0.5 + more)] * copies], ignore_index=True)
    frame["id"], frame["row number"] = np.arange(n), rng.permutation(n)
    frame["when"] = pd.date_range("2020-01-01", periods=n, freq="min")
    return frame, np.arange(n) >= base + records


class TestCopiesOfOneRecord:
    @pytest.mark.parametrize(("records", "copies"), [(10, 12), (3, 40), (30, 5)])
    def test_copies_of_a_few_records_are_no_sample_of_rows(self, make_data_context, records, copies):
        failed = 0
        for seed in range(25):
            frame, mask = copied(records, copies, seed)
            context = make_data_context(frame, sensitive=["sex"], id="id", defects={"repeated": mask})
            [outcome] = defects_by_group(context)
            assert outcome.status != "passed"
            failed += outcome.status == "failed"
        assert failed <= 2

    def test_many_repeated_records_of_one_group_fail(self, make_data_context):
        frame, mask = copied(600, 2, 0, n=6000, more=0.4)
        context = make_data_context(frame, sensitive=["sex"], id="id", defects={"repeated": mask})
        [outcome] = defects_by_group(context)
        assert outcome.status == "failed"
        # Each record is repeated once, so that the interval is that of as many rows.
        rows = np.bincount(frame["sex"] == "m")
        shares = np.bincount((frame["sex"] == "m")[mask]) / rows
        error = np.sqrt((shares * (1 - shares) / rows).sum())
        interval = outcome.evidence.interval
        assert interval.high - interval.low == pytest.approx(2 * 1.96 * error, rel=0.1)

    def test_many_repeated_records_alike_pass(self, make_data_context):
        frame, mask = copied(600, 2, 0, n=6000)
        context = make_data_context(frame, sensitive=["sex"], id="id", defects={"repeated": mask})
        assert [outcome.status for outcome in defects_by_group(context)] == ["passed"]

    def test_where_no_column_tells_records_apart_nothing_passes_by_their_number(self, make_data_context):
        frame = pd.DataFrame({"sex": np.repeat(["f", "m"], 200), "y": np.arange(400)})
        mask = np.arange(400) % 2 == 0
        [outcome] = defects_by_group(make_data_context(frame, sensitive=["sex"], defects={"repeated": mask}))
        assert outcome.status == "inconclusive"


class TestFewPeople:
    def test_figures_of_a_few_rows_are_not_told(self, make_data_context, sexes):
        mask = np.zeros(6000, dtype=bool)
        mask[[1, 5, 3000]] = True
        [outcome] = answer(make_data_context, sexes, {"repeated": mask})
        assert outcome.status == "passed"
        assert (
            outcome.message == "The share of repeated rows differs by at most 5.0 points between the compared groups."
        )
        assert outcome.evidence.value is None

    def test_the_share_of_a_few_is_hidden_where_the_other_is_shown(self, make_data_context, sexes):
        mask = planted(0.2, 0.0)
        mask[3000:3003] = True
        [outcome] = answer(make_data_context, sexes, {"invalid": mask})
        assert outcome.status == "failed"
        assert "highest for sex = f and lowest for sex = m" in outcome.message


class TestScope:
    def test_nothing_flagged_is_nothing_to_compare(self, make_data_context, sexes):
        for defects in ({}, {"repeated": np.zeros(6000, dtype=bool)}):
            [outcome] = answer(make_data_context, sexes, defects)
            assert outcome.status == "not_applicable"

    def test_one_group_and_no_feature(self, make_data_context):
        assert answer(make_data_context, {"sex": ["f"] * 99}, {})[0].status == "not_applicable"
        context = make_data_context(pd.DataFrame({"x": [1.0, 2.0] * 60}))
        assert [o.status for o in defects_by_group(context)] == ["not_applicable"]

    def test_a_feature_that_is_missing_everywhere_is_unknown(self, make_data_context):
        frame = pd.DataFrame({"sex": np.array([None] * 100, dtype=object), "x": np.arange(100.0)})
        context = make_data_context(frame, sensitive=["sex"], defects={"invalid": np.ones(100, dtype=bool)})
        [outcome] = defects_by_group(context)
        assert outcome.status == "inconclusive"

    def test_every_row_affected_is_no_difference(self, make_data_context, sexes):
        [outcome] = answer(make_data_context, sexes, {"invalid": np.ones(6000, dtype=bool)})
        assert outcome.status == "passed"
