"""The label disparity measures of FB002, against SciPy, against hand computation, and on what others got wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from assay.fairness.data.conditional import conditional_disparity, cross_strata
from assay.fairness.data.label_measures import class_label_measures, numeric_label_measures
from assay.fairness_config import FairnessConfig

KL, JS, TV = "Kullback-Leibler divergence", "Jensen-Shannon divergence", "total variation distance"
DPL, CDD = "difference in positive proportions", "conditional demographic disparity"
DISTANCES = (KL, JS, TV, "Lp norm", "Kolmogorov-Smirnov")


@pytest.fixture
def measure(make_data_context):
    """Measures of {group: {label: rows}} as a mapping (group, measure) -> row."""

    def build(counts, *, columns=None, **rest):
        rows = [(g, y) for g, labels in counts.items() for y, n in labels.items() for _ in range(n)]
        frame = pd.DataFrame(rows, columns=["g", "y"]).assign(x=1.0, **(columns or {}))
        frame.loc[0, "x"] = 2.0
        context = make_data_context(frame, sensitive=["g"], **rest)
        table = class_label_measures(context.dataset, context.features, context.config)
        return {(row.group if isinstance(row.group, str) else None, row.measure): row for row in table.itertuples()}

    return build


class TestClasses:
    def test_distances_are_scipys(self, measure):
        counts = {"a": {"x": 30, "y": 50, "z": 20}, "b": {"x": 70, "y": 60, "z": 70}, "c": {"x": 10, "y": 20, "z": 70}}
        found = measure(counts)
        p = np.array([0.3, 0.5, 0.2])
        q = np.array([80, 80, 140]) / 300
        assert found["a", KL].value == pytest.approx(stats.entropy(q, p))
        assert found["a", JS].value == pytest.approx(jensenshannon(p, q) ** 2)
        assert found["a", TV].value == pytest.approx(np.abs(p - q).sum() / 2)
        assert found["a", "Lp norm"].value == pytest.approx(np.linalg.norm(p - q))
        assert found["a", "Kolmogorov-Smirnov"].value == pytest.approx(np.abs(p - q).max())
        assert found["a", KL].n == 100

    def test_labels_that_occur_in_one_group_only_count(self, measure):
        # {x, y} against {x, z}: on the union of the labels half of the mass differs.
        found = measure({"a": {"x": 100, "y": 100}, "b": {"x": 100, "z": 100}})
        assert found["a", TV].value == pytest.approx(0.5)
        assert found["a", "Lp norm"].value == pytest.approx(np.sqrt(0.5))
        assert found["a", JS].value == pytest.approx(np.log(2) / 2)
        assert found["a", TV].low > 0.3

    def test_an_infinite_divergence_is_no_number(self, measure):
        found = measure({"a": {"x": 100, "y": 100}, "b": {"x": 100, "z": 100}})
        for group in ("a", "b", None):
            assert np.isnan([found[group, KL].value, found[group, KL].low, found[group, KL].high]).all()

    def test_disjoint_labels_lie_as_far_apart_as_can_be(self, measure):
        found = measure({"a": {"x": 100}, "b": {"y": 100}})
        assert found["a", TV].value == found["a", TV].high == 1
        assert found["a", JS].value == pytest.approx(np.log(2))

    def test_positive_proportions_by_hand(self, measure):
        counts = {"a": {"no": 80, "yes": 20}, "b": {"no": 30, "yes": 70}, "c": {"no": 50, "yes": 50}}
        found = measure(counts, positive="yes")
        # Clarify's sign: all others less the group, so that above 0 the group has fewer.
        assert found["a", DPL].value == pytest.approx(0.6 - 0.2)
        assert found["b", DPL].value == pytest.approx(0.35 - 0.7)
        assert found[None, DPL].value == pytest.approx(0.4)
        assert found["a", DPL].low < 0.4 < found["a", DPL].high

    def test_without_a_positive_label_there_is_no_such_difference(self, measure):
        assert ("a", DPL) not in measure({"a": {"x": 50, "y": 50, "z": 9}, "b": {"x": 50, "y": 50, "z": 9}})

    def test_class_imbalance_by_hand(self, measure):
        found = measure({"a": {"x": 150, "y": 150}, "b": {"x": 50, "y": 50}})
        assert found["b", "class imbalance"].value == pytest.approx((300 - 100) / 400)
        assert found["a", "class imbalance"].value == pytest.approx(-0.5)

    def test_equal_distributions_lie_at_zero_and_the_interval_holds_it(self, measure):
        found = measure({"a": {"x": 50, "y": 50}, "b": {"x": 500, "y": 500}})
        for name in DISTANCES:
            assert found["a", name].value == pytest.approx(0, abs=1e-9)
            assert found["a", name].low == 0 < found["a", name].high

    def test_all_one_label_is_not_certain_to_stay_so(self, measure):
        found = measure({"a": {"x": 60}, "b": {"x": 200, "y": 100}, "c": {"x": 60}})
        assert found["a", TV].high - found["a", TV].low > 0.05

    def test_weights_weigh(self, measure):
        counts = {"a": {"no": 100, "yes": 100}, "b": {"no": 100, "yes": 100}}
        weights = np.r_[np.full(100, 3.0), np.full(100, 1.0), np.ones(200)]
        found = measure(counts, columns={"w": weights}, weight="w", positive="yes")
        assert found["a", DPL].value == pytest.approx(0.5 - 0.25)
        plain = measure(counts, positive="yes")["b", TV]
        assert found["a", TV].high - found["a", TV].low > plain.high - plain.low

    def test_small_groups_are_measured_but_not_the_largest(self, measure):
        found = measure({"a": {"x": 12, "y": 0}, "b": {"x": 100, "y": 100}, "c": {"x": 100, "y": 100}})
        assert found["a", TV].value > 0.4
        assert found[None, TV].value < 0.1
        assert found["a", TV].n == 12
        assert found["b", TV].n == found[None, TV].n == 200

    def test_n_is_that_of_the_smaller_side(self, measure):
        # Against 5 other people the figures of "M" are theirs: 0.4 - 0.6 tells that 2 of the 5 have the label.
        found = measure({"M": {"no": 60, "yes": 90}, "F": {"no": 3, "yes": 2}}, positive="yes")
        assert found["M", DPL].value == pytest.approx(0.4 - 0.6)
        assert {found[group, name].n for group in ("M", "F", None) for name in (DPL, TV, KL)} == {5}

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.lists(st.integers(0, 60), min_size=3, max_size=3), min_size=2, max_size=4))
    def test_limits_hold_the_figure_and_renaming_changes_nothing(self, counts):
        from assay.fairness.data.measures import LabelTable, measure_table

        weight = np.array(counts, dtype=float)
        rows = weight.sum(axis=1).astype(int)
        config = FairnessConfig(min_group_size=10)
        for measure in measure_table(LabelTable(rows, weight.sum(axis=1), weight), 0, config):
            known = np.isfinite(measure.estimates) & np.isfinite(measure.low)
            assert (measure.low[known] <= measure.estimates[known] + 1e-9).all()
            assert (measure.estimates[known] <= measure.high[known] + 1e-9).all()
            # Without a group that can be compared there are none for all of them together.
            known &= np.isfinite(measure.joint_low)
            assert (measure.joint_low[known] <= measure.low[known] + 1e-9).all()
        mirrored = LabelTable(rows[::-1], weight.sum(axis=1)[::-1], weight[::-1, ::-1])
        for one, two in zip(
            measure_table(LabelTable(rows, weight.sum(axis=1), weight), None, config),
            measure_table(mirrored, None, config),
            strict=True,
        ):
            np.testing.assert_allclose(one.estimates, two.estimates[::-1], atol=1e-12)


class TestCoverage:
    @pytest.mark.parametrize(
        "p", [np.full((3, 4), 0.25), np.array([[0.1, 0.2, 0.3, 0.4], [0.25] * 4, [0.4, 0.3, 0.2, 0.1]])]
    )
    def test_intervals_hold_what_is_true(self, p):
        from assay.fairness.data.measures import LabelTable, measure_table

        rng, n = np.random.default_rng(2), np.array([600, 80, 200])
        others = (n[:, None] * p).sum(axis=0) - n[:, None] * p
        others /= others.sum(axis=1, keepdims=True)
        truth = np.abs(p - others).sum(axis=1) / 2
        runs, single, joint = 120, np.zeros(3), 0
        for _ in range(runs):
            weight = np.array([rng.multinomial(*pair) for pair in zip(n, p, strict=True)], dtype=float)
            [found] = [
                m
                for m in measure_table(LabelTable(n, n.astype(float), weight), None, FairnessConfig())
                if m.name == TV
            ]
            single += (found.low <= truth) & (truth <= found.high)
            joint += ((found.joint_low <= truth) & (truth <= found.joint_high)).all()
        assert (single / runs >= 0.9).all()
        assert joint / runs >= 0.9


class TestConditional:
    def test_by_hand(self):
        # Two departments; the group is 1/2 of the rejected and 1/2 of the accepted in each: no disparity within.
        accepted, rejected = np.array([[10.0, 10], [40, 40]]), np.array([[40.0, 40], [10, 10]])
        assert conditional_disparity(accepted, rejected) == pytest.approx([0, 0])
        accepted = np.array([[10.0, 30], [20, 20]])
        rejected = np.array([[40.0, 20], [10, 10]])
        first = 40 / 60 - 10 / 40
        assert conditional_disparity(accepted, rejected)[0] == pytest.approx((100 * first + 60 * 0) / 160)

    def test_a_stratum_without_both_outcomes_says_nothing(self):
        accepted, rejected = np.array([[10.0, 30], [50, 5]]), np.array([[40.0, 20], [0, 0]])
        assert conditional_disparity(accepted, rejected)[0] == pytest.approx(40 / 60 - 10 / 40)
        assert np.isnan(conditional_disparity(accepted[1:], rejected[1:])).all()

    def test_simpsons_paradox_vanishes_within_the_departments(self, make_data_context):
        rng = np.random.default_rng(0)
        n = 6000
        sex = rng.choice(["f", "m"], n)
        department = np.where(rng.random(n) < np.where(sex == "f", 0.8, 0.2), "hard", "easy")
        y = np.where(rng.random(n) < np.where(department == "hard", 0.2, 0.7), "yes", "no")
        frame = pd.DataFrame({"sex": sex, "dept": department, "y": y})
        context = make_data_context(frame, sensitive=["sex"], positive="yes", fairness={"control": ["dept"]})
        table = class_label_measures(context.dataset, context.features, context.config)
        women = table[table["group"] == "f"].set_index("measure")
        assert women.loc[DPL, "low"] > 0.2
        assert abs(women.loc[CDD, "value"]) < 0.05
        assert women.loc[CDD, "low"] < 0 < women.loc[CDD, "high"]

    def test_strata_are_combinations(self, make_data_context):
        frame = pd.DataFrame({"a": ["u", "v", None] * 40, "b": ["x", "z"] * 60, "g": ["p"] * 60 + ["q"] * 60})
        context = make_data_context(frame, sensitive=["g"])
        strata = cross_strata(context.dataset, ["a", "b"])
        pairs = frame.fillna("-").groupby(["a", "b"]).ngroup()
        assert len(np.unique(strata)) == 6
        assert len(set(zip(strata.tolist(), pairs.tolist(), strict=True))) == 6


class TestNumbers:
    @pytest.fixture
    def numeric(self, make_data_context):
        def build(g, values):
            frame = pd.DataFrame({"g": g, "y": values})
            context = make_data_context(frame, sensitive=["g"], task="regression")
            table = numeric_label_measures(context.dataset, context.features, np.asarray(values), context.config)
            return {
                (row.group if isinstance(row.group, str) else None, row.measure): row for row in table.itertuples()
            }

        return build

    def test_few_values_are_compared_as_scipy_does(self, numeric):
        rng = np.random.default_rng(0)
        g = rng.choice(["a", "b", "c"], 900)
        values = rng.integers(0, 40, 900) / 10 + (g == "a")
        found = numeric(g, values)
        a, others = values[g == "a"], values[g != "a"]
        assert found["a", "Kolmogorov-Smirnov"].value == pytest.approx(stats.ks_2samp(a, others).statistic)
        assert found["a", "Wasserstein distance"].value == pytest.approx(stats.wasserstein_distance(a, others))

    def test_many_values_are_compared_nearly_so(self, numeric):
        rng = np.random.default_rng(1)
        g = rng.choice(["a", "b"], 3000)
        values = rng.normal(size=3000) + 0.5 * (g == "a")
        found = numeric(g, values)
        a, others = values[g == "a"], values[g == "b"]
        ks = found["a", "Kolmogorov-Smirnov"]
        assert ks.value == pytest.approx(stats.ks_2samp(a, others).statistic, abs=1 / 200)
        assert ks.low < ks.value < ks.high
        assert found["a", "Wasserstein distance"].value == pytest.approx(
            stats.wasserstein_distance(a, others), abs=0.02
        )

    def test_no_disparity_is_not_excluded(self, numeric):
        rng = np.random.default_rng(3)
        found = numeric(rng.choice(["a", "b"], 500), rng.normal(size=500))
        assert found["a", "Kolmogorov-Smirnov"].low == 0

    def test_missing_labels_do_not_count(self, numeric):
        values = np.r_[np.arange(300.0), np.full(30, np.nan)]
        found = numeric(["a", "b"] * 165, values)
        assert found["a", "Kolmogorov-Smirnov"].n == 150


class TestEdges:
    def test_a_group_without_a_label_has_no_distance(self, make_data_context):
        frame = pd.DataFrame({"g": ["a"] * 100 + ["b"] * 100 + ["c"] * 100, "y": ["x", "y"] * 100 + [None] * 100})
        context = make_data_context(frame, sensitive=["g"])
        table = class_label_measures(context.dataset, context.features, context.config)
        of_c = table[(table["group"] == "c") & (table["measure"] == TV)]
        assert np.isnan(of_c["value"].item())
        assert of_c["n"].item() == 0

    def test_one_group_has_no_measures(self, make_data_context):
        context = make_data_context(pd.DataFrame({"g": ["a"] * 100}), sensitive=["g"])
        table = class_label_measures(context.dataset, context.features, context.config)
        assert table.empty
        assert list(table) == ["feature", "group", "measure", "value", "low", "high", "n"]

    def test_a_sensitive_feature_that_equals_the_label(self, make_data_context):
        frame = pd.DataFrame({"g": ["ja", "nein"] * 200, "y": ["yes", "no"] * 200})
        context = make_data_context(frame, sensitive=["g"], positive="yes")
        table = class_label_measures(context.dataset, context.features, context.config)
        found = table[table["group"] == "nein"].set_index("measure")
        assert found.loc[TV, "value"] == 1
        assert found.loc[DPL, "value"] == 1
        assert np.isnan(found.loc[KL, "value"])

    def test_many_classes_and_groups_are_measured_without_limits(self):
        from assay.fairness.data.measures import LabelTable, measure_table

        rng = np.random.default_rng(0)
        weight = rng.integers(1, 4, (2000, 300)).astype(float)
        table = LabelTable(weight.sum(axis=1).astype(int), weight.sum(axis=1), weight)
        for measure in measure_table(table, None, FairnessConfig())[1:]:
            assert np.isfinite(measure.estimates).all()
            assert np.isnan(measure.low).all()
