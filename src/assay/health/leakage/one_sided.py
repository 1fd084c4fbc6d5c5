"""MH022 and MH023: values that fix the label, as leaks and as strong features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.findings import Evidence, Interval, Outcome, Severity, Status, Subject, Table
from assay.health.leakage.fixed import ABOVE, BELOW, FILLED, MISSING, UNUSUAL, VALUE
from assay.health.leakage.pure_values import CONFIDENCE, MAX_WRONG, MAX_WRONG_AT_MOST
from assay.shown_text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.dataset import Dataset
    from assay.health.leakage.fixed import PureValue, PureValues
    from assay.health.leakage.scan import Scan

# Least share of a class that a leak covers, by its carrier. Whether a value is there at all is often one of what
# happened to what is described, less often a departure from the usual value; a certain value may well be what decides,
# and is no leak for it.
LEAK_COVERS = {MISSING: 0.1, FILLED: 0.1, UNUSUAL: 1 / 3}
# A question that is not put to some (working hours of the unemployed) excludes them from the rarer class: their gaps
# fix the frequent one. Only what fixes the rarer one is held for a leak; of classes of one size it is asked.
RARER = 0.5
# Values that surely cover less of their class only inform.
MILD = 0.1
SHOWN = 20
VALUES_NAMED = 3
# A longer text, or one of more than so many, is free text.
_LONGEST, _MOST_TEXTS = 40, 100


def one_sided_leaks(scan: Scan) -> Iterator[Outcome]:
    """MH022: what a row has in a column gives its label away, in a part of the rows."""
    pure, dataset = scan.pure, scan.context.dataset
    reason = _not_applicable(dataset, pure)
    if reason:
        yield Outcome(Status.NOT_APPLICABLE, reason)
        return
    if len(pure.least) > 2:
        words = (
            "Of more than two classes one may rightly be what a value, or a gap, says (feathers and birds): none is "
            "held for a leak. MH023 names those that fix a class."
        )
        yield Outcome(Status.NOT_APPLICABLE, words)
        return
    leaks = [value for value in pure.found if is_leak(value, pure)]
    for value in leaks:
        yield _leak(value, pure, dataset)
    if leaks:
        return
    rarer = _rarer(pure)
    if pure.counts[rarer] < pure.least[rarer]:
        words = (
            f"Whether a column gives the rarer class away cannot be told: it has {pure.counts[rarer]:,} rows, and it "
            f"takes {pure.least[rarer]:,} to be sure."
        )
        yield Outcome(
            Status.INCONCLUSIVE, words, Subject((dataset.roles.label,)), remedy="Add rows.", severity=Severity.WARNING
        )
        return
    yield _clean(pure, dataset)


def values_that_fix(scan: Scan) -> Iterator[Outcome]:
    """MH023: values that fix the label without the marks of a leak."""
    pure, dataset = scan.pure, scan.context.dataset
    reason = _not_applicable(dataset, pure)
    if reason:
        yield Outcome(Status.NOT_APPLICABLE, reason)
        return
    leaking = {name for value in pure.found if is_leak(value, pure) for name in value.columns}
    by_columns: dict[tuple[str, ...], list[PureValue]] = {}
    for value in pure.found:
        if value.sure and value.fits and value.column not in leaking:
            by_columns.setdefault(value.columns, []).append(value)
    for columns, values in list(by_columns.items())[:SHOWN]:
        yield _fixes(columns, values, dataset)
    if more := list(by_columns)[SHOWN:]:
        names = tuple(dict.fromkeys(name for columns in more for name in columns))
        words = f"{len(names):,} further columns have values that fix the label; each covers less of its class."
        yield Outcome(Status.FAILED, words, Subject(names), Evidence("columns", len(names), unit="columns"), _ASK)
    if not by_columns:
        named = " besides those of MH022" * bool(leaking)
        words = (
            f"No value fixes the label{named}, of {pure.tried:,} values, ranges and patterns in {pure.rows:,} rows."
        )
        yield Outcome(Status.PASSED, words, evidence=Evidence("values that fix the label", 0, n=pure.rows))


def is_leak(value: PureValue, pure: PureValues) -> bool:
    """Whether a value is held for a leak, or might be one; never where there are more than two classes.

    It might where rows are too few to be sure, or exceptions more than wrong labels explain.
    """
    if len(pure.least) > 2 or value.kind not in LEAK_COVERS or pure.shares[value.code] > RARER:
        return False
    if value.sure:
        return value.covered_low >= LEAK_COVERS[value.kind]
    return value.hits >= LEAK_COVERS[value.kind] * value.of_class


def _rarer(pure: PureValues) -> int:
    return min(pure.least, key=lambda code: float(pure.shares[code]))


def tabulate_pure_values(pure: PureValues, dataset: Dataset) -> pd.DataFrame:
    """A row for each value that fixes a class: see `assay.health.leakage.PART`."""
    classes = dataset.labels.classes
    rows = [
        (
            name,
            value.kind,
            told(value, dataset),
            classes[value.code],
            value.rows,
            value.hits / value.rows,
            value.purity_low,
            value.base,
            value.hits / value.of_class,
            value.covered_low,
            is_leak(value, pure),
        )
        for value in pure.found
        if value.sure and (value.fits or is_leak(value, pure))
        for name in value.columns
    ]
    names = ["column", "kind", "value", "label", "rows", "purity", "purity_low", "base"]
    return pd.DataFrame(rows, columns=[*names, "covered", "covered_low", "leak"])


def told(value: PureValue, dataset: Dataset) -> str | None:
    """The value as it may be told: None for one of people, of an id, or of free text."""
    roles = dataset.roles
    if value.value is None or value.column in (*roles.sensitive, *roles.group_columns, roles.id, roles.group):
        return None
    if isinstance(value.value, float | np.floating):
        return f"{value.value:.4g}"
    if isinstance(value.value, pd.Timestamp | np.datetime64):
        return f"{pd.Timestamp(value.value):%Y-%m-%d}"
    if isinstance(value.value, int | np.integer | bool | np.bool_):
        return str(value.value)
    text = str(value.value)
    free = len(text) > _LONGEST or dataset.frame[value.column].nunique() > _MOST_TEXTS
    return None if free else clean(text)


def _not_applicable(dataset: Dataset, pure: PureValues) -> str:
    if dataset.target is not None:
        return "The label is a number, which no value fixes. DQ017 asks whether a feature alone predicts it."
    return "" if pure.least else "A label can only be given away where rows have at least two."


def _leak(value: PureValue, pure: PureValues, dataset: Dataset) -> Outcome:
    named = ", ".join(f"'{name}'" for name in value.columns)
    more = f" (and {len(value.columns) - 1:,} more, in the same rows)" if value.columns[1:] else ""
    label, wrong = dataset.labels.classes[value.code], value.rows - value.hits
    words = (
        f"Whenever '{value.column}'{more} {_has(value, dataset)} ({value.rows:,} rows), "
        f"{value.hits / value.rows:.1%} are '{label}' (at least {value.purity_low:.1%}), against {value.base:.1%} of "
        "all rows. If that is known only after the outcome, it is a leak: it gives away "
        f"{_share(value)} of the class."
    )
    status: Status = Status.INCONCLUSIVE
    severity: Severity | None = Severity.WARNING
    if not value.sure:
        words += " The rows are too few to be sure."
    elif not value.fits:
        words += f" The {wrong:,} exceptions are too many to be sure: it may be a strong feature."
    elif pure.shares[value.code] == RARER:
        words += " The classes are of one size: it may as well be a question that is not put to the other one."
    else:
        status, severity = Status.FAILED, None
        if wrong > MAX_WRONG * (1 - value.base) * value.rows:
            words += f" The {wrong:,} exceptions may be wrong labels: {value.noise:.1%} of the other rows are suspect."
    remedy = (
        f"Ask whether {named} is known when a prediction is due. If it follows from the label, list it under `ignore` "
        "and audit again: the models of this audit have seen it. If not, waive this finding with the reason."
    )
    return Outcome(status, words, Subject(value.columns), _evidence([value], dataset), remedy, severity)


def _clean(pure: PureValues, dataset: Dataset) -> Outcome:
    rarer = _rarer(pure)
    fixing = {value.column for value in pure.found if value.sure and value.fits}
    named = f" {len(fixing):,} column{'s' * (len(fixing) > 1)} in another way: see MH023." if fixing else ""
    words = (
        f"No column gives '{dataset.labels.classes[rarer]}' away by being missing, filled in or unusual, in "
        f"{pure.rows:,} rows. A leak carried by {pure.least[rarer]:,} rows or more would have been found."
        f"{' The label is fixed by' + named if named else ''}"
    )
    return Outcome(
        Status.PASSED,
        words,
        Subject((dataset.roles.label,)),
        Evidence("one-sided leaks", 0, n=pure.rows, threshold=0, unit="values"),
    )


_ASK = (
    "Ask of each whether it is known when a prediction is due; if it follows from the label, list it under `ignore`."
)


def _fixes(columns: Sequence[str], values: Sequence[PureValue], dataset: Dataset) -> Outcome:
    parts = [f"where it {_has(value, dataset)}, {_figures(value, dataset)}" for value in values[:VALUES_NAMED]]
    more = f"; and {len(values) - VALUES_NAMED:,} more" if len(values) > VALUES_NAMED else ""
    words = (
        f"{_columns(columns)} fixes the label in a part of the rows: {'; '.join(parts)}{more}. That may be a strong "
        "feature or a rule of the process; a model will lean on it."
    )
    # Every strong feature has an end at which all rows are of one class: that is told, and no warning.
    mild = all(value.covered_low < MILD for value in values)
    severity = Severity.INFO if mild else None
    return Outcome(Status.FAILED, words, Subject(tuple(columns)), _evidence(values, dataset), _ASK, severity)


def _columns(columns: Sequence[str]) -> str:
    return f"Column '{columns[0]}'" + (f" (and {len(columns) - 1:,} more, in the same rows)" if columns[1:] else "")


def _has(value: PureValue, dataset: Dataset) -> str:
    shown = told(value, dataset)
    words = {
        MISSING: "is missing",
        FILLED: "is filled in",
        UNUSUAL: "has another than its usual value",
        VALUE: "has one certain value" if shown is None else f"is '{shown}'",
        ABOVE: "lies above a cut" if shown is None else f"is {shown} or more",
        BELOW: "lies below a cut" if shown is None else f"is {shown} or less",
    }
    return words[value.kind]


def _figures(value: PureValue, dataset: Dataset) -> str:
    purity = value.hits / value.rows
    return (
        f"{value.hits:,} of {value.rows:,} rows are '{dataset.labels.classes[value.code]}' ({purity:.1%}, at least "
        f"{value.purity_low:.1%}, against {value.base:.1%} of all rows looked at)"
    )


def _share(value: PureValue) -> str:
    return f"{value.hits / value.of_class:.1%} (at least {value.covered_low:.1%})"


def _evidence(values: Sequence[PureValue], dataset: Dataset) -> Evidence:
    first = values[0]
    table = Table(
        ("kind", "value", "label", "rows", "purity", "purity low", "covered", "covered low"),
        tuple(
            (
                value.kind,
                told(value, dataset),
                dataset.labels.classes[value.code],
                value.rows,
                value.hits / value.rows,
                value.purity_low,
                value.hits / value.of_class,
                value.covered_low,
            )
            for value in values[:SHOWN]
        ),
    )
    interval = Interval(first.purity_low, 1.0, CONFIDENCE, "Clopper-Pearson, one-sided")
    limit = 1 - MAX_WRONG_AT_MOST * (1 - first.base)
    purity = first.hits / first.rows
    return Evidence("share in one class", purity, interval, first.rows, limit, "share", table=table)
