"""Differences of rates between groups within the strata of a control column, and what they come to in common.

Whether a disparity is one between departments or one within them (Simpson's paradox; Bickel, Hammel and O'Connell
1975, doi:10.1126/science.187.4175.398) is answered by the Mantel-Haenszel difference: the mean of the differences
within the strata, each weighted by n1 n2 / (n1 + n2).
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.dataset import MISSING_GROUP
from assay.errors import ConfigurationError
from assay.fairness.control.spread import Spread, root_mean_square
from assay.fairness.disparity import MIN_CASES
from assay.fairness.simultaneous import one_sided, wilson_limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.dataset import Dataset

    Values = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]

# A number with more values than this is cut at its quintiles: five strata take away about nine tenths of what a
# confounder does (Cochran 1968, doi:10.2307/2528036).
MOST_NUMBERS = 20
QUANTILES = (0.2, 0.4, 0.6, 0.8)
# Of more values the most frequent ones are strata of their own, and all others one together.
MOST_STRATA = 50
OTHERS = "(all other values)"


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """A control column as S strata: their names, and the (N,) code of each row."""

    column: str
    names: tuple[str, ...]
    codes: Codes


@dataclass(frozen=True, slots=True, eq=False)
class StratumRates:
    """Rates by group and stratum, each array (G, S): shares (0 without cases), effective cases, and rows."""

    metric: str
    shares: Values
    cases: Values
    rows: Codes


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """The largest common difference of two groups within the strata.

    Attributes
    ----------
    metric
        Name of the rate.
    value, low, high
        In [0, 1]; NaN where no two groups share a stratum. `high` is 1 where some pair shares none.
    lower, upper
        The group with the lower and the one with the higher rate within the strata; None with NaN.
    widest_low
        The largest of the lower limits of the differences within single strata, all of which hold together; 0 where
        none of them excludes parity.
    widest
        Stratum, group with the lower and with the higher rate there; None where no two groups have `MIN_CASES` cases
        in one stratum.
    spreads
        Of every pair, how large the differences are, whichever way they go. The lower limits hold together.
    """

    metric: str
    value: float
    low: float
    high: float
    lower: int | None
    upper: int | None
    widest_low: float
    widest: tuple[int, int, int] | None
    spreads: tuple[Spread, ...]

    @property
    def surest(self) -> Spread:
        """The pair whose differences are surest to be large."""
        return max(self.spreads, key=lambda spread: spread.low)

    @property
    def least_known(self) -> Spread:
        """The pair whose differences may be largest."""
        return max(self.spreads, key=lambda spread: spread.high)


def check_control(dataset: Dataset, control: Sequence[str]) -> None:
    """Refuse control columns that are not in the data.

    Raises
    ------
    ConfigurationError
    """
    columns = [str(name) for name in dataset.frame.columns]
    problems = []
    for name in control:
        if name not in columns:
            near = difflib.get_close_matches(name, columns, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else f"; columns are {', '.join(columns[:20])}."
            problems.append(f"fairness.control must name columns of the data, got '{name}'{hint}")
    if problems:
        raise ConfigurationError(problems)


def read_strata(dataset: Dataset, column: str) -> Strata:
    """Values of a column as strata; numbers with many values are cut, rare values put together."""
    values = dataset.frame[column]
    if values.dtype.kind in "iufM" and values.nunique() > MOST_NUMBERS:
        return _binned(column, values)
    codes, names = pd.factorize(values.astype(object).where(values.notna(), MISSING_GROUP), sort=False)
    words = [f"{name:g}" if isinstance(name, float) else str(name) for name in names]
    if len(words) > MOST_STRATA:
        order = np.argsort(-np.bincount(codes), kind="stable")
        place = np.empty(len(words), dtype=np.int64)
        place[order] = np.minimum(np.arange(len(words)), MOST_STRATA - 1)
        codes, words = place[codes], [*(words[i] for i in order[: MOST_STRATA - 1]), OTHERS]
    return Strata(column, tuple(words), codes.astype(np.int64))


def _binned(column: str, values: pd.Series[float]) -> Strata:
    known, is_date = values.notna().to_numpy(), values.dtype.kind == "M"
    figures = (values.astype("datetime64[ns]") if is_date else values).to_numpy()[known].astype(np.float64)
    edges = np.unique(np.quantile(figures[np.isfinite(figures)], QUANTILES, method="inverted_cdf"))
    codes = np.full(len(values), len(edges) + 1, dtype=np.int64)
    codes[known] = np.searchsorted(edges, figures, side="right")
    ends = [str(pd.Timestamp(int(edge)).date()) if is_date else f"{edge:g}" for edge in edges]
    between = [f"{low} to {high}" for low, high in pairwise(ends)]
    return Strata(column, (f"<{ends[0]}", *between, f">={ends[-1]}", MISSING_GROUP), codes)


def largest_within(strat: StratumRates, compared: Codes, error: float, parts: int, growth: float = 1.0) -> Within:
    """Largest common difference of two of the compared groups, with its limits.

    Parameters
    ----------
    strat
        Rates by group and stratum.
    compared
        Codes of the groups, two or more.
    error
        Half of it is for the upper limit, which needs no correction for the pairs (all of them must pass), and half
        for the lower ones: those of the common differences, of the spreads and within single strata have a third of
        that each.
    parts
        Number of rates that are judged together by the worst of them.
    growth
        The limits are those with so many times the cases.

    References
    ----------
    Variance: Sato 1989, doi:10.2307/2531862. Interval: Klingenberg 2014, doi:10.1002/sim.6122. Within a stratum:
    Newcombe's hybrid score interval.
    """
    pairs = [(i, j) for place, i in enumerate(compared.tolist()) for j in compared.tolist()[place + 1 :]]
    lower_error = error / (2 * parts * 3)
    # A difference has two directions, a spread none.
    z_low, z_high = one_sided(lower_error / (2 * len(pairs))), one_sided(error / 2)
    by_group = {g: (strat.shares[g], strat.cases[g]) for g in compared.tolist()}
    errors = lower_error / len(pairs), error / 2
    spreads = tuple(root_mean_square((i, j), by_group[i], by_group[j], errors, growth) for i, j in pairs)
    enough = strat.rows >= MIN_CASES
    both = int(sum((enough[i] & enough[j]).sum() for i, j in pairs))
    z_within = one_sided(lower_error / (2 * max(1, both)))
    low = high = value = widest_low = widest_value = 0.0
    ends: tuple[int, int] | None = None
    widest: tuple[int, int, int] | None = None
    for i, j in pairs:
        first, second = ((shares, cases * growth) for shares, cases in (by_group[i], by_group[j]))
        common = mantel_haenszel(first, second, z_low), mantel_haenszel(first, second, z_high)
        if common[0] is None or common[1] is None:
            high = 1.0
        else:
            difference, bottom, top = common[0]
            low = max(low, bottom, -top)
            high = max(high, common[1][2], -common[1][1])
            if ends is None or abs(difference) > value:
                value, ends = abs(difference), (i, j) if difference < 0 else (j, i)
        shared = np.flatnonzero(enough[i] & enough[j])
        if not len(shared):
            continue
        apart, excess = _newcombe(strat, (i, j), shared, z_within, growth)
        at = int(np.abs(apart).argmax())
        if widest is None or abs(apart[at]) > widest_value:
            widest_value = abs(float(apart[at]))
            widest = (int(shared[at]), *((i, j) if apart[at] < 0 else (j, i)))
        widest_low = max(widest_low, float(excess.max()))
    if ends is None:
        return Within(strat.metric, np.nan, np.nan, np.nan, None, None, widest_low, widest, spreads)
    return Within(strat.metric, value, low, min(1.0, high), *ends, widest_low, widest, spreads)


def mantel_haenszel(
    first: tuple[Values, Values], second: tuple[Values, Values], z: float
) -> tuple[float, float, float] | None:
    """Common difference of two groups' rates, first less second, and its limits at a critical value.

    Each group's (S,) shares and cases by stratum; a stratum without cases of either does not count. None where there
    is no other.
    """
    (p1, n1), (p2, n2) = first, second
    shared = (n1 > 0) & (n2 > 0)
    if not shared.any():
        return None
    p1, n1, p2, n2 = p1[shared], n1[shared], p2[shared], n2[shared]
    total, x1, x2 = n1 + n2, p1 * n1, p2 * n2
    weight = n1 * n2 / total
    r = float(weight.sum())
    difference = float((weight * (p1 - p2)).sum()) / r
    p = float(((n1**2 * x2 - n2**2 * x1 + n1 * n2 * (n2 - n1) / 2) / total**2).sum()) / r**2
    q = float(((x1 * (n2 - x2) + x2 * (n1 - x1)) / (2 * total)).sum()) / r**2
    # The differences d with (difference - d)^2 <= z^2 (d p + q), Sato's variance at d.
    middle = difference + z * z * p / 2
    half = math.sqrt(max(0.0, middle**2 - difference**2 + z * z * q))
    # Next to -1 and 1 rounding must not put the estimate outside.
    return difference, max(-1.0, min(difference, middle - half)), min(1.0, max(difference, middle + half))


def _newcombe(
    strat: StratumRates, pair: tuple[int, int], shared: npt.NDArray[np.intp], z: float, growth: float
) -> tuple[Values, Values]:
    """Differences of two groups within strata, and how far each at least lies from 0."""
    i, j = pair
    p, q = strat.shares[i][shared], strat.shares[j][shared]
    (low1, high1), (low2, high2) = (
        wilson_limits(strat.shares[g][shared], strat.cases[g][shared] * growth, z) for g in pair
    )
    bottom = p - q - np.hypot(p - low1, high2 - q)
    top = p - q + np.hypot(high1 - p, q - low2)
    return p - q, np.maximum(0.0, np.maximum(bottom, -top))
