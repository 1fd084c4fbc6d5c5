"""DQ100 of a table where it lives: the same statuses and words as of one in memory, and keys in place of positions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assay.findings import Action, Check, Evidence, Outcome, Severity, Status, Subject, run_checks
from assay.validation.backends.place import NOT_HERE, REMEDIES, LostError, ambiguous
from assay.validation.backends.types import held_by_type
from assay.validation.column_rows import why_no_rows
from assay.validation.drift.outcome import KINDS as DRIFT_KINDS
from assay.validation.drift.outcome import told
from assay.validation.expectations import (
    ABOUT_ROWS,
    EXPECTATION_CHECK,
    broken_share,
    names_rows,
    nothing_asked,
    shown_figure,
)
from assay.validation.wording import expectation_title, share_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from assay.findings import Finding
    from assay.validation.backends.keys import FailingKeys
    from assay.validation.backends.place import Place
    from assay.validation.engine import Raw
    from assay.validation.suite import Expectation, Suite


_IN_ORDER = ("expect_column_values_to_be_increasing", "expect_column_values_to_be_decreasing")
_LOST = "See to it that {source} can be reached, and validate again: nothing is known of what was still to be asked."
_RAISED = "See that it fits the type of the column; the log (--verbose) holds the traceback."


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is known where an expectation becomes a finding.

    Attributes
    ----------
    place, rows
        The table, and the number of its rows.
    key
        Column whose values name rows; None where there is none.
    private
        Columns of which no value may be shown.
    keys
        Takes the failing keys.
    at, item, title, raw
        Place of the expectation in the suite, itself, in words, and what became of it.
    """

    place: Place
    rows: int
    key: str | None
    private: Collection[str]
    keys: FailingKeys
    at: int
    item: Expectation
    title: str
    raw: Raw


def place_findings(
    place: Place, rows: int, suite: Suite, *, key: str | None, private: Collection[str], keys: FailingKeys
) -> tuple[Finding, ...]:
    """One finding for each expectation, in the order of the suite; an empty suite is inconclusive.

    Parameters
    ----------
    place
        The table.
    rows
        Number of its rows, at least 1.
    suite
        Read for the columns of the table.
    key
        Column whose values name rows, or None.
    private
        Columns of which no single value may be shown.
    keys
        Takes the failing keys of each failed expectation, under its place in the suite.
    """
    if not suite.expectations:
        return (nothing_asked(suite),)
    findings: list[Finding] = []
    for at, (item, raw) in enumerate(zip(suite.expectations, _hold(place, suite.expectations), strict=True)):
        title = expectation_title(item.kind, item.kwargs, item.columns, item.pattern)
        check = Check(EXPECTATION_CHECK.code, title, item.severity, _outcome, item.rule)
        findings += run_checks((check,), Question(place, rows, key, private, keys, at, item, title, raw))
    return tuple(findings)


def _hold(place: Place, expectations: Sequence[Expectation]) -> list[Raw]:
    """What became of each: of those on types of pandas by the columns alone, of the others by asking the place."""
    by_type = [ambiguous(item, place.columns) or held_by_type(item, place.columns) for item in expectations]
    others = [item for item, raw in zip(expectations, by_type, strict=True) if raw is None]
    held = iter(place.hold(others) if others else [])
    return [next(held) if raw is None else raw for raw in by_type]


def _outcome(asked: Question) -> Iterator[Outcome]:
    item, raw, title = asked.item, asked.raw, asked.title
    subject = Subject(item.columns)
    if raw.failure == NOT_HERE and item.kind in _IN_ORDER:
        message = f"A table in a database has no order of rows, so that nothing can be said: {title}."
        remedy = "Delete the expectation, or let `assay gate` load the data in the order that is meant."
        yield Outcome(Status.INCONCLUSIVE, message, subject, Evidence("order", None, n=asked.rows), remedy)
        return
    if raw.success is None:
        yield _not_carried_out(asked, subject)
        return
    condition = item.kwargs.get("row_condition")
    if condition and not item.kind.startswith(ABOUT_ROWS):
        meeting = asked.place.count_rows(condition)
        if not meeting:
            # A slip in the condition must not turn a rule off; nor must a place that went away.
            status = Status.INCONCLUSIVE if meeting == 0 else Status.ERROR
            why = "No row meets the row condition" if meeting == 0 else "The rows that it is about cannot be counted"
            message = f"{why}, so that nothing was held against the expectation: {title}."
            remedy = "Correct the row condition, or delete the expectation."
            yield Outcome(status, message, subject, Evidence("rows", meeting, n=meeting, unit="rows"), remedy)
            return
    # Of distinct values an unexpected count is no count of rows.
    answer = _on_rows if "element_count" in raw.result else _on_the_whole
    answer = _on_drift if item.kind in DRIFT_KINDS else answer
    status, message, evidence = answer(asked)
    remedy = "Correct the data at the source, or the expectation if it asks too much." * (status is Status.FAILED)
    yield Outcome(status, message, subject, evidence, remedy)


def _not_carried_out(asked: Question, subject: Subject) -> Outcome:
    place, why = asked.place, asked.raw.failure
    if place.lost:
        remedy = _LOST.format(source=place.source)
    elif why in REMEDIES:
        why, remedy = REMEDIES[why]
    elif why == NOT_HERE:
        why = f"{why} ({place.engine})"
        remedy = "Write it with another expectation, or let `assay gate` load the data: in memory it is known."
    else:
        remedy = _RAISED
    return Outcome(
        Status.ERROR, f"The expectation could not be carried out ({why}): {asked.title}.", subject, remedy=remedy
    )


def _on_rows(asked: Question) -> tuple[Status, str, Evidence]:
    """An expectation about single rows. Its share is an exact count, held against `mostly` by GX."""
    raw, item, title = asked.raw, asked.item, asked.title
    broken, evidence = broken_share(item, raw)
    n, interval = evidence.n, evidence.interval
    private = not ({*asked.private} - {asked.key}).isdisjoint(item.columns)
    if not n:
        return Status.INCONCLUSIVE, f"There is no value to hold against the expectation: {title}.", evidence
    if raw.success:
        if not broken:
            return Status.PASSED, f"{title}: all {n:,} values keep it.", evidence
        named = f" {_name_rows(asked, broken)}" if names_rows(item.kind, broken, asked.rows, kept=True) else ""
        told = share_of(broken, n, "values", interval, private=private)
        return Status.PASSED, f"{title}: {told} break it.{named}", evidence
    named = _name_rows(asked, broken)
    told = share_of(broken, n, "values", interval, private=private)
    return Status.FAILED, f"Broken by {told}: {title}. {named}", evidence


def _name_rows(asked: Question, broken: int) -> str:
    """Keep the keys of the failing rows; a sentence that says where they are, or why they are nowhere."""
    if asked.key is None:
        return "The rows cannot be named: no column is configured as `id`."
    reason = f"Breaks the expectation: {asked.title}."
    out = asked.item.severity is Severity.CRITICAL and not asked.raw.success
    action = Action.QUARANTINE if out else Action.REVIEW
    try:
        chunks = asked.place.failing_keys(asked.item, asked.key)
        found = (
            None
            if chunks is None
            else asked.keys.add(chunks, place=asked.at, reason=reason, action=action, expected=broken)
        )
    except LostError as error:
        return f"The rows cannot be named: {error}."
    except (TypeError, ValueError, OverflowError):  # SQLite keeps texts and numbers in one column
        return f"The rows cannot be named: the values of '{asked.key}' are of several types."
    if found is None:
        return "The rows cannot be named: its type has no row rule here."
    if found != broken:
        # Rows came or went meanwhile, or the two ways of counting differ: wrong names are worse than none.
        return f"The rows cannot be named: {found:,} were found where {broken:,} were counted."
    return f"The ids of these rows are in `{asked.keys.shown}`."


def _on_drift(asked: Question) -> tuple[Status, str, Evidence]:
    return told(asked.item, asked.raw, asked.title, rows=asked.rows, private=asked.private)


def _on_the_whole(asked: Question) -> tuple[Status, str, Evidence]:
    """An expectation about a whole column or table."""
    raw, title = asked.raw, asked.title
    observed = shown_figure(asked.item, raw.result, asked.private)
    seen = "" if observed is None else f" Observed: {observed:.10g}."
    evidence = Evidence(asked.item.kind.removeprefix("expect_"), observed, n=asked.rows)
    if raw.success and _says_nothing(asked):
        return Status.INCONCLUSIVE, f"There is no value to hold against the expectation: {title}.", evidence
    if raw.success:
        return Status.PASSED, f"{title}.{seen}", evidence
    return Status.FAILED, f"Not so: {title}.{seen} {_name_rows_to_blame(asked)}", evidence


def _name_rows_to_blame(asked: Question) -> str:
    """Name the rows without which an expectation about a whole column would hold, where a user would expect some."""
    rule = _rule_of_rows(asked.item, asked.raw.result.get("observed_value"))
    if rule is None:
        return why_no_rows(asked.item.kind)
    (raw,) = asked.place.hold([rule])
    broken = int(raw.result.get("unexpected_count") or 0)
    if raw.success is None or not broken:
        return why_no_rows(asked.item.kind) if raw.success else f"The rows cannot be named: {raw.failure}."
    return _name_rows(replace(asked, item=rule), broken)


def _rule_of_rows(item: Expectation, observed: Any) -> Expectation | None:
    """The expectation on rows that the rows to blame break; the same as `assay.validation.column_rows` in memory."""
    kwargs = {name: item.kwargs[name] for name in ("column", "row_condition") if name in item.kwargs}
    match item.kind:
        case "expect_column_max_to_be_between" if item.kwargs.get("max_value") is not None:
            kind, own = "between", {"max_value": item.kwargs["max_value"], "strict_max": item.kwargs.get("strict_max")}
        case "expect_column_min_to_be_between" if item.kwargs.get("min_value") is not None:
            kind, own = "between", {"min_value": item.kwargs["min_value"], "strict_min": item.kwargs.get("strict_min")}
        case "expect_column_distinct_values_to_be_in_set" | "expect_column_distinct_values_to_equal_set":
            kind, own = "in_set", {"value_set": item.kwargs.get("value_set") or []}
        # Not where too many values are there.
        case "expect_column_proportion_of_non_null_values_to_be_between" if observed <= (
            item.kwargs.get("min_value") or 0
        ):
            kind, own = "not_null", {}
        case _:
            return None
    name = f"expect_column_values_to_{'not_be_null' if kind == 'not_null' else f'be_{kind}'}"
    given = {key: value for key, value in own.items() if value is not None}
    return replace(item, kind=name, kwargs={**kwargs, **given})


def _says_nothing(asked: Question) -> bool:
    if asked.item.kind.startswith("expect_column_distinct_values"):  # which observes no value in any case
        return not asked.place.count_keys(asked.item.kwargs["column"])
    return asked.raw.result.get("observed_value", 0) is None
