"""What the checks look at: every figure about the labels, computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.auc import Auc, compute_auc
from assay.intervals import bonferroni
from assay.label_noise.anchors import (
    MIN_KINDS,
    Share,
    compute_fall,
    count_kinds,
    count_one_way,
    estimate_share,
    find_regions,
    rank_confidence,
)
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
# A class must be predicted for as many rows, and not for this many times fewer or more rows than carry its label:
# otherwise labels of one class have gone to another (or the model is not to be trusted on them), out of its sight.
MIN_PREDICTED_ROWS = 10
MAX_PREDICTED_FACTOR = 2.0
# A group with fewer rows has no AUC of its own to speak of.
MIN_FALL_ROWS = 200


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
        together with 95% confidence. Where some classes are hidden, nothing bounds them from above but 1.
    hidden
        Names of the classes that are predicted for far fewer or far more rows than carry their label.
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
    hidden: tuple[str, ...]
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
        fall = _falls(labels, pred_probs, contradicted, strata)
    usable = find_regions(confidence, rank)
    hidden = _hidden(predictions.classes, labels, predicted)
    overall = estimate_share(rank, contradicted, fall, usable=usable)
    by_class = _by_class(predictions.classes, labels, rank, contradicted, fall, usable=usable)
    by_group = _by_group(dataset, positions, rank, contradicted, fall, usable=usable)
    collected = count_one_way(rank, labels, predicted, len(predictions.classes), usable)
    overall = _allow(overall, float(collected.sum()))
    by_class = {
        name: _allow(share, float(rows)) for (name, share), rows in zip(by_class.items(), collected, strict=True)
    }
    if hidden:
        overall, by_class = _allow(overall), {name: _allow(share) for name, share in by_class.items()}
        by_group = {
            feature: {name: _allow(share) for name, share in shares.items()} for feature, shares in by_group.items()
        }
    wrong = compute_wrong_probability(
        labels, pred_probs, contradicted=contradicted, rank=rank, strata=strata, noise=overall.cautious
    )
    repeats_agree = np.all(predictions.repeat_probs[:, positions].argmax(axis=2) != labels, axis=0)
    joint_share, quality = None, compute_quality(labels, pred_probs)
    if auc is not None and auc.interval.low > MIN_SIGNAL_AUC:
        joint_share = estimate_confident_joint_share(labels, pred_probs)
        suspect = select_suspects(find_candidates(labels, pred_probs), wrong, quality, repeats_agree, overall)
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
        quality=quality,
        wrong=wrong,
        suspect=suspect,
        auc=auc,
        overall=overall,
        by_class=by_class,
        by_group=by_group,
        hidden=hidden,
        confident_joint_share=joint_share,
    )


def _falls(
    labels: npt.NDArray[np.int64],
    pred_probs: npt.NDArray[np.float64],
    contradicted: npt.NDArray[np.bool_],
    strata: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """(J,) fall of ambiguity for each row: that of all rows, or that of its own stratum where this is smaller.

    A group that the features tell apart less well would otherwise be taken for one with more wrong labels.
    """

    def fall(rows: npt.NDArray[np.bool_]) -> float:
        auc = compute_auc(labels[rows], pred_probs[rows])
        return np.inf if auc is None else compute_fall(auc.value, float(contradicted[rows].mean()))

    falls = np.full(len(labels), fall(np.ones(len(labels), dtype=np.bool_)))
    for stratum in np.flatnonzero(np.bincount(strata) >= MIN_FALL_ROWS):
        falls[strata == stratum] = np.minimum(falls[strata == stratum], fall(strata == stratum))
    return falls


def _hidden(
    classes: tuple[str, ...], labels: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64]
) -> tuple[str, ...]:
    given, likely = np.bincount(labels, minlength=len(classes)), np.bincount(predicted, minlength=len(classes))
    hidden = (
        (likely < MIN_PREDICTED_ROWS)
        | (likely * MAX_PREDICTED_FACTOR < given)
        | (likely > given * MAX_PREDICTED_FACTOR)
    )
    return tuple(name for name, is_hidden in zip(classes, hidden, strict=True) if is_hidden)


def _allow(share: Share, rows: float = np.inf) -> Share:
    """The share with an upper limit that allows for as many wrong labels, by default for all."""
    if share.interval is None:
        return share
    high = max(share.interval.high, min(1.0, rows / share.n))
    return replace(share, interval=replace(share.interval, high=high))


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
    fall: npt.NDArray[np.float64] | None,
    *,
    usable: tuple[float, ...],
) -> dict[str, Share]:
    rows = np.bincount(labels, minlength=len(classes))
    confidence = bonferroni(0.95, len(classes))
    shares = {}
    for code, name in enumerate(classes):
        wrong = contradicted & (labels == code)
        shares[name] = estimate_share(rank, wrong, fall, rows=int(rows[code]), confidence=confidence, usable=usable)
    return shares


def _by_group(
    dataset: Dataset,
    positions: npt.NDArray[np.int64],
    rank: npt.NDArray[np.float64],
    contradicted: npt.NDArray[np.bool_],
    fall: npt.NDArray[np.float64] | None,
    *,
    usable: tuple[float, ...],
) -> dict[str, dict[str, Share]]:
    shares: dict[str, dict[str, Share]] = {}
    for feature in dataset.groups.columns:
        codes, names = pd.factorize(dataset.groups[feature].to_numpy(dtype=object)[positions], sort=True)
        shares[feature] = {
            str(name): estimate_share(
                rank[codes == code],
                contradicted[codes == code],
                None if fall is None else fall[codes == code],
                usable=usable,
            )
            for code, name in enumerate(names)
        }
    return shares
