"""`assay diff`: what changed between two audits of a dataset.

There is no `from __future__ import annotations`: typer reads the annotations.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.ending import ending, say
from assay.errors import ConfigurationError, StorageError

if TYPE_CHECKING:
    from assay.changes.change import Change


def diff(
    older: Annotated[
        str | None,
        typer.Argument(metavar="OLDER", help="The older audit, as for `show`; by default the one before NEWER."),
    ] = None,
    newer: Annotated[
        str | None, typer.Argument(metavar="NEWER", help="The newer audit; by default the latest of the dataset.")
    ] = None,
    *,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Dataset whose two latest audits are compared.")
    ] = None,
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the audits.")] = Path("audits"),
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON, and nothing else.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")] = False,
) -> None:
    """Tell what changed between two audits: findings new, gone, worse or better by a test, verdict, configuration.

    The exit code is 0 whatever changed: a comparison is no verdict.
    """
    with ending(verbose=verbose):
        if json and markdown:
            raise ConfigurationError("--json and --markdown must not stand together. Drop one.")
        if name is not None and older is not None:
            raise ConfigurationError("--name must stand without audits, got both. Drop one.")
        from assay.changes.since import compare_stored

        change = compare_stored(*_places(older, newer, name, folder))
        say(_shown(change, json=json, markdown=markdown))


def _places(older: str | None, newer: str | None, name: str | None, folder: Path) -> tuple[Path, Path]:
    """Directories of the two audits, the older first."""
    from assay.changes.since import audit_before, audits_beside
    from assay.store import find_audit, slug

    if older is not None:
        first = find_audit(older, folder)
        return first, audits_beside(first.parent)[0] if newer is None else find_audit(newer, folder)
    if name is None:
        last = find_audit("latest", folder)
    else:
        known = audits_beside(folder / slug(name))
        if not known:
            raise StorageError(f"--name must be a dataset with audits in {folder}, got '{name}'. See `assay index`.")
        last = known[0]
    before = audit_before(last)
    if before is None:
        raise StorageError(
            f"{last.parent} must hold two audits of a kind, got one. Audit again (--fresh), or name two audits."
        )
    return before, last


def _shown(change: "Change", *, json: bool, markdown: bool) -> str:
    if json:
        from json import dumps

        return dumps(change.to_dict(), indent=2)
    from assay.report.change_text import render_change, render_change_markdown

    if markdown:
        return render_change_markdown(change.to_dict()).rstrip("\n")
    from rich.console import Console

    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(render_change(change.to_dict()))
    return captured.get().rstrip("\n")
