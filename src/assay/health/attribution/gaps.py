"""The gaps of the mean score between groups, decomposed into columns, with limits from permutations of the groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.health.attribution.shares import OTHERS
from assay.small_cells import SMALLEST_CELL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt
    import pandas as pd

    Figures = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]

# Columns that are tested one by one: those that the networks make most of. The others count as one.
MOST_COLUMNS = 40
# Groups that are compared: the largest of all features.
MOST_GROUPS = 60
# Permutations, at most and where they take long: so many products of a row, a column and a group in all.
DRAWS = 499
LEAST_DRAWS = 199
PRODUCTS = 500_000_000
# Dealt rows and groups that are held at once: 4 MB.
NUMBERS_AT_ONCE = 500_000
LEVEL = 0.05
# The variance of a group is drawn towards that of all rows as by so many rows of them: of a column that is nearly
# always 0 a small group may show no variance at all, and then decides how large the largest statistic is by chance.
PRIOR_ROWS = 20
# Statistics that are equal but for rounding are equal.
_TIE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """For each of G groups the mean score of its rows less that of all other rows, shared out among columns.

    Attributes
    ----------
    feature, group
        G names each.
    columns
        C names; of a wide table the last is `OTHERS`, the sum of those that were not tested one by one.
    value, low, high, p_value
        (G, C + 1): of each column, and in the last place of the whole gap. The limits hold, and the p-values are
        adjusted, for all groups, columns and features together.
    n
        (G,) rows of the group.
    spread
        Standard deviation of the score.
    """

    feature: tuple[str, ...]
    group: tuple[str, ...]
    columns: tuple[str, ...]
    value: Figures
    low: Figures
    high: Figures
    p_value: Figures
    n: Codes
    spread: float


def find_groups(groups: pd.DataFrame) -> dict[tuple[str, str], npt.NDArray[np.bool_]]:
    """(feature, group) -> (n,) its rows, where the group and the rest have `SMALLEST_CELL` rows each.

    Of two groups one is left out, since its gap is the other's turned round; of more than `MOST_GROUPS` the smallest.
    """
    found: dict[tuple[str, str], npt.NDArray[np.bool_]] = {}
    for feature in groups.columns:
        names = groups[feature].to_numpy()
        kinds = sorted(set(names))
        for name in kinds[:1] if len(kinds) == 2 else kinds:
            mine = names == name
            if SMALLEST_CELL <= np.count_nonzero(mine) <= len(mine) - SMALLEST_CELL:
                found[str(feature), str(name)] = mine
    largest = sorted(found, key=lambda key: -np.count_nonzero(found[key]))[:MOST_GROUPS]
    return {key: mine for key, mine in found.items() if key in largest}


def compare_probabilities(
    groups: Mapping[tuple[str, str], npt.NDArray[np.bool_]], score: Figures
) -> dict[tuple[str, str], float]:
    """For each group the mean probability that belongs to the (n,) log odds of its rows, less that of all others."""
    probability = 1 / (1 + np.exp(-np.clip(score, -700, 700)))
    return {key: float(probability[mine].mean() - probability[~mine].mean()) for key, mine in groups.items()}


def decompose(
    groups: Mapping[tuple[str, str], npt.NDArray[np.bool_]],
    shares: Figures,
    columns: tuple[str, ...],
    units: Codes,
    rng: np.random.Generator,
) -> Gaps:
    """Share out the gap of each group, and hold it against gaps between groups dealt out at random.

    Each figure is studentised with the variances of both sides, drawn towards the common one (as the moderated t of
    Smyth 2004, doi:10.2202/1544-6115.1027), and the largest of all of them is compared with the
    largest in each permutation (Westfall and Young 1993, ISBN 978-0-471-55761-6). Studentised, the permutation of
    unequal groups keeps its level for means, also where the spreads differ (Chung and Romano 2013,
    doi:10.1214/13-AOS1090). The rows of one unit stay neighbours, so that what they share is not taken for evidence.

    Parameters
    ----------
    groups
        At least one (n,) mask, of all features.
    shares
        (n, C) from `Attribution.shares`.
    units
        (n,) see `Sample.units`.
    """
    names, kept = _lump(shares, columns)
    values = np.column_stack([*kept, shares.sum(axis=1)])
    values -= values.mean(axis=0)  # variances are then differences of small numbers
    moments = np.hstack([values, values**2])
    masks = np.array(list(groups.values())).T.astype(np.float64)
    value, error = _gaps(masks, moments)
    statistic = _studentise(value, error)
    draws = int(np.clip(PRODUCTS // (masks.size * moments.shape[1]), LEAST_DRAWS, DRAWS))
    largest = _largest_by_chance(masks, moments, units, draws, rng)
    as_far = (largest[:, None, None] >= statistic * (1 - _TIE)).sum(axis=0)
    critical = float(np.quantile(largest, 1 - LEVEL, method="higher"))
    return Gaps(
        feature=tuple(feature for feature, _ in groups),
        group=tuple(group for _, group in groups),
        columns=names,
        value=value,
        low=value - critical * error,
        high=value + critical * error,
        p_value=(1 + as_far) / (1 + draws),
        n=masks.sum(axis=0).astype(np.int64),
        spread=float(shares.sum(axis=1).std()),
    )


def _lump(shares: Figures, columns: tuple[str, ...]) -> tuple[tuple[str, ...], Iterable[Figures]]:
    """Names and shares of the columns that are tested: which, is told by no group."""
    if len(columns) <= MOST_COLUMNS:
        return columns, shares.T
    ranked = np.argsort(-np.abs(shares).mean(axis=0), kind="stable")
    first, rest = np.sort(ranked[:MOST_COLUMNS]), ranked[MOST_COLUMNS:]
    names = (*(columns[at] for at in first), OTHERS)
    return names, [*shares[:, first].T, shares[:, rest].sum(axis=1)]


def _gaps(masks: Figures, moments: Figures) -> tuple[Figures, Figures]:
    """(G, C) differences of means, and their standard errors: of (n, G) masks and (n, 2 C) values and their squares.

    The values have mean 0, so that the sum over the rest is that over the group with the sign turned.
    """
    size = masks.sum(axis=0)[:, None]
    rest = len(masks) - size
    total, squares = np.hsplit(masks.T @ moments, 2)
    every = moments[:, total.shape[1] :].sum(axis=0)
    common = every / len(masks)
    inside = (np.maximum(0.0, squares - total**2 / size) + PRIOR_ROWS * common) / (size - 1 + PRIOR_ROWS)
    outside = (np.maximum(0.0, every - squares - total**2 / rest) + PRIOR_ROWS * common) / (rest - 1 + PRIOR_ROWS)
    return total / size + total / rest, np.sqrt(inside / size + outside / rest)


def _studentise(value: Figures, error: Figures) -> Figures:
    known: Figures = np.divide(np.abs(value), error, out=np.zeros_like(value), where=error > 0)
    return known


def _largest_by_chance(
    masks: Figures, moments: Figures, units: Codes, draws: int, rng: np.random.Generator
) -> Figures:
    """(draws,) the largest statistic of each permutation of the groups.

    The units come in random order, and the rows of each in theirs; the groups stay where they are.
    """
    n, groups = masks.shape
    order = np.argsort(units, kind="stable")
    largest, at_once = [], max(1, NUMBERS_AT_ONCE // masks.size)
    for start in range(0, draws, at_once):
        dealt = np.empty((n, min(at_once, draws - start), groups))
        for draw in range(dealt.shape[1]):
            place = rng.permutation(int(units.max()) + 1)
            dealt[order[np.argsort(place[units[order]], kind="stable")], draw] = masks[order]
        statistic = _studentise(*_gaps(dealt.reshape(n, -1), moments))
        largest.append(statistic.reshape(dealt.shape[1], -1).max(axis=1))
    return np.concatenate(largest)
