"""What the stages took, and what the training would take on more rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.health.context import HealthContext
    from assay.health_config import HealthConfig

MEASURES = ("seconds", "cpu_seconds", "peak_memory_mb", "gpu_memory_mb", "joules")
# The stage that trains.
TRAINING = "learn"
# Times the rows of this audit.
FACTORS = (1, 2, 5, 10, 100)
# Share of the time that grows with nothing, at most: encoding, start-up and small steps.
FIXED = 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Spending:
    """What an audit took.

    Attributes
    ----------
    config
        The limits.
    costs
        Columns `stage` and `MEASURES`: one row for each stage before this one; None where it was not measured.
    projected
        Columns `rows`, `seconds`, `low`, `high`: of the training, see `project`. Empty where nothing was trained here.
    seconds, memory
        Of all these stages: seconds added up, and the largest memory in MiB; None where it was not measured.
    device
        Where the training ran and why; empty where nothing was trained here.
    trained
        N, the rows of this audit.
    training_seconds
        What the training took; None where it was not measured, or nothing was trained here.
    visits
        Row visits of the training: rows x epochs x networks; None where that is not known.
    most_visits
        The budget: most row visits of a training, however many rows there are; None without one.
    """

    config: HealthConfig
    costs: pd.DataFrame
    projected: pd.DataFrame
    seconds: float | None
    memory: float | None
    device: str
    trained: int
    training_seconds: float | None
    visits: float | None
    most_visits: float | None


def read_spending(context: HealthContext) -> Spending:
    """Add up what the stages took, and project the training."""
    taken = {stage: {name: cost.get(name) for name in MEASURES} for stage, cost in context.costs.items()}
    rows = [{"stage": stage, **cost} for stage, cost in taken.items()]
    seconds = [known for cost in taken.values() if (known := cost["seconds"]) is not None]
    memory = [known for cost in taken.values() if (known := cost["peak_memory_mb"]) is not None]
    predictions = context.predictions
    own = predictions.given is None
    visits, most = _visits(predictions.details) if own else (None, None)
    training = taken.get(TRAINING, {}).get("seconds") if visits is not None else None
    return Spending(
        config=context.config,
        costs=pd.DataFrame(rows, columns=["stage", *MEASURES], dtype=object),
        projected=project(training, len(context.dataset), visits, most),
        seconds=sum(seconds) if taken and len(seconds) == len(taken) else None,
        memory=max(memory) if memory else None,
        device=predictions.device if own else "",
        trained=len(context.dataset),
        training_seconds=training,
        visits=visits,
        most_visits=most,
    )


def project(seconds: float | None, rows: int, visits: float | None, most_visits: float | None) -> pd.DataFrame:
    """What the training would take on more rows of as many columns, on the same device with the same configuration.

    Parameters
    ----------
    seconds, rows
        What it took, on how many rows.
    visits, most_visits
        Its row visits (rows x epochs x networks), and how many it may make at most (None: any number).

    Returns
    -------
    Columns `rows`, `seconds`, `low`, `high` (all positive). The networks' row visits grow with the rows up to their
    budget. `low` takes three quarters of the time as fixed and the rest as growing with the row visits, `high` takes
    all of it as growing with the rows, whatever the budget, and `seconds` is their geometric mean: an estimate from
    one measured run. Empty where nothing was measured.
    """
    if seconds is None or visits is None or not seconds > 0 or not rows:
        return pd.DataFrame(columns=["rows", "seconds", "low", "high"])
    found = []
    for factor in FACTORS:
        more = max(1.0, min(factor, most_visits / visits) if most_visits is not None else factor)
        low, high = seconds * (FIXED + (1 - FIXED) * more), seconds * factor
        found.append({"rows": rows * factor, "seconds": math.sqrt(low * high), "low": low, "high": high})
    return pd.DataFrame(found)


def _visits(details: Mapping[str, str | int | float]) -> tuple[float | None, float | None]:
    """Row visits of a training by what it says of itself, and how many it may make at most."""
    factors = [details.get(name) for name in ("members", "epochs", "rows a member")]
    known = [float(factor) for factor in factors if isinstance(factor, int | float)]
    if len(known) < len(factors) or not math.prod(known):
        return None, None
    most = details.get("most row visits")
    return math.prod(known), float(most) if isinstance(most, int | float) else None
