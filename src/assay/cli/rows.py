"""`assay rows`: the rows that an audit points at, with their reasons.

There is no `from __future__ import annotations`: typer reads the annotations.
"""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.ending import ending, say
from assay.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd

_SHOWN_ROWS = 20


class AskedAction(StrEnum):
    """What to do with a row."""

    QUARANTINE = "quarantine"
    REVIEW = "review"
    RELABEL = "relabel"


def rows(
    audit: Annotated[
        str, typer.Argument(metavar="RUN", help="Directory, id or beginning of an id of an audit, or latest.")
    ] = "latest",
    *,
    check: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Only what this check found; may be given several times.")
    ] = None,
    row: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only the row with this id; may be given several times.")
    ] = None,
    column: Annotated[str | None, typer.Option(metavar="COLUMN", help="Only findings on this column.")] = None,
    action: Annotated[AskedAction | None, typer.Option(help="Only what this is asked for.")] = None,
    values: Annotated[bool, typer.Option("--values", help="Also show the values of the rows.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="At most N rows; by default 20 on the screen, and all elsewhere."),
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print them as CSV.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write them to a .csv, .json or .parquet.")
    ] = None,
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the audits.")] = Path("audits"),
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")] = False,
) -> None:
    """Show the rows that an audit points at: why, and what to do with each."""
    with ending(verbose=verbose):
        form = _form(csv=csv, json=json, output=output)
        from assay.cli.rows_view import show_entries
        from assay.ledger import read_ledger
        from assay.row_selection import select_entries
        from assay.store import find_audit, read_audit

        place = find_audit(audit, folder)
        document, ledger = read_audit(place), read_ledger(place)
        entries = select_entries(
            ledger, document, checks=check or (), rows=row or (), column=column, action=action and action.value
        )
        shown = _first_rows(entries, limit or (_SHOWN_ROWS if form == "screen" else None))
        data = _values(place, document, ledger, shown) if values else None
        if form == "screen":
            asked = {"--check": check, "--row": row, "--column": column, "--action": action, "--values": values}
            typed = _typed(place, asked)
            say(show_entries(entries, shown, data, document=document, place=place, checks=check or (), command=typed))
        else:
            _export(shown, data, form, output)


def _form(*, csv: bool, json: bool, output: Path | None) -> str:
    if csv + json + (output is not None) > 1:
        raise ConfigurationError("At most one of --csv, --json and --output must be given. Leave out the others.")
    if output is None:
        return "csv" if csv else "json" if json else "screen"
    form = output.suffix.lower().removeprefix(".")
    if form not in {"csv", "json", "parquet"}:
        raise ConfigurationError(f"--output must be a file that ends in .csv, .json or .parquet, got '{output}'.")
    return form


def _typed(place: Path, asked: dict[str, Any]) -> str:
    """The command as it would be typed again."""
    words = ["assay", "rows", str(place)]
    for option, given in asked.items():
        if given is True:
            words.append(option)
        elif given:
            words += [word for one in ([given] if isinstance(given, str) else given) for word in (option, one)]
    return shlex.join(words)


def _first_rows(entries: "pd.DataFrame", limit: int | None) -> "pd.DataFrame":
    """The entries of the first `limit` rows of the data."""
    kept = entries["position"].unique()[:limit]
    return entries[entries["position"].isin(kept)]


def _values(place: Path, document: dict[str, Any], ledger: "pd.DataFrame", shown: "pd.DataFrame") -> "pd.DataFrame":
    from assay.row_selection import read_values

    return read_values(place, document, ledger, shown["position"].unique())


def _export(entries: "pd.DataFrame", data: "pd.DataFrame | None", form: str, file: Path | None) -> None:
    from assay.report import rows as row_files
    from assay.store import whole_file

    table = entries.reset_index(drop=True)
    if data is not None:
        table = _beside(table, data)
    if file is None:
        say(_text(table, form).rstrip("\n"))
        return
    with whole_file(file) as partial:
        if form == "parquet":
            row_files.write_parquet(table, partial)
        else:
            partial.write_text(_text(table, form), encoding="utf-8", errors="backslashreplace", newline="\n")
    say(f"Wrote {file}: {len(table):,} entries on {table['position'].nunique():,} rows.")


def _beside(table: "pd.DataFrame", data: "pd.DataFrame") -> "pd.DataFrame":
    """The entries with the values of their rows behind them; a column whose name the ledger has gets a `_`."""
    import pandas as pd

    taken, names = set(table.columns), []
    for name in map(str, data.columns):
        while name in taken:
            name += "_"  # noqa: PLW2901
        taken.add(name)
        names.append(name)
    values = data.loc[table["position"]].set_axis(names, axis=1).reset_index(drop=True)
    return pd.concat([table, values], axis=1)


def _text(table: "pd.DataFrame", form: str) -> str:
    if form == "csv":
        from assay.report.rows import neutralise

        return neutralise(table)[0].to_csv(index=False, lineterminator="\n")
    import json

    from assay.report.plain import plain

    told = plain(table)
    entries = [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]
    return json.dumps(entries, indent=1) + "\n"
