"""`assay history`: the audits of a dataset, and how their figures went.

There is no `from __future__ import annotations`: typer reads the annotations.
"""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.ending import ending, say

SHOWN = 20


def history(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Name of the dataset; by default all audits are listed.")
    ] = None,
    *,
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the audits.")] = Path("audits"),
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="History elsewhere, as `output.history` has it.", show_default=False),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only figures whose name holds this text.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Number of audits, the latest.")] = SHOWN,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output, and nothing else.")] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="First add all stored audits of the folder that the history lacks.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")] = False,
) -> None:
    """List past audits, and hold the figures of the latest against those before it."""
    with ending(verbose=verbose):
        from assay.cli.ending import complain
        from assay.cli.history_view import as_json, as_text
        from assay.errors import ConfigurationError
        from assay.history.database import find_history
        from assay.history.overview import look_back

        found = find_history(folder, database)
        if found is None:
            raise ConfigurationError("--database must be the URL of a history, got 'off'. Leave it out, or name one.")
        if rebuild:
            from assay.history.recording import rebuild as add_all

            done = add_all(found, folder)
            for place in done.unreadable:
                complain(f"{place} is no audit that can be read, and is not in the history.")
            if not json:
                say(f"Added {len(done.added):,} audits to {found.shown}.")
        overview = look_back(found, name, metric, limit)
        say(as_json(overview) if json else as_text(overview))
