"""What a command prints at its end: a verdict for a person or for a script, or the files of a first configuration."""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING, Any

from assay.cli.ending import EXIT_CODES, printable, say

if TYPE_CHECKING:
    from pathlib import Path

    from assay.first_config import FirstConfig


def show_verdict(document: dict[str, Any], place: Path | None, *, as_json: bool, known: bool = False) -> None:
    """Print a verdict on standard output.

    Parameters
    ----------
    document
        A report as `AuditReport.to_dict` gives it and `report.json` holds it.
    place
        Directory of the audit, or None where it was not saved.
    as_json
        Whether to print `summary` in place of the words.
    known
        Whether it was answered from the record.
    """
    if as_json:
        # ASCII only: it arrives whole whatever the encoding of the terminal or the pipe.
        say(json.dumps(summary(document, place, known=known), indent=2))
        return
    from rich.console import Console

    from assay.report import render_rich

    console = Console(highlight=False)
    # Captured first: rich answers a reader that went away with exit code 1, which is a verdict here.
    with console.capture() as captured:
        console.print(render_rich(document))
        if known:
            created = str(document["manifest"].get("created", "an earlier time")).replace("+00:00", "Z")
            said = f"Known:  Nothing has changed since the audit of {created}; --fresh audits again."
            console.print(printable(said), markup=False, soft_wrap=True)
        if place is not None:
            for what, path in (("Report", place / "report.html"), ("Rows", place / "rows")):
                console.print(f"{what + ':':8}{printable(_short(path))}", markup=False, soft_wrap=True)
    say(captured.get().rstrip("\n"))


def summary(document: dict[str, Any], place: Path | None, *, known: bool = False) -> dict[str, Any]:
    """Return what a script wants to know of a report; docs/cli.md lists the keys."""
    statuses = [finding["status"] for finding in document["findings"]]
    return {
        "verdict": document["verdict"],
        "exit_code": EXIT_CODES[document["verdict"]],
        "name": document["name"],
        "reasons": document["reasons"],
        "findings": {status: statuses.count(status) for status in sorted(set(statuses))},
        "rows": document["rows"],
        "fingerprint": document["dataset"]["fingerprint"],
        "directory": str(place) if place is not None else None,
        "report": str(place / "report.json") if place is not None else None,
        "known": known,
    }


def show_first_config(written: FirstConfig) -> None:
    """Print which files were written, what is to be looked at in them, and the next command."""
    lines = [f"Wrote {_short(written.config_path)}", f"Wrote {_short(written.suite_path)}"]
    lines += [f"Note: {note}" for note in written.notes]
    lines += ["Look through both files, then run:", f"  assay gate {shlex.quote(_short(written.config_path))}"]
    say("\n".join(printable(line) for line in lines))


def _short(path: Path) -> str:
    """Return the shorter of the absolute path and the path from here."""
    absolute = str(path.resolve())
    try:
        return min(absolute, os.path.relpath(absolute), key=len)
    except ValueError:  # another drive
        return absolute
