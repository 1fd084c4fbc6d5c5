"""Approximate functional dependencies of a dirty table, and what each says about every cell.

A column X determines a column A where rows that are equal in X are (nearly) always equal in A. Errors of a few per
cent in either must not hide that: pairs of rows with an equal X are drawn, and their agreement in A is held against
the agreement of any two rows (as the normalised `pdep` of Piatetsky-Shapiro and Matheus 1993); what stands out is then
counted exactly, by the majority of each group less the row in question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.cells.markers import marked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import numpy.typing as npt

    from assay.cells.table import Column, Table

# Two others that agree are a majority; one is a coincidence.
MIN_OTHERS = 2
# Of the other rows of a group, those that must agree before they are believed.
MIN_MAJORITY = 2 / 3
# Of the rows of a column, and at least so many, those in groups that are large enough to vote.
MIN_COVERED, MIN_VOTERS = 0.05, 30
# Of the groups that are large enough: with fewer that agree, the columns are related and not dependent.
MIN_AGREEING = 0.75
# Of the errors that guessing A's most frequent value would make, those that knowing X saves (see `_saved`).
MIN_LAMBDA = 0.75
# Lower than `MIN_LAMBDA`, since it also falls where both columns have errors.
MIN_PAIR_AGREEMENT = 0.3
# A second value with so many other rows of the group, and such a share of it, is established: no slip, but a rule
# that does not hold everywhere (two towns of one name).
MIN_ESTABLISHED, MIN_ESTABLISHED_SHARE = 2, 0.1
# And so is one with so many rows of the group, whatever its share: people are in unusual jobs again and again.
MIN_REPEATED = 10
# Of columns with so few values, the same unusual pair comes again soon: sex and job.
FEW_GROUPS, MIN_REPEATED_OF_FEW = 5, 3
# Exceptions to a rule come in all numbers. Where their multiplicities fall with the square (Zipf), for each one that
# is established there are about three that occur once or twice, and look like errors.
UNSEEN_EXCEPTIONS = 3.0
# A value of so many rows is no slip of the pen.
MIN_KNOWN = 5
# A group that dissents so many times as often as all others together, beyond chance, is no group of the rule.
MIN_UNRULY, UNRULY_RATIO, UNRULY_P = 5, 3.0, 1e-4
# More witnesses of one column hardly change what is found, and each is counted.
MAX_WITNESSES = 5
# Of the values of a column that may determine others, those with a fraction.
MAX_FRACTIONS = 0.5
# Pairs of rows drawn for each X, and cells compared in all of them: wide tables get fewer pairs.
MAX_PAIRS, MIN_PAIRS, PAIR_CELLS = 1_000, 150, 500_000


@dataclass(frozen=True, slots=True, eq=False)
class Dependency:
    """X -> A, and its vote on every cell of A.

    Attributes
    ----------
    determinant, dependent
        Places of X and A.
    votes
        (n,) int8: 1 where the other rows of the group agree with the cell, -1 where they agree on another value, 0
        where they do not agree or are too few. -1 also for an empty cell in a group that agrees on a value.
    dissent
        Share of -1 among the votes on cells that are not empty.
    exceptions
        In [0, 1]: of the cells that differ from their group's majority, but hold a value that is known elsewhere (see
        `known_values`), the estimated share that is right.
    expected
        (G,) int32: the majority value of A for each distinct value of X, `ABSENT` where there is none.
    """

    determinant: int
    dependent: int
    votes: npt.NDArray[np.int8]
    dissent: float
    exceptions: float
    expected: npt.NDArray[np.int32]


def find_dependencies(table: Table, rng: np.random.Generator, *, without: Collection[int] = ()) -> list[Dependency]:
    """Find all that hold, up to `MAX_WITNESSES` for each dependent column.

    Parameters
    ----------
    table
        n rows.
    rng
        Draws the pairs of rows; the order of the rows does not matter.
    without
        Places of columns that determine nothing and are determined by nothing.
    """
    found = []
    for dependent, determinants in _candidates(table, rng, without).items():
        holding = [d for place in determinants if (d := count_votes(table.columns[place], table.columns[dependent]))]
        found += holding[:MAX_WITNESSES]
    return found


def _candidates(table: Table, rng: np.random.Generator, without: Collection[int]) -> dict[int, list[int]]:
    """Dependent column -> columns that may determine it, the most promising first."""
    chance = np.array([_chance_agreement(column) for column in table.columns])
    scores: dict[int, list[tuple[float, int]]] = {}
    pairs = int(np.clip(PAIR_CELLS // max(1, len(table.columns)), MIN_PAIRS, MAX_PAIRS))
    for column in table.columns:
        if column.index in without or not _can_determine(column, table.rows):
            continue
        first, second = draw_pairs(column, pairs, rng, table.canonical_order)
        a, b = table.matrix[first], table.matrix[second]
        present = (a >= 0) & (b >= 0)
        both = present.sum(axis=0)
        agreement = ((a == b) & present).sum(axis=0) / np.maximum(both, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            score = (agreement - chance) / (1 - chance)
        for place in np.flatnonzero((score >= MIN_PAIR_AGREEMENT) & (both >= MIN_VOTERS)):
            if place != column.index and place not in without:
                scores.setdefault(int(place), []).append((-float(score[place]), column.index))
    # Twice the witnesses that are kept: the exact count turns some away.
    return {dependent: [place for _, place in sorted(of)[: 2 * MAX_WITNESSES]] for dependent, of in scores.items()}


def _can_determine(column: Column, rows: int) -> bool:
    if _is_measured(column):
        return False
    voting = column.counts[column.counts > MIN_OTHERS]
    covered = int(voting.sum())
    return len(voting) >= 2 and covered >= max(MIN_VOTERS, MIN_COVERED * rows)


def _is_measured(column: Column) -> bool:
    """Whether most values are numbers with a fraction: a quantity tells nothing but by coincidence."""
    if column.typed is None and column.share_of_rows(lambda text: "." in text) < MAX_FRACTIONS:
        return False
    numbers = column.numbers
    fraction = np.isfinite(numbers) & (numbers != np.round(numbers))
    return bool(column.counts[fraction].sum() > MAX_FRACTIONS * column.present)


def _chance_agreement(column: Column) -> float:
    if not column.present:
        return float("nan")
    return float(np.square(column.counts / column.present).sum())


def draw_pairs(
    column: Column, pairs: int, rng: np.random.Generator, rows_in_order: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Draw random pairs of different rows that are equal in a column, from groups that are large enough to vote.

    `rows_in_order` is (n,) int64, an order of the rows that depends on what they hold alone.
    """
    order = rows_in_order[np.argsort(column.codes[rows_in_order], kind="stable")]
    ends = (len(order) - column.present) + np.cumsum(column.counts)
    allowed = np.append(column.counts > MIN_OTHERS, False)
    rows = rows_in_order[allowed[column.codes[rows_in_order]]]
    first = rng.choice(rows, pairs)
    code = column.codes[first]
    size = column.counts[code]
    # A row of the group at random; where it is the same row, its neighbour in the group.
    offset = rng.integers(0, size)
    second = order[ends[code] - size + offset]
    same = second == first
    second[same] = order[(ends[code] - size + (offset + 1) % size)[same]]
    return first, second


def count_votes(determinant: Column, dependent: Column) -> Dependency | None:
    """Count what the groups of X say of each cell of A; None where A does not depend on X."""
    x, a = determinant.codes, dependent.codes
    inside = np.flatnonzero((x >= 0) & (a >= 0))
    if not len(inside):
        return None
    key = x[inside].astype(np.int64) * dependent.distinct + a[inside]
    place, keys = pd.factorize(key)
    cell_counts = np.bincount(place)
    groups = keys // dependent.distinct
    size = np.bincount(groups, weights=cell_counts, minlength=determinant.distinct).astype(np.int64)
    by_count = np.argsort(cell_counts, kind="stable")
    top, expected = np.zeros(determinant.distinct, np.int64), np.full(determinant.distinct, -1, np.int32)
    top[groups[by_count]] = cell_counts[by_count]  # the last write, the largest count, stays
    expected[groups[by_count]] = keys[by_count] % dependent.distinct
    votes = np.zeros(len(x), np.int8)
    group, is_top = x[inside], a[inside] == expected[x[inside]]
    others, agreeing = size[group] - 1, top[group] - is_top
    large = others >= MIN_OTHERS
    clear = large & (agreeing >= MIN_OTHERS) & (agreeing >= MIN_MAJORITY * others)
    share = MIN_ESTABLISHED_SHARE * size[groups]
    repeated = MIN_REPEATED_OF_FEW if determinant.distinct <= FEW_GROUPS else MIN_REPEATED
    established = (cell_counts > MIN_ESTABLISHED) & ((cell_counts >= share) | (cell_counts >= repeated))
    established &= keys % dependent.distinct != expected[groups]
    votes[inside[clear]] = np.where(is_top[clear], 1, np.where(established[place[clear]], 0, -1))
    unruly = _unruly(group, votes[inside], determinant.distinct)
    votes[inside[unruly[group]]] = 0
    sure = (top >= MIN_OTHERS) & (top >= MIN_MAJORITY * size) & ~unruly
    empty = np.flatnonzero((x >= 0) & (a < 0))
    votes[empty[sure[x[empty]]]] = -1
    against = int((votes[inside] < 0).sum())
    voted = int((votes[inside] != 0).sum())
    if voted < MIN_VOTERS or voted < MIN_AGREEING * large.sum():
        return None
    expected[~sure] = -1
    # A value that is hardly known anywhere is no exception to a rule: it is counted with neither.
    held = known_values(expected, dependent)[keys % dependent.distinct]
    slips = len(np.unique(place[(votes[inside] < 0) & held[place]]))
    exceptions = min(1.0, UNSEEN_EXCEPTIONS * float((established & held).sum()) / max(1, slips))
    if _saved(a[inside], votes[inside], expected, dependent) < MIN_LAMBDA:
        return None
    return Dependency(determinant.index, dependent.index, votes, against / voted, exceptions, expected)


def _unruly(group: npt.NDArray[np.int32], votes: npt.NDArray[np.int8], groups: int) -> npt.NDArray[np.bool_]:
    """Groups whose cells dissent so much more often than those of the other groups that it is no accident."""
    from scipy.special import bdtrc  # the upper tail of the binomial; SciPy is slow to import

    against = np.bincount(group[votes < 0], minlength=groups)
    voted = np.bincount(group[votes != 0], minlength=groups)
    others = (against.sum() - against + 1) / (voted.sum() - voted + 1)
    suspects = np.flatnonzero((against >= MIN_UNRULY) & (against > UNRULY_RATIO * others * voted))
    unruly = np.zeros(groups, dtype=bool)
    unruly[suspects] = bdtrc(against[suspects] - 1, voted[suspects], np.minimum(others[suspects], 1.0)) < UNRULY_P
    return unruly


def known_values(expected: npt.NDArray[np.int32], dependent: Column) -> npt.NDArray[np.bool_]:
    """(D,) mask of the values of A that some group of X holds in majority, or that occur `MIN_KNOWN` times.

    What means "missing" is no value, however often it occurs.
    """
    known = dependent.counts >= MIN_KNOWN
    known[expected[expected >= 0]] = True
    if dependent.typed is None:
        known[known] = ~marked([dependent.texts[place] for place in np.flatnonzero(known).tolist()])
    return known


def _saved(
    values: npt.NDArray[np.int32], votes: npt.NDArray[np.int8], expected: npt.NDArray[np.int32], dependent: Column
) -> float:
    """Goodman and Kruskal's lambda over the values of A that some group of X holds in majority.

    The others, such as slips of the pen, can be predicted by nobody: in a column of nearly one value they would hide
    that X tells the rest.
    """
    held = np.zeros(dependent.distinct, dtype=bool)
    held[expected[expected >= 0]] = True
    held[dependent.counts.argmax()] = False
    held_rows = held[values] & (votes != 0)
    guessed_wrong = int(held_rows.sum())
    if not guessed_wrong:
        return 0.0
    held[dependent.counts.argmax()] = True
    return 1 - int((held[values] & (votes < 0)).sum()) / guessed_wrong


def witnesses(dependencies: list[Dependency]) -> Iterator[tuple[int, list[Dependency]]]:
    """Dependent column, and the dependencies that vote on it; in the order of the columns."""
    by_column: dict[int, list[Dependency]] = {}
    for dependency in dependencies:
        by_column.setdefault(dependency.dependent, []).append(dependency)
    yield from sorted(by_column.items())
