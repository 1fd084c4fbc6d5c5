"""What gives the label away."""

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
        Check("MH022", "One-sided leaks", Severity.CRITICAL, _unbuilt),
        Check("MH023", "Values that fix the label", Severity.WARNING, _unbuilt),
        Check("MH024", "Order of the rows and ids", Severity.WARNING, _unbuilt),
        Check("MH025", "Overlap of training and test rows", Severity.CRITICAL, _unbuilt),
        Check("MH026", "Change over time", Severity.WARNING, _unbuilt),
    ),
    prepare=lambda context: context,
)
