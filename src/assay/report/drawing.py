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
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = dict[str, Any]

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
    body = _without_bare_groups(re.sub(r"<defs>\s*</defs>", "", body))
    body = re.sub(r"<[^>]+>", lambda tag: _short(tag.group()), body)
    for placeholder, variable in _COLOURS.items():
        body = body.replace(placeholder, variable)
    body = texts.put_back(re.sub(r"\s*\n\s*", "\n", body).strip())
    view = box.group(1) if box else ""
    return f'<svg class="picture" role="img" aria-label="{escape(label)}" viewBox="{view}">\n{body}\n</svg>'


def _short(tag: str) -> str:
    """Without turns by nothing, digits that no eye sees, and spaces: a third of a picture otherwise."""
    tag = re.sub(r' transform="rotate\(-?0 [^"]*\)"', "", tag)
    tag = re.sub(r"(\d\.\d\d)\d+", r"\1", tag)
    return re.sub(r"([:;]) ", r"\1", tag)


def _without_bare_groups(svg: str) -> str:
    """Without `<g>` and its end where it has no attribute: it groups what nobody asks for."""
    parts: list[str] = []
    bare: list[bool] = []
    for piece in re.split(r"(</?g\b[^>]*>)", svg):
        if piece == "</g>":
            kept = not bare.pop()
        elif re.match(r"<g\b", piece) and not piece.endswith("/>"):
            bare.append(piece == "<g>")
            kept = not bare[-1]
        else:
            kept = piece != "<g/>"
        if kept:
            parts.append(piece)
    return "".join(parts)


def known(table: dict[str, Any], *names: str) -> list[Row]:
    """Rows of a table of the document in which none of the named cells is empty."""
    rows = [dict(zip(table["columns"], cells, strict=True)) for cells in table["rows"]]
    return [row for row in rows if all(row[name] is not None for name in names)]


def by(rows: Iterable[Row], name: str) -> dict[str, list[Row]]:
    """Rows by their value of `name`, in the order in which the values first occur."""
    found: dict[str, list[Row]] = {}
    for value, run in groupby(rows, key=lambda row: str(row[name])):
        found.setdefault(value, []).extend(run)
    return found


def count(n: Any) -> int:
    """A number of rows; 0 where it is hidden."""
    return n if isinstance(n, int) else 0


def whisker(axes: Axes, colour: str, *, across: Sequence[float | None], along: Sequence[float | None]) -> None:
    """An interval, where there is one."""
    x, y = ([end for end in ends if end is not None] for ends in (across, along))
    if len(x) == len(y) == 2:
        axes.plot(x, y, color=colour, linewidth=2.2, alpha=0.4)


def ticks(low: float, high: float) -> Iterator[float]:
    """Up to five round shares in [low, high]."""
    step = next(s for s in (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 10.0) if (high - low) / s <= 5)
    first = int(low / step) + (low > 0)
    yield from (round(place * step, 4) for place in range(first, int(high / step) + 1))


def percent_axis(axes: Axes, which: str, places: list[float]) -> None:
    """Label an axis, "x" or "y", in percent."""
    labels = [f"{100 * tick:.1f}".rstrip("0").rstrip(".") + "%" for tick in places]
    (axes.set_xticks if which == "x" else axes.set_yticks)(places, labels)


def key(axes: Axes, names: Sequence[str], *, left: float, top: float) -> None:
    """Names of the lines that were drawn last, in their colours, from a corner in fractions of the axes."""
    lines = [line for line in axes.lines if line.get_label() in names]
    for place, line in enumerate(lines):
        y = top - 0.075 * place
        axes.plot(
            [left],
            [y],
            marker=str(line.get_marker()),
            color=line.get_color(),
            markersize=6,
            linestyle="none",
            transform=axes.transAxes,
        )
        axes.text(
            left + 0.03, y, str(line.get_label()), transform=axes.transAxes, color=INK, va="center", fontsize=FONT - 1
        )
