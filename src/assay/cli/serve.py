"""`assay serve`: one command that keeps the schedule of an audit."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.ending import ending


def serve(
    audit: Annotated[
        Path, typer.Argument(metavar="AUDIT.yaml", help="Configuration of the audit.", show_default=False)
    ],
    *,
    cron: Annotated[
        str, typer.Option(metavar="CRON", help="When to audit: minute, hour, day, month, day of the week.")
    ],
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="Time zone of --cron, such as Europe/Berlin.")] = "UTC",
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the deployment; by default the dataset's.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the log, and the traceback of an error.")
    ] = False,
) -> None:
    """Audit on a schedule, from this process, until it is ended; the Prefect UI shows each run.

    Needs a Prefect server, whose address PREFECT_API_URL is.
    """
    with ending(verbose=verbose):
        from assay.config_file import load_config

        config = load_config(audit)
        # Not found by the type checker in the checkout, where the package lies in pipelines/.
        from assay.pipelines.serving import (  # type: ignore[import-not-found,unused-ignore]
            read_schedule,
            serve_audit,
        )

        file = audit / "audit.yaml" if audit.is_dir() else audit
        serve_audit(file, name or config.dataset_name, read_schedule(cron, timezone))
