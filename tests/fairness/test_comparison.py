"""Two audits' tables, compared by tests: each figure against SciPy or by hand, and how often it cries wolf."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import fisher_exact

from assay.errors import ContractError
from assay.fairness.context import build_context
from assay.fairness.permutation import holm
from assay.fairness.rates import Rates
from assay.fairness.stored import comparison
from assay.fairness.stored.comparison import compare_tables
from assay.fairness.stored.tables import build_tables, tabulate_scores
from assay.fairness_config import FairnessConfig
from assay.intervals import bonferroni, newcombe, normal_quantile

CONFIG = FairnessConfig(intersections=False)
FAIR = (300, 100, 100, 500)
BEFORE = {"a": FAIR, "b": (240, 160, 120, 480)}


def count(dataset, predictions, fingerprint):
    """The tables alone: what else the stage looks at takes its time."""
    context = build_context(dataset, predictions, CONFIG)
    return replace(build_tables(context, tabulate_scores(context), ""), fingerprint=fingerprint)


@pytest.fixture
def tables(make_case, cells):
    """Tables of given counts, each of data of its own."""
    numbers = itertools.count()

    def build(counts):
        group, y, pred = cells(counts)
        return count(*make_case({"g": group}, y, pred, positive="yes"), f"{next(numbers):064x}")

    return build


def rate(comparison, metric, group):
    t = comparison.rates
    return t[(t["metric"] == metric) & (t["group"] == group)].iloc[0]


def disparity(comparison, metric, kind="difference"):
    t = comparison.disparities
    return t[(t["metric"] == metric) & (t["kind"] == kind)].iloc[0]


def test_a_change_has_newcombes_interval_and_holms_p_value(tables):
    after = {"a": (300, 100, 100, 500), "b": (150, 250, 120, 480)}
    found = compare_tables(tables(BEFORE), tables(after))
    row = rate(found, "true positive rate", "b")
    interval = newcombe((150, 400), (240, 400), bonferroni(0.95, len(found.rates)))
    assert row["change"] == pytest.approx(150 / 400 - 240 / 400)
    assert (row["low"], row["high"]) == (pytest.approx(interval.low), pytest.approx(interval.high))
    smallest = fisher_exact([[150, 250], [240, 160]]).pvalue * (1 - 1e-9)
    others = found.rates["p_value"].to_numpy()
    assert row["p_value"] >= smallest
    assert row["p_value"] <= smallest * len(others) * (1 + 1e-9)
    assert row["status"] == "worse"
    assert rate(found, "false negative rate", "b")["status"] == "worse"
    assert rate(found, "true positive rate", "a")["status"] == "no change shown"
    assert found.is_good is False


def rate_of(hits, rows):
    hits, rows = np.asarray(hits), np.asarray(rows)
    return Rates("rate", hits / rows, rows, rows.astype(float))


def test_a_small_cell_is_no_certainty():
    """1 of 1,000 and 2 of 10: the pooled normal test says 1e-30, Fisher's 0.0003."""
    [found] = comparison._p_values(rate_of([1], [1000]), rate_of([2], [10]))
    assert found == pytest.approx(fisher_exact([[1, 999], [2, 8]]).pvalue)


def test_a_p_value_is_never_0_and_a_mean_has_none(tables):
    found = compare_tables(
        tables({"a": (2490, 10, 10, 2490), "b": FAIR}), tables({"a": (10, 2490, 2490, 10), "b": FAIR})
    )
    assert 0 < rate(found, "accuracy", "a")["p_value"] < 1e-300
    assert math.isnan(rate(found, "average odds", "a")["p_value"])
    others = found.rates[found.rates["metric"] != "average odds"]
    assert others["p_value"].between(0, 1, inclusive="right").all()


def test_many_rates_of_few_cases_cry_wolf_no_more_than_they_say():
    """40 rates of 2%, each of 2,000 cases before and 20 after, none of which changed."""
    rng, n, m = np.random.default_rng(0), np.full(40, 2000), np.full(40, 20)
    z = normal_quantile(bonferroni(0.95, 40))
    alarms = np.zeros(2)
    for _ in range(150):
        one, two = (rate_of(rng.binomial(k, 0.02), k) for k in (n, m))
        low, high = comparison._newcombe(one, two, z)
        alarms += (holm(comparison._p_values(one, two)).min() <= 0.05), ((low > 0) | (high < 0)).any()
    assert (alarms / 150 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)).all()


def test_the_other_way_round_it_is_better(tables):
    found = compare_tables(tables({"a": BEFORE["a"], "b": (150, 250, 120, 480)}), tables(BEFORE))
    assert rate(found, "true positive rate", "b")["status"] == "better"
    assert disparity(found, "true positive rate")["status"] == "better"
    assert found.is_good is True


def test_more_false_positives_are_worse(tables):
    found = compare_tables(tables(BEFORE), tables({"a": BEFORE["a"], "b": (240, 160, 300, 300)}))
    assert rate(found, "false positive rate", "b")["status"] == "worse"


def test_a_larger_difference_and_a_smaller_ratio_are_worse(tables):
    alike = {"a": (300, 100, 100, 500), "b": (300, 100, 100, 500)}
    apart = {"a": (300, 100, 100, 500), "b": (100, 300, 30, 570)}
    found = compare_tables(tables(alike), tables(apart))
    for metric, kind in (
        ("selection rate", "difference"),
        ("selection rate", "ratio"),
        ("equalized odds", "difference"),
    ):
        row = disparity(found, metric, kind)
        assert row["status"] == "worse", (metric, kind)
        assert row["low"] <= row["change"] <= row["high"]
    assert disparity(found, "selection rate", "ratio")["change"] < 0


def test_within_the_tolerance_it_is_no_change(tables):
    after = {"a": (300, 100, 100, 500), "b": (150, 250, 120, 480)}
    found = compare_tables(tables(BEFORE), tables(after), tolerance=0.4)
    assert set(found.rates["status"]) == {"no change shown"}
    assert found.is_good is True


def test_audits_of_the_same_data_are_not_tested(tables):
    one = tables(BEFORE)
    found = compare_tables(
        one, replace(tables({"a": BEFORE["a"], "b": (150, 250, 120, 480)}), fingerprint=one.fingerprint)
    )
    assert found.same_data
    assert set(found.rates["status"]) == set(found.disparities["status"]) == {"not comparable"}
    assert found.rates["p_value"].isna().all()
    assert found.rates["change"].notna().all()
    assert found.is_good is None


def test_a_group_of_one_audit_only_is_not_comparable(tables):
    found = compare_tables(tables(BEFORE), tables({**BEFORE, "c": (60, 40, 30, 90)}))
    assert rate(found, "accuracy", "c")["status"] == "not comparable"
    assert rate(found, "accuracy", "a")["status"] == "no change shown"
    # The largest difference is among other groups than before.
    assert disparity(found, "selection rate")["status"] == "not comparable"


def test_hidden_counts_are_not_comparable(tables):
    found = compare_tables(tables(BEFORE), tables({"a": (300, 100, 3, 500), "b": (240, 160, 120, 480)}))
    assert rate(found, "true positive rate", "a")["status"] == "no change shown"
    assert rate(found, "accuracy", "a")["status"] == "not comparable"


def test_the_share_of_one_class_among_many_changes_for_neither_better_nor_worse(make_case):
    rng = np.random.default_rng(0)

    def of(p):
        g, y = rng.choice(["a", "b"], 4000), rng.choice(["x", "y", "z"], 4000, p=p)
        pred = np.where(rng.random(4000) < 0.6, y, rng.choice(["x", "y", "z"], 4000))
        return count(*make_case({"g": g}, y, pred), f"{rng.integers(10**9):064x}")

    found = compare_tables(of([0.5, 0.3, 0.2]), of([0.2, 0.3, 0.5]))
    assert rate(found, "base rate [x]", "a")["status"] == "changed"
    assert found.is_good is not None


def test_what_cannot_be_compared_is_refused(tables):
    one = tables(BEFORE)
    for other in (
        replace(one, classes=("no", "maybe")),
        replace(one, positive=0),
        replace(one, settings={**one.settings, "method": "to_overall"}),
    ):
        with pytest.raises(ContractError, match="The two audits must"):
            compare_tables(one, other)
    for tolerance in (-0.1, 2, math.nan):
        with pytest.raises(ContractError, match="tolerance must lie"):
            compare_tables(one, one, tolerance)


@pytest.mark.parametrize("sizes", [(2000, 300), (300, 2000)])
def test_audits_of_one_population_are_rarely_told_to_differ(make_case, sizes):
    # Four groups without a disparity; a smaller audit shows larger differences by chance.
    rng = np.random.default_rng(4)

    def audit(n):
        g = np.repeat(["a", "b", "c", "d"], n)
        y = np.where(rng.random(len(g)) < 0.4, "yes", "no")
        pred = np.where(rng.random(len(g)) < 0.7, y, rng.choice(["yes", "no"], len(g)))
        return count(*make_case({"g": g}, y, pred, positive="yes"), f"{rng.integers(10**9):064x}")

    alarms = 0
    for _ in range(8):
        found = compare_tables(audit(sizes[0]), audit(sizes[1]))
        alarms += int((found.rates["status"] != "no change shown").any())
        alarms += int((found.disparities["status"] != "no change shown").any())
    # Each of the two families at most once in twenty: 16 trials have more than 4 with probability 0.001.
    assert alarms <= 4
