"""MH024: whether the order of the rows, or their ids, say what the label is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.findings import Evidence, Outcome, Status, Subject
from assay.health.leakage.blocks import MIN_BLOCK, MIN_BLOCKS, MIN_CASES, read_order
from assay.health.leakage.halves import separate
from assay.intervals import bonferroni, judge_upper

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.auc import Auc
    from assay.dataset import Dataset
    from assay.health.leakage.blocks import OrderedLabels
    from assay.health.leakage.scan import Scan

    Codes = npt.NDArray[np.int64]

# From this AUC on the order, or an id, says more of the label than many a feature does.
MAX_AUC = 0.6
CONFIDENCE = 0.95
# The rarer classes are taken together.
MOST_CLASSES = 20
# A key has nearly as many values as rows.
KEY_SHARE = 0.95
# Columns that identify rows, each an order and a prefix: of more comparisons the correction would ask for a p below
# 1/1000, which 999 permutations cannot show.
MOST_KEYS = 20
MIN_RUN = 50
# Correlation with the place in the file: rows that were sorted by a measurement of even spread reach .99, no more.
RUNNING = 0.999
# Correlation of ranks from which on two orders are the same.
_SAME_ORDER = 0.99
_MOST_PREFIXES, _MAX_ROWS = 50, 50_000
POSITION = "the place in the file"


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """What orders say of the label.

    Attributes
    ----------
    position
        By the place in the file; None where there are too few rows, or one class.
    ids
        By the number in each column that identifies rows, where its order is another than that of the file.
    prefixes
        By what stands before the number in such a column.
    running
        Features that run with the place in the file, and their correlation with it.
    comparisons
        Orders and prefixes that were looked at.
    left_out
        Columns that identify rows and were not looked at, being too many.
    """

    position: OrderedLabels | None
    ids: dict[str, OrderedLabels]
    prefixes: dict[str, Auc]
    running: dict[str, float]
    comparisons: int
    left_out: tuple[str, ...] = ()


def labels_in_classes(dataset: Dataset) -> tuple[Codes, tuple[str, ...]]:
    """(N,) codes of the label, -1 where there is none, and what they mean: of a number, which side of its median.

    Of many classes the rarer ones are one.
    """
    if dataset.target is not None:
        known = np.isfinite(dataset.target)
        middle = np.median(dataset.target[known]) if known.any() else 0.0
        sides = np.where(known, (dataset.target > middle).astype(np.int64), -1)
        return sides, ("up to the median", "above the median")
    codes, classes = dataset.labels.codes, dataset.labels.classes
    counts = np.bincount(codes[codes >= 0], minlength=len(classes))
    if len(classes) <= MOST_CLASSES:
        return codes, classes
    frequent = np.sort(np.argsort(-counts, kind="stable")[: MOST_CLASSES - 1])
    place = np.full(len(classes) + 1, MOST_CLASSES - 1)
    place[frequent], place[-1] = np.arange(len(frequent)), -1
    return place[codes], (*(classes[k] for k in frequent.tolist()), "(the other classes)")


def read_orders(dataset: Dataset, codes: Codes, seed: int) -> Orders:
    """Look at the place in the file, at columns that identify rows, and at features that run with the place.

    `codes`, (N,), are those of `labels_in_classes`.
    """
    labelled = np.flatnonzero(codes >= 0)
    identifying = _keys(dataset)
    keys = {name: dataset.frame[name] for name in identifying[:MOST_KEYS]}
    numbers = {name: number for name, values in keys.items() if (number := _numbers(values)) is not None}
    prefixes = {name: bins for name, values in keys.items() if (bins := _prefixes(values)) is not None}
    others = {name: number for name, number in numbers.items() if not _is_file_order(number)}
    comparisons = 1 + len(others) + len(prefixes)
    confidence = bonferroni(CONFIDENCE, comparisons)
    ids = {}
    for name, number in others.items():
        rows = labelled[np.isfinite(number[labelled])]
        found = read_order(codes[rows[np.argsort(number[rows], kind="stable")]], confidence, seed)
        if found is not None:
            ids[name] = found
    by_prefix = {}
    for name, bins in prefixes.items():
        rng = np.random.default_rng((seed, 25))
        rows = rng.permutation(labelled)[:_MAX_ROWS]
        # Rows of one id stay in one half.
        of_id = pd.factorize(keys[name].iloc[rows])[0]
        half = rng.random(int(of_id.max(initial=0)) + 2)[of_id] < 0.5
        auc = separate(bins[rows], codes[rows], half, confidence)
        if auc is not None and auc.smallest_class >= MIN_BLOCK:
            by_prefix[name] = auc
    position = read_order(codes[labelled], confidence, seed)
    left_out = tuple(identifying[MOST_KEYS:])
    return Orders(position, ids, by_prefix, dict(_running(dataset)), comparisons, left_out)


def _keys(dataset: Dataset) -> list[str]:
    """The id, and what was taken from the features because it identifies rows."""
    frame, roles = dataset.frame, dataset.roles
    named = [roles.id] if roles.id is not None else []
    return named + [name for name in roles.withheld if frame[name].nunique() > KEY_SHARE * len(frame)]


def _numbers(values: pd.Series[Any]) -> npt.NDArray[np.float64] | None:
    """The numbers of the ids, or the last digits in them; None where most have none."""
    if values.dtype.kind in "iuf":
        numbers = values.to_numpy(dtype=np.float64)
    elif values.dtype.kind == "M":
        numbers = values.rank(method="dense").to_numpy()
    else:
        digits = values.astype(str).where(values.notna()).str.extract(r"(\d+)\D*$")[0]
        numbers = pd.to_numeric(digits, errors="coerce").to_numpy(dtype=np.float64)
    known = np.isfinite(numbers)
    if known.sum() < KEY_SHARE * len(values) or not len(values) or np.ptp(numbers[known]) == 0:
        return None
    return numbers


def _prefixes(values: pd.Series[Any]) -> Codes | None:
    """(N,) codes of what stands before the first digit, 0 for nothing; None where that is the same in all, or many."""
    if values.dtype.kind in "iufbM":
        return None
    codes, distinct = pd.factorize(values.astype(str).where(values.notna()).str.extract(r"^(\D+)\d")[0])
    return codes.astype(np.int64) + 1 if 2 <= len(distinct) <= _MOST_PREFIXES else None


def _is_file_order(numbers: npt.NDArray[np.float64]) -> bool:
    known = np.isfinite(numbers)
    ranks = pd.Series(numbers[known]).rank().to_numpy()
    return bool(abs(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1]) >= _SAME_ORDER)


def _running(dataset: Dataset) -> Iterator[tuple[str, float]]:
    """Features that grow, or fall, by the same from row to row."""
    for name in dataset.roles.features:
        values = dataset.frame[name]
        if values.dtype.kind not in "iufM":
            continue
        places = np.flatnonzero(values.notna().to_numpy())
        if len(places) < max(MIN_RUN, KEY_SHARE * len(values)):
            continue
        numbers = values.iloc[places].to_numpy()
        numbers = (
            numbers.astype("datetime64[s]").astype(np.float64) if numbers.dtype.kind == "M" else numbers.astype(float)
        )
        if not np.isfinite(numbers).all() or np.ptp(numbers) == 0:
            continue
        # Two numbers of very different size would overflow.
        numbers = (numbers - numbers.min()) / max(1.0, float(np.abs(numbers).max()))
        if np.ptp(numbers) == 0:
            continue
        correlation = float(np.corrcoef(numbers, places)[0, 1])
        if abs(correlation) >= RUNNING and len(np.unique(numbers)) > KEY_SHARE * len(numbers):
            yield name, correlation


def order_of_the_rows(scan: Scan) -> Iterator[Outcome]:
    """MH024: the place in the file, the ids, and features that run with the place."""
    orders, dataset = scan.orders, scan.context.dataset
    label = Subject((dataset.roles.label,))
    if orders.position is None:
        yield _too_few(scan, label)
    else:
        yield _of_position(orders.position, label, bonferroni(CONFIDENCE, orders.comparisons))
    for name, found in orders.ids.items():
        yield from _of_id(name, found, bonferroni(CONFIDENCE, orders.comparisons))
    for name, auc in orders.prefixes.items():
        yield from _of_prefix(name, auc, len(dataset))
    if orders.left_out:
        words = f"{len(orders.left_out):,} further columns identify rows; what their order tells was not looked at."
        yield Outcome(Status.INCONCLUSIVE, words, Subject(orders.left_out), remedy="Drop columns that are not needed.")
    for name, correlation in orders.running.items():
        yield Outcome(
            Status.FAILED,
            f"Column '{name}' runs with the order of the rows (correlation with the place in the file "
            f"{correlation:.4f}): it numbers the rows, and new rows will have values that no model has seen.",
            Subject((name,)),
            Evidence("correlation", correlation, n=len(dataset), threshold=RUNNING, unit="correlation"),
            f"Name '{name}' as `id` or `time`, or list it under `ignore`.",
        )


def _too_few(scan: Scan, label: Subject) -> Outcome:
    known = scan.coded[0][scan.coded[0] >= 0]
    if len(np.unique(known)) < 2:
        return Outcome(Status.NOT_APPLICABLE, "An order can only tell of a label where rows have at least two.", label)
    words = (
        f"Whether the order of the rows tells of the label cannot be told from {len(known):,} labelled rows; it takes "
        f"{MIN_BLOCK * MIN_BLOCKS:,}, and {MIN_CASES} of a class and of the others."
    )
    return Outcome(Status.INCONCLUSIVE, words, label, Evidence("AUC", None, n=len(known)), "Add rows.")


def _of_position(found: OrderedLabels, label: Subject, confidence: float) -> Outcome:
    status = _judge(found, confidence)
    tells = {
        Status.PASSED: "does not tell",
        Status.FAILED: "tells",
        Status.INCONCLUSIVE: "may tell",
    }[status]
    words = (
        f"The order of the rows {tells} what the label is: predicted by the blocks of rows before and after, a "
        f"block is met with an AUC of {_figures(found)}, against a limit of {MAX_AUC:g}."
    )
    remedy = ""
    if status is Status.FAILED:
        words += (
            " That harms no model that does not see the order, nor the folds of this audit, which are drawn at "
            "random. A split that takes rows as they come gets parts with other labels, and a number of the rows is "
            "a leak."
        )
        remedy = (
            "Shuffle the rows before they are split, unless they are to be split by time. Ask why they are in this "
            "order, and keep every column that follows it from the features."
        )
    return Outcome(status, words, label, _evidence(found), remedy)


def _of_id(name: str, found: OrderedLabels, confidence: float) -> Iterator[Outcome]:
    status = _judge(found, confidence)
    tells = "tells" if status is Status.FAILED else "may tell"
    words = (
        f"The number in column '{name}' {tells} what the label is: rows with numbers near each other predict each "
        f"other with an AUC of {_figures(found)}, against a limit of {MAX_AUC:g}."
    )
    if status is Status.FAILED:
        words += " A feature that is made of it would be a leak."
    if status is not Status.PASSED:
        remedy = f"Make no feature of '{name}', and ask whether its numbers were given out after the label was known."
        yield Outcome(status, words, Subject((name,)), _evidence(found), remedy)


def _of_prefix(name: str, auc: Auc, n: int) -> Iterator[Outcome]:
    if auc.interval.low > MAX_AUC:
        words = (
            f"What stands before the number in column '{name}' tells what the label is: AUC {auc.value:.3f} (interval "
            f"{auc.interval.low:.3f} to {auc.interval.high:.3f}) out of sample, against a limit of {MAX_AUC:g}. A "
            "feature that is made of it would be a leak, unless it is known when a prediction is due."
        )
        evidence = Evidence("AUC", auc.value, auc.interval, min(n, _MAX_ROWS), MAX_AUC, "AUC")
        yield Outcome(Status.FAILED, words, Subject((name,)), evidence, f"Make no feature of '{name}'.")


def _judge(found: OrderedLabels, confidence: float) -> Status:
    status = judge_upper(found.interval, MAX_AUC)
    # The jackknife of blocks that lean on each other is narrow; chance must be ruled out as well.
    return Status.INCONCLUSIVE if status is Status.FAILED and found.p_value > 1 - confidence else status


def _figures(found: OrderedLabels) -> str:
    low, high = found.interval.low, found.interval.high
    return f"{found.auc:.3f} (interval {low:.3f} to {high:.3f}, {found.rows:,} rows in {len(found.counts):,} blocks)"


def _evidence(found: OrderedLabels) -> Evidence:
    return Evidence("AUC", found.auc, found.interval, found.rows, MAX_AUC, "AUC")
