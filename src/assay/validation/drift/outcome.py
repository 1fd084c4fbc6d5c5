"""What became of an expectation about drift or freshness, in words, with the interval that decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Evidence, Interval, Status
from assay.intervals import judge_upper
from assay.validation.drift.freshness import NEWEST
from assay.validation.drift.proposal import DISTRIBUTION
from assay.validation.drift.summary import CATEGORY

if TYPE_CHECKING:
    from collections.abc import Collection

    from assay.dataset import Dataset
    from assay.validation.engine import Raw
    from assay.validation.suite import Expectation

KINDS = (DISTRIBUTION, NEWEST)

_VERDICTS = {
    Status.PASSED: "lies within",
    Status.FAILED: "lies beyond",
    Status.INCONCLUSIVE: "straddles, so that only more rows would decide,",
}


def drift_outcome(dataset: Dataset, item: Expectation, raw: Raw, title: str) -> tuple[Status, str, Evidence]:
    """Status, message and evidence of an expectation of one of `KINDS` that was carried out in memory."""
    return told(item, raw, title, rows=len(dataset), private=dataset.roles.sensitive)


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
        Columns of which no category may be quoted.
    """
    if raw.result.get("observed_value") is None:
        evidence = Evidence(item.kind.removeprefix("expect_"), n=rows)
        message = f"The batch holds nothing that can be compared with the reference, or less than two days: {title}."
        return Status.INCONCLUSIVE, message, evidence
    if item.kind == NEWEST:
        return _newest(item, raw, title, rows)
    quotes = item.kwargs["reference"]["kind"] == CATEGORY and not set(private).isdisjoint(item.columns)
    return _distribution(raw, title, tells_change=not quotes)


def _distribution(raw: Raw, title: str, *, tells_change: bool) -> tuple[Status, str, Evidence]:
    details = raw.result["details"]
    low, high = details["interval"]
    interval = Interval(low, high, details["confidence"], details["method"])
    distance, allowed = float(raw.result["observed_value"]), float(details["tolerance"])
    status = judge_upper(interval, allowed) if raw.success else Status.FAILED
    change = f" Largest change: {details['change']}." if tells_change and status is not Status.PASSED else ""
    message = (
        f"{'Not so: ' if status is Status.FAILED else ''}{title}. Distance (total variation) {distance:.3f}; its "
        f"interval at confidence {interval.confidence:.2%}, {low:.3f} to {high:.3f}, {_VERDICTS[status]} the "
        f"tolerance {allowed:.3g}.{change}"
    )
    rows = int(details["rows"])
    return status, message, Evidence("total variation distance", distance, interval, rows, allowed, "share")


def _newest(item: Expectation, raw: Raw, title: str, rows: int) -> tuple[Status, str, Evidence]:
    age, newest = float(raw.result["details"]["age_days"]), raw.result["observed_value"]
    limits = {"not before": item.kwargs.get("not_before"), "days old at most": item.kwargs.get("max_age_days")}
    asked = ", ".join(f"{words} {limit}" for words, limit in limits.items() if limit is not None)
    message = f"{title}. The newest time is {newest}, {age:,.1f} days ago; asked for: {asked or 'nothing'}."
    evidence = Evidence("age of the newest time", age, n=rows, unit="days")
    return (Status.PASSED, message, evidence) if raw.success else (Status.FAILED, f"Not so: {message}", evidence)
