"""MH025: what two parts of a split share, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.findings import Action, Evidence, Outcome, RowFlags, Severity, Status, Subject, Table
from assay.health.leakage.overlap import MAX_SHARE, ROWS
from assay.health.leakage.split_parts import MIN_PART, MOST_PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.dataset import Dataset
    from assay.health.leakage.overlap import Overlap, Overlaps
    from assay.health.leakage.scan import Scan
    from assay.health.leakage.split_parts import Parts

_SHOWN = 20


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
    if overlaps.parts.missing:
        yield _without_part(overlaps.parts.missing, scan.context.dataset, split)
    if not overlaps.found:
        yield _no_parts(overlaps.parts, split, subject)
        return
    kinds = list(dict.fromkeys(found.kind for found in overlaps.found))
    wrong = [found for found in overlaps.found if found.status is not Status.PASSED]
    for kind in kinds:
        if of_kind := [found for found in wrong if found.kind == kind]:
            yield _shared(sorted(of_kind, key=_gravity), overlaps, scan.context.dataset, split)
    if not wrong:
        most = max(overlaps.found, key=lambda found: found.share)
        words = (
            f"The {len(overlaps.parts.looked_at):,} parts of column '{split}' do not share {' and '.join(kinds)}, but "
            f"for {most.share:.2%} at most (of the {most.rows:,} rows of '{most.part}'), within the limit of "
            f"{MAX_SHARE:.0%}.{overlaps.parts.skipped}"
        )
        yield Outcome(Status.PASSED, words, subject, _evidence(most))


def _gravity(found: Overlap) -> tuple[bool, bool, float]:
    """What is worst comes first."""
    return found.status is not Status.FAILED, not found.beyond_repeats, -found.share


def _without_part(missing: int, dataset: Dataset, split: str) -> Outcome:
    words = f"{missing:,} of {len(dataset):,} rows are in no part: their value in column '{split}' is missing."
    evidence = Evidence("rows without a part", missing, n=len(dataset), threshold=0, unit="rows")
    remedy = f"Fill in '{split}', or drop these rows."
    return Outcome(Status.FAILED, words, Subject((split,)), evidence, remedy, Severity.WARNING)


def _no_parts(parts: Parts, split: str, subject: Subject) -> Outcome:
    many = len(parts.rows)
    if many <= 1:
        value = f" ('{parts.names[0]}')" if many and parts.told else ""
        has = f"has one value{value}" if many else "has no value"
        return Outcome(Status.NOT_APPLICABLE, f"Column '{split}' {has}: there are no two parts to compare.", subject)
    if not parts.are_few:
        words = (
            f"Column '{split}' has {many:,} values; a split has at most {MOST_PARTS}, so that nothing was compared."
        )
    else:
        words = f"Column '{split}' has no two parts of at least {MIN_PART} rows, so that nothing was compared."
    remedy = "Name a column with a value for each part, such as train and test."
    return Outcome(Status.INCONCLUSIVE, words, subject, remedy=remedy, severity=Severity.WARNING)


def _shared(wrong: Sequence[Overlap], overlaps: Overlaps, dataset: Dataset, split: str) -> Outcome:
    """One finding for all parts that share something of one kind, in the words of the first, which is the worst."""
    found = wrong[0]
    columns = (split, found.column) if found.column else (split,)
    words = _count(found) + _of_others(wrong, overlaps) + overlaps.parts.skipped
    if found.status is Status.INCONCLUSIVE:
        words += (
            " A copy cannot be told from rows that are equal anyway: kinds of row that a part has several times, or "
            "combinations of few values."
        )
        remedy = "Name a column that identifies what a row is of as `id` or `group`."
        evidence = _evidence(found, table=_table(wrong))
        return Outcome(found.status, words, Subject(columns), evidence, remedy, severity=Severity.WARNING)
    words += " A model that has seen the one is tested on what it has learned by heart, and looks better than it is."
    remedy = (
        "Take these rows out of the part that is trained on."
        if found.kind == ROWS
        else f"Split by column '{found.column}', so that all rows of one value are in one part."
    )
    flags = None
    if found.kind == ROWS and split not in (*dataset.roles.sensitive, *dataset.roles.group_columns):
        shared = np.unique(np.concatenate([one.shared for one in wrong if one.status is Status.FAILED]))
        flags = RowFlags(shared.astype(np.int64), "Its like is in another part of the split.", Action.REVIEW)
    severity = None
    if not found.beyond_repeats:
        severity = Severity.WARNING
        words += " Rows repeat within the parts as often: these are repeats of the table, dealt at random."
    return Outcome(found.status, words, Subject(columns), _evidence(found, flags, _table(wrong)), remedy, severity)


def _count(found: Overlap) -> str:
    count = f"{len(found.shared):,} of the {found.rows:,} rows of part '{found.part}' ({found.share:.1%})"
    parts = f"part '{found.other}' ({found.other_rows:,} rows)"
    if found.kind != ROWS:
        return f"{count} have a value of column '{found.column}' that rows of {parts} have too."
    return f"{count} are equal to a row of {parts} in all features; {found.same_label:,} of them have its label too."


def _of_others(wrong: Sequence[Overlap], overlaps: Overlaps) -> str:
    limit = f" The limit is {MAX_SHARE:.0%}."
    pairs = sum(found.kind == wrong[0].kind for found in overlaps.found)
    return f"{limit} Of {pairs:,} pairs of parts {len(wrong):,} are above it." if pairs > 1 else limit


def _table(wrong: Sequence[Overlap]) -> Table | None:
    """The pairs of parts, where they are several."""
    rows = tuple(
        (found.part, found.other, found.rows, len(found.shared), found.share, found.status.value)
        for found in wrong[:_SHOWN]
    )
    return Table(("part", "other", "rows", "shared", "share", "result"), rows) if len(wrong) > 1 else None


def _evidence(found: Overlap, flags: RowFlags | None = None, table: Table | None = None) -> Evidence:
    metric = "share in both parts"
    return Evidence(metric, found.share, n=found.rows, threshold=MAX_SHARE, unit="share", rows=flags, table=table)
