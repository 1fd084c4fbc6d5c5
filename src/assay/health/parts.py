"""A part of the stage "health": what it looks at, the checks that judge it, and the tables that it leaves."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from assay.findings import Check, Outcome, Status, crashed, run_checks, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd

    from assay.findings import Finding
    from assay.health.context import HealthContext

log = logging.getLogger(__name__)

S = TypeVar("S")


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
    """Run every part; one that crashes is a finding with status `error` for each of its checks."""
    findings: list[Finding] = []
    tables: dict[str, pd.DataFrame] = {}
    for part in parts:
        if (why := part.unasked(context)) is not None:
            findings += [stamp(check, Outcome(Status.NOT_APPLICABLE, why)) for check in part.checks]
            continue
        try:
            subject = part.prepare(context)
            left = part.tables(subject)
        except Exception as error:  # whatever it is: it becomes findings that cannot pass, and is logged
            log.exception("The part of %s crashed", ", ".join(check.code for check in part.checks))
            findings += [crashed(check, error) for check in part.checks]
            continue
        findings += run_checks(part.checks, subject)
        tables.update(left)
    return tuple(findings), tables


def switched_off(context: HealthContext, question: str) -> str | None:
    """In words that `health.<question>` is off; None where it is on."""
    if context.config.asks(question):
        return None
    if getattr(context.config, question) is None:
        return f"It takes longer than the training, and was not asked: --deep or `health.{question}: true` asks it."
    return f"It was not asked: `health.{question}` is false."
