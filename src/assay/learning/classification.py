"""Out-of-sample predictions of a label that is a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from assay.able import NETWORK
from assay.errors import InputError
from assay.learning.device import choose_device
from assay.learning.encoding import encode_table
from assay.learning.flips import FlipTest, plan_flips
from assay.learning.folds import count_units
from assay.learning.held_out import keep
from assay.learning.members import NETWORKS_SHARE, assign_repeats, describe_training, fold_rng, units_of
from assay.learning.opinions import other_opinions
from assay.learning.plain_features import read_plain_features
from assay.learning.prediction import Predictor
from assay.learning.recipe import Recipe, draw_share
from assay.learning.steps import Examples
from assay.learning.training import sample_rows, train_members
from assay.results import OutOfSample

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from assay.config import LearningConfig
    from assay.dataset import Dataset
    from assay.learning.curves import Rows
    from assay.learning.opinions import Fitted
    from assay.learning.plain_features import PlainFeatures
    from assay.learning.training import Trained

    Codes = npt.NDArray[np.int64]
    Folds = npt.NDArray[np.int16]  # (R, N), -1 for rows that are predicted only
    Mask = npt.NDArray[np.bool_]


def predict_classes(
    dataset: Dataset,
    config: LearningConfig,
    *,
    exclude: Mask | None,
    repeats: int,
    opinions: bool,
    asked: bool,
    progress: Callable[[float], None],
) -> OutOfSample:
    """See `assay.learning.out_of_sample`."""
    device, why = choose_device(config.device)
    table = encode_table(dataset.frame, dataset.roles.features, device)
    plan = _plan(dataset, units_of(dataset, table), config, repeats, exclude)
    labels, folds, recipe = plan.labels, plan.folds, plan.recipe
    own_share = NETWORKS_SHARE if opinions else 1.0
    weights = None if dataset.weights is None else torch.from_numpy(dataset.weights.astype(np.float32)).to(device)
    trained = train_members(
        Examples(table, torch.from_numpy(np.maximum(labels, 0)).to(device), weights),
        classes=len(plan.kept),
        train=plan.train,
        test=plan.test,
        recipe=recipe,
        after_epoch=lambda epoch, _: progress(own_share * (epoch + 1) / recipe.epochs),
    )
    repeat_probs = _repeat_probs(trained, plan.test, labels, repeats)
    flip_test = FlipTest(
        plan_flips(dataset, folds[0] >= 0, classes=len(plan.kept), seed=config.seed) if asked else (), folds
    )
    _flip(flip_test, trained.predictor, repeat_probs, folds)
    fitted: dict[str, list[Fitted]] = {}
    features = read_plain_features(dataset.frame, dataset.roles.features) if opinions else None
    others = (
        {}
        if features is None
        else _opinions(
            *(dataset, labels, folds[0], plan.trainable, config),
            features=features,
            flips=flip_test,
            kept=fitted,
            progress=progress,
        )
    )
    mean = repeat_probs.mean(axis=0, dtype=np.float64)
    classes = dataset.labels.classes
    return OutOfSample(
        classes=tuple(classes[c] for c in plan.kept),
        labels=labels,
        pred_probs=mean / mean.sum(axis=1, keepdims=True),
        repeat_probs=repeat_probs,
        folds=folds,
        trained=plan.trainable,
        left_out=_left_out(dataset, plan.kept),
        train_loss=trained.train_loss,
        test_loss=trained.test_loss,
        train_score=_train_score(trained.predictor, plan.train, labels, recipe.seed),
        test_score=_accuracies(trained.held_out, plan.test, labels),
        device=why,
        details=describe_training(config, recipe, trained.predictor, plan.train, trained.notes),
        trajectory=_of_given(trained.epoch_probs, labels),
        margin=trained.margin,
        epoch_probs=trained.epoch_probs,
        opinions=others,
        flips=flip_test.shares,
        flip_effects=flip_test.effects,
        models=keep(trained.predictor, folds, features, fitted) if asked else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """Who is trained on what, and held out by whom."""

    kept: Codes  # classes that can be learned, as codes of the dataset
    labels: Codes  # (N,) in 0..K-1, places in `kept`; -1 for none
    folds: Folds
    trainable: Mask
    recipe: Recipe
    train: list[Rows]  # a member each
    test: list[Rows]


def _plan(dataset: Dataset, units: Codes, config: LearningConfig, repeats: int, exclude: Mask | None) -> _Plan:
    kept = _learnable(dataset, count_units(units, dataset.labels.codes, len(dataset.labels.classes)), config.folds)
    labels = _recode(dataset.labels.codes, kept)
    folds = assign_repeats(units, labels, np.flatnonzero(labels >= 0), config, repeats)
    trainable = labels >= 0
    _check_members(folds, trainable, labels, config.folds)
    # Recipe and share are those of all rows, so that a training with `exclude` differs by the excluded rows alone.
    recipe = _choose_recipe(folds, trainable, config)
    members = [(r, f) for r in range(repeats) for f in range(config.folds)]
    # One member after the other: before the share is drawn, they have many times the rows of the table.
    train = [
        draw_share(np.flatnonzero(trainable & (folds[r] != f)), units, labels, recipe.share, fold_rng(config, r, f))
        for r, f in members
    ]
    if exclude is not None:
        # Without them a small class may vanish from a member's training rows: that member then does not predict it.
        trainable &= ~exclude
        train = [rows[trainable[rows]] for rows in train]
    test = [np.flatnonzero(folds[r] == f) for r, f in members]
    return _Plan(kept, labels, folds, trainable, recipe, train, test)


def _learnable(dataset: Dataset, units: Codes, folds: int) -> Codes:
    kept = np.flatnonzero(units >= folds)
    if len(kept) < 2:
        sizes = ", ".join(f"'{c}' {n}" for c, n in list(zip(dataset.labels.classes, units, strict=True))[:10])
        raise InputError(
            f"At least two classes of '{dataset.roles.label}' must have {folds} different rows each, one for every "
            f"fold, got {sizes}. Add rows, or set learning.folds lower."
        )
    return kept


def _recode(codes: Codes, kept: Codes) -> Codes:
    table = np.full(max(int(codes.max(initial=0)), int(kept.max())) + 2, -1, dtype=np.int64)
    table[kept] = np.arange(len(kept))
    return table[codes]  # -1 reads the last entry, which is -1


def _check_members(folds: Folds, trainable: Mask, labels: Codes, n_folds: int) -> None:
    """Refuse folds of which one holds out every row of a class."""
    total = np.bincount(labels[trainable])
    held_out = [np.bincount(labels[f == k], minlength=len(total)) for f in folds for k in range(n_folds)]
    if any((held == total).any() for held in held_out):
        raise InputError(
            "Every fold must leave rows of every class to train on, but rows that belong together (equal rows, or one "
            "group) hold nearly a whole class. Remove duplicates, choose another group column, or more folds."
        )


def _choose_recipe(folds: Folds, trainable: Mask, config: LearningConfig) -> Recipe:
    sizes = [int(np.count_nonzero(trainable & (f != k))) for f in folds for k in range(config.folds)]
    visits = None if config.budget is None else config.budget // len(sizes)
    return Recipe.for_rows(max(sizes), seed=config.seed, epochs=config.epochs, visits=visits)


def _repeat_probs(trained: Trained, test: Sequence[Rows], labels: Codes, repeats: int) -> npt.NDArray[np.float32]:
    probabilities = np.zeros((repeats, len(labels), trained.predictor.network.outputs), dtype=np.float32)
    members = len(test) // repeats
    for m, (rows, p) in enumerate(zip(test, trained.held_out, strict=True)):
        probabilities[m // members, rows] = p
    never = np.flatnonzero(labels < 0)
    if len(never):
        for m, p in enumerate(trained.predictor.predict([never] * len(test))):
            probabilities[m // members, never] += p / members
    return probabilities


def _of_given(probabilities: npt.NDArray[np.float32], labels: Codes) -> npt.NDArray[np.float32]:
    """(N,) probability of the given label, NaN for a row without one."""
    given = np.take_along_axis(probabilities, np.maximum(labels, 0)[:, None], axis=1)[:, 0]
    return np.where(labels >= 0, given, np.float32(np.nan))


def _flip(test: FlipTest, predictor: Predictor, repeat_probs: npt.NDArray[np.float32], folds: Folds) -> None:
    """Ask the networks: of each repeat the one that held the row out, as for `repeat_probs`."""
    rows, members = test.rows, predictor.network.members // len(folds)
    held = [np.flatnonzero(of_repeat[rows] == f) for of_repeat in folds for f in range(members)]
    after = np.zeros((len(folds), len(rows), predictor.network.outputs), dtype=np.float32)
    found = Predictor(predictor.network, predictor.table.edited(rows, test.donors)).predict(held)
    for m, part in enumerate(held):
        after[m // members, part] = found[m]
    test.add(NETWORK, repeat_probs[:, rows], after)


def _opinions(
    dataset: Dataset,
    labels: Codes,
    folds: npt.NDArray[np.int16],
    trainable: Mask,
    config: LearningConfig,
    *,
    features: PlainFeatures,
    flips: FlipTest,
    kept: dict[str, list[Fitted]],
    progress: Callable[[float], None],
) -> dict[str, npt.NDArray[np.float64]]:
    train = [np.flatnonzero(trainable & (folds != f)) for f in range(config.folds)]
    test = [np.flatnonzero(folds == f) for f in range(config.folds)]
    return other_opinions(
        dataset,
        labels,
        train,
        test,
        classes=int(labels.max()) + 1,
        seed=config.seed,
        flips=flips,
        kept=kept,
        features=features,
        progress=lambda share: progress(NETWORKS_SHARE + (1 - NETWORKS_SHARE) * share),
    )


def _train_score(predictor: Predictor, train: Sequence[Rows], labels: Codes, seed: int) -> npt.NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    rows = [sample_rows(r, rng) for r in train]
    return _accuracies(predictor.predict(rows), rows, labels)


def _accuracies(
    found: Sequence[npt.NDArray[np.float32]], rows: Sequence[Rows], labels: Codes
) -> npt.NDArray[np.float64]:
    """(M,) accuracy of each member, NaN for one without rows."""
    return np.array(
        [(p.argmax(axis=1) == labels[r]).mean() if len(r) else np.nan for p, r in zip(found, rows, strict=True)]
    )


def _left_out(dataset: Dataset, kept: Codes) -> dict[str, int]:
    codes = dataset.labels.codes
    sizes = np.bincount(codes[codes >= 0], minlength=len(dataset.labels.classes))
    return {c: int(sizes[i]) for i, c in enumerate(dataset.labels.classes) if i not in set(kept.tolist())}
