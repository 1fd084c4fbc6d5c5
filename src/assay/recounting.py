"""Whether the figures of a stored audit follow from its stored counts, and how two audits' counts differ."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.errors import ContractError, StorageError
from assay.fairness.context import EQUALIZED_ODDS, judged_questions
from assay.fairness.disparity import DIFFERENCE
from assay.fairness.rates import (
    ACCURACY,
    AVERAGE_ODDS,
    BASE_RATE,
    FALSE_POSITIVE_RATE,
    MACRO_RECALL,
    PRECISION,
    SELECTION_RATE,
    TRUE_POSITIVE_RATE,
)
from assay.fairness.stored.comparison import NOT_COMPARABLE, Comparison, compare_tables
from assay.fairness.stored.recount import Recount, recount
from assay.fairness.stored.tables import FairnessTables
from assay.fairness.to_overall import TO_OVERALL
from assay.findings import Severity
from assay.intervals import wilson
from assay.report.disclosure import count_rate_rows
from assay.report.plain import plain
from assay.small_cells import SMALLEST_CELL
from assay.store import read_audit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

COUNTS = "fairness.json"
# Sums of the same numbers in another order differ in the last digits.
ROUNDING = 1e-9
# A figure: the columns that name it, and those that it consists of.
_TABLES = {
    "by_group": (("feature", "group", "metric"), ("value", "low", "high", "n")),
    "disparities": (("feature", "metric", "kind"), ("value", "low", "high", "worst", "best", "status", "p_value")),
}

# What a check of the report rests on: its code, and how the names of its figures begin.
RESTS_ON = {
    "FB002": (BASE_RATE,),
    "FB010": (SELECTION_RATE,),
    "FB011": (TRUE_POSITIVE_RATE, FALSE_POSITIVE_RATE, EQUALIZED_ODDS, AVERAGE_ODDS, MACRO_RECALL),
    "FB012": (ACCURACY, PRECISION),
}
_MEANS = (AVERAGE_ODDS, MACRO_RECALL)
# They rest on all counts of a feature, or of all features, and are missing where any is hidden.
_MAY_BE_HIDDEN = ("status", "p_value")
_TEXTS = ("feature", "group", "metric", "kind", "worst", "best", "status")
# Nothing that is counted is larger; beyond, arithmetic on what a damaged file says would overflow.
_LARGEST = 1e15

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
        Names of the columns in which they differ. Of a rate that cannot be counted: those that no rate among its own
        `n` rows can have, see `_impossible`.
    unchecked
        Names of the columns that the report tells and that hidden counts would be needed for.
    """

    feature: str
    group: str | None
    metric: str
    kind: str | None
    told: Mapping[str, Any]
    counted: Mapping[str, Any] | None
    differs: tuple[str, ...]
    unchecked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """A finding that the verdict rests on, and whether its figures could be counted.

    Attributes
    ----------
    finding, feature
        Its id in the report, such as "FB011-1", and the feature that it is about.
    figures, unknown
        How many figures that it rests on the report shows, and how many of them could not be checked.
    """

    finding: str
    feature: str
    figures: int
    unknown: int


@dataclass(frozen=True, slots=True, eq=False)
class Recounting:
    """All figures of an audit, held against its counts.

    Attributes
    ----------
    tables, recounted
        The counts and what follows from them.
    figures
        Those that the report tells, in its order.
    verdict
        What the report says it is.
    bases
        What the verdict rests on, of what counts can show: its reasons among `RESTS_ON`; where it passes, all of
        these findings that could have blocked it.
    """

    tables: FairnessTables
    recounted: Recount
    figures: tuple[Figure, ...]
    verdict: str
    bases: tuple[Basis, ...]

    @property
    def differing(self) -> tuple[Figure, ...]:
        """Figures of the report that the counts contradict, or that contradict themselves."""
        return tuple(figure for figure in self.figures if figure.differs)

    @property
    def unknown(self) -> tuple[Figure, ...]:
        """Figures of the report that hidden counts would be needed for, in whole or in part."""
        return tuple(figure for figure in self.figures if figure.unchecked and not figure.differs)

    @property
    def features(self) -> dict[str, tuple[int, int]]:
        """Feature -> how many of its figures could not be checked, and how many there are."""
        unknown = Counter(figure.feature for figure in self.unknown)
        return {name: (unknown[name], every) for name, every in Counter(f.feature for f in self.figures).items()}

    @property
    def is_equal(self) -> bool | None:
        """Whether every figure of the report follows from the counts; None where not all could be checked."""
        if self.differing:
            return False
        return True if self.figures and not self.unknown else None


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
        Where a file is missing or damaged, or the report is not as an audit writes it.
    ContractError
        Where the counts are no such table, or of other data than the report.
    """
    document, tables = read_audit(place), read_tables(place)
    dataset = document.get("dataset")
    if not isinstance(dataset, dict) or dataset.get("fingerprint") != tables.fingerprint:
        raise ContractError(
            f"{COUNTS} must be of the data of the report beside it, got counts of other data. Take both files of one "
            "audit."
        )
    recounted = recount(tables)
    # As `report.json` has them: passwords in names, and the rows of a mean of rates.
    rate_rows = count_rate_rows(recounted.by_group)
    keys = zip(*(recounted.by_group[key].astype(str) for key in ("feature", "group", "metric")), strict=True)
    frames = {
        "by_group": recounted.by_group.assign(n=[rate_rows[key] for key in keys]),
        "disparities": recounted.disparities,
    }
    counted = {name: _rows(plain(frame)) for name, frame in frames.items()}
    try:
        told = {name: _told(document["fairness"][name], columns) for name, columns in _TABLES.items()}
        bases = _bases(document)
        verdict = str(document["verdict"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StorageError(
            f"The report in {place} must have a verdict with its reasons and findings, and the tables "
            "fairness.by_group and fairness.disparities as an audit writes them, and has not: it is damaged, or was "
            "changed. Run the audit again."
        ) from error
    figures = tuple(figure for name in _TABLES for figure in _compare(name, told[name], counted[name], tables))
    return Recounting(tables, recounted, figures, verdict, tuple(_basis(basis, figures) for basis in bases))


def _rows(table: Mapping[str, Any]) -> list[Row]:
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def _told(table: Mapping[str, Any], columns: tuple[tuple[str, ...], tuple[str, ...]]) -> list[Row]:
    """Rows of a table of the report; raises where it is not one that an audit writes."""
    keys, values = columns
    # Audits of older versions have no p-values.
    needed = [column for column in (*keys, *values) if column != "p_value" or column in table["columns"]]
    if not set(needed) <= set(table["columns"]):
        raise KeyError(*needed)
    rows = _rows(table)
    for row in rows:
        for column in needed:
            cell = row[column]
            if cell is None and column not in keys:
                continue
            if column in _TEXTS or (column == "n" and isinstance(cell, str)):
                good = isinstance(cell, str)
            else:
                good = isinstance(cell, float | int) and abs(cell) <= _LARGEST
            if not good:
                raise ValueError(column)
    return rows


def _bases(document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(id, code, feature) of the findings that the verdict rests on, of what counts can show."""
    reasons = {reason["finding"] for reason in document["reasons"]}
    return [
        (str(finding["id"]), str(finding["code"]), " x ".join(map(str, finding["subject"]["columns"])))
        for finding in document["findings"]
        if finding["code"] in RESTS_ON
        and finding["subject"]["columns"]
        and (finding["id"] in reasons if reasons else finding["severity"] == Severity.CRITICAL)
    ]


def _basis(basis: tuple[str, str, str], figures: Iterable[Figure]) -> Basis:
    finding, code, feature = basis
    found = [f for f in figures if f.feature == feature and f.metric.startswith(RESTS_ON[code])]
    return Basis(finding, feature, len(found), sum(bool(figure.unchecked) for figure in found))


def _compare(name: str, told: list[Row], counted: list[Row], tables: FairnessTables) -> Iterator[Figure]:
    keys, columns = _TABLES[name]
    known = {tuple(row[key] for key in keys): row for row in counted}
    for row in told:
        other = known.pop(tuple(row[key] for key in keys), None)
        # The report hides small figures as well, and has none where nothing is estimable.
        if row["value"] is None and (other is None or other["value"] is None):
            continue
        yield _figure(row, other, columns, tables)
    for row in known.values():
        if row["value"] is not None:
            yield _figure(dict.fromkeys(row) | {key: row[key] for key in keys}, row, columns, tables)


def _figure(told: Row, counted: Row | None, columns: tuple[str, ...], tables: FairnessTables) -> Figure:
    columns = tuple(column for column in columns if column in told)
    if counted is None:
        unchecked = tuple(c for c in columns if told[c] is not None)
        differs = _impossible(told, tables)
    else:
        unchecked = tuple(c for c in _MAY_BE_HIDDEN if counted.get(c) is None and told.get(c) is not None)
        differs = tuple(c for c in columns if c not in unchecked and not _same(told[c], counted[c]))
    return Figure(
        feature=told["feature"],
        group=told.get("group"),
        metric=told["metric"],
        kind=told.get("kind"),
        told={column: told[column] for column in columns},
        counted=None if counted is None else {column: counted[column] for column in columns},
        differs=differs,
        unchecked=unchecked,
    )


def _impossible(told: Row, tables: FairnessTables) -> tuple[str, ...]:
    """Which columns of a rate contradict its own `n`: so many rows have no such share, or no such Wilson interval.

    Nothing is said of disparities, of means of rates, and with sample weights, where shares are not those of rows.
    """
    if "n" not in told or told["metric"].startswith(_MEANS) or tables.weighted:
        return ()
    value, n = told["value"], told["n"]
    if not isinstance(n, int) or n < SMALLEST_CELL:
        return ("n",)
    hits = round(value * n)
    if not 0 <= hits <= n or not _same(value, hits / n):
        return ("value",)
    limits = wilson(hits, n, float(tables.settings["confidence"]))
    ends = {} if limits is None else {"low": limits.low, "high": limits.high}
    return tuple(name for name, end in ends.items() if not _same(told[name], end))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=ROUNDING, abs_tol=ROUNDING)
    return bool(one == other)


def compare_audits(before: Path, after: Path, tolerance: float = 0.0) -> tuple[Comparison, dict[str, tuple[str, ...]]]:
    """Test what changed between two stored audits: see `assay.fairness.stored.comparison.compare_tables`.

    Returns
    -------
    comparison
        What changed.
    not_compared
        Feature -> the disparities that an audit has of it and that were not compared, such as "selection rate ratio";
        only features with such.

    Raises
    ------
    StorageError
        Where a file is missing or damaged.
    ContractError
        Where a file holds no table of counts, or the two cannot be compared.
    """
    first, second = read_tables(before), read_tables(after)
    comparison = compare_tables(first, second, tolerance)
    table = comparison.disparities[comparison.disparities["status"] != NOT_COMPARABLE]
    compared = set(zip(table["feature"], table["metric"], table["kind"], strict=True))
    names = dict.fromkeys(feature.name for tables in (second, first) for feature in tables.features)
    asked = _asked(second)
    missing = {
        name: tuple(f"{metric} {kind}" for metric, kind in asked if (name, metric, kind) not in compared)
        for name in names
    }
    return comparison, {name: absent for name, absent in missing.items() if absent}


def _asked(tables: FairnessTables) -> list[tuple[str, str]]:
    """(metric, kind) of the disparities that an audit has of each feature, as `Assessment.all_disparities`."""
    questions = judged_questions(tables.classes, tables.positive)
    asked = [part for parts in questions.values() for part in parts]
    for question, parts in questions.items():
        if question != ACCURACY and sum(kind == DIFFERENCE for _, kind in parts) > 1:
            asked.append((question, DIFFERENCE))
    if tables.settings["method"] != TO_OVERALL:
        asked.append((MACRO_RECALL if tables.positive is None else AVERAGE_ODDS, DIFFERENCE))
    return asked
