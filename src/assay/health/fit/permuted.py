"""The AUC of the audit's own predictions, held against permuted labels: nothing is trained for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.able import NETWORK
from assay.results import OutOfSample

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.health.context import HealthContext
    from assay.results import OutOfSampleValues

    Values = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]

# The smallest p-value is 0.005.
PERMUTATIONS = 199
MAX_ROWS = 5000
_SEED = 5007


@dataclass(frozen=True, slots=True, eq=False)
class Permuted:
    """How far the predictions reach with the real labels, and with permuted ones.

    Attributes
    ----------
    auc
        Of the best kind of model, over pairs of rows within a fold; of more than two classes the mean over them.
    kind
        Its name.
    null
        (PERMUTATIONS,) the same with permuted labels: each time of the kind that is then the best.
    rows
        Rows that were looked at: one of each group, or of those that are equal.
    """

    auc: float
    kind: str
    null: Values
    rows: int

    @property
    def p_value(self) -> float:
        """Share of the permutations, the real labels counted as one, that reach as far (Phipson and Smyth 2010)."""
        return float(1 + (self.null >= self.auc).sum()) / (1 + len(self.null))


def permute(context: HealthContext, rows: Codes, unit: Codes) -> Permuted | None:
    """Permute labels within the folds of the first repeat, where they are exchangeable if they mean nothing.

    Of the rows (n,) of each unit (n,) one is looked at. Which, and the permutations, are drawn from the seed. None for
    given predictions, whose folds are not known, and where no fold has two classes.
    """
    predictions = context.predictions
    if predictions.given is not None or not len(rows):
        return None
    rng = np.random.default_rng((context.seed, _SEED))
    order = rng.permutation(len(rows))
    drawn = rng.permutation(np.unique(unit[order], return_index=True)[1])[:MAX_ROWS]
    rows = rows[order[drawn]]
    rows = rows[predictions.folds[0, rows] >= 0]
    labels, kinds = _labels_and_scores(predictions, rows)
    folds = predictions.folds[0, rows]
    permuted = _permute_within(labels, folds, rng)
    found = {kind: _mean_aucs(scores, np.column_stack([labels, permuted]), folds) for kind, scores in kinds.items()}
    if any(aucs is None for aucs in found.values()):
        return None
    known = {kind: aucs for kind, aucs in found.items() if aucs is not None}
    best = max(known, key=lambda kind: known[kind][0])
    null = np.max([_widen(aucs[1:]) for aucs in known.values()], axis=0)
    return Permuted(float(known[best][0]), best, null, len(rows))


def _labels_and_scores(predictions: OutOfSample | OutOfSampleValues, rows: Codes) -> tuple[Codes, dict[str, Values]]:
    """Codes of the labels, and scores (n, K) by kind; a number is cut at its median."""
    if isinstance(predictions, OutOfSample):
        network = predictions.repeat_probs[0][rows].astype(np.float64)
        others = {kind: probs[rows] for kind, probs in predictions.opinions.items()}
        return predictions.labels[rows], {NETWORK: network, **others}
    target, score = predictions.target[rows], predictions.repeat_predictions[0][rows].astype(np.float64)
    return (target > np.median(target)).astype(np.int64), {"the models": np.column_stack([-score, score])}


def _permute_within(labels: Codes, folds: npt.NDArray[np.int16], rng: np.random.Generator) -> Codes:
    """(n, PERMUTATIONS) labels that changed places with others of their fold."""
    permuted = np.repeat(labels[:, None], PERMUTATIONS, axis=1)
    for fold in np.unique(folds):
        permuted[folds == fold] = rng.permuted(permuted[folds == fold], axis=0)
    return permuted


def _widen(null: Values) -> Values:
    """Null AUCs of twice the variance.

    The predictions stand while the labels move. Had the models been trained on the permuted labels, rows that are
    alike and in different folds would have told each other's label in both folds at once, or in neither.
    """
    centre = null.mean()
    return np.asarray(centre + np.sqrt(2) * (null - centre), dtype=np.float64)


def _mean_aucs(scores: Values, labels: Codes, folds: npt.NDArray[np.int16]) -> Values | None:
    """(B,) AUC within folds for each column of `labels` (n, B): the mean over the classes of each against the rest.

    All columns have the same labels in each fold, in other places, so that the number of pairs is the same.
    """
    from scipy.stats import rankdata

    classes = scores.shape[1]
    ranks, pairs, least = np.empty_like(scores), np.zeros(classes), np.zeros(classes)
    for fold in np.unique(folds):
        part = folds == fold
        ranks[part] = rankdata(scores[part], axis=0)
        n = np.bincount(labels[part, 0], minlength=classes).astype(np.float64)
        pairs, least = pairs + n * (part.sum() - n), least + n * (n + 1) / 2
    compared = pairs > 0
    if not compared.any():
        return None
    share = np.where(compared, 1 / np.maximum(pairs, 1) / compared.sum(), 0.0)
    won = np.take_along_axis(ranks * share, labels, axis=1).sum(axis=0)
    aucs: Values = won - float((least * share).sum())
    return aucs
