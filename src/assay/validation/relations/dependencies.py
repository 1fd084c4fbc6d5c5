"""Functional dependencies: which column is determined by another one, in truth and not by chance.

The strength of a dependency A -> B is the measure mu+ (Piatetsky-Shapiro and Matheus 1993; one of the two of fourteen
that told dependencies best from chance in Parciak et al., ICDE 2024). With pdep(A, B) the probability that two rows of
the same A, drawn with replacement, have the same B, pdep(B) that of any two rows, N rows and K values of A,

    mu+ = max(0, 1 - (1 - pdep(A, B)) / (1 - pdep(B)) * (N - 1) / (N - K)),

which is 0 where A says as much about B as a random column with its values would, and 1 where B is a function of A.
A column that is nearly unique (K near N) or nearly constant (pdep(B) near 1) gains nothing by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from assay.validation.relations.evidence import MAX_RATIO, accident, beyond_chance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]

# Share of the rows whose determining value is there twice that may contradict the majority: noise, not a rule that
# fails.
MAX_BROKEN = 0.05
MIN_STRENGTH = 0.9
# Contradictions that gather in a few values of the determinant are exceptions and no noise: the rule is not true. As
# many as this share of the repeated values may be exceptions.
MAX_EXCEPTIONS = 0.005
EXCEPTION_ALPHA = 0.001
# Where values of a third column mark this share of the contradictions, and this share of their own rows contradicts,
# that column is a second determinant.
MIN_EXPLAINED = 0.25
MIN_CONTRADICTING = 0.5
MIN_EXPLAINED_ROWS = 10
# Of a determinant with fewer repeated values than this, nothing can be said about most rows.
MIN_REPEATED = 0.2
# Noise is at least thought possible at this rate.
LEAST_NOISE = 0.02
# Held against whole entities instead of rows, one accident in a hundred is allowed to each.
ENTITY_ALPHA = 0.01


@dataclass(frozen=True, slots=True)
class Dependency:
    """Columns that determine a column.

    Attributes
    ----------
    by, on
        The determining columns, and the determined one.
    repeated
        Sampled rows whose determining value is there more than once.
    broken
        Those of them that do not have the most frequent value.
    strength
        mu+, in [0, 1].
    """

    by: tuple[str, ...]
    on: str
    repeated: int
    broken: int
    strength: float


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Rows sorted by a determinant: comparisons of neighbours show a dependency without counting all pairs of rows.

    Attributes
    ----------
    order
        (R,) positions of the rows with a value, sorted by it.
    repeats
        (R - 1,) bool, whether a row has the value of the row before it.
    """

    order: Codes
    repeats: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, determinant: Codes) -> Runs:
        """Sort the rows in which `determinant` is not missing."""
        order = np.argsort(determinant, kind="stable")
        order = order[np.searchsorted(determinant[order], 0) :]
        values = determinant[order]
        return cls(order, values[1:] == values[:-1])

    def disagreements(self, dependent: Codes) -> tuple[int, int]:
        """Neighbours of one determining value that differ in `dependent`, and all that were compared.

        If the columns are independent, a neighbour differs at least with the probability 1 - (share of the most
        frequent value), whatever came before it: their number is stochastically larger than a binomial one.
        """
        values = dependent[self.order]
        compared = self.repeats & (values[1:] >= 0) & (values[:-1] >= 0)
        return int((compared & (values[1:] != values[:-1])).sum()), int(compared.sum())


def measure(determinant: Codes, dependent: Codes) -> tuple[int, int, float] | None:
    """(repeated, broken, mu+) of a dependency, or None where its breaks are exceptions and no noise."""
    present = (determinant >= 0) & (dependent >= 0)
    _, groups = np.unique(determinant[present], return_inverse=True)
    width = int(dependent.max(initial=0)) + 1
    cells, counts = np.unique(groups * width + dependent[present], return_counts=True)
    sizes = np.bincount(groups)
    largest = np.zeros(len(sizes), dtype=np.int64)
    np.maximum.at(largest, cells // width, counts)
    repeats = sizes > 1
    repeated, broken = int(sizes[repeats].sum()), int((sizes - largest)[repeats].sum())
    n, k = len(groups), len(sizes)
    if repeated < MIN_REPEATED * n or broken > MAX_BROKEN * repeated:
        return None
    alone = float(((np.bincount(dependent[present]) / n) ** 2).sum())
    together = float((counts / n * counts / sizes[cells // width]).sum())
    if n <= k or alone >= 1:
        return None
    strength = max(0.0, 1 - (1 - together) / (1 - alone) * (n - 1) / (n - k))
    if strength < MIN_STRENGTH or _exceptions(sizes[repeats], (sizes - largest)[repeats], broken / repeated):
        return None
    return repeated, broken, strength


def _exceptions(sizes: Codes, broken: Codes, rate: float) -> bool:
    """Whether the contradictions gather in more of the groups than noise of that rate would make them."""
    from scipy import stats

    tails = np.asarray(stats.binom.sf(broken - 1, sizes, max(rate, LEAST_NOISE)))
    return int((tails * len(sizes) <= EXCEPTION_ALPHA).sum()) > MAX_EXCEPTIONS * len(sizes)


def find_dependencies(codes: Mapping[str, Codes], determinants: Sequence[str]) -> list[Dependency]:
    """All dependencies A -> B between single columns that chance does not explain.

    Parameters
    ----------
    codes
        Column -> (S,) codes of its values in rows of random order, -1 where missing; the possible dependents.
    determinants
        Columns of `codes` that may determine others.
    """
    common = {name: _most_common(values) for name, values in codes.items()}
    candidates = max(1, len(determinants) * (len(codes) - 1))
    found = []
    for by in determinants:
        runs = Runs.of(codes[by])
        for on in codes:
            if on != by and promising(runs, codes[on], common[on], candidates):
                measured = measure(codes[by], codes[on])
                if measured is not None:
                    found.append(Dependency((by,), on, *measured))
    return [item for item in found if not _by_few_entities(item, found, codes) and not _needs_another(item, codes)]


def _most_common(values: Codes) -> float:
    """Share of the most frequent value among those present."""
    present = values[values >= 0]
    return float(np.bincount(present).max() / len(present))


def promising(runs: Runs, dependent: Codes, most_common: float, candidates: int) -> bool:
    """Whether neighbours agree far more often than they would if the dependent had nothing to do with them."""
    disagreements, compared = runs.disagreements(dependent)
    # One contradicting row makes two neighbours differ.
    if disagreements > 2 * MAX_BROKEN * compared:
        return False
    return beyond_chance(disagreements, compared, 1 - most_common, candidates)


def _by_few_entities(item: Dependency, found: Sequence[Dependency], codes: Mapping[str, Codes]) -> bool:
    """Whether a dependency rests on nothing but the repetition of a few entities.

    A table of measurements of 45 hospitals repeats each hospital's city and county a hundred times. Whether a city
    determines a county must be seen on the hospitals, not on the measurements: where a finer column determines both,
    each of its values counts once, and those that occur once (slips) not at all.
    """
    by = item.by[0]
    determined_by = {other: {d.by[0] for d in found if d.on == other} for other in (by, item.on)}
    finer = determined_by[by] & determined_by[item.on] - {by, item.on}
    equal = {d.on for d in found if d.by[0] == by}
    for entity in sorted(finer - equal):
        first = majority_rows(codes[entity], codes[by], codes[item.on])
        dependent = codes[item.on][first]
        disagreements, compared = Runs.of(codes[by][first]).disagreements(dependent)
        if disagreements > 2 * MAX_BROKEN * compared:
            return True
        if not compared or accident(disagreements, compared, 1 - _most_common(dependent)) > ENTITY_ALPHA:
            return True
    return False


def majority_rows(entity: Codes, *columns: Codes) -> Codes:
    """One row for each entity that occurs twice: the first with its most frequent combination of `columns`."""
    keys = entity.copy()
    for values in columns:
        keys = keys * (int(values.max(initial=0)) + 2) + values + 1
        keys = np.unique(keys, return_inverse=True)[1].astype(np.int64)
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    twice = np.bincount(entity[entity >= 0], minlength=1)
    owner = entity[first]
    order = np.lexsort((-counts, owner))
    leading = order[np.flatnonzero(np.diff(owner[order], prepend=-2))]
    rows = first[leading]
    rows = rows[entity[rows] >= 0]
    return np.asarray(rows[twice[entity[rows]] > 1], dtype=np.int64)


def _needs_another(item: Dependency, codes: Mapping[str, Codes]) -> bool:
    """Whether the contradictions are those of a value of a third column, and so no noise."""
    if item.broken < MIN_EXPLAINED_ROWS:
        return False
    contradicts = minority(codes[item.by[0]], codes[item.on])
    total = int(contradicts.sum())
    for name, values in codes.items():
        if name not in (*item.by, item.on):
            rows = np.bincount(values + 1)
            marked = np.bincount(values + 1, weights=contradicts)
            marks = (marked >= MIN_EXPLAINED_ROWS) & (marked >= MIN_CONTRADICTING * rows)
            if marked[marks].sum() >= MIN_EXPLAINED * total:
                return True
    return False


def minority(determinant: Codes, dependent: Codes) -> npt.NDArray[np.bool_]:
    """(S,) bool: rows that do not have the most frequent value of their group."""
    present = (determinant >= 0) & (dependent >= 0)
    width = int(dependent.max(initial=0)) + 1
    cells, places, counts = np.unique(
        determinant[present] * width + dependent[present], return_inverse=True, return_counts=True
    )
    order = np.lexsort((-counts, cells // width))
    leading = np.zeros(len(cells), dtype=bool)
    leading[order[np.flatnonzero(np.diff(cells[order] // width, prepend=-1))]] = True
    result = np.zeros(len(determinant), dtype=bool)
    result[present] = ~leading[places]
    return result


def joined(first: Codes, second: Codes) -> Codes:
    """(S,) codes of pairs of values, -1 where one is missing."""
    pairs = first * (int(second.max(initial=0)) + 1) + second
    missing = (first < 0) | (second < 0)
    codes = np.unique(np.where(missing, -1, pairs), return_inverse=True)[1].astype(np.int64)
    return codes - 1 if missing.any() else codes


def find_joint(
    codes: Mapping[str, Codes], determinants: Sequence[str], single: Sequence[Dependency]
) -> list[Dependency]:
    """Dependencies (A, B) -> C of which neither A -> C nor B -> C comes near, at most one for each C.

    Only for a C that no single column determines: what is an attribute of one thing is said best of that thing.
    Where several pairs determine C, the one of the fewest combinations is kept, the most general; one whose
    combinations occur less than twice on average is none.

    Parameters
    ----------
    codes
        As for `find_dependencies`.
    determinants
        Columns that may take part on the left; each pair of them is tried.
    single
        The dependencies between single columns.
    """
    follows = {(item.by[0], item.on) for item in single}
    free = {name: _most_common(values) for name, values in codes.items() if name not in {on for _, on in follows}}
    pairs = [(a, b) for a, b in combinations(determinants, 2) if not {(a, b), (b, a)} & follows]
    candidates = max(1, len(pairs) * len(free))
    best: dict[str, tuple[int, Dependency]] = {}
    for a, b in pairs:
        both = joined(codes[a], codes[b])
        runs = Runs.of(both)
        repeats = int(runs.repeats.sum())
        if 2 * repeats < len(runs.order):
            continue
        for on, most_common in free.items():
            known = on in (a, b) or (on in best and best[on][0] >= repeats)
            if known or not promising(runs, codes[on], most_common, candidates):
                continue
            measured = measure(both, codes[on])
            if measured is not None and _both_needed(measured[1], (codes[a], codes[b]), codes[on]):
                best[on] = repeats, Dependency((a, b), on, *measured)
    return [item for _, item in best.values()]


def _both_needed(broken: int, parts: Sequence[Codes], dependent: Codes) -> bool:
    return all(broken <= MAX_RATIO * int(minority(part, dependent).sum()) for part in parts)
