"""Pairs of rows from which chance is estimated: those that agree, nearly agree or are mirrored in some columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.records.agreement import Level, compare
from assay.records.blocking import swap_key
from assay.records.fields import words_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.records.fields import Field

    Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

# Pairs of two rows that agree in a column.
AGREEING_PAIRS = 2_000
# Values of a column among which those that differ in one character are looked for, and how long these are at most.
NEAR_VALUES = 4_000
# Values, of these, of which all near ones are looked at.
NEAR_PROBES = 400
NEAR_LENGTH = 32
# Neighbours in the order of the values that are looked at, on one side.
REACH = 3


def agreeing_pairs(field: Field, rng: np.random.Generator) -> Pairs:
    """Random pairs of rows with the same value, each once."""
    weights = field.counts * (field.counts - 1.0)
    if not weights.any():
        return _none()
    value = rng.choice(len(weights), size=AGREEING_PAIRS, p=weights / weights.sum())
    order, starts, size = *_by_value(field), field.counts[value]
    place = rng.integers(0, size)
    a = order[starts[value] + place]
    b = order[starts[value] + (place + rng.integers(1, size)) % size]
    return _each_once(a, b, len(field.codes))


def near_pairs(
    field: Field, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pairs of rows with nearly the same number, date or code, for `NEAR_PROBES` values at most, and these values.

    Neighbours in the order of the values, and values that differ in one character. Of words there are none: these
    are near by a slip of the pen, or by chance, and do not lie on a grid.
    """
    count = len(field.counts)
    if field.words or count < 2:
        return *_none(), np.zeros(0, dtype=np.int64)
    chosen = rng.permutation(count)[:NEAR_VALUES]
    probes = chosen[:NEAR_PROBES]
    lag = np.concatenate([np.arange(-REACH, 0), np.arange(1, REACH + 1)])
    others = probes[:, None] + lag
    inside = (others >= 0) & (others < count)
    owners, partners = np.broadcast_to(probes[:, None], others.shape)[inside], others[inside]
    u, v = _one_character_apart(field, np.sort(chosen))
    mine, theirs = np.isin(u, probes), np.isin(v, probes)
    owners, partners = np.concatenate([owners, u[mine], v[theirs]]), np.concatenate([partners, v[mine], u[theirs]])
    order, starts = _by_value(field)
    a, b = (order[starts[x] + rng.integers(0, field.counts[x])] for x in (owners, partners))
    near = np.flatnonzero(compare([field], a, b)[:, 0] == Level.NEAR)
    return a[near], b[near], owners[near]


def _one_character_apart(field: Field, chosen: npt.NDArray[np.int64]) -> Pairs:
    """Pairs of values that differ in the character at one place, a few neighbours each."""
    texts = [str(text)[:NEAR_LENGTH] for text in field.values(chosen)]
    letters = np.asarray(texts, dtype=f"<U{NEAR_LENGTH}").view("<u4").reshape(len(texts), NEAR_LENGTH)
    # A sum of hashed characters, from which that of one place can be taken away.
    factors = np.random.default_rng(0).integers(1, 2**63, NEAR_LENGTH, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    parts = (letters.astype(np.uint64) + np.uint64(1)) * factors
    total = parts.sum(axis=1, dtype=np.uint64)
    found = []
    for place in range(max(len(text) for text in texts)):
        rest = total - parts[:, place]
        order = np.argsort(rest, kind="stable")
        for lag in range(1, REACH + 1):
            same = np.flatnonzero(rest[order[lag:]] == rest[order[:-lag]])
            found.append(np.column_stack([chosen[order[same]], chosen[order[same + lag]]]))
    pairs = np.concatenate(found)
    return pairs[:, 0], pairs[:, 1]


def mirrored_pairs(a: Field, b: Field, rng: np.random.Generator) -> tuple[Pairs, float]:
    """Random pairs of rows where two columns have each other's values, each once, and how many there are in all."""
    key = swap_key(a, b)
    rows = np.flatnonzero(key >= 0)
    ours, theirs = words_of(a, rows), words_of(b, rows)
    rows, straight = rows[ours != theirs], (ours < theirs)[ours != theirs]
    order = np.lexsort((straight, key[rows]))
    rows, straight = rows[order], straight[order]
    _, starts, sizes = np.unique(key[rows], return_index=True, return_counts=True)
    if not len(rows):
        return _none(), 0.0
    upright = np.add.reduceat(straight.astype(np.int64), starts)
    weights = upright * (sizes - upright).astype(np.float64)
    total = float(weights.sum())
    if not total:
        return _none(), 0.0
    block = rng.choice(len(weights), size=AGREEING_PAIRS, p=weights / total)
    turned = sizes[block] - upright[block]
    one = rows[starts[block] + rng.integers(0, turned)]
    other = rows[starts[block] + turned + rng.integers(0, upright[block])]
    return _each_once(one, other, len(a.codes)), total


def _by_value(field: Field) -> Pairs:
    """Rows in the order of their values, and where each value begins among them."""
    order = np.argsort(field.codes, kind="stable")[int((field.codes < 0).sum()) :]
    return order, np.cumsum(field.counts) - field.counts


def _each_once(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64], n: int) -> Pairs:
    keys = np.unique(np.minimum(a, b) * n + np.maximum(a, b))
    return keys // n, keys % n


def _none() -> Pairs:
    return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
