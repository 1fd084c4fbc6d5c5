"""Learning: one training, and an honest prediction for every row.

The only importer of torch.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.errors import InputError
from assay.results import OutOfSample

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from assay.config import LearningConfig
    from assay.dataset import Dataset
    from assay.learning.encoding import EncodedTable
    from assay.learning.training import Recipe, Trained

__all__ = ["out_of_sample"]

# OpenMP's idle threads spin by default. Where many other processes want the same cores, a step of a small network may
# wait for a thread that is not running: at a load of 6 to 9 on two cores, 6,000 rows took 160 to 210 s by default and
# 12 s at a spin count of 1,000. This higher count costs a twentieth on idle cores, where sleeping at once
# (OMP_WAIT_POLICY=PASSIVE) costs a third; beside two busy loops it made no difference (13.6 s against 12.9 s).
# GNU OpenMP reads this once, when torch is first imported; a user's own setting stands.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def _ignore(_fraction: float) -> None:
    """Stand in for a progress display that nobody asked for."""


def out_of_sample(
    dataset: Dataset,
    config: LearningConfig,
    *,
    exclude: npt.NDArray[np.bool_] | None = None,
    repeats: int | None = None,
    progress: Callable[[float], None] = _ignore,
) -> OutOfSample:
    """Predict every row by networks that saw neither the row, nor one equal to it, nor one of its group.

    `folds` x `repeats` two-layer networks are trained as one stacked program. The same seed gives the same folds
    with and without `exclude`, so that two such trainings can be compared row by row.

    Parameters
    ----------
    dataset
        N rows. Rows without a label, and of a class that occurs in fewer independent units than there are folds, are
        predicted but neither trained on nor tested.
    config
        Folds, repeats, epochs, seed, device.
    exclude
        (N,) bool: rows that are held out as any other but never trained on, such as suspect labels.
    repeats
        In place of the configured number.
    progress
        Is told the finished share, in (0, 1].

    Raises
    ------
    InputError
        Where fewer than two classes can be learned, or no feature is left.
    ConfigurationError
        Where the device does not exist.
    """
    import torch

    from assay.learning.device import choose_device
    from assay.learning.encoding import encode_table
    from assay.learning.folds import assign_folds, count_units, find_units
    from assay.learning.training import Recipe, train_members

    device, why = choose_device(config.device)
    features, repeats = dataset.roles.features, repeats or config.repeats
    table = encode_table(dataset.frame, features, device)
    units = find_units(table.numbers.cpu().numpy(), table.codes.cpu().numpy(), _group_codes(dataset))
    kept = _learnable(dataset, count_units(units, dataset.labels.codes, len(dataset.labels.classes)), config.folds)
    labels = _recode(dataset.labels.codes, kept)
    eligible = np.flatnonzero(labels >= 0)
    folds = np.full((repeats, len(dataset)), -1, dtype=np.int16)
    for r in range(repeats):
        rng = np.random.default_rng((config.seed, r))
        folds[r, eligible] = assign_folds(units[eligible], labels[eligible], config.folds, rng)

    trainable = labels >= 0 if exclude is None else (labels >= 0) & ~exclude
    pairs = [(r, f) for r in range(repeats) for f in range(config.folds)]
    train = [np.flatnonzero(trainable & (folds[r] != f)) for r, f in pairs]
    test = [np.flatnonzero(folds[r] == f) for r, f in pairs]
    if (
        exclude is None
    ):  # without the suspect rows a small class may vanish from a fold: it is then not predicted there
        _check_members(train, labels, len(kept))
    recipe = Recipe.for_rows(max(map(len, train)), seed=config.seed, epochs=config.epochs)
    trained = train_members(
        table,
        torch.from_numpy(np.maximum(labels, 0)).to(device),
        None if dataset.weights is None else torch.from_numpy(dataset.weights.astype(np.float32)).to(device),
        classes=len(kept),
        train=train,
        test=test,
        recipe=recipe,
        progress=progress,
    )
    repeat_probs, test_score = _held_out(trained, table, test, labels, repeats)
    mean = repeat_probs.mean(axis=0, dtype=np.float64)
    classes = dataset.labels.classes
    return OutOfSample(
        classes=tuple(classes[c] for c in kept),
        labels=labels,
        pred_probs=mean / mean.sum(axis=1, keepdims=True),
        repeat_probs=repeat_probs,
        folds=folds,
        trained=trainable,
        left_out=_left_out(dataset, kept),
        train_loss=trained.train_loss,
        test_loss=trained.test_loss,
        train_score=_train_score(trained, table, train, labels, recipe),
        test_score=test_score,
        device=why,
        details=_details(config, recipe, trained, table, members=len(pairs)),
    )


def _group_codes(dataset: Dataset) -> npt.NDArray[np.int64] | None:
    if dataset.roles.group is None:
        return None
    codes, _ = pd.factorize(dataset.frame[dataset.roles.group])
    return codes.astype(np.int64)


def _learnable(dataset: Dataset, units: npt.NDArray[np.int64], folds: int) -> npt.NDArray[np.int64]:
    kept = np.flatnonzero(units >= folds)
    if len(kept) < 2:
        sizes = ", ".join(f"'{c}' {n}" for c, n in list(zip(dataset.labels.classes, units, strict=True))[:10])
        raise InputError(
            f"At least two classes of '{dataset.roles.label}' must have {folds} different rows each, one for every "
            f"fold, got {sizes}. Add rows, or set learning.folds lower."
        )
    return kept


def _recode(codes: npt.NDArray[np.int64], kept: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    table = np.full(max(int(codes.max(initial=0)), int(kept.max())) + 2, -1, dtype=np.int64)
    table[kept] = np.arange(len(kept))
    return table[codes]  # -1 reads the last entry, which is -1


def _check_members(train: Sequence[npt.NDArray[np.int64]], labels: npt.NDArray[np.int64], classes: int) -> None:
    if any(len(np.unique(labels[rows])) < classes for rows in train):
        raise InputError(
            "Every fold must leave rows of every class to train on, but rows that belong together (equal rows, or one "
            "group) hold nearly a whole class. Remove duplicates, choose another group column, or more folds."
        )


def _held_out(
    trained: Trained,
    table: EncodedTable,
    test: Sequence[npt.NDArray[np.int64]],
    labels: npt.NDArray[np.int64],
    repeats: int,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    from assay.learning.training import predict

    found = predict(trained.network, table, test)
    probabilities = np.zeros((repeats, len(labels), found[0].shape[1]), dtype=np.float32)
    scores = np.array(
        [(p.argmax(axis=1) == labels[r]).mean() if len(r) else np.nan for p, r in zip(found, test, strict=True)]
    )
    members = len(test) // repeats
    for m, (rows, p) in enumerate(zip(test, found, strict=True)):
        probabilities[m // members, rows] = p
    never = np.flatnonzero(labels < 0)
    if len(never):
        for m, p in enumerate(predict(trained.network, table, [never] * len(test))):
            probabilities[m // members, never] += p / members
    return probabilities, scores


def _train_score(
    trained: Trained,
    table: EncodedTable,
    train: Sequence[npt.NDArray[np.int64]],
    labels: npt.NDArray[np.int64],
    recipe: Recipe,
) -> npt.NDArray[np.float64]:
    from assay.learning.training import predict, sample_rows

    rng = np.random.default_rng(recipe.seed)
    rows = [sample_rows(r, rng) for r in train]
    found = predict(trained.network, table, rows)
    return np.array([(p.argmax(axis=1) == labels[r]).mean() for p, r in zip(found, rows, strict=True)])


def _left_out(dataset: Dataset, kept: npt.NDArray[np.int64]) -> dict[str, int]:
    codes = dataset.labels.codes
    sizes = np.bincount(codes[codes >= 0], minlength=len(dataset.labels.classes))
    return {c: int(sizes[i]) for i, c in enumerate(dataset.labels.classes) if i not in set(kept.tolist())}


def _details(
    config: LearningConfig, recipe: Recipe, trained: Trained, table: EncodedTable, *, members: int
) -> dict[str, str | int | float]:
    from assay.learning.training import HIDDEN

    return {
        "network": "multilayer perceptron, " + " x ".join(map(str, HIDDEN)),
        "members": members,
        "folds": config.folds,
        "epochs": recipe.epochs,
        "batch": recipe.batch,
        "inputs": table.width,
        "parameters a member": trained.network.member_size(),
        "seed": config.seed,
    }
