"""How well models fit."""

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
        Check("MH005", "Shuffled labels", Severity.CRITICAL, _unbuilt),
        Check("MH006", "Models against simple ones", Severity.WARNING, _unbuilt),
        Check("MH007", "Length of the training", Severity.INFO, _unbuilt),
        Check("MH008", "Labels that no model can tell apart", Severity.WARNING, _unbuilt),
    ),
    prepare=lambda context: context,
)
