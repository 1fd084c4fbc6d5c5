"""The yardstick: what a user writes by hand with the same libraries, without Assay.

Great Expectations at COMPLETE with row keys, skorch through scikit-learn's cross_val_predict over five folds and ten
epochs of a 128 x 128 network, Cleanlab, and Fairlearn's MetricFrame with 100 bootstraps. No report, no repeats.

    python benchmarks/gate/by_hand.py ADULT-TRAIN.CSV
"""

import os
import sys
import time

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
import numpy as np
import pandas as pd
import torch
from cleanlab.filter import find_label_issues
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
from sklearn.compose import make_column_transformer
from sklearn.metrics import accuracy_score, precision_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from skorch import NeuralNetClassifier

NAMES = [
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship"),
    *("race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income"),
]


def read(path: str) -> pd.DataFrame:
    return pd.read_csv(path, header=None, names=NAMES, na_values="?", skipinitialspace=True)


def check(frame: pd.DataFrame) -> None:
    context = gx.get_context(mode="ephemeral")
    keyed = frame.assign(row=np.arange(len(frame)))
    batch = (
        context.data_sources.add_pandas("p")
        .add_dataframe_asset("a")
        .add_batch_definition_whole_dataframe("b")
        .get_batch({"dataframe": keyed})
    )
    e = gx.expectations
    rules = [e.ExpectColumnValuesToNotBeNull(column=name) for name in NAMES]
    rules += [
        e.ExpectColumnValuesToBeBetween(column="age", min_value=16, max_value=100),
        e.ExpectColumnValuesToBeBetween(column="hours_per_week", min_value=1, max_value=99),
        e.ExpectColumnValuesToBeInSet(column="sex", value_set=["Female", "Male"]),
        e.ExpectColumnValuesToBeInSet(column="income", value_set=["<=50K", ">50K"]),
        e.ExpectCompoundColumnsToBeUnique(column_list=NAMES),
    ]
    suite = gx.ExpectationSuite(name="s", expectations=rules)
    batch.validate(suite, result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["row"]})


def predict(features: pd.DataFrame, y: np.ndarray) -> np.ndarray:
    numeric = features.select_dtypes("number").columns
    encode = make_column_transformer(
        (StandardScaler(), numeric),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), features.columns.difference(numeric)),
    )
    x = encode.fit_transform(features.fillna(dict.fromkeys(features.columns.difference(numeric), "missing")))
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(x.shape[1], 128), torch.nn.ReLU(), torch.nn.Linear(128, 128), torch.nn.ReLU(),
        torch.nn.Linear(128, 2),
    )  # fmt: skip
    model = NeuralNetClassifier(
        network, criterion=torch.nn.CrossEntropyLoss, optimizer=torch.optim.Adam, lr=1e-3, batch_size=128,
        max_epochs=10, train_split=None, verbose=0,
    )  # fmt: skip
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    logits = cross_val_predict(model, x.astype(np.float32), y, cv=folds, method="predict_proba")
    # skorch applies the softmax of a CrossEntropyLoss itself; older versions returned logits.
    return logits if np.allclose(logits.sum(axis=1), 1) else torch.softmax(torch.from_numpy(logits), 1).numpy()


def assess(y: np.ndarray, predicted: np.ndarray, groups: pd.DataFrame) -> None:
    metrics = {
        "selection rate": selection_rate,
        "TPR": true_positive_rate,
        "FPR": false_positive_rate,
        "accuracy": accuracy_score,
        "precision": lambda a, b: precision_score(a, b, zero_division=0),
    }
    MetricFrame(
        metrics=metrics, y_true=y, y_pred=predicted, sensitive_features=groups, n_boot=100,
        ci_quantiles=[0.025, 0.975], random_state=0,
    )  # fmt: skip


def main(path: str) -> None:
    frame = read(path)
    y = (frame["income"] == ">50K").to_numpy().astype(np.int64)
    features = frame.drop(columns="income")
    clock = time.perf_counter()
    for name, work in {
        "validate": lambda: check(frame),
        "learn": lambda: predict(features, y),
    }.items():
        result = work()
        print(f"{name} {time.perf_counter() - clock:.1f}", flush=True)
        clock = time.perf_counter()
    find_label_issues(y, result, n_jobs=1)
    print(f"labels {time.perf_counter() - clock:.1f}", flush=True)
    clock = time.perf_counter()
    assess(y, result.argmax(axis=1), frame[["sex", "race"]])
    print(f"fairness {time.perf_counter() - clock:.1f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
