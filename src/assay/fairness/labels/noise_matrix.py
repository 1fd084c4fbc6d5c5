"""Rates by the true labels, from rates by the given ones and how often labels go wrong in each group.

Where a label goes wrong with a chance that depends on the true class and the group alone, the table of the given
labels is that of the true ones times the group's noise matrix, and is solved for the latter (Scott, Blanchard and
Handy 2013, arXiv:1303.1208; Natarajan et al. 2013, "Learning with noisy labels"; by group: Wang, Liu and Levy 2021,
arXiv:2011.00379).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.intervals import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

# Below this the given labels say nothing of the true ones: nothing is left to solve for.
LEAST_INFORMATION = 1e-6
# The flip rates' intervals are those of `LabelNoiseResult.noise_rates`.
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class FlipRate:
    """How often labels of one true class go wrong in each of G groups.

    Attributes
    ----------
    value, low, high
        (G,) in [0, 1]. `value` is NaN where only the limits are known, all are where nothing is.
    """

    value: Floats
    low: Floats
    high: Floats

    def take(self, groups: npt.NDArray[np.int64]) -> FlipRate:
        """Those of some groups."""
        return FlipRate(self.value[groups], self.low[groups], self.high[groups])

    def draw(self, generator: np.random.Generator, draws: int) -> Floats:
        """(B, G) values that the interval allows: normal on either side of the value, else uniform between limits."""
        z = normal_quantile(CONFIDENCE)
        shift = generator.standard_normal((draws, len(self.value)))
        spread = np.where(shift < 0, self.value - self.low, self.high - self.value) / z
        between = self.low + generator.random(shift.shape) * (self.high - self.low)
        drawn = np.where(np.isnan(self.value), between, self.value + shift * spread)
        return np.asarray(np.clip(drawn, 0.0, 1.0), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """Noise matrices of G groups: `to_positive` is P(given positive | negative), `to_negative` the other way."""

    to_positive: FlipRate
    to_negative: FlipRate

    @property
    def is_informative(self) -> npt.NDArray[np.bool_]:
        """(G,) whether labels are right more often than by chance, as far as is known: only then can be corrected."""
        total = self.to_positive.value + self.to_negative.value
        return np.asarray(np.isnan(total) | (total < 1 - LEAST_INFORMATION), dtype=np.bool_)


def read_noise(noise_rates: pd.DataFrame, feature: str, groups: Sequence[str]) -> Noise:
    """Read the flip rates of a feature's groups from `LabelNoiseResult.noise_rates`; NaN for what is not in it."""
    if noise_rates.empty:
        unknown = np.full(len(groups), np.nan)
        return Noise(FlipRate(unknown, unknown, unknown), FlipRate(unknown, unknown, unknown))
    of_feature = noise_rates[noise_rates["feature"] == feature]

    def rate(true: str) -> FlipRate:
        known = of_feature[of_feature["true"] == true].set_index("group").reindex(list(groups))
        return FlipRate(*(known[name].to_numpy(dtype=np.float64) for name in ("rate", "low", "high")))

    return Noise(to_positive=rate("negative"), to_negative=rate("positive"))


def read_shares(estimates: pd.DataFrame, feature: str, groups: Sequence[str]) -> FlipRate:
    """Read the shares of all wrong labels of a feature's groups from `LabelNoiseResult.estimates`."""
    known = estimates[estimates["by"] == feature].set_index("name").reindex(list(groups))
    return FlipRate(*(known[name].to_numpy(dtype=np.float64) for name in ("share", "low", "high")))


def correct(given: Floats, to_positive: Floats, to_negative: Floats) -> Floats:
    """Solve for the table of the true labels.

    With a the flip rate of negatives and b that of positives, and p(j, k) the share with given label j and
    prediction k: p_true(1, k) = ((1 - a) p(1, k) - a p(0, k)) / (1 - a - b), p_true(0, k) likewise.

    Parameters
    ----------
    given
        (..., G, 2, 2) counts or shares by group, given label and predicted label (0 negative, 1 positive).
    to_positive, to_negative
        (..., G) flip rates a and b. A rate cannot exceed the share of the labels that contradict the predictions,
        whichever the prediction: it is cut there, where a share of the true table would fall below 0.

    Returns
    -------
    numpy.ndarray
        (..., G, 2, 2) in the same unit; NaN where a rate is, and where a + b >= 1 once they are cut: the predictions
        then say nothing of the given labels.
    """
    of_prediction = given.sum(axis=-2)
    positive = np.divide(
        given[..., 1, :], of_prediction, out=np.full(of_prediction.shape, np.nan), where=of_prediction > 0
    )
    most, least = np.fmax(positive[..., 0], positive[..., 1]), np.fmin(positive[..., 0], positive[..., 1])
    # `minimum`, unlike `fmin`, keeps the NaN of a rate that is not known.
    a, b = np.minimum(to_positive, least)[..., None], np.minimum(to_negative, 1 - most)[..., None]
    scale = np.where(1 - a - b > LEAST_INFORMATION, 1 - a - b, np.nan)
    ones = ((1 - a) * given[..., 1, :] - a * given[..., 0, :]) / scale
    zeros = ((1 - b) * given[..., 0, :] - b * given[..., 1, :]) / scale
    return np.asarray(np.maximum(np.stack([zeros, ones], axis=-2), 0.0), dtype=np.float64)


def share_wrong(given: Floats, noise: Noise) -> Floats:
    """(G,) estimated share of the given positives that are negative in truth; by the upper limit where no value is.

    Parameters
    ----------
    given
        (G, 2, 2) as in `correct`.
    """
    flips = [np.where(np.isnan(r.value), r.high, r.value) for r in (noise.to_positive, noise.to_negative)]
    true, positives = correct(given, flips[0], flips[1]), given[:, 1].sum(axis=1)
    wrong = flips[0] * true[:, 0].sum(axis=1)
    share = np.divide(wrong, positives, out=np.full(len(wrong), np.nan), where=positives > 0)
    return np.asarray(np.minimum(1.0, share), dtype=np.float64)
