"""`assay recount`: the figures of a past audit from its counts alone, and what changed since another one.

There is no `from __future__ import annotations`: typer reads the annotations.
"""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.ending import EXIT_CODES, ending, say
from assay.errors import ConfigurationError


def recount(
    audit: Annotated[
        str, typer.Argument(metavar="RUN", help="Directory, id or beginning of an id of an audit, or latest.")
    ] = "latest",
    *,
    against: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="An earlier audit: test what changed from it, by feature, group and rate."),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(metavar="SHARE", min=0, max=1, help="Largest change that counts as none; by default 0."),
    ] = None,
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the audits.")] = Path("audits"),
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON, and nothing else.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")] = False,
) -> None:
    """Compute every fairness figure of an audit again, from its stored counts alone: no row of data is read.

    Exit codes: 0 every figure of the report follows from the counts (with --against: nothing became worse), 1 not, 2
    a mistake, 3 some figure could not be checked (with --against: nothing could be compared).
    """
    with ending(verbose=verbose):
        if tolerance is not None and against is None:
            raise ConfigurationError("--tolerance must stand beside --against, and does not. Name an earlier audit.")
        from assay.cli import recount_view as view
        from assay.recounting import compare_audits, recount_audit
        from assay.store import find_audit

        place = find_audit(audit, folder)
        if against is None:
            recounting = recount_audit(place)
            say(view.recounting_json(recounting) if json else view.recounting_text(recounting))
            good = recounting.is_equal
        else:
            comparison, missing = compare_audits(find_audit(against, folder), place, tolerance or 0.0)
            show = view.comparison_json if json else view.comparison_text
            say(show(comparison, missing))
            good = comparison.is_good
        verdict = "undecided" if good is None else "pass" if good else "reject"
        raise typer.Exit(EXIT_CODES[verdict])
