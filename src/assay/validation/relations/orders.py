"""Orders: start <= end, net <= gross, least <= greatest."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from assay.validation.relations.evidence import accident, beyond_chance

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

# Rows that may be out of order, as slips.
MAX_BROKEN = 0.02
# The rule is only worth its line where rows of independent columns would break it this often.
MIN_CHANCE = 0.05
# A border is sharp: rows lie just above it and hardly any just below. Columns that are merely correlated have
# differences that thin out on both sides (a test of the density's discontinuity, as McCrary 2008,
# doi:10.1016/j.jeconom.2007.05.005, does it). "Just" is as near as this many of the rows above are, and never further
# than this share of the spread of both columns.
BORDER_ROWS = 30
WINDOW = 0.05
# Whole numbers come no nearer than one; they may be so coarse against the spread of both.
MAX_UNIT = 0.5
# Differences that thin out would leave at least this share of them below; that so few are seen must be no accident.
THINNING = 0.3
BORDER_ALPHA = 0.001
# Numbers of one kind come close to each other in some rows. That a distance in miles is less than a fare in dollars is
# true, and no rule.
MIN_NEAR = 0.01
# In more rows than this the two are the same, and equality is the rule.
MAX_EQUAL = 0.95


@dataclass(frozen=True, slots=True)
class Order:
    """`low` <= `high`; `chance` is the share of rows that would break it if the columns were independent."""

    low: str
    high: str
    chance: float


def find_orders(names: Sequence[str], values: Numbers, *, alike: bool) -> list[Order]:
    """Orders between columns that chance does not explain, without those that follow from two others.

    Parameters
    ----------
    names
        Of C columns.
    values
        (C, S), NaN where missing.
    alike
        Whether the columns are known to have one unit, as days have; numbers must show that they come near each
        other.
    """
    candidates = max(1, len(names) * (len(names) - 1))
    found = []
    for low, high in permutations(range(len(names)), 2):
        present = ~np.isnan(values[low]) & ~np.isnan(values[high])
        if not alike:
            # That nothing is as much as nothing says nothing.
            present &= (values[low] != 0) | (values[high] != 0)
        first, second = values[low][present], values[high][present]
        broken = int((first > second).sum())
        if not len(first) or broken > MAX_BROKEN * len(first) or (first == second).mean() > MAX_EQUAL:
            continue
        chance = chance_of_break(first, second)
        if chance < MIN_CHANCE or not beyond_chance(broken, len(first), chance, candidates):
            continue
        if _is_border(first, second, alike=alike):
            found.append(Order(names[low], names[high], chance))
    return _without_short_cuts(found)


def chance_of_break(low: Numbers, high: Numbers) -> float:
    """Share of all pairs of a value of `low` and a value of `high`, not of the same row, with low > high."""
    return float(np.searchsorted(np.sort(high), low, side="left").mean() / max(1, len(high)))


def _is_border(low: Numbers, high: Numbers, *, alike: bool) -> bool:
    """Whether the differences break off at zero; of days also, whether they keep away from it on both sides."""
    quartiles = np.quantile(np.concatenate([low, high]), (0.25, 0.75))
    spread = float(quartiles[1] - quartiles[0])
    difference = high - low
    size = np.abs(difference)
    unit = float(size[size > 0].min(initial=np.inf))
    widest = max(WINDOW * spread, unit if unit <= MAX_UNIT * spread else 0.0)
    if (size <= widest).mean() < MIN_NEAR:
        return alike and not (difference[size <= widest] < 0).any()
    above = np.sort(difference[difference >= 0])[:BORDER_ROWS]
    window = max(float(above[-1]), unit)
    near = difference[size <= window]
    return window <= widest and accident(int((near < 0).sum()), len(near), THINNING) <= BORDER_ALPHA


def _without_short_cuts(found: Sequence[Order]) -> list[Order]:
    edges = {(item.low, item.high) for item in found}
    middles = {name for edge in edges for name in edge}
    return [
        item
        for item in found
        if not any((item.low, middle) in edges and (middle, item.high) in edges for middle in middles)
    ]
