"""One static page over all audits of a folder: how each dataset stands, and how it got there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from assay.deciding import Verdict
from assay.errors import StorageError
from assay.report.page import environment
from assay.report.text import clean
from assay.store import known_audits, read_audit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Audits of a dataset that the page shows; the folder has all of them.
SHOWN = 30
_WIDTH, _HEIGHT, _MARGIN = 120, 28, 3


@dataclass(frozen=True, slots=True)
class Spark:
    """A series as a line: its points in a view of `_WIDTH` x `_HEIGHT`, and what it says in words.

    Attributes
    ----------
    title, last
        What it shows, and its last value as text.
    segments
        Points of each unbroken piece, as SVG has them; a value that is not known breaks the line.
    end
        Place of the last known value, or None.
    words
        First, lowest, highest and last value.
    """

    title: str
    last: str
    segments: tuple[str, ...]
    end: tuple[float, float] | None
    words: str


@dataclass(frozen=True, slots=True)
class Audit:
    """One audit in a list: its verdict, its time, its page, and what kept it from `pass`."""

    verdict: str
    created: str
    href: str
    rows: int | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A dataset: its audits, the newest first, and its series.

    `damaged` counts what could not be read; where the newest audit is among them, how the dataset stands is not
    `known`, whatever an older one said.
    """

    name: str
    audits: tuple[Audit, ...]
    in_all: int
    sparks: tuple[Spark, ...]
    damaged: int
    known: bool


def render_index(folder: Path) -> str:
    """Page over the audits below `folder`, the datasets that stand worst first.

    Links are relative to `folder`, where the page belongs. An audit that cannot be read is counted, not left out in
    silence.
    """
    homes: dict[str, list[Path]] = {}
    for place in known_audits(folder):
        homes.setdefault(place.parent.name, []).append(place)
    lines = sorted((_line(places) for places in homes.values()), key=_worst_first)
    return environment().get_template("index.html.j2").render(lines=lines, width=_WIDTH, height=_HEIGHT)


def _worst_first(line: Line) -> tuple[int, str]:
    verdicts = ("reject", "undecided", "pass")
    return (verdicts.index(line.audits[0].verdict) if line.known else -1), line.name


def _line(places: list[Path]) -> Line:
    found: list[tuple[str, Audit, list[float | None]]] = []
    damaged, known = 0, True
    for place in places[-SHOWN:]:
        try:
            document = read_audit(place)
            # A report of the right schema may still lack what is shown of it.
            found.append((str(document["name"]), _audit(place, document), [read(document) for _, read, _ in _SERIES]))
        except (StorageError, KeyError, TypeError, ValueError, AttributeError):
            damaged += 1
            known = place != places[-1]
    name = found[-1][0] if found else places[-1].parent.name
    audits = tuple(audit for _, audit, _ in reversed(found))
    series = zip(*(values for _, _, values in found), strict=True)
    sparks = tuple(
        _spark(title, list(values), form) for (title, _, form), values in zip(_SERIES, series, strict=False)
    )
    return Line(clean(name, 160), audits, len(places), sparks, damaged, known)


def _audit(place: Path, document: dict[str, Any]) -> Audit:
    return Audit(
        verdict=Verdict(document["verdict"]).value,
        created=str(document["manifest"].get("created", "")).replace("T", " ").replace("+00:00", " UTC"),
        href="/".join(quote(part) for part in (place.parent.name, place.name, "report.html")),
        rows=document["rows"]["total"],
        reasons=tuple(clean(reason["message"], 300) for reason in document["reasons"]),
    )


def _rows(document: dict[str, Any]) -> float | None:
    total = document["rows"]["total"]
    return None if total is None else float(total)


def _clean_share(document: dict[str, Any]) -> float | None:
    rows = document["rows"]
    return rows["clean"] / rows["total"] if rows["total"] and rows["clean"] is not None else None


def _suspect_share(document: dict[str, Any]) -> float | None:
    labels = document["labels"]
    return labels["suspects"] / labels["judged"] if labels["judged"] else None


def _auc(document: dict[str, Any]) -> float | None:
    table = document["health"]["metrics"]
    metric, value = (table["columns"].index(name) for name in ("metric", "value"))
    return next((row[value] for row in table["rows"] if row[metric] == "auc"), None)


_SERIES: tuple[tuple[str, Callable[[dict[str, Any]], float | None], str], ...] = (
    ("rows", _rows, "{:,.0f}"),
    ("clean rows", _clean_share, "{:.1%}"),
    ("suspect labels", _suspect_share, "{:.1%}"),
    ("AUC", _auc, "{:.3f}"),
)


def _spark(title: str, values: list[float | None], form: str) -> Spark:
    known = [value for value in values if value is not None]
    if not known:
        return Spark(title, "—", (), None, "not known")
    low, high = min(known), max(known)
    step = (_WIDTH - 2 * _MARGIN) / max(1, len(values) - 1)

    def at(place: int, value: float) -> tuple[float, float]:
        # A series that never changes lies in the middle.
        share = (value - low) / (high - low) if high > low else 0.5
        return round(_MARGIN + step * place, 1), round(_HEIGHT - _MARGIN - share * (_HEIGHT - 2 * _MARGIN), 1)

    pieces: list[list[tuple[float, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(at(place, value))
    drawn = [piece for piece in pieces if piece]
    first, last, least, most = (form.format(value) for value in (known[0], known[-1], low, high))
    words = f"{title}: from {first} to {last} over {len(known)} audits, between {least} and {most}"
    segments = tuple(" ".join(f"{x},{y}" for x, y in piece) for piece in drawn if len(piece) > 1)
    return Spark(title, form.format(values[-1]) if values[-1] is not None else "—", segments, drawn[-1][-1], words)
