"""MH012: what the audit took, against the limits that somebody set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Evidence, Outcome, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.health.cost.spending import Spending

_UNLIMITED = (
    "No limit is set, so nothing is judged. The manifest has what each stage took, and what a training on more rows "
    "would take. `health.max_seconds` and `health.max_memory_mb` set limits."
)
_REMEDIES = {
    "seconds": "Lower `learning.budget`, `learning.repeats` or what `health` asks, use a GPU, or raise the limit.",
    "peak memory": "Audit a sample of the rows, ignore columns of many categories, or raise the limit.",
}


def check_cost(spending: Spending) -> Iterator[Outcome]:
    """MH012: each limit that was set. Without one no figure is told: the same audit gives the same findings."""
    config = spending.config
    limits = (
        ("seconds", "health.max_seconds", config.max_seconds, spending.seconds, "s"),
        ("peak memory", "health.max_memory_mb", config.max_memory_mb, spending.memory, "MiB"),
    )
    for metric, key, limit, taken, unit in limits:
        if limit is not None:
            evidence = Evidence(metric, taken, threshold=limit, unit=unit)
            yield _limited(spending, key, limit, evidence)
    if all(limit is None for _, _, limit, _, _ in limits):
        yield Outcome(Status.NOT_APPLICABLE, _UNLIMITED)


def _limited(spending: Spending, key: str, limit: float, evidence: Evidence) -> Outcome:
    taken, unit = evidence.value, evidence.unit
    if taken is None:
        words = f"Whether the audit stays within {limit:,g} {unit} (`{key}`) cannot be told: it was not measured."
        remedy = f"Run where it can be measured, or leave `{key}` out."
        return Outcome(Status.INCONCLUSIVE, words, evidence=evidence, remedy=remedy, severity=Severity.CRITICAL)
    status = Status.FAILED if taken > limit else Status.PASSED
    verdict = "more than" if taken > limit else "at most"
    where = f" The training ran on {spending.device}." if spending.device else ""
    words = (
        f"The stages before this one took {taken:,.1f} {unit}, {verdict} the {limit:,g} {unit} that `{key}` allows."
    )
    remedy = "" if status is Status.PASSED else _REMEDIES[evidence.metric]
    return Outcome(status, words + where, evidence=evidence, remedy=remedy, severity=Severity.CRITICAL)
