"""How well scores tell the groups of a sensitive feature apart: on average, and each group from the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.auc import compute_auc
from assay.findings import Interval, Status
from assay.intervals import judge_upper

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.auc import Auc

    Codes = npt.NDArray[np.int64]
    Scores = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

_SEVERITY = (Status.PASSED, Status.INCONCLUSIVE, Status.FAILED)


@dataclass(frozen=True, slots=True)
class GroupAuc:
    """AUC of one group against the rest, or the mean over all groups.

    Attributes
    ----------
    group
        Code of the group; None for the mean. Of two groups the mean is all there is.
    auc
        Out of sample.
    ceiling
        Upper limit of the AUC if the rows whose value is too rare to be read were all told apart: at least
        `auc.interval.high`, at most 1.
    """

    group: int | None
    auc: Auc
    ceiling: float

    def status(self, limit: float) -> Status:
        """Failed where the interval lies above the limit, passed where its end and the ceiling do not exceed it."""
        low = self.auc.interval.low
        return judge_upper(Interval(low, max(low, self.ceiling), self.auc.interval.confidence), limit)


def compute_group_aucs(
    group: Codes, candidates: Sequence[Scores], confidence: float, rare: Mask | None = None
) -> tuple[GroupAuc, ...]:
    """Compute the mean AUC, and of more than two groups that of each against the rest.

    Parameters
    ----------
    group
        (n,) in 0..G-1, each of which occurs.
    candidates
        Scores (n, G) of which the larger AUC counts, for the mean and for each group.
    confidence
        Of each interval.
    rare
        (n,) rows whose value is too rare for its groups to be known from the other folds; by default none.

    Returns
    -------
    tuple
        The mean first, then the groups in the order of their codes.
    """
    groups = int(group.max()) + 1
    thin = np.zeros(len(group), dtype=bool) if rare is None else rare
    of_group = np.bincount(group, weights=thin) / np.bincount(group)
    unread = (of_group[0], of_group[1]) if groups == 2 else (thin.mean(), thin.mean())
    found = [_largest(None, [(group, scores) for scores in candidates], confidence, unread)]
    for g in range(groups) if groups > 2 else ():
        ours = (group == g).astype(np.int64)
        curves = [(ours, np.column_stack([-scores[:, g], scores[:, g]])) for scores in candidates]
        found.append(_largest(g, curves, confidence, (of_group[g], thin[ours == 0].mean())))
    return tuple(found)


def _largest(
    group: int | None, curves: Sequence[tuple[Codes, Scores]], confidence: float, unread: tuple[float, float]
) -> GroupAuc:
    """Take the larger AUC; pairs of rows of which one is not read might all be told apart."""
    aucs = [auc for labels, scores in curves if (auc := compute_auc(labels, scores, confidence)) is not None]
    auc = max(aucs, key=lambda auc: auc.value)
    return GroupAuc(group, auc, float(1 - (1 - auc.interval.high) * (1 - unread[0]) * (1 - unread[1])))


def decisive(aucs: Sequence[GroupAuc], limit: float) -> GroupAuc:
    """Return the one that decides against the limit: of the worst status, and of these the largest."""
    return max(aucs, key=lambda found: (_SEVERITY.index(found.status(limit)), found.auc.value))
