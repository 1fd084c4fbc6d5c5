"""What of a value that fixes the label may be told: the value itself, and how many rows have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.findings import Evidence, Interval, Table
from assay.health.leakage.fixed import ABOVE, BELOW, FILLED, MISSING, UNUSUAL, VALUE
from assay.health.leakage.pure_values import CONFIDENCE, MAX_WRONG_AT_MOST, MIN_ROWS
from assay.shown_text import clean
from assay.small_cells import SMALLEST_CELL, is_small

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.dataset import Dataset
    from assay.health.leakage.fixed import PureValue

SHOWN = 20
# A longer text, or one of more than so many, is free text.
_LONGEST, _MOST_TEXTS = 40, 100
# Numbers with more digits are rounded: they may be what somebody is called by.
_MOST_DIGITS = 4
NOT_TOLD = f"Counts are not told: some are of fewer than {SMALLEST_CELL} people."

# Of a value: rows, purity, its lower limit, base, covered, its lower limit.
Figures = tuple[int | None, float | None, float | None, float, float | None, float | None]


def told(value: PureValue, dataset: Dataset) -> str | None:
    """The value as it may be told: None for one of people, of an id, of few rows, or of free text.

    A cut comes rounded (`assay.health.leakage.stretches`), or as None.
    """
    roles = dataset.roles
    hidden = {*roles.sensitive, *roles.group_columns, roles.id, roles.group}
    if value.value is None or value.rows < MIN_ROWS or not hidden.isdisjoint(value.columns):
        return None
    if isinstance(value.value, bool | np.bool_):
        return str(value.value)
    if isinstance(value.value, int | np.integer) and abs(int(value.value)) < 10**_MOST_DIGITS:
        return str(value.value)
    if isinstance(value.value, int | float | np.integer | np.floating):
        return f"{value.value:.{_MOST_DIGITS}g}"
    if isinstance(value.value, pd.Timestamp | np.datetime64):
        return f"{pd.Timestamp(value.value):%Y-%m-%d}"
    text = str(value.value)
    free = len(text) > _LONGEST or dataset.frame[value.column].nunique() > _MOST_TEXTS
    return None if free else clean(text)


def tells_of_few(value: PureValue, dataset: Dataset) -> bool:
    """Whether the counts of a sensitive column's value tell what few people are, or are not.

    Those are the four cells of "has the value" by "is of the class".
    """
    if {*dataset.roles.sensitive, *dataset.roles.group_columns}.isdisjoint(value.columns):
        return False
    looked_at = round(value.of_class / value.base) if value.base else 0
    left = value.of_class - value.hits
    others = looked_at - value.rows - left
    return any(is_small(count) for count in (value.hits, value.rows - value.hits, left, others))


def figures(value: PureValue, dataset: Dataset) -> Figures:
    """Those of a row of a table, None where they may not be told."""
    if tells_of_few(value, dataset):
        return None, None, None, value.base, None, None
    purity, covered = value.hits / value.rows, value.hits / value.of_class
    return value.rows, purity, value.purity_low, value.base, covered, value.covered_low


def has(value: PureValue, dataset: Dataset) -> str:
    """What the rows have in the column, as a verb phrase."""
    shown = told(value, dataset)
    words = {
        MISSING: "is missing",
        FILLED: "is filled in",
        UNUSUAL: "has another than its usual value",
        VALUE: "has one certain value" if shown is None else f"is {_about(value, shown)}'{shown}'",
        ABOVE: "lies above a cut" if shown is None else f"is {shown} or more",
        BELOW: "lies below a cut" if shown is None else f"is {shown} or less",
    }
    return words[value.kind]


def _about(value: PureValue, shown: str) -> str:
    number = isinstance(value.value, int | float | np.integer | np.floating) and not isinstance(value.value, bool)
    return "about " if number and float(shown) != float(value.value) else ""


def evidence(values: Sequence[PureValue], dataset: Dataset) -> Evidence:
    """The figure of the first value, and a table of at most `SHOWN` of them."""
    first = values[0]
    shown = [(value, figures(value, dataset)) for value in values[:SHOWN]]
    rows = tuple(
        (value.kind, told(value, dataset), dataset.labels.classes[value.code], *cells[:3], *cells[4:])
        for value, cells in shown
    )
    names = ("kind", "value", "label", "rows", "purity", "purity low", "covered", "covered low")
    limit = 1 - MAX_WRONG_AT_MOST * (1 - first.base)
    n, purity, *_ = shown[0][1]
    interval = None
    if purity is not None:
        interval = Interval(first.purity_low, 1.0, CONFIDENCE, "Clopper-Pearson, one-sided")
    return Evidence("share in one class", purity, interval, n, limit, "share", table=Table(names, rows))
