"""The scan: which values are looked at, and what models and labels make of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from assay.health.stamps.following import (
    CONFIDENCE,
    DECIDES,
    LABELS,
    Asking,
    Followed,
    Writing,
    together,
    with_control,
)
from assay.health.stamps.values import LEAST_ROWS, Column, Stamp, pair_stamps, read_column, single_stamps
from assay.intervals import bonferroni, wilson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.held_out import HeldOutModels
    from assay.results import OutOfSample

    Rows = npt.NDArray[np.int64]

# Rows in which values are counted, drawn at random from more.
SAMPLE = 50_000
# Values, and as many pairs of values, that are written into rows: those first whose rows are most purely of one class.
STAMPS = 48
# How many values, and pairs, are looked at closely, and how many of one column, or pair of columns.
CLOSE, CLOSE_OF_COLUMN = 8, 3
# Rows that a value is written into: at first, for a close look, and for each value that it is held against.
FIRST_ROWS, ROWS, PEER_ROWS = 40, 200, 40
PEERS = 24
# A column of so few values, such as one of several that stand for a category, is held against others of its like too.
FEW_VALUES = 5
# Share of the rows of a value that have the class that it may decide for, at least.
PURE = 0.8
# From which share of followers on a close look is taken.
PROMISING = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """A stamp and who follows it; `closely` where it was looked at in many rows and held against other values.

    `filled` are all values of its column together that were tried, but "missing" and the most frequent one, and
    `tried` how many they are; None where one of them does not decide as it does.
    """

    stamp: Stamp
    followed: tuple[Followed, ...]
    closely: bool = False
    filled: Followed | None = None
    tried: int = 0

    @property
    def strongest(self) -> Followed:
        """Who follows it most surely: what decides, before what does not."""
        return max(self.followed, key=lambda one: (one.decides, one.low))

    @property
    def decides(self) -> bool:
        """Whether it decides the predictions of a kind of model, or the labels."""
        return self.closely and self.strongest.decides

    @property
    def column_decides(self) -> bool:
        """Whether every value of its column that is not the usual one decides as it does."""
        return not self.decides and self.filled is not None and self.filled.low > DECIDES


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """What was looked at and found.

    Attributes
    ----------
    dataset, predictions, suspect
        As of the context.
    columns
        By name.
    rows
        (n,) positions of the rows that values were counted in; `Stamp.rows` are places in it.
    singles, pairs
        How many values and pairs of values were counted.
    looked
        The stamps whose effect was looked at: those that decide first, then by the share of followers.
    least
        Rows of the dataset that a value needs so as to be tried, though all of them have one class; and so as to be
        told by their labels where the models did not learn it.
    """

    dataset: Dataset
    predictions: OutOfSample
    suspect: npt.NDArray[np.bool_]
    columns: Mapping[str, Column]
    rows: Rows
    singles: int
    pairs: int
    looked: tuple[Looked, ...]
    least: tuple[int, int]


def scan_stamps(
    dataset: Dataset, predictions: OutOfSample, models: HeldOutModels, suspect: npt.NDArray[np.bool_], seed: int
) -> Scan:
    """Count the values, and write those whose rows are purest into rows of other classes.

    Parameters
    ----------
    dataset
        N rows.
    predictions, models
        Of the same rows.
    suspect
        (N,) bool: rows whose label is suspect; or empty, where that is not known.
    seed
        Of what is drawn.
    """
    rng = np.random.default_rng((seed, 50))
    usable = models.asked[predictions.labels[models.asked] >= 0]
    rows = usable if len(usable) <= SAMPLE else np.sort(rng.choice(usable, SAMPLE, replace=False))
    labels, classes = predictions.labels[rows], len(predictions.classes)
    taken = dataset.frame.iloc[rows]
    columns = {name: read_column(taken[name], name) for name in models.columns} if len(rows) else {}
    singles = single_stamps(tuple(columns.values()), labels, classes)
    pairs, compared = pair_stamps(tuple(columns.values()), labels, classes, PURE, rng) if len(rows) else ([], 0)
    look = _Look(Asking(models, predictions, rng), columns, rows, rng)
    looked = [one for stamps in (singles, pairs) for one in look.first(_purest(stamps))]
    chosen = [
        one for of in (1, 2) for one in islice(_promising(one for one in looked if len(one.stamp.codes) == of), CLOSE)
    ]
    # What was counted was chosen by its labels; half of the error is for values, and half for pairs.
    counted = {1: 2 * classes * len(singles), 2: 2 * classes * compared}
    close = [look.closely(one.stamp, len(looked), counted[len(one.stamp.codes)]) for one in chosen]
    rest = [one for one in looked if one not in chosen]
    return Scan(
        *(dataset, predictions, suspect, columns, rows, len(singles), compared),
        looked=tuple(sorted([*close, *rest], key=_rank, reverse=True)),
        least=_least_rows(singles, counted[1], len(usable) / max(1, len(rows))),
    )


def _purest(stamps: Sequence[Stamp]) -> list[Stamp]:
    return sorted(stamps, key=_purity, reverse=True)[:STAMPS]


def _purity(stamp: Stamp) -> float:
    found = wilson(round(stamp.share * len(stamp.rows)), len(stamp.rows))
    return found.low if found is not None else 0.0


def _least_rows(singles: Sequence[Stamp], counted: int, factor: float) -> tuple[int, int]:
    """See `Scan.least`: by Wilson's lower limit where all of m rows agree, m / (m + z^2)."""
    purest = _purest(singles)
    last = _purity(purest[-1]) if len(purest) == STAMPS else 0.0
    tried = LEAST_ROWS
    while last > 0 and _low_of_all(tried, CONFIDENCE) < last:
        tried += 1
    told = tried
    while _low_of_all(told, bonferroni(CONFIDENCE, max(1, counted))) <= DECIDES:
        told += 1
    return math.ceil(tried * factor), math.ceil(told * factor)


def _low_of_all(rows: int, confidence: float) -> float:
    found = wilson(rows, rows, confidence)
    return found.low if found is not None else 0.0


def _rank(one: Looked) -> tuple[bool, float]:
    return one.decides, max(followed.share for followed in one.followed)


def _promising(looked: Iterable[Looked]) -> Iterator[Looked]:
    """Those worth a close look, the strongest first, a few of a column."""

    def ahead(one: Looked) -> float:
        return max(followed.low - (followed.control or 0.0) for followed in one.followed)

    taken: dict[tuple[str, ...], int] = {}
    for one in sorted(looked, key=ahead, reverse=True):
        columns = tuple(one.stamp.codes)
        if one.stamp.share < PURE or _rank(one)[1] < PROMISING or taken.get(columns, 0) == CLOSE_OF_COLUMN:
            continue
        taken[columns] = taken.get(columns, 0) + 1
        yield one


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    asking: Asking
    columns: Mapping[str, Column]
    rows: Rows
    rng: np.random.Generator

    def first(self, stamps: Sequence[Stamp]) -> Iterator[Looked]:
        """Look at few rows, and hold a pair against what either value does alone."""
        writings = [self._writing(stamp, stamp.rows) for stamp in stamps]
        alone = [self._writing(stamp, at) for stamp in stamps for at in self._alone(stamp)]
        every = []
        for by in self.asking.kinds:
            against = iter(self.asking.followers(by, alone, FIRST_ROWS))
            every.append(
                [
                    with_control(one, {"alone": list(islice(against, 2))}) if len(stamp.codes) > 1 else one
                    for stamp, one in zip(stamps, self.asking.followers(by, writings, FIRST_ROWS), strict=True)
                ]
            )
        for stamp, *followed in zip(stamps, *every, strict=True):
            yield Looked(stamp, tuple(followed))

    def closely(self, stamp: Stamp, looks: int, counted: int) -> Looked:
        """Look at more rows, and hold what decides against what else is in the columns.

        Parameters
        ----------
        stamp
            What is looked at.
        looks
            How many were looked at, before this one was chosen.
        counted
            How many were counted, before those were chosen.
        """
        own, against, found = [self._writing(stamp, stamp.rows)], None, []
        filled: list[Followed] = []
        for by in self.asking.kinds:
            (followed,) = self.asking.followers(
                by, own, ROWS, counted if by == LABELS else looks * len(self.asking.kinds)
            )
            if followed.low > DECIDES:
                against = against or self._against(stamp)
                shares = {name: self.asking.followers(by, of, PEER_ROWS) for name, of in against.items()}
                if by != LABELS:
                    every = [followed, *(one for one in shares["filled"] if one.n)]
                    filled += together(every, looks * len(self.asking.kinds))
                followed = with_control(followed, shares)
            found.append(followed)
        most = max(filled, key=lambda one: one.low, default=None)
        tried = 1 + len(against["filled"]) if against is not None else 0
        return Looked(stamp, tuple(found), closely=True, filled=most, tried=tried)

    def _alone(self, stamp: Stamp) -> list[Rows]:
        """Of a pair, the places of the rows that have either value without the other; nothing of a single value."""
        if len(stamp.codes) == 1:
            return []
        one, two = (self.columns[name].codes == code for name, code in stamp.codes.items())
        return [np.flatnonzero(one & ~two), np.flatnonzero(two & ~one)]

    def _against(self, stamp: Stamp) -> dict[str, list[Writing]]:
        """What a stamp is held against: see `with_control`."""
        found: dict[str, list[Rows]] = {"next": [], "filled": [], "others": [], "alone": self._alone(stamp)}
        for name, code in stamp.codes.items():
            column = self.columns[name]
            has = np.ones(len(self.rows), dtype=np.bool_)  # the other value of a pair
            for other in stamp.codes:
                if other != name:
                    has = self.columns[other].codes == stamp.codes[other]
            present = np.setdiff1d(np.unique(column.codes[has]), (-1, code))
            some = present if len(present) <= PEERS else self.rng.choice(present, PEERS, replace=False)
            beside = np.intersect1d(column.neighbours(code), present)
            usual = np.isin(some, column.usual()) | (len(stamp.codes) > 1) | (code in column.usual())
            for key, codes in (("next", beside), ("filled", some[~usual]), ("others", some[usual])):
                found[key] += [np.flatnonzero(has & (column.codes == other)) for other in codes]
        against = {name: [self._writing(stamp, at) for at in of] for name, of in found.items()}
        against["others"] += self._alike(stamp)
        return against

    def _alike(self, stamp: Stamp) -> list[Writing]:
        """Values, of up to four times the rows or a quarter, in other columns of few values; nothing for a pair."""
        (name, *more) = stamp.codes
        if more or len(self.columns[name].kinds) > FEW_VALUES:
            return []
        found = []
        for other, column in self.columns.items():
            counts = np.bincount(column.codes[column.codes >= 0], minlength=1)
            if other == name or len(counts) > FEW_VALUES:
                continue
            codes = np.flatnonzero((counts * 4 >= len(stamp.rows)) & (counts <= 4 * len(stamp.rows)))
            writings = (self._writing(stamp, np.flatnonzero(column.codes == code)) for code in codes)
            found += [replace(one, columns=(other,)) for one in writings]
        return found[:PEERS]

    def _writing(self, stamp: Stamp, at: Rows) -> Writing:
        """The values of the rows at places `at`, for rows without the stamp."""
        free = np.ones(len(self.rows), dtype=np.bool_)
        free[stamp.rows] = False
        return Writing(tuple(stamp.codes), self.rows[at], self.rows[free], stamp.target)
