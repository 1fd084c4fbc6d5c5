"""A history as a table for a terminal, or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assay.cli.ending import printable
from assay.history.check import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.history.overview import Overview
    from assay.history.reading import PastAudit
    from assay.history.trend import Trend

_BARS = "▁▂▃▄▅▆▇█"
# Points of a sparkline: a month of nights.
_SPARK = 30
_COLOURS = {"pass": "green", "reject": "red", "undecided": "yellow"}


def as_json(overview: Overview) -> str:
    """Audits, newest last, and trends; docs/cli.md lists the keys."""
    document = {
        "history": overview.place,
        "in_all": overview.in_all,
        "audits": [{key: value for key, value in asdict(audit).items() if key != "id"} for audit in overview.audits],
        "trends": [_trend(trend) for trend in overview.trends],
    }
    return json.dumps(document, indent=2)


def as_text(overview: Overview) -> str:
    """Two tables: the audits, newest first, and the figures of the latest, the unexpected ones first."""
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(_audits(overview.audits))
        if overview.in_all > len(overview.audits):
            console.print(f"And {overview.in_all - len(overview.audits):,} older ones (--limit).")
        if overview.trends:
            console.print(_trends(overview.trends))
        elif len({audit.name for audit in overview.audits}) > 1:
            console.print("Name a dataset to see how its figures went.")
    return captured.get().rstrip("\n")


def sparkline(values: Sequence[float]) -> str:
    """Draw the last values as bars from the lowest to the highest; equal ones stand in the middle.

    >>> sparkline([0.0, 7.0, 3.0]), sparkline([2.0, 2.0]), sparkline([])
    ('▁█▄', '▄▄', '')
    """
    last = list(values)[-_SPARK:]
    if not last:
        return ""
    low, high = min(last), max(last)
    if high <= low:
        return _BARS[3] * len(last)
    return "".join(_BARS[round((value - low) / (high - low) * (len(_BARS) - 1))] for value in last)


def _trend(trend: Trend) -> dict[str, Any]:
    figure, prediction = trend.figure, trend.prediction
    return {
        "metric": figure.key.metric,
        "feature": figure.key.feature,
        "group": figure.key.group,
        "value": figure.value,
        "n": figure.n,
        "expected": [prediction.low, prediction.high] if prediction is not None else None,
        "seasonal": prediction.seasonal if prediction is not None else None,
        "audits": len(trend.past),
        "unexpected": trend.is_unexpected,
        "past": [point.value for point in trend.past],
    }


def _audits(audits: Sequence[PastAudit]) -> Table:
    table = Table(title=Text(f"Audits of {_names(audits)}"), title_justify="left", box=None, pad_edge=False)
    several = len({audit.name for audit in audits}) > 1
    for column in ("time", *(["name"] if several else []), "verdict"):
        table.add_column(column, no_wrap=column == "time")
    table.add_column("rows", justify="right")
    table.add_column("reasons")
    for audit in reversed(audits):
        table.add_row(
            _cell((audit.created or "not known").replace("+00:00", "Z")),
            *([_cell(audit.name)] if several else []),
            Text(printable(audit.verdict), style=_COLOURS.get(audit.verdict, "")),
            f"{audit.rows:,}" if audit.rows is not None else "",
            _cell(", ".join(audit.reasons)),
        )
    return table


def _trends(trends: Sequence[Trend]) -> Table:
    table = Table(title=Text("Figures of the latest"), title_justify="left", box=None, pad_edge=False)
    table.add_column("figure")
    for column in ("value", "expected"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("before", no_wrap=True)
    for trend in sorted(trends, key=lambda trend: not trend.is_unexpected):
        key, value, prediction = trend.figure.key, trend.figure.value, trend.prediction
        if value is None:
            continue
        expected = f"{shown(key, prediction.low)} to {shown(key, prediction.high)}" if prediction else "too few audits"
        mark = " !" if trend.is_unexpected else ""
        line = sparkline([*(point.value for point in trend.past), value])
        style = "bold red" if trend.is_unexpected else ""
        table.add_row(_cell(str(key)), Text(shown(key, value) + mark, style=style), expected, line)
    return table


def _names(audits: Sequence[PastAudit]) -> str:
    names = sorted({printable(audit.name) for audit in audits})
    return names[0] if len(names) == 1 else f"{len(names):,} datasets"


def _cell(text: str) -> Text:
    # No markup: a name may hold brackets.
    return Text(printable(text))
