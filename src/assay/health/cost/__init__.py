"""What the audit and a training cost."""

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
    checks=(Check("MH012", "Cost of the training", Severity.WARNING, _unbuilt),),
    prepare=lambda context: context,
)
