"""What the stages took together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.health.context import HealthContext
    from assay.health_config import HealthConfig


@dataclass(frozen=True, slots=True)
class Spending:
    """What the stages before this one took.

    Attributes
    ----------
    config
        The limits.
    seconds, memory
        Seconds added up, and the largest memory in MiB; None where a stage was not measured.
    device
        Where the training ran and why; empty where nothing was trained here.
    """

    config: HealthConfig
    seconds: float | None
    memory: float | None
    device: str


def read_spending(context: HealthContext) -> Spending:
    """Add up what the stages took."""
    costs = context.costs.values()
    seconds = [known for cost in costs if (known := cost.get("seconds")) is not None]
    memory = [known for cost in costs if (known := cost.get("peak_memory_mb")) is not None]
    predictions = context.predictions
    return Spending(
        config=context.config,
        seconds=sum(seconds) if costs and len(seconds) == len(costs) else None,
        memory=max(memory) if memory else None,
        device=predictions.device if predictions.given is None else "",
    )
