"""Rows, ids and groups that two parts of a split share."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.findings import Status
from assay.health.leakage.bounds import chance_of
from assay.health.leakage.split_parts import read_parts
from assay.health.leakage.twins import expect_twins

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.health.leakage.split_parts import Parts

    Codes = npt.NDArray[np.int64]

# Rows of the smaller part that the other has too: below, a score changes by less than its interval.
MAX_SHARE = 0.01
# What chance makes equal is an estimate: twice as many are allowed for.
DOUBT = 2.0
ROWS, IDS, GROUPS = "rows", "ids", "groups"
# Fewer equal rows may be an accident whatever the estimate says, which then rests on as few.
MIN_SHARED = 5
# Of pairs being more often in two parts than in one: that chance dealt them so.
ALPHA = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """What a part of a split shares with a larger one.

    Attributes
    ----------
    kind
        `ROWS` (equal in all features), `IDS` or `GROUPS`.
    column
        That of the id or of the group; empty for rows.
    part, other
        Names of the parts; `part` is the smaller one.
    rows, other_rows
        Of both.
    shared
        Positions, ascending, of the rows of `part` that have an equal in `other`.
    same_label
        Those of them with an equal of the same label.
    by_chance
        Share of `shared` that says nothing of copies: kinds of row that a part has more than once (all zero, all
        missing, one product), and at most as many as chance may have made equal (0 for ids and groups).
    beyond_repeats
        Whether pairs of equal rows are in two parts more often than in one, held against a random split.
    """

    kind: str
    column: str
    part: str
    other: str
    rows: int
    other_rows: int
    shared: Codes
    same_label: int
    by_chance: float
    beyond_repeats: bool = True

    @property
    def share(self) -> float:
        """Of the rows of the smaller part."""
        return len(self.shared) / self.rows

    @property
    def status(self) -> Status:
        """By what neither chance nor frequent kinds of row explain."""
        if self.share <= MAX_SHARE:
            return Status.PASSED
        left = self.share * (1 - self.by_chance)
        surely = self.kind != ROWS or left * self.rows >= MIN_SHARED
        return Status.FAILED if surely and left > MAX_SHARE else Status.INCONCLUSIVE


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps:
    """The parts of a split, and what any two of them share.

    Attributes
    ----------
    parts
        All of them.
    found
        For any two parts that have rows enough and each kind that can be compared.
    """

    parts: Parts
    found: tuple[Overlap, ...] = ()


def find_overlaps(dataset: Dataset, seed: int) -> Overlaps:
    """Compare the parts of the split, if there is one with at least two parts that have rows enough."""
    parts = read_parts(dataset)
    looked_at = parts.looked_at
    if len(looked_at) < 2:
        return Overlaps(parts)
    part, names = parts.of_row, parts.names
    kinds = [(ROWS, "", _keys_of_equals(dataset, dataset.roles.features, part))]
    kinds += [
        (kind, name, _codes(dataset.frame[name]))
        for kind, name in ((IDS, dataset.roles.id), (GROUPS, dataset.roles.group))
        # One column for both is a group that keeps its rows together.
        if name is not None and not (kind == IDS and name == dataset.roles.group)
    ]
    found = [
        _compare(dataset, kind, column, keys, part=part, names=names, pair=pair, seed=seed)
        for kind, column, keys in kinds
        for pair in combinations(looked_at, 2)
    ]
    return Overlaps(parts, tuple(found))


def _codes(values: pd.Series[Any]) -> Codes:
    return pd.factorize(values)[0].astype(np.int64)


def _keys_of_equals(dataset: Dataset, features: Sequence[str], part: Codes) -> Codes:
    """(N,) codes, the same for rows that are equal in all features; -1 for one that has no equal.

    Column by column, and only for the rows that still have one: most are told apart by the first few.
    """
    frame = dataset.frame
    # Numbers have many values, and are quickly compared.
    ranked = sorted(features, key=lambda name: frame[name].dtype.kind not in "fiuM")
    rows = np.flatnonzero(part >= 0)
    keys = np.zeros(len(rows), dtype=np.int64)
    for name in ranked:
        codes, values = pd.factorize(frame[name].iloc[rows])
        keys = pd.factorize(keys * (len(values) + 1) + codes + 1)[0]
        left = (np.bincount(keys) > 1)[keys]
        rows, keys = rows[left], keys[left]
        if not len(rows):
            break
    found = np.full(len(part), -1, dtype=np.int64)
    found[rows] = keys
    return found


def _compare(
    dataset: Dataset,
    kind: str,
    column: str,
    keys: Codes,
    *,
    part: Codes,
    names: Sequence[str],
    pair: tuple[int, int],
    seed: int,
) -> Overlap:
    larger, smaller = (np.flatnonzero(part == k) for k in pair)
    theirs = keys[larger][keys[larger] >= 0]
    shared = smaller[(keys[smaller] >= 0) & np.isin(keys[smaller], theirs)]
    labels = dataset.labels.codes
    pairs = pd.MultiIndex.from_arrays([keys[larger], labels[larger]])
    same = pd.MultiIndex.from_arrays([keys[shared], labels[shared]]).isin(pairs) & (labels[shared] >= 0)
    chance, beyond = 0.0, True
    if kind == ROWS and len(shared) > MAX_SHARE * len(smaller):
        across, within = _count_pairs(keys[smaller], keys[larger])
        surplus = 0.0
        if across:
            surplus = across - DOUBT * expect_twins(dataset.frame, dataset.roles.features, smaller, larger, seed)
        chance = 1 - max(0.0, surplus) / len(shared)
        odds = 2 * len(smaller) * len(larger) / (len(smaller) + len(larger)) ** 2
        beyond = chance_of(across, across + within, odds) <= ALPHA
    return Overlap(
        kind,
        column,
        names[pair[1]],
        names[pair[0]],
        rows=len(smaller),
        other_rows=len(larger),
        shared=shared,
        same_label=int(same.sum()),
        by_chance=chance,
        beyond_repeats=beyond,
    )


def _count_pairs(mine: Codes, theirs: Codes) -> tuple[int, int]:
    """Kinds of row that are there twice in two parts together: once in each, and twice in one; -1 is no kind.

    A kind that is there more often may be a thing with many rows, or a row of nothing but zeros.
    """
    size = int(max(mine.max(initial=-1), theirs.max(initial=-1))) + 1
    counts = [np.bincount(keys[keys >= 0], minlength=size) for keys in (mine, theirs)]
    twice = counts[0] + counts[1] == 2
    across = int((twice & (counts[0] == 1)).sum())
    return across, int(twice.sum()) - across
