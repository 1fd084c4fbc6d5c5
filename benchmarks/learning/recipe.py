"""Compare recipes of the training: when to stop, how wide, and with which labels.

    python benchmarks/learning/recipe.py ../shared/data --seeds 2

Every setting trains five folds of each table, clean and with uniform flips of the labels. Log loss and accuracy of the
held-out predictions are taken against the labels before the flips; average precision is that of finding the flips by
the held-out probability of the given label. "best of" settings hold a tenth of a member's training rows back, in whole
units, and keep the weights of the epoch with the lowest loss on them.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import average_precision_score
from tables import flip, load_table

from assay.learning.encoding import EncodedTable, encode_table
from assay.learning.folds import assign_folds, find_units
from assay.learning.prediction import Predictor
from assay.learning.recipe import Recipe, draw_share
from assay.learning.steps import Examples
from assay.learning.training import train_members

if TYPE_CHECKING:
    from assay.learning.network import StackedNetwork

TABLES = ("adult 3000", "adult 10000", "german", "usps 2000", "digits", "wine", "cancer")
FLIPS = (0.0, 0.1, 0.3)
FOLDS = 5
# Passes in place of the recipe's (None), times, share held back, changes of the recipe.
SETTINGS = {
    "fixed": (1, 0.0, {}),
    "best epoch": (1, 0.1, {}),
    "best of three times the epochs": (3, 0.1, {}),
    "fixed, 256 x 256": (1, 0.0, {"hidden": (256, 256)}),
    "fixed, label smoothing 0.1": (1, 0.0, {"smoothing": 0.1}),
    "fixed, 256 x 256, smoothing 0.1": (1, 0.0, {"hidden": (256, 256), "smoothing": 0.1}),
}


class BestEpoch:
    """Keeps, for each member by itself, the weights of the epoch with the lowest loss on rows held back."""

    def __init__(self, table: EncodedTable, targets: torch.Tensor, held_back: list[np.ndarray]) -> None:
        self.table, self.targets, self.held_back = table, targets, held_back
        self.best = np.full(len(held_back), np.inf)
        self.weights: list[torch.Tensor] = []

    def __call__(self, _epoch: int, network: StackedNetwork) -> None:
        """Look at the members after an epoch."""
        given = Predictor(network, self.table).predict(self.held_back, self.targets)
        loss = np.array([-np.log(np.clip(p, 1e-12, 1)).mean() for p in given])
        better = torch.from_numpy(loss < self.best).view(-1, 1, 1)
        self.best = np.minimum(self.best, loss)
        now = [p.detach() for p in network.parameters]
        self.weights = [torch.where(better, p, kept) for p, kept in zip(now, self.weights or now, strict=True)]

    def restore(self, network: StackedNetwork) -> None:
        """Give the members their kept weights."""
        with torch.no_grad():
            for parameter, kept in zip(network.parameters, self.weights, strict=True):
                parameter.copy_(kept)


def measure(frame: pd.DataFrame, true: np.ndarray, share: float, seed: int, setting: str) -> dict[str, float]:
    times, held_back, changes = SETTINGS[setting]
    given = flip(true, share, seed)
    table = encode_table(frame, list(frame.columns), torch.device("cpu"))
    units = find_units(table.numbers.numpy(), table.codes.numpy(), None)
    folds = assign_folds(units, given, FOLDS, np.random.default_rng(seed))
    train = [np.flatnonzero(folds != f) for f in range(FOLDS)]
    test = [np.flatnonzero(folds == f) for f in range(FOLDS)]
    recipe = Recipe.for_rows(max(map(len, train)), seed=seed)
    recipe = replace(recipe, epochs=times * recipe.epochs, **changes)
    targets = torch.from_numpy(given)
    kept = [draw_share(r, units, given, 1 - held_back, np.random.default_rng((seed, m))) for m, r in enumerate(train)]
    best = BestEpoch(table, targets, [np.setdiff1d(r, k) for r, k in zip(train, kept, strict=True)])
    trained = train_members(
        Examples(table, targets),
        classes=int(true.max()) + 1,
        train=kept,
        test=test,
        recipe=recipe,
        **({"after_epoch": best} if held_back else {}),
    )
    if held_back:
        best.restore(trained.predictor.network)
    probs = np.zeros((len(true), int(true.max()) + 1))
    for rows, found in zip(test, trained.predictor.predict(test), strict=True):
        probs[rows] = found
    every, wrong = np.arange(len(true)), given != true

    def precision(doubt: np.ndarray) -> float:
        return float(average_precision_score(wrong, doubt)) if wrong.any() else np.nan

    return {
        "log loss": float(-np.log(np.clip(probs[every, true], 1e-12, 1)).mean()),
        "accuracy": float((probs.argmax(axis=1) == true).mean()),
        "AP self-confidence": precision(-probs[every, given]),
        "AP trajectory": precision(-trained.epoch_probs[every, given]),
        # A row that all its members held back has no margin.
        "AP margin": precision(-np.nan_to_num(trained.margin, nan=np.nanmedian(trained.margin))),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path, help="folder of adult, german_credit and usps")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--settings", nargs="+", default=SETTINGS)
    parser.add_argument("--out", type=Path, help="CSV of every case")
    arguments = parser.parse_args()
    found = []
    for name in arguments.tables:
        frame, true = load_table(name, arguments.data)
        for share in FLIPS:
            for seed in range(arguments.seeds):
                for setting in arguments.settings:
                    case = {"table": name, "flips": share, "seed": seed, "setting": setting}
                    found.append({**case, **measure(frame, true, share, seed, setting)})
                    print(found[-1], file=sys.stderr, flush=True)
    cases = pd.DataFrame(found)
    if arguments.out:
        cases.to_csv(arguments.out, index=False)
    figures = list(cases.columns[4:])
    print("Means over tables and seeds\n")
    for by in (["setting"], ["flips", "setting"], ["table", "setting"]):
        print(_markdown(cases.groupby(by, sort=False)[figures].mean().reset_index()), end="\n\n")


def _markdown(table: pd.DataFrame) -> str:
    lines = [list(table.columns), ["---"] * len(table.columns)]
    lines += [[f"{v:.4f}" if isinstance(v, float) else str(v) for v in row] for row in table.to_numpy()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
