"""A deployment in one process: it keeps the schedule of one audit and runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.schedules import CronSchedule
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType
from pydantic import ValidationError

from assay.errors import ConfigurationError

from .flow import audit_flow
from .server import reach_lasting_server

if TYPE_CHECKING:
    from pathlib import Path

    from prefect.schedules import Schedule


def read_schedule(cron: str, timezone: str) -> Schedule:
    """Return the schedule of a cron expression.

    Raises
    ------
    ConfigurationError
        Where it is none.
    """
    if timezone not in available_timezones():
        raise ConfigurationError(
            f"--timezone must be a name of the IANA database, such as Europe/Berlin or UTC, got '{timezone}'."
        )
    try:
        CronSchedule(cron=cron, timezone=timezone)
    except (ValidationError, ValueError) as error:
        raise ConfigurationError(
            f"--cron must have five fields, minute, hour, day of the month, month and day of the week, such as "
            f"'0 6 * * *' for every day at 6:00, got '{cron}'. Correct it."
        ) from error
    return Cron(cron, timezone=timezone)


def serve_audit(file: Path, name: str, schedule: Schedule) -> None:
    """Serve the audit of a configuration until this process ends.

    The file is read in each run, so that a change of it counts from the next.

    Parameters
    ----------
    file
        The audit.yaml.
    name
        Of the dataset; the deployment is called `audit/<name>`.
    schedule
        When to audit.

    Raises
    ------
    ConfigurationError
        Where no server answers at PREFECT_API_URL.
    """
    reach_lasting_server()
    audit_flow.serve(
        name=name,
        description=f"Audits {name} by `assay serve`.",
        tags=["assay"],
        parameters={"config": str(file.resolve())},
        schedule=schedule,
        # A run that finds another still at work waits for it.
        global_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        # By its name: a file cannot be loaded alone, out of its package.
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
