"""Where labels contradict the models, and how confident these are there: what every estimate stands on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assay.auc import Auc, compute_auc
from assay.label_noise.ambiguity import fit_cautiously
from assay.label_noise.anchors import (
    MIN_KINDS,
    Share,
    compute_fall,
    count_kinds,
    estimate_share,
    find_regions,
    rank_confidence,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

# Where the AUC may be as low as this, the predictions say too little about a single label to contradict it.
MIN_SIGNAL_AUC = 0.6
# Where no label need be wrong to explain the contradictions (one-sided 95% likelihood ratio: half of 2.71), none is
# suspect: on data that are merely hard to predict, thousands would be.
MIN_EVIDENCE = 1.35
# A group with fewer rows has no AUC of its own to speak of.
MIN_FALL_ROWS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Footing:
    """J labels against the models.

    Attributes
    ----------
    labels, predicted
        (J,) given label and most likely class, in 0..K-1.
    rank, rank_in_class
        (J,) rank by confidence in (0, 1), 0 the most confident, within predicted class and stratum, and within
        predicted class; see `rank_confidence`.
    classes
        K.
    auc
        How well the predictions order the labels, or None where that cannot be told.
    fall
        (J,) as `compute_fall` gives it, or None where there is no telling.
    usable
        Regions of confidence that bear an upper limit.
    """

    labels: Codes
    predicted: Codes
    rank: Floats
    rank_in_class: Floats
    classes: int
    auc: Auc | None
    fall: Floats | None
    usable: tuple[float, ...]

    @property
    def contradicted(self) -> Mask:
        """(J,) whether the model predicts another class than the label."""
        return np.not_equal(self.predicted, self.labels)

    @property
    def is_coarse(self) -> bool:
        """Whether the confident rows are too few kinds to tell wrong labels from ambiguity."""
        return self.auc is not None and self.fall is None

    @property
    def has_signal(self) -> bool:
        """Whether the predictions say enough about a label to contradict it."""
        return self.auc is not None and self.auc.interval.low > MIN_SIGNAL_AUC


def find_footing(labels: Codes, pred_probs: Floats, strata: Codes) -> Footing:
    """Set labels (J,) against out-of-sample probabilities (J, K), within strata (J,)."""
    predicted, confidence = pred_probs.argmax(axis=1), pred_probs.max(axis=1)
    rank = rank_confidence(predicted, confidence, strata)
    auc = compute_auc(labels, pred_probs)
    fall = None
    if auc is not None and count_kinds(confidence, rank) >= MIN_KINDS:
        fall = _falls(labels, pred_probs, predicted != labels, strata)
    usable = find_regions(confidence, rank)
    return Footing(
        labels=labels,
        predicted=predicted,
        rank=rank,
        rank_in_class=rank_confidence(predicted, confidence, np.zeros_like(strata)),
        classes=pred_probs.shape[1],
        auc=auc,
        fall=fall,
        usable=usable,
    )


def estimate_overall(footing: Footing) -> Share:
    """Share of wrong labels of all rows.

    The value and the lower limit are those of `fit_cautiously`; the upper limit is that of `estimate_share`,
    which assumes nothing of how ambiguity fades. Where the rows fall into a few kinds only, there is no more than
    that upper limit.
    """
    share = estimate_share(footing.rank, footing.contradicted, footing.fall, usable=footing.usable)
    if share.value is None or share.interval is None:
        return share
    fitted = fit_cautiously([footing.rank_in_class, footing.rank], footing.contradicted, footing.classes)
    # Where the two disagree, there is no more to say than what both allow.
    high = share.interval.high if fitted.value <= share.interval.high else max(share.interval.high, fitted.high)
    interval = replace(share.interval, low=min(fitted.low, high), high=high, method="contradictions by confidence")
    value = min(max(fitted.value, interval.low), high)
    return replace(share, value=value, interval=interval, error=None, supported=fitted.evidence >= MIN_EVIDENCE)


def _falls(labels: Codes, pred_probs: Floats, contradicted: Mask, strata: Codes) -> Floats:
    """(J,) fall of ambiguity for each row: that of all rows, or that of its own stratum where this is smaller.

    A group that the features tell apart less well would otherwise be taken for one with more wrong labels.
    """

    def fall(rows: Mask) -> float:
        auc = compute_auc(labels[rows], pred_probs[rows])
        return np.inf if auc is None else compute_fall(auc.value, float(contradicted[rows].mean()))

    falls = np.full(len(labels), fall(np.ones(len(labels), dtype=np.bool_)))
    for stratum in np.flatnonzero(np.bincount(strata) >= MIN_FALL_ROWS):
        falls[strata == stratum] = np.minimum(falls[strata == stratum], fall(strata == stratum))
    return falls
