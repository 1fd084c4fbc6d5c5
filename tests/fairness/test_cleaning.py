"""FB020: what training without the suspect rows would change."""

from __future__ import annotations

from dataclasses import replace

import fairlearn.metrics as fl
import numpy as np
import pytest

from assay.errors import ContractError
from assay.fairness import compare_cleaning
from assay.fairness_config import FairnessConfig

CONFIG = FairnessConfig()


def probs_of(predicted: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    return np.array([[0.9 if name == p else 0.1 / (len(classes) - 1) for name in classes] for p in predicted])


@pytest.fixture
def trainings(make_case, make_out_of_sample):
    """Dataset, two trainings, suspects, and the arrays that they were made of."""

    def build(n=2000, seed=0, labels=("no", "yes"), positive="yes", groups=("f", "m"), **settings):
        rng = np.random.default_rng(seed)
        g, y = rng.choice(groups, n), rng.choice(labels, n)
        before = np.where(rng.random(n) < np.where(g == groups[0], 0.7, 0.9), y, rng.choice(labels, n))
        after = np.where(rng.random(n) < 0.3, y, before)
        suspect = rng.random(n) < 0.1
        dataset, first = make_case({"g": g}, y, before, positive=positive, **settings)
        second = make_out_of_sample(dataset, probs_of(after, dataset.labels.classes))
        return dataset, first, second, suspect, (g, y, before, after)

    return build


def row(effect, metric, rows="all"):
    return effect.table[(effect.table["metric"] == metric) & (effect.table["rows"] == rows)].iloc[0]


@pytest.mark.parametrize("rows", ["all", "not suspect"])
def test_figures_are_those_of_fairlearn_on_the_rows(trainings, rows):
    dataset, first, second, suspect, (g, y, before, after) = trainings()
    effect = compare_cleaning(dataset, first, second, suspect, CONFIG)
    chosen = np.ones(len(g), dtype=bool) if rows == "all" else ~suspect
    y, before, after = ((a == "yes").astype(int)[chosen] for a in (y, before, after))
    for metric, function in {
        "demographic parity difference": fl.demographic_parity_difference,
        "equalized odds difference": fl.equalized_odds_difference,
    }.items():
        was, becomes = (function(y, p, sensitive_features=g[chosen]) for p in (before, after))
        found = row(effect, metric, rows)
        assert (found["before"], found["after"]) == pytest.approx((was, becomes))
        assert found["change"] == pytest.approx(becomes - was)
        assert found["feature"] == "g"
    accuracy = row(effect, "accuracy", rows)
    assert accuracy["change"] == pytest.approx((after == y).mean() - (before == y).mean())
    assert accuracy["feature"] is None
    assert accuracy["n"] == chosen.sum()
    assert effect.removed == suspect.sum()


def test_intervals_are_those_of_a_bootstrap_of_the_rows(trainings):
    dataset, first, second, suspect, (g, y, before, after) = trainings(n=600)
    effect = compare_cleaning(dataset, first, second, suspect, CONFIG)
    rng = np.random.default_rng(99)
    y, before, after, f = y == "yes", before == "yes", after == "yes", g == "f"
    accuracy, parity = [], []
    for _ in range(2000):
        i = rng.integers(0, 600, 600)
        accuracy.append((after[i] == y[i]).mean() - (before[i] == y[i]).mean())
        gaps = [abs(p[i][f[i]].mean() - p[i][~f[i]].mean()) for p in (before, after)]
        parity.append(gaps[1] - gaps[0])
    for metric, drawn in {"accuracy": accuracy, "demographic parity difference": parity}.items():
        found = row(effect, metric)
        low, high = np.quantile(drawn, (0.025, 0.975))
        assert (found["low"], found["high"]) == pytest.approx((low, high), abs=0.15 * (high - low))


def test_the_finding_tells_what_would_change(trainings):
    effect = compare_cleaning(*trainings()[:4], CONFIG)
    [finding] = effect.findings
    assert (finding.code, finding.severity, finding.status) == ("FB020", "info", "passed")
    assert "the accuracy rises by" in finding.message
    assert finding.evidence.interval.low > 0
    assert len(finding.evidence.table.rows) == 6


def test_the_same_predictions_change_nothing(trainings):
    dataset, first, _, suspect, _ = trainings()
    effect = compare_cleaning(dataset, first, first, suspect, CONFIG)
    assert (effect.table[["change", "low", "high"]] == 0).all().all()


def test_nothing_removed_is_not_applicable(trainings):
    dataset, first, second, suspect, _ = trainings()
    effect = compare_cleaning(dataset, first, second, np.zeros_like(suspect), CONFIG)
    assert effect.findings[0].status == "not_applicable"
    assert effect.removed == 0
    assert effect.table.empty


def test_the_same_input_gives_the_same_interval(trainings):
    case = trainings()[:4]
    first, second = (compare_cleaning(*case, CONFIG).table for _ in range(2))
    assert first.equals(second)


def test_small_groups_are_not_compared(trainings):
    dataset, first, second, suspect, _ = trainings(n=80)
    effect = compare_cleaning(dataset, first, second, suspect, FairnessConfig(min_group_size=50))
    assert np.isnan(row(effect, "demographic parity difference")["change"])
    assert np.isnan(row(effect, "equalized odds difference")["low"])
    assert effect.findings[0].status == "passed"


def test_many_classes_without_a_favourable_one(trainings):
    dataset, first, second, suspect, (g, _, before, after) = trainings(
        labels=("cat", "dog", "eel"), positive=None, groups=("f", "m", "<n>")
    )
    effect = compare_cleaning(dataset, first, second, suspect, CONFIG)
    names = ("f", "m", "<n>")
    gaps = [
        max(np.ptp([(p == k)[g == name].mean() for name in names]) for k in ("cat", "dog", "eel"))
        for p in (before, after)
    ]
    found = row(effect, "demographic parity difference")
    assert (found["before"], found["after"]) == pytest.approx(gaps)


def test_a_class_that_only_the_first_training_learned_is_not_judged(trainings):
    dataset, first, second, suspect, (_, y, _, _) = trainings(labels=("cat", "dog", "eel"), positive="eel")
    labels = np.where(second.labels == 2, -1, second.labels)
    second = replace(
        second, classes=("cat", "dog"), pred_probs=second.pred_probs[:, :2], labels=labels, trained=labels >= 0
    )
    effect = compare_cleaning(dataset, first, second, suspect, CONFIG)
    assert row(effect, "accuracy")["n"] == (y != "eel").sum()
    assert np.isnan(row(effect, "equalized odds difference")["change"])


def test_weights_weigh(trainings):
    rng = np.random.default_rng(0)
    w = rng.integers(1, 4, 2000).astype(float)
    dataset, first, second, suspect, (_, y, before, after) = trainings(columns={"w": w}, weight="w")
    found = row(compare_cleaning(dataset, first, second, suspect, CONFIG), "accuracy")
    assert found["before"] == pytest.approx(np.average(before == y, weights=w))
    assert found["after"] == pytest.approx(np.average(after == y, weights=w))
    assert found["low"] < found["change"] < found["high"]


def test_nothing_judged_is_inconclusive(trainings):
    dataset, first, second, suspect, _ = trainings()
    suspect = np.ones_like(suspect)
    effect = compare_cleaning(dataset, first, second, suspect, CONFIG)
    assert effect.findings[0].status == "inconclusive"


def test_suspects_of_other_rows_are_refused(trainings):
    dataset, first, second, suspect, _ = trainings()
    with pytest.raises(ContractError, match="suspect must be a boolean array"):
        compare_cleaning(dataset, first, second, suspect[:-1], CONFIG)
    with pytest.raises(ContractError, match="suspect must be a boolean array"):
        compare_cleaning(dataset, first, second, suspect.astype(int), CONFIG)


def test_a_pair_that_is_turned_around_has_a_sign(make_case, make_out_of_sample):
    # Of each group 500 rows; f is selected 60% before and 20% after, m 40% before and 50% after.
    g, y = np.repeat(["f", "m"], 500), np.tile(["no", "yes"], 500)
    before, after = (
        np.concatenate([np.where(np.arange(500) < n, "yes", "no") for n in counts])
        for counts in ((300, 200), (100, 250))
    )
    dataset, first = make_case({"g": g}, y, before, positive="yes")
    second = make_out_of_sample(dataset, probs_of(after, dataset.labels.classes))
    effect = compare_cleaning(dataset, first, second, np.arange(1000) % 50 == 0, CONFIG)
    found = row(effect, "demographic parity difference")
    assert (found["before"], found["after"]) == pytest.approx((0.2, -0.3))
    assert found["change"] == pytest.approx(-0.5)
    message = effect.findings[0].message
    assert "of g between f and m falls by" in message
    assert "the other way" in message


def test_what_may_be_luck_neither_rises_nor_falls(trainings):
    dataset, first, _, suspect, (*_, before, _) = trainings(n=400)
    after = before.copy()
    after[:1] = np.where(after[:1] == "yes", "no", "yes")
    second = replace(first, pred_probs=probs_of(after, dataset.labels.classes))
    message = compare_cleaning(dataset, first, second, suspect, CONFIG).findings[0].message
    assert message.count("does not change measurably") == 3
    assert " rises " not in message
    assert " falls " not in message


@pytest.mark.parametrize("apart", [0.0, 0.1])
def test_the_interval_of_the_change_covers(apart):
    # Ten groups whose largest difference of `apart` vanishes; independent predictions, the hardest case.
    from assay.fairness.cleaning.figures import Rate, pick_pair

    rng = np.random.default_rng(11)
    n, k, reps = 200, 10, 400
    p = np.full(k, 0.5) + apart / 2 * ((np.arange(k) == 0) * 1.0 - (np.arange(k) == k - 1))
    # Cells (group, before, after) in this order.
    group, before, after = (axis.ravel() for axis in np.indices((k, 2, 2)))
    rate = Rate(group[:, None] == np.arange(k), (before == 1, after == 1))
    covered = 0
    for _ in range(reps):
        share = np.where(before, p[group], 1 - p[group]) * 0.5
        counts = np.concatenate([rng.multinomial(n, share[group == g]) for g in range(k)]).astype(float)
        figure = pick_pair([rate], counts, 0.95)
        was, becomes = figure(counts[None])[:, 0]
        draws = rng.multinomial(n * k, counts / (n * k), size=300).astype(float)
        drawn = np.subtract(*figure(draws)[::-1])
        half = figure.critical * drawn.std()
        truth = -(p[figure.high] - p[figure.low])
        covered += abs(becomes - was - truth) <= half
    # Three standard errors of 400 samples below 95%; without the critical value it is 70% to 80%.
    assert covered / reps >= 0.917
