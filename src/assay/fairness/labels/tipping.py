"""How many more labels of one group would have to be wrong to make the whole of a disparity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from assay.fairness.rates import BASE_RATE, FALSE_POSITIVE_RATE, TRUE_POSITIVE_RATE

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

TO_POSITIVE, TO_NEGATIVE, BOTH = "to positive", "to negative", "both ways alike"


def find_tipping(rate: str, table: Floats, top: int, bottom: int) -> dict[tuple[int, str], float]:
    """Share of a group's labels that would have to be wrong, none of the other's, for both to have the same rate.

    Labels of one true class go wrong with one chance: negatives recorded as positive, positives recorded as negative,
    or both with the same chance. The true positive rate is lowered by the first kind only, and by it alone; the false
    positive rate is raised by the second (`correct` with one rate 0, solved for the other).

    Parameters
    ----------
    rate
        Base rate, true or false positive rate.
    table
        (G, 2, 2) by group, given label and prediction.
    top, bottom
        The groups with the higher and the lower rate.

    Returns
    -------
    dict
        (group, kind) -> share of its rows in (0, 1]. A kind that cannot explain the disparity, whatever its share, is
        left out; so is one that would take more wrong labels than contradict the predictions.
    """
    solve = _SOLVERS.get(rate)
    if solve is None:
        return {}
    shares = table / table.sum(axis=(1, 2), keepdims=True)
    target = {group: _rate(rate, shares[other]) for group, other in ((top, bottom), (bottom, top))}
    found: dict[tuple[int, str], float] = {}
    for group in (top, bottom):
        most = _most(shares[group])
        for kind, (to_positive, to_negative) in solve(shares[group], target[group]).items():
            flips = (to_positive, to_negative)
            if any(not 0 <= flip <= limit for flip, limit in zip(flips, most, strict=True)) or not 0 < sum(flips) < 1:
                continue
            given = shares[group, 1].sum()
            true = (given - to_positive) / (1 - to_positive - to_negative)
            found[group, kind] = float(to_positive * (1 - true) + to_negative * true)
    return found


def _rate(rate: str, share: Floats) -> float:
    if rate == BASE_RATE:
        return float(share[1].sum())
    label = 1 if rate == TRUE_POSITIVE_RATE else 0
    return float(share[label, 1] / share[label].sum())


def _most(share: Floats) -> tuple[float, float]:
    """The largest flip rates that leave no share below 0, as `correct` cuts them."""
    of_prediction = share.sum(axis=0)
    positive = share[1, of_prediction > 0] / of_prediction[of_prediction > 0]
    return float(positive.min()), float(1 - positive.max())


def _solve_base(share: Floats, target: float) -> dict[str, tuple[float, float]]:
    given = float(share[1].sum())
    more, fewer = _over(given - target, 1 - target), _over(target - given, target)
    both = _over(given - target, 1 - 2 * target)
    return {TO_POSITIVE: (more, 0.0), TO_NEGATIVE: (0.0, fewer), BOTH: (both, both)}


def _solve_true_positive(share: Floats, target: float) -> dict[str, tuple[float, float]]:
    given, chosen = float(share[1].sum()), float(share[:, 1].sum())
    flip = _over(target * given - float(share[1, 1]), target - chosen)
    return {TO_POSITIVE: (flip, 0.0), BOTH: (flip, flip)}


def _solve_false_positive(share: Floats, target: float) -> dict[str, tuple[float, float]]:
    given, chosen = float(share[0].sum()), float(share[:, 1].sum())
    flip = _over(float(share[0, 1]) - target * given, chosen - target)
    return {TO_NEGATIVE: (0.0, flip), BOTH: (flip, flip)}


def _over(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else math.nan


_SOLVERS: dict[str, Callable[[Floats, float], dict[str, tuple[float, float]]]] = {
    BASE_RATE: _solve_base,
    TRUE_POSITIVE_RATE: _solve_true_positive,
    FALSE_POSITIVE_RATE: _solve_false_positive,
}
