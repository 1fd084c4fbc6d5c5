"""See `assay.trials.variants`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from assay.auc import compute_auc
from assay.intervals import bonferroni
from assay.learning.device import choose_device
from assay.learning.encoding import encode_table
from assay.learning.opinions import TreeSettings, learn_linear, learn_trees, other_opinions
from assay.learning.plain_features import read_plain_features
from assay.learning.recipe import Recipe, draw_share
from assay.learning.steps import Examples
from assay.learning.training import train_members
from assay.learning.trials.configurations import LINEAR_KIND, NETWORKS, Configuration, draw_configurations
from assay.learning.trials.near_best import TOLERANCE, compare
from assay.trials.variants import Variant, VariantTrial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from assay.config import AuditConfig, LearningConfig
    from assay.dataset import Dataset
    from assay.learning.curves import Rows
    from assay.learning.plain_features import PlainFeatures
    from assay.results import OutOfSample

    Probabilities = npt.NDArray[np.float32]

# Fewer rows tell no configuration from another: of 100, the accuracy has a standard error of 3 to 5%.
MIN_ROWS = 100
# Verdicts on this many rows have intervals of a percentage point or two; more rows would cost more trainings.
MAX_ROWS = 20_000
# A configuration reads so many cells at most (rows x columns), and leaves so many probabilities (rows x classes).
MAX_CELLS = 2_000_000
MAX_PROBABILITIES = 400_000
# Row visits of all networks of the trial together, at `PASSES` of 1: about half a minute on one core of a CPU.
VISITS = 5_000_000
# Trainings of one configuration that differ by the seed alone, the first among them.
SEEDS = 5
# Beside other random numbers of the same seed.
_STREAM = 0x7A50


def train_variants(
    dataset: Dataset, predictions: OutOfSample, config: AuditConfig, progress: Callable[[float], None]
) -> VariantTrial | None:
    """Train two dozen configurations in the folds of the first repeat, and one of the best with other seeds.

    Of a large table a sample of rows is trained on, with the same share of every class. The folds split no rows that
    belong together, and so the sample's do not.

    Parameters
    ----------
    dataset, predictions
        N rows, and the audit's own models of them.
    config
        Device, seed, epochs, and whether other kinds of models are asked.
    progress
        Is told the finished share, in (0, 1].

    Returns
    -------
    VariantTrial or None
        None where fewer than `MIN_ROWS` rows were trained on, or fewer than two folds hold some of them out.
    """
    usable = _usable(dataset, predictions)
    rows = _sample(usable, dataset, predictions, config.learning.seed)
    folds = predictions.folds[0][rows]
    if len(rows) < MIN_ROWS or len(np.unique(folds)) < 2:
        return None
    labels = predictions.labels[rows]
    trainer = _prepare(dataset.take(rows), labels, folds, len(predictions.classes), config.learning)
    asked = draw_configurations(trainer.recipe, others=config.learning.other_models)
    found: list[Probabilities] = []
    for configuration in asked:
        found.append(trainer.predict(configuration))
        progress(len(found) / (len(asked) + SEEDS - 1))
    pred_probs = np.stack(found)
    near = compare(labels, folds, pred_probs)
    order = np.argsort(-np.nan_to_num(near.auc), kind="stable")
    first = [int(at) for at in order if near.near_equal[at]]
    control = next((at for at in first if asked[at].kind != LINEAR_KIND), None)  # a linear model has no seed
    by_seed = np.empty((0, len(rows)), dtype=np.int64)
    if control is not None:
        again = [trainer.predict(asked[control], reseed=at) for at in range(1, SEEDS)]
        by_seed = np.stack([p.argmax(axis=1) for p in (pred_probs[control], *again)])
    progress(1.0)
    return VariantTrial(
        positions=rows,
        variants=tuple(
            Variant(c.name, c.kind, c.words, float(auc), float(accuracy), bool(near_equal))
            for c, auc, accuracy, near_equal in zip(asked, near.auc, near.accuracy, near.near_equal, strict=True)
        ),
        sampled=len(rows) < len(usable),
        pred_probs=pred_probs,
        best_auc=near.best_auc,
        best_accuracy=near.best_accuracy,
        tolerance=TOLERANCE,
        has_signal=bool(first) and _ranks(labels, pred_probs[first[0]], len(asked)),
        control="" if control is None else asked[control].name,
        by_seed=by_seed,
    )


def _usable(dataset: Dataset, predictions: OutOfSample) -> Rows:
    rows = np.flatnonzero(predictions.trained & (predictions.labels >= 0) & (predictions.folds[0] >= 0))
    return rows if dataset.weights is None else rows[dataset.weights[rows] > 0]


def _sample(rows: Rows, dataset: Dataset, predictions: OutOfSample, seed: int) -> Rows:
    columns = max(1, len(dataset.roles.features))
    most = min(MAX_ROWS, MAX_CELLS // columns, MAX_PROBABILITIES // max(1, len(predictions.classes)))
    if len(rows) <= max(MIN_ROWS, most):
        return rows
    share = max(MIN_ROWS, most) / len(rows)
    rng = np.random.default_rng((seed, _STREAM))
    return draw_share(rows, np.arange(len(dataset)), predictions.labels, share, rng)


def _ranks(labels: Rows, pred_probs: Probabilities, tried: int) -> bool:
    """Whether the AUC of the best of `tried` configurations lies above chance, all others allowed for."""
    auc = compute_auc(labels, pred_probs.astype(np.float64), bonferroni(0.95, tried))
    return auc is not None and auc.interval.low > 1 / 2


@dataclass(frozen=True, slots=True, eq=False)
class _Trainer:
    """Trains configurations out of sample on n rows.

    Attributes
    ----------
    dataset, labels
        The n rows.
    train, test
        Rows of each of the F folds' members.
    examples, features
        The rows as networks and as other kinds of models read them.
    recipe
        Of the default network.
    seed
        Of the trees, which have none among their settings.
    """

    dataset: Dataset
    labels: Rows
    classes: int
    train: Sequence[Rows]
    test: Sequence[Rows]
    examples: Examples
    features: PlainFeatures
    recipe: Recipe
    seed: int

    def predict(self, configuration: Configuration, reseed: int = 0) -> Probabilities:
        """Out-of-sample probabilities (n, K) float32; `reseed` is added to the configuration's seed."""
        match configuration.settings:
            case Recipe() as recipe:
                return self._network(replace(recipe, seed=recipe.seed + reseed))
            case TreeSettings() as settings:
                learner = learn_trees(settings)
            case inverse_penalty:
                learner = learn_linear(inverse_penalty)
        found = other_opinions(
            self.dataset,
            self.labels,
            self.train,
            self.test,
            classes=self.classes,
            seed=self.seed + reseed,
            features=self.features,
            learners={configuration.kind: learner},
        )
        return found[configuration.kind].astype(np.float32)

    def _network(self, recipe: Recipe) -> Probabilities:
        trained = train_members(self.examples, classes=self.classes, train=self.train, test=self.test, recipe=recipe)
        found = np.empty((len(self.labels), self.classes), dtype=np.float32)
        for rows, probabilities in zip(self.test, trained.held_out, strict=True):
            found[rows] = probabilities
        return found


def _prepare(
    dataset: Dataset, labels: Rows, folds: npt.NDArray[np.int16], classes: int, config: LearningConfig
) -> _Trainer:
    device, _ = choose_device(config.device)
    columns = dataset.roles.features
    present = np.unique(folds)
    train = [np.flatnonzero(folds != fold) for fold in present]
    weights = None if dataset.weights is None else torch.from_numpy(dataset.weights.astype(np.float32)).to(device)
    visits = VISITS // (NETWORKS * len(present))
    return _Trainer(
        dataset=dataset,
        labels=labels,
        classes=classes,
        train=train,
        test=[np.flatnonzero(folds == fold) for fold in present],
        examples=Examples(encode_table(dataset.frame, columns, device), torch.from_numpy(labels).to(device), weights),
        features=read_plain_features(dataset.frame, columns),
        recipe=Recipe.for_rows(max(map(len, train)), seed=config.seed, epochs=config.epochs, visits=visits),
        seed=config.seed,
    )
