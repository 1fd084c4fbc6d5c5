"""What the audit took, against the limits that somebody set. What it took without one is in the manifest."""

from __future__ import annotations

from assay.findings import Check, Severity
from assay.health.cost.checks import check_cost
from assay.health.cost.spending import Spending, read_spending
from assay.health.parts import Part

__all__ = ["PART"]

# No table: the same audit gives the same findings and tables, and times are never the same.
PART: Part[Spending] = Part(
    checks=(Check("MH012", "Cost of the audit and of a training", Severity.WARNING, check_cost),),
    prepare=read_spending,
)
