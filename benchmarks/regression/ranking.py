"""Planted errors in numeric labels: Assay's ranking and suspects beside cleanlab's; the table of docs/regression.md.

python benchmarks/regression/ranking.py path/to/data

The folder holds adult/adult-train.csv.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from cleanlab.regression.learn import CleanLearning
from cleanlab.regression.rank import get_label_quality_scores
from sklearn.datasets import load_diabetes, make_friedman1
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import average_precision_score
from sklearn.model_selection import KFold, cross_val_predict

from assay.config import LabelNoiseConfig, LearningConfig
from assay.config_file import parse_config
from assay.ingest import read_dataset
from assay.label_noise import find_numeric_label_noise
from assay.learning import out_of_sample_values

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE = 0.05
KINDS = ("none", "labels of other rows", "factor 10", "sign", "outliers")


def tables(data: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and frame of each table; the label is "y"."""
    yield "diabetes", load_diabetes(as_frame=True, scaled=False).frame.rename(columns={"target": "y"})
    x, y = make_friedman1(1500, noise=1.0, random_state=0)
    yield "Friedman 1", pd.DataFrame(x).add_prefix("x").assign(y=y)
    frame = pd.read_csv(data / "adult" / "adult-train.csv", header=None, skipinitialspace=True)
    frame = frame.sample(4000, random_state=0).reset_index(drop=True)
    yield "Adult hours a week", frame.add_prefix("c").rename(columns={"c12": "y"})
    rng = np.random.default_rng(1)
    x, group = rng.normal(size=(2000, 5)), rng.integers(0, 3, 2000)
    log = 9 + 0.6 * x[:, 0] + 0.3 * x[:, 1] * (group == 1) + 0.2 * group + rng.standard_t(4, 2000) * 0.35
    yield "lognormal incomes", pd.DataFrame(x).add_prefix("x").assign(g=np.array([*"pqr"])[group], y=np.exp(log))


def plant(y: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """The labels, of which `SHARE` are wrong."""
    out, bad = y.copy(), rng.choice(len(y), int(SHARE * len(y)), replace=False)
    if kind == "labels of other rows":
        out[bad] = y[np.roll(bad, 1)]
    elif kind == "factor 10":
        out[bad] = np.where(rng.random(len(bad)) < 0.5, y[bad] * 10, y[bad] / 10)
    elif kind == "sign":
        out[bad] = -y[bad]
    elif kind == "outliers":
        out[bad] = y[bad] + rng.choice([-1, 1], len(bad)) * rng.uniform(2.1, 4.2, len(bad)) * np.std(y)
    return out


def main(data: Path) -> None:
    """Print a line for each table and kind of error."""
    for name, frame in tables(data):
        clean = frame["y"].to_numpy(dtype=float)
        for kind in KINDS:
            y = plant(clean, kind, np.random.default_rng(7))
            wrong = y != clean
            dataset = read_dataset(parse_config({"label": "y", "task": "regression"}), frame=frame.assign(y=y))
            found = find_numeric_label_noise(
                dataset, out_of_sample_values(dataset, LearningConfig()), LabelNoiseConfig()
            )
            if not wrong.any():
                print(f"{name}: no errors planted, {found.suspect.sum()} of {len(y)} rows flagged", flush=True)
                continue
            x = pd.get_dummies(frame.drop(columns="y")).astype(float).to_numpy()
            folds = KFold(5, shuffle=True, random_state=0)
            predicted = cross_val_predict(HistGradientBoostingRegressor(), x, y, cv=folds)
            scores = {m: get_label_quality_scores(y, predicted, method=m) for m in ("residual", "outre")}
            issues = CleanLearning(HistGradientBoostingRegressor(), n_boot=1, cv_n_folds=3, seed=0)
            theirs = issues.find_label_issues(x, y)
            scores |= {"CleanLearning": theirs["label_quality"].to_numpy(), "Assay": found.quality}
            ranked = ", ".join(
                f"{m} {average_precision_score(wrong, -np.log(s + 1e-300)):.2f}" for m, s in scores.items()
            )
            print(f"{name}, {kind}: {ranked}; {_flags('Assay', found.suspect, wrong)}; "
                  f"{_flags('CleanLearning', theirs['is_label_issue'].to_numpy(), wrong)}", flush=True)  # fmt: skip


def _flags(who: str, flagged: np.ndarray, wrong: np.ndarray) -> str:
    precision = wrong[flagged].mean() if flagged.any() else np.nan
    return f"{who} flags {flagged.sum()}, precision {precision:.2f}, recall {flagged[wrong].mean():.2f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    main(parser.parse_args().data)
