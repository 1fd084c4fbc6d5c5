"""Every rate against one line of masks, and against Fairlearn and scikit-learn on the rows."""

from __future__ import annotations

import fairlearn.metrics as fl
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from assay.fairness import assess_fairness
from assay.fairness.counts import count_cells
from assay.fairness.rates import compute_rates
from assay.fairness_config import FairnessConfig

CONFIG = FairnessConfig()


def random_rows(n=3000, seed=1):
    rng = np.random.default_rng(seed)
    sex = rng.choice(["Female", "Männlich <script>"], n)
    race = rng.choice(["a", "b", "c x d"], n, p=[0.6, 0.3, 0.1])
    y = np.where(rng.random(n) < 0.3 + 0.2 * (sex == "Female"), "good", "bad")
    pred = np.where(rng.random(n) < 0.8, y, rng.choice(["good", "bad"], n))
    return sex, race, y, pred


@pytest.fixture(scope="module")
def assessed(make_case):
    sex, race, y, pred = random_rows()
    dataset, predictions = make_case({"sex": sex, "race": race}, y, pred, positive="good")
    return assess_fairness(dataset, predictions, CONFIG)


def value(result, feature, group, metric, column="value"):
    t = result.by_group
    return t[(t["feature"] == feature) & (t["group"] == group) & (t["metric"] == metric)][column].item()


@pytest.mark.parametrize("group", ["Female", "Männlich <script>"])
def test_each_metric_equals_its_mask(assessed, group):
    sex, _, y, pred = random_rows()
    here, true, chosen = sex == group, y == "good", pred == "good"
    expected = {
        "base rate": (true, here),
        "selection rate": (chosen, here),
        "true positive rate": (chosen, here & true),
        "false positive rate": (chosen, here & ~true),
        "false negative rate": (~chosen, here & true),
        "precision": (true, here & chosen),
        "accuracy": (true == chosen, here),
    }
    for metric, (hit, case) in expected.items():
        assert value(assessed, "sex", group, metric) == pytest.approx(hit[case].mean()), metric
        assert value(assessed, "sex", group, metric, "n") == case.sum(), metric
        wilson = binomtest(int(hit[case].sum()), int(case.sum())).proportion_ci(0.95, method="wilson")
        assert value(assessed, "sex", group, metric, "low") == pytest.approx(wilson.low), metric
        assert value(assessed, "sex", group, metric, "high") == pytest.approx(wilson.high), metric


@pytest.mark.parametrize(
    ("metric", "function"),
    [
        ("selection rate", fl.selection_rate),
        ("true positive rate", fl.true_positive_rate),
        ("false positive rate", fl.false_positive_rate),
        ("false negative rate", fl.false_negative_rate),
        ("precision", sk.precision_score),
        ("accuracy", sk.accuracy_score),
    ],
)
def test_each_metric_equals_that_of_the_libraries_on_the_rows(assessed, metric, function):
    sex, race, y, pred = random_rows()
    both = np.array([f"{a} x {b}" for a, b in zip(sex, race, strict=True)])
    frame = fl.MetricFrame(
        metrics=function,
        y_true=(y == "good").astype(int),
        y_pred=(pred == "good").astype(int),
        sensitive_features=both,
    )
    t = assessed.by_group
    ours = t[(t["feature"] == "sex x race") & (t["metric"] == metric)].set_index("group")["value"]
    pd.testing.assert_series_equal(
        ours.sort_index(), frame.by_group.sort_index(), check_names=False, check_dtype=False
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), groups=st.integers(1, 5), n=st.integers(1, 60))
def test_weighted_rates_are_fairlearns_selection_rate_of_the_rows(seed, groups, n):
    rng = np.random.default_rng(seed)
    g, y, pred = rng.integers(0, groups, n), rng.integers(0, 2, n), rng.integers(0, 2, n)
    weights = rng.uniform(0.1, 5, n)
    rates = compute_rates(count_cells([(g, groups), (y, 2), (pred, 2)], weights), groups, ("bad", "good"), 1)
    cases = {
        "base rate": (y, np.ones(n)),
        "selection rate": (pred, np.ones(n)),
        "true positive rate": (pred, y),
        "false positive rate": (pred, 1 - y),
        "false negative rate": (1 - pred, y),
        "precision": (y, pred),
        "accuracy": ((y == pred).astype(int), np.ones(n)),
    }
    for metric, (hit, case) in cases.items():
        for group in range(groups):
            here = (g == group) & (case == 1)
            expected = fl.selection_rate(hit[here], hit[here], sample_weight=weights[here]) if here.any() else np.nan
            assert rates[metric].shares[group] == pytest.approx(expected, nan_ok=True), metric


def test_disparities_equal_fairlearn_on_the_rows(assessed):
    sex, _, y, pred = random_rows()
    y, pred = (y == "good").astype(int), (pred == "good").astype(int)
    d = assessed.disparities[assessed.disparities["feature"] == "sex"].set_index(["metric", "kind"])["value"]
    rows = {"y_true": y, "y_pred": pred, "sensitive_features": sex}
    assert d["selection rate", "difference"] == pytest.approx(fl.demographic_parity_difference(**rows))
    assert d["selection rate", "ratio"] == pytest.approx(fl.demographic_parity_ratio(**rows))
    assert d["equalized odds", "difference"] == pytest.approx(fl.equalized_odds_difference(**rows))


def test_counts_add_up_to_the_rows(assessed):
    assert (assessed.counts.groupby("feature")["n"].sum() == 3000).all()
    assert set(assessed.counts["y_true"]) == {"good", "bad"}


def test_a_group_without_positives_has_no_true_positive_rate(make_case, cells, of):
    # Fairlearn gives 0 for both the true positive and the false negative rate.
    group, y, pred = cells({"a": (80, 20, 10, 90), "b": (0, 0, 30, 70)})
    dataset, predictions = make_case({"g": group}, y, pred, positive="yes")
    result = assess_fairness(dataset, predictions, CONFIG)
    for metric in ("true positive rate", "false negative rate"):
        assert np.isnan(value(result, "g", "b", metric))
        assert value(result, "g", "b", metric, "n") == 0
        assert np.isnan(value(result, "g", "b", metric, "low"))
    [odds] = of(result, "FB011")
    assert odds.status == "inconclusive"
    assert odds.evidence.value is None
    tpr = result.disparities.query("metric == 'true positive rate'")
    assert tpr["value"].isna().all()
    assert tpr["worst"].item() is None


def test_text_labels_count_as_the_labels_they_are(make_case, cells):
    # Fairlearn's selection rate of texts is 0.0 in silence.
    group, y, pred = cells({"a": (50, 0, 25, 25), "b": (50, 0, 25, 25)})
    dataset, predictions = make_case({"g": group}, y, pred, positive="yes")
    result = assess_fairness(dataset, predictions, CONFIG)
    assert value(result, "g", "a", "selection rate") == 0.75


def test_the_positive_class_is_the_one_that_was_configured(make_case, cells):
    group, y, pred = cells({"a": (50, 0, 25, 25), "b": (50, 0, 25, 25)})
    dataset, predictions = make_case({"g": group}, y, pred, positive="no")
    result = assess_fairness(dataset, predictions, CONFIG)
    assert value(result, "g", "a", "selection rate") == 0.25
    assert value(result, "g", "a", "true positive rate") == 0.5


def test_missing_groups_are_a_group(make_case, cells):
    group, y, pred = cells({"a": (60, 40, 40, 60), "b": (60, 40, 40, 60)})
    group[:50] = None
    dataset, predictions = make_case({"g": group}, y, pred, positive="yes")
    result = assess_fairness(dataset, predictions, CONFIG)
    assert value(result, "g", "(missing)", "accuracy", "n") == 50
    assert result.counts["n"].sum() == 400


def test_only_trained_rows_count(make_case, cells):
    group, y, pred = cells({"a": (60, 40, 40, 60), "b": (60, 40, 40, 60)})
    y[:30] = None
    dataset, predictions = make_case({"g": group}, y, pred, positive="yes")
    assert assess_fairness(dataset, predictions, CONFIG).counts["n"].sum() == 370


def test_whole_weights_are_repeated_rows_with_fewer_effective_ones(make_case):
    sex, _, y, pred = random_rows(400, seed=3)
    times = np.random.default_rng(0).integers(0, 4, 400)
    dataset, predictions = make_case({"sex": sex}, y, pred, columns={"w": times}, positive="good", weight="w")
    weighted = assess_fairness(dataset, predictions, CONFIG)
    repeated = [np.repeat(column, times) for column in (sex, y, pred)]
    dataset, predictions = make_case({"sex": repeated[0]}, *repeated[1:], positive="good")
    plain = assess_fairness(dataset, predictions, CONFIG)
    np.testing.assert_allclose(weighted.by_group["value"], plain.by_group["value"])
    assert weighted.counts["n"].sum() == times.sum()
    here = (sex == "Female") & (times > 0)
    assert value(weighted, "sex", "Female", "accuracy", "n") == here.sum()
    kish = times[here].sum() ** 2 / (times[here] ** 2).sum()
    p = value(weighted, "sex", "Female", "accuracy")
    centre = (p + 1.959964**2 / (2 * kish)) / (1 + 1.959964**2 / kish)
    low, high = (value(weighted, "sex", "Female", "accuracy", end) for end in ("low", "high"))
    assert (low + high) / 2 == pytest.approx(centre, abs=1e-5)


def test_many_classes_without_a_favourable_one_are_rated_each(make_case):
    rng = np.random.default_rng(5)
    g = rng.choice(["u", "v"], 900)
    y = rng.choice(["cat", "dog", "eel"], 900)
    pred = np.where(rng.random(900) < 0.7, y, "dog")
    dataset, predictions = make_case({"g": g}, y, pred)
    result = assess_fairness(dataset, predictions, CONFIG)
    assert value(result, "g", "u", "true positive rate [eel]") == pytest.approx(
        (pred == "eel")[(g == "u") & (y == "eel")].mean()
    )
    assert value(result, "g", "v", "selection rate [dog]") == pytest.approx((pred == "dog")[g == "v"].mean())
    assert value(result, "g", "v", "accuracy") == pytest.approx((pred == y)[g == "v"].mean())
    assert not result.by_group["metric"].eq("precision").any()


def test_a_favourable_class_among_many_is_held_against_the_rest(make_case):
    rng = np.random.default_rng(6)
    g, y = rng.choice(["u", "v"], 900), rng.choice(["cat", "dog", "eel"], 900)
    pred = np.where(rng.random(900) < 0.7, y, "dog")
    dataset, predictions = make_case({"g": g}, y, pred, positive="dog")
    result = assess_fairness(dataset, predictions, CONFIG)
    here = (g == "u") & (y != "dog")
    assert value(result, "g", "u", "false positive rate") == pytest.approx((pred == "dog")[here].mean())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=60))
def test_rates_of_any_rows_equal_their_masks(rows):
    group, y, pred = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    found = compute_rates(count_cells(((group, 4), (y, 2), (pred, 2)), None), 4, ("no", "yes"), 1)
    for g in range(4):
        hits = pred[(group == g) & (y == 1)]
        assert found["true positive rate"].rows[g] == len(hits)
        np.testing.assert_allclose(found["true positive rate"].shares[g], hits.mean() if len(hits) else np.nan)


class TestMeans:
    """Means of rates that rest on different rows."""

    def classes(self, seed=3, n=900):
        rng = np.random.default_rng(seed)
        group, y = rng.choice(["u", "v"], n), rng.choice(["cat", "dog", "été"], n, p=[0.6, 0.3, 0.1])
        pred = np.where(rng.random(n) < np.where(group == "u", 0.9, 0.7), y, rng.choice(["cat", "dog", "été"], n))
        return group, y, pred

    def test_the_macro_true_positive_rate_is_the_balanced_accuracy_of_each_group(self, make_case):
        group, y, pred = self.classes()
        result = assess_fairness(*make_case({"g": group}, y, pred), CONFIG)
        for name in ("u", "v"):
            expected = sk.balanced_accuracy_score(y[group == name], pred[group == name])
            assert value(result, "g", name, "macro true positive rate") == pytest.approx(expected)
            assert value(result, "g", name, "macro true positive rate", "n") == (group == name).sum()

    def test_each_class_has_all_rates_of_one_against_the_rest(self, make_case):
        group, y, pred = self.classes()
        result = assess_fairness(*make_case({"g": group}, y, pred), CONFIG)
        here = group == "v"
        for name in ("cat", "dog", "été"):
            true, chosen = (y == name)[here], (pred == name)[here]
            expected = {
                "base rate": true.mean(),
                "selection rate": chosen.mean(),
                "true positive rate": chosen[true].mean(),
                "false positive rate": chosen[~true].mean(),
                "false negative rate": (~chosen)[true].mean(),
                "precision": true[chosen].mean(),
            }
            for metric, share in expected.items():
                assert value(result, "g", "v", f"{metric} [{name}]") == pytest.approx(share), metric

    def test_the_average_odds_difference_is_that_of_the_field(self, make_case):
        # Bellamy et al. 2018 (AIF360): half the sum of the differences in true and in false positive rates.
        rng = np.random.default_rng(9)
        group, y = rng.choice(["u", "v"], 800), rng.choice(["no", "yes"], 800)
        pred = np.where(rng.random(800) < np.where(group == "u", 0.9, 0.7), y, "yes")
        result = assess_fairness(*make_case({"g": group}, y, pred, positive="yes"), CONFIG)
        rates = {(g, c): (pred == "yes")[(group == g) & (y == c)].mean() for g in ("u", "v") for c in ("no", "yes")}
        expected = abs(sum(rates["u", c] - rates["v", c] for c in ("no", "yes"))) / 2
        found = result.disparities.set_index("metric").loc["average odds"]
        assert found["value"] == pytest.approx(expected)
        assert found["low"] <= expected <= found["high"]

    def test_the_interval_of_a_mean_is_that_of_a_bootstrap(self, make_case):
        group, y, pred = self.classes(n=3000)
        result = assess_fairness(*make_case({"g": group}, y, pred), CONFIG)
        rng = np.random.default_rng(1)
        here = group == "v"
        recalls = [
            rng.binomial(n, p, 20_000) / n
            for n, p in (((here & (y == c)).sum(), (pred == c)[here & (y == c)].mean()) for c in ("cat", "dog", "été"))
        ]
        low, high = np.quantile(np.mean(recalls, axis=0), (0.025, 0.975))
        assert value(result, "g", "v", "macro true positive rate", "low") == pytest.approx(low, abs=0.006)
        assert value(result, "g", "v", "macro true positive rate", "high") == pytest.approx(high, abs=0.006)

    def test_without_rows_of_a_class_there_is_no_mean(self, make_case):
        group, y = np.repeat(["u", "v"], 300), np.tile(["cat", "dog", "eel"], 200)
        y[(group == "v") & (y == "eel")] = "dog"
        result = assess_fairness(*make_case({"g": group}, y, y), CONFIG)
        assert np.isnan(value(result, "g", "v", "macro true positive rate"))
        assert value(result, "g", "u", "macro true positive rate") == 1
        [row] = result.disparities[result.disparities["metric"] == "macro true positive rate"].to_dict("records")
        assert row["status"] == "inconclusive"
        assert np.isnan(row["value"])
