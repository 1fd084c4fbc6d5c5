"""`assay prune`: remove old audits.

There is no `from __future__ import annotations`: typer reads the annotations.
"""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.ending import ending, printable, say
from assay.errors import ConfigurationError

if TYPE_CHECKING:
    from assay.changes.pruning import Pruned

_UNIT = 1000.0


def prune(
    *,
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the audits.")] = Path("audits"),
    keep: Annotated[
        int | None, typer.Option(metavar="N", help="Keep the newest N audits of each dataset, whatever their age.")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option(metavar="AGE", help="Remove only what is older, such as 90d, 12w, 6m or 1y.")
    ] = None,
    baseline: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A baseline whose audits are kept; may be given several times."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON, and nothing else.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")] = False,
) -> None:
    """Remove old audits, but never a dataset's newest, its newest that passed, or one that something refers to.

    The history keeps their figures.
    """
    with ending(verbose=verbose):
        if keep is None and older_than is None:
            raise ConfigurationError("--keep or --older-than must be given, got neither. Say --older-than 90d.")
        from assay.changes.pruning import parse_age, prune

        done = prune(
            folder,
            now=dt.datetime.now(dt.UTC),
            keep=1 if keep is None else keep,
            older_than=None if older_than is None else parse_age(older_than),
            baselines=baseline or (),
            dry_run=dry_run,
        )
        say(_json(done) if json else _text(done, dry_run=dry_run))


def _text(done: "Pruned", *, dry_run: bool) -> str:
    word = "Would remove" if dry_run else "Removed"
    lines = [f"{word} {place.parent.name}/{place.name} ({_size(size)})" for place, size in done.removed]
    lines += [f"Kept {place.parent.name}/{place.name}: {why}" for place, why in done.kept]
    count = len(done.removed)
    lines.append(f"{word} {count:,} audit{'' if count == 1 else 's'}, {_size(done.bytes)}.")
    return "\n".join(map(printable, lines))


def _size(size: float) -> str:
    """A number of bytes for a reader: "12.3 MB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < _UNIT:
            return f"{size:.3g} {unit}"
        size /= _UNIT
    return f"{size:.3g} TB"


def _json(done: "Pruned") -> str:
    from json import dumps

    removed = [{"audit": f"{place.parent.name}/{place.name}", "bytes": size} for place, size in done.removed]
    kept = [{"audit": f"{place.parent.name}/{place.name}", "why": why} for place, why in done.kept]
    return dumps({"removed": removed, "kept": kept, "bytes": done.bytes}, indent=2)
