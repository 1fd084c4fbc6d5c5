"""MH004: features that gave the label away, and were left out of the training."""

from __future__ import annotations

import numpy as np
import pandas as pd

import assay
from assay.findings import Severity, Status


def test_every_feature_shown_passes(make_case, assess, of_code):
    (finding,) = of_code(assess(make_case()), "MH004")
    assert finding.status is Status.PASSED


def test_the_only_feature_stays(make_case):
    dataset, _ = make_case()
    assert dataset.without(["x"]).roles.features == ("x",)


def test_an_audit_trains_without_the_leak_and_still_finds_the_wrong_labels():
    """`code` copies the given label, right or wrong; only a model without it can contradict a label."""
    rng = np.random.default_rng(0)
    n = 1500
    true = rng.integers(0, 2, n)
    wrong = rng.random(n) < 0.1
    given = np.where(wrong, 1 - true, true)
    frame = pd.DataFrame(
        {
            "a": true * 4 + rng.normal(size=n),
            "b": rng.normal(size=n),
            "code": given * 10,
            "y": np.array(["n", "p"])[given],
        }
    )
    quick = {"repeats": 1, "folds": 3}
    report = assay.audit(frame, label="y", learning=quick)
    (finding,) = [f for f in report.findings if f.code == "MH004"]
    assert finding.status is Status.INCONCLUSIVE
    assert finding.severity is Severity.INFO
    assert finding.subject.columns == ("code",)
    assert report.decision == "reject", "the leak itself still fails DQ017"
    suspect = report.labels["suspect"].to_numpy()
    assert (suspect & wrong).sum() > 0.4 * wrong.sum()
    kept = assay.audit(frame, label="y", learning={**quick, "use_leaks": True})
    assert not kept.labels["suspect"].any()
    (finding,) = [f for f in kept.findings if f.code == "MH004"]
    assert finding.status is Status.PASSED
