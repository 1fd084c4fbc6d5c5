"""Distances between the distribution of the labels in a group and that in all other rows, with intervals.

A distance cannot fall below 0, so that chance alone puts it above 0, and a percentile bootstrap of it never covers 0.
Each of these is (or is the square of) a norm or a metric: by the triangle inequality the estimate is off by at most
the distance between what was drawn and what is true. The quantile of that error, from draws of the table of counts,
makes an interval that covers 0 under parity, whatever the number of labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    Values = npt.NDArray[np.float64]
    Groups = npt.NDArray[np.int64]
    Pair = Callable[[Values, Values, Values | None], Values]
    Error = Callable[[Values, Values, Values, Values, Values | None], Values]

MOST_DRAWS, LEAST_DRAWS = 2_000, 200
# Cells that all draws together may have, as long as `LEAST_DRAWS` are made; beyond `MOST_CELLS` there are none.
WORKED, MOST_CELLS, _HELD = 2_000_000, 100_000_000, 1 << 21
# What never occurred in n rows may have a share of some 4 / n: so many rows of unknown label are added to each group
# before it is drawn from (Agresti and Coull 1998, doi:10.1080/00031305.1998.10480550, add as many).
UNSEEN_ROWS = 4.0


def _kullback_leibler(q: Values, p: Values, _: Values | None) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(q > 0, q * np.log(q / p), 0.0)
    return np.asarray(np.maximum(0.0, np.where(np.isnan(q[..., 0] + p[..., 0]), np.nan, terms.sum(axis=-1))))


def _jensen_shannon(q: Values, p: Values, _: Values | None) -> Values:
    middle = (q + p) / 2
    return (_kullback_leibler(q, middle, None) + _kullback_leibler(p, middle, None)) / 2


def _lp_norm(q: Values, p: Values, _: Values | None) -> Values:
    return np.asarray(np.sqrt(((q - p) ** 2).sum(axis=-1)))


def _total_variation(q: Values, p: Values, _: Values | None) -> Values:
    return np.asarray(np.abs(q - p).sum(axis=-1) / 2)


def _largest(q: Values, p: Values, _: Values | None) -> Values:
    return np.asarray(np.abs(q - p).max(axis=-1))


def _largest_of_sums(q: Values, p: Values, _: Values | None) -> Values:
    return np.asarray(np.abs(np.cumsum(q - p, axis=-1)).max(axis=-1))


def _wasserstein(q: Values, p: Values, steps: Values | None) -> Values:
    assert steps is not None
    return np.asarray((np.abs(np.cumsum(q - p, axis=-1)[..., :-1]) * steps).sum(axis=-1))


def _of_norm(norm: Pair) -> Error:
    return lambda q_drawn, q, p_drawn, p, steps: norm(q_drawn - q, p_drawn - p, steps)


def _of_metric(q_drawn: Values, q: Values, p_drawn: Values, p: Values, _: Values | None) -> Values:
    # The root of the Jensen-Shannon divergence is a metric (Endres and Schindelin 2003, doi:10.1109/TIT.2003.813506).
    return np.asarray(np.sqrt(_jensen_shannon(q_drawn, q, None)) + np.sqrt(_jensen_shannon(p_drawn, p, None)))


def _of_divergence(q_drawn: Values, q: Values, p_drawn: Values, p: Values, _: Values | None) -> Values:
    # No metric: the root of what the same draws make under parity; where that is infinite, of its first order.
    shifted = np.maximum(0.0, p + (q_drawn - q))
    exact = _kullback_leibler(shifted, p_drawn, None)
    local = (((q_drawn - q) - (p_drawn - p)) ** 2 / p).sum(axis=-1) / 2
    return np.asarray(np.sqrt(np.where(np.isfinite(exact), np.maximum(exact, local), local)))


@dataclass(frozen=True, slots=True, eq=False)
class Distance:
    """A distance of distributions q (of all other rows) and p (of the group), (..., K), over K labels.

    Attributes
    ----------
    name
        As in the field.
    measure
        From q, p and the steps between the bins.
    error
        How far drawn q and p may move it: (q drawn, q, p drawn, p, steps) -> (...).
    is_square
        Whether its root, not itself, is what the error adds to.
    most
        The largest possible value.
    """

    name: str
    measure: Pair
    error: Error
    is_square: bool = False
    most: float = np.inf


KULLBACK_LEIBLER = Distance("Kullback-Leibler divergence", _kullback_leibler, _of_divergence, is_square=True)
JENSEN_SHANNON = Distance(
    "Jensen-Shannon divergence", _jensen_shannon, _of_metric, is_square=True, most=float(np.log(2))
)
LP_NORM = Distance("Lp norm", _lp_norm, _of_norm(_lp_norm), most=float(np.sqrt(2)))
TOTAL_VARIATION = Distance("total variation distance", _total_variation, _of_norm(_total_variation), most=1.0)
# Of classes, which have no order, the largest difference of a share; of numbers that of the cumulative shares.
KOLMOGOROV_SMIRNOV = Distance("Kolmogorov-Smirnov", _largest, _of_norm(_largest), most=1.0)
NUMERIC_KOLMOGOROV_SMIRNOV = Distance("Kolmogorov-Smirnov", _largest_of_sums, _of_norm(_largest_of_sums), most=1.0)
WASSERSTEIN = Distance("Wasserstein distance", _wasserstein, _of_norm(_wasserstein))
OF_CLASSES = (KULLBACK_LEIBLER, JENSEN_SHANNON, LP_NORM, TOTAL_VARIATION, KOLMOGOROV_SMIRNOV)
OF_NUMBERS = (NUMERIC_KOLMOGOROV_SMIRNOV, WASSERSTEIN)


def draw_errors(
    kinds: Sequence[Distance], weight: Values, effective: Values, steps: Values | None
) -> dict[str, Values]:
    """By name of the distance, the (B, G) errors of B draws of a table, each group against all others.

    Every group is drawn from by itself, a multinomial of its effective number of rows; all other rows are the other
    groups as they were drawn. B is smaller for a larger table, and 0 where that would take minutes.

    Parameters
    ----------
    weight
        (G, K) total weight of each label in each group; G groups of two rows or more, K labels.
    effective
        (G,) effective number of rows of each group.
    """
    groups, labels = weight.shape
    draws = int(np.clip(WORKED // max(1, groups * labels), LEAST_DRAWS, MOST_DRAWS))
    if draws * groups * labels > MOST_CELLS:
        return {kind.name: np.empty((0, groups)) for kind in kinds}
    held = weight.sum(axis=1, keepdims=True)
    n = np.maximum(1, np.rint(effective)).astype(np.int64)
    seen = weight / held * n[:, None]
    p = (seen + UNSEEN_ROWS / labels) / (n[:, None] + UNSEEN_ROWS)
    p /= p.sum(axis=1, keepdims=True)
    q = _others(p, held)
    rng = np.random.default_rng(0)
    found: dict[str, list[Values]] = {kind.name: [] for kind in kinds}
    left, most = draws, max(1, _HELD // (groups * labels))
    while left:
        size = min(left, most)
        p_drawn = rng.multinomial(n, p, size=(size, groups)) / n[:, None]
        q_drawn = _others(p_drawn, held)
        for kind in kinds:
            found[kind.name].append(kind.error(q_drawn, q, p_drawn, p, steps))
        left -= size
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _others(p: Values, held: Values) -> Values:
    """(..., G, K) distribution in all other groups, of (..., G, K) distributions and their (G, 1) weights."""
    weighted = p * held
    return np.asarray((weighted.sum(axis=-2, keepdims=True) - weighted) / (held.sum() - held))


def limits_of(kind: Distance, values: Values, reach: Values) -> tuple[Values, Values]:
    """(G,) lower and upper limits of distances whose estimates are off by at most `reach`; NaN with either."""
    centre = np.sqrt(values) if kind.is_square else values
    low, high = np.maximum(0.0, centre - reach), centre + reach
    if kind.is_square:
        low, high = low**2, high**2
    return low, np.minimum(high, kind.most)
