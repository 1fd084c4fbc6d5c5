"""MH005 of columns whose values a few rows share: whether the folds should have kept these rows together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Evidence, Interval, Outcome, Severity, Status, Subject
from assay.intervals import judge_upper

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from assay.trials.shuffled import SharedValue

# Models recognise a value where labels drawn by value are predicted better than this (whole interval). Values that
# mean nothing stay below it: benchmarks/health/controls.py.
RECOGNISED = 0.55
# The AUC of the real labels must fall by more than this where the rows of a value are kept together.
FALL = 0.02
# With so few rows a value it is a person, an order or a visit, and new rows bring new ones. With more it may be a
# town or a trade, whose effect new rows share: the figures are then right. The table alone cannot tell which it is.
FEW_ROWS = 5.0


def judge_shared(shared: Sequence[SharedValue]) -> Iterator[Outcome]:
    """Judge each column that fails by itself, and the others together."""
    quiet, unknown = [], []
    for column in shared:
        match _status(column):
            case Status.FAILED:
                yield _fail(column)
            case Status.PASSED:
                quiet.append(column)
            case _:
                unknown.append(column)
    if unknown:
        yield _tell_unknown(unknown)
    if quiet:
        yield _tell_quiet(quiet)


def _status(column: SharedValue) -> Status:
    fall = judge_upper(column.fall, FALL)
    match judge_upper(column.recognised_interval, RECOGNISED):
        case Status.PASSED:
            return Status.PASSED
        case Status.FAILED:
            return fall
        case _:
            return Status.PASSED if fall is Status.PASSED else Status.INCONCLUSIVE


def _has_few_rows(column: SharedValue) -> bool:
    return column.is_id or column.rows <= FEW_ROWS * column.kinds


def _fail(column: SharedValue) -> Outcome:
    assert column.fall is not None
    assert column.apart is not None
    assert column.together is not None
    name, fall = column.column, column.apart - column.together
    words = (
        f"The folds part rows with the same '{name}', and models know them again: the AUC is {column.apart:.3f}, and "
        f"{column.together:.3f} where folds keep them together (lower by {fall:.3f}, {tell_interval(column.fall)}; "
        f"{column.kinds:,} values, {column.rows:,} rows). "
    )
    blocks = _has_few_rows(column) and not column.is_used
    words += (
        "The figures about models are too good."
        if blocks
        else "The figures about models are too good for rows with new values of it, and right for rows with these."
    )
    evidence = Evidence("fall of AUC", fall, column.fall, column.rows, FALL, "AUC")
    remedy = f"Name '{name}' under `group`, if new rows come with other values of it."
    return Outcome(Status.FAILED, words, Subject((name,)), evidence, remedy, None if blocks else Severity.WARNING)


def _tell_unknown(columns: Sequence[SharedValue]) -> Outcome:
    names = tuple(c.column for c in columns)
    told = "; ".join(
        f"'{c.column}'" if c.fall is None else f"'{c.column}' {tell_interval(c.fall)}"
        for c in sorted(columns, key=lambda c: -1.0 if c.fall is None else -c.fall.high)
    )
    words = (
        "Models know again rows of other folds with the same value of these columns; whether that raises the AUC by "
        f"more than {FALL:g} cannot be told: {told}."
    )
    remedy = f"Name the column ({_listed(names)}) under `group`, if new rows come with other values of it."
    severity = Severity.WARNING if any(map(_has_few_rows, columns)) else Severity.INFO
    most = max(columns, key=lambda c: -1.0 if c.fall is None else c.fall.high)
    known = most.fall is not None and most.apart is not None and most.together is not None
    value = most.apart - most.together if known else None  # type: ignore[operator]
    evidence = Evidence("fall of AUC", value, most.fall, most.rows, FALL, "AUC")
    return Outcome(Status.INCONCLUSIVE, words, Subject(names), evidence, remedy, severity)


def _tell_quiet(columns: Sequence[SharedValue]) -> Outcome:
    """Nothing is seen of these; they are told together."""
    names = tuple(c.column for c in columns)
    unseen = [c for c in columns if c.recognised_interval.high <= RECOGNISED]
    parts = []
    if unseen:
        most = max(unseen, key=lambda c: c.recognised)
        parts.append(
            f"models hardly know the value again (AUC of labels drawn by value at most {most.recognised:.3f}, "
            f"{tell_interval(most.recognised_interval)}: {_listed(c.column for c in unseen)})"
        )
    parts += [
        f"models know '{c.column}' again, which raises the AUC by at most {max(0.0, c.fall.high):.3f} "
        f"({100 * c.fall.confidence:.4g}% interval)"
        for c in columns
        if c.fall is not None and c not in unseen
    ]
    words = f"Rows that share a value of a column but not the fold do no harm: {'; '.join(parts)}."
    return Outcome(Status.PASSED, words, Subject(names))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def tell_interval(interval: Interval) -> str:
    """In words."""
    return f"{100 * interval.confidence:.4g}% interval {interval.low:.3f} to {interval.high:.3f}"
