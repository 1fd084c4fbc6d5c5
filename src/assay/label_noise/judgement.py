"""What the checks look at: every figure about the labels, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.auc import Auc, compute_auc
from assay.intervals import bonferroni
from assay.label_noise.anchors import MIN_KINDS, Share, compute_fall, count_kinds, estimate_share, rank_confidence
from assay.label_noise.suspects import (
    compute_quality,
    compute_wrong_probability,
    estimate_confident_joint_share,
    find_candidates,
    select_suspects,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from assay.config import LabelNoiseConfig
    from assay.dataset import Dataset
    from assay.results import OutOfSample

# Where the AUC may be as low as this, the predictions say too little about a single label to contradict it.
MIN_SIGNAL_AUC = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """The labels, judged.

    Attributes
    ----------
    positions
        (J,) the judged rows, ascending; the other arrays of length J go with them.
    labels, predicted
        (J,) given label and most likely class.
    rank
        (J,) rank by confidence in (0, 1), 0 the most confident; see `rank_confidence`.
    quality, wrong, suspect
        (J,) label quality, probability that the label is wrong, and whether it is suspect.
    auc
        How well the predictions order the labels, or None where that cannot be told.
    overall, by_class, by_group
        Estimated shares of wrong labels: by class name, and by sensitive feature and group name. Those by class hold
        together with 95% confidence.
    confident_joint_share
        cleanlab's own estimate, for comparison; None without signal.
    """

    dataset: Dataset
    predictions: OutOfSample
    config: LabelNoiseConfig
    positions: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    predicted: npt.NDArray[np.int64]
    rank: npt.NDArray[np.float64]
    quality: npt.NDArray[np.float64]
    wrong: npt.NDArray[np.float64]
    suspect: npt.NDArray[np.bool_]
    auc: Auc | None
    overall: Share
    by_class: Mapping[str, Share]
    by_group: Mapping[str, Mapping[str, Share]]
    confident_joint_share: float | None

    @property
    def contradicted(self) -> npt.NDArray[np.bool_]:
        """(J,) whether the model predicts another class than the label."""
        return np.not_equal(self.predicted, self.labels)

    @property
    def has_signal(self) -> bool:
        """Whether the predictions say enough about a label to contradict it."""
        return self.auc is not None and self.auc.interval.low > MIN_SIGNAL_AUC

    @property
    def precision(self) -> float | None:
        """Expected share of the suspects whose label is wrong; None where there are none."""
        return float(self.wrong[self.suspect].mean()) if self.suspect.any() else None


def judge_labels(dataset: Dataset, predictions: OutOfSample, config: LabelNoiseConfig) -> Judgement:
    """Judge the label of every row that took part in the training; `find_label_noise` says the rest."""
    positions = np.flatnonzero(predictions.trained & (predictions.labels >= 0))
    labels = predictions.labels[positions]
    pred_probs = predictions.pred_probs[positions]
    # Rounding may leave a sum off by the contract's tolerance, which cleanlab's thresholds feel.
    pred_probs = pred_probs / pred_probs.sum(axis=1, keepdims=True)
    predicted = pred_probs.argmax(axis=1)
    contradicted = predicted != labels
    strata = _strata(dataset, positions)
    confidence = pred_probs.max(axis=1)
    rank = rank_confidence(predicted, confidence, strata)
    auc = compute_auc(labels, pred_probs)
    fall = None
    if auc is not None and count_kinds(confidence, rank) >= MIN_KINDS:
        fall = compute_fall(auc.value, float(contradicted.mean()))
    overall = estimate_share(rank, contradicted, fall)
    wrong = compute_wrong_probability(
        labels, pred_probs, contradicted=contradicted, rank=rank, strata=strata, noise=overall.cautious
    )
    repeats_agree = np.all(predictions.repeat_probs[:, positions].argmax(axis=2) != labels, axis=0)
    joint_share = None
    if auc is not None and auc.interval.low > MIN_SIGNAL_AUC:
        joint_share = estimate_confident_joint_share(labels, pred_probs)
        suspect = select_suspects(find_candidates(labels, pred_probs), wrong, repeats_agree, overall)
    else:
        suspect = np.zeros(len(labels), dtype=np.bool_)
    return Judgement(
        dataset=dataset,
        predictions=predictions,
        config=config,
        positions=positions,
        labels=labels,
        predicted=predicted,
        rank=rank,
        quality=compute_quality(labels, pred_probs),
        wrong=wrong,
        suspect=suspect,
        auc=auc,
        overall=overall,
        by_class=_by_class(predictions.classes, labels, rank, contradicted, fall),
        by_group=_by_group(dataset, positions, rank, contradicted, fall),
        confident_joint_share=joint_share,
    )


def _strata(dataset: Dataset, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(J,) code of the intersection of all sensitive features."""
    strata = np.zeros(len(positions), dtype=np.int64)
    for feature in dataset.groups.columns:
        codes, _ = pd.factorize(dataset.groups[feature].to_numpy(dtype=object)[positions])
        # Numbered anew after each feature, so that many features cannot overflow.
        strata = np.unique(strata * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)[1]
    return strata


def _by_class(
    classes: tuple[str, ...],
    labels: npt.NDArray[np.int64],
    rank: npt.NDArray[np.float64],
    contradicted: npt.NDArray[np.bool_],
    fall: float | None,
) -> dict[str, Share]:
    rows = np.bincount(labels, minlength=len(classes))
    confidence = bonferroni(0.95, len(classes))
    shares = {}
    for code, name in enumerate(classes):
        wrong = contradicted & (labels == code)
        shares[name] = estimate_share(rank, wrong, fall, rows=int(rows[code]), confidence=confidence)
    return shares


def _by_group(
    dataset: Dataset,
    positions: npt.NDArray[np.int64],
    rank: npt.NDArray[np.float64],
    contradicted: npt.NDArray[np.bool_],
    fall: float | None,
) -> dict[str, dict[str, Share]]:
    shares: dict[str, dict[str, Share]] = {}
    for feature in dataset.groups.columns:
        codes, names = pd.factorize(dataset.groups[feature].to_numpy(dtype=object)[positions], sort=True)
        shares[feature] = {
            str(name): estimate_share(rank[codes == code], contradicted[codes == code], fall)
            for code, name in enumerate(names)
        }
    return shares
