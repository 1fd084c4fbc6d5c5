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
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from assay.fairness.stored.comparison import Comparison
    from assay.recounting import Basis, Figure, Recounting

# A screen shows so many rows; --json has them all.
_SHOWN = 60
_NAME = 40
_NAMED = 12
# A table of narrower columns would break its words: each row is a paragraph there.
_WIDE = 100
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
    lines = [
        [_name(f.feature), _name(f.group or f.kind or ""), _name(f.metric), *_numbers(f.counted or f.told), _word(f)]
        for f in sorted(recounting.figures, key=lambda f: (not f.differs, f.counted is None))
    ]
    return _page(("feature", "group", "metric", "value", "low", "high", "n", ""), lines, _summary(recounting))


def _summary(recounting: Recounting) -> list[str]:
    """Sentences on what was checked, what differs, and what the verdict rests on."""
    every, differing, unknown = recounting.figures, recounting.differing, recounting.unknown
    if not every:
        return ["The report has no fairness figure: no sensitive feature has two groups to compare."]
    equal = len(every) - len(differing) - len(unknown)
    told = [f"{equal:,} of {len(every):,} figures of the report follow from the counts alone, and are equal."]
    impossible = sum(figure.counted is None for figure in differing)
    if unequal := len(differing) - impossible:
        told.append(f"Not what the report says: {unequal:,}. The counts and the report are not of one audit.")
    if impossible:
        told.append(
            f"In contradiction to their own n: {impossible:,}. No rate among so many rows has such a value or "
            "interval; the report was changed."
        )
    if unknown:
        by_feature = [f"{k:,} of {n:,} of {_name(name)}" for name, (k, n) in recounting.features.items() if k]
        told.append(
            f"{len(unknown):,} could not be checked, in whole or in part: counts of fewer than {SMALLEST_CELL} rows "
            f"are hidden, and those that would give them away. These are {_listing(by_feature)}."
        )
    return [*told, *_rests_on(recounting)]


def _rests_on(recounting: Recounting) -> list[str]:
    """Which of the findings behind the verdict rest on figures that could not be checked."""

    def named(bases: Iterable[Basis]) -> str:
        return _listing([f"{_name(basis.finding)} ({_name(basis.feature)})" for basis in bases])

    verdict = f"the verdict '{_name(recounting.verdict)}'"
    if not recounting.bases:
        return [f"No finding behind {verdict} rests on these figures."]
    bases = recounting.bases
    sentences = {
        f"Among them are figures behind {verdict}: of": [b for b in bases if b.unknown],
        f"All shown figures behind {verdict} were held against the counts: of": [
            b for b in bases if b.figures and not b.unknown
        ],
        f"The report shows no figure behind {verdict}: of": [b for b in bases if not b.figures],
    }
    return [f"{sentence} {named(found)}." for sentence, found in sentences.items() if found]


def recounting_json(recounting: Recounting) -> str:
    """Return everything as one JSON object; docs/cli.md lists the keys."""
    document = {
        "equal": recounting.is_equal,
        "fingerprint": recounting.tables.fingerprint,
        "verdict": recounting.verdict,
        "rests_on": [
            {"finding": b.finding, "feature": b.feature, "figures": b.figures, "unchecked": b.unknown}
            for b in recounting.bases
        ],
        "features": {name: {"figures": n, "unchecked": k} for name, (k, n) in recounting.features.items()},
        "figures": [
            {
                "feature": f.feature,
                "group": f.group,
                "metric": f.metric,
                "kind": f.kind,
                "status": _word(f),
                "unchecked": f.unchecked,
                "report": dict(f.told),
                "counts": None if f.counted is None else dict(f.counted),
            }
            for f in recounting.figures
        ],
    }
    return json.dumps(document, indent=1)


def comparison_text(comparison: Comparison, not_compared: Mapping[str, Sequence[str]]) -> str:
    """Return what changed, the changes first, what was not compared, and what the tests suppose."""
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
    if not_compared:
        asked = max(map(len, not_compared.values()))
        compared = {entry["feature"] for entry in disparities if entry["status"] != NOT_COMPARABLE}
        parts = [
            f"{_name(name)}: {_listing([_name(one) for one in missing]) if name in compared else f'all {asked:,}'}"
            for name, missing in not_compared.items()
        ]
        told.append(
            "Disparities that were not compared (hidden counts, groups or features of one audit only, or the same "
            f"data): {'; '.join(parts)}."
        )
    told.append(_SAME if comparison.same_data else _OVERLAP)
    columns = ("feature", "group", "metric", "before", "after", "change", "low", "high", "p", "")
    return _page(columns, lines, told)


def comparison_json(comparison: Comparison, not_compared: Mapping[str, Sequence[str]]) -> str:
    """Return everything as one JSON object; docs/cli.md lists the keys."""
    document = {
        "worse": int((comparison.rates["status"] == WORSE).sum() + (comparison.disparities["status"] == WORSE).sum()),
        "same_data": comparison.same_data,
        "tolerance": comparison.tolerance,
        "confidence": comparison.confidence,
        "not_compared": {name: list(missing) for name, missing in not_compared.items()},
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
    if figure.differs:
        return f"{'impossible' if figure.counted is None else 'differs'}: {', '.join(figure.differs)}"
    if figure.counted is None:
        return "hidden counts"
    return f"equal but unchecked: {', '.join(figure.unchecked)}" if figure.unchecked else "equal"


def _numbers(figure: Any) -> Iterable[str]:
    return [*(_number(figure.get(name)) for name in ("value", "low", "high")), _count(figure.get("n"))]


def _number(value: float | None) -> str:
    return _DASH if value is None else f"{value:.4f}"


def _count(value: int | str | None) -> str:
    return _DASH if value is None else value if isinstance(value, str) else f"{value:,}"


def _name(text: str) -> str:
    return printable(clean(text, _NAME))


def _listing(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _page(columns: Sequence[str], lines: Sequence[Sequence[str]], told: Iterable[str]) -> str:
    console = Console(highlight=False)
    wide = console.is_terminal and console.width >= _WIDE
    with console.capture() as captured:
        if wide and lines:
            console.print(_table(columns, lines[:_SHOWN]))
        for line in () if wide else lines[:_SHOWN]:
            console.print(Text(_paragraph(columns, line)), soft_wrap=True)
        if len(lines) > _SHOWN:
            console.print(Text(f"First {_SHOWN} of {len(lines):,}; --json has them all."))
        for sentence in told:
            console.print(Text(sentence))
    return captured.get().rstrip("\n")


def _table(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        is_number = column in {"value", "low", "high", "n", "before", "after", "change", "p"}
        named = column in {"feature", "group", "metric"}
        table.add_column(column, justify="right" if is_number else "left", overflow="fold", no_wrap=not named)
    for line in lines:
        table.add_row(*map(Text, line))
    return table


def _paragraph(columns: Sequence[str], line: Sequence[str]) -> str:
    """Names and the last cell in one line, the numbers with their names in the next."""
    *names, word = line[0], line[1], line[2], line[-1]
    forms = {"low": "({}", "high": "to {})"}
    numbers = [
        forms.get(column, f"{column} {{}}").format(cell)
        for column, cell in zip(columns[3:-1], line[3:-1], strict=True)
        if cell != _DASH
    ]
    first = f"{', '.join(names)}: {word}"
    return f"{first}\n  {' '.join(numbers)}" if numbers else first
