"""How often two rows of different things agree: by chance, and because columns hang together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.records.agreement import AGREEING, LEVELS, Level, compare
from assay.records.dependence import shared_bits
from assay.records.fields import swappable, words_of
from assay.records.sampling import NEAR_PROBES, agreeing_pairs, mirrored_pairs, near_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.records.fields import Field

# Pairs of any two rows from which chance is estimated.
RANDOM_PAIRS = 50_000
# Weight of "columns are independent", in pairs, where few pairs agree in a column.
PRIOR_PAIRS = 5.0
# Pairs that agree in a column and differ in this share of the information are, on average, of different things.
CLEAR_CONFLICT = 0.2
# Where less than the first share of the pairs that agree in a column are of different things, an agreement there
# means the same thing, and says nothing of how columns hang together; from the second share on it does.
TRUST = (0.3, 0.7)
# Where this share of the values of a column has a near one in a row alike, values lie on a grid: no slips.
USUAL = 0.2
# Bits in which the rest of two mirrored rows agrees beyond the number of such pairs, for these to be of one thing.
MIRROR_BITS = 4.0
# An agreement is never rarer than this fraction of the frequency of its value: estimates have errors.
LEAST_KEPT = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Chance:
    """Agreement of two rows of different things, for F fields in the order of how much they tell.

    Attributes
    ----------
    alone
        (F, LEVELS) probability of each level in a field, for rows with a value.
    given
        (F, F, LEVELS): given[b, a] is that of field b where field a agrees.
    near, close
        (F, F, LEVELS): near[b, a] is that of field b where field a is near, close[b, a] where it is close.
    shared
        (F, F) bits that two fields share by the order of their values.
    kept
        (F,) share of the pairs that agree in a field and are of different things.
    """

    alone: npt.NDArray[np.float64]
    given: npt.NDArray[np.float64]
    near: npt.NDArray[np.float64]
    close: npt.NDArray[np.float64]
    shared: npt.NDArray[np.float64]
    kept: npt.NDArray[np.float64]

    def log_probability(
        self,
        fields: Sequence[Field],
        first: npt.NDArray[np.int64],
        second: npt.NDArray[np.int64],
        levels: npt.NDArray[np.int8],
        *,
        hanging: bool = True,
    ) -> npt.NDArray[np.float32]:
        """Log of the probability of each level, were the two rows of different things; 0 where a value is missing.

        A rare value agrees by chance as rarely as it occurs, and two values are swapped by chance as often as they
        occur in these columns, or as swaps of different things do. Where a field before it agrees already, the
        probability given that agreement counts if it is larger: of columns that hang together (a zip code and its
        city) only the first tells anything. The largest one is taken, so that evidence is rather lost than
        counted twice. Without `hanging` only the order of the values counts so: agreements of rows of one thing are
        then not taken for a sign that columns hang together.

        Returns
        -------
        np.ndarray
            (P, F) float32.
        """
        agrees = [np.flatnonzero(np.isin(levels[:, a], AGREEING)) for a in range(len(fields))]
        near = [np.flatnonzero(levels[:, a] == Level.NEAR) for a in range(len(fields))]
        close = [np.flatnonzero(levels[:, a] == Level.CLOSE) for a in range(len(fields))]
        swaps = _swaps_by_chance(fields, first, second, levels)
        result = np.zeros(levels.shape, dtype=np.float32, order="F")
        for b, field in enumerate(fields):
            level = levels[:, b]
            chance = self.alone[b][level]
            exact = np.flatnonzero(level == Level.EXACT)
            others = np.maximum(field.counts - 1, 1) / max(1, int(field.counts.sum()) - 1)
            chance[exact] = others[field.codes[first[exact]]] * self.kept[b]
            chance = np.maximum(chance, swaps[:, b])
            for a in range(b):
                rows = agrees[a]
                if hanging:
                    chance[rows] = np.maximum(chance[rows], self.given[b, a][level[rows]])
                for some, table in ((near[a], self.near), (close[a], self.close)):
                    chance[some] = np.maximum(chance[some], table[b, a][level[some]])
                if self.shared[b, a]:
                    chance[rows] = np.maximum(chance[rows], self._in_order(b, a)[level[rows]])
            result[:, b] = np.where(level == Level.MISSING, 0.0, np.log(np.maximum(chance, 1e-300)))
        return result

    def _in_order(self, b: int, a: int) -> npt.NDArray[np.float64]:
        """(LEVELS,) probability of field b agreeing where field a does, by the order of both; 0 for other levels."""
        found = np.zeros(LEVELS)
        agreeing = list(AGREEING)
        found[agreeing] = np.minimum(1.0, self.alone[b, agreeing] * 2.0 ** self.shared[b, a])
        return found

    def attainable_bits(self, fields: Sequence[Field]) -> float:
        """Information of two average rows that agree in everything."""
        total = 0.0
        for b, field in enumerate(fields):
            told = max(0.0, field.bits - float(self.shared[b, :b].max(initial=0.0)))
            total -= np.log2(max(2.0**-told, float(self.given[b, :b, Level.EXACT].max(initial=0.0))))
        return float(total)


def conflict(fields: Sequence[Field], levels: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    """(P,) share in [0, 1] of the information that both rows have and that differs."""
    bits = np.asarray([field.bits for field in fields])
    present = (levels > Level.MISSING) @ bits
    return np.asarray(((levels >= Level.KNOWN) @ bits) / np.maximum(present, 1e-9))


def estimate_chance(fields: Sequence[Field]) -> Chance:
    """Estimate from random pairs, and from random pairs that agree in each field.

    Of those that agree in a field only the ones of different things count: the pairs are cut in two by how much
    else differs, and those of the lower part are left out where little differs in them on average. So a column of
    which the equal values are mostly those of repeated records (an insurance number) does not look as if all
    others hung on it, and a column that many records share (a hospital) does.

    The same for pairs that nearly agree in a number, a date or a code: a time that is near has the same day, and all
    times that follow from it are near. Where most values have a near one in a row that differs in little else,
    they are taken for different things: so many are no slips.
    """
    count = len(fields)
    rng = np.random.default_rng(0)
    random = _random_levels(fields, rng)
    alone = _alone(fields, random, rng)
    given = np.repeat(alone[:, None, :], count, axis=1)
    near, close = given.copy(), given.copy()
    kept = np.ones(count)
    for a, field in enumerate(fields):
        first, second = agreeing_pairs(field, rng)
        if len(first):
            levels = compare(fields, first, second)
            different = _of_different_things(conflict(fields, levels))
            kept[a] = max(LEAST_KEPT, float(different.mean()))
            given[:, a] = _given(levels, different, alone)
        first, second, owner = near_pairs(field, rng)
        if len(first):
            levels = compare(fields, first, second)
            different = _of_different_things(conflict(fields, levels))
            if len(np.unique(owner[~different])) >= USUAL * min(NEAR_PROBES, len(field.counts)):
                different[:] = True
            near[:, a] = _given(levels, different, alone)
        if not field.words:
            levels = random[random[:, a] == Level.CLOSE]
            close[:, a] = _given(levels, np.ones(len(levels), dtype=bool), alone)
    return Chance(alone, given, near, close, shared_bits(fields), kept)


def _given(
    levels: npt.NDArray[np.int8], different: npt.NDArray[np.bool_], alone: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """(F, LEVELS) probability of each level in pairs of different things, as far as there are enough of them."""
    share = float(different.mean()) if len(different) else 0.0
    trust = np.clip((share - TRUST[0]) / (TRUST[1] - TRUST[0]), 0, 1)
    counts = np.asarray([_counts(column) for column in levels[different].T])
    estimate = (counts + PRIOR_PAIRS * alone) / (counts.sum(axis=1, keepdims=True) + PRIOR_PAIRS)
    return np.asarray(trust * estimate + (1 - trust) * alone)


def _of_different_things(differing: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which pairs that agree in a column are of different things, by the share of information that differs."""
    high = differing >= _cut(differing)
    if (~high).any() and differing[~high].mean() >= CLEAR_CONFLICT:
        return np.ones(len(differing), dtype=bool)
    return high if differing[high].mean() >= CLEAR_CONFLICT else np.zeros(len(differing), dtype=bool)


def _cut(values: npt.NDArray[np.float64]) -> float:
    """First value of the upper of two groups with the least variance within (Otsu 1979, 10.1109/TSMC.1979.4310076)."""
    ordered = np.sort(values)
    n = len(ordered)
    if ordered[0] == ordered[-1]:
        return float(ordered[0])
    sums, k = np.cumsum(ordered), np.arange(1, n)
    low, high = sums[:-1] / k, (sums[-1] - sums[:-1]) / (n - k)
    return float(ordered[int((k * (n - k) * (high - low) ** 2).argmax()) + 1])


def _counts(levels: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    counts = np.bincount(levels, minlength=LEVELS).astype(np.float64)
    counts[Level.MISSING] = 0
    return counts


def _random_levels(fields: Sequence[Field], rng: np.random.Generator) -> npt.NDArray[np.int8]:
    n = len(fields[0].codes)
    first = rng.integers(0, n, RANDOM_PAIRS)
    return compare(fields, first, (first + rng.integers(1, n, RANDOM_PAIRS)) % n)


def _alone(fields: Sequence[Field], levels: npt.NDArray[np.int8], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    alone = np.zeros((len(fields), LEVELS))
    for b, field in enumerate(fields):
        counts = _counts(levels[:, b])
        # Half a pair each: what was not seen among so many pairs may still be.
        alone[b] = (counts + 0.5) / (counts.sum() + 0.5 * (LEVELS - 1))
        alone[b, Level.EXACT] = 2.0**-field.bits
    for a, rate in _swap_rates(fields, rng).items():
        alone[a, Level.SWAPPED] = rate
    return alone


def _swap_rates(fields: Sequence[Field], rng: np.random.Generator) -> dict[int, float]:
    """Share of all pairs of rows that are mirrored in a column and a later one and are of different things.

    They are where the rest differs, and where the rest holds too little to say that they are one.
    """
    n = len(fields[0].codes)
    bits = np.asarray([field.bits for field in fields])
    mirrored: dict[int, float] = {}
    for a, b in swappable(fields):
        (first, second), total = mirrored_pairs(fields[a], fields[b], rng)
        if total:
            levels = compare(fields, first, second)
            levels[:, [a, b]] = Level.MISSING
            agreeing = np.isin(levels, AGREEING) @ bits
            one = (conflict(fields, levels) < CLEAR_CONFLICT) & (agreeing >= np.log2(total) + MIRROR_BITS)
            mirrored[a] = mirrored.get(a, 0.5) + total * float(1 - one.mean())
    return {a: count / (n * (n - 1) / 2) for a, count in mirrored.items()}


def _swaps_by_chance(
    fields: Sequence[Field],
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
    levels: npt.NDArray[np.int8],
) -> npt.NDArray[np.float64]:
    """(P, F) probability that a row has just these two values the other way round, were the columns independent."""
    found = np.zeros(levels.shape)
    for a, b in swappable(fields):
        rows = np.flatnonzero((levels[:, a] == Level.SWAPPED) & (levels[:, b] == Level.MISSING))
        mine, theirs = first[rows], second[rows]
        mirrored = rows[(words_of(fields[a], mine) == words_of(fields[b], theirs)) & (words_of(fields[b], mine) >= 0)]
        theirs = second[mirrored]
        shares = [field.counts[field.codes[theirs]] / field.counts.sum() for field in (fields[a], fields[b])]
        found[mirrored, a] = np.maximum(found[mirrored, a], shares[0] * shares[1])
    return found
