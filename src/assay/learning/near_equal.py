"""Rows that are nearly equal: one record entered twice, with a typo, a gap, a rounded number or a little noise.

Two rows of a small or coarse table are near each other by chance. So a pair counts as near-equal only where chance
does not explain it. Each cell in which the two agree is a surprise of -log2(share of rows that agree as well) bits,
after Fellegi and Sunter (1969, doi:10.1080/01621459.1969.10501049), with the share of rows between two numbers as
their distance (mass-based dissimilarity, Ting et al. 2016, doi:10.1145/2939672.2939779), which knows no scale and
finds nothing remarkable in two zeros of a zero-inflated column. Two kinds of copy are told apart:

- *edited*: all cells but a few are exactly equal; each other cell costs log2(EDIT_RATE) bits.
- *shaken*: all categories are equal and nearly all numbers lie within one small distance.

With independent columns, a row has 2^(log2 N - bits) such partners by chance. Columns depend on each other, so the
same figure is taken between rows of a small sample, where hardly any copy meets its original, and what it exceeds
theory by there is subtracted. Which pairs remain is decided over all rows by the false discovery rate (Benjamini and
Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x), so that data without copies yield no pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

# The share of a copy's cells that were changed: a change costs 4.3 bits, a cell that agrees 0.07.
EDIT_RATE = 0.05
# The share of a shaken copy's numbers that may lie farther off than the others.
FAR_SHARE = 0.05
# Of the rows that are linked, the expected share that chance alone links.
FALSE_LINKS = 0.1
# A row that chance brings this near to one row in 32 is never linked, however many links there are.
LEAST_BITS = 5.0
# A round finds an edited copy unless one of its first cells is the changed one, and a shaken copy unless a border of
# the grid falls between the two: rounds for the one kind and the other.
ROUNDS = (8, 16)
# Cells by which rows are sorted in a round; rows are compared where the first two are alike.
TOKENS = 4
TOKEN_BITS = np.uint64(12)
LAGS = 2
GRID = 16
# Rows and their possible neighbours from which the surprise by chance is measured.
QUERIES = 256
REFERENCES = 2000
# At most one row in 8 is a reference: even where every row has a copy, most queries do not meet theirs.
REFERENCE_PART = 8
# Under theory the nearest row's excess over log2 N stays below this in four rows of five: -log2(-ln 0.8).
THEORY_80 = 2.16
# So many cells are compared at a time: about 50 MB of intermediate results.
CHUNK_CELLS = 1_000_000
# So many cells are hashed at a time: they stay in a processor's cache.
CACHED_CELLS = 32_000

_EDITED, _SHAKEN = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """N distinct rows as ranks.

    Attributes
    ----------
    low, high
        (N, A) int32: rows with less than a cell's value, and with no more than it; categories in the order of their
        codes, missing numbers last.
    bits
        (N, A) float32: surprise of the cell's own value, -log2((high - low) / N).
    room
        (N, numbers) float32: surprise of a number's neighbourhood, one `GRID`th of the rows to either side.
    missing
        (N, numbers) bool; the first columns are the numbers.
    pattern
        (N,) uint64: hash of a row's categories and of where it has gaps.
    alike
        (N,) float32: rows of that pattern, the row itself among them.
    """

    low: npt.NDArray[np.int32]
    high: npt.NDArray[np.int32]
    bits: npt.NDArray[np.float32]
    room: npt.NDArray[np.float32]
    missing: npt.NDArray[np.bool_]
    pattern: npt.NDArray[np.uint64]
    alike: npt.NDArray[np.float32]

    @property
    def numbers(self) -> int:
        return int(self.missing.shape[1])

    def __len__(self) -> int:
        return len(self.low)


@dataclass(frozen=True, slots=True)
class _Chance:
    """What chance alone yields: `shift` bits more than theory, and `scale` bits for each theoretical one."""

    shift: float
    scale: float

    def excess(self, bits: npt.NDArray[np.float32], n: int) -> npt.NDArray[np.float32]:
        """Bits beyond chance: the expected number of rows as near as this is 2^-excess."""
        return (bits - np.float32(np.log2(n) + self.shift)) / np.float32(self.scale)


def near_equal(
    values: npt.NDArray[np.float32], codes: npt.NDArray[np.int64], seed: int = 0
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Pairs of rows that are nearer to each other than chance explains, in O(N log N) time and O(N) memory.

    Candidates come from sorting: in each of several rounds the rows are sorted by a few of their most surprising
    cells (weighted min-wise hashing), drawn anew, and compared with the next rows in that order.

    Parameters
    ----------
    values
        (N, A) float32: numbers as places among the bin edges of their column, NaN where missing (`EncodedTable`).
        Only their order counts.
    codes
        (N, C) int64 category codes. No two rows should be equal in both: equal rows are not reported.
    seed
        Decides the rounds. The same rows and seed give the same pairs.

    Returns
    -------
    (P, 2) int64 pairs of row numbers, the first the smaller, and (P,) float32 their bits beyond chance, at least
    `LEAST_BITS`; the strongest pair first.
    """
    n, columns = len(values), values.shape[1] + codes.shape[1]
    if n < 2 or columns < 2:
        return np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.float32)
    rng = np.random.default_rng(seed)
    cells = _rank(values, codes)
    found, strength = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.float32)]
    kinds = (_EDITED, _SHAKEN) if cells.numbers else (_EDITED,)
    for kind in kinds:
        chance = _measure_chance(cells, kind, rng)
        for _ in range(ROUNDS[kind]):
            first, second = _candidates(cells, kind, rng)
            excess = chance.excess(_bits_of_pairs(cells, kind, first, second), n)
            near = excess >= LEAST_BITS
            found.append(np.minimum(first, second)[near] * n + np.maximum(first, second)[near])
            strength.append(excess[near])
    pair, where = np.unique(np.concatenate(found), return_inverse=True)
    excess = np.zeros(len(pair), dtype=np.float32)
    np.maximum.at(excess, where, np.concatenate(strength))
    pairs = np.stack([pair // n, pair % n], axis=1)
    order = np.lexsort((pair, -excess))
    kept = order[excess[order] >= _cutoff(pairs, excess, n)]
    return pairs[kept], excess[kept]


def _rank(values: npt.NDArray[np.float32], codes: npt.NDArray[np.int64]) -> _Cells:
    n, numbers = values.shape
    low = np.empty((n, numbers + codes.shape[1]), dtype=np.int32)
    high = np.empty_like(low)
    room = np.empty((n, numbers), dtype=np.float32)
    missing = np.isnan(values)
    pattern = np.zeros(n, dtype=np.uint64)
    for column in range(low.shape[1]):
        is_number = column < numbers
        # Infinity sorts where NaN does, and is equal to itself.
        x = np.where(missing[:, column], np.inf, values[:, column]) if is_number else codes[:, column - numbers]
        order = np.argsort(x, kind="stable")
        ordered = x[order]
        starts = np.append(0, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1)
        sizes = np.diff(np.append(starts, n))
        lows, highs = np.repeat(starts, sizes), np.repeat(starts + sizes, sizes)
        low[order, column], high[order, column] = lows, highs
        part = missing[:, column] if is_number else low[:, column]
        if is_number:
            # A frequent value within reach counts as a whole: what is just above a common zero is not surprising.
            width = highs[np.minimum(highs + n // GRID, n - 1)] - lows[np.maximum(lows - n // GRID, 0)]
            room[order, column] = np.log2(n / width)
        pattern = _mix(pattern + part.astype(np.uint64) + np.uint64(1))
    _, where, counts = np.unique(pattern, return_inverse=True, return_counts=True)
    bits = np.float32(np.log2(n)) - np.log2((high - low).astype(np.float32))
    return _Cells(low, high, bits, room, missing, pattern, counts[where].astype(np.float32))


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scramble 64-bit integers (the finaliser of SplitMix64)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _bits_of_pairs(
    cells: _Cells, kind: int, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Surprise of (P,) pairs as copies of one kind: (P,) float32."""
    score = _edited if kind == _EDITED else _shaken
    step = max(1, CHUNK_CELLS // cells.low.shape[1])
    parts = [score(cells, first[i : i + step], second[i : i + step]) for i in range(0, len(first), step)]
    return np.concatenate([np.empty(0, dtype=np.float32), *parts])


def _edited(cells: _Cells, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    agree, differ = np.float32(np.log2(1 - EDIT_RATE)), np.float32(np.log2(EDIT_RATE))
    equal = cells.low[first] == cells.low[second]
    bits: npt.NDArray[np.float32] = np.where(equal, cells.bits[first] + agree, differ).sum(axis=1)
    return bits


def _shaken(cells: _Cells, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Bits of the pattern, as often as it really occurs, and of numbers within the pair's own small distance."""
    n, numbers = np.float32(len(cells)), cells.numbers
    low_1, high_1 = cells.low[first, :numbers], cells.high[first, :numbers]
    low_2, high_2 = cells.low[second, :numbers], cells.high[second, :numbers]
    far = np.maximum(np.maximum(low_1, low_2) - np.minimum(high_1, high_2), 0)  # rows strictly between
    kth = min(numbers - 1, int(np.ceil(numbers * (1 - FAR_SHARE))) - 1)
    reach = np.partition(far, kth, axis=1)[:, kth][:, None]
    span = np.maximum(high_1, high_2) - np.minimum(low_1, low_2)
    ball = np.maximum(high_1 - low_1, high_2 - low_2) + 2 * reach
    share = np.minimum(np.maximum(span, ball).astype(np.float32) / n, 1)
    bits = np.where(far <= reach, -np.log2(share), np.float32(np.log2(EDIT_RATE)))
    bits[cells.missing[first]] = 0  # the pattern counts them
    pattern = np.log2(n / np.maximum(cells.alike[first] - 1, 1))
    same = cells.pattern[first] == cells.pattern[second]
    return np.where(same, bits.sum(axis=1) + pattern, np.float32(-np.inf))


def _measure_chance(cells: _Cells, kind: int, rng: np.random.Generator) -> _Chance:
    """How much nearer the nearest row is by chance than theory says, from a sample that holds few copies.

    In a sample of n rows a copy meets its original with probability n / N, but rows that are near because columns
    depend on each other, or because the rows fall into clusters, meet all the same. Growth from a sixteenth of the
    sample to all of it says what becomes of that at N rows.
    """
    n = len(cells)
    references = min(REFERENCES, max(1, n // REFERENCE_PART))
    queries = min(QUERIES, n - references, max(16, 50 * CHUNK_CELLS // (references * cells.low.shape[1])))
    drawn = rng.permutation(n)
    others, rows = drawn[:references], drawn[references : references + queries]
    bits = _bits_of_pairs(cells, kind, np.repeat(rows, references), np.tile(others, queries))
    bits = bits.reshape(queries, references)
    few = -(-references // 16)
    nearest_few = float(np.quantile(bits[:, :few].max(axis=1), 0.8, method="lower"))
    nearest = float(np.quantile(bits.max(axis=1), 0.8, method="lower"))
    surplus = nearest - float(np.log2(references)) - THEORY_80
    if not np.isfinite(nearest_few) or references == few:
        return _Chance(max(0.0, surplus) if np.isfinite(nearest) else 0.0, 1.0)
    growth = max(1.0, (nearest - nearest_few) / float(np.log2(references / few)))
    # Below what theory allows, growth only says that theory has not yet been reached: no reason to stretch the scale.
    shift = max(0.0, surplus + (growth - 1) * float(np.log2(n / references)))
    return _Chance(shift, growth if surplus > 0 else 1.0)


def _candidates(
    cells: _Cells, kind: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Neighbours in the order of one round's keys, where their first cells are alike: (P,) and (P,) row numbers."""
    key, compared = _sort_key(cells, kind, rng)
    order = np.argsort(key, kind="stable")
    ordered = key[order] >> compared
    at = [np.flatnonzero(ordered[lag:] == ordered[:-lag]) for lag in range(1, LAGS + 1)]
    first = np.concatenate([order[i] for i in at])
    second = np.concatenate([order[i + lag] for lag, i in enumerate(at, start=1)])
    return first, second


def _sort_key(cells: _Cells, kind: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.uint64], np.uint64]:
    """Key of each row, and how many of its low bits need not agree.

    The key begins with the pattern of a shaken copy. Then follow the cells that come first in a random order of all
    values, in which surprising values tend to come early (exponential draws, the rate being the bits), so that like
    rows choose like cells. At last comes the rank in a random column.
    """
    n, columns = cells.low.shape
    if kind == _SHAKEN:
        columns = cells.numbers
    # The stubs of numpy's generator take `columns`, an Any from a shape, for no size at all.
    size = (int(columns),)
    salts = rng.integers(2**63, size=size, dtype=np.uint64)
    upper, shifts = rng.integers(2, size=size) > 0, rng.random(size, dtype=np.float32)
    key = cells.pattern >> np.uint64(52) if kind == _SHAKEN else np.zeros(n, dtype=np.uint64)
    step = max(1, CACHED_CELLS // columns)
    for part in (slice(start, start + step) for start in range(0, n, step)):
        if kind == _EDITED:
            cell, bits = cells.low[part], cells.bits[part]
        else:
            cell, bits = _grid(cells, part, upper, shifts), cells.room[part]
        for token in _first_tokens(cell, bits, salts):
            key[part] = key[part] << TOKEN_BITS | token
    rest = np.uint64(64 - 12 - TOKENS * int(TOKEN_BITS))
    tie = cells.low[:, rng.integers(columns)].astype(np.uint64)
    key = key << rest | tie * np.uint64(2 ** int(rest) - 1) // np.uint64(n)
    return key, rest + np.uint64(TOKENS - 2) * TOKEN_BITS


def _grid(
    cells: _Cells, part: slice, upper: npt.NDArray[np.bool_], shifts: npt.NDArray[np.float32]
) -> npt.NDArray[np.int32]:
    """Ranks on a shifted grid.

    The rank of a frequent value reaches from `low` to `high`: a little less lies at the one end, a little more at the
    other. Either end serves, drawn by column.
    """
    numbers = cells.numbers
    ranks = np.where(upper, cells.high[part, :numbers], cells.low[part, :numbers])
    cell: npt.NDArray[np.int32] = (ranks * np.float32(GRID / len(cells)) + shifts).astype(np.int32)
    return cell


def _first_tokens(
    cell: npt.NDArray[np.int32], bits: npt.NDArray[np.float32], salts: npt.NDArray[np.uint64]
) -> npt.NDArray[np.uint64]:
    """Hashes (TOKENS, n) of the cells (n, A) of each row that are drawn first, in the order of the draw."""
    hashed = _mix(cell.astype(np.uint64) + salts)
    uniform = ((hashed >> np.uint64(41)).astype(np.float32) + np.float32(0.5)) * np.float32(2**-23)
    draw = -np.log(uniform) / np.maximum(bits, np.float32(1e-9))
    mask = np.uint64(2 ** int(TOKEN_BITS) - 1)
    # A draw in the upper half of a number and its cell in the lower sort as one: positive floats sort by their bits.
    tokens = draw.view(np.uint32).astype(np.uint64) << np.uint64(32) | hashed & mask
    if tokens.shape[1] > TOKENS:
        tokens = np.partition(tokens, TOKENS - 1, axis=1)[:, :TOKENS]
    first = np.zeros((TOKENS, len(tokens)), dtype=np.uint64)
    first[: tokens.shape[1]] = np.sort(tokens, axis=1).T & mask
    return first


def _cutoff(pairs: npt.NDArray[np.int64], excess: npt.NDArray[np.float32], n: int) -> float:
    """Bits beyond chance from which at most `FALSE_LINKS` of the linked rows are linked by chance."""
    best = np.zeros(n)
    np.maximum.at(best, pairs.ravel(), np.repeat(excess, 2))
    ordered = np.sort(best[best > 0])[::-1]
    passed = np.flatnonzero(np.exp2(-ordered) <= FALSE_LINKS * np.arange(1, len(ordered) + 1) / n)
    return float(ordered[passed[-1]]) if len(passed) else np.inf
