"""FB021: how much of the disparities wrong labels may make."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import ContractError
from assay.fairness import assess_label_effect
from assay.fairness.labels.figures import VIEWS, WIDEST_TOLD
from assay.fairness.labels.noise_matrix import correct
from assay.fairness.labels.tipping import find_tipping
from assay.fairness_config import FairnessConfig
from assay.findings import Status
from assay.results import LabelNoiseResult

CONFIG = FairnessConfig()
RIGHT = (0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def make_audit():
    """What a label audit of `dataset` says: rates {(group, true class): (rate, low, high)}, 0 where not named."""

    def build(dataset, rates=None, suspect=None, wrong=None, shares=None):
        n, feature = len(dataset), dataset.groups.columns[0] if len(dataset.groups.columns) else "none"
        codes = dataset.labels.codes
        suspect = np.zeros(n, dtype=bool) if suspect is None else suspect
        groups = sorted(dataset.groups[feature].unique()) if len(dataset.groups.columns) else []
        noise = [
            (feature, group, true, n, *(rates or {}).get((group, true), RIGHT))
            for group in groups
            for true in ("positive", "negative")
        ]
        estimates = [(feature, group, n, 0, *(shares or {}).get(group, RIGHT)) for group in groups]
        return LabelNoiseResult(
            findings=(),
            quality=np.where(codes >= 0, 1 - (suspect * 0.9 if wrong is None else wrong), np.nan),
            suspect=suspect,
            suggested=np.where(suspect, 1 - codes, codes),
            judged=codes >= 0,
            estimates=pd.DataFrame(estimates, columns=["by", "name", "n", "suspects", "share", "low", "high"]),
            noise_rates=pd.DataFrame(noise, columns=["feature", "group", "true", "n", "rate", "low", "high"]),
        )

    return build


def value_of(effect, metric, view):
    table = effect.table
    return table[(table["metric"] == metric) & (table["view"] == view)].iloc[0]


def only(effect):
    assert {f.code for f in effect.findings} == {"FB021"}
    (finding,) = effect.findings
    return finding


rate = st.floats(0, 0.45)
part = st.floats(1, 1000)


@given(st.tuples(part, part, part, part), rate, rate)
def test_what_the_noise_made_is_undone(counts, to_positive, to_negative):
    tp, fn, fp, tn = counts
    true = np.array([[[tn, fp], [fn, tp]]])
    flips = np.array([[1 - to_positive, to_positive], [to_negative, 1 - to_negative]])
    noisy = np.einsum("tg,xtk->xgk", flips, true)
    found = correct(noisy, np.array([to_positive]), np.array([to_negative]))
    # Where predictions say next to nothing of the labels, rounding is magnified.
    if abs(tp / (tp + fp) - fn / (fn + tn)) > 0.05:
        np.testing.assert_allclose(found, true, rtol=1e-6, atol=1e-6 * true.sum())


def test_a_rate_is_cut_where_more_labels_would_be_wrong_than_contradict():
    # 20 of 100 predicted negative are labelled positive, so at most a fifth of the negatives lost its label.
    table = np.array([[[80.0, 40.0], [20.0, 60.0]]])
    found = correct(table, np.array([0.5]), np.array([0.0]))
    np.testing.assert_allclose(found, [[[100, 50], [0, 50]]])


def test_labels_that_do_not_depend_on_the_predictions_cannot_be_corrected():
    table = np.array([[[50.0, 50.0], [50.0, 50.0]]])
    assert np.isnan(correct(table, np.array([0.5]), np.array([0.5]))).all()
    assert np.isnan(correct(table, np.array([np.nan]), np.array([0.1]))).any()


def test_known_flips_are_recovered_exactly(make_case, make_audit, cells):
    # True tables (tp, fn, fp, tn): women (80, 20, 30, 270), men (160, 40, 20, 180). A quarter of the women's
    # positives is recorded as negative, whatever is predicted: 20 of the 80 and 5 of the 20.
    group, y_true, y_pred = cells({"f": (60, 15, 50, 275), "m": (160, 40, 20, 180)})
    dataset, predictions = make_case({"sex": group}, y_true, y_pred, positive="yes")
    effect = assess_label_effect(dataset, predictions, make_audit(dataset, {("f", "positive"): (0.25,) * 3}), CONFIG)
    assert value_of(effect, "base rate difference", "observed")["value"] == pytest.approx(0.5 - 75 / 400)
    assert value_of(effect, "base rate difference", "noise corrected")["value"] == pytest.approx(0.5 - 100 / 400)
    assert value_of(effect, "false positive rate difference", "observed")["value"] == pytest.approx(50 / 325 - 0.1)
    corrected = value_of(effect, "false positive rate difference", "noise corrected")
    assert corrected["value"] == pytest.approx(0, abs=1e-12)
    assert corrected["low"] == 0
    # The true positive rate does not depend on lost positives, and the selection rate on no label.
    for metric, expected in {"true positive rate": 0.0, "demographic parity": abs(110 / 400 - 180 / 400)}.items():
        for view in ("observed", "noise corrected"):
            assert value_of(effect, f"{metric} difference", view)["value"] == pytest.approx(expected, abs=1e-12)


def test_without_noise_the_corrected_figures_are_the_observed_ones(make_case, make_audit, cells):
    group, y_true, y_pred = cells({"a": (250, 250, 150, 850), "b": (750, 250, 100, 900), "c": (350, 150, 125, 375)})
    dataset, predictions = make_case({"g": group}, y_true, y_pred, positive="yes")
    effect = assess_label_effect(dataset, predictions, make_audit(dataset), CONFIG)
    for metric in effect.table["metric"].unique():
        before, after = (value_of(effect, metric, view) for view in ("observed", "noise corrected"))
        assert after["value"] == pytest.approx(before["value"])
        assert (after["low"], after["high"]) == pytest.approx((before["low"], before["high"]), abs=0.02)
    assert only(effect).status is Status.PASSED


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.16])
def test_equal_noise_shrinks_a_base_rate_difference_by_a_known_factor(make_case, make_audit, cells, noise):
    # No more than 250 of the 1,500 that are predicted negative can be wrong in group a: 0.167.
    group, y_true, y_pred = cells({"a": (250, 250, 250, 1250), "b": (1000, 250, 250, 500)})
    dataset, predictions = make_case({"g": group}, y_true, y_pred, positive="yes")
    audit = make_audit(dataset, {(g, t): (noise,) * 3 for g in "ab" for t in ("positive", "negative")})
    effect = assess_label_effect(dataset, predictions, audit, CONFIG)
    before, after = (value_of(effect, "base rate difference", v)["value"] for v in ("observed", "noise corrected"))
    assert after == pytest.approx(before / (1 - 2 * noise))


def test_an_uncertain_noise_rate_widens_the_interval_and_cannot_be_told(make_case, make_audit, cells):
    group, y_true, y_pred = cells({"a": (180, 220, 100, 1500), "b": (720, 80, 100, 1100)})
    dataset, predictions = make_case({"g": group}, y_true, y_pred, positive="yes")
    sure = assess_label_effect(dataset, predictions, make_audit(dataset), CONFIG)
    audit = make_audit(dataset, {("a", "negative"): (0.05, 0.0, 0.2)})
    unsure = assess_label_effect(dataset, predictions, audit, CONFIG)
    name = "true positive rate difference"
    assert value_of(sure, name, "noise corrected")["low"] > 0.3
    assert value_of(unsure, name, "noise corrected")["low"] < 0.1
    assert only(sure).status is Status.PASSED
    assert only(unsure).status is Status.INCONCLUSIVE
    assert len(unsure.review) == 0  # no label has any probability of being wrong


def test_it_fails_where_the_labels_decide(make_case, make_audit, cells):
    # True tables are alike. Of the men's negatives a tenth is recorded as positive: 15 of 150 and 285 of 2850.
    group, y_true, y_pred = cells({"f": (2700, 300, 150, 2850), "m": (2715, 585, 135, 2565)})
    dataset, predictions = make_case({"sex": group}, y_true, y_pred, positive="yes")
    audit = make_audit(
        dataset,
        {("m", "negative"): (0.1, 0.09, 0.11)},
        wrong=np.where(y_true != y_pred, 0.5, 0.01),
        shares={"m": (0.05, 0.04, 0.06)},
    )
    finding = only(effect := assess_label_effect(dataset, predictions, audit, FairnessConfig(tolerance=0.04)))
    assert finding.status is Status.FAILED
    assert finding.severity == "warning"
    assert "would explain all of it; the audit estimates" in finding.message
    # Flips of the two groups' positives that the models contradict move the rate most.
    first = effect.review.iloc[0]
    assert y_true[first["position"]] == "yes"
    assert y_pred[first["position"]] == "no"
    assert effect.review["influence"].is_monotonic_decreasing
    assert len(effect.review) == 1000
    assert finding.evidence.rows is None  # a list to work through, and no claim that these labels are wrong


def test_influence_is_the_change_by_one_flip_times_its_probability(make_case, make_audit, cells):
    group, y_true, y_pred = cells({"f": (40, 60, 50, 150), "m": (90, 10, 20, 180)})
    dataset, predictions = make_case({"sex": group}, y_true, y_pred, positive="yes")
    wrong = np.where((group == "f") & (y_true == "yes") & (y_pred == "no"), 0.3, 0.0)
    audit = make_audit(dataset, {("f", "negative"): (0.1, 0.0, 0.3)}, wrong=wrong)
    effect = assess_label_effect(dataset, predictions, audit, CONFIG)
    assert len(effect.review) == 60
    # The true positive rate of the women is 40 of 100, and 40 of 99 without the row.
    np.testing.assert_allclose(effect.review["influence"], 0.3 * (40 / 99 - 0.4))


@pytest.mark.parametrize("name", ["base rate", "true positive rate", "false positive rate"])
def test_tipping_noise_makes_the_rates_equal(name):
    def rate(table, group):
        if name == "base rate":
            return table[group, 1].sum() / table[group].sum()
        label = int(name == "true positive rate")
        return table[group, label, 1] / table[group, label].sum()

    table = np.array([[[700.0, 100.0], [80.0, 120.0]], [[600.0, 60.0], [90.0, 250.0]]])
    top, bottom = (0, 1) if rate(table, 0) > rate(table, 1) else (1, 0)
    found = find_tipping(name, table, top, bottom)
    assert found
    for (group, kind), share in found.items():
        # The flip rates that make this share of wrong labels: found by bisection on the share.
        low, high = 0.0, 0.5
        for _ in range(60):
            flip = (low + high) / 2
            a, b = (flip * (kind != "to negative"), flip * (kind != "to positive"))
            p = (table[group, 1].sum() / table[group].sum() - a) / (1 - a - b)
            low, high = (flip, high) if a * (1 - p) + b * p < share else (low, flip)
        rates = np.zeros((2, 2))
        rates[group] = a, b
        corrected = correct(table, rates[:, 0], rates[:, 1])
        assert rate(corrected, top) == pytest.approx(rate(corrected, bottom), abs=1e-6)


def test_a_base_rate_tips_at_its_own_difference(make_case, make_audit, cells):
    group, y_true, y_pred = cells({"f": (80, 40, 100, 180), "m": (150, 50, 60, 140)})
    dataset, predictions = make_case({"sex": group}, y_true, y_pred, positive="yes")
    tipping = assess_label_effect(dataset, predictions, make_audit(dataset), CONFIG).tipping.set_index("metric")[
        "value"
    ]
    assert tipping["base rate difference"] == pytest.approx(0.2)
    assert np.isnan(tipping["demographic parity difference"])


def test_removing_the_suspects_warns_where_a_group_loses_its_positives(make_case, make_audit, cells):
    group, y_true, y_pred = cells({"f": (120, 80, 40, 360), "m": (380, 20, 40, 360)})
    dataset, predictions = make_case({"sex": group}, y_true, y_pred, positive="yes")
    suspect = (y_true == "yes") & (y_pred == "no")
    effect = assess_label_effect(dataset, predictions, make_audit(dataset, suspect=suspect), CONFIG)
    hurt = [f for f in effect.findings if f.subject.group == "sex = f"]
    assert [f.status for f in hurt] == [Status.FAILED]
    assert "40.0% of the favourable labels of sex = f" in hurt[0].message
    removed, relabelled = (value_of(effect, "true positive rate difference", v) for v in VIEWS[1:3])
    # All disagreements gone, every rate is perfect: which is why these views decide nothing.
    assert removed["value"] == relabelled["value"] == 0
    assert removed["n"] == len(dataset) - suspect.sum()
    assert value_of(effect, "demographic parity difference", "suspects relabelled")["value"] == pytest.approx(
        value_of(effect, "demographic parity difference", "observed")["value"]
    )


def test_unknown_noise_is_not_corrected(make_case, make_audit, cells):
    group, y_true, y_pred = cells({"f": (120, 80, 40, 360), "m": (380, 20, 40, 360)})
    dataset, predictions = make_case({"sex": group}, y_true, y_pred, positive="yes")
    unknown = {(g, t): (np.nan,) * 3 for g in "fm" for t in ("positive", "negative")}
    for audit in (make_audit(dataset, unknown), replace(make_audit(dataset), noise_rates=pd.DataFrame())):
        effect = assess_label_effect(dataset, predictions, audit, CONFIG)
        assert only(effect).status is Status.INCONCLUSIVE
        assert np.isnan(
            value_of(effect, "equalized odds difference", "noise corrected")[["value", "low", "high"]].astype(float)
        ).all()
    # At or beyond one half and half, labels say nothing of what is true.
    useless = {(g, t): (0.5, 0.5, 0.5) for g in "fm" for t in ("positive", "negative")}
    effect = assess_label_effect(dataset, predictions, make_audit(dataset, useless), CONFIG)
    assert only(effect).status is Status.INCONCLUSIVE


def test_a_noise_rate_with_limits_only_gives_limits_only(make_case, make_audit, cells):
    group, y_true, y_pred = cells({"f": (380, 20, 40, 360), "m": (380, 20, 40, 360)})
    dataset, predictions = make_case({"sex": group}, y_true, y_pred, positive="yes")
    limits = {(g, t): (np.nan, 0.0, 0.02) for g in "fm" for t in ("positive", "negative")}
    effect = assess_label_effect(dataset, predictions, make_audit(dataset, limits), CONFIG)
    found = value_of(effect, "equalized odds difference", "noise corrected")
    assert np.isnan(found["value"])
    assert found["low"] == 0
    assert 0 < found["high"] < 0.15


@pytest.mark.parametrize(
    ("groups", "labels", "status"),
    [
        ([], ("no", "yes"), Status.NOT_APPLICABLE),
        (["a"], ("no", "yes"), Status.NOT_APPLICABLE),
        (["a", "b"], ("x", "y", "z"), Status.NOT_APPLICABLE),
        (["ü \n💡", "b"], ("no", "other", "yes"), Status.PASSED),
    ],
)
def test_what_there_is_nothing_to_assess_of(make_case, make_audit, groups, labels, status):
    n = 1200
    chosen = {"g": np.resize(groups, n)} if groups else {}
    y = np.resize(np.repeat(labels, 2), n)
    stated = {"positive": "yes"} if "yes" in labels else {}
    dataset, predictions = make_case(chosen, y, y, **stated)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        effect = assess_label_effect(dataset, predictions, make_audit(dataset), CONFIG)
    assert only(effect).status is status
    assert list(effect.table.columns) == ["feature", "metric", "view", "value", "low", "high", "n"]
    assert list(effect.tipping.columns) == ["feature", "metric", "value"]
    assert list(effect.review.columns) == ["position", "feature", "influence"]


def test_odd_data_give_no_figure_that_looks_fine(make_case, make_audit, cells):
    odd = {
        "tiny": {"f": (1, 1, 1, 1), "m": (1, 1, 1, 1)},
        "a group without positives": {"f": (0, 0, 20, 180), "m": (90, 10, 20, 180)},
        "all predictions equal": {"f": (100, 0, 100, 0), "m": (100, 0, 100, 0)},
    }
    for counts in odd.values():
        group, y_true, y_pred = cells(counts)
        dataset, predictions = make_case({"sex": group}, y_true, y_pred, positive="yes")
        for suspect in (np.zeros(len(dataset), dtype=bool), np.ones(len(dataset), dtype=bool)):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                effect = assess_label_effect(dataset, predictions, make_audit(dataset, suspect=suspect), CONFIG)
            assert all(f.status is not Status.ERROR for f in effect.findings)
            odds = value_of(effect, "equalized odds difference", "noise corrected")
            if counts is not odd["all predictions equal"]:
                assert np.isnan(odds["value"])
                assert effect.findings[0].status is Status.INCONCLUSIVE


def test_weights_weigh_and_rows_without_a_label_do_not_count(make_case, make_audit, cells):
    group, y_true, y_pred = cells({"f": (60, 40, 30, 170), "m": (180, 20, 30, 170)})
    columns = {"w": np.where(y_pred == "yes", 2.0, 1.0)}
    dataset, predictions = make_case({"sex": group}, y_true, y_pred, positive="yes", columns=columns, weight="w")
    effect = assess_label_effect(dataset, predictions, make_audit(dataset), CONFIG)
    expected = 360 / 380 - 120 / 160
    assert value_of(effect, "true positive rate difference", "observed")["value"] == pytest.approx(expected)
    missing = y_true.copy()
    missing[:30] = None  # women whose positive label was predicted
    dataset, predictions = make_case({"sex": group}, missing, y_pred, positive="yes")
    effect = assess_label_effect(dataset, predictions, make_audit(dataset), CONFIG)
    found = value_of(effect, "true positive rate difference", "observed")
    assert found["value"] == pytest.approx(0.9 - 30 / 70)
    assert found["n"] == len(group) - 30


def test_an_audit_of_other_rows_is_refused(make_case, make_audit, cells):
    group, y_true, y_pred = cells({"f": (60, 40, 30, 170), "m": (180, 20, 30, 170)})
    dataset, predictions = make_case({"sex": group}, y_true, y_pred, positive="yes")
    audit = replace(make_audit(dataset), suspect=np.zeros(3, dtype=bool))
    with pytest.raises(ContractError, match="must be of the dataset's 700 rows, got 3"):
        assess_label_effect(dataset, predictions, audit, CONFIG)


def test_few_rows_are_not_told_of(make_case, make_audit, cells):
    group, y_true, y_pred = cells({"f": (6, 9, 40, 360), "m": (380, 20, 40, 360)})
    dataset, predictions = make_case({"sex": group}, y_true, y_pred, positive="yes")
    suspect = (y_true == "yes") & (y_pred == "no")
    effect = assess_label_effect(dataset, predictions, make_audit(dataset, suspect=suspect), CONFIG)
    (hurt,) = [f for f in effect.findings if f.subject.group]
    assert "%" not in hurt.message
    assert "fewer than 10 rows" in hurt.message
    evidence = hurt.evidence
    assert (evidence.value, evidence.interval, evidence.n, evidence.threshold) == (None, None, None, None)


def test_removal_from_a_group_that_is_not_compared_is_not_told(make_case, make_audit, cells):
    # All six favourable labels of nine rows are suspect, of which one in six may be wrong.
    group, y_true, y_pred = cells({"tiny": (0, 6, 0, 3), "f": (380, 20, 40, 360), "m": (380, 20, 40, 360)})
    dataset, predictions = make_case({"sex": group}, y_true, y_pred, positive="yes")
    suspect = (group == "tiny") & (y_true == "yes")
    audit = make_audit(dataset, {("tiny", "negative"): (0.25, 0.2, 0.3)}, suspect=suspect)
    assert not any(f.subject.group for f in assess_label_effect(dataset, predictions, audit, CONFIG).findings)


def test_two_open_conclusions_are_no_good_news(make_case, make_audit):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        group, y = rng.choice(["f", "m"], 300), rng.choice(["no", "yes"], 300)
        chosen = np.where(rng.random(300) < 0.15, rng.choice(["no", "yes"], 300), y)
        dataset, predictions = make_case({"sex": group}, y, chosen, positive="yes")
        finding = only(assess_label_effect(dataset, predictions, make_audit(dataset), CONFIG))
        assert finding.status is Status.INCONCLUSIVE
        assert "cannot be told" in finding.message
        assert "more rows" in finding.remedy


def test_a_value_that_may_be_anything_is_not_told(make_case, make_audit, cells):
    group, y_true, y_pred = cells({"a": (180, 220, 100, 1500), "b": (720, 80, 100, 1100)})
    dataset, predictions = make_case({"g": group}, y_true, y_pred, positive="yes")
    audit = make_audit(dataset, {("a", "negative"): (0.05, 0.0, 0.2)})
    effect = assess_label_effect(dataset, predictions, audit, CONFIG)
    found = value_of(effect, "true positive rate difference", "noise corrected")
    assert found["high"] - found["low"] > WIDEST_TOLD
    assert np.isnan(found["value"])
    assert "no one value can be told" in only(effect).message
    parity = value_of(effect, "demographic parity difference", "noise corrected")
    assert parity["value"] == value_of(effect, "demographic parity difference", "observed")["value"]


def test_the_largest_of_many_groups_differences_is_that_of_all_pairs(make_case, make_audit):
    rng = np.random.default_rng(0)
    group = np.char.add("g", rng.integers(0, 100, 10_000).astype(str)).astype(object)
    y = np.where(rng.random(10_000) < 0.5, "yes", "no")
    dataset, predictions = make_case({"g": group}, y, y, positive="yes")
    effect = assess_label_effect(dataset, predictions, make_audit(dataset), CONFIG)
    shares = pd.Series(y == "yes").groupby(group).mean()
    assert value_of(effect, "base rate difference", "observed")["value"] == pytest.approx(shares.max() - shares.min())
    corrected = value_of(effect, "base rate difference", "noise corrected")
    # A hundred groups of a hundred rows: too wide to be told by one value.
    assert np.isnan(corrected["value"])
    assert corrected["low"] + WIDEST_TOLD < corrected["high"]
