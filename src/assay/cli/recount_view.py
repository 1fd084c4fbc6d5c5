"""What `assay recount` shows: tables for a person, JSON for a script."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assay.cli.ending import printable
from assay.fairness.stored.comparison import NO_CHANGE, NOT_COMPARABLE, WORSE
from assay.report.plain import plain
from assay.report.text import clean
from assay.small_cells import SMALLEST_CELL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from assay.fairness.stored.comparison import Comparison
    from assay.recounting import Figure, Recounting

# A screen shows so many rows; --json has them all.
_SHOWN = 60
_NAME = 40
_DASH = "-"
_OVERLAP = (
    "The tests take the rows of the two audits to be different people. Where rows are in both, as in a table that "
    "grows, the audits are not independent and the tests do not hold; counts cannot show it."
)
_SAME = (
    "Both audits are of the same data (equal fingerprints), and not independent: nothing is tested, and the changes "
    "are those of two models on the same rows."
)


def recounting_text(recounting: Recounting) -> str:
    """Return the figures from the counts with the report's word on each, and what could not be computed."""
    differing, unknown = recounting.differing, recounting.unknown
    lines = [
        [_name(f.feature), _name(f.group or f.kind or ""), _name(f.metric), *_numbers(f.counted or f.told), _word(f)]
        for f in sorted(recounting.figures, key=lambda f: (not f.differs, f.counted is None))
    ]
    equal = len(recounting.figures) - len(differing) - len(unknown)
    told = [
        f"{equal:,} of {len(recounting.figures):,} figures of the report follow from the counts alone, and are equal.",
    ]
    if differing:
        told.append(
            f"{len(differing):,} are not what the report says: the counts and the report are not of one audit."
        )
    if unknown:
        told.append(
            f"{len(unknown):,} cannot be computed again: counts of fewer than {SMALLEST_CELL} rows are hidden, and "
            "those that would give them away."
        )
    if not recounting.figures:
        told.append("The report has no fairness figure: no sensitive feature has two groups to compare.")
    return _page(("feature", "group", "metric", "value", "low", "high", "n", ""), lines, told)


def recounting_json(recounting: Recounting) -> str:
    """Return everything as one JSON object; docs/cli.md lists the keys."""
    document = {
        "equal": recounting.is_equal,
        "fingerprint": recounting.tables.fingerprint,
        "figures": [
            {
                "feature": f.feature,
                "group": f.group,
                "metric": f.metric,
                "kind": f.kind,
                "status": _word(f),
                "report": dict(f.told),
                "counts": None if f.counted is None else dict(f.counted),
            }
            for f in recounting.figures
        ],
    }
    return json.dumps(document, indent=1)


def comparison_text(comparison: Comparison) -> str:
    """Return what changed, the changes first, and what the tests suppose."""
    rates, disparities = _entries(comparison.rates), _entries(comparison.disparities)
    every = [(*_named(entry), entry) for entry in (*disparities, *rates)]
    order = {NO_CHANGE: 1, NOT_COMPARABLE: 2}
    every.sort(key=lambda one: order.get(one[-1]["status"], 0))
    numbers = ("before", "after", "change", "low", "high", "p_value")
    lines = [
        [_name(feature), _name(group), _name(metric), *(_number(entry.get(key)) for key in numbers), entry["status"]]
        for feature, group, metric, entry in every
    ]
    statuses = [entry["status"] for *_, entry in every]
    counts = ", ".join(f"{statuses.count(status):,} {status}" for status in dict.fromkeys(statuses))
    told = [f"{counts or 'Nothing to compare'}; a change of up to {comparison.tolerance:g} counts as none."]
    told.append(_SAME if comparison.same_data else _OVERLAP)
    columns = ("feature", "group", "metric", "before", "after", "change", "low", "high", "p", "")
    return _page(columns, lines, told)


def comparison_json(comparison: Comparison) -> str:
    """Return everything as one JSON object; docs/cli.md lists the keys."""
    document = {
        "worse": int((comparison.rates["status"] == WORSE).sum() + (comparison.disparities["status"] == WORSE).sum()),
        "same_data": comparison.same_data,
        "tolerance": comparison.tolerance,
        "confidence": comparison.confidence,
        "rates": _entries(comparison.rates),
        "disparities": _entries(comparison.disparities),
    }
    return json.dumps(document, indent=1)


def _entries(frame: pd.DataFrame) -> list[dict[str, Any]]:
    told = plain(frame)
    return [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]


def _named(entry: dict[str, Any]) -> tuple[str, str, str]:
    return entry["feature"], entry.get("group") or entry["kind"], entry["metric"]


def _word(figure: Figure) -> str:
    if figure.counted is None:
        return "hidden counts"
    return f"differs: {', '.join(figure.differs)}" if figure.differs else "equal"


def _numbers(figure: Any) -> Iterable[str]:
    return [*(_number(figure.get(name)) for name in ("value", "low", "high")), _count(figure.get("n"))]


def _number(value: float | None) -> str:
    return _DASH if value is None else f"{value:.4f}"


def _count(value: int | str | None) -> str:
    return _DASH if value is None else value if isinstance(value, str) else f"{value:,}"


def _name(text: str) -> str:
    return printable(clean(text, _NAME))


def _page(columns: Sequence[str], lines: Sequence[Sequence[str]], told: Iterable[str]) -> str:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for column in columns:
        is_number = column in {"value", "low", "high", "n", "before", "after", "change", "p"}
        named = column in {"feature", "group", "metric"}
        table.add_column(column, justify="right" if is_number else "left", overflow="fold", no_wrap=not named)
    for line in lines[:_SHOWN]:
        table.add_row(*map(Text, line))
    with console.capture() as captured:
        if lines:
            console.print(table)
        if len(lines) > _SHOWN:
            console.print(Text(f"First {_SHOWN} of {len(lines):,}; --json has them all."))
        for sentence in told:
            console.print(Text(sentence))
    return captured.get().rstrip("\n")
