"""Which labels are suspect: those most likely wrong, as many as pays."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.label_noise.anchors import Share

    Codes = npt.NDArray[np.int64]
    Probs = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]


def estimate_confident_joint_share(labels: Codes, pred_probs: Probs) -> float:
    """Share of wrong labels as cleanlab estimates it, for comparison: it counts ambiguity as wrong labels.

    Confident learning: Northcutt, Jiang and Chuang 2021, doi:10.1613/jair.1.12125.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cleanlab.count import num_label_issues

        return float(num_label_issues(labels, pred_probs)) / len(labels)


def choose_suspects(wrong: Probs, share: Share, min_precision: float) -> Mask:
    """(J,) the labels most likely wrong, as many as promise the best F1.

    With p the probabilities in descending order, the first k promise F1 = 2 sum(p[:k]) / (k + sum(p)) (Lipton, Elkan
    and Naryanaswamy 2014, doi:10.1007/978-3-662-44851-9_15). No more are taken than labels are estimated to be wrong,
    and no more than leave the expected precision at `min_precision`. Of rows that are judged alike, all or none.

    Parameters
    ----------
    wrong
        (J,) probability that each label is wrong.
    share
        Estimated share of wrong labels; without a value, or where ambiguity explains it too, nothing is suspect.
    min_precision
        Smallest expected share of the suspects whose label is wrong, in (0, 1].
    """
    suspects = np.zeros(len(wrong), dtype=np.bool_)
    most = round((share.value or 0.0) * len(wrong)) if share.supported else 0
    order = np.argsort(-wrong, kind="stable")
    descending = wrong[order]
    count = np.arange(1, len(wrong) + 1)
    sums = np.cumsum(descending)
    ends = np.append(descending[1:] < descending[:-1], True)  # the last of those that are judged alike
    allowed = ends & (count <= most) & (sums / count >= min_precision)
    if not allowed.any():
        return suspects
    promised = np.where(allowed, 2 * sums / (count + sums[-1]), -1.0)
    suspects[order[: int(promised.argmax()) + 1]] = True
    return suspects
