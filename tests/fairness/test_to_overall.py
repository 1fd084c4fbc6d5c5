"""Groups against everybody together (`fairness.method: to_overall`), against Fairlearn and by simulation."""

from __future__ import annotations

import fairlearn.metrics as fl
import numpy as np
import pytest

from assay.fairness.context import build_context
from assay.fairness.model_checks import MODEL_CHECKS
from assay.fairness.rates import Rates
from assay.fairness.to_overall import largest_deviation, smallest_ratio_to_overall
from assay.fairness_config import FairnessConfig
from assay.findings import run_checks

CONFIG = FairnessConfig(method="to_overall", min_group_size=10)


def rates(hits, rows):
    hits, rows = np.asarray(hits, dtype=float), np.asarray(rows, dtype=np.int64)
    return Rates("selection rate", hits / rows, rows, rows.astype(float))


def case(n=3000, seed=0, p=(0.5, 0.3, 0.2)):
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b", "ç"], n, p=p)
    y = rng.choice(["no", "yes"], n)
    chosen = np.where(rng.random(n) < 0.7 + 0.2 * (group == "a"), y, rng.choice(["no", "yes"], n))
    return group, y, chosen


@pytest.mark.parametrize("weighted", [False, True])
def test_fairlearn(make_case, weighted):
    group, y, chosen = case()
    weights = np.random.default_rng(1).uniform(0.2, 4, len(y)) if weighted else None
    columns = {"x": np.arange(len(y)), **({"w": weights} if weighted else {})}
    roles = {"weight": "w"} if weighted else {}
    dataset, predictions = make_case({"g": group}, y, chosen, columns=columns, positive="yes", **roles)
    found = {
        (d.metric, d.kind): d for d in build_context(dataset, predictions, CONFIG).assessments["g"].all_disparities()
    }
    functions = {
        "selection rate": fl.selection_rate,
        "true positive rate": fl.true_positive_rate,
        "false positive rate": fl.false_positive_rate,
    }
    frame = fl.MetricFrame(
        metrics=functions,
        y_true=y == "yes",
        y_pred=chosen == "yes",
        sensitive_features=group,
        sample_params={name: {"sample_weight": weights} for name in functions} if weighted else None,
    )
    for name, value in frame.difference(method="to_overall").items():
        d = found[name, "difference"]
        assert d.value == pytest.approx(value)
        assert d.low <= d.value <= d.high
        assert d.overall == pytest.approx(frame.overall[name])
        assert d.best is None
        # The group that is told is the one that lies farthest off.
        names = sorted(set(group))
        assert abs(frame.by_group[name][names[d.worst]] - frame.overall[name]) == pytest.approx(value)
    ratio = found["selection rate", "ratio"]
    assert ratio.value == pytest.approx(frame.ratio(method="to_overall")["selection rate"])
    assert ratio.low <= ratio.value <= ratio.high


def test_what_a_group_has_in_common_with_the_whole_is_no_uncertainty():
    """With two groups of one size a group lies half as far from the whole as from the other."""
    both = rates([300, 200], [500, 500])
    found = largest_deviation(both, np.arange(2), 0.95)
    assert found.value == pytest.approx(0.1)
    assert found.high - found.value == pytest.approx(1.96 * np.sqrt(2 * 0.24 / 500) / 2, rel=0.05)


@pytest.mark.parametrize("sizes", [(400, 400), (900, 300, 80), (50,) * 6])
@pytest.mark.parametrize("apart", [0.0, 0.15])
def test_the_intervals_hold(sizes, apart):
    rng, held, parity = np.random.default_rng(0), np.zeros(2), 0
    sizes = np.array(sizes)
    truth = np.full(len(sizes), 0.4)
    truth[-1] += apart
    overall = truth @ sizes / sizes.sum()
    difference = np.abs(truth - overall).max()
    ratio = (np.minimum(truth, overall) / np.maximum(truth, overall)).min()
    for _ in range(400):
        drawn = rates(rng.binomial(sizes, truth), sizes)
        for i, (deviate, value) in enumerate(((largest_deviation, difference), (smallest_ratio_to_overall, ratio))):
            found = deviate(drawn, np.arange(len(sizes)), 0.95)
            held[i] += found.low - 1e-12 <= value <= found.high + 1e-12
            parity += i == 0 and found.low > 0
    assert (held >= 0.93 * 400).all()
    if apart == 0:
        assert parity <= 0.08 * 400


@pytest.mark.parametrize(
    ("sizes", "rate"),
    [([50] * 11 + [20_000], 0.005), ([10] * 19 + [100_000], 0.02), ([10] * 7 + [5_000], 0.01)],
)
def test_few_expected_hits_are_no_deviation(sizes, rate):
    rng, sizes, missed = np.random.default_rng(5), np.array(sizes), np.zeros(2)
    for _ in range(300):
        drawn = rates(rng.binomial(sizes, rate), sizes)
        missed += (
            largest_deviation(drawn, np.arange(len(sizes)), 0.95).low > 0,
            smallest_ratio_to_overall(drawn, np.arange(len(sizes)), 0.95).high < 1,
        )
    assert (missed / 300 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)).all()


def test_groups_without_cases_and_rates_of_0_and_1():
    some = Rates(
        "selection rate",
        np.array([0.0, 1.0, np.nan, 0.5]),
        np.array([40, 30, 0, 2]),
        np.array([40.0, 30.0, 0.0, 2.0]),
    )
    found = largest_deviation(some, np.array([0, 1]), 0.95)
    assert found.overall == pytest.approx(31 / 72)
    assert 0 < found.low <= found.value <= found.high <= 1
    assert found.group == 1
    ratio = smallest_ratio_to_overall(some, np.array([0, 1]), 0.95)
    assert ratio.value == 0
    assert ratio.low == 0
    assert ratio.high < 0.5


def test_the_messages_and_the_finding(make_case):
    group, y, chosen = case(n=6000)
    chosen = np.where((group == "ç") & (np.arange(6000) % 2 == 0), "yes", chosen)
    context = build_context(*make_case({"g": group}, y, chosen, positive="yes"), CONFIG)
    parity, odds, accuracy, _ = run_checks(MODEL_CHECKS, context)
    assert str(parity.status) == "failed"
    assert "for g = ç and" in parity.message
    assert "for everybody" in parity.message
    assert "everybody" in parity.evidence.interval.method
    assert {str(f.status) for f in (odds, accuracy)} <= {"failed", "inconclusive", "passed"}


def test_alike_groups_pass(make_case):
    rng = np.random.default_rng(0)
    group, y = rng.choice(["a", "b", "c"], 9000), rng.choice(["no", "yes"], 9000)
    context = build_context(*make_case({"g": group}, y, y, positive="yes"), CONFIG)
    assert {str(f.status) for f in run_checks(MODEL_CHECKS, context)} == {"passed"}


def test_many_classes(make_case):
    rng = np.random.default_rng(0)
    group, y = rng.choice(["a", "b", "c"], 9000), rng.choice(["p", "q", "r"], 9000)
    context = build_context(*make_case({"g": group}, y, y), CONFIG)
    assert {str(f.status) for f in run_checks(MODEL_CHECKS[:3], context)} == {"passed"}
