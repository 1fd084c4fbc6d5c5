"""Whether the verdicts hold for other hyperparameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Check, Outcome, Severity, Status
from assay.health.parts import Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.health.context import HealthContext

__all__ = ["PART"]


def _unbuilt(_: HealthContext) -> Iterator[Outcome]:
    yield Outcome(Status.NOT_APPLICABLE, "Not built yet.")


PART: Part[HealthContext] = Part(
    checks=(
        Check("MH030", "Verdicts under other hyperparameters", Severity.WARNING, _unbuilt),
        Check("MH031", "Rows that equally good models disagree on", Severity.INFO, _unbuilt),
    ),
    prepare=lambda context: context,
)
