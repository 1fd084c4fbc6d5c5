"""What parity costs on held-out people: thresholds per group beside fairlearn's methods; a table of README.md.

python benchmarks/fairness/mitigation.py path/to/data

The folder holds adult/adult-train.csv, adult/adult-test.csv and german_credit/german.csv.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from fairlearn.postprocessing import ThresholdOptimizer
from fairlearn.reductions import DemographicParity, EqualizedOdds, ExponentiatedGradient
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_predict, train_test_split

from assay.fairness.mitigation.score_table import bin_scores
from assay.fairness.mitigation.thresholds import find_corners, fit_thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Array = np.ndarray

CRITERIA = ("demographic parity", "equalized odds")
LIMITS = (0.1, 0.05)
GERMAN_SPLITS = 5
MODEL = HistGradientBoostingClassifier(max_iter=100, categorical_features="from_dtype", random_state=0)


class Given(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose only feature is the score."""

    def fit(self, _x: Array, _y: Array) -> Given:
        """Stay as it is."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """Say that it is fitted."""
        return True

    def predict_proba(self, x: Array) -> Array:
        """Answer with the score."""
        return np.column_stack([1 - x[:, 0], x[:, 0]])


@dataclass(frozen=True)
class Split:
    """Rows to fit on, and others to judge on; `score` of the fitting rows is out of sample."""

    x: tuple[pd.DataFrame, pd.DataFrame]
    y: tuple[Array, Array]
    group: tuple[Array, Array]
    score: tuple[Array, Array]


def split(train: pd.DataFrame, test: pd.DataFrame, sensitive: Callable[[pd.DataFrame], pd.Series]) -> Split:
    """Train the model that all thresholds are set on; the label is "y", 1 is favourable."""
    x = train.drop(columns="y"), test.drop(columns="y")
    y = train["y"].to_numpy(), test["y"].to_numpy()
    inside = cross_val_predict(clone(MODEL), x[0], y[0], cv=5, method="predict_proba")[:, 1]
    outside = clone(MODEL).fit(x[0], y[0]).predict_proba(x[1])[:, 1]
    return Split(
        x, y, (sensitive(train).to_numpy().astype(int), sensitive(test).to_numpy().astype(int)), (inside, outside)
    )


def tables(data: Path) -> Iterator[tuple[str, list[Split]]]:
    """Name and splits of each table."""
    files = [data / "adult" / f"adult-{part}.csv" for part in ("train", "test")]
    frames = [pd.read_csv(file, header=None, skipinitialspace=True) for file in files]
    adult = pd.concat(frames, keys=["train", "test"])
    adult["y"] = adult.pop(14).str.startswith(">").astype(int)
    adult = _categories(adult)
    yield "Adult, sex", [split(adult.loc["train"], adult.loc["test"], lambda f: f["c9"] == "Male")]
    german = pd.read_csv(data / "german_credit" / "german.csv", header=None)
    german["y"] = (german.pop(20) == 1).astype(int)
    german = _categories(german)
    splits = [train_test_split(german, test_size=0.4, random_state=seed) for seed in range(GERMAN_SPLITS)]
    # Attribute 9 is the status and the sex in one: A92 and A95 are women.
    yield "German credit, sex", [split(*pair, lambda f: ~f["c8"].isin(["A92", "A95"])) for pair in splits]


def _categories(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.rename(columns=lambda c: c if c == "y" else f"c{c}")
    text = [c for c in frame if not pd.api.types.is_numeric_dtype(frame[c])]
    return frame.astype(dict.fromkeys(text, "category"))


def own(data: Split, _criterion: str, _limit: float) -> Array:
    """The model's own predictions."""
    return (data.score[1] >= 0.5).astype(float)


def thresholds(data: Split, criterion: str, limit: float) -> Array:
    """Assay's thresholds per group."""
    fitted = len(data.score[0])
    bins, size, _ = bin_scores(np.concatenate(data.score))
    weight = np.zeros((2, 2, size))
    np.add.at(weight, (data.group[0], data.y[0], bins[:fitted]), 1)
    return fit_thresholds([find_corners(w) for w in weight], criterion, limit, size)[data.group[1], bins[fitted:]]


def optimizer(data: Split, criterion: str, limit: float) -> Array:
    """Fairlearn's thresholds; its tolerance is for demographic parity only."""
    model = ThresholdOptimizer(
        estimator=Given(),
        prefit=True,
        predict_method="predict_proba",
        constraints=criterion.replace(" ", "_"),
        tol=limit if criterion == CRITERIA[0] else None,
    ).fit(data.score[0][:, None], data.y[0], sensitive_features=data.group[0])
    # The public `predict` draws by lot; this is what it draws with.
    return model._pmf_predict(data.score[1][:, None], sensitive_features=data.group[1])[:, 1]  # noqa: SLF001


def exact(data: Split, criterion: str, _limit: float) -> Array:
    """Fairlearn's thresholds without any disparity."""
    return optimizer(data, criterion, 0)


def reduction(data: Split, criterion: str, limit: float) -> Array:
    """Fairlearn's exponentiated gradient, which does not read the group when it decides."""
    moment = DemographicParity if criterion == CRITERIA[0] else EqualizedOdds
    model = ExponentiatedGradient(clone(MODEL), moment(difference_bound=limit), max_iter=20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(data.x[0], data.y[0], sensitive_features=data.group[0])
    return model._pmf_predict(data.x[1])[:, 1]  # noqa: SLF001


METHODS = {
    "none": own,
    "group thresholds": thresholds,
    "ThresholdOptimizer": optimizer,
    "ThresholdOptimizer, exact": exact,
    "ExponentiatedGradient": reduction,
}


def judge(data: Split, chosen: Array, criterion: str) -> tuple[float, float]:
    """Expected accuracy and disparity on the held-out rows, by masks."""
    y, group = data.y[1], data.group[1]
    accuracy = float(np.where(y == 1, chosen, 1 - chosen).mean())
    cases = [np.ones(len(y), dtype=bool)] if criterion == CRITERIA[0] else [y == 1, y == 0]
    return accuracy, max(abs(chosen[c & (group == 0)].mean() - chosen[c & (group == 1)].mean()) for c in cases)


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    print("| table | criterion | fitted for | method | accuracy | difference | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, splits in tables(parser.parse_args().data):
        for criterion in CRITERIA:
            for limit in LIMITS:
                for method, decide in METHODS.items():
                    if (method == "ThresholdOptimizer" and criterion == CRITERIA[1]) or (
                        decide in (own, exact) and limit != LIMITS[0]
                    ):
                        continue
                    start = time.process_time()
                    found = [judge(data, decide(data, criterion, limit), criterion) for data in splits]
                    spent = (time.process_time() - start) / len(splits)
                    accuracy, difference = np.mean(found, axis=0)
                    aim = {own: "", exact: "0"}.get(decide, f"{limit:g}")
                    cells = [name, criterion, aim, method, f"{accuracy:.4f}", f"{difference:.3f}", f"{spent:.2f}"]
                    print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
