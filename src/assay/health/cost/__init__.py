"""What the audit took, and what a training on more rows would take."""

from __future__ import annotations

from assay.findings import Check, Severity
from assay.health.cost.checks import check_cost
from assay.health.cost.spending import Spending, read_spending
from assay.health.parts import Part

__all__ = ["PART"]

# Table "costs": `stage`, `seconds`, `cpu_seconds`, `peak_memory_mb` (of the process since it began), `gpu_memory_mb`,
# `joules`; None where it was not measured. Table "projected_costs": `rows`, `seconds`, `low`, `high`, of the training.
PART: Part[Spending] = Part(
    checks=(Check("MH012", "Cost of the audit and of a training", Severity.WARNING, check_cost),),
    prepare=read_spending,
    tables=lambda spending: {"costs": spending.costs, "projected_costs": spending.projected},
)
