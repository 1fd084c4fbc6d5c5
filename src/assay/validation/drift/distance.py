"""How far two samples' shares lie apart: total variation, what chance alone makes of it, and its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Interval
from assay.intervals import normal_quantile

if TYPE_CHECKING:
    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]

# A tenth of the rows distributed otherwise is small: for two normal distributions it is a shift of a quarter of a
# standard deviation, between "small" (0.2, a distance of 0.08) and "medium" (0.5, 0.20) in Cohen's terms, and a
# population stability index of 0.06, where 0.1 is read as "no change".
NEGLIGIBLE = 0.10
# Of each sample's variance: a cell that a small sample misses is not known to be empty. Four rows, as in Agresti and
# Coull (1998, doi:10.1080/00031305.1998.10480550), shared out as in the other sample.
PRIOR_ROWS = 4.0
# The most frequent categories of a sample are partly so by chance, and are rarer in the next one. Where cells are
# chosen in this way, chance goes beyond its quantile up to 2.6 times as often (4 of 8 equal categories, 800 rows).
CHOSEN = 4
# No batch decides what this many rows do not: the reference is too small.
MOST_ROWS = 1e9


def total_variation(p: Vector, q: Vector) -> float:
    """Total variation distance of two vectors of shares: half the sum of |p - q|.

    0 where they are equal and 1 where they have no cell in common: the share of rows that would have to move to
    another cell. It has one meaning for numbers, categories, dates and missing values, needs no order of the cells
    and does not grow with the number of rows. On cells it is never above the distance of the full distributions.

    Parameters
    ----------
    p, q
        (K,) shares of the same K cells, each summing to 1.
    """
    return float(np.abs(p - q).sum() / 2)


def chance_distance(counts_p: Vector, counts_q: Vector) -> float:
    """Distance to expect of two samples of these sizes from one source, which the observed one holds as its bias.

    Half the sum over the cells of E|N(0, s (1 - s) (1/n + 1/m))|, with s the share in both samples together.
    """
    n, m = counts_p.sum(), counts_q.sum()
    share = (counts_p + counts_q) / (n + m)
    deviation = np.sqrt(share * (1 - share) * (1 / n + 1 / m))
    return float(math.sqrt(2 / math.pi) * deviation.sum() / 2)


def corrected_distance(counts_p: Vector, counts_q: Vector) -> float:
    """Total variation without its bias: sqrt(observed^2 - chance^2), as independent deviations add; at least 0."""
    observed = total_variation(counts_p / counts_p.sum(), counts_q / counts_q.sum())
    return math.sqrt(max(0.0, observed**2 - chance_distance(counts_p, counts_q) ** 2))


def distance_interval(counts_p: Vector, counts_q: Vector, alpha: float) -> Interval:
    """Interval of the true distance at confidence 1 - `alpha`, alpha / 2 on each side.

    Below: the observed distance exceeds the true one by at most half the sum of the cells' absolute errors. The
    errors are about normal with a known covariance; the moments of their absolute values follow from it (Nabeya
    1951, doi:10.1007/BF02949798), and the quantile from the gamma distribution with these moments. Above: of the
    cells where p > q, the observed difference is normal with at most half of sqrt(1/n + 1/m) as its deviation, and
    the observed distance is no smaller.

    Parameters
    ----------
    counts_p, counts_q
        (K,) rows in each cell, K at least 2, of two samples with at least one row each.
    alpha
        In (0, 1).
    """
    n, m = counts_p.sum(), counts_q.sum()
    observed = total_variation(counts_p / n, counts_q / m)
    return Interval(
        low=max(0.0, observed - error_margin(counts_p, counts_q, alpha / 2)),
        high=min(1.0, observed + _margin_above(n, m, alpha)),
        confidence=1 - alpha,
        method="gamma approximation to folded normal errors",
    )


def _margin_above(n: float, m: float, alpha: float) -> float:
    return normal_quantile(1 - alpha) * math.sqrt(1 / n + 1 / m) / 2


def reach_of_chance(counts_p: Vector, counts_q: Vector, alpha: float) -> float:
    """Distance below which the whole interval of `distance_interval` lies with probability 1 - `alpha`.

    For two samples of these sizes from one source. A smaller tolerance is not decided by so few rows.
    """
    margin = error_margin(counts_p, counts_q, alpha / CHOSEN)
    return margin + _margin_above(counts_p.sum(), counts_q.sum(), alpha)


def rows_to_decide(counts: Vector, tolerance: float, alpha: float) -> int | None:
    """Rows of a batch, to two digits, of which chance stays within a tolerance; None where no number of them does.

    Parameters
    ----------
    counts
        (K,) rows of the reference in each cell.
    """
    rows = 1.0
    while reach_of_chance(counts, counts * rows / counts.sum(), alpha) > tolerance:
        rows *= 1.05
        if rows > MOST_ROWS:
            return None
    return int(float(f"{rows:.1e}"))


def error_margin(counts_p: Vector, counts_q: Vector, alpha: float) -> float:
    """Upper `alpha` quantile of half the sum of the absolute errors of the cells' differences (see above)."""
    from scipy.stats import gamma

    n, m = counts_p.sum(), counts_q.sum()
    p, q = counts_p / n, counts_q / m
    covariance = _covariance((counts_p + PRIOR_ROWS * q) / (n + PRIOR_ROWS), n)
    covariance += _covariance((counts_q + PRIOR_ROWS * p) / (m + PRIOR_ROWS), m)
    deviation = np.sqrt(np.diag(covariance))
    seen = deviation > 0
    if not seen.any():
        return 0.5 * math.sqrt(-math.log(alpha) * (1 / n + 1 / m))
    deviation = deviation[seen]
    products = np.outer(deviation, deviation)
    correlation = np.clip(covariance[np.ix_(seen, seen)] / products, -1, 1)
    folded = np.sqrt(1 - correlation**2) + correlation * np.arcsin(correlation) - 1
    mean = math.sqrt(2 / math.pi) * deviation.sum() / 2
    variance = float((products * folded).sum()) / (2 * math.pi)
    return float(gamma.ppf(1 - alpha, mean**2 / variance, scale=variance / mean))


def _covariance(shares: Vector, n: float) -> npt.NDArray[np.float64]:
    """(K, K) covariance of the shares of n independent rows."""
    return np.asarray((np.diag(shares) - np.outer(shares, shares)) / n)


def cells_for(n: int, m: int, most: int) -> int:
    """Number of cells, 4 to `most`, at which chance makes a distance of at most half of `NEGLIGIBLE`.

    Chance makes at most sqrt((K - 1) (1/n + 1/m)) / 2 (Cauchy-Schwarz).
    """
    return int(np.clip(1 + NEGLIGIBLE**2 * n * m / (n + m), 4, most))
