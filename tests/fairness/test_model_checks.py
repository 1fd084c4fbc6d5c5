"""FB010 to FB013: whom a model would treat how, and who cannot be judged."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from assay.errors import ContractError
from assay.fairness import assess_fairness
from assay.fairness_config import FairnessConfig

CONFIG = FairnessConfig()
FAIR = (425, 75, 75, 425)


@pytest.fixture
def assess(make_case, cells):
    def run(counts, config=CONFIG, **settings):
        group, y, pred = cells(counts)
        return assess_fairness(*make_case({"g": group}, y, pred, positive="yes", **settings), config)

    return run


class TestDemographicParity:
    def test_fires_and_warns(self, assess, of):
        [finding] = of(assess({"a": (750, 150, 150, 750), "b": (300, 60, 300, 1140)}), "FB010")
        assert finding.status == "failed"
        assert finding.severity == "warning"
        assert finding.evidence.value == pytest.approx(900 / 1800 - 600 / 1800)

    def test_the_ratio_fails_where_the_difference_is_tolerated(self, assess, of):
        [finding] = of(assess({"a": (120, 0, 0, 2880), "b": (15, 15, 0, 2970)}), "FB010")
        assert finding.status == "failed"
        assert finding.evidence.metric == "selection rate ratio"
        assert finding.evidence.value == pytest.approx((15 / 3000) / (120 / 3000))
        assert finding.evidence.threshold == 0.8

    def test_stays_quiet(self, assess, of):
        assert of(assess({"a": FAIR, "b": FAIR}), "FB010")[0].status == "passed"

    def test_nobody_selected_has_no_ratio(self, assess, of):
        [finding] = of(assess({"a": (0, 500, 0, 500), "b": (0, 500, 0, 500)}), "FB010")
        assert finding.status == "inconclusive"
        assert "0 in every group" in finding.message


class TestEqualizedOdds:
    def test_a_planted_gap_fails_and_blocks(self, assess, of):
        # 500 rows a group, half of them positive, true positive rates .85 and .60.
        result = assess({"a": (213, 37, 37, 213), "b": (150, 100, 37, 213)})
        [finding] = of(result, "FB011")
        assert finding.status == "failed"
        assert finding.blocks
        assert finding.evidence.value == pytest.approx(213 / 250 - 0.6)
        assert "60.0% for g = b and 85.2% for g = a" in finding.message
        assert finding.evidence.between == ("b", "a")
        [swapped] = of(assess({"b": (213, 37, 37, 213), "a": (150, 100, 37, 213)}), "FB011")
        assert swapped.evidence.between == ("a", "b")
        assert swapped.evidence.value == finding.evidence.value

    @pytest.mark.parametrize("seed", range(5))
    def test_a_fair_model_on_five_thousand_rows_passes(self, make_case, of, seed):
        rng = np.random.default_rng(seed)
        g, y = rng.choice(["a", "b"], 5000), rng.choice(["no", "yes"], 5000)
        pred = np.where(rng.random(5000) < 0.85, y, np.where(y == "yes", "no", "yes"))
        result = assess_fairness(*make_case({"g": g}, y, pred, positive="yes"), CONFIG)
        assert of(result, "FB011")[0].status == "passed"

    @pytest.mark.parametrize("seed", range(10))
    def test_six_fair_groups_of_unlike_size_never_fail(self, make_case, seed):
        rng = np.random.default_rng(seed)
        g = np.repeat(list("abcdef"), [1200, 600, 300, 150, 80, 40])
        y = rng.choice(["no", "yes"], len(g))
        pred = np.where(rng.random(len(g)) < 0.8, y, np.where(y == "yes", "no", "yes"))
        result = assess_fairness(*make_case({"g": g}, y, pred, positive="yes"), CONFIG)
        # The scores of this case, all of 0.9 for a model that is right in 80%, are not calibrated (FB015).
        assert not [f for f in result.findings if f.status == "failed" and f.code != "FB015"]

    def test_the_number_of_cases_it_asks_for_decides(self, assess):
        from assay.fairness.disparity import DIFFERENCE, Ruler, compare
        from assay.fairness.rates import Rates

        def judged(n):
            rates = Rates("true positive rate", np.array([0.8, 0.75]), np.array([n, n]), np.array([n, n]) * 1.0, "yes")
            return compare(rates, np.array([2 * n, 2 * n]), DIFFERENCE, Ruler(0.99, 50, 0.1, 0.8))

        before = judged(60)
        assert before.status == "inconclusive"
        assert before.rows_needed == 2 * before.cases_needed
        assert judged(before.cases_needed).status == "passed"
        assert judged(int(before.cases_needed * 0.9)).status == "inconclusive"

    def test_an_intersection_warns_only(self, make_case, of):
        rng = np.random.default_rng(0)
        a, b = rng.choice(["f", "m"], 8000), rng.choice(["x", "y"], 8000)
        y = rng.choice(["no", "yes"], 8000)
        # Only one of the four combinations fares badly, and each feature by itself half as much.
        right = rng.random(8000) < np.where((a == "f") & (b == "x"), 0.5, 0.9)
        pred = np.where(right, y, np.where(y == "yes", "no", "yes"))
        result = assess_fairness(*make_case({"a": a, "b": b}, y, pred, positive="yes"), CONFIG)
        [both] = of(result, "FB011", ("a", "b"))
        assert both.status == "failed"
        assert both.severity == "warning"
        assert of(result, "FB011", ("a",))[0].severity == "critical"
        assert set(result.by_group.query("feature == 'a x b'")["group"]) == {"f x x", "f x y", "m x x", "m x y"}

    def test_no_intersection_where_none_is_wanted(self, make_case):
        g, y = np.tile(["f", "f", "m", "m"], 100), np.tile(["no", "yes"], 200)
        b = np.tile(["x", "y", "y", "x"], 100)
        result = assess_fairness(*make_case({"a": g, "b": b}, y, y), FairnessConfig(intersections=False))
        assert set(result.by_group["feature"]) == {"a", "b"}

    def test_every_class_counts_where_none_is_favourable(self, make_case, of):
        rng = np.random.default_rng(1)
        g, y = rng.choice(["u", "v"], 6000), rng.choice(["cat", "dog", "eel"], 6000)
        worse = (g == "u") & (y == "eel") & (rng.random(6000) < 0.5)
        pred = np.where(worse, "cat", y)
        result = assess_fairness(*make_case({"g": g}, y, pred), CONFIG)
        [finding] = of(result, "FB011")
        assert finding.status == "failed"
        assert "true positive rate [eel]" in finding.message
        combined = result.disparities.query("metric == 'equalized odds'")
        assert combined["value"].item() == pytest.approx(0.5, abs=0.05)

    def test_a_rare_class_is_left_out_and_named(self, make_case, of):
        rng = np.random.default_rng(1)
        g = rng.choice(["u", "v"], 6000)
        y = np.array(["cat"] * 3000 + ["dog"] * 2990 + ["eel"] * 10)
        result = assess_fairness(*make_case({"g": g}, y, y), CONFIG)
        assert of(result, "FB011")[0].status == "passed"
        [rare] = of(result, "FB013")
        assert rare.status == "inconclusive"
        assert "true positive rate [eel]" in rare.message

    def test_equal_rates_are_those_of_two_groups(self, assess, of):
        result = assess({"a": FAIR, "b": FAIR})
        assert (result.disparities["worst"] != result.disparities["best"]).all()
        assert "85.0% for g = a and 85.0% for g = b" in of(result, "FB011")[0].message


class TestAccuracy:
    def test_fires(self, assess, of):
        [finding] = of(assess({"a": (450, 50, 50, 450), "b": (350, 150, 150, 350)}), "FB012")
        assert finding.status == "failed"
        assert "The accuracy differs by 20.0 points" in finding.message

    def test_stays_quiet(self, assess, of):
        assert of(assess({"a": FAIR, "b": FAIR}), "FB012")[0].status == "passed"


class TestTooSmall:
    def test_a_small_group_is_named_and_left_out(self, assess, of):
        result = assess({"a": FAIR, "b": FAIR, "c <b>": (3, 1, 1, 7)})
        [finding] = of(result, "FB013")
        assert finding.status == "inconclusive"
        assert finding.severity == "warning"
        assert finding.subject.group == "g = c <b>"
        assert finding.evidence.value == 12
        assert "too few rows that can be judged (12, fewer than 50)" in finding.message
        [odds] = of(result, "FB011")
        assert odds.status == "passed"
        assert "g = c <b>" in odds.message

    def test_the_rows_it_asks_for_follow_the_formula(self, assess, of):
        result = assess({"a": FAIR, "b": FAIR, "c": (3, 1, 1, 7)}, FairnessConfig(min_group_size=13))
        found = int(of(result, "FB013")[0].message.split("At least about ")[1].split(" rows")[0].replace(",", ""))
        # Three groups, seven comparisons: between the critical value of one pair and that of all by Bonferroni.
        worst = 0.25 / 0.1**2
        assert norm.ppf(1 - 0.05 / 2) ** 2 * worst < found < 1.05 * norm.ppf(1 - 0.05 / 7 / 3 / 2) ** 2 * worst

    def test_a_group_with_few_positives_is_left_out_of_their_rate_only(self, assess, of):
        result = assess({"a": FAIR, "b": FAIR, "c": (4, 2, 30, 200)})
        [finding] = of(result, "FB013")
        assert "the true positive rate (fewer than 10 rows with the positive label)" in finding.message
        assert "false positive rate" not in finding.message
        tpr = result.disparities.query("metric == 'true positive rate'")
        assert tpr["value"].item() == 0

    def test_one_comparable_group_is_not_enough(self, assess, of):
        result = assess({"a": FAIR, "b": (5, 5, 5, 5)})
        [odds] = of(result, "FB011")
        assert odds.status == "inconclusive"
        assert odds.blocks
        assert odds.evidence.value is None

    def test_enough_rows_pass(self, assess, of):
        assert of(assess({"a": FAIR, "b": FAIR}), "FB013")[0].status == "passed"

    def test_a_group_without_any_judged_row_is_named(self, make_case, cells, of):
        group, y, pred = cells({"a": FAIR, "b": FAIR, "c": (30, 30, 30, 30)})
        y[group == "c"] = None
        result = assess_fairness(*make_case({"g": group}, y, pred, positive="yes"), CONFIG)
        assert of(result, "FB013")[0].subject.group == "g = c"
        assert of(result, "FB013")[0].evidence.value == 0

    def test_an_intersection_is_one_finding_with_a_table(self, make_case, of):
        rng = np.random.default_rng(0)
        a, b = rng.choice([f"a{i}" for i in range(50)], 3000), rng.choice(["u", "v", "w"], 3000)
        y = rng.choice(["no", "yes"], 3000)
        result = assess_fairness(*make_case({"a": a, "b": b}, y, y, positive="yes"), CONFIG)
        [finding] = of(result, "FB013", ("a", "b"))
        assert finding.evidence.value == finding.evidence.n == 150
        assert len(finding.evidence.table.rows) == 30
        assert len(result.by_group.query("feature == 'a x b' and metric == 'accuracy'")) == 150


def test_names_that_read_alike_are_kept_apart(make_case):
    a = np.array(["p", "p x q", "z"] * 100)
    b = np.array(["q x r", "r", "z"] * 100)
    y = np.tile(["no", "yes"], 150)
    result = assess_fairness(*make_case({"a": a, "b": b}, y, y), CONFIG)
    # The two columns split the rows alike: their intersection is nothing new.
    assert set(result.by_group["feature"]) == {"a", "b"}
    b[::7] = "z"
    result = assess_fairness(*make_case({"a": a, "b": b}, y, y), CONFIG)
    names = result.by_group.query("feature == 'a x b' and metric == 'accuracy'")["group"]
    assert names.is_unique
    assert '"p" x "q x r"' in set(names)


def test_a_positive_class_that_was_not_learned_is_an_obstacle(make_case):
    y = np.array(["a", "b", "c"] * 60)
    dataset, predictions = make_case({"g": np.repeat(["u", "v"], 90)}, y, y, positive="c")
    labels = np.where(predictions.labels == 2, -1, predictions.labels)
    predictions = replace(
        predictions, classes=("a", "b"), labels=labels, pred_probs=predictions.pred_probs[:, :2], trained=labels >= 0
    )
    result = assess_fairness(dataset, predictions, CONFIG)
    model = [f for f in result.findings if f.code in ("FB002", "FB010", "FB011", "FB012", "FB013")]
    assert {f.status for f in model} == {"inconclusive"}
    assert "too few rows to be learned" in model[0].message


def test_classes_are_matched_by_name(make_case):
    y = np.array(["a", "b", "c"] * 60)
    dataset, predictions = make_case({"g": np.repeat(["u", "v"], 90)}, y, y, positive="c")
    keep = predictions.labels > 0
    predictions = replace(
        predictions,
        classes=("b", "c"),
        labels=predictions.labels - 1,
        pred_probs=predictions.pred_probs[:, 1:],
        trained=keep,
    )
    result = assess_fairness(dataset, predictions, CONFIG)
    base = result.by_group.query("metric == 'base rate'")["value"]
    assert (base == 0.5).all()
    assert set(result.counts["y_true"]) == {"b", "c"}


def test_nothing_judged_is_inconclusive(make_case):
    y = np.tile(["no", "yes"], 50)
    dataset, predictions = make_case({"g": np.repeat(["u", "v"], 50)}, y, y)
    result = assess_fairness(dataset, replace(predictions, trained=np.zeros(100, dtype=bool)), CONFIG)
    assert next(f for f in result.findings if f.code == "FB011").status == "inconclusive"


def test_predictions_of_other_rows_are_refused(make_case):
    y = np.tile(["no", "yes"], 50)
    dataset, predictions = make_case({"g": np.repeat(["u", "v"], 50)}, y, y)
    with pytest.raises(ContractError) as refused:
        assess_fairness(
            dataset, replace(predictions, pred_probs=predictions.pred_probs[:9], labels=predictions.labels[:8]), CONFIG
        )
    assert len(refused.value.problems) == 2
    probs = predictions.pred_probs.copy()
    probs[3, 0] = math.nan
    with pytest.raises(ContractError, match="1 rows with NaN"):
        assess_fairness(dataset, replace(predictions, pred_probs=probs), CONFIG)


def test_renaming_and_reordering_change_no_figure(make_case, cells):
    group, y, pred = cells({"a": (60, 20, 10, 90), "b": (50, 30, 30, 70)})
    first = assess_fairness(*make_case({"g": group}, y, pred, positive="yes"), CONFIG)
    order = np.random.default_rng(0).permutation(len(group))
    renamed = np.where(group == "a", "zeta", "alpha")[order]
    second = assess_fairness(*make_case({"g": renamed}, y[order], pred[order], positive="yes"), CONFIG)
    columns = ["value", "low", "high"]
    np.testing.assert_allclose(first.disparities[columns], second.disparities[columns])
