"""What became of an expectation about drift or freshness, in words, with the interval that decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Evidence, Interval, Status
from assay.intervals import judge_upper
from assay.validation.drift.distance import rows_to_decide
from assay.validation.drift.freshness import NEWEST
from assay.validation.drift.proposal import DISTRIBUTION
from assay.validation.drift.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Collection

    from assay.dataset import Dataset
    from assay.validation.engine import Raw
    from assay.validation.suite import Expectation

KINDS = (DISTRIBUTION, NEWEST)

_VERDICTS = {
    Status.PASSED: "lies within",
    Status.FAILED: "lies beyond",
    Status.INCONCLUSIVE: "straddles",
}


def drift_outcome(dataset: Dataset, item: Expectation, raw: Raw, title: str) -> tuple[Status, str, Evidence]:
    """Status, message and evidence of an expectation of one of `KINDS` that was carried out in memory."""
    roles = dataset.roles
    private = {name for name in (*roles.sensitive, roles.id, roles.group) if name is not None}
    return told(item, raw, title, rows=len(dataset), private=private)


def told(
    item: Expectation, raw: Raw, title: str, *, rows: int, private: Collection[str]
) -> tuple[Status, str, Evidence]:
    """Status, message and evidence of an expectation of one of `KINDS`, wherever it was carried out.

    Parameters
    ----------
    item, raw, title
        The expectation, what Great Expectations made of it, and itself in words.
    rows
        Of the table.
    private
        Columns of which no value and no median may be quoted.
    """
    if raw.result.get("observed_value") is None:
        evidence = Evidence(item.kind.removeprefix("expect_"), n=rows)
        message = f"The batch holds nothing that can be compared with the reference, or less than two days: {title}."
        return Status.INCONCLUSIVE, message, evidence
    may_quote = set(private).isdisjoint(item.columns)
    if item.kind == NEWEST:
        return _newest(item, raw, title, rows, may_quote=may_quote)
    return _distribution(item, raw, title, may_quote=may_quote)


def _distribution(item: Expectation, raw: Raw, title: str, *, may_quote: bool) -> tuple[Status, str, Evidence]:
    details = raw.result["details"]
    low, high = details["interval"]
    interval = Interval(low, high, details["confidence"], details["method"])
    distance, allowed = float(raw.result["observed_value"]), float(details["tolerance"])
    status = judge_upper(interval, allowed) if raw.success else Status.FAILED
    change = f" Largest change: {details['change']}." if may_quote and status is not Status.PASSED else ""
    message = (
        f"{'Not so: ' if status is Status.FAILED else ''}{title}. Distance (total variation) {distance:.3f}; its "
        f"interval at confidence {interval.confidence:.2%}, {low:.3f} to {high:.3f}, {_VERDICTS[status]} the "
        f"tolerance {allowed:.3g}.{change}"
    )
    rows = int(details["rows"])
    if status is Status.INCONCLUSIVE:
        message += _would_do(item, rows)
    return status, message, Evidence("total variation distance", distance, interval, rows, allowed, "share")


def _would_do(item: Expectation, rows: int) -> str:
    """How many rows would decide, where these are too few of them even if nothing changed."""
    reference = Summary.from_json(item.kwargs["reference"])
    needed = rows_to_decide(reference.counts(), item.kwargs["tolerance"], item.kwargs.get("alpha", 0.05))
    if needed is None:
        return f" The reference of {reference.rows:,} rows is too small for this tolerance."
    return f" {rows:,} rows are too few; about {needed:,} would do." if rows < needed else ""


def _newest(item: Expectation, raw: Raw, title: str, rows: int, *, may_quote: bool) -> tuple[Status, str, Evidence]:
    if not may_quote:
        evidence = Evidence("age of the newest time", n=rows, unit="days")
        return (
            (Status.PASSED, f"{title}.", evidence) if raw.success else (Status.FAILED, f"Not so: {title}.", evidence)
        )
    age, newest = float(raw.result["details"]["age_days"]), raw.result["observed_value"]
    limits = {"not before": item.kwargs.get("not_before"), "days old at most": item.kwargs.get("max_age_days")}
    asked = ", ".join(f"{words} {limit}" for words, limit in limits.items() if limit is not None)
    message = f"{title}. The newest time is {newest}, {age:,.1f} days ago; asked for: {asked or 'nothing'}."
    evidence = Evidence("age of the newest time", age, n=rows, unit="days")
    return (Status.PASSED, message, evidence) if raw.success else (Status.FAILED, f"Not so: {message}", evidence)
