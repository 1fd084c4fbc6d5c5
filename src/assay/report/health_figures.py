"""Pictures of model health: learning curve, columns behind predictions, robustness, what the audit would find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.report.drawing import (
    CHARACTER,
    FONT,
    INK,
    LINE,
    MARKERS,
    MUTED,
    NARROW,
    SERIES,
    WIDE,
    Picture,
    Row,
    by,
    canvas,
    key,
    known,
    percent_axis,
    render,
    ticks,
    whisker,
)
from assay.report.grids import plot_power
from assay.report.text import columns, number, percent, percent_span, plural, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Titles of the tables of the stage "health"; any other is called by its key.
TITLES = {
    "loss_curves": "Loss after each epoch",
    "shuffled": "Models on shuffled labels",
    "shared_values": "Columns whose values models recognise",
    "against_simple": "The network against simple models",
    "learning_curve": "Score by number of training rows",
    "attributions": "What the predictions rest on",
    "group_gaps": "Columns behind the gaps between groups",
    "pure_values": "Values that fix the label",
    "split_overlap": "Rows and values that parts of the split share",
    "label_by_order": "Label along the file and over time",
    "time_features": "Features that tell the time",
    "variants": "Other hyperparameters",
    "verdicts": "Figures under other hyperparameters",
    "ambiguity": "Rows that equally good models disagree on",
    "robustness": "Accuracy after edits",
    "robustness_columns": "Columns whose edits turn predictions",
    "stamps": "Values that were written into other rows",
    "power": "What this audit would have found",
}
_LABEL_COLUMNS = 26
_LINES = 12
_CURVES = 3


def plot_health(tables: Mapping[str, dict[str, Any]]) -> list[Picture]:
    """Pictures of those tables of `health.tables` that are there and have something to show."""
    drawn = {
        "learning_curve": plot_learning_curve,
        "attributions": plot_attributions,
        "group_gaps": plot_group_gaps,
        "robustness": plot_robustness,
        "power": plot_power,
    }
    return [picture for name, draw in drawn.items() if name in tables for picture in draw(tables[name])]


def plot_learning_curve(table: dict[str, Any], prefix: str = "learning-curve") -> list[Picture]:
    """Picture of the score against the training rows: `rows`, `kind` (measured, projected), `value`, `low`, `high`."""
    rows = [row for row in known(table, "value") if row["group"] is None]
    measured, projected = ([r for r in rows if r["kind"] == kind] for kind in ("measured", "projected"))
    if len(measured) < 2:
        return []
    figure, axes, texts = canvas(WIDE, 3.3)
    axes.set_xscale("log")
    for row in measured:
        whisker(axes, SERIES[0], across=[row["rows"]] * 2, along=[row["low"], row["high"]])
    axes.plot([r["rows"] for r in measured], [r["value"] for r in measured], color=SERIES[0], marker="o", markersize=5)
    if projected:
        ahead = [measured[-1], *projected]
        x = [r["rows"] for r in ahead]
        low, high = ([r["value"] if r[end] is None else r[end] for r in ahead] for end in ("low", "high"))
        low[0] = high[0] = measured[-1]["value"]
        axes.fill_between(x, low, high, color=SERIES[1], alpha=0.18, linewidth=0)
        axes.plot(x, [r["value"] for r in ahead], color=SERIES[1], linestyle="--", linewidth=1.8)
    ends = sorted({rows[0]["rows"], measured[len(measured) // 2]["rows"], measured[-1]["rows"], rows[-1]["rows"]})
    axes.set_xticks(ends, [number(end) for end in ends])
    axes.set_xticks([], minor=True)
    places = list(ticks(*axes.get_ylim()))
    axes.set_yticks(places, [f"{place:.3g}" for place in places])
    axes.set_xlabel("training rows", fontsize=FONT, color=MUTED)
    axes.set_title(texts.hold(str(rows[0]["metric"])), loc="left", fontsize=FONT, color=INK, pad=9)
    last = measured[-1]
    told = f"With {plural(last['rows'], 'training row')} the {last['metric']} is {number(last['value'])}"
    if projected:
        far = projected[-1]
        told += f"; with {number(far['rows'])} it would be {_between(far)} (dashed, with the range of the forms)"
    return [
        Picture(
            title="What more rows bring",
            sentence=f"{told}.",
            svg=render(figure, texts, prefix, "Score by number of training rows"),
            columns=("training rows", "kind", str(rows[0]["metric"]), "interval"),
            rows=tuple((r["rows"], r["kind"], number(r["value"]), _span(r)) for r in rows),
        )
    ]


def plot_attributions(table: dict[str, Any], prefix: str = "attributions") -> list[Picture]:
    """Picture of each column's share of the predictions: `column`, `share`, `low`, `high`."""
    rows = sorted(known(table, "share"), key=lambda row: (-row["share"], str(row["column"])))
    if not rows:
        return []
    top = rows[0]
    return [
        _lines(
            title="What the predictions rest on",
            sentence=(
                f"The column with the largest share of the network's score is {shorten(str(top['column']), 60)} "
                f"({percent(top['share'])}).{_cut(rows, 'column')}"
            ),
            items=[(str(r["column"]), r["share"], r["low"], r["high"]) for r in rows],
            prefix=prefix,
            what="share of the network's score",
        )
    ]


def plot_group_gaps(table: dict[str, Any], prefix: str = "group-gaps") -> list[Picture]:
    """Pictures of the columns behind the largest gap of each feature: `feature`, `group`, `column`, `contribution`."""
    pictures = []
    for place, (feature, of) in enumerate(list(by(known(table, "contribution"), "feature").items())[:_CURVES]):
        whole = [row for row in of if row["column"] is None]
        if not whole:
            continue
        widest = max(whole, key=lambda row: abs(row["contribution"]))
        parts = [row for row in of if row["column"] is not None and row["group"] == widest["group"]]
        parts.sort(key=lambda row: -abs(row["contribution"]))
        pictures.append(
            _lines(
                title=f"Columns behind the gap by {feature}",
                sentence=(
                    f"The mean log odds of {shorten(str(widest['group']), 40)} differ from those of all others by "
                    f"{number(widest['contribution'])}; the parts of the columns add up to it.{_cut(parts, 'column')}"
                ),
                items=[(str(r["column"]), r["contribution"], r["low"], r["high"]) for r in parts],
                prefix=f"{prefix}-{place}",
                what="log odds",
                in_percent=False,
            )
        )
    return pictures


def plot_robustness(table: dict[str, Any], prefix: str = "robustness") -> list[Picture]:
    """Picture of the accuracy after edits, found by search and at random: `kind`, `edits`, `accuracy`, `random`."""
    rows = [row for row in known(table, "accuracy") if row["by"] == "overall"]
    kinds = by(rows, "kind")
    if not kinds:
        return []
    figure, axes, texts = canvas(WIDE, 3.3)
    names: list[str] = []
    for (kind, of), colour, marker in zip(kinds.items(), SERIES, MARKERS, strict=False):
        x = [r["edits"] for r in of]
        for r in of:
            whisker(axes, colour, across=[r["edits"]] * 2, along=[r["low"], r["high"]])
        names.append(texts.hold(shorten(kind, _LABEL_COLUMNS)))
        axes.plot(x, [r["accuracy"] for r in of], color=colour, marker=marker, markersize=5, label=names[-1])
        at_random = [r for r in of if r["random"] is not None]
        axes.plot([r["edits"] for r in at_random], [r["random"] for r in at_random], color=colour, linestyle=":")
    axes.set_ylim(-0.02, 1.02)
    percent_axis(axes, "y", [0, 0.25, 0.5, 0.75, 1])
    places = sorted({row["edits"] for row in rows})
    axes.set_xticks(places, [str(place) for place in places])
    axes.set_xlabel("columns that may be edited", fontsize=FONT, color=MUTED)
    axes.set_title("rows still predicted right", loc="left", fontsize=FONT, color=INK, pad=9)
    key(axes, names, left=0.04, top=0.2)
    first = next(iter(kinds.values()))
    return [
        Picture(
            title="Robustness to small edits",
            sentence=(
                f"Of the predictions by {next(iter(kinds))} that are right ({percent(first[0]['accuracy'])} of the "
                f"rows), the worst edits found of {plural(first[-1]['edits'], 'column')} turn "
                f"{percent(_turned(first))}; dotted: edits at random."
            ),
            svg=render(figure, texts, prefix, "Accuracy by number of edited columns"),
            columns=("model", "edited columns", "accuracy", "interval", "by random edits"),
            rows=tuple(
                (
                    r["kind"],
                    r["edits"],
                    percent(r["accuracy"]),
                    percent_span(r["low"], r["high"]),
                    percent(r["random"]),
                )
                for r in rows
            ),
        )
    ]


def _turned(rows: Sequence[Row]) -> float:
    """Share of the right predictions, as they are, that are wrong with the most edits."""
    right, still = rows[0]["accuracy"], rows[-1]["accuracy"]
    return float((right - still) / right) if right else 0.0


def _lines(
    *,
    title: str,
    sentence: str,
    items: Sequence[tuple[str, float, float | None, float | None]],
    prefix: str,
    what: str,
    in_percent: bool = True,
) -> Picture:
    """A dot with its interval for each item, one below the other."""
    shown = items[:_LINES]
    labels = [shorten(name, _LABEL_COLUMNS) for name, *_ in shown]
    figure, axes, texts = canvas(NARROW, 0.72 + 0.26 * len(shown))
    height = figure.get_figheight()
    left = (14 + CHARACTER * max(columns(label) for label in labels)) / (72 * NARROW)
    figure.subplots_adjust(left=left, right=0.95, top=1 - 0.06 / height, bottom=0.58 / height)
    axes.axvline(0, color=LINE, linewidth=1.2)
    for place, (_, value, low, high) in enumerate(shown):
        whisker(axes, SERIES[0], across=[low, high], along=[place, place])
        axes.plot([value], [place], marker="o", color=SERIES[0], markersize=6, linestyle="none")
    axes.set_ylim(len(shown) - 0.4, -0.6)
    low, high = axes.get_xlim()
    axes.set_xlim(min(0.0, low), max(high, 0.02))
    places = list(ticks(*axes.get_xlim()))
    if in_percent:
        percent_axis(axes, "x", places)
    else:
        axes.set_xticks(places, [f"{place:g}" for place in places])
    axes.set_yticks(range(len(shown)), [texts.hold(label) for label in labels])
    axes.set_xlabel(what, fontsize=FONT, color=MUTED)
    told = percent if in_percent else number
    span = percent_span if in_percent else _plain_span
    return Picture(
        title=title,
        sentence=sentence,
        svg=render(figure, texts, prefix, title),
        columns=("", what, "interval"),
        rows=tuple((name, told(value), span(low, high)) for name, value, low, high in items),
    )


def _cut(rows: Sequence[Row], noun: str) -> str:
    return f" The picture has {_LINES} of {plural(len(rows), noun)}." if len(rows) > _LINES else ""


def _between(row: Row) -> str:
    return f"{number(row['value'])} ({_span(row)})" if row["low"] is not None else number(row["value"])


def _span(row: Row) -> str:
    return _plain_span(row["low"], row["high"])


def _plain_span(low: float | None, high: float | None) -> str:
    ends: Iterable[float | None] = (low, high)
    return "" if None in ends else f"{number(low)} to {number(high)}"
