"""MH022 and MH023: values that fix the label, as leaks and as strong features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from assay.findings import Evidence, Outcome, Severity, Status, Subject
from assay.health.leakage.fixed import FILLED, MISSING, UNUSUAL
from assay.health.leakage.pure_values import MAX_WRONG
from assay.health.leakage.telling import NOT_TOLD, SHOWN, evidence, figures, has, tells_of_few, told

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
VALUES_NAMED = 3


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
            *figures(value, dataset),
            is_leak(value, pure),
        )
        for value in pure.found
        if value.sure and (value.fits or is_leak(value, pure))
        for name in value.columns
    ]
    names = ["column", "kind", "value", "label", "rows", "purity", "purity_low", "base"]
    # Objects: a column of counts with a None would become one of floats.
    return pd.DataFrame(rows, columns=[*names, "covered", "covered_low", "leak"], dtype=object)


def _not_applicable(dataset: Dataset, pure: PureValues) -> str:
    if dataset.target is not None:
        return "The label is a number, which no value fixes. DQ017 asks whether a feature alone predicts it."
    return "" if pure.least else "A label can only be given away where rows have at least two."


def _leak(value: PureValue, pure: PureValues, dataset: Dataset) -> Outcome:
    named = ", ".join(f"'{name}'" for name in value.columns)
    more = f" (and {len(value.columns) - 1:,} more, in the same rows)" if value.columns[1:] else ""
    few = tells_of_few(value, dataset)
    label, wrong = dataset.labels.classes[value.code], value.rows - value.hits
    exceptions = "The exceptions" if few else f"The {wrong:,} exceptions"
    rows, share, at_least, gives = (
        ("", "nearly all rows", "", "a part")
        if few
        else (
            f" ({value.rows:,} rows)",
            f"{value.hits / value.rows:.1%}",
            f" (at least {value.purity_low:.1%})",
            f"{value.hits / value.of_class:.1%} (at least {value.covered_low:.1%})",
        )
    )
    words = (
        f"Whenever '{value.column}'{more} {has(value, dataset)}{rows}, {share} are '{label}'{at_least}, against "
        f"{value.base:.1%} of all rows. If that is known only after the outcome, it is a leak: it gives away {gives} "
        f"of the class.{f' {NOT_TOLD}' if few else ''}"
    )
    status: Status = Status.INCONCLUSIVE
    severity: Severity | None = Severity.WARNING
    if not value.sure:
        words += " The rows are too few to be sure."
    elif not value.fits:
        words += f" {exceptions} are too many to be sure: it may be a strong feature."
    elif pure.shares[value.code] == RARER:
        words += " The classes are of one size: it may as well be a question that is not put to the other one."
    else:
        status, severity = Status.FAILED, None
        if wrong > MAX_WRONG * (1 - value.base) * value.rows:
            words += f" {exceptions} may be wrong labels: {value.noise:.1%} of the other rows are suspect."
    remedy = (
        f"Ask whether {named} is known when a prediction is due. If it follows from the label, list it under `ignore` "
        "and audit again: the models of this audit have seen it. If not, waive this finding with the reason."
    )
    return Outcome(status, words, Subject(value.columns), evidence([value], dataset), remedy, severity)


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
    parts = [f"where it {has(value, dataset)}, {_figures(value, dataset)}" for value in values[:VALUES_NAMED]]
    more = f"; and {len(values) - VALUES_NAMED:,} more" if len(values) > VALUES_NAMED else ""
    words = (
        f"{_columns(columns)} fixes the label in a part of the rows: {'; '.join(parts)}{more}. That may be a strong "
        "feature or a rule of the process; a model will lean on it."
    )
    if any(tells_of_few(value, dataset) for value in values[:VALUES_NAMED]):
        words += f" {NOT_TOLD}"
    # Every strong feature has an end at which all rows are of one class: that is told, and no warning.
    mild = all(value.covered_low < MILD for value in values)
    severity = Severity.INFO if mild else None
    return Outcome(Status.FAILED, words, Subject(tuple(columns)), evidence(values, dataset), _ASK, severity)


def _columns(columns: Sequence[str]) -> str:
    return f"Column '{columns[0]}'" + (f" (and {len(columns) - 1:,} more, in the same rows)" if columns[1:] else "")


def _figures(value: PureValue, dataset: Dataset) -> str:
    label = dataset.labels.classes[value.code]
    if tells_of_few(value, dataset):
        return f"nearly all rows are '{label}' (against {value.base:.1%} of all rows looked at)"
    return (
        f"{value.hits:,} of {value.rows:,} rows are '{label}' ({value.hits / value.rows:.1%}, at least "
        f"{value.purity_low:.1%}, against {value.base:.1%} of all rows looked at)"
    )
