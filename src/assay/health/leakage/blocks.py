"""Rows in an order, cut into blocks: whether the order says what the label is, and whether its end differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]
    Numbers = npt.NDArray[np.float64]

# A block of fewer rows has no rate; more blocks than this show nothing that these do not.
MIN_BLOCK = 10
MOST_BLOCKS = 50
MIN_BLOCKS = 10
# An AUC of fewer rows in, or out of, a class says little, and the jackknife less.
MIN_CASES = 20
# The neighbours on either side that a block is predicted by.
_REACH = 2
_PERMUTATIONS = 999
# Standard errors from which on a correlation of neighbouring blocks is taken for one.
_NOTICED = 1.64
_MOST_LASTING = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class OrderedLabels:
    """What the order says of the label.

    Attributes
    ----------
    counts
        (B, K) rows of each class in each block, in the order.
    auc
        Mean of the one-versus-rest AUCs, by the rows of the class, of predicting each block by its neighbours.
    interval
        Of the AUC, by the jackknife over blocks.
    p_value
        Probability of neighbours as alike as these, were the blocks in any order. Rows that belong together within a
        block do not count for it.
    """

    counts: Codes
    auc: float
    interval: Interval
    p_value: float

    @property
    def rows(self) -> int:
        """Rows in all blocks."""
        return int(self.counts.sum())


def read_order(codes: Codes, confidence: float, seed: int) -> OrderedLabels | None:
    """Predict each block of labels by the blocks beside it.

    Parameters
    ----------
    codes
        (N,) labels in 0..K-1, in the order that is asked about.
    confidence
        In (0, 1), of the interval.
    seed
        Of the permutations.

    Returns
    -------
    OrderedLabels or None
        None where there are fewer than `MIN_BLOCKS` blocks of `MIN_BLOCK` rows, or no class with `MIN_CASES` rows and
        as many others.
    """
    counts = count_blocks(codes, MOST_BLOCKS)
    if len(counts) < MIN_BLOCKS:
        return None
    classes = np.flatnonzero(counts.sum(axis=0))
    table = counts[:, classes].astype(np.float64)
    sizes = table.sum(axis=1)
    scores = _beside(table) / _beside(sizes[:, None])
    cases = np.minimum(table.sum(axis=0), sizes.sum() - table.sum(axis=0))
    curves = np.flatnonzero(cases >= MIN_CASES)
    if not len(curves):
        return None
    # Of two classes the second one's AUC is the first one's.
    curves = curves[:1] if len(classes) == 2 else curves
    weight = table.sum(axis=0)[curves]
    areas = [_areas(scores[:, k], table[:, k], sizes - table[:, k]) for k in curves]
    auc = float(np.average([area for area, _ in areas], weights=weight))
    without = np.average([left for _, left in areas], axis=0, weights=weight)
    return OrderedLabels(counts, auc, _jackknife(auc, without, confidence), _chance(table, sizes, seed))


def count_blocks(codes: Codes, most: int) -> Codes:
    """(B, K) rows of each class in up to `most` blocks of like size and of at least `MIN_BLOCK` rows."""
    blocks = max(1, min(most, len(codes) // MIN_BLOCK))
    classes = int(codes.max(initial=0)) + 1
    block = np.arange(len(codes)) * blocks // max(1, len(codes))
    return np.bincount(block * classes + codes, minlength=blocks * classes).reshape(blocks, classes)


def compare_ends(
    early: Numbers, late: Numbers, confidence: float, times: tuple[Numbers, Numbers] | None = None
) -> tuple[float, Interval] | None:
    """Mean of what comes late less that of what comes early, with Welch's interval over the means of blocks.

    Rows that arose together are alike; blocks of whole times less so, and what differs from block to block anyway
    widens the interval. So does what lasts from block to block, beside a step between the two or a steady slope: the
    variance of a mean is that of an AR(1) process beside the noise of the rows, and the blocks count as fewer.

    Parameters
    ----------
    early, late
        Figures of the rows, in their order.
    confidence
        In (0, 1).
    times
        Of the early and of the late rows, ascending: rows of one time are in one block.

    Returns
    -------
    (difference, interval) or None
        None with fewer than five blocks of early rows, or no late ones. Few late blocks vary as the early ones do.
    """
    sides = [
        _cut(side, most, None if times is None else when)
        for side, most, when in zip((early, late), (40, 10), times or (None, None), strict=True)
    ]
    if len(sides[0][0]) < MIN_BLOCKS // 2 or not len(sides[1][0]):
        return None
    from scipy.special import stdtrit

    steps, slope = [means - means.mean() for means, _ in sides], _beside_a_line([means for means, _ in sides])
    lasting, left = min(((_lasting(rest, sides[0][1]), rest) for rest in (steps, slope)), key=lambda found: found[0])
    few = len(sides[1][0]) < MIN_BLOCKS // 2
    stretched = (1 + lasting) / (1 - lasting)
    parts, freedoms = [], []
    for k, (means, noise) in enumerate(sides):
        rest, own = (left[0], sides[0][1]) if few else (left[k], noise)
        # Few late blocks may be of rows that vary where the early ones do not.
        variance = max(float((rest**2).sum()) / (len(rest) - 1), noise if few else 0.0)
        parts.append((variance + max(0.0, variance - own) * (stretched - 1)) / len(means))
        freedoms.append(max(1.0, len(rest) / stretched - 1))
    error = float(np.sqrt(sum(parts)))
    difference = float(late.mean() - early.mean())
    freedom = freedoms[0] if few else 1.0
    if error and not few:
        freedom = error**4 / sum(part**2 / free for part, free in zip(parts, freedoms, strict=True))
    half = float(stdtrit(freedom, 0.5 + confidence / 2)) * error if error else 0.0
    return difference, Interval(max(-1.0, difference - half), min(1.0, difference + half), confidence, "Welch, blocks")


def _cut(values: Numbers, most: int, when: Numbers | None) -> tuple[Numbers, float]:
    """Means of up to `most` blocks of like size, and the part of their variance that is the rows' own."""
    blocks = min(most, len(values) // MIN_BLOCK)
    if not blocks:
        return np.zeros(0), 0.0
    block = np.arange(len(values)) * blocks // len(values)
    if when is not None:  # all rows of a time are where its middle row is
        first, last = np.searchsorted(when, when), np.searchsorted(when, when, side="right") - 1
        block = block[(first + last) // 2]
    block = np.unique(block, return_inverse=True)[1]
    sizes = np.bincount(block)
    means = np.bincount(block, values) / sizes
    rest = ((values - means[block]) ** 2).sum() / max(1, len(values) - len(means))
    return means, float((rest / sizes).mean())


def _beside_a_line(sides: Sequence[Numbers]) -> list[Numbers]:
    """What sets blocks apart from a line through all of them."""
    means = np.concatenate(sides)
    place = np.arange(len(means)) - (len(means) - 1) / 2
    rest = means - means.mean() - place * (place @ means) / (place @ place)
    return [rest[: len(sides[0])], rest[len(sides[0]) :]]


def _lasting(sides: Sequence[Numbers], noise: float) -> float:
    """From one block to the next, of what sets a block apart, how much stays; 0 where chance explains it."""
    blocks = sum(map(len, sides))
    variance = sum(float((side**2).sum()) for side in sides) / max(1, blocks - len(sides))
    together = sum(float((side[1:] * side[:-1]).sum()) for side in sides) / max(1, blocks - 2 * len(sides))
    if variance <= 0:
        return 0.0
    found = together / variance
    if found < _NOTICED / np.sqrt(blocks):
        return 0.0
    # What is taken from the mean is taken from the correlation; the noise of the rows lasts no longer than a row.
    found += (1 + 3 * found) / blocks
    return float(min(_MOST_LASTING, found * variance / max(variance - noise, found * variance)))


def _beside(table: Numbers) -> Numbers:
    """(B, K) sums of the rows beside each row of a table, which is left out."""
    total = np.zeros_like(table)
    for step in range(1, _REACH + 1):
        total[step:] += table[:-step]
        total[:-step] += table[step:]
    return total


def _areas(score: Numbers, ours: Numbers, others: Numbers) -> tuple[float, Numbers]:
    """AUC over blocks that share a score, and the (B,) AUCs without each of them."""
    above = (score[:, None] > score[None]) + 0.5 * (score[:, None] == score[None])
    won = float(ours @ above @ others)
    lost = ours * (above @ others) + others * (ours @ above) - ours * others * 0.5
    pairs = (ours.sum() - ours) * (others.sum() - others)
    area = won / float(ours.sum() * others.sum())
    return area, np.divide(won - lost, pairs, out=np.full(len(score), area), where=pairs > 0)


def _jackknife(value: float, without: Numbers, confidence: float) -> Interval:
    from scipy.special import stdtrit

    blocks = len(without)
    error = float(np.sqrt((blocks - 1) / blocks * ((without - without.mean()) ** 2).sum()))
    half = float(stdtrit(blocks - 1, 0.5 + confidence / 2)) * error
    return Interval(max(0.0, value - half), min(1.0, value + half), confidence, "jackknife over blocks")


def _chance(table: Numbers, sizes: Numbers, seed: int) -> float:
    surplus = table - sizes[:, None] * (table.sum(axis=0) / sizes.sum())
    likeness = surplus @ surplus.T  # of any two blocks
    rng = np.random.default_rng((seed, 24))
    orders = np.vstack([np.arange(len(table)), [rng.permutation(len(table)) for _ in range(_PERMUTATIONS)]])
    found = sum(likeness[orders[:, :-step], orders[:, step:]].sum(axis=1) for step in range(1, _REACH + 1))
    assert isinstance(found, np.ndarray)
    return float((found >= found[0] - 1e-9 * abs(found[0])).mean())
