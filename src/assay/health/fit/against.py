"""MH006: the network beside boosted trees and a dummy, on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.able import NETWORK
from assay.auc import row_influences
from assay.findings import Evidence, Interval, Outcome, Status, Subject, Table
from assay.health.vitals import brier
from assay.intervals import bonferroni, judge_lower, normal_quantile
from assay.results import OutOfSample

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.health.context import HealthContext
    from assay.health.fit.subject import Fit
    from assay.results import OutOfSampleValues

    Values = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]

TREES, DUMMY = "trees", "dummy"
# How far the AUC of the network may lie below that of the trees. On Adult, where a network of 256 x 256 reaches .922
# and boosted trees .927, it does not matter which is audited; a network that sees no interaction lies far below.
MARGIN = 0.02
# DeLong's variance is too small for a class with fewer rows.
LEAST_ROWS = 10
# Shares of classes are never 0: a dummy may say that a class is rare.
_LEAST_SHARE = 1e-12


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure of the network and of another model on the same rows.

    Attributes
    ----------
    model
        The other one.
    metric
        "AUC" (more is better), "Brier score" or "mean absolute error" (less is).
    network, other
        The two figures.
    gain
        Interval of how much better the network is; None where it is not estimable.
    n
        Rows.
    """

    model: str
    metric: str
    network: float
    other: float
    gain: Interval | None
    n: int

    @property
    def difference(self) -> float:
        """How much better the network is."""
        return self.network - self.other if self.metric == "AUC" else self.other - self.network


def compare(context: HealthContext, rows: Codes, unit: Codes) -> tuple[Comparison, ...]:
    """Compare on `rows` (n,), which were held out; rows of one `unit` (n,) count as one in the intervals."""
    predictions = context.predictions
    if len(rows) < LEAST_ROWS:
        return ()
    if not isinstance(predictions, OutOfSample):
        return _compare_values(predictions, rows, unit)
    labels, network = predictions.labels[rows], predictions.pred_probs[rows]
    confidence = bonferroni(0.95, 2)
    shares = _dummy(predictions, rows)
    better = brier(labels, shares) - brier(labels, network)
    found = [
        Comparison(
            DUMMY,
            "Brier score",
            float(brier(labels, network).mean()),
            float(brier(labels, shares).mean()),
            _mean_interval(better, unit, confidence),
            len(rows),
        )
    ]
    for name, probs in predictions.opinions.items():
        if (
            comparison := _compare_aucs(name, labels, network, probs[rows], unit=unit, confidence=confidence)
        ) is not None:
            found.append(comparison)
    return tuple(found)


def _compare_aucs(
    name: str, labels: Codes, network: Values, other: Values, *, unit: Codes, confidence: float
) -> Comparison | None:
    counts = np.bincount(labels, minlength=network.shape[1])
    judged = np.flatnonzero(counts >= LEAST_ROWS)
    if len(judged) < 2:
        return None
    kept = np.isin(labels, judged)
    codes = np.searchsorted(judged, labels[kept])
    first, second = (row_influences(codes, p[kept][:, judged]) for p in (network, other))
    assert first is not None
    assert second is not None
    influence = np.bincount(unit[kept], weights=first[1] - second[1])
    half = normal_quantile(confidence) * float(np.sqrt((influence**2).sum()))
    gain = first[0] - second[0]
    interval = Interval(gain - half, gain + half, confidence, "DeLong, paired")
    return Comparison(name, "AUC", first[0], second[0], interval, int(kept.sum()))


def _compare_values(predictions: OutOfSampleValues, rows: Codes, unit: Codes) -> tuple[Comparison, ...]:
    target = predictions.target[rows]
    with np.errstate(over="ignore", invalid="ignore"):
        models, dummy = np.abs(target - predictions.predictions[rows]), np.abs(target - np.median(target))
        means = float(models.mean()), float(dummy.mean())
        gain = _mean_interval(dummy - models, unit, 0.95)
    if not np.isfinite(means).all():
        return ()
    return (Comparison(DUMMY, "mean absolute error", *means, gain, len(rows)),)


def _dummy(predictions: OutOfSample, rows: Codes) -> Values:
    """(n, K) the shares of the classes outside the fold of each row."""
    folds = predictions.folds[0, rows] if predictions.given is None else np.zeros(len(rows), dtype=np.int16)
    labels, classes = predictions.labels[rows], len(predictions.classes)
    total = np.bincount(labels, minlength=classes).astype(np.float64)
    shares = np.empty((len(rows), classes))
    for fold in np.unique(folds):
        part = folds == fold
        seen = total - np.bincount(labels[part], minlength=classes)
        seen = total if seen.sum() == 0 else seen
        shares[part] = np.maximum(seen / seen.sum(), _LEAST_SHARE)
    return shares


def _mean_interval(values: Values, unit: Codes, confidence: float) -> Interval | None:
    """Normal interval of the mean over rows whose errors are independent between units only."""
    centre = float(values.mean())
    sums = np.bincount(unit, weights=values - centre)
    count = int(unit.max()) + 1
    half = normal_quantile(confidence) * float(np.sqrt((sums**2).sum() * count / max(1, count - 1))) / len(values)
    return Interval(centre - half, centre + half, confidence, "normal, paired") if np.isfinite(half) else None


def tabulate_comparisons(comparisons: tuple[Comparison, ...]) -> pd.DataFrame:
    """Columns as in `assay.health.fit.PART`."""
    return pd.DataFrame(
        [
            {
                "model": c.model,
                "metric": c.metric,
                "network": c.network,
                "other": c.other,
                "gain": c.difference,
                "low": c.gain.low if c.gain else np.nan,
                "high": c.gain.high if c.gain else np.nan,
                "n": c.n,
            }
            for c in comparisons
        ],
        columns=["model", "metric", "network", "other", "gain", "low", "high", "n"],
    )


def check_against(fit: Fit) -> Iterator[Outcome]:
    """MH006: see docs/checks/MH006.md."""
    found = {c.model: c for c in fit.comparisons}
    given = fit.context.predictions.given
    who = "The models" if fit.context.of_classes is None else "The network" if given is None else f"'{given}'"
    if DUMMY not in found or found[DUMMY].gain is None:
        words = f"Whether models do better than a constant answer cannot be told from fewer than {LEAST_ROWS} rows."
        yield Outcome(Status.INCONCLUSIVE, words, Subject((fit.label,)), remedy="Add labelled rows.")
        return
    yield _judge_dummy(fit, found[DUMMY], who)
    if TREES in found:
        yield _judge_trees(fit, found[TREES], _table(fit.comparisons))


def _table(comparisons: tuple[Comparison, ...]) -> Table:
    rows = tabulate_comparisons(comparisons).itertuples(index=False)
    columns = ("model", "metric", "network", "other", "gain", "low", "high", "n")
    return Table(columns, tuple(tuple(row) for row in rows))


def _judge_dummy(fit: Fit, found: Comparison, who: str) -> Outcome:
    assert found.gain is not None
    constant = "the shares of the classes" if found.metric == "Brier score" else "the median"
    metric = "Brier score (multi-class form, 0 to 2)" if found.metric == "Brier score" else found.metric
    words = (
        f"{who}: {metric} {found.network:.4g}; always answering {constant}: {found.other:.4g} (better by "
        f"{found.difference:.4g}, {100 * found.gain.confidence:.4g}% interval {found.gain.low:.4g} to "
        f"{found.gain.high:.4g}, {found.n:,} rows)"
    )
    evidence = Evidence(f"gain in {found.metric}", found.difference, found.gain, found.n, 0.0, found.metric)
    match judge_lower(found.gain, 0.0) if found.gain.low != 0 else Status.INCONCLUSIVE:
        case Status.PASSED as status:
            verdict, remedy = "better than a dummy.", ""
        case Status.FAILED as status:
            verdict = "worse than a dummy: its answers mislead."
            remedy = (
                "Look at MH001: where there is nothing to learn, add features; else add rows, or calibrate the model."
            )
        case status:
            verdict = "whether that is better than a dummy cannot be told."
            remedy = "Add rows, or features that bear on the label."
    return Outcome(status, f"{words}: {verdict}", Subject((fit.label,)), evidence, remedy)


def _judge_trees(fit: Fit, found: Comparison, table: Table) -> Outcome:
    assert found.gain is not None
    words = (
        f"{NETWORK.capitalize()} has an AUC of {found.network:.3f}, boosted trees one of {found.other:.3f} on the "
        f"same {found.n:,} rows (the network less the trees {found.difference:+.3f}, "
        f"{100 * found.gain.confidence:.4g}% interval {found.gain.low:+.3f} to {found.gain.high:+.3f})"
    )
    evidence = Evidence("gain in AUC", found.difference, found.gain, found.n, -MARGIN, "AUC", table=table)
    match judge_lower(found.gain, -MARGIN):
        case Status.PASSED as status:
            verdict, remedy = f"at most {MARGIN:g} below the trees.", ""
        case Status.FAILED as status:
            verdict = f"more than {MARGIN:g} below the trees: it underfits."
            remedy = (
                "Train trees on this table, or a network for longer; the audit judges by the most able kind of model."
            )
        case status:
            verdict, remedy = f"whether it lies more than {MARGIN:g} below cannot be told.", "Add rows to know."
    return Outcome(status, f"{words}: {verdict}", Subject((fit.label,)), evidence, remedy)
