"""Pictures of calibration by group, of the price of meeting a tolerance, and of what wrong labels may explain."""

from __future__ import annotations

from typing import Any

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
    count,
    key,
    known,
    percent_axis,
    render,
    ticks,
    whisker,
)
from assay.report.text import columns, number, percent, percent_span, plural, shorten

_FEATURES = 6
_GROUPS = len(SERIES)
_LABEL_COLUMNS = 24
# Of an axis of accuracy: two points.
_LEAST_SPAN = 0.02
_VIEWS = ("observed", "suspects removed", "suspects relabelled", "noise corrected")


def plot_reliability(table: dict[str, Any], prefix: str = "reliability") -> list[Picture]:
    """Pictures of the observed share of positives against the predicted one, one for each feature.

    Parameters
    ----------
    table
        `feature`, `group`, `predicted`, `observed`, `low`, `high`, `n`: a row for each bin of the scores.
    prefix
        Of the ids in the SVG.
    """
    found = by(known(table, "predicted", "observed"), "feature")
    return [
        _reliability(feature, rows, f"{prefix}-{place}")
        for place, (feature, rows) in enumerate(list(found.items())[:_FEATURES])
    ]


def _reliability(feature: str, rows: list[Row], prefix: str) -> Picture:
    groups = by(rows, "group")
    sizes = {group: sum(count(row["n"]) for row in bins) for group, bins in groups.items()}
    largest = sorted(groups, key=lambda group: (-sizes[group], group))[:_GROUPS]
    figure, axes, texts = canvas(WIDE, 4.2)
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=1.5)
    names: list[str] = []
    for group, colour, marker in zip(largest, SERIES, MARKERS, strict=False):
        bins = sorted(groups[group], key=lambda row: float(row["predicted"]))
        for row in bins:
            whisker(axes, colour, across=[row["predicted"]] * 2, along=[row["low"], row["high"]])
        x, y = ([row[end] for row in bins] for end in ("predicted", "observed"))
        names.append(texts.hold(shorten(group, _LABEL_COLUMNS)))
        axes.plot(x, y, color=colour, marker=marker, markersize=5, linewidth=1.6, label=names[-1])
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    percent_axis(axes, "x", [0, 0.25, 0.5, 0.75, 1])
    percent_axis(axes, "y", [0, 0.25, 0.5, 0.75, 1])
    axes.set_xlabel("mean score of the model", fontsize=FONT, color=MUTED)
    axes.set_title("share of positives among these rows", loc="left", fontsize=FONT, color=INK, pad=9)
    key(axes, names, left=0.04, top=0.95)
    return Picture(
        title=f"By {feature}",
        sentence=_reliability_sentence(rows, len(groups), len(largest)),
        svg=render(figure, texts, prefix, f"Calibration by {feature}"),
        columns=("group", "mean score", "share of positives", "interval", "n"),
        rows=tuple(
            (r["group"], percent(r["predicted"]), percent(r["observed"]), percent_span(r["low"], r["high"]), r["n"])
            for r in rows
        ),
    )


def _reliability_sentence(rows: list[Row], groups: int, shown: int) -> str:
    cut = f" The picture has the {shown} largest of {groups} groups." if shown < groups else ""
    apart = [row for row in rows if row["low"] is not None and not row["low"] <= row["predicted"] <= row["high"]]
    told = (
        f"In {len(apart)} of {plural(len(rows), 'point')} the interval does not contain the score"
        if apart
        else "Every interval contains its score"
    )
    return (
        "Each point is a part of a group's rows with similar scores; on the diagonal the score is the share of "
        f"positives. {told}.{cut}"
    )


def plot_frontier(table: dict[str, Any], tolerance: float, prefix: str = "frontier") -> list[Picture]:
    """Pictures of accuracy against disparity, one for each feature and criterion.

    Parameters
    ----------
    table
        See `assay.results.MitigationResult.frontier`.
    tolerance
        Largest disparity that is tolerated.
    prefix
        Of the ids in the SVG.
    """
    rows = known(table, "accuracy", "disparity")
    found = [
        ((feature, criterion), of)
        for feature, one in by(rows, "feature").items()
        for criterion, of in by(one, "criterion").items()
    ]
    return [
        _frontier(feature, criterion, of, tolerance, f"{prefix}-{place}")
        for place, ((feature, criterion), of) in enumerate(found[:_FEATURES])
    ]


def _frontier(feature: str, criterion: str, rows: list[Row], tolerance: float, prefix: str) -> Picture:
    figure, axes, texts = canvas(WIDE, 3.8)
    methods = list(by(rows, "method").items())
    names: list[str] = []
    for place, (method, tried) in enumerate(methods):
        # "none" is the model as it is: in the colour of texts, since every other is held against it.
        colour = INK if method == "none" else SERIES[place % len(SERIES)]
        points = sorted(tried, key=lambda row: float(row["disparity"]))
        for row in points:
            whisker(axes, colour, across=[row["low"], row["high"]], along=[row["accuracy"]] * 2)
        x, y = ([row[end] for row in points] for end in ("disparity", "accuracy"))
        names.append(texts.hold(shorten("as it is" if method == "none" else method, _LABEL_COLUMNS)))
        marker = MARKERS[place % len(MARKERS)]
        axes.plot(x, y, color=colour, marker=marker, markersize=6, linewidth=1.2, label=names[-1])
    # It ends above the key.
    axes.axvline(tolerance, ymin=0.075 * len(methods) + 0.05, color=MUTED, linewidth=1.2, linestyle="--")
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]), right=max(axes.get_xlim()[1], 1.1 * tolerance))
    # Differences of a tenth of a point should look small; and there is room for the key below all points.
    low, high = axes.get_ylim()
    low, high = min(low, (low + high - _LEAST_SPAN) / 2), max(high, (low + high + _LEAST_SPAN) / 2)
    axes.set_ylim(low - (high - low) * 0.1 * (len(methods) + 1), high)
    percent_axis(axes, "x", list(ticks(*axes.get_xlim())))
    percent_axis(axes, "y", [tick for tick in ticks(*axes.get_ylim()) if tick >= low])
    axes.set_xlabel(f"difference in {criterion}", fontsize=FONT, color=MUTED)
    axes.set_title("accuracy on held-out rows", loc="left", fontsize=FONT, color=INK, pad=9)
    key(axes, names, left=0.5, top=0.075 * len(methods))
    title = f"{criterion.capitalize()} by {feature}"
    return Picture(
        title=title,
        sentence=_frontier_sentence(rows, tolerance),
        svg=render(figure, texts, prefix, f"Accuracy and difference in {criterion} by {feature}"),
        columns=("method", "setting", "accuracy", "interval", "difference", "interval of the difference", "status"),
        rows=tuple(
            (
                row["method"],
                number(row["setting"]),
                percent(row["accuracy"]),
                percent_span(row["accuracy_low"], row["accuracy_high"]),
                percent(row["disparity"]),
                percent_span(row["low"], row["high"]),
                row["status"],
            )
            for row in rows
        ),
    )


def _frontier_sentence(rows: list[Row], tolerance: float) -> str:
    asis = next((row for row in rows if row["method"] == "none"), None)
    meets = [row for row in rows if row["status"] == "passed" and row["method"] != "none"]
    start = ""
    if asis is not None:
        right, apart = percent(asis["accuracy"]), percent(asis["disparity"])
        start = f"As it is, the model is right in {right} at a difference of {apart}. "
    if not meets:
        return f"{start}Nothing that was tried is shown to meet the tolerance of {percent(tolerance)} (dashed)."
    best = max(meets, key=lambda row: float(row["accuracy"]))
    return (
        f"{start}The most accurate of what meets the tolerance of {percent(tolerance)} (dashed) is {best['method']}: "
        f"right in {percent(best['accuracy'])} at {percent(best['disparity'])}."
    )


def plot_label_effect(table: dict[str, Any], prefix: str = "label-effect") -> dict[str, Picture]:
    """Picture of each disparity as it is and under other labels, by feature.

    Parameters
    ----------
    table
        See `assay.results.LabelEffect.table`.
    prefix
        Of the ids in the SVG.
    """
    rows = [dict(zip(table["columns"], cells, strict=True)) for cells in table["rows"]]
    return {
        feature: _label_effect(feature, of, f"{prefix}-{place}")
        for place, (feature, of) in enumerate(list(by(rows, "feature").items())[:_FEATURES])
        if any(row["value"] is not None for row in of)
    }


def _label_effect(feature: str, rows: list[Row], prefix: str) -> Picture:
    metrics = by(rows, "metric")
    lines = len(rows) + len(metrics)
    figure, axes, texts = canvas(NARROW, 0.5 + 0.26 * lines)
    height = figure.get_figheight()
    left = (14 + CHARACTER * max(columns(view) for view in _VIEWS)) / (72 * NARROW)
    right = 0.95
    figure.subplots_adjust(left=left, right=right, top=1 - 0.06 / height, bottom=0.32 / height)
    line, places = 0, []
    for metric, views in metrics.items():
        # From the edge of the picture: longer than the room beside the names of the views.
        axes.text(
            (0.02 - left) / (right - left),
            line,
            texts.hold(metric),
            transform=axes.get_yaxis_transform(),
            color=INK,
            va="center",
            fontsize=FONT,
            weight="bold",
        )
        for row in views:
            line += 1
            places.append((line, texts.hold(str(row["view"]))))
            colour = SERIES[_VIEWS.index(row["view"]) % len(SERIES)] if row["view"] in _VIEWS else SERIES[0]
            whisker(axes, colour, across=[row["low"], row["high"]], along=[line, line])
            if row["value"] is None:
                if row["low"] is None:
                    axes.text(0.02, line, "cannot be told", color=MUTED, va="center", fontsize=FONT)
                continue
            axes.plot([row["value"]], [line], marker="o", color=colour, markersize=6, linestyle="none")
        line += 1
    top = max((float(row[end]) for row in rows for end in ("value", "high") if row[end] is not None), default=1.0)
    bottom = min((float(row[end]) for row in rows for end in ("value", "low") if row[end] is not None), default=0.0)
    axes.set_xlim(min(0.0, bottom) - 0.01, max(0.05, 1.05 * top))
    axes.set_ylim(line - 0.4, -0.6)
    percent_axis(axes, "x", list(ticks(*axes.get_xlim())))
    axes.set_yticks([at for at, _ in places], [name for _, name in places])
    drawn = [row for row in rows if row["value"] is not None]
    return Picture(
        title=f"Disparities by {feature}",
        sentence=(
            "Each disparity with the labels as given, without the suspect rows, with the suggested labels, and as the "
            "estimated noise of each group implies. A line without a dot is too wide for a value."
        ),
        svg=render(figure, texts, prefix, f"Disparities by {feature} under other labels"),
        columns=("disparity", "labels", "value", "interval", "n"),
        rows=tuple(
            (row["metric"], row["view"], percent(row["value"]), percent_span(row["low"], row["high"]), row["n"])
            for row in drawn
        ),
    )
