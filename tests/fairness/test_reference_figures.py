"""The published figures of a good model on Adult, and random tables with everything that tables have."""

from __future__ import annotations

import fairlearn.metrics as fl
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk

from assay.fairness.context import build_context
from assay.fairness_config import FairnessConfig

COLUMNS = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education_num",
    "marital_status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital_gain",
    "capital_loss",
    "hours_per_week",
    "native_country",
    "income",
]


@pytest.mark.real_data
def test_a_good_model_on_adult(real_data, make_dataset, make_out_of_sample):
    """The FFB benchmark (arXiv:2306.09468) has 0.17, 0.14 and 85.3% for an unconstrained model and sex."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import cross_val_predict

    frame = pd.read_csv(real_data("adult/adult-train.csv"), names=COLUMNS, skipinitialspace=True)
    frame = frame.sample(8000, random_state=0).reset_index(drop=True)
    x = frame.drop(columns="income").apply(
        lambda c: c.astype("category").cat.codes if c.dtype.kind not in "iuf" else c
    )
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0)
    probs = cross_val_predict(model, x, frame["income"], cv=3, method="predict_proba")
    dataset = make_dataset(frame, label="income", positive=">50K", sensitive=["sex"], task="classification")
    context = build_context(dataset, make_out_of_sample(dataset, probs), FairnessConfig())
    found = {(d.metric, d.kind): d for d in context.assessments["sex"].all_disparities()}
    accuracy = (np.array(["<=50K", ">50K"])[probs.argmax(axis=1)] == frame["income"]).mean()
    assert accuracy == pytest.approx(0.853, abs=0.025)
    assert found["selection rate", "difference"].value == pytest.approx(0.17, abs=0.05)
    assert found["equalized odds", "difference"].value == pytest.approx(0.14, abs=0.09)
    scored = context.scores["sex"]
    women = np.flatnonzero(np.array(scored.feature.groups) == "Female")[0]
    here = (frame["sex"] == "Female").to_numpy()
    auc = sk.roc_auc_score(frame["income"][here] == ">50K", probs[here, 1])
    assert scored.ranking.areas[women] == pytest.approx(auc)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weighted", [False, True])
def test_every_rate_on_random_tables(make_case, seed, weighted):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(200, 900))
    group = pd.Series(rng.choice(["b", "Ä <i>", None, "none", "0"], n, p=[0.4, 0.3, 0.2, 0.08, 0.02]), dtype=object)
    y, chosen = (rng.choice(["good", "bad"], n, p=[share, 1 - share]) for share in rng.uniform(0.2, 0.8, 2))
    chosen = np.where(group == "0", "bad", chosen)  # nobody of this group is selected
    weights = rng.uniform(0.1, 5, n) if weighted else np.ones(n)
    roles = {"weight": "w"} if weighted else {}
    columns = {"x": np.arange(n), **({"w": weights} if weighted else {})}
    dataset, predictions = make_case({"g": group}, y, chosen, columns=columns, positive="good", **roles)
    assessment = build_context(dataset, predictions, FairnessConfig()).assessments["g"]
    names = group.fillna("(missing)")
    oracles = {
        "base rate": lambda t, _, w: fl.selection_rate(t, t, sample_weight=w),
        "selection rate": lambda t, p, w: fl.selection_rate(t, p, sample_weight=w),
        "true positive rate": lambda t, p, w: fl.true_positive_rate(t, p, sample_weight=w),
        "false positive rate": lambda t, p, w: fl.false_positive_rate(t, p, sample_weight=w),
        "false negative rate": lambda t, p, w: fl.false_negative_rate(t, p, sample_weight=w),
        "precision": lambda t, p, w: sk.precision_score(t, p, sample_weight=w, zero_division=np.nan),
        "accuracy": lambda t, p, w: sk.accuracy_score(t, p, sample_weight=w),
    }
    for code, name in enumerate(assessment.feature.groups):
        here = (names == name).to_numpy()
        true, predicted = (y[here] == "good").astype(int), (chosen[here] == "good").astype(int)
        for metric, oracle in oracles.items():
            rates = assessment.rates[metric]
            if rates.rows[code] == 0:
                assert np.isnan(rates.shares[code])
            else:
                assert rates.shares[code] == pytest.approx(oracle(true, predicted, weights[here])), (name, metric)
