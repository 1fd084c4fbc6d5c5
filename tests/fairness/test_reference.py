"""FB004: the groups of the data against a reference population."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assay.config_file import parse_config
from assay.errors import ConfigurationError
from assay.fairness.counts import Feature
from assay.fairness.data.population import LEAST_EXPECTED, goodness_of_fit, measure_representation
from assay.fairness.data.reference import against_reference

HALVES = {"sex": {"f": 0.5, "m": 0.5}}


def answer(make_data_context, frame, reference, sensitive=("sex",), **rest):
    frame = pd.DataFrame(frame)
    context = make_data_context(frame, sensitive=list(sensitive), fairness={"reference": reference}, **rest)
    return list(against_reference(context))


def feature_of(counts: dict[str, int]) -> Feature:
    return Feature("g", ("g",), tuple(counts), np.repeat(np.arange(len(counts)), list(counts.values())))


class TestFigures:
    def test_the_chi_square_is_scipys(self):
        counts = {"a": 480, "b": 330, "c": 190}
        reference = {"a": 0.5, "b": 0.3, "c": 0.2}
        found = measure_representation(feature_of(counts), reference, None, 0.95)
        expected = stats.chisquare(list(counts.values()), [500, 300, 200])
        assert found.statistic == pytest.approx(expected.statistic)
        assert found.p_value == pytest.approx(expected.pvalue)
        assert not found.is_simulated

    def test_with_few_rows_the_p_value_is_that_of_the_multinomial(self):
        # Exact by enumeration: of two groups the statistic is that of the binomial.
        n, share, seen = 12, 0.2, 6
        statistic = (seen - n * share) ** 2 / (n * share) + (seen - n * share) ** 2 / (n * (1 - share))
        x = np.arange(n + 1)
        all_statistics = (x - n * share) ** 2 / (n * share * (1 - share))
        exact = stats.binom.pmf(x, n, share)[all_statistics >= statistic - 1e-9].sum()
        assert n * share < LEAST_EXPECTED
        assert goodness_of_fit(statistic, np.array([share, 1 - share]), n) == pytest.approx(exact, abs=0.01)

    def test_so_many_rows_more_make_the_shares_agree(self):
        counts, reference = {"a": 200, "b": 800}, {"a": 0.5, "b": 0.5}
        found = measure_representation(feature_of(counts), reference, None, 0.95)
        more = found.shortfall(found.shares)[0]
        assert more == pytest.approx(600)
        after = measure_representation(feature_of({"a": 800, "b": 800}), reference, None, 0.95)
        assert after.ratios == pytest.approx(1.0)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(1, 400), min_size=2, max_size=6), st.data())
    def test_the_shortfall_brings_any_group_to_its_share(self, rows, data):
        weights = np.array(data.draw(st.lists(st.floats(0.05, 1), min_size=len(rows), max_size=len(rows))))
        counts = {f"g{i}": n for i, n in enumerate(rows)}
        reference = dict(zip(counts, (weights / weights.sum()).tolist(), strict=True))
        found = measure_representation(feature_of(counts), reference, None, 0.95)
        more = found.shortfall(found.shares)
        n = sum(rows)
        for index, (name, share) in enumerate(reference.items()):
            assert (counts[name] + more[index]) / (n + more[index]) == pytest.approx(share)

    def test_weights_count_as_their_effective_number_of_rows(self):
        feature, reference = feature_of({"a": 100, "b": 300}), {"a": 0.5, "b": 0.5}
        weights = np.where(feature.codes == 0, 3.0, 1.0)
        found = measure_representation(feature, reference, weights, 0.95)
        assert found.shares == pytest.approx([0.5, 0.5])
        assert found.effective == pytest.approx(600**2 / (100 * 9 + 300))
        assert found.statistic == pytest.approx(0, abs=1e-9)
        once = measure_representation(feature, reference, np.full(400, 7.0), 0.95)
        assert once.low == pytest.approx(measure_representation(feature, reference, None, 0.95).low)

    def test_intervals_hold_together(self):
        rng = np.random.default_rng(5)
        shares = np.array([0.4, 0.3, 0.2, 0.06, 0.04])
        reference = dict(zip("abcde", shares.tolist(), strict=True))
        held = 0
        for _ in range(300):
            counts = dict(zip("abcde", rng.multinomial(400, shares).tolist(), strict=True))
            found = measure_representation(feature_of(counts), reference, None, 1 - 0.05 / 5)
            held += bool(((found.low <= shares) & (shares <= found.high)).all())
        assert held / 300 >= 0.93


class TestStatus:
    def test_fires_on_a_group_that_is_rarer(self, make_data_context):
        [outcome] = answer(make_data_context, {"sex": ["f"] * 600 + ["m"] * 1400}, HALVES)
        assert outcome.status == "failed"
        assert "f (30.0%, joint 95% interval 27." in outcome.message
        assert "against 50.0%; about 800 more rows of it" in outcome.message
        assert "p < 0.001" in outcome.message
        assert outcome.evidence.value == pytest.approx(0.6)
        assert outcome.evidence.interval.low < 0.6 < outcome.evidence.interval.high < 0.8
        row = dict(zip(outcome.evidence.table.columns, outcome.evidence.table.rows[0], strict=True))
        assert row["lacking low"] < row["lacking"] == 800 < row["lacking high"]
        assert row["difference"] == pytest.approx(-0.2)
        assert outcome.remedy

    def test_stays_quiet_where_the_shares_agree(self, make_data_context):
        [outcome] = answer(make_data_context, {"sex": ["f"] * 990 + ["m"] * 1010}, HALVES)
        assert outcome.status == "passed"

    def test_a_deviation_that_is_sure_but_small_passes(self, make_data_context):
        [outcome] = answer(make_data_context, {"sex": ["f"] * 4700 + ["m"] * 5300}, HALVES)
        assert outcome.status == "passed"
        assert "p < 0.001" in outcome.message

    def test_few_rows_cannot_tell_and_say_how_many_would(self, make_data_context):
        [outcome] = answer(make_data_context, {"sex": ["f"] * 45 + ["m"] * 55}, HALVES)
        assert outcome.status == "inconclusive"
        assert "rows in all would decide" in outcome.message

    def test_without_disparity_it_seldom_fires(self, make_data_context):
        rng = np.random.default_rng(1)
        reference = {"g": {"a": 0.7, "b": 0.25, "c": 0.04, "d": 0.01}}
        failed = 0
        for _ in range(100):
            # On the edge of what is tolerated, where a false alarm is likeliest.
            edge = np.array([0.7 + 0.05 + 0.008 + 0.002, 0.2, 0.032, 0.008])
            g = rng.choice(list("abcd"), 1500, p=edge / edge.sum())
            failed += answer(make_data_context, {"g": g}, reference, ("g",))[0].status == "failed"
        assert failed <= 8

    def test_a_group_that_does_not_occur_is_lacking(self, make_data_context):
        reference = {"sex": {"f": 0.48, "m": 0.48, "x": 0.04}}
        [outcome] = answer(make_data_context, {"sex": ["f"] * 1000 + ["m"] * 1000}, reference)
        assert outcome.status == "failed"
        assert "x (fewer than 10 rows, against 4.0%; up to 84 rows" in outcome.message

    def test_rows_of_unknown_group_do_not_count_but_keep_it_from_passing(self, make_data_context):
        sex = np.array(["f"] * 1000 + ["m"] * 1000 + [None] * 60, dtype=object)
        [outcome] = answer(make_data_context, {"sex": sex}, HALVES)
        assert outcome.status == "passed"
        [outcome] = answer(make_data_context, {"sex": np.append(sex, [None] * 200)}, HALVES)
        assert outcome.status == "inconclusive"
        assert "The group is unknown in 11.5% of the rows" in outcome.message

    def test_weights_decide_the_shares(self, make_data_context):
        frame = {"sex": ["f"] * 600 + ["m"] * 1400, "w": [7.0] * 600 + [3.0] * 1400}
        [outcome] = answer(make_data_context, frame, HALVES, weight="w")
        assert outcome.status == "passed"

    def test_weights_of_nothing_but_zero_say_nothing(self, make_data_context):
        context = make_data_context(
            pd.DataFrame({"sex": ["f", "m"] * 50}), sensitive=["sex"], fairness={"reference": HALVES}
        )
        feature = context.features[0]
        assert measure_representation(feature, HALVES["sex"], np.zeros(100), 0.95) is None


class TestScope:
    def test_not_applicable_without_a_reference(self, make_data_context):
        [outcome] = answer(make_data_context, {"sex": ["f", "m"] * 50}, {})
        assert outcome.status == "not_applicable"

    def test_not_applicable_without_a_sensitive_feature(self, make_data_context):
        [outcome] = answer(make_data_context, {"x": [1.0, 2.0] * 50}, {}, ())
        assert outcome.status == "not_applicable"

    def test_features_without_a_reference_are_named(self, make_data_context):
        frame = {"sex": ["f", "m"] * 500, "age": ["old", "old", "young", "young"] * 250}
        first, second = answer(make_data_context, frame, HALVES, ("sex", "age"))
        assert first.status == "passed"
        assert second.status == "not_applicable"
        assert second.subject.columns == ("age",)

    def test_an_intersection_may_have_a_reference(self, make_data_context):
        frame = {"sex": ["f", "m"] * 2000, "age": ["old", "old", "young", "young"] * 1000}
        shares = dict.fromkeys(["f x old", "f x young", "m x old", "m x young"], 0.25)
        outcomes = answer(make_data_context, frame, {"sex x age": shares}, ("sex", "age"))
        assert [o.status for o in outcomes] == ["passed", "not_applicable"]

    def test_one_group_in_the_data_lacks_the_others(self, make_data_context):
        [outcome] = answer(make_data_context, {"sex": ["f"] * 300}, HALVES)
        assert outcome.status == "failed"

    def test_groups_that_the_reference_lacks_are_an_error(self, make_data_context):
        [outcome] = answer(make_data_context, {"sex": ["fe", "m"] * 500}, HALVES)
        assert outcome.status == "error"
        assert "lacks 1 group of the data: fe" in outcome.message
        assert "nobody is f" in outcome.message
        assert "fairness.reference" in outcome.remedy

    def test_unicode_and_numbers_name_groups(self, make_data_context):
        frame = {"géndèr": ["女", "男"] * 1000, "code": [0, 1] * 1000}
        reference = {"géndèr": {"女": 0.5, "男": 0.5}, "code": {0: 0.5, 1: 0.5}}
        outcomes = answer(make_data_context, frame, reference, ("géndèr", "code"))
        assert [o.status for o in outcomes] == ["passed", "passed"]

    def test_thousands_of_groups(self, make_data_context):
        rng = np.random.default_rng(0)
        feature = Feature("g", ("g",), tuple(f"g{i}" for i in range(5000)), rng.integers(0, 5000, 20_000))
        found = measure_representation(feature, dict.fromkeys(feature.groups, 1 / 5000), None, 0.95)
        assert found.is_simulated
        assert found.p_value > 0.001


class TestConfiguration:
    def of(self, reference, sensitive=("sex",)):
        return parse_config({"label": "y", "sensitive": list(sensitive), "fairness": {"reference": reference}})

    @pytest.mark.parametrize(
        ("reference", "words"),
        [
            ({"sex": {"f": 0.5, "m": 0.4}}, "the shares of sex must add up to 1, got 0.9"),
            ({"sex": {"f": 60, "m": 40}}, "must lie between 0 and 1, got 60"),
            ({"sex": {"f": 1.0, "m": 0.0}}, "greater than 0"),
            ({"sex": {"f": float("nan"), "m": 0.5}}, "sex.f"),
            ({"sex": {"f": 1.0}}, "sex must have two groups or more, got 1"),
            ({"sex": {}}, "sex must have two groups or more, got 0"),
            ({"gender": {"f": 0.5, "m": 0.5}}, "must name sensitive features, got gender. They are sex"),
        ],
    )
    def test_mistakes_are_told_before_anything_is_read(self, reference, words):
        with pytest.raises(ConfigurationError, match=words):
            self.of(reference)

    def test_a_reference_without_sensitive_features(self):
        with pytest.raises(ConfigurationError, match="List the columns under `sensitive`"):
            self.of(HALVES, ())

    def test_rounded_shares_are_taken(self):
        shares = self.of({"sex": {"f": 0.333, "m": 0.333, "x": 0.333}}).fairness.reference["sex"]
        found = measure_representation(feature_of({"f": 100, "m": 100, "x": 100}), shares, None, 0.95)
        assert found.reference.sum() == pytest.approx(1)
