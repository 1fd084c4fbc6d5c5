"""MH012: what the audit took, against the limits that somebody set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Evidence, Outcome, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.health.cost.spending import Spending

# How many times the rows the projection in the message has.
_TOLD = 10


def check_cost(spending: Spending) -> Iterator[Outcome]:
    """MH012: each limit that was set, or else what was measured and what more rows would take."""
    limits = {
        "seconds": (spending.config.max_seconds, spending.seconds, "s"),
        "memory": (spending.config.max_memory_mb, spending.memory, "MiB"),
    }
    for name, (limit, taken, unit) in limits.items():
        if limit is not None:
            yield _limited(spending, name, limit, taken, unit)
    if all(limit is None for limit, _, _ in limits.values()):
        words = f"No limit is set. {_taken(spending)}{_training(spending)}"
        yield Outcome(Status.NOT_APPLICABLE, words, evidence=_evidence("seconds", spending.seconds, None, "s"))


def _limited(spending: Spending, name: str, limit: float, taken: float | None, unit: str) -> Outcome:
    evidence = _evidence(name, taken, limit, unit)
    key = "health.max_seconds" if name == "seconds" else "health.max_memory_mb"
    if taken is None:
        words = f"Whether the audit stays within {limit:,g} {unit} (`{key}`) cannot be told: it was not measured."
        remedy = f"Run where it can be measured, or leave `{key}` out."
        return Outcome(Status.INCONCLUSIVE, words, evidence=evidence, remedy=remedy, severity=Severity.CRITICAL)
    status = Status.FAILED if taken > limit else Status.PASSED
    verdict = "more than" if taken > limit else "at most"
    words = (
        f"The stages before this one took {taken:,.1f} {unit}, {verdict} the {limit:,g} {unit} that `{key}` allows. "
        f"{_taken(spending)}{_training(spending)}"
    )
    remedy = "" if status is Status.PASSED else _REMEDIES[name]
    return Outcome(status, words, evidence=evidence, remedy=remedy, severity=Severity.CRITICAL)


_REMEDIES = {
    "seconds": "Lower `learning.budget`, `learning.repeats` or what `health` asks, use a GPU, or raise the limit.",
    "memory": "Audit a sample of the rows, ignore columns of many categories, or raise the limit.",
}


def _evidence(name: str, value: float | None, limit: float | None, unit: str) -> Evidence:
    metric = {"seconds": "seconds", "memory": "peak memory"}[name]
    return Evidence(metric, value, threshold=limit, unit=unit)


def _taken(spending: Spending) -> str:
    """What all stages so far took, in one sentence."""
    if spending.costs.empty:
        return "What the audit takes was not measured."

    def total(name: str) -> float | None:
        known = [value for value in spending.costs[name] if value is not None]
        return sum(known) if known else None

    figures = [
        (f"{value:,.1f} {unit}" if value is not None else f"{unit} not measured")
        for value, unit in (
            (spending.seconds, "s of wall time"),
            (total("cpu_seconds"), "s on the CPU"),
            (spending.memory, "MiB of memory at the peak of the process"),
            (total("joules"), "J on GPUs"),
        )
    ]
    return f"So far the audit took: {', '.join(figures)}."


def _training(spending: Spending) -> str:
    """Where the training ran and why, and what it would take with more rows."""
    if spending.training_seconds is None or spending.visits is None:
        return ""
    words = (
        f" The training took {spending.training_seconds:,.1f} s on {spending.device}: "
        f"{spending.visits / max(spending.training_seconds, 1e-9):,.0f} row visits a second."
    )
    told = spending.projected[spending.projected["rows"] == _TOLD * spending.trained]
    if told.empty:
        return words
    row = told.iloc[0]
    bound = spending.most_visits is not None and spending.visits * _TOLD > spending.most_visits
    why = (
        "the budget of row visits bounds the networks" if bound else "no budget bounds it yet: it grows with the rows"
    )
    return (
        f"{words} On {_TOLD} times the rows it would take some {row['seconds']:,.1f} s ({row['low']:,.1f} to "
        f"{row['high']:,.1f} s, an estimate from this one run; {why})."
    )
