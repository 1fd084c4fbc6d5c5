"""What gives the label away: values that fix it, the order of the rows, parts of a split that overlap, time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from assay.findings import Check, Severity
from assay.health.leakage.one_sided import one_sided_leaks, tabulate_pure_values, values_that_fix
from assay.health.leakage.order import POSITION, order_of_the_rows
from assay.health.leakage.overlap_checks import overlap_of_parts, tabulate_overlaps
from assay.health.leakage.scan import Scan
from assay.health.leakage.time_checks import change_over_time
from assay.health.parts import Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

__all__ = ["PART"]

# Classes that a picture has room for.
_MOST_CLASSES = 5


def _tables(scan: Scan) -> dict[str, pd.DataFrame]:
    tables = {
        "pure_values": tabulate_pure_values(scan.pure, scan.context.dataset),
        "split_overlap": tabulate_overlaps(scan.overlaps),
        "label_by_order": pd.DataFrame(_by_order(scan), columns=["by", "block", "label", "rows", "share"]),
    }
    change = scan.change if scan.context.dataset.roles.time is not None else ""
    features = {} if isinstance(change, str) else change.features
    rows = [(name, auc.value, auc.interval.low, auc.interval.high) for name, auc in features.items()]
    return {**tables, "time_features": pd.DataFrame(rows, columns=["column", "auc", "low", "high"])}


def _by_order(scan: Scan) -> Iterator[tuple[str, int, str, int, float]]:
    orders = scan.orders
    found = {} if orders.position is None else {POSITION: orders.position.counts}
    found |= {f"column '{name}'": labels.counts for name, labels in orders.ids.items()}
    change = scan.change if scan.context.dataset.roles.time is not None else ""
    if not isinstance(change, str):
        found["the time"] = change.counts
    for by, counts in found.items():
        for code in _frequent(counts):
            for block, of_block in enumerate(counts):
                rows = int(of_block.sum())
                yield by, block, scan.coded[1][code], rows, float(of_block[code] / max(1, rows))


def _frequent(counts: npt.NDArray[np.int64]) -> list[int]:
    """The most frequent classes; of two the second."""
    sizes = counts.sum(axis=0)
    ranked = sorted(range(len(sizes)), key=lambda code: -int(sizes[code]))
    return [1] if len(sizes) == 2 else sorted(ranked[:_MOST_CLASSES])


PART: Part[Scan] = Part(
    checks=(
        Check("MH022", "One-sided leaks", Severity.CRITICAL, one_sided_leaks),
        Check("MH023", "Values that fix the label", Severity.WARNING, values_that_fix),
        Check("MH024", "Order of the rows and ids", Severity.WARNING, order_of_the_rows),
        Check("MH025", "Overlap of training and test rows", Severity.CRITICAL, overlap_of_parts),
        Check("MH026", "Change over time", Severity.WARNING, change_over_time),
    ),
    prepare=Scan,
    tables=_tables,
)
"""Whether something gives the label away, and whether a test would notice.

Tables:

pure_values
    A row for each column and value that fixes a class: column, kind ("missing", "filled", "unusual": another than the
    usual value, "value", "above", "below"), value (text, or None where it may not be told or there is none), label,
    rows, purity (share of the rows in the class), purity_low, base (share of the class among all rows), covered (share
    of the class in these rows), covered_low, leak (bool, MH022). Of a sensitive column rows, purity and covered, and
    their limits, are None where they tell of fewer than 10 people.
split_overlap
    A row for any two parts of the split and what was compared: kind ("rows", "ids", "groups"), column (or None), part
    (the smaller one; its value, or "no. 1", ... by size, where that may not be told), other, rows, other_rows, shared
    (rows of `part` with an equal in `other`), share, by_chance (of `shared`: what says nothing of copies).
label_by_order
    by ("the place in the file", "column 'id'", "the time"), block (from 0, in the order), label, rows, share (of the
    label in the block). Of two classes the second, of more the five most frequent.
time_features
    column, auc, low, high: how well the feature tells the late rows from the early ones.
"""
