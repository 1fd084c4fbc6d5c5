"""The results as tables and a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

ASSAY = "assay"


def summarise(results: pd.DataFrame) -> str:
    """Markdown: means by method, by kind of noise, and how the goals are met."""
    noisy = results[results["kind"] != "none"].copy()
    noisy["F1 of the best possible"] = noisy["F1"] / noisy["best F1"]
    noisy["estimate off by"] = (noisy["estimate"] - noisy["wrong"]).abs() / noisy["n"]
    columns = ["average precision", "AUROC", "precision", "recall", "F1", "best F1", "F1 of the best possible"]
    overall = noisy.groupby("method")[[*columns, "estimate off by"]].mean()
    overall["seconds"] = results.groupby("method")["seconds"].sum()
    overall["peak MiB"] = results.groupby("method")["peak MiB"].max()
    by_kind = noisy.pivot_table("average precision", "kind", "method")
    by_table = noisy.pivot_table("average precision", "table", "method")
    ours = noisy[noisy["method"] == ASSAY]
    by_cutoff = ours.groupby("kind")[["precision", "recall", "F1 of the best possible"]].mean()
    held = (ours["low"] <= ours["wrong"]) & (ours["wrong"] <= ours["high"])
    by_cutoff["interval holds the truth"] = held.groupby(ours["kind"]).mean()
    parts = ["## By method, mean over the cases", _markdown(overall), "## Average precision by kind of noise"]
    parts += [_markdown(by_kind), "## Average precision by table", _markdown(by_table)]
    parts += ["## Assay at its own cutoff", _markdown(by_cutoff), "## Nothing planted: share flagged"]
    clean = results[results["kind"] == "none"].assign(share=lambda r: r["flagged"] / r["n"])
    parts += [_markdown(clean.pivot_table("share", "table", "method")), "## Goals", _goals(noisy, held, clean)]
    return "\n\n".join(parts)


def _goals(noisy: pd.DataFrame, held: pd.Series, clean: pd.DataFrame) -> str:
    cases = noisy.pivot_table("average precision", ["table", "kind", "seed"], "method")
    others = cases.drop(columns=ASSAY)
    best_single = others.mean().max()
    short = cases[ASSAY] - others.max(axis=1)
    ours = noisy[noisy["method"] == ASSAY]
    worst = short.groupby(["table", "kind"]).mean().sort_values().head(5)
    lines = [
        f"- average precision {cases[ASSAY].mean():.3f}, best single reference {best_single:.3f}",
        f"- more than 0.02 below the best of the three in {(short < -0.02).sum()} of {len(short)} cases; worst: "
        + "; ".join(f"{t}, {k} {v:+.3f}" for (t, k), v in worst.items()),
        f"- F1 at the own cutoff, share of the best possible: {(ours['F1'] / ours['best F1']).mean():.2f}",
        f"- interval holds the truth in {held.mean():.0%} of the cases",
        f"- nothing planted, flagged at most: {clean[clean['method'] == ASSAY]['share'].max():.1%}",
    ]
    return "\n".join(lines)


def _markdown(table: pd.DataFrame) -> str:
    shown = table.reset_index()
    rows = [[f"{v:.3f}" if isinstance(v, float) else str(v) for v in row] for row in shown.to_numpy().tolist()]
    lines = [" | ".join(map(str, shown.columns)), " | ".join(["---"] * shown.shape[1])]
    return "\n".join(f"| {line} |" for line in [*lines, *(" | ".join(row) for row in rows)])


def draw(results: pd.DataFrame, path: Path) -> None:
    """Average precision of each method by kind of noise, a dot a table."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "assay"
    import matplotlib.pyplot as plt

    noisy = results[results["kind"] != "none"]
    kinds, methods = list(noisy["kind"].unique()), list(noisy["method"].unique())
    figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
    for m, method in enumerate(methods):
        by_table = noisy[noisy["method"] == method].pivot_table("average precision", "kind", "table").loc[kinds]
        at = np.arange(len(kinds)) + (m - (len(methods) - 1) / 2) * 0.18
        colour = f"C{m}"
        axes.bar(at, by_table.mean(axis=1), width=0.16, color=colour, alpha=0.35, label=method)
        axes.plot(np.repeat(at[:, None], by_table.shape[1], axis=1), by_table, ".", color=colour, markersize=4)
    axes.set_xticks(np.arange(len(kinds)), kinds)
    axes.set_ylabel("average precision")
    axes.legend(frameon=False, fontsize=8, ncols=2)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
