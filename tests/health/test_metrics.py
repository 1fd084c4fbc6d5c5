"""The table of metrics, held against scikit-learn and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from assay.config import HealthConfig
from assay.errors import ContractError
from assay.health import CHECKS, HealthContext, assess_health


@pytest.mark.parametrize("k", [2, 4])
def test_losses_as_scikit_learn(make_case, assess, k):
    case = make_case(500, k)
    metrics = assess(case).metrics.set_index("metric")
    labels, probs = case[1].labels, case[1].pred_probs
    assert metrics.loc["log loss", "value"] == pytest.approx(log_loss(labels, probs))
    # scikit-learn halves the sum over the classes where there are two.
    expected = (
        brier_score_loss(labels, probs[:, 1]) * 2 if k == 2 else np.square(probs - np.eye(k)[labels]).sum(1).mean()
    )
    assert metrics.loc["brier score", "value"] == pytest.approx(expected)
    assert (metrics["n"] > 0).all()


def test_table_is_tidy_and_intervals_hold_their_values(make_case, assess):
    metrics = assess(make_case(500)).metrics
    assert list(metrics.columns) == ["metric", "value", "low", "high", "n"]
    known = metrics.dropna()
    assert ((known["low"] <= known["value"]) & (known["value"] <= known["high"])).all()


def test_calibration_error_of_calibrated_and_of_overconfident_predictions(make_dataset, make_out_of_sample, assess):
    import pandas as pd

    rng = np.random.default_rng(0)
    p = rng.uniform(0, 1, 20_000)
    y = (rng.random(20_000) < p).astype(int)
    dataset = make_dataset(pd.DataFrame({"x": p, "y": np.where(y, "yes", "no")}), label="y")
    calibrated = make_out_of_sample(dataset, np.column_stack([1 - p, p]))
    # Always certain, and right in three of four cases on average.
    certain = make_out_of_sample(dataset, np.column_stack([p < 0.5, p >= 0.5]).astype(float))
    errors = [
        assess((dataset, o)).metrics.set_index("metric").loc["calibration error", "value"]
        for o in (calibrated, certain)
    ]
    assert errors[0] < 0.02
    assert errors[1] == pytest.approx(0.25, abs=0.02)


def test_a_label_that_was_held_for_impossible_leaves_the_loss_finite(make_dataset, make_out_of_sample, assess):
    import pandas as pd

    dataset = make_dataset(pd.DataFrame({"x": np.arange(40) * 1.5, "y": ["no", "yes"] * 20}), label="y")
    probs = np.tile([1.0, 0.0], (40, 1))
    metrics = assess((dataset, make_out_of_sample(dataset, probs))).metrics.set_index("metric")
    assert np.isfinite(metrics.loc["log loss", "value"])


def test_ten_rows(make_case, assess):
    result = assess(make_case(10))
    assert np.isnan(result.metrics.set_index("metric").loc["calibration error", "value"])
    assert {f.code for f in result.findings} == {check.code for check in CHECKS}


def test_predictions_of_another_dataset_are_refused(make_case):
    dataset, _ = make_case(30)
    _, predictions = make_case(40)
    with pytest.raises(ContractError, match="30 rows, got 40"):
        assess_health(HealthContext(dataset, predictions, HealthConfig()))
