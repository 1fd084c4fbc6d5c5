"""Whether there are enough rows: over all, and of each sensitive group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Check, Severity
from assay.health.parts import Part, switched_off
from assay.health.quantity.groups import check_groups
from assay.health.quantity.rows import check_rows
from assay.health.quantity.subject import Quantity, tabulate_curves, take_quantity

if TYPE_CHECKING:
    from assay.health.context import HealthContext

__all__ = ["PART"]


def _unasked(context: HealthContext) -> str | None:
    if context.predictions.given is not None:
        return "The predictions were given: what more rows would bring to the model behind them is not known."
    return switched_off(context, "learning_curve")


PART: Part[Quantity] = Part(
    checks=(
        Check("MH010", "Enough rows", Severity.WARNING, check_rows),
        Check("MH011", "Groups that lack rows", Severity.WARNING, check_groups),
    ),
    prepare=take_quantity,
    tables=tabulate_curves,
    unasked=_unasked,
)
"""Leaves the table "learning_curve": see `tabulate_curves`."""
