"""Out-of-sample predictions of a numeric label: stacked networks with one output, and boosted trees beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from assay.errors import InputError
from assay.learning.device import choose_device
from assay.learning.encoding import encode_table
from assay.learning.members import NETWORKS_SHARE, assign_repeats, describe_training, fold_rng, units_of
from assay.learning.network import StackedNetwork
from assay.learning.numeric_trees import predict_by_trees
from assay.learning.plain_features import read_plain_features
from assay.learning.prediction import Predictor
from assay.learning.recipe import Recipe, draw_share
from assay.learning.steps import Examples, Stepper, batches, steps_of_epoch
from assay.learning.training import sample_rows
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


@dataclass(frozen=True, slots=True, eq=False)
class _Members:
    """M members as what they train on and are tested on: arrays of row positions."""

    train: list[Rows]
    test: list[Rows]
    folds: npt.NDArray[np.int16]  # (R, N), -1 for rows that are predicted only


@dataclass(frozen=True, slots=True, eq=False)
class _Trained:
    """The M trained networks, and what was recorded on the way."""

    predictor: Predictor
    held_out: list[npt.NDArray[np.float32]]  # M arrays (rows of the member's test part,)
    train_loss: Values  # (M, epochs) Huber losses
    test_loss: Values
    notes: tuple[str, ...]  # what did not go as planned, in words


def predict_values(
    dataset: Dataset, config: LearningConfig, *, progress: Callable[[float], None]
) -> OutOfSampleValues:
    """Predict every row by models that saw neither the row, nor one equal to it, nor one of its group.

    The label is learned on the scale that `choose_scale` finds. The networks bound it at `LEARNED_BOUND` deviations
    and minimise a Huber loss: a label that is wrong by much pulls no harder than one that is wrong by a little. The
    trees (`predict_by_trees`, on the same rows as the networks) minimise the squared error of labels bounded at
    `BOUND`. The prediction is the mean of both over the repeats; without `other_models` that of the networks.

    Parameters
    ----------
    dataset
        N rows with a `target`. Rows without one are predicted but neither trained on nor tested.
    config
        Folds, repeats, epochs, budget, other models, seed, device.
    progress
        Is told the finished share, in (0, 1].

    Raises
    ------
    InputError
        Where the labelled rows are fewer independent units than folds, or a fold leaves nothing to train on.
    ConfigurationError
        Where the device does not exist.
    AssayError
        Where one row of each network does not fit into the device's memory.
    """
    assert dataset.target is not None
    device, why = choose_device(config.device)
    table = encode_table(dataset.frame, dataset.roles.features, device)
    scale = choose_scale(dataset.target)
    scaled = scale.apply(dataset.target)
    bounded, learned = (np.clip(scaled, -bound, bound) for bound in (BOUND, LEARNED_BOUND))
    members, recipe = _members(dataset, table, config)
    own_share = NETWORKS_SHARE if config.other_models else 1.0
    trained = _train(
        table,
        learned,
        dataset.weights,
        members,
        recipe=recipe,
        progress=lambda share: progress(own_share * share),
    )
    networks = _by_repeat(trained, members)
    repeat_predictions = networks
    if config.other_models:
        trees = _held_out_trees(
            dataset, bounded, members, config.seed, lambda share: progress(own_share + (1 - own_share) * share)
        )
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
        train_loss=trained.train_loss,
        test_loss=trained.test_loss,
        train_score=_train_scores(trained.predictor, members.train, bounded, recipe.seed),
        test_score=_scores(bounded, members.test, trained.held_out),
        device=why,
        details=_details(config, recipe, trained, members.train)
        | {"label scale": "logarithmic" if scale.is_logarithmic else "as it is"},
    )


def _members(dataset: Dataset, table: EncodedTable, config: LearningConfig) -> tuple[_Members, Recipe]:
    assert dataset.target is not None
    units = units_of(dataset, table)
    labelled = np.flatnonzero(~np.isnan(dataset.target))
    distinct = len(np.unique(units[labelled]))
    if distinct < config.folds:
        raise InputError(
            f"At least {config.folds} different labelled rows are needed, one for every fold, got {distinct} (equal "
            "rows and rows of one group count as one). Add rows, or set learning.folds lower."
        )
    # The classes of a numeric label are quantile bins of it.
    folds = assign_repeats(units, dataset.labels.codes, labelled, config, config.repeats)
    pairs = [(r, f) for r in range(config.repeats) for f in range(config.folds)]
    sizes = [int(np.count_nonzero(folds[r, labelled] != f)) for r, f in pairs]
    if not all(sizes):
        raise InputError(
            "Every fold must leave rows to train on, but rows that belong together (equal rows, or one group) hold "
            "nearly all of them. Remove duplicates, choose another group column, or more folds."
        )
    visits = None if config.budget is None else config.budget // len(pairs)
    recipe = Recipe.for_rows(max(sizes), seed=config.seed, epochs=config.epochs, visits=visits)
    # One member after the other: before the share is drawn, they have many times the rows of the table.
    train = [
        draw_share(
            labelled[folds[r, labelled] != f],
            units,
            dataset.labels.codes,
            recipe.share,
            fold_rng(config, r, f),
        )
        for r, f in pairs
    ]
    return _Members(train, [np.flatnonzero(folds[r] == f) for r, f in pairs], folds), recipe


def _train(
    table: EncodedTable,
    target: Values,
    weights: Values | None,
    members: _Members,
    *,
    recipe: Recipe,
    progress: Callable[[float], None],
) -> _Trained:
    device, count = table.numbers.device, len(members.train)
    y = torch.from_numpy(np.nan_to_num(target).astype(np.float32)).to(device)
    w = None if weights is None else torch.from_numpy(weights.astype(np.float32)).to(device)
    network = StackedNetwork(count, (table.width, *recipe.hidden, 1), seed=recipe.seed, device=device)
    steps = recipe.epochs * steps_of_epoch(members.train, recipe.batch)
    stepper = Stepper(network, Examples(table, y, w), recipe, _huber_losses, steps=steps)
    predictor = Predictor(network, table, torch.nn.Identity())
    rngs = [np.random.default_rng((recipe.seed, m)) for m in range(count)]
    samples = [[sample_rows(r, g) for r, g in zip(rows, rngs, strict=True)] for rows in (members.train, members.test)]
    losses = np.full((2, count, recipe.epochs), np.nan)
    for epoch in range(recipe.epochs):
        for rows in batches(members.train, recipe.batch, rngs, device):
            stepper.step(rows)
        for curve, sample in zip(losses, samples, strict=True):
            found = _values(predictor, sample)
            curve[:, epoch] = [_mean_huber(target[r] - p) for r, p in zip(sample, found, strict=True)]
        progress((epoch + 1) / recipe.epochs)
    held_out = _values(predictor, members.test)
    notes = tuple(p.note for p in (stepper.portion, predictor.portion) if p.note)
    return _Trained(predictor, held_out, losses[0], losses[1], notes)


def _huber_losses(outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return functional.smooth_l1_loss(outputs.squeeze(-1), target, reduction="none")


def _mean_huber(errors: Values) -> float:
    sizes = np.abs(errors)
    return float(np.where(sizes < 1, sizes**2 / 2, sizes - 0.5).mean()) if len(sizes) else np.nan


def _values(predictor: Predictor, rows: Sequence[Rows]) -> list[npt.NDArray[np.float32]]:
    """Predictions, on the scale, by each member for its own rows: M arrays (len(rows[m]),)."""
    return [found[:, 0] for found in predictor.predict(rows)]


def _by_repeat(trained: _Trained, members: _Members) -> Values:
    """(R, N) predictions by the networks that hold each row out; of an unlabelled row the mean of a repeat's."""
    out = np.zeros(members.folds.shape)
    folds = len(members.test) // len(out)
    for m, (rows, found) in enumerate(zip(members.test, trained.held_out, strict=True)):
        out[m // folds, rows] = found
    never = np.flatnonzero(members.folds[0] < 0)
    if len(never):
        for m, found in enumerate(_values(trained.predictor, [never] * len(members.test))):
            out[m // folds, never] += found / folds
    return out


def _held_out_trees(
    dataset: Dataset, target: Values, members: _Members, seed: int, progress: Callable[[float], None]
) -> Values:
    """(R, N) predictions by trees that did not see the row; of an unlabelled row the mean over a repeat's folds."""
    features = read_plain_features(dataset.frame, dataset.roles.features)
    repeats = len(members.folds) if len(dataset) <= MAX_ROWS_FOR_REPEATED_TREES else 1
    folds = len(members.test) // len(members.folds)

    def of_repeat(r: int) -> Values:
        train, test = (rows[r * folds : (r + 1) * folds] for rows in (members.train, members.test))
        return predict_by_trees(
            features,
            target,
            dataset.weights,
            train,
            test,
            seed=seed,
            progress=lambda share: progress((r + share) / repeats),
        )

    return np.broadcast_to(np.stack([of_repeat(r) for r in range(repeats)]), members.folds.shape)


def _train_scores(predictor: Predictor, train: Sequence[Rows], target: Values, seed: int) -> Values:
    rng = np.random.default_rng(seed)
    rows = [sample_rows(r, rng) for r in train]
    return _scores(target, rows, _values(predictor, rows))


def _scores(target: Values, rows: Sequence[Rows], found: Sequence[npt.NDArray[np.float32]]) -> Values:
    """(M,) R2 of each member, NaN where it is not defined."""
    r2s = [compute_r2(target[r], p.astype(np.float64)) for r, p in zip(rows, found, strict=True)]
    return np.array([np.nan if r2 is None else r2.value for r2 in r2s])


def _details(
    config: LearningConfig, recipe: Recipe, trained: _Trained, train: Sequence[Rows]
) -> dict[str, str | int | float]:
    details = describe_training(config, recipe, trained.predictor, train, trained.notes)
    details["network"] = f"{details['network']}, one output, Huber loss"
    if config.other_models:
        details["trees"] = "histogram gradient boosting"
    return details
