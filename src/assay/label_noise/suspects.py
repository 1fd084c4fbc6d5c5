"""Which labels are suspect: cleanlab's candidates, less those that ambiguity explains as well."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from assay.label_noise.anchors import TOP

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.label_noise.anchors import Share

    Codes = npt.NDArray[np.int64]
    Probs = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

# A suspect is more likely wrong than right.
MIN_PRECISION = 0.5
# A class and group with as many confident rows has half of its own rate of wrong labels, and half of everybody's.
SHRINKAGE = 20


def compute_quality(labels: Codes, pred_probs: Probs) -> Probs:
    """Label quality in [0, 1], low is suspect: the out-of-sample probability of the given label.

    cleanlab's "self_confidence". In simulations with planted flips it ranked the wrong labels at least as well as
    "normalized_margin" and better than "confidence_weighted_entropy" (docs/checks/LN001.md).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cleanlab.rank import get_label_quality_scores

        scores = get_label_quality_scores(labels, pred_probs, method="self_confidence")
    return np.clip(np.asarray(scores, dtype=np.float64), 0.0, 1.0)


def find_candidates(labels: Codes, pred_probs: Probs) -> Mask:
    """(J,) rows that both the confident joint and the pruning by noise rate of cleanlab point at.

    Confident learning: Northcutt, Jiang and Chuang 2021, doi:10.1613/jair.1.12125.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cleanlab.count import compute_confident_joint
        from cleanlab.filter import find_label_issues

        joint = compute_confident_joint(labels, pred_probs)
        masks = [
            find_label_issues(labels, pred_probs, filter_by=rule, confident_joint=joint, n_jobs=1)
            for rule in ("prune_by_noise_rate", "confident_learning")
        ]
    return np.asarray(masks[0] & masks[1], dtype=np.bool_)


def estimate_confident_joint_share(labels: Codes, pred_probs: Probs) -> float:
    """Share of wrong labels as cleanlab estimates it, for comparison: it counts ambiguity as wrong labels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cleanlab.count import num_label_issues

        return float(num_label_issues(labels, pred_probs)) / len(labels)


def compute_wrong_probability(
    labels: Codes,
    pred_probs: Probs,
    *,
    contradicted: Mask,
    rank: npt.NDArray[np.float64],
    strata: Codes,
    noise: float,
) -> Probs:
    """Probability that each label is wrong, given the features and the label.

    With t the predicted class, g the given label and x the features, P(wrong | x, g) = P(g | t) p(t | x) / p(g | x):
    p are the probabilities of the model (which was trained on the noisy labels, so that p(g | x) holds both wrong
    labels and ambiguity), and P(g | t) is the rate at which t is mislabelled as g. That rate is `noise`, scaled to
    the stratum and spread over the other classes as the contradictions of the most confident tenth are, shrunk
    towards the overall rate and towards an even spread where those are few.

    Parameters
    ----------
    labels, pred_probs, contradicted, rank, strata
        Of the J judged rows: (J,), (J, K), (J,), (J,) and (J,).
    noise
        Overall share of wrong labels, in [0, 1].

    Returns
    -------
    numpy.ndarray
        (J,) in [0, 1]; 0 where the label is the predicted class.
    """
    n, k = pred_probs.shape
    top = rank < TOP
    overall = float(contradicted[top].mean()) if top.any() else 0.0
    if noise <= 0 or overall <= 0:
        return np.zeros(n)
    predicted = pred_probs.argmax(axis=1)
    _, cell = np.unique(predicted * (int(strata.max(initial=0)) + 1) + strata, return_inverse=True)
    rows = np.bincount(cell[top], minlength=int(cell.max()) + 1)
    contradictions = np.bincount(cell[top & contradicted], minlength=len(rows))
    relative = (contradictions + SHRINKAGE * overall) / (rows + SHRINKAGE) / overall
    at = np.flatnonzero(contradicted)
    given, likely = labels[at], predicted[at]
    confused = np.bincount((predicted * k + labels)[top & contradicted], minlength=k * k).reshape(k, k)
    spread = (confused + 0.5) / (confused.sum(axis=1, keepdims=True) + 0.5 * (k - 1))
    rate = noise * relative[cell[at]] * spread[likely, given]
    # A label that the model holds for impossible is wrong for certain, not a division by zero.
    odds = pred_probs[at, likely] / np.maximum(pred_probs[at, given], np.finfo(np.float64).tiny)
    wrong = np.zeros(n)
    wrong[at] = np.minimum(1.0, rate * np.minimum(odds, 1e12))
    return wrong


def select_suspects(candidates: Mask, wrong: Probs, quality: Probs, repeats_agree: Mask, share: Share) -> Mask:
    """(J,) the candidates that are more likely wrong than right, and no more of them than labels are wrong.

    Of rows that are judged alike, all are chosen or none.

    Parameters
    ----------
    candidates
        (J,) as `find_candidates` gives them.
    wrong
        (J,) as `compute_wrong_probability` gives it.
    quality
        (J,) as `compute_quality` gives it; the lower comes first among equally probable errors.
    repeats_agree
        (J,) whether every repeat contradicts the label.
    share
        Estimated share of wrong labels; its value caps the number of suspects.
    """
    chosen = np.flatnonzero(candidates & repeats_agree & (wrong >= MIN_PRECISION))
    most = round((share.value or 0.0) * len(candidates))
    chosen = chosen[np.lexsort((quality[chosen], -wrong[chosen]))]
    if len(chosen) > most:
        first_out = chosen[most]
        alike = (wrong[chosen] == wrong[first_out]) & (quality[chosen] == quality[first_out])
        chosen = chosen[:most][~alike[:most]]
    suspects = np.zeros(len(candidates), dtype=np.bool_)
    suspects[chosen] = True
    return suspects
