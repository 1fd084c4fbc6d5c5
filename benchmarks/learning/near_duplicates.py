"""Wrong labels whose near-duplicate lies in the training folds: found with near-equal folds, or with exact ones.

    python benchmarks/learning/near_duplicates.py PATH/adult/adult-train.csv

A tenth of the rows get a slightly changed copy; copy and original carry the same label, as one entry that was made
twice, and a fifth of these pairs carry the wrong one. A memorising learner (nearest neighbour, boosted trees) predicts
each row out of fold, and rows are ranked by the probability of their given label: average precision for the wrong
labels, among the copied rows and among all. Ten per cent of the other labels are wrong too.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score
from sklearn.neighbors import KNeighborsClassifier

from assay.learning.encoding import encode_table
from assay.learning.folds import assign_folds, find_units

FOLDS = 5
ROWS = 10_000


def main(path: str) -> None:
    """Print average precision by learner, kind of folds and seed."""
    people = pd.read_csv(path, header=None, skipinitialspace=True, na_values="?").add_prefix("c")
    rows = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        sample = people.sample(ROWS, random_state=seed).reset_index(drop=True)
        frame, labels, wrong, copied = plant(sample, rng)
        table = encode_table(frame, list(frame.columns), torch.device("cpu"))
        inputs, values, codes = (
            table.rows(torch.arange(len(frame))).numpy(),
            table.numbers.numpy(),
            table.codes.numpy(),
        )
        equal = np.unique(np.concatenate([values, codes], axis=1), axis=0, return_inverse=True)[1].ravel()
        for folds, units in (("exact", equal), ("near-equal", find_units(values, codes, None))):
            fold = assign_folds(units, labels, FOLDS, np.random.default_rng(seed))
            for name, learner in learners():
                given = self_confidence(learner, inputs, labels, fold)
                score = average_precision_score(wrong[copied], -given[copied]), average_precision_score(wrong, -given)
                rows.append((name, folds, seed, *score))
    found = pd.DataFrame(rows, columns=["learner", "folds", "seed", "copied rows", "all rows"])
    spread = found.groupby(["learner", "folds"])[["copied rows", "all rows"]].agg(["mean", "min", "max"])
    print(spread.round(3).to_string())


def plant(sample: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    """Add changed copies and wrong labels: the features, labels, which labels are wrong, which rows are copied."""
    features, true = sample.iloc[:, :-1], pd.factorize(sample.iloc[:, -1], sort=True)[0]
    originals = rng.choice(len(sample), len(sample) // 10, replace=False)
    copies = features.iloc[originals].reset_index(drop=True)
    texts = [c for c in features if not pd.api.types.is_numeric_dtype(features[c])]
    for row in range(len(copies)):
        column = texts[rng.integers(len(texts))]
        copies.loc[row, column] = f"{copies.loc[row, column]}x"
    wrong = rng.random(len(sample)) < 0.1
    wrong[originals] = rng.random(len(originals)) < 0.2
    wrong = np.concatenate([wrong, wrong[originals]])
    copied = np.zeros(len(wrong), dtype=bool)
    copied[originals] = copied[len(sample) :] = True
    truth = np.concatenate([true, true[originals]])
    return pd.concat([features, copies], ignore_index=True), np.where(wrong, 1 - truth, truth), wrong, copied


def learners() -> list[tuple[str, KNeighborsClassifier | HistGradientBoostingClassifier]]:
    """Learners that memorise: one by design, one with many leaves of few rows."""
    boosted = HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=127, min_samples_leaf=2, random_state=0)
    return [("5 nearest, by distance", KNeighborsClassifier(5, weights="distance")), ("boosted trees", boosted)]


def self_confidence(
    learner: KNeighborsClassifier | HistGradientBoostingClassifier,
    inputs: np.ndarray,
    labels: np.ndarray,
    fold: np.ndarray,
) -> np.ndarray:
    """Out-of-fold probability of each row's given label."""
    given = np.empty(len(labels))
    for f in range(FOLDS):
        held = fold == f
        learner.fit(inputs[~held], labels[~held])
        given[held] = learner.predict_proba(inputs[held])[np.arange(held.sum()), labels[held]]
    return given


if __name__ == "__main__":
    main(sys.argv[1])
