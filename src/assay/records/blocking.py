"""Pairs of rows that are worth comparing, found without comparing all pairs."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.records.fields import swappable, words_of
from assay.records.similarity import trigrams

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from assay.records.fields import Field

# Rows with one key that are compared with each other; a larger block is cut up by further columns.
MAX_BLOCK = 24
REFINEMENTS = 2
# Columns whose pairs are keys: 8 columns make 28 pairs.
KEY_COLUMNS = 8
# Above so many rows less is done for each: fewer keys, smaller blocks, and no trigrams of all rows.
LARGE = 100_000
LARGE_BLOCK = 8
LARGE_KEY_COLUMNS = 5
# Rows on either side in the order of a text column that are compared.
WINDOW = 2
# Candidates for each row, the ones that agree most; the rest is dropped and told.
PER_ROW = 10
LEAST_CANDIDATES = 250_000
MAX_CANDIDATES = 1_000_000
# Pairs, in multiples of that, that wait until they are judged together.
WAITING = 3
BANDS = 12
# A sound of more letters than this tells no more.
SOUND_LENGTH = 5


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Pairs of rows to compare.

    Attributes
    ----------
    first, second
        (P,) int64 positions, first < second, ascending, each pair once.
    dropped
        Pairs that shared a key and were not kept, because too many did.
    """

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    dropped: int = 0


def find_candidates(fields: Sequence[Field]) -> Candidates:
    """Pairs of rows that share a key: equal values, pairs of values, neighbours in sorted order, or most trigrams.

    Every pair of the `KEY_COLUMNS` most telling columns is a key (words by their sound), so that two records with
    two columns intact meet; so do records whose two texts are swapped. Sorted neighbourhoods of each text column,
    forwards and backwards, and MinHash (Broder 1997) of all trigrams of a row find the others.
    """
    n = len(fields[0].codes)
    limit = min(MAX_CANDIDATES, max(LEAST_CANDIDATES, PER_ROW * n))
    kept, waiting, dropped, size = np.zeros(0, dtype=np.int64), [], 0, 0
    for found in _passes(fields):
        waiting.append(found)
        size += len(found)
        if size > WAITING * limit:
            kept, left = _best(fields, _distinct([kept, *waiting]), limit)
            waiting, size, dropped = [], 0, dropped + left
    kept, left = _best(fields, _distinct([kept, *waiting]), limit)
    return Candidates(kept // n, kept % n, dropped + left)


def _distinct(parts: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    # Sorted by hand: numpy's unique hashes integers, which is 20 times slower on keys such as these.
    values = np.concatenate(parts)
    values.sort()
    return values[np.r_[True, values[1:] != values[:-1]]] if len(values) else values


def _best(fields: Sequence[Field], pairs: npt.NDArray[np.int64], limit: int) -> tuple[npt.NDArray[np.int64], int]:
    """The pairs that agree most, in their order, and how many were left out."""
    if len(pairs) <= limit:
        return pairs, 0
    n = len(fields[0].codes)
    score = agreement_bits(fields[:KEY_COLUMNS], pairs // n, pairs % n)
    return np.sort(pairs[np.argsort(-score, kind="stable")[:limit]]), len(pairs) - limit


def agreement_bits(
    fields: Sequence[Field], first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Information of the equal values of each pair, as if the columns were independent: rare values tell more."""
    total = np.zeros(len(first), dtype=np.float32)
    for field in fields:
        bits = -np.log2(np.maximum(field.counts - 1, 1) / max(1, int(field.counts.sum()) - 1)).astype(np.float32)
        code = field.codes[first]
        equal = (code == field.codes[second]) & (code >= 0)
        total[equal] += bits[code[equal]]
    return total


def _passes(fields: Sequence[Field]) -> Iterator[npt.NDArray[np.int64]]:
    """Pairs as first * n + second, key by key."""
    n = len(fields[0].codes)
    large = n > LARGE
    block = LARGE_BLOCK if large else MAX_BLOCK
    sounds = [_sounds(field) for field in fields[: LARGE_KEY_COLUMNS if large else KEY_COLUMNS]]
    for field in fields:
        # The blocks that are too large meet again in the pairs of columns.
        yield _pairs_of_blocks(field.codes.astype(np.int64), n, block)[0]
    for a, b in combinations(range(len(sounds)), 2):
        others = [sounds[c] for c in range(len(sounds)) if c not in (a, b)]
        yield _refined(_joined(sounds[a], sounds[b]), others, n, block)
    texts = [field for field in fields if field.words]
    yield from (_pairs_of_blocks(swap_key(fields[a], fields[b]), n, block)[0] for a, b in swappable(fields))
    for field in texts:
        yield from (_neighbours(field, rank) for rank in _orders(field))
    if texts and not large:
        yield from (_pairs_of_blocks(key, n, block)[0] for key in _minhash(fields))


def _joined(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Codes of pairs of codes; -1 where either is missing."""
    joined = a * (int(b.max(initial=0)) + 1) + b
    return np.where((a >= 0) & (b >= 0), joined, -1)


def _pairs_of_blocks(
    key: npt.NDArray[np.int64], n: int, block: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """All pairs (as first * n + second) in blocks of at most `block` rows, and the rows of the larger blocks."""
    order = np.argsort(key, kind="stable")
    order = order[np.searchsorted(key[order], 0) :]
    ordered = key[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(ordered)])
    size = np.repeat(sizes, sizes)
    within = np.flatnonzero((size > 1) & (size <= block))
    rank = np.arange(len(ordered)) - np.repeat(starts, sizes)
    found = []
    for lag in range(1, block):
        within = within[rank[within] + lag < size[within]]
        if not len(within):
            break
        found.append(order[within] * n + order[within + lag])  # a stable sort: the first is the smaller
    pairs = np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
    return pairs, order[size > block]


def _refined(
    key: npt.NDArray[np.int64], others: Sequence[npt.NDArray[np.int64]], n: int, block: int
) -> npt.NDArray[np.int64]:
    """Pairs of the blocks, where the ones that are too large are cut up by the next columns."""
    found, large = _pairs_of_blocks(key, n, block)
    parts = [found]
    for other in others[:REFINEMENTS]:
        if not len(large):
            break
        finer = np.full(n, -1, dtype=np.int64)
        finer[large] = _joined(pd.factorize(key[large])[0], other[large])
        key = finer
        found, large = _pairs_of_blocks(key, n, block)
        parts.append(found)
    return np.concatenate(parts)


def _sounds(field: Field) -> npt.NDArray[np.int64]:
    """Codes of how the words sound, roughly; the values' own codes for what is no word."""
    if field.texts is None or not field.words:
        return field.codes.astype(np.int64)
    codes = pd.factorize(np.asarray([sound(text) for text in field.texts], dtype=object))[0]
    return np.where(field.codes >= 0, codes[field.codes], -1).astype(np.int64)


def sound(text: str) -> str:
    """First letter and the next consonants, runs as one: alike for most spellings of a name, as Soundex is.

    Examples
    --------
    >>> sound("mccarthy") == sound("mcarthey")
    True
    """
    letters = [c for c in text if c.isalnum()]
    plain = [c for c in letters[1:] if c not in "aeiouyhw" and unicodedata.category(c) != "Mn"]
    runs = letters[:1] + [c for before, c in pairwise(["", *plain]) if c != before]
    return "".join(runs[:SOUND_LENGTH])


def swap_key(a: Field, b: Field) -> npt.NDArray[np.int64]:
    """(N,) int64, equal where two columns of words have the same two values in whichever order, or -1 (missing)."""
    rows = np.arange(len(a.codes))
    ours, theirs = words_of(a, rows), words_of(b, rows)
    return _joined(np.minimum(ours, theirs), np.maximum(ours, theirs))


def _orders(field: Field) -> Iterator[npt.NDArray[np.int64]]:
    """Rank of each value, spelt forwards and backwards."""
    assert field.texts is not None
    yield np.arange(len(field.texts))
    backwards = pd.Index([text[::-1] for text in field.texts], dtype="str")
    yield pd.factorize(backwards, sort=True)[0].astype(np.int64)


def _neighbours(field: Field, rank: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Pairs of rows whose values are neighbours, one row a value on either side where values are shared by many."""
    n = len(field.codes)
    rows = np.flatnonzero(field.codes >= 0)
    order = rows[np.argsort(rank[field.codes[rows]], kind="stable")]
    found = [
        np.minimum(order[:-lag], order[lag:]) * n + np.maximum(order[:-lag], order[lag:])
        for lag in range(1, WINDOW + 1)
    ]
    return np.concatenate(found)


def _minhash(fields: Sequence[Field]) -> Iterator[npt.NDArray[np.int64]]:
    """Keys of rows: two minima each of hashed trigrams of all columns."""
    n = len(fields[0].codes)
    minima = np.full((2 * BANDS, n), np.iinfo(np.uint64).max, dtype=np.uint64)
    multipliers = np.random.default_rng(0).integers(1, 2**63, size=2 * BANDS, dtype=np.uint64) * 2 + 1
    for field in fields:
        grams = [sorted(trigrams(value)) for value in field.values(np.arange(len(field.counts)))]
        hashed = pd.util.hash_array(np.asarray([gram for group in grams for gram in group], dtype=object))
        sizes = np.asarray([len(group) for group in grams])
        starts = np.cumsum(sizes) - sizes
        present = field.codes >= 0
        for k, multiplier in enumerate(multipliers):
            mixed = hashed * multiplier
            least = np.minimum.reduceat(mixed ^ (mixed >> np.uint64(29)), starts)
            minima[k, present] = np.minimum(minima[k, present], least[field.codes[present]])
    for band in range(BANDS):
        both = minima[2 * band] * np.uint64(0x9E3779B97F4A7C15) + minima[2 * band + 1]
        yield (both >> np.uint64(1)).astype(np.int64)
