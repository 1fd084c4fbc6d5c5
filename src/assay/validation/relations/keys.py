"""Compound keys: columns that identify rows together, where independent ones would not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.validation.relations.evidence import MAX_RATIO, MIN_BY_CHANCE, SEARCH_ALPHA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]

# Rows that may share their key with another, as copies.
MAX_REPEATED = 0.01
MAX_PARTS = 3
# Of several keys, one that rests on less than this share of the evidence for the best is left out as a by-product,
# such as a store and its running total beside a store and its days.
MIN_OF_BEST = 0.25
# A column with more distinct values than this share of its rows is a key of its own.
MAX_DISTINCT = 0.95


@dataclass(frozen=True, slots=True)
class Key:
    """Columns that identify rows, and how many of the sampled rows chance would make repeat an earlier one."""

    columns: tuple[str, ...]
    by_chance: float


def find_keys(codes: Mapping[str, Codes], columns: Sequence[str], seed: int = 0) -> list[Key]:
    """Minimal compound keys of two, else of three columns.

    Chance: one column at a time is shuffled against the others, which keeps how often each value occurs, and the rows
    that then repeat an earlier one are counted; the least over the columns counts. Repeats of shuffled columns vary
    less than a Poisson number, so that its tail is a bound.

    Parameters
    ----------
    codes
        Column -> (S,) codes of its values in rows of random order, -1 where missing.
    columns
        Columns of `codes` that may be part of a key.
    seed
        Of the shuffling.
    """
    rng = np.random.default_rng(seed)
    parts = [name for name in columns if _may_be_part(codes[name])]
    found: list[Key] = []
    candidates = sum(1 for size in range(2, MAX_PARTS + 1) for _ in combinations(parts, size))
    for size in range(2, MAX_PARTS + 1):
        for chosen in combinations(parts, size):
            by_chance = _beyond_chance([codes[name] for name in chosen], candidates, rng)
            if by_chance is not None:
                found.append(Key(chosen, by_chance))
        if found:
            break
    most = max((key.by_chance for key in found), default=0.0)
    return [key for key in found if key.by_chance >= MIN_OF_BEST * most]


def _may_be_part(values: Codes) -> bool:
    present = values[values >= 0]
    return bool(len(present) == len(values) and int(present.max(initial=0)) + 1 <= MAX_DISTINCT * len(present))


def _beyond_chance(parts: Sequence[Codes], candidates: int, rng: np.random.Generator) -> float | None:
    from scipy import stats

    n = len(parts[0])
    repeated = _repeats(parts)
    if repeated > MAX_REPEATED * n:
        return None
    least = np.inf
    for place in range(len(parts)):
        shuffled = [rng.permutation(values) if index == place else values for index, values in enumerate(parts)]
        least = min(least, _repeats(shuffled))
        if least < MIN_BY_CHANCE or repeated > MAX_RATIO * least:
            return None
    # Three standard deviations less, as the number of one shuffle is itself a draw.
    cautious = least - 3 * np.sqrt(least)
    return float(least) if stats.poisson.cdf(repeated, cautious) * candidates <= SEARCH_ALPHA else None


def _repeats(parts: Sequence[Codes]) -> int:
    """Rows that repeat an earlier one."""
    keys = parts[0]
    for values in parts[1:]:
        keys = keys * (int(values.max(initial=0)) + 1) + values
    return len(keys) - len(pd.unique(keys))
