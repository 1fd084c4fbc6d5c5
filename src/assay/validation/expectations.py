"""DQ100: each expectation of the suite as a finding, and the rows that break it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assay.findings import (
    Action,
    Check,
    Evidence,
    Outcome,
    RowFlags,
    Severity,
    Status,
    Subject,
    run_checks,
    stamp,
)
from assay.intervals import wilson
from assay.validation.column_rows import TYPE_KINDS, no_numbers, rows_to_blame, why_no_rows
from assay.validation.condition import count_rows
from assay.validation.drift.outcome import KINDS as DRIFT_KINDS
from assay.validation.drift.outcome import drift_outcome
from assay.validation.engine import quiet
from assay.validation.in_memory import run_expectations
from assay.validation.own.rows import reasons
from assay.validation.reasons import reasons_of
from assay.validation.wording import expectation_title, share_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.findings import Finding
    from assay.validation.engine import Raw
    from assay.validation.suite import Expectation, Suite

# Figures that describe the whole column; the others may be a value of one row.
_FIGURES = ("count", "mean", "median", "stdev", "sum", "proportion", "z_score", "divergence")

# Rows that break an expectation which the data keep are a list to look through up to this share of them.
MAX_NAMED_SHARE = 0.1
# Where a share of breaks is allowed, these say how many values may be missing or extreme: each of these is as good as
# any other value.
_MATTERS_OF_DEGREE = frozenset(
    {
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_be_null",
        "expect_column_values_to_be_between",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_values_to_not_be_outliers",
        "expect_column_value_z_scores_to_be_less_than",
    }
)

# That no row meets a condition answers these.
ABOUT_ROWS = "expect_table_row_count"


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """An expectation that was held against a dataset, and what Great Expectations made of it."""

    dataset: Dataset
    expectation: Expectation
    title: str
    raw: Raw

    @property
    def rule(self) -> str:
        """The title as a rule for a single row, which keeps it or not."""
        item = self.expectation
        whole = {key: value for key, value in item.kwargs.items() if key != "mostly"}
        return expectation_title(item.kind, whole, item.columns, item.pattern)


def suite_findings(dataset: Dataset, suite: Suite) -> tuple[Finding, ...]:
    """One finding for each expectation, in the order of the suite; an empty suite is inconclusive."""
    if not suite.expectations:
        return (nothing_asked(suite),)
    findings: list[Finding] = []
    for item, raw in zip(suite.expectations, run_expectations(dataset.frame, suite.expectations), strict=True):
        title = expectation_title(item.kind, item.kwargs, item.columns, item.pattern)
        check = replace(EXPECTATION_CHECK, title=title, severity=item.severity, rule=item.rule)
        findings += run_checks((check,), Held(dataset, item, title, raw))
    return tuple(findings)


def nothing_asked(suite: Suite) -> Finding:
    """What an empty suite shows: nothing."""
    nothing = Outcome(
        Status.INCONCLUSIVE,
        f"Suite '{suite.name}' holds no expectation, so that nothing was asked of the data.",
        remedy="Write expectations into it, or leave out `validation.suite`.",
    )
    return stamp(EXPECTATION_CHECK, nothing)


def expectation_outcome(held: Held) -> Iterator[Outcome]:
    """DQ100: what became of one expectation, in words, with the rows that break it."""
    item, raw, title = held.expectation, held.raw, held.title
    subject = Subject(item.columns)
    if raw.success is None:
        yield _not_carried_out(held, subject)
        return
    condition = item.kwargs.get("row_condition")
    if condition and not item.kind.startswith(ABOUT_ROWS) and count_rows(held.dataset.frame, condition) == 0:
        # A slip in the condition must not turn a rule off.
        message = f"No row meets the row condition, so that nothing was held against the expectation: {title}."
        remedy = "Correct the row condition, or delete the expectation."
        yield Outcome(Status.INCONCLUSIVE, message, subject, Evidence("rows", 0, n=0, unit="rows"), remedy)
        return
    # Of distinct values an unexpected count is no count of rows.
    if item.kind in DRIFT_KINDS:
        status, message, evidence = drift_outcome(held.dataset, item, raw, title)
    else:
        status, message, evidence = (_row_level if "element_count" in raw.result else _whole)(held)
    remedy = "Correct the data at the source, or the expectation if it asks too much." * (status is Status.FAILED)
    yield Outcome(status, message, subject, evidence, remedy)


# Under its code; each expectation brings its own title and severity.
EXPECTATION_CHECK: Check[Held] = Check("DQ100", "Expectations of the suite", Severity.CRITICAL, expectation_outcome)


def _not_carried_out(held: Held, subject: Subject) -> Outcome:
    """What raised; where that are texts among numbers, the rows that hold them."""
    item, n = held.expectation, len(held.dataset)
    message = f"The expectation could not be carried out ({held.raw.failure}): {held.title}."
    remedy = "See that it fits the type of the column; the log (--verbose) holds the traceback."
    found = no_numbers(held.dataset.frame, item.kind, item.kwargs)
    if found is None:
        return Outcome(Status.ERROR, message, subject, remedy=remedy)
    column = item.kwargs["column"]
    what = f"{len(found):,} of {n:,} values of '{column}' {'is no number' if len(found) == 1 else 'are no numbers'}"
    message = f"The expectation could not be carried out, because {what}: {held.title}."
    remedy = "Correct these values at the source: with them the column is one of texts, which have no such range."
    rows = RowFlags(found, f"'{column}' is no number.", Action.REVIEW) if len(found) <= MAX_NAMED_SHARE * n else None
    evidence = Evidence("values that are no numbers", len(found), n=n, threshold=0, unit="rows", rows=rows)
    return Outcome(Status.ERROR, message, subject, evidence, remedy)


def names_rows(kind: str, broken: int, rows: int, *, kept: bool) -> bool:
    """Whether the rows that break an expectation are named: those of one that is not kept, or exceptions to one."""
    return broken > 0 and (not kept or (kind not in _MATTERS_OF_DEGREE and broken <= MAX_NAMED_SHARE * rows))


def broken_share(item: Expectation, raw: Raw) -> tuple[int, Evidence]:
    """How many values break an expectation about single rows, and their share of those that it applies to."""
    broken = int(raw.result["unexpected_count"])
    n = int(raw.result.get("element_count") or 0) - int(raw.result.get("missing_count") or 0)
    mostly = float(item.kwargs.get("mostly", 1))
    interval = wilson(broken, n) if 0 <= broken <= n else None
    share = broken / n if n else None
    return broken, Evidence("unexpected share", share, interval, n, round(1 - mostly, 12), "share")


def _row_level(held: Held) -> tuple[Status, str, Evidence]:
    """An expectation about single rows. Its share is an exact count, held against `mostly` by GX.

    The interval is that of the process the rows came from; it decides nothing here.
    """
    item, raw, title = held.expectation, held.raw, held.title
    broken, evidence = broken_share(item, raw)
    n, interval = evidence.n, evidence.interval
    private = not {*held.dataset.roles.sensitive}.isdisjoint(item.columns)
    wanted = names_rows(item.kind, broken, len(held.dataset), kept=bool(raw.success))
    rows, silence = _rows(held, broken) if wanted else (None, "")
    evidence = replace(evidence, rows=rows)
    if not n:
        return Status.INCONCLUSIVE, f"There is no value to hold against the expectation: {title}.", evidence
    if raw.success:
        told = share_of(broken, n, "values", interval, private=private)
        kept = f"{told} break it" if broken else f"all {n:,} values keep it"
        return Status.PASSED, f"{title}: {kept}.", evidence
    told = share_of(broken, n, "values", interval, private=private)
    return Status.FAILED, f"Broken by {told}: {title}.{silence}", evidence


def _rows(held: Held, broken: int) -> tuple[RowFlags | None, str]:
    """Rows that break the expectation, or why they cannot be named."""
    raw = held.raw
    if raw.rows is None:
        return None, " The rows cannot be named: Great Expectations does not tell them for this type."
    if len(raw.rows) != broken:
        # Naming wrong rows is worse than naming none.
        return None, f" The rows cannot be named: {len(raw.rows):,} were found where {broken:,} were counted."
    return _flags(held, raw.rows), ""


def _flags(held: Held, positions: npt.NDArray[np.int64]) -> RowFlags:
    frame, item = held.dataset.frame, held.expectation
    why: str | Sequence[str]
    try:
        with quiet():
            own = reasons(frame, item.kind, item.kwargs, positions)
            why = own or reasons_of(frame, item.kind, item.kwargs, positions, item.pattern)
    except (TypeError, ValueError, OverflowError, KeyError):
        # Values that pandas cannot compare: how each breaks the rule is lost, that it does is not.
        why = ""
    # What as many rows may break as do is a reason to look at them, and none to leave them out.
    serious = item.severity is Severity.CRITICAL and not held.raw.success
    return RowFlags(
        positions, why or f"Breaks the expectation: {held.rule}.", Action.QUARANTINE if serious else Action.REVIEW
    )


def _whole(held: Held) -> tuple[Status, str, Evidence]:
    """An expectation about a whole column or table."""
    dataset, item, raw, title = held.dataset, held.expectation, held.raw, held.title
    n = len(dataset)
    roles = dataset.roles
    observed = shown_figure(item, raw.result, {*roles.sensitive, roles.id, roles.group})
    seen = "" if observed is None else f" Observed: {observed:.10g}."
    evidence = Evidence(item.kind.removeprefix("expect_"), observed, n=n)
    if raw.success and _says_nothing(dataset, item, raw.result):
        return Status.INCONCLUSIVE, f"There is no value to hold against the expectation: {title}.", evidence
    if raw.success:
        return Status.PASSED, f"{title}.{seen}", evidence
    blamed = _rows_to_blame(dataset, item)
    if blamed is None:
        seen += _type_found(item, raw.result)
        return Status.FAILED, f"Not so: {title}.{seen} {why_no_rows(item.kind)}", evidence
    evidence = replace(evidence, rows=_flags(held, blamed))
    told = share_of(len(blamed), n, "rows", private=not {*roles.sensitive}.isdisjoint(item.columns))
    return Status.FAILED, f"Not so, because of {told}: {title}.{seen}", evidence


def _type_found(item: Expectation, result: Mapping[str, Any]) -> str:
    """The type of the column, and those that were asked for, where the expectation is about types."""
    found = result.get("observed_value")
    if item.kind not in TYPE_KINDS or not isinstance(found, str):
        return ""
    allowed = item.kwargs.get("type_list")
    asked = f", and none of {', '.join(map(str, allowed))}" if isinstance(allowed, list) and allowed else ""
    return f" It is of type {found}{asked}."


def _rows_to_blame(dataset: Dataset, item: Expectation) -> npt.NDArray[np.int64] | None:
    try:
        return rows_to_blame(dataset.frame, item.kind, item.kwargs)
    except (TypeError, ValueError, OverflowError):
        return None


def _says_nothing(dataset: Dataset, item: Expectation, result: Mapping[str, Any]) -> bool:
    if item.kind.startswith("expect_column_distinct_values"):  # which observes no value in any case
        return not dataset.frame[item.kwargs["column"]].notna().any()
    return result.get("observed_value", 0) is None


def shown_figure(item: Expectation, result: Mapping[str, Any], private: Collection[str | None]) -> float | None:
    """The observed figure, where it is a number and no raw value of a row in a `private` column."""
    observed = result.get("observed_value")
    if isinstance(observed, bool) or not isinstance(observed, int | float) or not math.isfinite(observed):
        return None
    describes_all = any(figure in item.kind for figure in _FIGURES)
    return float(observed) if describes_all or not {*private} & {*item.columns} else None
