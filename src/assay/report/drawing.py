"""What the pictures have in common: inline SVG by matplotlib, coloured by the page's style sheet, deterministic.

Three things matplotlib would do are kept from it. Text of the data never reaches it: labels are placeholders, which
are replaced by escaped text in the SVG, so that no name is read as mathematics and no glyph is missing. Colours are
placeholders too, replaced by the page's variables, so that a picture reads in light and in dark. Ids get the
picture's own prefix, since a page has several pictures.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Placeholder colour -> variable of the style sheet.
_COLOURS = {
    "#010101": "var(--ink)",
    "#020202": "var(--muted)",
    "#030303": "var(--line)",
    "#040404": "var(--series-1)",
    "#050505": "var(--series-2)",
    "#060606": "var(--series-3)",
    "#070707": "var(--series-4)",
}
INK, MUTED, LINE, *SERIES = _COLOURS
FIRST, SECOND, *_ = SERIES
# Told apart without colour as well.
MARKERS = ("o", "s", "^", "D")

# Inches of 72 units, each about a pixel: a third of the page, and a phone, so that texts keep their size.
NARROW = 4.45
WIDE = 5.0
FONT = 11.5
# Units that a character of a label takes on average, in the fonts that pages are read in.
CHARACTER = 6.2


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with what it says in one sentence, and the figures it was drawn from."""

    title: str
    sentence: str
    svg: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]


class Texts:
    """Texts that wait outside of matplotlib."""

    def __init__(self) -> None:
        self.held: list[str] = []

    def hold(self, text: str) -> str:
        """Return a placeholder for `text`."""
        self.held.append(text)
        return f"@@{len(self.held) - 1}@@"

    def put_back(self, svg: str) -> str:
        """Replace each placeholder by its text, escaped."""
        return re.sub(r"@@(\d+)@@", lambda match: escape(self.held[int(match.group(1))]), svg)


def canvas(width: float, height: float, panels: int = 1) -> tuple[Figure, Any, Texts]:
    """A figure of some panels, one below the other, its axes, and the texts that it waits for."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    figure.patch.set_visible(False)
    axes = figure.subplots(panels, 1, sharex=False)
    for panel in axes if panels > 1 else [axes]:
        _plain_axes(panel)
    figure.subplots_adjust(left=0.13, right=0.97, top=0.89, bottom=0.17, hspace=0.5)
    return figure, axes, Texts()


def _plain_axes(axes: Axes) -> None:
    axes.patch.set_visible(False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.tick_params(length=0, labelsize=FONT, labelcolor=INK)
    axes.grid(visible=True, color=LINE, linewidth=0.7)
    axes.set_axisbelow(True)


def render(figure: Figure, texts: Texts, prefix: str, label: str) -> str:
    """The figure as an `<svg>` element for a page."""
    from matplotlib import rc_context

    stream = io.StringIO()
    # Texts stay texts: small, searchable, and in the page's own font. The salt makes the ids the same every time.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": prefix}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _for_page(stream.getvalue(), texts, prefix, label)


def _for_page(svg: str, texts: Texts, prefix: str, label: str) -> str:
    box = re.search(r'viewBox="([\d. ]+)"', svg)
    body = svg[svg.index("<svg") :].split(">", 1)[1].rsplit("</svg>", 1)[0]
    # Its style sheet would apply to the whole page; the groups' ids are referred to by nothing.
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[^"]+"', "<g", body)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', body)
    body = body.replace("url(#", f"url(#{prefix}-").replace('xlink:href="#', f'href="#{prefix}-')
    body = re.sub(r"font-family: [^;\"]+; ?", "", body)
    body = re.sub(r"<g/>|<g>\s*</g>|<defs>\s*</defs>", "", body)
    for placeholder, variable in _COLOURS.items():
        body = body.replace(placeholder, variable)
    body = texts.put_back(re.sub(r"\s*\n\s*", "\n", body).strip())
    view = box.group(1) if box else ""
    return f'<svg class="picture" role="img" aria-label="{escape(label)}" viewBox="{view}">\n{body}\n</svg>'
