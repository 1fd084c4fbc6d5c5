"""`assay report` and `assay index`: the pages of past audits.

There is no `from __future__ import annotations`: typer reads the annotations.
"""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.ending import ending, say

Folder = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the audits.")]
Open = Annotated[bool, typer.Option("--open", help="Open the page in the browser.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")]


def report(
    audit: Annotated[
        str, typer.Argument(metavar="RUN", help="Directory, id or beginning of an id of an audit, or latest.")
    ] = "latest",
    *,
    folder: Folder = Path("audits"),
    open_: Open = False,
    verbose: Verbose = False,
) -> None:
    """Print where the HTML report of a past audit lies, or open it."""
    with ending(verbose=verbose):
        from assay.errors import StorageError
        from assay.store import find_audit

        page = find_audit(audit, folder) / "report.html"
        if not page.is_file():
            raise StorageError(f"{page} must be there, and is not. Run the audit again.")
        _show(page, open_=open_)


def index(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of the audits.")] = Path("audits"),
    *,
    open_: Open = False,
    verbose: Verbose = False,
) -> None:
    """Write FOLDER/index.html: one static page over all audits of the folder."""
    with ending(verbose=verbose):
        from assay.errors import StorageError
        from assay.report.index import render_index
        from assay.store import whole_file

        if not folder.is_dir():
            raise StorageError(f"{folder} must be the folder of the audits, and is no folder. Name it.")
        page = folder / "index.html"
        with whole_file(page) as partial:
            partial.write_text(render_index(folder), encoding="utf-8")
        _show(page, open_=open_)


def _show(page: Path, *, open_: bool) -> None:
    say(str(page))
    if open_:
        import webbrowser

        if not webbrowser.open(page.resolve().as_uri()):
            say("No browser could be opened; open the file above.")
