"""Ways to tell how suspect a label is, of which the user's own data choose (see `rehearsal`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.label_noise.noise_matrix import estimate_noise, judge_by_matrix

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from assay.results import OutOfSample

    Codes = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

ALL_MODELS = "all models"
BY_GROUP = ", noise by class and group"
BY_CLASS = ", noise by class"
DEFAULT_METHOD = ALL_MODELS + BY_GROUP


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """What there is to judge J labels by.

    Attributes
    ----------
    labels
        (J,) in 0..K-1.
    strata
        (J,) code of the intersection of all sensitive features.
    opinions
        Name of a model -> (J, K) out-of-sample probabilities; `ALL_MODELS` is their mean.
    scores
        Name of a score of the labels -> (J,), the lower the more suspect.
    """

    labels: Codes
    strata: Codes
    opinions: Mapping[str, Floats]
    scores: Mapping[str, Floats]

    @property
    def pred_probs(self) -> Floats:
        """(J, K) mean of the models."""
        return self.opinions[ALL_MODELS]

    @property
    def methods(self) -> tuple[str, ...]:
        """Names that `judge` knows, the default first."""
        by_matrix = [f"{name}{BY_GROUP}" for name in self.opinions]
        by_class = [ALL_MODELS + BY_CLASS] if self.strata.any() else []
        return (*by_matrix, *by_class, *self.scores)

    def judge(self, method: str = DEFAULT_METHOD, default: tuple[Floats, Codes] | None = None) -> tuple[Floats, Codes]:
        """Probability that each label is wrong, (J,) in [0, 1], and the likeliest other class, (J,).

        A score has no probabilities of its own: it puts those of the default method, which may be given, in its own
        order. Labels of equal score share their mean.
        """
        if method in self.scores:
            wrong, suggested = self.judge() if default is None else default
            _, block, sizes = np.unique(self.scores[method], return_inverse=True, return_counts=True)
            sums = np.add.reduceat(np.sort(wrong)[::-1], np.cumsum(sizes) - sizes)
            return (sums / sizes)[block], suggested
        by_group = method.endswith(BY_GROUP)
        opinion = method.removesuffix(BY_GROUP if by_group else BY_CLASS)
        strata = self.strata if by_group else np.zeros_like(self.strata)
        pred_probs = self.opinions[opinion]
        return judge_by_matrix(self.labels, pred_probs, estimate_noise(self.labels, pred_probs, strata))


def gather_views(predictions: OutOfSample, positions: Codes, strata: Codes) -> Views:
    """Gather the opinions and scores for the rows at `positions`.

    The network's opinion is the mean of its last epoch's and of all its epochs' probabilities: earlier ones have
    memorised less.

    Parameters
    ----------
    predictions
        Of N rows.
    positions, strata
        (J,) rows to judge and their strata.
    """
    labels = predictions.labels[positions]
    network = predictions.pred_probs[positions]
    if predictions.epoch_probs is not None:
        network = (network + predictions.epoch_probs[positions]) / 2
    # Rounding may leave a sum off by the contract's tolerance.
    network = network / network.sum(axis=1, keepdims=True)
    opinions = {"network": network, **{name: p[positions] for name, p in predictions.opinions.items()}}
    mean = network / len(opinions)
    for name in predictions.opinions:
        mean += opinions[name] / len(opinions)
    # One opinion is all opinions.
    opinions = {ALL_MODELS: mean, **(opinions if len(opinions) > 1 else {})}
    return Views(labels, strata, opinions, _scores(predictions, positions, labels, opinions))


def _scores(
    predictions: OutOfSample, positions: Codes, labels: Codes, opinions: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Scores that assume nothing about how labels go wrong."""
    rows = np.arange(len(labels))
    mean = opinions[ALL_MODELS]
    others = mean.copy()
    others[rows, labels] = -1.0
    scores = {
        "self-confidence": mean[rows, labels],
        "normalised margin": mean[rows, labels] - others.max(axis=1),
    }
    if len(opinions) > 1:
        from scipy.stats import rankdata

        ranks = [rankdata(p[rows, labels]) for name, p in opinions.items() if name != ALL_MODELS]
        scores["mean rank of the models"] = np.mean(ranks, axis=0)
    for name, score in (("trajectory", predictions.trajectory), ("area under the margin", predictions.margin)):
        if score is not None and np.isfinite(score[positions]).all():
            scores[name] = score[positions].astype(np.float64)
    return scores
