"""Whether the figures of a stored audit follow from its stored counts, and how two audits' counts differ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.errors import ContractError, StorageError
from assay.fairness.stored.comparison import Comparison, compare_tables
from assay.fairness.stored.recount import Recount, recount
from assay.fairness.stored.tables import FairnessTables
from assay.report.plain import plain
from assay.store import read_audit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

COUNTS = "fairness.json"
# Sums of the same numbers in another order differ in the last digits.
ROUNDING = 1e-9
# A figure: the columns that name it, and those that it consists of.
_TABLES = {
    "by_group": (("feature", "group", "metric"), ("value", "low", "high", "n")),
    "disparities": (("feature", "metric", "kind"), ("value", "low", "high", "worst", "best", "status", "p_value")),
}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the report, held against the counts.

    Attributes
    ----------
    feature, group, metric, kind
        What it is: a rate of a `group`, or a disparity of a `kind`; the other is None.
    told
        What the report says of it, by column.
    counted
        What the counts say; None where hidden counts would be needed.
    differs
        Names of the columns in which they differ.
    """

    feature: str
    group: str | None
    metric: str
    kind: str | None
    told: Mapping[str, Any]
    counted: Mapping[str, Any] | None
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Recounting:
    """All figures of an audit, held against its counts.

    Attributes
    ----------
    tables, recounted
        The counts and what follows from them.
    figures
        Those that the report tells, in its order.
    """

    tables: FairnessTables
    recounted: Recount
    figures: tuple[Figure, ...]

    @property
    def differing(self) -> tuple[Figure, ...]:
        """Figures of the report that the counts contradict."""
        return tuple(figure for figure in self.figures if figure.differs)

    @property
    def unknown(self) -> tuple[Figure, ...]:
        """Figures of the report that hidden counts would be needed for."""
        return tuple(figure for figure in self.figures if figure.counted is None)

    @property
    def is_equal(self) -> bool | None:
        """Whether all that can be computed again is what the report says; None where nothing can be."""
        if self.differing:
            return False
        return True if len(self.unknown) < len(self.figures) else None


def read_tables(place: Path) -> FairnessTables:
    """Read the counts of an audit.

    Parameters
    ----------
    place
        Directory of the audit, or the file itself.

    Raises
    ------
    StorageError
        Where there are none: an older audit, or one of a numeric label.
    ContractError
        Where the file is no such table.
    """
    file = place / COUNTS if place.is_dir() else place
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise StorageError(
            f"{file} must hold the counts of the audit, and is not there. Audits of a numeric label and those of "
            "older versions have none; run the audit again."
        ) from error
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror}. Run the audit again.") from error
    except ValueError as error:
        raise ContractError(f"{file} must be UTF-8 text, and is not. Take the file as the audit wrote it.") from error
    return FairnessTables.from_json(text)


def recount_audit(place: Path) -> Recounting:
    """Compute the figures of a stored audit again, from its counts alone, and hold them against its report.

    Raises
    ------
    StorageError
        Where a file is missing or damaged.
    ContractError
        Where the counts are no such table, or of other data than the report.
    """
    document, tables = read_audit(place), read_tables(place)
    if document["dataset"]["fingerprint"] != tables.fingerprint:
        raise ContractError(
            f"{COUNTS} must be of the data of the report beside it, got counts of other data. Take both files of one "
            "audit."
        )
    recounted = recount(tables)
    frames = {"by_group": recounted.by_group, "disparities": recounted.disparities}
    # As `report.json` has them, passwords in names included.
    counted = {name: list(_rows(plain(frame))) for name, frame in frames.items()}
    found = [figure for name in _TABLES for figure in _compare(name, _rows(document["fairness"][name]), counted[name])]
    return Recounting(tables, recounted, tuple(found))


def _rows(table: Mapping[str, Any]) -> Iterator[Row]:
    return (dict(zip(table["columns"], row, strict=True)) for row in table["rows"])


def _compare(name: str, told: Iterator[Row], counted: list[Row]) -> Iterator[Figure]:
    keys, columns = _TABLES[name]
    known = {tuple(row[key] for key in keys): row for row in counted}
    for row in told:
        other = known.pop(tuple(row[key] for key in keys), None)
        # The report hides small figures as well, and has none where nothing is estimable.
        if row["value"] is None and (other is None or other["value"] is None):
            continue
        yield _figure(row, other, columns)
    for row in known.values():
        if row["value"] is not None:
            yield _figure(dict.fromkeys(row) | {key: row[key] for key in keys}, row, columns)


def _figure(told: Row, counted: Row | None, columns: tuple[str, ...]) -> Figure:
    columns = tuple(column for column in columns if column in told)
    differs: tuple[str, ...] = ()
    if counted is not None:
        # What is missing on the counts' side is hidden: the status and the p-value rest on all groups.
        differs = tuple(c for c in columns if counted[c] is not None and not _same(told[c], counted[c]))
    return Figure(
        feature=told["feature"],
        group=told.get("group"),
        metric=told["metric"],
        kind=told.get("kind"),
        told={column: told[column] for column in columns},
        counted=None if counted is None else {column: counted[column] for column in columns},
        differs=differs,
    )


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=ROUNDING, abs_tol=ROUNDING)
    return bool(one == other)


def compare_audits(before: Path, after: Path, tolerance: float = 0.0) -> Comparison:
    """Test what changed between two stored audits: see `assay.fairness.stored.comparison.compare_tables`.

    Raises
    ------
    StorageError
        Where a file is missing or damaged.
    ContractError
        Where a file holds no table of counts, or the two cannot be compared.
    """
    return compare_tables(read_tables(before), read_tables(after), tolerance)
