"""`assay validate`: the suite alone, where the data live.

There is no `from __future__ import annotations`: typer reads the annotations.
"""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.ending import EXIT_CODES, ending
from assay.cli.progress import Display


def validate(
    audit: Annotated[
        Path, typer.Argument(metavar="AUDIT.yaml", help="Configuration that names the suite.", show_default=False)
    ],
    *,
    json: Annotated[
        bool, typer.Option("--json", help="Print the verdict as JSON on standard output, and nothing else.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but errors; the exit code is the verdict.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the log, and the traceback of an error.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Folder of the audits, in place of the configured one."),
    ] = None,
    save: Annotated[bool, typer.Option("--save/--no-save", help="Whether to write the report to its folder.")] = True,
) -> None:
    """Hold only the suite against the data, in a database, in Spark or in memory; train nothing."""
    with ending(verbose=verbose):
        from assay.config_file import load_config
        from assay.store import check_writable

        config = load_config(audit)
        folder = output.resolve() if output is not None else config.output.folder
        if save:
            check_writable(folder)
        from assay.validating import run_validation

        with Display(quiet=quiet) as display, run_validation(config, stage=display.stage) as report:
            document = report.to_dict()
            place = display.stage("report", report.save, folder) if save else None
        if not quiet:
            from assay.cli.verdict import show_verdict

            show_verdict(document, place, as_json=json)
        raise typer.Exit(EXIT_CODES[report.decision])
