"""FB001, FB002 and FB003: who is in the data, with which labels, and with what missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from assay.fairness import CHECKS, assess_fairness
from assay.fairness.data.missingness import count_missing
from assay.fairness.data.representation import representation
from assay.fairness_config import FairnessConfig

CONFIG = FairnessConfig()


def result_of(make_case, sensitive, y=None, config=CONFIG, **rest):
    n = len(next(iter(sensitive.values())))
    y = np.tile(["no", "yes"], n)[:n] if y is None else y
    return assess_fairness(*make_case(sensitive, y, y, positive="yes", **rest), config)


class TestRepresentation:
    def test_describes_the_smallest_group(self, make_case, of):
        [finding] = of(result_of(make_case, {"sex": ["f"] * 100 + ["m"] * 300}), "FB001")
        assert finding.status == "passed"
        assert finding.evidence.value == 0.25
        assert finding.evidence.interval.low < 0.25 < finding.evidence.interval.high
        assert finding.evidence.table.rows[0][:3] == ("f", 100, 0.25)
        assert "sex = f, holds 100 of 400 rows (25.0%" in finding.message

    def test_weighs_the_rows(self, make_case, of):
        columns = {"w": [3.0] * 100 + [1.0] * 300}
        result = result_of(make_case, {"sex": ["f"] * 100 + ["m"] * 300}, columns=columns, weight="w")
        assert of(result, "FB001")[0].evidence.value == pytest.approx(0.5)

    def test_a_tiny_share_is_not_told_as_nothing(self, make_case, of):
        [finding] = of(result_of(make_case, {"sex": ["f"] * 12 + ["m"] * 29_988}), "FB001")
        assert "holds 12 of 30,000 rows (<0.1%, 95% interval <0.1% to 0.1%)" in finding.message

    def test_weights_of_zero_give_no_share(self, make_data_context):
        frame = pd.DataFrame({"sex": ["f", "m"] * 50})
        context = make_data_context(frame, sensitive=["sex"])
        context = replace(context, dataset=replace(context.dataset, weights=np.zeros(100)))
        assert [outcome.status for outcome in representation(context)] == ["inconclusive"]

    def test_one_group_is_nothing_to_compare(self, make_case, of):
        result = result_of(make_case, {"sex": ["f"] * 100})
        assert {f.status for f in result.findings} == {"not_applicable"}
        assert {f.code for f in result.findings} >= {"FB001", "FB002", "FB003", "FB010", "FB011", "FB012", "FB013"}

    def test_a_feature_that_is_missing_everywhere_is_unknown(self, make_case, of):
        result = result_of(make_case, {"sex": np.array([None] * 100, dtype=object)})
        # Of a reference, which is not configured, and of combinations nothing is asked.
        codes = {f.code for f in result.findings if f.status != "inconclusive"}
        assert codes == {"FB004", "FB005"}
        assert "missing in every row" in of(result, "FB011")[0].message


class TestLabels:
    def test_fires_on_unequal_base_rates(self, make_case, of):
        sex = np.repeat(["f", "m"], 600)
        y = np.where(np.arange(1200) % 10 < np.where(sex == "f", 3, 6), "yes", "no")
        [finding] = of(result_of(make_case, {"sex": sex}, y), "FB002")
        assert finding.status == "failed"
        assert finding.severity == "warning"
        assert finding.evidence.value == pytest.approx(0.3)
        assert "30.0% for sex = f and 60.0% for sex = m" in finding.message
        assert finding.remedy

    def test_stays_quiet_on_equal_ones(self, make_case, of):
        sex = np.tile(["f", "m"], 1000)
        y = np.repeat(["no", "yes"], 1000)
        assert of(result_of(make_case, {"sex": sex}, y), "FB002")[0].status == "passed"

    def test_the_measures_of_the_field_come_with_it(self, make_case):
        sex = np.repeat(["f", "m"], 600)
        y = np.where(np.arange(1200) % 10 < np.where(sex == "f", 3, 6), "yes", "no")
        table = result_of(make_case, {"sex": sex}, y).label_measures
        assert list(table) == ["feature", "group", "measure", "value", "low", "high", "n"]
        found = table[table["group"] == "f"].set_index("measure")["value"]
        assert found["difference in positive proportions"] == pytest.approx(0.3)
        assert found["total variation distance"] == pytest.approx(0.3)

    def test_says_how_many_rows_would_decide(self, make_case, of):
        sex = np.repeat(["f", "m"], 60)
        [finding] = of(result_of(make_case, {"sex": sex}), "FB002")
        assert finding.status == "inconclusive"
        assert "rows in every compared group would decide" in finding.message


class TestMissing:
    def planted(self, make_case, share_f, share_m, n=4000):
        rng = np.random.default_rng(0)
        sex = rng.choice(["f", "m"], n)
        x = np.where(rng.random(n) < np.where(sex == "f", share_f, share_m), np.nan, rng.normal(size=n))
        return result_of(make_case, {"sex": sex}, columns={"x": x, "z": rng.normal(size=n)})

    def test_fires_where_one_group_lacks_more(self, make_case, of):
        [finding] = of(self.planted(make_case, 0.3, 0.05), "FB003")
        assert finding.status == "failed"
        assert finding.subject.columns == ("x", "sex")
        assert "x is missing more often for sex = f than for sex = m: by 2" in finding.message
        assert finding.evidence.value == pytest.approx(0.25, abs=0.03)

    def test_stays_quiet_where_all_lack_alike(self, make_case, of):
        [finding] = of(self.planted(make_case, 0.1, 0.1, n=8000), "FB003")
        assert finding.status == "passed"

    def test_nothing_missing_is_nothing_to_compare(self, make_case, of):
        assert of(result_of(make_case, {"sex": np.repeat(["f", "m"], 200)}), "FB003")[0].status == "not_applicable"

    def test_few_rows_cannot_tell(self, make_case, of):
        [finding] = of(self.planted(make_case, 0.1, 0.1, n=200), "FB003")
        assert finding.status == "inconclusive"
        assert "x" in finding.subject.columns

    def test_the_sensitive_column_itself_is_no_offender(self, make_case, of):
        sex = np.repeat(np.array(["f", "m", None], dtype=object), 200)
        assert of(result_of(make_case, {"sex": sex}), "FB003")[0].status == "not_applicable"

    def test_a_column_missing_everywhere_is_no_offender(self, make_case, of):
        sex = np.repeat(["f", "m"], 2000)
        columns = {"x": np.full(4000, np.nan), "z": np.where(np.arange(4000) % 10 == 0, np.nan, 1.0)}
        [finding] = of(result_of(make_case, {"sex": sex}, columns=columns), "FB003")
        assert finding.status == "passed"

    def test_counts_are_those_of_the_rows(self, make_data_context):
        rng = np.random.default_rng(1)
        frame = pd.DataFrame({"g": rng.choice(list("abc"), 500), "x": np.where(rng.random(500) < 0.3, np.nan, 1.5)})
        context = make_data_context(frame, sensitive=["g"])
        expected = frame["x"].isna().groupby(frame["g"]).sum().to_numpy()
        assert (count_missing(context.dataset, context.features)["g"]["x"] == expected).all()

    def test_many_columns_without_a_difference_raise_no_alarm(self, make_case, of):
        rng = np.random.default_rng(3)
        columns = {f"x{i}": np.where(rng.random(1500) < 0.2, np.nan, 1.0 * i) for i in range(40)}
        result = result_of(make_case, {"g": rng.choice(list("abcde"), 1500)}, columns=columns)
        assert not [f for f in of(result, "FB003") if f.status == "failed"]


def test_without_a_sensitive_feature_every_check_says_so_once(make_case, of):
    y = np.tile(["no", "yes"], 50)
    result = assess_fairness(*make_case({}, y, y), CONFIG)
    assert [f.status for f in result.findings] == ["not_applicable"] * len(CHECKS)
    assert len({f.code for f in result.findings}) == len(CHECKS)
    assert all("No sensitive feature is configured" in f.message for f in result.findings)
    assert list(result.by_group) == ["feature", "group", "metric", "value", "low", "high", "n"]
    assert result.disparities.empty
    assert result.counts.empty
