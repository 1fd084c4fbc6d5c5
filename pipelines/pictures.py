"""The report's pictures for the Prefect UI, which shows images by their address: an SVG in the address itself."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assay.report.figures import plot_curves, plot_histogram, plot_rates
from assay.report.text import displayable

from .numbers import differences, is_number

if TYPE_CHECKING:
    from assay.report.drawing import Picture

# The light colours of report.css: an image has no style sheet, and the UI is dark or light as its reader likes.
_COLOURS = {
    "ink": "#1a1f26",
    "muted": "#55606e",
    "line": "#d9dee5",
    "series-1": "#2463a8",
    "series-2": "#c2571a",
    "series-3": "#1b7f6b",
    "series-4": "#7a4fb5",
}
_PAPER = "#ffffff"
_FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
_MARGIN = 8
_CELL = 160


@dataclass(frozen=True, slots=True)
class Image:
    """A picture as an address that holds it.

    Attributes
    ----------
    kind
        What it shows, as a part of an artifact's key.
    title, sentence
        As in the report; texts of the data in them are not escaped yet.
    address
        `data:image/svg+xml;base64,...`
    """

    kind: str
    title: str
    sentence: str
    address: str


def draw_images(document: dict[str, Any]) -> list[Image]:
    """Draw the pictures that matter most: the rates that are furthest apart, label quality, and the losses.

    Those that the document has no figures for are left out.
    """
    found: list[tuple[str, Picture]] = []
    if (rates := _furthest_rates(document)) is not None:
        found.append(("rates", rates))
    if (histogram := document["labels"]["histogram"]) is not None:
        found.append(("label-quality", plot_histogram(histogram)))
    if (curves := document["learning"]["curves"]) is not None:
        found.append(("losses", plot_curves(curves)))
    return [Image(kind, picture.title, picture.sentence, _address(picture.svg)) for kind, picture in found]


def _furthest_rates(document: dict[str, Any]) -> Picture | None:
    """The rates of the feature and metric with the largest disparity that the report draws."""
    table, least = document["fairness"]["by_group"], document["limits"]["min_group_size"]
    size = table["columns"].index("n")
    large = [row for row in table["rows"] if is_number(row[size]) and row[size] >= least]
    apart = differences(document)
    tolerance = apart[0]["tolerance"] if apart else None
    drawn = plot_rates(displayable({**table, "rows": large}, _CELL), tolerance=tolerance)
    for row in apart:
        feature, metric = displayable([row["feature"], row["metric"]], _CELL)
        for picture in drawn.get(feature, []):
            if picture.title.lower() == str(metric).lower():
                return replace(picture, title=f"{picture.title} by {feature}")
    return None


def _address(svg: str) -> str:
    """A picture of the report on paper of its own, in fixed colours."""
    box = re.search(r'viewBox="([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)"', svg)
    assert box is not None
    left, top, width, height = map(float, box.groups())
    left, top, width, height = left - _MARGIN, top - _MARGIN, width + 2 * _MARGIN, height + 2 * _MARGIN
    body = re.sub(r"var\(--([\w-]+)\)", lambda name: _COLOURS[name.group(1)], svg.split(">", 1)[1])
    whole = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="{left:g} {top:g} {width:g} {height:g}" font-family="{_FONT}">'
        f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" fill="{_PAPER}"/>{body}'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(whole.encode()).decode()
