"""MH025: rows, ids and groups that two parts of a split share."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.findings import Action, Evidence, Outcome, RowFlags, Severity, Status, Subject
from assay.health.leakage.twins import expect_twins
from assay.shown_text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.health.leakage.scan import Scan

    Codes = npt.NDArray[np.int64]

# Rows of the smaller part that the other has too: below, a score changes by less than its interval.
MAX_SHARE = 0.01
# A column of more values says no part of a split.
MOST_PARTS = 20
# What chance makes equal is an estimate: twice as many are allowed for.
DOUBT = 2.0
ROWS, IDS, GROUPS = "rows", "ids", "groups"
# Fewer equal rows may be an accident whatever the estimate says, which then rests on as few.
MIN_SHARED = 5


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
        Share of `shared` that chance may have made equal, at most: combinations of few values (0 for ids and groups).
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

    @property
    def share(self) -> float:
        """Of the rows of the smaller part."""
        return len(self.shared) / self.rows

    @property
    def status(self) -> Status:
        """By what is more than chance."""
        if self.share <= MAX_SHARE:
            return Status.PASSED
        surely = self.kind != ROWS or len(self.shared) >= MIN_SHARED
        return Status.FAILED if surely and self.share * (1 - self.by_chance) > MAX_SHARE else Status.INCONCLUSIVE


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps:
    """The parts of a split, and what any two of them share.

    Attributes
    ----------
    parts
        Name -> rows, the largest first.
    missing
        Rows in no part.
    found
        For any two parts and each kind that can be compared.
    """

    parts: dict[str, int]
    missing: int
    found: tuple[Overlap, ...] = ()


def find_overlaps(dataset: Dataset, seed: int) -> Overlaps:
    """Compare the parts of the split, if there is one with two to `MOST_PARTS` parts."""
    if dataset.roles.split is None:
        return Overlaps({}, len(dataset))
    codes, names = pd.factorize(dataset.frame[dataset.roles.split])
    sizes = np.bincount(codes[codes >= 0], minlength=len(names))
    order = np.argsort(-sizes, kind="stable")
    place = np.append(np.argsort(order), -1)
    part = place[codes].astype(np.int64)
    named = {clean(str(names[k]), 60): int(sizes[k]) for k in order.tolist()}
    missing = int((codes < 0).sum())
    if not 2 <= len(names) <= MOST_PARTS or len(named) < len(names):
        return Overlaps(named, missing)
    kinds = [(ROWS, "", _shared_keys(dataset, dataset.roles.features, part))]
    kinds += [
        (kind, name, _codes(dataset.frame[name]))
        for kind, name in ((IDS, dataset.roles.id), (GROUPS, dataset.roles.group))
        # One column for both is a group that keeps its rows together.
        if name is not None and not (kind == IDS and name == dataset.roles.group)
    ]
    found = [
        _compare(dataset, kind, column, keys, part=part, names=list(named), pair=pair, seed=seed)
        for kind, column, keys in kinds
        for pair in combinations(range(len(named)), 2)
    ]
    return Overlaps(named, missing, tuple(found))


def _codes(values: pd.Series[Any]) -> Codes:
    return pd.factorize(values)[0].astype(np.int64)


def _shared_keys(dataset: Dataset, features: Sequence[str], part: Codes) -> Codes:
    """(N,) codes, the same for rows that are equal in all features; -1 for one that has no equal in another part.

    Column by column, and only for the rows that still have one: most are told apart by the first few.
    """
    frame = dataset.frame
    # Numbers have many values, and are quickly compared.
    ranked = sorted(features, key=lambda name: frame[name].dtype.kind not in "fiuM")
    rows = np.flatnonzero(part >= 0)
    keys = np.zeros(len(rows), dtype=np.int64)
    for name in ranked:
        codes, values = pd.factorize(frame[name].iloc[rows])
        keys, kinds = pd.factorize(keys * (len(values) + 1) + codes + 1)
        lowest, highest = np.full(len(kinds), MOST_PARTS), np.full(len(kinds), -1)
        np.minimum.at(lowest, keys, part[rows])
        np.maximum.at(highest, keys, part[rows])
        left = (lowest < highest)[keys]
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
    chance = 0.0
    if kind == ROWS and len(shared) > MAX_SHARE * len(smaller):
        expected = expect_twins(dataset.frame, dataset.roles.features, smaller, larger, seed)
        chance = min(1.0, DOUBT * expected / len(shared))
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
    )


def tabulate_overlaps(overlaps: Overlaps) -> pd.DataFrame:
    """A row for any two parts and each kind: see `assay.health.leakage.PART`."""
    rows = [
        (
            found.kind,
            found.column or None,
            found.part,
            found.other,
            found.rows,
            found.other_rows,
            len(found.shared),
            found.share,
            found.by_chance,
        )
        for found in overlaps.found
    ]
    names = ["kind", "column", "part", "other", "rows", "other_rows", "shared", "share", "by_chance"]
    return pd.DataFrame(rows, columns=names)


def overlap_of_parts(scan: Scan) -> Iterator[Outcome]:
    """MH025: whether rows, ids or groups of one part of the split are in another."""
    overlaps, split = scan.overlaps, scan.context.dataset.roles.split
    if split is None:
        yield Outcome(Status.NOT_APPLICABLE, "No column is named as the split (`split`).")
        return
    subject = Subject((split,))
    if overlaps.missing:
        yield _without_part(overlaps.missing, scan.context.dataset, split)
    if not overlaps.found:
        yield _no_parts(overlaps, split, subject)
        return
    wrong = [found for found in overlaps.found if found.status is not Status.PASSED]
    for found in wrong:
        yield _shared(found, split)
    if not wrong:
        most = max(overlaps.found, key=lambda found: found.share)
        kinds = " and ".join(dict.fromkeys(found.kind for found in overlaps.found))
        words = (
            f"The {len(overlaps.parts):,} parts of column '{split}' do not share {kinds}, but for {most.share:.2%} at "
            f"most (of the {most.rows:,} rows of '{most.part}'), within the limit of {MAX_SHARE:.0%}."
        )
        yield Outcome(Status.PASSED, words, subject, _evidence(most))


def _without_part(missing: int, dataset: Dataset, split: str) -> Outcome:
    words = f"{missing:,} of {len(dataset):,} rows are in no part: their value in column '{split}' is missing."
    evidence = Evidence("rows without a part", missing, n=len(dataset), threshold=0, unit="rows")
    remedy = f"Fill in '{split}', or drop these rows."
    return Outcome(Status.FAILED, words, Subject((split,)), evidence, remedy, Severity.WARNING)


def _no_parts(overlaps: Overlaps, split: str, subject: Subject) -> Outcome:
    many = len(overlaps.parts)
    if many <= 1:
        has = f"has one value ('{next(iter(overlaps.parts))}')" if many else "has no value"
        return Outcome(Status.NOT_APPLICABLE, f"Column '{split}' {has}: there are no two parts to compare.", subject)
    words = f"Column '{split}' has {many:,} values; a split has at most {MOST_PARTS}, so that nothing was compared."
    remedy = "Name a column with a value for each part, such as train and test."
    return Outcome(Status.INCONCLUSIVE, words, subject, remedy=remedy, severity=Severity.WARNING)


def _shared(found: Overlap, split: str) -> Outcome:
    count = f"{len(found.shared):,} of the {found.rows:,} rows of part '{found.part}' ({found.share:.1%})"
    parts = f"part '{found.other}' ({found.other_rows:,} rows)"
    if found.kind == ROWS:
        words = (
            f"{count} are equal to a row of {parts} in all features; {found.same_label:,} of them have its label too."
        )
    else:
        words = f"{count} have a value of column '{found.column}' that rows of {parts} have too."
    words += f" The limit is {MAX_SHARE:.0%}."
    columns = (split, found.column) if found.column else (split,)
    if found.status is Status.INCONCLUSIVE:
        words += (
            " The features are too coarse, or these rows too few, to tell a copy from a row that is equal by chance."
        )
        remedy = "Name a column that identifies what a row is of as `id` or `group`."
        return Outcome(found.status, words, Subject(columns), _evidence(found), remedy, severity=Severity.WARNING)
    words += " A model that has seen the one is tested on what it has learned by heart, and looks better than it is."
    remedy = (
        "Take these rows out of the part that is trained on."
        if found.kind == ROWS
        else f"Split by column '{found.column}', so that all rows of one value are in one part."
    )
    reason = "Its like is in another part of the split."
    flags = RowFlags(found.shared.astype(np.int64), reason, Action.REVIEW) if found.kind == ROWS else None
    return Outcome(found.status, words, Subject(columns), _evidence(found, flags), remedy)


def _evidence(found: Overlap, flags: RowFlags | None = None) -> Evidence:
    return Evidence("share in both parts", found.share, n=found.rows, threshold=MAX_SHARE, unit="share", rows=flags)
