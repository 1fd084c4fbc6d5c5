"""Pictures of rates by group, of label quality and of learning."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from assay.report.drawing import CHARACTER, FIRST, FONT, INK, MUTED, NARROW, SECOND, WIDE, Picture, canvas, render
from assay.report.text import NONE, columns, number, percent, percent_span, plural, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LABEL_COLUMNS = 21
_GROUPS = 12
_FEATURES = 6
_RATES = ("selection rate", "true positive rate", "false positive rate")


@dataclass(frozen=True, slots=True)
class Rate:
    """One group's rate."""

    group: str
    value: float | None
    low: float | None
    high: float | None
    n: int | str | None  # "<10" or None where it is hidden


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Groups that are too small for a picture."""

    groups: int
    least: int  # rows that a group needs

    def __str__(self) -> str:
        """As a sentence."""
        return f"Left out: {plural(self.groups, 'group')} with fewer than {plural(self.least, 'row')}."


def plot_rates(
    by_group: dict[str, Any],
    left_out: Mapping[str, LeftOut] | None = None,
    prefix: str = "rates",
    *,
    tolerance: float | None = None,
) -> dict[str, list[Picture]]:
    """Pictures of the selection rate, true and false positive rate of each group, by feature.

    Parameters
    ----------
    by_group
        The table of the document: `feature`, `group`, `metric`, `value`, `low`, `high`, `n`.
    left_out
        For each feature, the groups that are not in the table since they are too small.
    prefix
        Of the ids in the SVG.
    tolerance
        Largest difference that is tolerated: the width of a band, which ends at the highest rate.
    """
    found: dict[str, dict[str, list[Rate]]] = {}
    for cells in by_group["rows"]:
        row = dict(zip(by_group["columns"], cells, strict=True))
        if str(row["metric"]).startswith(_RATES):
            rate = Rate(str(row["group"]), row["value"], row["low"], row["high"], row["n"])
            found.setdefault(str(row["feature"]), {}).setdefault(row["metric"], []).append(rate)
    return {
        feature: [
            _rate_picture(
                feature,
                metric,
                rates,
                left_out=(left_out or {}).get(feature),
                prefix=f"{prefix}-{place}-{which}",
                tolerance=tolerance,
            )
            for which, (metric, rates) in enumerate(list(metrics.items())[: len(_RATES)])
        ]
        for place, (feature, metrics) in enumerate(list(found.items())[:_FEATURES])
    }


def _rate_picture(
    feature: str,
    metric: str,
    rates: list[Rate],
    *,
    left_out: LeftOut | None,
    prefix: str,
    tolerance: float | None,
) -> Picture:
    ordered = sorted(rates, key=lambda rate: (rate.value is None, -(rate.value or 0.0), rate.group))
    shown = ordered[:_GROUPS]
    known = [rate for rate in ordered if rate.value is not None]
    if len(known) > _GROUPS:  # the two ends, where disparities are
        shown = known[: _GROUPS // 2] + known[-_GROUPS // 2 :]
    labels = [shorten(rate.group, _LABEL_COLUMNS) for rate in shown]
    figure, axes, texts = canvas(NARROW, 0.42 + 0.3 * len(shown))
    left = (14 + CHARACTER * max(columns(label) for label in labels)) / (72 * NARROW)
    # Room for the names of groups on the left, their sizes on the right, and one line below, whatever the height.
    height = figure.get_figheight()
    figure.subplots_adjust(left=left, right=0.8, top=1 - 0.06 / height, bottom=0.28 / height)
    if tolerance is not None and len(known) > 1:
        top = max(float(rate.value or 0.0) for rate in known)
        axes.axvspan(max(0.0, top - tolerance), top, color=MUTED, alpha=0.14, linewidth=0)
    for place, rate in enumerate(shown):
        if rate.value is None:
            why = "too few cases" if isinstance(rate.n, str) else "not estimable"
            why = "not shown" if rate.n is None else why
            axes.text(0.02, place, why, color=MUTED, va="center", fontsize=FONT)
            continue
        if rate.low is not None and rate.high is not None:
            axes.plot([rate.low, rate.high], [place, place], color=FIRST, linewidth=2.5, alpha=0.5)
        axes.plot([rate.value], [place], marker="o", color=FIRST, markersize=6, linestyle="none")
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "", "50%", "", "100%"])
    axes.set_yticks(range(len(shown)), [texts.hold(label) for label in labels])
    for place, rate in enumerate(shown):
        label = texts.hold(f"n {number(rate.n)}")
        axes.text(1.03, place, label, color=MUTED, va="center", fontsize=FONT - 1)
    title = f"{metric.capitalize()} by {feature}"
    return Picture(
        title=metric.capitalize(),
        sentence=_rate_sentence(metric, ordered, len(shown)) + (f" {left_out}" if left_out else ""),
        svg=render(figure, texts, prefix, title),
        columns=("group", "rate", "interval", "n"),
        rows=tuple(
            (r.group, percent(r.value), percent_span(r.low, r.high), NONE if r.n is None else r.n) for r in ordered
        ),
    )


def _rate_sentence(metric: str, ordered: Sequence[Rate], shown: int) -> str:
    known = [rate for rate in ordered if rate.value is not None]
    cut = f" The picture has the {shown} outermost of {len(ordered)} groups." if shown < len(ordered) else ""
    if not known:
        return f"The {metric} could not be estimated for any group."
    if len(known) == 1:
        return f"The {metric} is {percent(known[0].value)} in {known[0].group}, the only group with an estimate.{cut}"
    high, low = known[0], known[-1]
    return (
        f"The {metric} ranges from {percent(low.value)} ({shorten(low.group, 60)}) "
        f"to {percent(high.value)} ({shorten(high.group, 60)}).{cut}"
    )


def plot_histogram(histogram: dict[str, Any], prefix: str = "quality") -> Picture:
    """Picture of the label quality of all judged rows, and of the suspects, if any, on a scale of their own."""
    edges, judged, suspects = histogram["edges"], histogram["judged"], histogram["suspects"]
    series = [("all judged rows", judged, FIRST), ("suspect rows", suspects, SECOND)][: 2 if any(suspects) else 1]
    figure, axes, texts = canvas(WIDE, 3.0, panels=len(series))
    panels = axes if len(series) > 1 else [axes]
    for panel, (name, counts, colour) in zip(panels, series, strict=True):
        widths = [0.9 * (high - low) for low, high in pairwise(edges)]
        panel.bar(edges[:-1], counts, width=widths, align="edge", color=colour, linewidth=0)
        panel.set_xlim(-0.01, 1.01)
        top = max(1, *counts)
        panel.set_ylim(0, 1.12 * top)
        panel.set_yticks([0, top], ["0", f"{top:,}"])
        panel.set_title(name, loc="left", fontsize=FONT, color=INK, pad=3)
        panel.set_xticks([])
    panels[-1].set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    panels[-1].set_xlabel("label quality (low is suspect)", fontsize=FONT, color=MUTED)
    return Picture(
        title="Label quality",
        sentence=(
            f"{plural(sum(suspects), 'row')} of {sum(judged):,} judged are suspect "
            f"({percent(sum(suspects) / sum(judged))}); a quality near 0 means that the model trained on the other "
            "rows holds the given label for unlikely."
        ),
        svg=render(figure, texts, prefix, "Histogram of label quality"),
        columns=("label quality", "judged rows", "suspect rows"),
        rows=tuple(
            (f"{low:.2f} to {high:.2f}", all_, suspect)
            for (low, high), all_, suspect in zip(pairwise(edges), judged, suspects, strict=True)
        ),
    )


def plot_curves(curves: dict[str, Any], prefix: str = "curves") -> Picture:
    """Picture of the loss after each epoch, on training and on held-out rows."""
    epochs, train, test = curves["epochs"], curves["train"], curves["test"]
    figure, axes, texts = canvas(WIDE, 3.0)
    for side, colour, style in ((train, FIRST, "-"), (test, SECOND, "--")):
        axes.fill_between(epochs, side["low"], side["high"], color=colour, alpha=0.18, linewidth=0)
        marker = "o" if len(epochs) == 1 else None
        axes.plot(epochs, side["mean"], color=colour, linestyle=style, linewidth=2, marker=marker)
    low, high = max(0.0, axes.get_ylim()[0]), axes.get_ylim()[1]
    axes.set_ylim(low, high)
    ticks = (low, (low + high) / 2, high)
    axes.set_yticks(ticks, [f"{tick:.2f}" for tick in ticks])
    places = sorted({epochs[0], epochs[len(epochs) // 2], epochs[-1]})
    axes.set_xticks(places, [str(place) for place in places])
    axes.set_xlabel("epoch", fontsize=FONT, color=MUTED)
    axes.set_title("cross-entropy in nats", loc="left", fontsize=FONT, color=INK, pad=9)
    gap = test["mean"][-1] - train["mean"][-1]
    return Picture(
        title="Loss while learning",
        sentence=(
            f"After the last epoch the loss is {train['mean'][-1]:.3f} on training rows (solid) and "
            f"{test['mean'][-1]:.3f} on held-out rows (dashed), {abs(gap):.3f} {'more' if gap >= 0 else 'less'}; "
            "the bands reach from the lowest to the highest member."
        ),
        svg=render(figure, texts, prefix, "Loss by epoch, on training and held-out rows"),
        columns=("epoch", "training rows", "held-out rows"),
        rows=tuple(
            (epoch, f"{a:.4f}", f"{b:.4f}") for epoch, a, b in zip(epochs, train["mean"], test["mean"], strict=True)
        ),
    )
