"""MH005: what is said of controls and of shared values, and what a control makes of coarse tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.config import HealthConfig
from assay.findings import Interval, Severity, Status
from assay.health import HealthContext
from assay.health.fit import PART
from assay.health.fit.shared import judge_shared
from assay.health.parts import assess_parts
from assay.learning.folds import assign_folds
from assay.learning.trials.kernel_ridge import compute_kernel
from assay.learning.trials.shuffled import _control_by_ridge, _Sample
from assay.trials import ShuffledTrial, Trials
from assay.trials.shuffled import Control, SharedValue


def test_an_interval_that_holds_the_limit_is_inconclusive():
    def column(name, low, high, **fields):
        known = Interval(0.7, 0.8, 0.95)
        of = {"is_used": False, "is_id": False, "rows": 400, "kinds": 100, **fields}
        fall = Interval(low, high, 0.95)
        return SharedValue(name, **of, recognised=0.75, recognised_interval=known, together=0.6, apart=0.62, fall=fall)

    undecided, passed = judge_shared([column("a", 0.007, 0.038), column("b", -0.01, 0.0151), column("c", 0, 0.019)])
    assert undecided.status is Status.INCONCLUSIVE
    assert undecided.severity is Severity.WARNING
    assert undecided.subject.columns == ("a",)
    assert "`group`" in undecided.remedy
    # What is not seen is told once, and how sure it is.
    assert passed.status is Status.PASSED
    assert passed.subject.columns == ("b", "c")
    assert "'b' again, which raises the AUC by at most 0.015" in passed.message
    # New rows may well have the same values: whether they do matters less.
    (of_town,) = judge_shared([column("town", 0.007, 0.038, rows=1500)])
    assert of_town.severity is Severity.INFO


def coarse(n, values, columns, positive, seed, *, tail=0.0):
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(1, values + 1) ** tail
    frame = pd.DataFrame(
        {f"c{i}": [f"v{v}" for v in rng.choice(values, n, p=shares / shares.sum())] for i in range(columns)}
    )
    return frame.assign(y=np.where(rng.random(n) < positive, "yes", "no"))


def test_kinds_of_unequal_sizes_stay_at_chance(make_dataset):
    """Judged by all rows the mean is above .51 here: the largest kinds stand on both sides of the comparison."""
    found = []
    for seed in range(40):
        dataset = make_dataset(coarse(400, 6, 3, 0.05, seed, tail=1.5), label="y")
        units = pd.factorize(dataset.frame[["c0", "c1", "c2"]].agg("".join, axis=1))[0].astype(np.int64)
        rng = np.random.default_rng(seed)
        folds = assign_folds(units, dataset.labels.codes, 5, rng)
        kernel = compute_kernel(dataset.frame, ["c0", "c1", "c2"])
        control = _control_by_ridge(_Sample(dataset, units, folds, dataset.labels.codes == 1), kernel, rng)
        if control is not None:
            found.append(control)
    assert len(found) > 30
    assert abs(np.mean([c.auc for c in found]) - 0.5) < 0.01
    assert all(c.interval.low < 0.52 for c in found)


def control(kind, auc, low, high):
    return Control(kind, auc, Interval(low, high, 0.99), None, 1, 101)


@pytest.mark.parametrize(
    ("network", "ridge", "status"),
    [
        ((0.50, 0.48, 0.52), (0.50, 0.49, 0.51), Status.PASSED),
        ((0.47, 0.237, 0.702), (0.492, 0.474, 0.51), Status.PASSED),
        ((0.47, 0.237, 0.702), (0.53, 0.50, 0.56), Status.INCONCLUSIVE),
        ((0.47, 0.237, 0.702), (0.60, 0.57, 0.63), Status.FAILED),
    ],
)
def test_what_a_control_cannot_tell_is_not_claimed(make_case, network, ridge, status):
    controls = (control("the network", *network), control("kernel ridge", *ridge))
    trials = Trials(shuffled=ShuffledTrial(controls, ()))
    context = HealthContext(*make_case(), HealthConfig(), trials=trials)
    finding = next(f for f in assess_parts((PART,), context)[0] if f.code == "MH005")
    assert finding.status is status
    # What nobody knows to be wrong does not keep a table from passing.
    assert finding.blocks is (status is Status.FAILED)
    assert ("This rests on kernel ridge" in finding.message) is (status is Status.PASSED and network[2] > 0.55)
