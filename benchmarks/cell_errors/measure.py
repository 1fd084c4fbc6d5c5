"""Precision, recall and F1 of suspicious cells, by kind of error; the tables of README.md.

python benchmarks/cell_errors/measure.py path/to/data

The folder holds hospital/, beers/, adult/, german_credit/, febrl/ and taxi/.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from references import gaussian_and_histogram, profiled_rules
from tables import Case, clean_tables, plant, published

from assay.cells import choose_rows, suspicious_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

JUDGED_ROWS = 20


def ours(frame: pd.DataFrame, judged: pd.DataFrame | None = None) -> np.ndarray:
    """(n, m) bool: the suspicious cells."""
    frame = frame.set_axis([str(place) for place in range(frame.shape[1])], axis=1)
    cells = suspicious_cells(frame, judged)
    flags = np.zeros(frame.shape, dtype=bool)
    flags[cells["position"], cells["column"].astype(int)] = True
    return flags


def judge(case: Case, positions: Sequence[int]) -> pd.DataFrame:
    """What a person who knows the truth would write down about some rows."""
    lines = []
    for row in positions:
        wrong = np.flatnonzero(case.wrong[row])
        lines += [(str(row), str(place)) for place in wrong] or [(str(row), "")]
    return pd.DataFrame(lines, columns=["row", "column"])


def scores(flags: np.ndarray, wrong: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall, F1."""
    right = (flags & wrong).sum()
    precision, recall = right / max(1, flags.sum()), right / max(1, wrong.sum())
    return precision, recall, 2 * right / max(1, flags.sum() + wrong.sum())


def with_judged(case: Case, seeds: int, *, chosen: bool) -> tuple[float, float, float]:
    """Mean scores with twenty judged rows, over seeds; the judged rows themselves do not count."""
    results = []
    for seed in range(seeds):
        if chosen:
            rows = choose_rows(case.dirty, JUDGED_ROWS, seed=seed)
        else:
            rows = np.random.default_rng(seed).choice(len(case.dirty), JUDGED_ROWS, replace=False)
        others = np.setdiff1d(np.arange(len(case.dirty)), rows)
        results.append(scores(ours(case.dirty, judge(case, rows))[others], case.wrong[others]))
    return tuple(np.mean(results, axis=0))


def what_scores_are_worth(tables: dict[str, pd.DataFrame], share: float, seed: int) -> pd.DataFrame:
    """Reported cells of all tables with planted errors: their kind, score, and whether they are wrong."""
    parts = []
    for name, table in tables.items():
        case = plant(name, table, np.random.default_rng(seed), share)
        cells = suspicious_cells(case.dirty.set_axis(range(case.dirty.shape[1]), axis=1))
        parts.append(cells.assign(wrong=case.wrong[cells["position"], cells["column"].astype(int)]))
    return pd.concat(parts, ignore_index=True)


def line(*cells: object) -> None:
    """Print a row of a Markdown table."""
    print("| " + " | ".join(f"{c:.3f}" if isinstance(c, float) else str(c) for c in cells) + " |", flush=True)


def timed(method: Callable[[pd.DataFrame], np.ndarray], case: Case) -> tuple[np.ndarray, float]:
    """Flags, and CPU seconds."""
    start = time.process_time()
    return method(case.dirty), time.process_time() - start


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--planting-seed", type=int, default=11)
    options = parser.parse_args()
    tables = clean_tables(options.data)
    cases = [published(options.data, name) for name in ("hospital", "beers")]
    cases += [plant(name, table, np.random.default_rng(options.planting_seed)) for name, table in tables.items()]
    methods = {
        "Assay": ours,
        "Gaussian, histogram": gaussian_and_histogram,
        "rules of the dirty table": profiled_rules,
    }
    line("table", "wrong", "method", "precision", "recall", "F1", "CPU seconds")
    line(*["---"] * 7)
    for case in cases:
        share = f"{case.wrong.mean():.1%}"
        for name, method in methods.items():
            flags, seconds = timed(method, case)
            line(case.name, share, name, *map(float, scores(flags, case.wrong)), f"{seconds:.2f}")
        for chosen in (True, False):
            name = f"Assay, 20 {'chosen' if chosen else 'random'} rows judged"
            line(case.name, share, name, *map(float, with_judged(case, options.seeds, chosen=chosen)), "")
    print("\nRecall by kind of error, nothing judged\n")
    line("table", "kind", "wrong", "found")
    line(*["---"] * 4)
    for case in cases:
        flags = ours(case.dirty)
        for kind in sorted(set(case.kinds[case.wrong])):
            mine = case.wrong & (case.kinds == kind)
            line(case.name, kind, int(mine.sum()), f"{(flags & mine).sum() / mine.sum():.1%}")
    print("\nWhat a score is worth\n")
    line("planted in", "kind", "cells", "1 - score, mean", "wrong")
    line(*["---"] * 5)
    for share in (0.01, 0.001):
        cells = what_scores_are_worth(tables, share, options.planting_seed + 1)
        for kind, mine in cells.groupby("kind"):
            line(f"{share:.1%}", kind, len(mine), f"{1 - mine['score'].mean():.2f}", f"{mine['wrong'].mean():.2f}")
    print("\nFlagged on clean tables\n")
    line("table", "cells", "flagged", "share")
    line(*["---"] * 4)
    for name, table in tables.items():
        flags = ours(table)
        line(name, flags.size, int(flags.sum()), f"{flags.mean():.3%}")


if __name__ == "__main__":
    main()
