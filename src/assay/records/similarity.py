"""Similarity of many pairs of texts at once: edits of short ones, shared trigrams of long ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

# One bit of a machine word for each character of the shorter-than-this texts.
WORD = 64
# Pairs that are worked on together: their bits fit into the cache.
CHUNK = 8192
# Letters are counted in this many buckets; a collision only makes the bound on the edits less tight.
BUCKETS = 32


def similarities(
    values: npt.NDArray[np.object_], first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], floor: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Similarity of values[first[i]] and values[second[i]], and the length of the longer.

    For texts of up to 64 characters 1 - d / length of the longer, where d is the optimal string alignment distance:
    insertions, deletions, substitutions and swaps of neighbours. For longer ones the Dice coefficient of their
    trigrams.

    Parameters
    ----------
    values
        (K,) texts.
    first, second
        (P,) int64 in 0..K-1.
    floor
        In [0, 1): a similarity below it is given as 0.

    Returns
    -------
    tuple
        (P,) float32 in [0, 1], 1 for equal texts; and (P,) int64 lengths.
    """
    lengths = np.asarray([len(value) for value in values], dtype=np.int64)
    longest = np.maximum(lengths[first], lengths[second])
    result = np.zeros(len(first), dtype=np.float32)
    short = np.flatnonzero(longest <= WORD)
    allowed = ((1 - floor) * longest + 1e-9).astype(np.int64)
    if len(short):
        letters, counts = _characters(values, lengths)
        for start in range(0, len(short), CHUNK):
            part = short[start : start + CHUNK]
            a, b = first[part], second[part]
            difference = counts[a].astype(np.int16) - counts[b]
            # Every edit changes the counts by one on either side at most (Bartolini et al. 2002).
            bound = np.maximum(np.maximum(difference, 0).sum(axis=1), np.maximum(-difference, 0).sum(axis=1))
            near = bound <= allowed[part]
            part, a, b = part[near], a[near], b[near]
            edits = alignment_distance(letters[a], lengths[a], letters[b], lengths[b])
            result[part] = np.where(edits <= allowed[part], 1 - edits / np.maximum(longest[part], 1), 0)
    long = np.flatnonzero(longest > WORD)
    if len(long):
        dice = _trigram_dice(values, first[long], second[long])
        result[long] = np.where(dice >= floor, dice, 0)
    return result, longest


def alignment_distance(
    a: npt.NDArray[np.uint32],
    length_a: npt.NDArray[np.int64],
    b: npt.NDArray[np.uint32],
    length_b: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Optimal string alignment distance of P pairs, by the bit-parallel recurrence of Hyyrö (2003).

    The columns of the dynamic programme are the bits of one word a pair: H. Hyyrö, "A bit-vector algorithm for
    computing Levenshtein and Damerau edit distances", Nordic Journal of Computing 10 (2003).

    Parameters
    ----------
    a, b
        (P, L) code points, padded; L at most 64.
    length_a, length_b
        (P,) lengths.

    Returns
    -------
    np.ndarray
        (P,) int64.
    """
    pairs = len(a)
    one = np.uint64(1)
    score = length_a.copy()
    last = np.where(length_a > 0, one << np.maximum(length_a - 1, 0).astype(np.uint64), np.uint64(0))
    inside = np.arange(a.shape[1]) < length_a[:, None]
    positive = np.full(pairs, ~np.uint64(0))
    negative, diagonal, before = (np.zeros(pairs, dtype=np.uint64) for _ in range(3))
    padded = np.zeros((pairs, WORD), dtype=bool)
    for place in range(int(length_b.max(initial=0))):
        padded[:, : a.shape[1]] = (a == b[:, place, None]) & inside
        match = np.packbits(padded, axis=1, bitorder="little").view("<u8")[:, 0].astype(np.uint64)
        swapped = ((~diagonal & match) << one) & before
        diagonal = (((match & positive) + positive) ^ positive) | match | negative | swapped
        rise, fall = negative | ~(diagonal | positive), diagonal & positive
        step = ((rise & last) != 0).astype(np.int64) - ((fall & last) != 0)
        score += np.where(place < length_b, step, 0)
        rise, fall = (rise << one) | one, fall << one
        positive, negative = fall | ~(diagonal | rise), rise & diagonal
        before = match
    return np.where(length_a > 0, score, length_b)


def _characters(
    values: npt.NDArray[np.object_], lengths: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
    """Code points (K, L <= 64) of the values, zero where a text has ended, and their counts by bucket."""
    width = max(1, int(min(WORD, lengths.max(initial=1))))
    letters = np.asarray(values, dtype=f"<U{width}").view("<u4").reshape(len(values), width)
    counts = np.zeros((len(values), BUCKETS), dtype=np.uint8)
    rows = np.arange(len(values))
    for place in range(width):
        present = place < lengths
        counts[rows[present], letters[present, place] % BUCKETS] += 1
    return letters, counts


def _trigram_dice(
    values: npt.NDArray[np.object_], first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    used = np.unique(np.concatenate([first, second]))
    grams = {int(k): trigrams(values[k]) for k in used}
    found = (
        2 * len(grams[i] & grams[j]) / max(1, len(grams[i]) + len(grams[j]))
        for i, j in zip(first.tolist(), second.tolist(), strict=True)
    )
    return np.fromiter(found, dtype=np.float32, count=len(first))


def trigrams(text: str) -> frozenset[str]:
    """Runs of three characters, with the ends marked."""
    padded = f"\u2402{text}\u2403"
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))
