"""Out-of-sample predictions of a numeric label: stacked networks with one output, and boosted trees beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from assay.errors import InputError
from assay.learning.device import choose_device
from assay.learning.encoding import encode_table
from assay.learning.folds import assign_folds, find_units
from assay.learning.network import Dropout, StackedNetwork, clip_per_member
from assay.learning.recipe import (
    DROPOUT,
    GRADIENT_NORM,
    HIDDEN,
    LEARNING_RATE,
    LEAST_SCHEDULE,
    WARM_UP,
    WEIGHT_DECAY,
    Recipe,
)
from assay.learning.training import EVALUATION_BYTES, sample_rows
from assay.r2 import compute_r2
from assay.results import OutOfSampleValues
from assay.target import BOUND, choose_scale

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from assay.config import LearningConfig
    from assay.dataset import Dataset
    from assay.learning.curves import Rows
    from assay.learning.encoding import EncodedTable

    Values = npt.NDArray[np.float64]

# More rows, and the trees are grown for the folds of the first repeat only: they differ little between repeats there.
MAX_ROWS_FOR_REPEATED_TREES = 50_000
# Labels are learned as lying at most this many deviations from their median.
LEARNED_BOUND = 8.0
# More categories than scikit-learn's trees have bins for: their codes are taken for numbers.
MOST_CATEGORIES = 255
# Shallow and slow: 150 rows are not rare, and wrong labels are among them.
TREES = {
    "max_iter": 120,
    "learning_rate": 0.06,
    "max_leaf_nodes": 12,
    "min_samples_leaf": 15,
    "l2_regularization": 1.0,
}


@dataclass(frozen=True, slots=True, eq=False)
class _Members:
    """M members as what they train on and are tested on: arrays of row positions."""

    train: list[Rows]
    test: list[Rows]
    folds: npt.NDArray[np.int16]  # (R, N), -1 for rows that are predicted only


def predict_values(
    dataset: Dataset, config: LearningConfig, *, progress: Callable[[float], None]
) -> OutOfSampleValues:
    """Predict every row by models that saw neither the row, nor one equal to it, nor one of its group.

    The label is learned on the scale that `choose_scale` finds. The networks bound it at `LEARNED_BOUND` deviations
    and minimise a Huber loss: a label that is wrong by much pulls no harder than one that is wrong by a little. The
    trees (scikit-learn's `HistGradientBoostingRegressor`, in the same folds) minimise the squared error of labels
    bounded at `BOUND`. The prediction is the mean of both over the repeats.

    Parameters
    ----------
    dataset
        N rows with a `target`. Rows without one are predicted but neither trained on nor tested.
    config
        Folds, repeats, epochs, seed, device.
    progress
        Is told the finished share, in (0, 1].

    Raises
    ------
    InputError
        Where the labelled rows are fewer independent units than folds.
    ConfigurationError
        Where the device does not exist.
    """
    assert dataset.target is not None
    device, why = choose_device(config.device)
    table = encode_table(dataset.frame, dataset.roles.features, device)
    scale = choose_scale(dataset.target)
    scaled = scale.apply(dataset.target)
    bounded, learned = (np.clip(scaled, -bound, bound) for bound in (BOUND, LEARNED_BOUND))
    members = _members(dataset, table, config)
    recipe = Recipe.for_rows(max(map(len, members.train)), seed=config.seed, epochs=config.epochs)
    network, losses = _train(table, learned, dataset.weights, members, recipe=recipe, progress=progress)
    networks = _held_out(network, table, members)
    trees = _held_out_trees(table, bounded, dataset.weights, members, config.seed)
    repeat_predictions = (networks + trees) / 2
    prediction = repeat_predictions.mean(axis=0)
    return OutOfSampleValues(
        target=dataset.target,
        predictions=scale.invert(prediction),
        scale=scale,
        scaled_target=scaled,
        scaled_predictions=prediction,
        repeat_predictions=repeat_predictions.astype(np.float32),
        folds=members.folds,
        trained=~np.isnan(scaled),
        train_loss=losses[0],
        test_loss=losses[1],
        train_score=_train_scores(network, table, members, bounded, recipe.seed),
        test_score=np.array(
            [_score(bounded[rows], networks[m // config.folds, rows]) for m, rows in enumerate(members.test)]
        ),
        device=why,
        details={
            "network": "multilayer perceptron, " + " x ".join(map(str, HIDDEN)) + ", one output, Huber loss",
            "trees": "histogram gradient boosting",
            "label scale": "logarithmic" if scale.is_logarithmic else "as it is",
            "members": len(members.train),
            "folds": config.folds,
            "epochs": recipe.epochs,
            "batch": recipe.batch,
            "inputs": table.width,
            "parameters a member": network.member_size(),
            "seed": config.seed,
        },
    )


def _score(target: Values, prediction: npt.NDArray[Any]) -> float:
    r2 = compute_r2(target, prediction.astype(np.float64))
    return np.nan if r2 is None else r2.value


def _members(dataset: Dataset, table: EncodedTable, config: LearningConfig) -> _Members:
    assert dataset.target is not None
    column = dataset.roles.group
    group = None if column is None else pd.factorize(dataset.frame[column])[0].astype(np.int64)
    units = find_units(table.numbers.cpu().numpy(), table.codes.cpu().numpy(), group)
    labelled = np.flatnonzero(~np.isnan(dataset.target))
    distinct = len(np.unique(units[labelled]))
    if distinct < config.folds:
        raise InputError(
            f"At least {config.folds} different labelled rows are needed, one for every fold, got {distinct} (equal "
            "rows and rows of one group count as one). Add rows, or set learning.folds lower."
        )
    folds = np.full((config.repeats, len(dataset)), -1, dtype=np.int16)
    for r in range(config.repeats):
        rng = np.random.default_rng((config.seed, r))
        # Stratified by quantile bins of the label.
        folds[r, labelled] = assign_folds(units[labelled], dataset.labels.codes[labelled], config.folds, rng)
    pairs = [(r, f) for r in range(config.repeats) for f in range(config.folds)]
    train = [labelled[folds[r, labelled] != f] for r, f in pairs]
    if not all(map(len, train)):
        raise InputError(
            "Every fold must leave rows to train on, but rows that belong together (equal rows, or one group) hold "
            "nearly all of them. Remove duplicates, choose another group column, or more folds."
        )
    return _Members(train, [np.flatnonzero(folds[r] == f) for r, f in pairs], folds)


def _train(
    table: EncodedTable,
    target: Values,
    weights: Values | None,
    members: _Members,
    *,
    recipe: Recipe,
    progress: Callable[[float], None],
) -> tuple[StackedNetwork, Values]:
    """The trained stack, and (2, M, epochs) Huber losses on training rows and on held-out rows."""
    device, count = table.numbers.device, len(members.train)
    network = StackedNetwork(count, (table.width, *HIDDEN, 1), seed=recipe.seed, device=device)
    steps = -(-max(map(len, members.train)) // recipe.batch)
    optimiser = torch.optim.AdamW(network.parameters, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=LEARNING_RATE, total_steps=max(LEAST_SCHEDULE, steps * recipe.epochs), pct_start=WARM_UP
    )
    rngs = [np.random.default_rng((recipe.seed, m)) for m in range(count)]
    samples = [[sample_rows(r, g) for r, g in zip(rows, rngs, strict=True)] for rows in (members.train, members.test)]
    dropout = Dropout(DROPOUT, seed=recipe.seed, device=device)
    y = torch.from_numpy(np.nan_to_num(target).astype(np.float32)).to(device)
    w = torch.ones_like(y) if weights is None else torch.from_numpy(weights.astype(np.float32)).to(device)
    losses = np.full((2, count, recipe.epochs), np.nan)
    for epoch in range(recipe.epochs):
        # Members have nearly equally many rows; a shorter one begins its next pass early.
        order = [np.resize(g.permutation(r), steps * recipe.batch) for r, g in zip(members.train, rngs, strict=True)]
        for rows in torch.split(torch.from_numpy(np.stack(order)).to(device), recipe.batch, dim=1):
            error = functional.smooth_l1_loss(
                network.logits(table.rows(rows), dropout).squeeze(-1), y[rows], reduction="none"
            )
            # Summed over members: a member's gradient does not depend on how many others there are.
            loss = ((error * w[rows]).sum(dim=1) / w[rows].sum(dim=1).clamp(min=1e-12)).sum()
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            clip_per_member(network.parameters, GRADIENT_NORM)
            optimiser.step()
            schedule.step()
        for curve, rows_of in zip(losses, samples, strict=True):
            found = _predict(network, table, rows_of)
            curve[:, epoch] = [_huber(target[r], p) for r, p in zip(rows_of, found, strict=True)]
        progress((epoch + 1) / recipe.epochs)
    return network, losses


def _huber(target: Values, prediction: npt.NDArray[np.float32]) -> float:
    error = np.abs(target - prediction)
    return float(np.where(error < 1, error**2 / 2, error - 0.5).mean()) if len(error) else np.nan


def _predict(network: StackedNetwork, table: EncodedTable, rows: Sequence[Rows]) -> list[npt.NDArray[np.float32]]:
    """Predictions, on the scale, by each member for its own rows: M arrays (len(rows[m]),)."""
    longest = max(map(len, rows))
    padded = np.zeros((len(rows), longest), dtype=np.int64)
    for line, r in zip(padded, rows, strict=True):
        line[: len(r)] = r
    chunk = max(1, EVALUATION_BYTES // (4 * max(1, table.width) * len(rows)))
    index = torch.from_numpy(padded).to(table.numbers.device)
    with torch.inference_mode():
        parts = [network.logits(table.rows(part)).squeeze(-1).cpu() for part in torch.split(index, chunk, dim=1)]
    found = torch.cat(parts, dim=1).numpy()
    return [line[: len(r)] for line, r in zip(found, rows, strict=True)]


def _held_out(network: StackedNetwork, table: EncodedTable, members: _Members) -> Values:
    """(R, N) predictions by the networks that hold each row out; of an unlabelled row the mean of a repeat's."""
    repeats = len(members.folds)
    out = np.zeros(members.folds.shape)
    for m, (rows, found) in enumerate(zip(members.test, _predict(network, table, members.test), strict=True)):
        out[m * repeats // len(members.test), rows] = found
    never = np.flatnonzero(members.folds[0] < 0)
    if len(never):
        every = np.stack(_predict(network, table, [never] * len(members.test)))
        out[:, never] = every.reshape(repeats, -1, len(never)).mean(axis=1)
    return out


def _held_out_trees(
    table: EncodedTable, target: Values, weights: Values | None, members: _Members, seed: int
) -> Values:
    """(R, N) predictions by trees that did not see the row; of an unlabelled row the mean over a repeat's folds."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    numbers, codes = table.numbers.cpu().numpy(), table.codes.cpu().numpy()
    # A number is its place among its column's bin edges, which begins at 0: missing comes before it.
    inputs = np.hstack([np.nan_to_num(numbers, nan=-1.0), codes - codes.min(axis=0, initial=0)]).astype(np.float32)
    is_category = (np.arange(inputs.shape[1]) >= numbers.shape[1]) & (inputs.max(axis=0) < MOST_CATEGORIES)
    repeats = len(members.folds) if len(inputs) <= MAX_ROWS_FOR_REPEATED_TREES else 1
    folds = len(members.test) // len(members.folds)
    never = np.flatnonzero(members.folds[0] < 0)
    out = np.zeros((repeats, len(inputs)))
    for m, (train, test) in enumerate(zip(members.train, members.test, strict=True)):
        if m == repeats * folds:
            break
        w = None if weights is None else weights[train]
        varies = np.ptp(inputs[train], axis=0) > 0
        if not varies.any():
            out[m // folds, test] = np.average(target[train], weights=w)
            continue
        model = HistGradientBoostingRegressor(categorical_features=is_category[varies], random_state=seed, **TREES)
        model.fit(inputs[train][:, varies], target[train], sample_weight=w)
        for rows, share in ((test, 1.0), (never, 1 / folds)):
            if len(rows):
                out[m // folds, rows] += share * model.predict(inputs[rows][:, varies])
    return np.broadcast_to(out, members.folds.shape) if repeats == 1 else out


def _train_scores(
    network: StackedNetwork, table: EncodedTable, members: _Members, target: Values, seed: int
) -> Values:
    rng = np.random.default_rng(seed)
    rows = [sample_rows(r, rng) for r in members.train]
    found = _predict(network, table, rows)
    return np.array([_score(target[r], p) for r, p in zip(rows, found, strict=True)])
