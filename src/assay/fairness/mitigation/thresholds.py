"""The most accurate thresholds per group whose disparity is within a tolerance: a linear program.

Every choice of thresholds of a group, drawn by lot between several or not, is a point of the convex hull of its ROC
curve (Hardt, Price and Srebro 2016, arXiv:1610.02413). Accuracy is linear there, and so is a disparity within a
tolerance (Cruz and Hardt 2024, arXiv:2306.07261): the best point of all groups together is the solution of a linear
program over the weights of the hulls' corners.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.fairness.context import DEMOGRAPHIC_PARITY

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Corners:
    """The corners of one group's upper ROC hull.

    Attributes
    ----------
    threshold
        (V,) int64 in 0..B: the bins from this one on get the favourable decision; descending.
    fpr, tpr
        (V,) false and true positive rate, from 0 to 1.
    selected
        (V,) selection rate.
    errors
        (V,) total weight of the rows decided wrongly.
    """

    threshold: Codes
    fpr: Floats
    tpr: Floats
    selected: Floats
    errors: Floats


def find_corners(weight: Floats) -> Corners:
    """Corners of the ROC hull of a group with `weight` (2, B): of its negatives and its positives in each bin.

    Raises
    ------
    ValueError
        Where the group has no negatives or no positives.
    """
    total = weight.sum(axis=1)
    if not (total > 0).all():
        raise ValueError("weight must have negatives and positives, got one class. Leave the group out.")
    above = np.concatenate([np.zeros((2, 1)), np.cumsum(weight[:, ::-1], axis=1)], axis=1)
    fpr, tpr = np.minimum(above / total[:, None], 1.0)
    kept: list[int] = []
    for point in range(len(fpr)):
        while len(kept) > 1 and _is_below(kept[-2], kept[-1], point, fpr, tpr):
            kept.pop()
        kept.append(point)
    corner = np.array(kept)
    negatives, positives = above[0, corner], above[1, corner]
    return Corners(
        threshold=(weight.shape[1] - corner).astype(np.int64),
        fpr=fpr[corner],
        tpr=tpr[corner],
        selected=(negatives + positives) / total.sum(),
        errors=negatives + total[1] - positives,
    )


def _is_below(first: int, middle: int, last: int, x: Floats, y: Floats) -> bool:
    """Whether the middle point lies on or below the line through the others."""
    rise = (y[middle] - y[first]) * (x[last] - x[first])
    return bool(rise <= (y[last] - y[first]) * (x[middle] - x[first]))


def fit_thresholds(corners: Sequence[Corners], criterion: str, tolerance: float, bins: int) -> Floats:
    """Fit the most accurate decisions of G groups whose largest difference is within a tolerance.

    Parameters
    ----------
    corners
        Of each group.
    criterion
        Demographic parity bounds the difference in selection rates, equalized odds those in true and in false
        positive rates.
    tolerance
        In [0, 1].
    bins
        Number B of bins of the score.

    Returns
    -------
    (G, B) in [0, 1]
        The probability of the favourable decision; never decreasing in the bin. Between 0 and 1 it is drawn by lot.

    Raises
    ------
    RuntimeError
        Where the program has no solution; decisions that are equal for all groups always are one.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array, hstack, vstack

    group = np.repeat(np.arange(len(corners)), [len(c.threshold) for c in corners])
    column = np.arange(len(group))

    def by_group(values: Floats) -> coo_array:
        return coo_array((values, (group, column)), shape=(len(corners), len(group)))

    names = ("selected",) if criterion == DEMOGRAPHIC_PARITY else ("fpr", "tpr")
    rows, limits = [], []
    for index, name in enumerate(names):
        rate = by_group(np.concatenate([getattr(c, name) for c in corners]))
        # One more variable a rate: the lowest of the groups' rates. lowest <= rate <= lowest + tolerance.
        lowest = coo_array(np.eye(len(names))[[index] * len(corners)])
        rows += [hstack([rate, -lowest]), hstack([-rate, lowest])]
        limits += [np.full(len(corners), tolerance), np.zeros(len(corners))]
    errors = np.concatenate([c.errors for c in corners])
    program: dict[str, Any] = {  # SciPy takes sparse matrices, its stubs do not
        "c": np.concatenate([errors / max(errors.max(), 1e-300), np.zeros(len(names))]),
        "A_ub": vstack(rows).tocsr(),
        "b_ub": np.concatenate(limits),
        "A_eq": hstack([by_group(np.ones(len(group))), coo_array((len(corners), len(names)))]).tocsr(),
        "b_eq": np.ones(len(corners)),
    }
    solution = linprog(**program, bounds=(0, 1), method="highs")
    if solution.x is None:
        raise RuntimeError(f"linear program of {len(corners)} groups must have a solution, got: {solution.message}")
    share = np.clip(solution.x[: len(group)], 0, 1)
    decisions = np.zeros((len(corners), bins + 1))
    np.add.at(decisions, (group, np.concatenate([c.threshold for c in corners])), share)
    chosen: Floats = np.clip(np.cumsum(decisions, axis=1)[:, :bins], 0, 1)
    return chosen
