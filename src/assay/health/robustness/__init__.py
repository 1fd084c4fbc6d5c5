"""Whether small feasible edits change predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Check, Severity
from assay.health.parts import Part, switched_off
from assay.health.robustness.checks import check_edits
from assay.health.robustness.measuring import Robustness, measure, tabulate

if TYPE_CHECKING:
    from assay.health.context import HealthContext

__all__ = ["PART"]


def _why_not(context: HealthContext) -> str | None:
    if (why := switched_off(context, "robustness")) is not None:
        return why
    if (predictions := context.of_classes) is None:
        return "The label is a number: no edit makes a prediction wrong or right."
    if predictions.models is None:
        given = "were given" if predictions.given is not None else "came without their models"
        return f"The predictions {given}, and no model can be asked about edited rows."
    return None


PART: Part[Robustness] = Part(
    checks=(Check("MH040", "Robustness to small edits", Severity.WARNING, check_edits),),
    prepare=measure,
    tables=tabulate,
    unasked=_why_not,
)
