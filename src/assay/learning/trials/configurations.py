"""Random hyperparameters: what a person might as well have chosen.

Each kind of model has its defaults, which the audit itself uses, and draws around them. The ranges are those in which
people search: a decade or two, on a logarithmic scale where the parameter is a rate or a penalty (Bergstra and Bengio
2012, https://www.jmlr.org/papers/v13/bergstra12a.html).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from assay.able import NETWORK
from assay.learning.opinions import INVERSE_PENALTY, TreeSettings
from assay.learning.recipe import Recipe

# Twenty-four in all, the defaults of each kind among them.
NETWORKS = 10
TREES = 9
LINEAR = 5
HIDDEN = ((64,), (128,), (256,), (64, 64), (128, 128), (64, 64, 64))
# Of the passes that the audit's own networks would make.
PASSES = (0.5, 1.0, 1.5)

TREES_KIND = "trees"
LINEAR_KIND = "linear"

# Beside other random numbers of the same seed.
_STREAM = 0x7A51


@dataclass(frozen=True, slots=True)
class Configuration:
    """A kind of model with its hyperparameters: a recipe of a network, settings of trees, or the C of a regression."""

    name: str
    kind: str
    settings: Recipe | TreeSettings | float

    @property
    def words(self) -> str:
        """The hyperparameters in words."""
        match self.settings:
            case Recipe() as r:
                return (
                    f"{' x '.join(map(str, r.hidden))} units, {r.epochs} epochs, dropout {r.dropout:.2g}, "
                    f"learning rate {r.learning_rate:.2g}, weight decay {r.weight_decay:.2g}, seed {r.seed}"
                )
            case TreeSettings() as t:
                return (
                    f"{t.iterations} iterations of up to {t.leaves} leaves, learning rate {t.learning_rate:.2g}, "
                    f"L2 penalty {t.penalty:.2g}, {t.feature_share:.0%} of the columns a split"
                )
            case inverse_penalty:
                return f"inverse L2 penalty C = {inverse_penalty:.2g}"


def draw_configurations(recipe: Recipe, *, others: bool) -> tuple[Configuration, ...]:
    """Draw configurations; the same recipe gives the same ones.

    Parameters
    ----------
    recipe
        Of the default network; its seed decides what is drawn.
    others
        Whether trees and linear models are among them.
    """
    rng = np.random.default_rng((recipe.seed, _STREAM))
    networks = [recipe, *(_network(recipe, rng) for _ in range(NETWORKS - 1))]
    found = [Configuration(f"network {at}", NETWORK, drawn) for at, drawn in enumerate(networks, start=1)]
    if not others:
        return tuple(found)
    trees = [TreeSettings(), *(_trees(rng) for _ in range(TREES - 1))]
    linear = [INVERSE_PENALTY, *(_between(rng, 1e-3, 10.0) for _ in range(LINEAR - 1))]
    found += [Configuration(f"trees {at}", TREES_KIND, drawn) for at, drawn in enumerate(trees, start=1)]
    found += [Configuration(f"linear {at}", LINEAR_KIND, drawn) for at, drawn in enumerate(linear, start=1)]
    return tuple(found)


def _network(recipe: Recipe, rng: np.random.Generator) -> Recipe:
    return replace(
        recipe,
        hidden=HIDDEN[rng.integers(len(HIDDEN))],
        epochs=max(1, round(recipe.epochs * PASSES[rng.integers(len(PASSES))])),
        dropout=float(rng.uniform(0.0, 0.5)),
        learning_rate=_between(rng, 1e-3, 1e-2),
        weight_decay=_between(rng, 1e-3, 1e-1),
        seed=int(rng.integers(2**31)),
    )


def _trees(rng: np.random.Generator) -> TreeSettings:
    return TreeSettings(
        learning_rate=_between(rng, 0.05, 0.2),
        iterations=round(_between(rng, 30, 120)),
        leaves=round(_between(rng, 4, 32)),
        penalty=_between(rng, 0.1, 100.0),
        feature_share=float(rng.uniform(0.2, 1.0)),
    )


def _between(rng: np.random.Generator, least: float, most: float) -> float:
    """Draw evenly on the logarithmic scale."""
    return math.exp(rng.uniform(math.log(least), math.log(most)))
