"""MH026: what changes over time, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Evidence, Interval, Outcome, Status, Subject, Table
from assay.health.leakage.over_time import MIN_TIMES
from assay.health.leakage.split_parts import MOST_PARTS
from assay.intervals import judge_upper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.health.leakage.over_time import Change
    from assay.health.leakage.scan import Scan
    from assay.health.leakage.split_parts import Parts

# A share of a class, or of wrong predictions, that moves by more makes a score of random folds another than that of
# the next month.
MAX_MOVE = 0.1
# A feature that tells late from early rows better has values of its own for each time.
MAX_AUC = 0.8
# Rows of a part that may lie among those of the part before it.
MAX_DISORDER = 0.05
_SHOWN = 10


def change_over_time(scan: Scan) -> Iterator[Outcome]:
    """MH026: label, features, errors and split along the time."""
    time = scan.context.dataset.roles.time
    if time is None:
        yield Outcome(Status.NOT_APPLICABLE, "No column is named as the time (`time`).")
        return
    change = scan.change
    if isinstance(change, str):
        if change:
            words = f"What changes over time was not looked at: column '{time}' {change}."
            yield Outcome(Status.INCONCLUSIVE, words, Subject((time,)), remedy=f"Convert '{time}', or name another.")
        else:
            yield Outcome(
                Status.NOT_APPLICABLE,
                f"Column '{time}' has one time in all rows: nothing can change.",
                Subject((time,)),
            )
        return
    yield from _of_features(change, time)
    yield from _of_split(change, time, scan.context.dataset.roles.split, scan.overlaps.parts)
    yield from _of_errors(change, time)
    # Last: it always says something.
    yield _of_label(change, time, scan.context.dataset.roles.label)


def _of_label(change: Change, time: str, label: str) -> Outcome:
    subject = Subject((time, label))
    lacking = f" {change.missing:,} rows have no time." if change.missing else ""
    if change.labels is None:
        words = (
            f"Whether the label changes over time cannot be told: of {change.rows:,} labelled rows with a time "
            f"{change.late:,} are late ones; it takes ten late ones and five blocks of ten early ones.{lacking}"
        )
        return Outcome(
            Status.INCONCLUSIVE, words, subject, Evidence("change of a share", None, n=change.rows), "Add rows."
        )
    bounds = {name: _absolute(interval) for name, (_, interval) in change.labels.items()}
    judged = {name: judge_upper(interval, MAX_MOVE) for name, interval in bounds.items()}
    order = (Status.PASSED, Status.INCONCLUSIVE, Status.FAILED)
    worst = max(judged, key=lambda name: (order.index(judged[name]), bounds[name].high))
    status, (moved, interval) = judged[worst], change.labels[worst]
    few = status is Status.FAILED and change.times < MIN_TIMES
    status = Status.INCONCLUSIVE if few else status
    verdict = {
        Status.PASSED: "The label is as frequent late as early",
        Status.FAILED: "The label changes over time",
        Status.INCONCLUSIVE: "Whether the label changes over time cannot be told",
    }[status]
    words = (
        f"{verdict}: among the last {change.late:,} of {change.rows:,} rows by column '{time}' the share of "
        f"'{worst}' is {_points(moved)} than before ({_interval(interval)}), against a limit of {100 * MAX_MOVE:g}."
        f"{lacking}"
    )
    remedy = ""
    if few:
        words += f" Earlier times: {change.times:,}. What differs from time to time anyway is not known."
    if status is Status.FAILED:
        words += " A score of random folds is of the mean of all times, and not of what comes next."
        remedy = "Test on the latest rows, and ask what changed: the cases, or the way they are labelled."
    evidence = Evidence("change of a share", abs(moved), bounds[worst], change.rows, MAX_MOVE, "share")
    return Outcome(
        status, words, subject, evidence, remedy or ("Add rows, of more times." if status is not Status.PASSED else "")
    )


def _of_errors(change: Change, time: str) -> Iterator[Outcome]:
    if change.errors is None:
        return
    moved, interval = change.errors
    if judge_upper(interval, MAX_MOVE) is not Status.FAILED or change.times < MIN_TIMES:
        return
    words = (
        f"Held-out predictions are worse on late rows: among the last {change.late:,} rows by column '{time}' the "
        f"share of wrong ones is {_points(moved)} than before ({_interval(interval)}), against a limit of "
        f"{100 * MAX_MOVE:g}. "
        "These predictions come from models that have seen rows of all times; of a model of the past expect worse."
    )
    evidence = Evidence("change of a share", moved, interval, change.late, MAX_MOVE, "share")
    remedy = "Judge models by a split by time, and train them anew as data arrive."
    yield Outcome(Status.FAILED, words, Subject((time,)), evidence, remedy)


def _of_features(change: Change, time: str) -> Iterator[Outcome]:
    ranked = sorted(change.features, key=lambda name: -change.features[name].value)
    table = Table(
        ("feature", "AUC", "low", "high"),
        tuple(
            (name, (auc := change.features[name]).value, auc.interval.low, auc.interval.high)
            for name in ranked[:_SHOWN]
        ),
    )
    for name in ranked:
        auc = change.features[name]
        if auc.interval.low <= MAX_AUC:
            continue
        words = (
            f"Column '{name}' tells the last {change.late:,} rows by column '{time}' from the earlier ones: AUC "
            f"{auc.value:.3f} (interval {auc.interval.low:.3f} to {auc.interval.high:.3f}), against a limit of "
            f"{MAX_AUC:g}. It stands for the time: a model that is used later meets values that it has not learned."
        )
        evidence = Evidence("AUC", auc.value, auc.interval, change.rows, MAX_AUC, "AUC", table=table)
        remedy = f"Leave '{name}' out, or make a feature of it that means the same at all times, such as an age."
        yield Outcome(Status.FAILED, words, Subject((name,)), evidence, remedy)


def _of_split(change: Change, time: str, split: str | None, parts: Parts) -> Iterator[Outcome]:
    if split is None:
        return
    subject = Subject((split, time))
    if not parts.are_few:
        words = (
            f"Whether the split follows the time (column '{time}') was not looked at: column '{split}' has "
            f"{len(parts.rows):,} values; a split has at most {MOST_PARTS}."
        )
        remedy = "Name a column with a value for each part, such as train and test."
        yield Outcome(Status.INCONCLUSIVE, words, subject, remedy=remedy)
        return
    wrong = sorted((pair for pair in change.disorder if pair[3] > MAX_DISORDER * pair[2]), key=lambda p: -p[3] / p[2])
    if not wrong:
        return
    earlier, later, rows, among = wrong[0]
    words = (
        f"The split (column '{split}') does not follow the time (column '{time}'): of the {rows:,} rows of part "
        f"'{later}' {among:,} ({among / rows:.1%}) are not later than 99% of those of part '{earlier}'. "
        f"{f'So it is with {len(wrong) - 1:,} more parts. ' if wrong[1:] else ''}"
        "A model that is tested so has seen the future of what it is asked, and looks better than it is where things "
        f"change.{parts.skipped}"
    )
    table = Table(
        ("part", "earlier part", "rows", "not later", "share"),
        tuple((after, before, n, many, many / n) for before, after, n, many in wrong),
    )
    evidence = Evidence("share not later", among / rows, n=rows, threshold=MAX_DISORDER, unit="share", table=table)
    remedy = "Test on rows that are later than all that was trained on, if the model is to predict what comes."
    yield Outcome(Status.FAILED, words, subject, evidence, remedy)


def _absolute(interval: Interval) -> Interval:
    low = max(0.0, interval.low, -interval.high)
    return Interval(low, max(abs(interval.low), abs(interval.high)), interval.confidence, interval.method)


def _points(moved: float) -> str:
    return f"{100 * abs(moved):.1f} percentage points {'higher' if moved >= 0 else 'lower'}"


def _interval(interval: Interval) -> str:
    return f"interval {100 * interval.low:+.1f} to {100 * interval.high:+.1f}"
