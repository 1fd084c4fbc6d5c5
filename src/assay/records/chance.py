"""How often two rows of different things agree: by chance, and because columns hang together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.records.agreement import AGREEING, LEVELS, Level, compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.records.fields import Field

# Pairs of any two rows, and of two rows that agree in a column, from which chance is estimated.
RANDOM_PAIRS = 50_000
AGREEING_PAIRS = 2_000
# Weight of "columns are independent", in pairs, where few pairs agree in a column.
PRIOR_PAIRS = 5.0
# Pairs that agree in a column and differ in this share of the information are, on average, of different things.
CLEAR_CONFLICT = 0.2
# Where less than the first share of the pairs that agree in a column are of different things, an agreement there
# means the same thing, and says nothing of how columns hang together; from the second share on it does.
TRUST = (0.3, 0.7)
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
    kept
        (F,) share of the pairs that agree in a field and are of different things.
    """

    alone: npt.NDArray[np.float64]
    given: npt.NDArray[np.float64]
    kept: npt.NDArray[np.float64]

    def log_probability(
        self, fields: Sequence[Field], first: npt.NDArray[np.int64], levels: npt.NDArray[np.int8]
    ) -> npt.NDArray[np.float32]:
        """Log of the probability of each level, were the two rows of different things; 0 where a value is missing.

        A rare value agrees by chance as rarely as it occurs. Where a field before it agrees already, the
        probability given that agreement counts if it is larger: of columns that hang together (a zip code and its
        city) only the first tells anything. The largest one is taken, so that evidence is rather lost than
        counted twice.

        Returns
        -------
        np.ndarray
            (P, F) float32.
        """
        agrees = [np.flatnonzero(np.isin(levels[:, a], AGREEING)) for a in range(len(fields))]
        result = np.zeros(levels.shape, dtype=np.float32, order="F")
        for b, field in enumerate(fields):
            level = levels[:, b]
            chance = self.alone[b][level]
            exact = np.flatnonzero(level == Level.EXACT)
            others = np.maximum(field.counts - 1, 1) / max(1, int(field.counts.sum()) - 1)
            chance[exact] = others[field.codes[first[exact]]] * self.kept[b]
            for a in range(b):
                rows = agrees[a]
                chance[rows] = np.maximum(chance[rows], self.given[b, a][level[rows]])
            result[:, b] = np.where(level == Level.MISSING, 0.0, np.log(np.maximum(chance, 1e-300)))
        return result

    def attainable_bits(self, fields: Sequence[Field]) -> float:
        """Information of two average rows that agree in everything."""
        total = 0.0
        for b, field in enumerate(fields):
            total -= np.log2(max(2.0**-field.bits, float(self.given[b, :b, Level.EXACT].max(initial=0.0))))
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
    """
    count = len(fields)
    rng = np.random.default_rng(0)
    alone = _alone(fields, rng)
    given = np.repeat(alone[:, None, :], count, axis=1)
    kept = np.ones(count)
    for a, field in enumerate(fields):
        first, second = _agreeing_pairs(field, rng)
        if not len(first):
            continue
        levels = compare(fields, first, second)
        different = _of_different_things(conflict(fields, levels))
        share = float(different.mean())
        kept[a] = max(LEAST_KEPT, share)
        trust = np.clip((share - TRUST[0]) / (TRUST[1] - TRUST[0]), 0, 1)
        for b in range(count):
            counts = _counts(levels[different, b])
            estimate = (counts + PRIOR_PAIRS * alone[b]) / (counts.sum() + PRIOR_PAIRS)
            given[b, a] = trust * estimate + (1 - trust) * alone[b]
    return Chance(alone, given, kept)


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


def _alone(fields: Sequence[Field], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    n = len(fields[0].codes)
    first = rng.integers(0, n, RANDOM_PAIRS)
    levels = compare(fields, first, (first + rng.integers(1, n, RANDOM_PAIRS)) % n)
    alone = np.zeros((len(fields), LEVELS))
    for b, field in enumerate(fields):
        counts = _counts(levels[:, b])
        # Half a pair each: what was not seen among so many pairs may still be.
        alone[b] = (counts + 0.5) / (counts.sum() + 0.5 * (LEVELS - 1))
        alone[b, Level.EXACT] = 2.0**-field.bits
    return alone


def _agreeing_pairs(field: Field, rng: np.random.Generator) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Random pairs of rows with the same value, each once."""
    n = len(field.codes)
    order = np.argsort(field.codes, kind="stable")[int((field.codes < 0).sum()) :]
    starts = np.cumsum(field.counts) - field.counts
    weights = field.counts * (field.counts - 1.0)
    if not weights.any():
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    value = rng.choice(len(weights), size=AGREEING_PAIRS, p=weights / weights.sum())
    size = field.counts[value]
    place = rng.integers(0, size)
    a = order[starts[value] + place]
    b = order[starts[value] + (place + rng.integers(1, size)) % size]
    keys = np.unique(np.minimum(a, b) * n + np.maximum(a, b))
    return keys // n, keys % n
