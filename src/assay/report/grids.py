"""Pictures in the form of a grid: missing values by column and group, given labels against suggested ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.report.drawing import CHARACTER, FIRST, FONT, INK, MUTED, NARROW, Picture, by, canvas, known, render
from assay.report.text import columns, percent, plural, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LINES = 12
_COLUMNS = 6
_FEATURES = 3
_LABEL_COLUMNS = 18
_LONG_LABEL_COLUMNS = 46
# The sizes of a planted defect, in their order.
_PLACES = ("1st", "2nd", "3rd", "4th")
_HEAD_COLUMNS = 9


def plot_missingness(table: dict[str, Any], prefix: str = "missing") -> list[Picture]:
    """Pictures of the share of missing values by column and group: `feature`, `group`, `column`, `share`, `n`."""
    pictures = []
    for place, (feature, rows) in enumerate(list(by(known(table, "share"), "feature").items())[:_FEATURES]):
        found = {(str(r["column"]), str(r["group"])): float(r["share"]) for r in rows}
        groups = list(dict.fromkeys(group for _, group in found))[:_COLUMNS]
        worst = {name: max(share for (column, _), share in found.items() if column == name) for name, _ in found}
        names = sorted(worst, key=lambda name: (-worst[name], name))
        cut = f" The picture has {_LINES} of {plural(len(names), 'column')}." if len(names) > _LINES else ""
        pictures.append(
            _grid(
                title=f"Missing values by {feature}",
                sentence=f"The share of missing values is largest in {shorten(names[0], 60)}: up to "
                f"{percent(worst[names[0]])} of a group.{cut}",
                lines=names[:_LINES],
                heads=groups,
                shade=found,
                shown={cell: percent(share, 0) for cell, share in found.items()},
                prefix=f"{prefix}-{place}",
                table=("column", "group", "missing", "n"),
                rows=[(str(r["column"]), str(r["group"]), percent(r["share"]), r["n"]) for r in rows],
            )
        )
    return pictures


def plot_confusion(table: dict[str, Any], prefix: str = "confusion") -> list[Picture]:
    """Picture of the suspect rows by given and suggested label: `given`, `suggested`, `n`."""
    rows = [r for r in known(table, "n") if r["n"]]
    if not rows:
        return []
    total = sum(int(r["n"]) for r in rows)
    found = {(str(r["given"]), str(r["suggested"])): int(r["n"]) for r in rows}
    weight: dict[str, int] = {}
    for (given, suggested), n in found.items():
        weight[given] = weight.get(given, 0) + n
        weight[suggested] = weight.get(suggested, 0) + n
    classes = sorted(sorted(weight, key=lambda name: (-weight[name], name))[:_COLUMNS])
    (given, suggested), most = max(found.items(), key=lambda item: item[1])
    cut = f" The picture has {len(classes)} of {len(weight)} classes." if len(weight) > len(classes) else ""
    return [
        _grid(
            title="Given and suggested labels",
            sentence=f"Of {plural(total, 'suspect label')}, most ({most:,}) are given as {shorten(given, 40)} where "
            f"the models say {shorten(suggested, 40)}.{cut}",
            lines=classes,
            heads=classes,
            shade={cell: n / most for cell, n in found.items()},
            shown={cell: f"{n:,}" for cell, n in found.items()},
            prefix=prefix,
            table=("given", "suggested", "suspect rows"),
            rows=[(str(r["given"]), str(r["suggested"]), int(r["n"])) for r in rows],
            down="given",
            across="suggested",
        )
    ]


def plot_power(table: dict[str, Any], prefix: str = "power") -> list[Picture]:
    """Picture of how many planted defects the audit would have found.

    Parameters
    ----------
    table
        `defect`, `size` (a share), `check`, `decides` (whether the row stands for the defect and size), `trials`,
        `found`.
    prefix
        Of the ids in the SVG.
    """
    rows = [r for r in known(table, "found", "trials", "size") if r["trials"] and r["decides"]]
    if not rows:
        return []
    shade: dict[tuple[str, str], float] = {}
    shown: dict[tuple[str, str], str] = {}
    for defect, sizes in by(rows, "defect").items():
        for place, r in enumerate(sorted(sizes, key=lambda row: float(row["size"]))[: len(_PLACES)]):
            shade[defect, _PLACES[place]] = r["found"] / r["trials"]
            shown[defect, _PLACES[place]] = f"{percent(r['size'], 0)}: {r['found']}/{r['trials']}"
    defects = list(dict.fromkeys(defect for defect, _ in shade))
    missed = sum(1 for r in rows if r["found"] < r["trials"] / 2)
    return [
        _grid(
            title="What this audit would have found",
            sentence=(
                "Known defects of several sizes were planted in copies. A cell has the size, and in how many trials "
                f"it was found; {plural(missed, 'cell')} of {len(rows)} {'is' if missed == 1 else 'are'} below half."
            ),
            lines=defects[:_LINES],
            heads=_PLACES[: max(len(sizes) for sizes in by(rows, "defect").values())],
            shade=shade,
            shown=shown,
            prefix=prefix,
            table=("defect", "size", "check", "found", "trials"),
            above=True,
            rows=[(str(r["defect"]), percent(r["size"], 0), str(r["check"]), r["found"], r["trials"]) for r in rows],
        )
    ]


def _grid(
    *,
    title: str,
    sentence: str,
    lines: Sequence[str],
    heads: Sequence[str],
    shade: Mapping[tuple[str, str], float],
    shown: Mapping[tuple[str, str], str],
    prefix: str,
    table: tuple[str, ...],
    rows: Sequence[tuple[str | int, ...]],
    down: str = "",
    across: str = "",
    above: bool = False,
) -> Picture:
    """Cells shaded by a share in [0, 1], with what they say; names of lines may stand `above` their cells."""
    labels = ["" if above else shorten(name, _LABEL_COLUMNS) for name in lines]
    step = 2 if above else 1
    figure, axes, texts = canvas(NARROW, 0.75 + (0.29 if above else 0.32) * step * len(lines))
    height = figure.get_figheight()
    left = (14 + CHARACTER * max(columns(label) for label in (*labels, down))) / (72 * NARROW)
    figure.subplots_adjust(left=left, right=0.98, top=1 - (0.3 if above else 0.62) / height, bottom=0.06 / height)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    for place, line in enumerate(lines):
        y = place * step
        if above:
            name = texts.hold(shorten(line, _LONG_LABEL_COLUMNS))
            axes.text(-0.48, y - 0.85, name, color=INK, va="center", fontsize=FONT)
        for x, head in enumerate(heads):
            if (line, head) not in shown:
                continue
            alpha = 0.04 + 0.46 * shade[line, head]
            axes.fill_between([x - 0.48, x + 0.48], y - 0.46, y + 0.46, color=FIRST, alpha=alpha, linewidth=0)
            axes.text(x, y, texts.hold(shown[line, head]), color=INK, ha="center", va="center", fontsize=FONT - 1)
    axes.set_xlim(-0.55, len(heads) - 0.45)
    axes.set_ylim(step * (len(lines) - 1) + 0.5, -0.5 * step - 0.35 * above)
    axes.xaxis.tick_top()
    named = [] if above else [texts.hold(shorten(head, _HEAD_COLUMNS)) for head in heads]
    axes.set_xticks(range(len(named)), named)
    axes.set_yticks(range(0, step * len(lines), step), [texts.hold(label) for label in labels])
    if down:
        axes.set_title(f"down: {down}; across: {across}", loc="left", fontsize=FONT, color=MUTED, pad=8)
    return Picture(title, sentence, render(figure, texts, prefix, title), table, tuple(rows))
