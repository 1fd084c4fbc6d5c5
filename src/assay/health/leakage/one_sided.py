"""MH022 and MH023: values that fix the label, as leaks and as strong features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.findings import Evidence, Interval, Outcome, Severity, Status, Subject, Table
from assay.health.leakage.pure_values import ABOVE, BELOW, CONFIDENCE, FILLED, MISSING, UNUSUAL, VALUE
from assay.shown_text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.dataset import Dataset
    from assay.health.leakage.pure_values import PureValue, PureValues
    from assay.health.leakage.scan import Scan

# Least share of a class that a leak covers, by its carrier. Whether a value is there at all is seldom a property of
# what is described, and mostly one of what happened to it; a departure from the usual value often; a certain value
# may well be what decides.
LEAK_COVERS = {MISSING: 0.1, FILLED: 0.1, UNUSUAL: 1 / 3, VALUE: 2 / 3}
# Of more than two classes one may rightly be what a value says (feathers and birds).
LEAK_OF_MANY = (MISSING, FILLED)
# Only these are held up where rows are too few: single values of small tables are many.
CARRIERS = (MISSING, FILLED, UNUSUAL)
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
    leaks = [value for value in pure.found if is_leak(value, pure)]
    for value in leaks:
        yield _leak(value, dataset)
    if leaks:
        return
    if all(pure.counts[code] < rows for code, rows in pure.least.items()):
        words = (
            f"Whether a value gives the label away one-sidedly cannot be told from {pure.rows:,} rows: no class has "
            f"as many ({min(pure.least.values()):,}) as it takes to be sure of a value."
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
        if value.sure and value.column not in leaking:
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
    """Whether a value is held for a leak, or, of too few rows to be sure, might be one."""
    several = np.count_nonzero(pure.counts) > 2
    if value.kind not in LEAK_COVERS or (several and value.kind not in LEAK_OF_MANY):
        return False
    if value.sure:
        return value.covered_low >= LEAK_COVERS[value.kind]
    return value.kind in CARRIERS and value.hits >= LEAK_COVERS[value.kind] * value.of_class


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
        if value.sure
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


def _leak(value: PureValue, dataset: Dataset) -> Outcome:
    words = (
        f"{_columns(value.columns)} {_has(value, dataset)}: {_figures(value, dataset)}. A leak looks like this: "
        "something that is known only after the label is, and for one class only."
    )
    if value.sure:
        words += f" These rows are {_share(value)} of the class."
        status, severity = Status.FAILED, None
    else:
        words += f" The rows are too few to be sure that it fixes the label; they are {_share(value)} of the class."
        status, severity = Status.INCONCLUSIVE, Severity.WARNING
    named = ", ".join(f"'{name}'" for name in value.columns)
    remedy = (
        f"Ask whether {named} is known when a prediction is due. If it follows from the label, list it under `ignore` "
        "and audit again: the models of this audit have seen it. If not, waive this finding with the reason."
    )
    return Outcome(status, words, Subject(value.columns), _evidence([value], dataset), remedy, severity)


def _clean(pure: PureValues, dataset: Dataset) -> Outcome:
    judged = [code for code, rows in pure.least.items() if pure.counts[code] >= rows]
    least = max(pure.least[code] for code in judged)
    unjudged = len(pure.least) - len(judged)
    rare = f" Of {unjudged:,} class{'es' * (unjudged > 1)} there are too few rows to see one." if unjudged else ""
    words = (
        f"No value gives the label away one-sidedly: {pure.tried:,} values, ranges and patterns of missing values "
        f"were looked at in {pure.rows:,} rows. One is seen that {least:,} rows have.{rare}"
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
    return Outcome(Status.FAILED, words, Subject(tuple(columns)), _evidence(values, dataset), _ASK)


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
    interval = Interval(first.covered_low, 1.0, CONFIDENCE, "Clopper-Pearson, one-sided")
    covered = first.hits / first.of_class
    return Evidence(
        "share of the class", covered, interval, first.of_class, LEAK_COVERS.get(first.kind), "share", table=table
    )
