"""Which columns each check could judge: where a detector had nothing to go by, nothing found is no good news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.cells.date_order import are_dates, ordered_columns
from assay.cells.forms import MIN_VALUES
from assay.cells.outliers import are_quantities, find_far
from assay.cells.spelling import MIN_FREQUENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from assay.cells.table import Column, Table


@dataclass(frozen=True, slots=True)
class Scope:
    """Names of columns of the kind that a check asks about: those that it could judge, and those that it could not."""

    judged: tuple[str, ...] = ()
    not_judged: tuple[str, ...] = ()


def scopes(table: Table, determined: Sequence[int]) -> dict[str, Scope]:
    """By the code of the check; `determined` are the places of the columns that others (nearly) determine."""
    filled = [column for column in table.columns if column.present]
    ordered = ordered_columns(table)
    scales = [c for c in filled if are_quantities(c) or c.is_date or (c.typed is None and are_dates(c))]
    return {
        "DQ030": Scope(tuple(table.columns[place].name for place in determined)),
        "DQ031": _split((c for c in filled if c.typed is None), _has_frequent),
        "DQ032": _split(filled, lambda c: c.present >= MIN_VALUES),
        "DQ033": _split(scales, lambda c: c.index in ordered or (are_quantities(c) and _has_fences(c))),
    }


def _split(columns: Iterable[Column], could: Callable[[Column], bool]) -> Scope:
    split: dict[bool, list[str]] = {True: [], False: []}
    for column in columns:
        split[could(column)].append(column.name)
    return Scope(tuple(split[True]), tuple(split[False]))


def _has_frequent(column: Column) -> bool:
    """Whether a value is frequent enough for others to be its misspellings."""
    return bool(column.counts.max() >= MIN_FREQUENT)


def _has_fences(column: Column) -> bool:
    return find_far(column.numbers, column.counts).judged
