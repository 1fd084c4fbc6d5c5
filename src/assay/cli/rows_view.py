"""What `assay rows` shows on a screen."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assay.cli.ending import printable
from assay.report.text import clean, plural
from assay.row_selection import describe_nothing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import RenderableType

_NAME, _VALUE, _REASON = 40, 40, 400
_VALUES = 12
_STEPS = 3


def show_entries(
    entries: pd.DataFrame,
    shown: pd.DataFrame,
    values: pd.DataFrame | None,
    *,
    document: dict[str, Any],
    place: Path,
    checks: Sequence[str],
    command: str,
) -> str:
    """Counts by check, the rows with their reasons, and what to do next, as text in colours.

    Parameters
    ----------
    entries, shown
        What was asked for, and the part of it that is shown, as `assay.row_selection.select_entries` returns them.
    values
        The values of the shown rows, as `read_values` returns them; or None.
    document, place
        The audit's `report.json` and directory.
    checks
        The codes that were asked for.
    command
        What was typed, with the audit's directory.
    """
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(Text.assemble((" ROWS ", "bold reverse"), "  ", (_line(document["name"], _NAME), "bold")))
        if not len(entries):
            for sentence in describe_nothing(document, checks):
                console.print(Text(_line(sentence, _REASON)))
        else:
            rows = plural(entries["position"].nunique(), "row")
            console.print(Text(f"{rows} of {document['rows']['total']:,}, {plural(len(entries), 'reason')}."))
            console.print(Padding(_counts(entries, document), (1, 0, 1, 2)))
            console.print(_rows(shown, values))
            console.print(_next(entries, shown, document))
            console.print(f"Row files:  {printable(str(place / 'rows'))}", markup=False, soft_wrap=True)
            console.print(f"As a file:  {printable(command)} --output rows.csv", markup=False, soft_wrap=True)
    return captured.get().rstrip("\n")


def _counts(entries: pd.DataFrame, document: dict[str, Any]) -> Table:
    """One line a check and action: how many rows, and whether that is waived."""
    titles: dict[str, set[str]] = {}
    for finding in document["findings"]:
        titles.setdefault(finding["code"], set()).add(finding["title"])
    table = Table.grid(padding=(0, 2))
    keys = [entries[name].tolist() for name in ("check", "action", "waived")]
    rows: dict[tuple[str, str, bool], set[int]] = {}
    for key, position in zip(zip(*keys, strict=True), entries["position"].tolist(), strict=True):
        rows.setdefault(key, set()).add(position)
    for (check, action, waived), positions in sorted(rows.items(), key=lambda item: -len(item[1])):
        known = titles.get(check, set())
        # Each expectation of a suite has a title of its own.
        title = _line(next(iter(known)), _NAME) if len(known) == 1 else "several findings"
        what = Text(f"{action}{' (waived)' if waived else ''}", style="dim")
        table.add_row(Text(_line(check, _NAME), style="bold"), Text(title), plural(len(positions), "row"), what)
    return table


def _rows(shown: pd.DataFrame, values: pd.DataFrame | None) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("row", overflow="fold", max_width=_NAME)
    table.add_column("check", no_wrap=True)
    table.add_column("column", overflow="fold", max_width=_NAME)
    table.add_column("why", ratio=1, overflow="fold")
    table.add_column("what to do", overflow="fold")
    names = ["position", "row_id", "check", "column", "reason", "nearest", "action", "suggested", "waived"]
    told = shown[names].astype(object).where(shown[names].notna(), None)
    for position, found in groupby(told.itertuples(index=False, name=None), key=itemgetter(0)):
        row = ""
        flagged: list[str | None] = []
        told_before = set()
        for _, row_id, check, column, reason, nearest, action, suggested, waived in found:
            # Said twice of one id, it is about several rows of a database that have this id.
            row = _line(row_id, _NAME) if not flagged or (check, column, reason) in told_before else ""
            told_before.add((check, column, reason))
            flagged.append(column)
            what = action if suggested is None else f"{action}: {_line(suggested, _VALUE)}"
            what += " (waived)" if waived else ""
            why = Text(_line(reason, _REASON))
            if nearest is not None:
                why.append(f" Compare with: {_line(nearest, _REASON)}.", style="dim")
            table.add_row(Text(row), Text(_line(check, _NAME)), Text(_line(column or "", _NAME)), why, Text(what))
        if values is not None:
            table.add_row("", "", "", Text(_values(values.loc[position], flagged), style="dim"), "")
    return table


def _values(row: pd.Series[Any], flagged: list[str | None]) -> str:
    """The values of a row, those that findings are about first."""
    names = sorted(row.index, key=lambda name: name not in flagged)
    told = [f"{_line(name, _NAME)} = {_value(row[name])}" for name in names[:_VALUES]]
    more = len(names) - _VALUES
    return "; ".join(told) + (f"; and {plural(more, 'more column')}" if more > 0 else "")


def _value(value: Any) -> str:
    is_missing = bool(pd.isna(value)) if pd.api.types.is_scalar(value) else False
    return "(missing)" if is_missing or value == "" else _line(value, _VALUE)


def _next(entries: pd.DataFrame, shown: pd.DataFrame, document: dict[str, Any]) -> RenderableType:
    """The remedies of the checks that point at most of the rows."""
    counting = entries[~entries["waived"].to_numpy(dtype=bool)]
    remedies = {
        finding["code"]: finding["remedy"]
        for finding in reversed(document["findings"])
        if finding["remedy"] and not finding["waived"]
    }
    codes = [code for code in counting["check"].value_counts().index if code in remedies][:_STEPS]
    more = entries["position"].nunique() - shown["position"].nunique()
    lines: list[RenderableType] = [Text(f"and {plural(more, 'more row')}" if more else "")]
    if codes:
        lines.append(Text("What to do next", style="bold"))
    for code in codes:
        step = Table.grid(padding=(0, 2))
        step.add_row(Text(code), Text(_line(remedies[code], _REASON)))
        lines.append(Padding(step, (0, 0, 0, 2)))
    return Group(*lines)


def _line(value: Any, limit: int) -> str:
    return printable(clean(" ".join(str(value).split()), limit))
