"""Impact ratios by category, as 6 RCNY § 5-300 defines them, each with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.documents.table import Table
from assay.small_cells import FEWER, SMALLEST_CELL

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from assay.documents.tree import Row

# 6 RCNY § 5-301(d): a category below this share of the data may be excluded from the impact ratios.
LEAST_SHARE = 0.02
# Fewest and most applicants of a category.
Bounds = tuple[int, float]
COLUMNS = (
    *("category", "applicants", "selection rate", "selection rate low", "selection rate high"),
    *("impact ratio", "impact ratio low", "impact ratio high", "under 2% of the data"),
    *("ratio without these", "ratio without these low", "ratio without these high"),
)


@dataclass(frozen=True, slots=True)
class Category:
    """A category of applicants.

    Attributes
    ----------
    fewest, most
        Bounds of its number of applicants: equal where it is shown, 0 and 9 where it is hidden as "<10", 10 and more
        where it is hidden because all others are so few.
    rate, low, high
        Its selection rate with the Wilson interval; None where it is hidden.
    is_small
        Whether it holds less than `LEAST_SHARE` of the data; None where hidden numbers leave that open.
    """

    name: str
    fewest: int
    most: float
    rate: float | None
    low: float | None
    high: float | None
    is_small: bool | None

    @property
    def applicants(self) -> int | str | None:
        """The number, or "<10"; None where it is not told."""
        if self.fewest == self.most:
            return self.fewest
        return FEWER if self.most < SMALLEST_CELL else None


def read_categories(rates: Mapping[str, Row], unknown: Collection[str]) -> tuple[list[Category], list[Category]]:
    """The known and the unknown categories.

    Parameters
    ----------
    rates
        Name of the category -> its `value`, `low`, `high` and `n`, as the tree has them.
    unknown
        Names of the categories of people whose sex or race is missing.
    """
    sizes = {name: _bounds(row["n"]) for name, row in rates.items()}
    fewest, most = (sum(size[end] for name, size in sizes.items() if name not in unknown) for end in (0, 1))
    every = [
        _category(name, row, sizes[name], None if name in unknown else _is_small(sizes[name], fewest, most))
        for name, row in rates.items()
    ]
    return [c for c in every if c.name not in unknown], [c for c in every if c.name in unknown]


def _category(name: str, row: Row, size: Bounds, is_small: bool | None) -> Category:
    rate, low, high = (row["value"], row["low"], row["high"]) if isinstance(row["n"], int) else (None, None, None)
    return Category(name, *size, rate, low, high, is_small)


def _bounds(n: int | str | None) -> Bounds:
    if n is None:
        return SMALLEST_CELL, math.inf
    return (n, n) if isinstance(n, int) else (0, SMALLEST_CELL - 1)


def _is_small(size: Bounds, fewest: float, most: float) -> bool | None:
    """Whether a share is below `LEAST_SHARE` for all, none or some of the totals that are possible."""
    if size[1] == math.inf:  # all but a few
        return False
    if size[1] < LEAST_SHARE * max(fewest, size[1]):
        return True
    return False if size[0] >= LEAST_SHARE * most else None


def most_selected(categories: Sequence[Category]) -> Category | None:
    """The category with the highest selection rate; None where no rate above 0 is known."""
    rated = [category for category in categories if category.rate]
    return max(rated, key=lambda category: category.rate or 0.0, default=None)


def tabulate(title: str, categories: Sequence[Category]) -> Table:
    """The table of `COLUMNS`: once against the most selected category, once without those under 2%."""
    large = [category for category in categories if category.is_small is False]
    first, second = most_selected(categories), most_selected(large)
    rows = [
        (
            *(category.name, category.applicants, category.rate, category.low, category.high),
            *impact_ratio(category, first),
            category.is_small,
            *(impact_ratio(category, second) if category.is_small is False else (None, None, None)),
        )
        for category in categories
    ]
    return Table(title, COLUMNS, tuple(rows))


def impact_ratio(category: Category, reference: Category | None) -> tuple[float | None, float | None, float | None]:
    """Selection rate of a category over that of the reference, with its interval.

    The interval is MOVER-R of the two Wilson intervals (Newcombe 2016, doi:10.1177/0962280213502144), at their
    confidence and each by itself. The reference against itself is 1 without an interval; an end that has no bound,
    since the reference's rate may be 0, is None.
    """
    if reference is None or category.rate is None:
        return None, None, None
    if category is reference:
        return 1.0, None, None
    assert reference.rate is not None
    ratio = category.rate / reference.rate
    limits = (category.low, category.high, reference.low, reference.high)
    if any(limit is None for limit in limits):
        return ratio, None, None
    return ratio, *mover_ratio((category.rate, category.low, category.high), (reference.rate, *limits[2:]))


def mover_ratio(first: Sequence[Any], second: Sequence[Any]) -> tuple[float, float | None]:
    """Limits of p / q from (p, low, high) and (q, low, high), q > 0; the upper one is None where it has no bound.

    Written so that no difference of nearly equal numbers is divided: with a = pq, b = l(2p - l) and c = u(2q - u),
    (a - sqrt(a^2 - bc)) / c is b / (a + sqrt(a^2 - bc)).
    """
    (p, p_low, p_high), (q, q_low, q_high) = first, second
    product = p * q
    below, above = p_low * (2 * p - p_low), p_high * (2 * p - p_high)
    root = math.sqrt(max(0.0, product**2 - below * q_high * (2 * q - q_high)))
    low = below / (product + root) if below > 0 else 0.0
    least = q_low * (2 * q - q_low)
    if least <= 0:
        return low, None
    return low, (product + math.sqrt(max(0.0, product**2 - above * least))) / least
