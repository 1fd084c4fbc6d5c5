"""Models with other hyperparameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Variant:
    """A configuration: a kind of model with its hyperparameters.

    Attributes
    ----------
    name
        Unique, such as "trees 3".
    kind
        "the network", "trees" or "linear".
    settings
        The hyperparameters in words.
    auc, accuracy
        Means over the folds' held-out rows, weighted by their number; `auc` is NaN where no fold has two classes.
    near_equal
        Whether it is about as good as the best: see `VariantTrial`.
    """

    name: str
    kind: str
    settings: str
    auc: float
    accuracy: float
    near_equal: bool


@dataclass(frozen=True, slots=True, eq=False)
class VariantTrial:
    """V configurations, each trained out of sample in the folds of the audit's first repeat.

    Attributes
    ----------
    positions
        (n,) int64, ascending: the rows of the dataset that were trained on and predicted.
    variants
        The V configurations.
    sampled
        Whether these are a sample of the rows that the audit was trained on.
    pred_probs
        (V, n, K) float32: out-of-sample probabilities, one line of rows a configuration.
    best_auc, best_accuracy
        What the best configuration reaches, less the luck of having been chosen for it; `best_auc` may be NaN.
    tolerance
        How far below these the AUC and the accuracy of a near-equal configuration may lie.
    has_signal
        Whether the near-equal configuration of the highest AUC ranks better than chance.
    control
        Name of the near-equal configuration that was trained again with other seeds; "" where none has a seed.
    by_seed
        (S, n) int64: the classes that it predicts with each of S seeds; (0, n) without a control.
    """

    positions: npt.NDArray[np.int64]
    variants: tuple[Variant, ...]
    sampled: bool
    pred_probs: npt.NDArray[np.float32]
    best_auc: float
    best_accuracy: float
    tolerance: float
    has_signal: bool
    control: str
    by_seed: npt.NDArray[np.int64]

    @property
    def near_equal(self) -> tuple[int, ...]:
        """Places of the near-equal configurations among the V."""
        return tuple(at for at, variant in enumerate(self.variants) if variant.near_equal)

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """(m, n) the classes that the m near-equal configurations predict."""
        return np.asarray(self.pred_probs[list(self.near_equal)].argmax(axis=2), dtype=np.int64)
