"""`assay accept`: a baseline of the findings that are known, so that the gate fails on what is new or worse only.

There is no `from __future__ import annotations`: typer reads the annotations.
"""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.ending import ending, printable, say
from assay.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.baseline import Baseline
    from assay.changes.ratchet import Accepting


def accept(
    audit: Annotated[
        str, typer.Argument(metavar="RUN", help="Directory, id or beginning of an id of an audit, or latest.")
    ],
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why the findings are acceptable.", show_default=False)],
    owner: Annotated[str, typer.Option(metavar="NAME", help="Who answers for them.", show_default=False)],
    expires: Annotated[
        str | None, typer.Option(metavar="DATE", help="Last day on which they count, such as 2026-12-31.")
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Accept findings of this check only; may be given several times."),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The baseline; by default the one of the audit, else ./baseline.yaml."),
    ] = None,
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the audits.")] = Path("audits"),
    json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON, and nothing else.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")] = False,
) -> None:
    """Accept the critical findings of an audit as they are: they block again when they are worse, or when they expire.

    Accepting again tightens what got better, and keeps the reasons of the rest.
    """
    with ending(verbose=verbose):
        from assay.baseline import FILE, baseline_text
        from assay.changes import ratchet
        from assay.changes.record import read_record
        from assay.store import find_audit, locked, read_audit, whole_file

        place = find_audit(audit, folder)
        document = read_audit(place)
        configured = read_record(document, f"audit {place.name}").baseline
        file = baseline or configured or Path(FILE)
        last = _day(expires)
        with locked(file):
            done = ratchet.accept(
                document,
                run=place.name,
                reason=reason,
                owner=owner,
                today=dt.datetime.now(dt.UTC).date(),
                expires=last,
                checks=check or (),
                earlier=_earlier(file, document),
            )
            with whole_file(file) as partial:
                partial.write_text(baseline_text(done.baseline), encoding="utf-8", newline="\n")
        say(_json(done, file) if json else _text(done, file, named=configured is not None))


def _day(text: str | None) -> dt.date | None:
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"--expires must be a day such as 2026-12-31, got '{text}'. Correct it.") from error


def _earlier(file: Path, document: "Mapping[str, Any]") -> "Baseline | None":
    """The baseline so far; one that is damaged or of another dataset is not overwritten."""
    from assay.baseline import read_baseline

    return read_baseline(file, str(document.get("name"))) if file.exists() else None


_FATES = {
    "added": "accepted",
    "tightened": "tightened, since they got better",
    "loosened": "accepted as they are now, since they are worse or not comparable",
    "renewed": "given the new reason",
    "removed": "taken out, since they are not found any more",
    "kept": "kept as they were",
}


def _text(done: "Accepting", file: Path, *, named: bool) -> str:
    lines = [f"Wrote {file}: {len(done.baseline.findings):,} accepted findings of {done.baseline.name}."]
    for fate, words in _FATES.items():
        entries = getattr(done, fate)
        if entries:
            lines.append(f"  {len(entries):,} {words}" + (":" if fate != "kept" else "."))
        if fate != "kept":
            lines += [f"    {entry.code} {entry.title} ({entry.subject})" for entry in entries]
    if done.errors:
        lines.append(f"{done.errors:,} checks could not be carried out: that is never accepted, and blocks.")
    if not named:
        lines.append(f"Name it in audit.yaml, relative to it (policy: {{baseline: {file.name}}}), and commit both.")
    return "\n".join(map(printable, lines))


def _json(done: "Accepting", file: Path) -> str:
    from json import dumps

    fates = {
        fate: [{"check": entry.code, "subject": entry.subject, "title": entry.title} for entry in getattr(done, fate)]
        for fate in _FATES
    }
    return dumps(
        {"baseline": str(file), "findings": len(done.baseline.findings), "errors": done.errors, **fates}, indent=2
    )
