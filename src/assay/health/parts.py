"""A part of the stage "health": what it looks at, the checks that judge it, and the tables that it leaves."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from assay.findings import Check, Outcome, Severity, Status, Subject, crashed, run_checks, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd

    from assay.findings import Finding
    from assay.health.context import HealthContext

log = logging.getLogger(__name__)

S = TypeVar("S")

# Of one check with one status.
MOST_FINDINGS = 20
_NAMED = 10


def _no_tables(_: object) -> dict[str, pd.DataFrame]:
    return {}


def _always(_: HealthContext) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Part(Generic[S]):
    """Some checks that look at one thing, which is computed once.

    Attributes
    ----------
    checks
        The questions.
    prepare
        From the context to what the checks look at.
    tables
        From the same to tidy tables, by name.
    unasked
        Why the part does not apply to this context, in words; None where it does. By default it always does.
    """

    checks: tuple[Check[S], ...]
    prepare: Callable[[HealthContext], S]
    tables: Callable[[S], Mapping[str, pd.DataFrame]] = _no_tables
    unasked: Callable[[HealthContext], str | None] = _always


def assess_parts(
    parts: Iterable[Part[Any]], context: HealthContext
) -> tuple[tuple[Finding, ...], dict[str, pd.DataFrame]]:
    """Run every part; one that crashes is a finding with status `error` for each of its checks.

    Of one check at most `MOST_FINDINGS` findings have one status; the last of them tells of the others in one.
    """
    findings: list[Finding] = []
    tables: dict[str, pd.DataFrame] = {}
    for part in parts:
        if (why := part.unasked(context)) is not None:
            findings += [stamp(check, Outcome(Status.NOT_APPLICABLE, why)) for check in part.checks]
            continue
        failed = [check for check in part.checks if check.code in context.failures]
        findings += [crashed(check, context.failures[check.code]) for check in failed]
        checks = [check for check in part.checks if check not in failed]
        if not checks:
            continue
        try:
            subject = part.prepare(context)
            left = part.tables(subject)
        except Exception as error:  # whatever it is: it becomes findings that cannot pass, and is logged
            log.exception("The part of %s crashed", ", ".join(check.code for check in checks))
            findings += [crashed(check, error) for check in checks]
            continue
        findings += _at_most(run_checks(checks, subject))
        tables.update(left)
    return tuple(findings), tables


def _at_most(findings: Iterable[Finding]) -> list[Finding]:
    """The first `MOST_FINDINGS` of each check and status, the others of them in one: a table may have any width."""
    alike: dict[tuple[str, Status], list[Finding]] = {}
    for finding in findings:
        alike.setdefault((finding.code, finding.status), []).append(finding)
    return [told for found in alike.values() for told in _shorten(found)]


def _shorten(found: list[Finding]) -> list[Finding]:
    if len(found) <= MOST_FINDINGS:
        return found
    shown, others = found[: MOST_FINDINGS - 1], found[MOST_FINDINGS - 1 :]
    columns = tuple(dict.fromkeys(column for finding in others for column in finding.subject.columns))
    named = ", ".join(f"'{column}'" for column in columns[:_NAMED])
    more = f" and {len(columns) - _NAMED:,} more" if len(columns) > _NAMED else ""
    message = f"The same holds {len(others):,} more times{f', of {named}{more}' if columns else ''}."
    worst = min((finding.severity for finding in others), key=tuple(Severity).index)
    return [*shown, replace(others[0], message=message, subject=Subject(columns), evidence=None, severity=worst)]


def switched_off(context: HealthContext, question: str) -> str | None:
    """In words that `health.<question>` is off; None where it is on."""
    if context.config.asks(question):
        return None
    if getattr(context.config, question) is None:
        return f"It takes longer than the training, and was not asked: --deep or `health.{question}: true` asks it."
    return f"It was not asked: `health.{question}` is false."
