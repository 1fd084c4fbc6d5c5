"""Seconds for all rates, disparities and intervals by group, of Assay and of Fairlearn's bootstrap on the same rows.

    python benchmarks/fairness/speed.py             # against Fairlearn at 10k, 100k and 1M rows, then 10M x 3 features
    python benchmarks/fairness/speed.py --quick     # 10k rows only, fewer rounds: whether the script works

Both get arrays of group names, labels and predictions, and give five rates for each of ten groups with intervals, the
largest differences of selection rate and of equalized odds with intervals, and the ratio of selection rates. At a
million rows Fairlearn draws 3 of its 100 bootstrap tables and the time is multiplied: the row says so.
"""

from __future__ import annotations

import argparse
import time
import warnings

import fairlearn.metrics as fl
import numpy as np
import pandas as pd

from assay.fairness.assessment import figures
from assay.fairness.context import assess_counts
from assay.fairness.counts import count_cells, read_features
from assay.fairness_config import FairnessConfig

GROUPS = 10
METRICS = {
    "selection rate": fl.selection_rate,
    "true positive rate": fl.true_positive_rate,
    "false positive rate": fl.false_positive_rate,
    "accuracy": lambda y_true, y_pred: float(np.mean(np.asarray(y_true) == np.asarray(y_pred))),
    "base rate": lambda y_true, y_pred: float(np.mean(y_true)),  # noqa: ARG005
}
BOOTSTRAPS = 100
TARGET_TIMES, TARGET_SECONDS = 1_000, 5.0


class Groups:
    """What `read_features` reads of a dataset: its columns of group names."""

    def __init__(self, groups: pd.DataFrame) -> None:
        self.groups = groups


def make(rows: int, sizes: tuple[int, ...]) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    names = {
        f"f{i}": pd.Categorical.from_codes(rng.integers(0, size, rows), [f"group {g}" for g in range(size)])
        for i, size in enumerate(sizes)
    }
    groups = pd.DataFrame({name: pd.Series(column).astype("str") for name, column in names.items()})
    y_true = (rng.random(rows) < 0.35).astype(np.int64)
    y_pred = np.where(rng.random(rows) < 0.85, y_true, rng.integers(0, 2, rows))
    return groups, y_true, y_pred


def ours(groups: pd.DataFrame, y_true: np.ndarray, y_pred: np.ndarray, *, intersections: bool) -> tuple[float, float]:
    """Seconds in all, and those of them that read the names of the groups."""
    start = time.perf_counter()
    features = read_features(Groups(groups), intersections=intersections)
    read = time.perf_counter()
    counted = [
        (feature, count_cells(((feature.codes, len(feature.groups)), (y_true, 2), (y_pred, 2)), None))
        for feature in features
    ]
    config = FairnessConfig(intersections=intersections)
    figures(assess_counts(counted, ("0", "1"), 1, config).values(), config.confidence)
    return time.perf_counter() - start, read - start


def fairlearns(groups: pd.DataFrame, y_true: np.ndarray, y_pred: np.ndarray, draws: int) -> float:
    start = time.perf_counter()
    frame = fl.MetricFrame(
        metrics=METRICS,
        y_true=y_true,
        y_pred=y_pred,
        sensitive_features=groups.iloc[:, 0],
        n_boot=draws,
        ci_quantiles=[0.025, 0.975],
        random_state=0,
    )
    _ = frame.by_group_ci, frame.difference_ci(), frame.ratio_ci()
    return time.perf_counter() - start


def best(
    rounds: int, groups: pd.DataFrame, y_true: np.ndarray, y_pred: np.ndarray, *, intersections: bool
) -> list[float]:
    found = [ours(groups, y_true, y_pred, intersections=intersections) for _ in range(rounds)]
    return list(min(found))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")
    print("| rows | Assay, s | of it reading names | Fairlearn, n_boot=100, s | times faster |")
    print("| --- | --- | --- | --- | --- |")
    for rows in (10_000,) if quick else (10_000, 100_000, 1_000_000):
        data = make(rows, (GROUPS,))
        seconds, reading = best(5, *data, intersections=False)
        draws = 3 if quick or rows == 1_000_000 else BOOTSTRAPS
        theirs = fairlearns(*data, draws) * BOOTSTRAPS / draws
        note = "" if draws == BOOTSTRAPS else f" ({draws} draws, multiplied)"
        print(
            f"| {rows:,} | {seconds:.4f} | {reading:.4f} | {theirs:.1f}{note} | {theirs / seconds:,.0f} |", flush=True
        )
    if not quick:
        seconds, reading = best(2, *make(10_000_000, (2, 5, 4)), intersections=True)
        print(f"\n10,000,000 rows x 3 features and their intersection: {seconds:.2f} s, {reading:.2f} s of it names")
        print(f"To reach: {TARGET_TIMES:,} times faster at 100,000 rows, and below {TARGET_SECONDS:g} s.")


if __name__ == "__main__":
    main()
