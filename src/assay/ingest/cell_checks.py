"""Checks of single cells: numbers among texts, kinds, markers, spaces (DQ001, DQ002, DQ004, DQ007)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Action, Evidence, Outcome, RowFlags, Severity, Status, Subject, Table
from assay.ingest.columns import TEXT_DTYPE, padded_rows
from assay.ingest.intake import or_passed, plural
from assay.ingest.missing_markers import find_sentinels, find_text_markers
from assay.ingest.number_texts import read_number_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from assay.ingest.intake import Intake
    from assay.ingest.number_texts import NumberTexts

# From this share of numbers on, a text column is a numeric one with some cells that are not.
MIN_NUMBER_SHARE = 0.9
# Below this share, the numbers among the texts are texts that happen to be numbers.
MIN_MIXED_SHARE = 0.1


def check_number_texts(intake: Intake) -> Iterator[Outcome]:
    """DQ001: columns of numbers that were read as texts."""
    names = intake.texts()
    profiles = ((name, read_number_texts(intake.frame[name])) for name in names)
    found = (_number_texts(name, texts) for name, texts in profiles if _is_numeric(texts))
    yield from or_passed(found, len(names), "text column", "holds numbers")


def check_mixed_types(intake: Intake) -> Iterator[Outcome]:
    """DQ002: columns whose values are of several kinds, or nested."""

    def found() -> Iterator[Outcome]:
        for name, kinds in intake.mixed.items():
            if name not in intake.roles.ignored:
                yield _mixed(name, {kind: len(rows) for kind, rows in kinds.items()})
        for name in intake.texts():
            texts = read_number_texts(intake.frame[name])
            if texts.are_quantities and not texts.are_codes and MIN_MIXED_SHARE <= texts.share < MIN_NUMBER_SHARE:
                yield _mixed(name, {"number": texts.numbers, "word": texts.present - texts.numbers})
        for name, rows in intake.nested.items():
            if name not in intake.mixed and name not in intake.roles.ignored:
                yield _nested(name, len(rows))

    yield from or_passed(found(), len(intake.columns()), "column", "mixes kinds of values")


def check_disguised_missing(intake: Intake) -> Iterator[Outcome]:
    """DQ004: cells that mean "missing" and were not read so."""

    def found() -> Iterator[Outcome]:
        for name in intake.columns():
            values = intake.frame[name]
            if values.dtype == TEXT_DTYPE:
                markers: Mapping[str, npt.NDArray[np.int64]] = find_text_markers(values)
            elif values.dtype.kind in "iuf" and name not in (intake.roles.id, intake.roles.weight):
                markers = find_sentinels(values.to_numpy())
            else:
                continue
            if markers:
                yield _disguised(name, markers, int(values.notna().sum()))

    yield from or_passed(found(), len(intake.columns()), "column", "holds disguised missing values")


def check_padding(intake: Intake) -> Iterator[Outcome]:
    """DQ007: texts that are another row's text but for the spaces around them."""
    names = intake.texts()

    def found() -> Iterator[Outcome]:
        for name in names:
            removed = name in intake.padded
            places = intake.padded[name] if removed else padded_rows(intake.frame[name])
            if len(places):
                yield _padded(name, places, len(intake.frame), removed=removed)

    yield from or_passed(found(), len(names), "text column", "has texts that differ by spaces only")


def _is_numeric(texts: NumberTexts) -> bool:
    if not texts.are_quantities or texts.share < MIN_NUMBER_SHARE:
        return False
    # All plain and in a text column: somebody made them texts.
    return not texts.are_codes


def _number_texts(name: str, texts: NumberTexts) -> Outcome:
    rest = np.flatnonzero(texts.writing == -1).astype(np.int64)
    writings = " or ".join(texts.other_writings)
    how = f", some written {writings}" if writings else ""
    others = f", {len(rest):,} are not" if len(rest) else ""
    markers = texts.rest_are_markers
    remedies = []
    if markers:
        remedies.append("Name the missing markers in `data.missing` (see DQ004).")
    elif len(rest):
        remedies.append("Correct the cells that are not numbers, or name them in `data.missing`.")
    if "with a decimal comma" in texts.other_writings:
        remedies.append("Set `data.decimal` to a comma.")
    if "with thousands separators" in texts.other_writings:
        remedies.append("Set `data.thousands` to the separator.")
    if any(sign in writings for sign in ("currency", "percent")):
        remedies.append("Remove the signs at the source.")
    flags = RowFlags(rest, f"not a number, in a column of numbers ('{name}')", Action.REVIEW)
    return Outcome(
        Status.FAILED,
        f"Column '{name}' was read as text, but {texts.numbers:,} of {texts.present:,} values ({texts.share:.1%}) are "
        f"numbers{how}{others}; a model would take each number for a category.",
        Subject((name,)),
        Evidence(
            "numbers among the texts",
            texts.share,
            n=texts.present,
            threshold=MIN_NUMBER_SHARE,
            unit="share",
            # The rows with markers are flagged by DQ004 already.
            rows=flags if len(rest) and not markers else None,
        ),
        " ".join(remedies) or "Convert the column to numbers.",
    )


def _mixed(name: str, counts: Mapping[str, int]) -> Outcome:
    total = sum(counts.values())
    parts = ", ".join(f"{kind} ({count:,} {plural(count, 'row')})" for kind, count in counts.items())
    return Outcome(
        Status.FAILED,
        f"Column '{name}' mixes kinds of values: {parts}; all are treated as texts.",
        Subject((name,)),
        Evidence(
            "most frequent kind",
            max(counts.values()) / total,
            n=total,
            unit="share",
            table=Table(("kind", "rows"), tuple(counts.items())),
        ),
        "Give the column one kind at the source, or split it in two.",
    )


def _nested(name: str, rows: int) -> Outcome:
    return Outcome(
        Status.FAILED,
        f"Column '{name}' holds lists or mappings in {rows:,} {plural(rows, 'row')}; they were turned into JSON "
        "texts, which a model can only take as they are.",
        Subject((name,)),
        Evidence("nested values", float(rows), n=rows, unit="rows"),
        "Make columns of what is inside, or list the column under `ignore`.",
        Severity.INFO,
    )


def _padded(name: str, places: npt.NDArray[np.int64], rows: int, *, removed: bool) -> Outcome:
    what_now = (
        "they were removed here, but a program that keeps them sees two different values"
        if removed
        else "a model takes them for two different values"
    )
    return Outcome(
        Status.FAILED,
        f"Column '{name}' has spaces around the text in {len(places):,} of {rows:,} rows, and the same text without "
        f"them in others; {what_now}.",
        Subject((name,)),
        Evidence(
            "padded texts",
            len(places) / rows,
            n=rows,
            unit="share",
            rows=RowFlags(places, f"spaces around the text in column '{name}'", Action.REVIEW),
        ),
        "Remove the spaces at the source.",
    )


def _disguised(name: str, markers: Mapping[str, npt.NDArray[np.int64]], present: int) -> Outcome:
    rows = np.unique(np.concatenate(list(markers.values())))
    # A marker is a word of our list, punctuation or a row of sevens, eights or nines: naming it gives nobody away.
    listed = ", ".join(f"'{marker}' ({len(places):,})" for marker, places in markers.items())
    return Outcome(
        Status.FAILED,
        f"Column '{name}' holds what looks like missing values in disguise: {listed}, in {len(rows):,} of {present:,} "
        f"values ({len(rows) / present:.1%}).",
        Subject((name,)),
        Evidence(
            "disguised missing values",
            len(rows) / present,
            n=present,
            unit="share",
            rows=RowFlags(rows, f"what looks like a missing value in disguise in column '{name}'", Action.REVIEW),
            table=Table(("marker", "rows"), tuple((marker, len(places)) for marker, places in markers.items())),
        ),
        "If they mean missing, list them under `data.missing`; if one is an answer of its own, waive this finding.",
    )
