"""DQ017: features that alone predict the label, out of sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.dataset import NO_LABEL
from assay.findings import Evidence, Interval, Outcome, Status, Subject, Table
from assay.intervals import bonferroni, judge_upper, normal_quantile, wilson

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.validation.context import Context

FOLDS = 5
BINS = 64
# More rows would not change the verdict on an AUC of 0.99, only the time it takes.
MAX_ROWS = 50_000
# With fewer rows of a class the variance of DeLong cannot be estimated.
MIN_ROWS_PER_CLASS = 20
CONFIDENCE = 0.95
SHOWN = 10


@dataclass(frozen=True, slots=True)
class _Score:
    """How well one feature alone predicts the label; n is the rows of the rarest class and its opposite."""

    auc: float
    interval: Interval | None
    smallest: int


def leaking_features(context: Context) -> Iterator[Outcome]:
    """DQ017: the cross-validated AUC of each single feature, with intervals that hold for all features together."""
    rows = _sample(context)
    codes = context.dataset.labels.codes[rows]
    frame = context.dataset.frame.iloc[rows]
    features = context.dataset.roles.features
    if len(rows) == 0 or np.bincount(codes).astype(bool).sum() < 2:
        yield Outcome(Status.NOT_APPLICABLE, "A prediction can only be judged where rows have at least two labels.")
        return
    fold = _folds(context, rows, codes)
    confidence = bonferroni(CONFIDENCE, len(features))
    scores = {name: _score(_bins(frame[name]), codes, fold, confidence) for name in features}
    ranked = sorted(features, key=lambda name: -scores[name].auc)
    limit = context.config.leakage_auc
    verdicts = {name: _judge(scores[name], limit) for name in ranked}
    offenders = [name for name in ranked if verdicts[name] is not Status.PASSED]
    for name in offenders:
        missing = _score(frame[name].isna().to_numpy().astype(np.int64), codes, fold, confidence)
        yield _offence(name, scores[name], verdicts[name], len(rows), limit, by_absence=missing.auc >= limit)
    if not offenders:
        yield _clean(ranked, scores, len(rows), limit)


def _judge(score: _Score, limit: float) -> Status:
    # Every row in the right order, out of sample: the label is a function of the feature in this table, which is
    # a fact and no estimate.
    if score.auc == 1 and score.smallest >= MIN_ROWS_PER_CLASS:
        return Status.FAILED
    return judge_upper(score.interval, limit)


def _offence(name: str, score: _Score, status: Status, n: int, limit: float, *, by_absence: bool) -> Outcome:
    verb = "predicts" if status is Status.FAILED else "may predict"
    how = " Whether it is missing is enough to tell." if by_absence else ""
    more = "" if status is Status.FAILED else " More rows of the rarest class would decide."
    return Outcome(
        status,
        f"Column '{name}' alone {verb} the label: out-of-sample AUC {_figures(score)} on {n:,} rows, against a limit "
        f"of {limit:g}.{how}{more}",
        Subject((name,)),
        Evidence("AUC", score.auc, score.interval, n, limit, "AUC"),
        f"Ask whether '{name}' is known when a prediction is due; if it follows from the label, list it under "
        "`ignore`.",
    )


def _clean(ranked: list[str], scores: dict[str, _Score], n: int, limit: float) -> Outcome:
    best = scores[ranked[0]]
    table = Table(
        ("feature", "AUC", "low", "high"),
        tuple(
            (name, scores[name].auc, score.low, score.high)
            for name in ranked[:SHOWN]
            if (score := scores[name].interval) is not None
        ),
    )
    return Outcome(
        Status.PASSED,
        f"No feature alone predicts the label: the strongest of {len(ranked):,}, column '{ranked[0]}', reaches an "
        f"out-of-sample AUC of {_figures(best)} on {n:,} rows, against a limit of {limit:g}.",
        evidence=Evidence("AUC", best.auc, best.interval, n, limit, "AUC", table=table),
    )


def _figures(score: _Score) -> str:
    if score.interval is None:
        return f"{score.auc:.3f}"
    return f"{score.auc:.3f} (interval {score.interval.low:.3f} to {score.interval.high:.3f})"


def _sample(context: Context) -> npt.NDArray[np.int64]:
    """Positions of the labelled rows, or of `MAX_ROWS` of them drawn with a fixed seed."""
    rows = np.flatnonzero(context.dataset.labels.codes != NO_LABEL)
    if len(rows) <= MAX_ROWS:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, MAX_ROWS, replace=False))


def _folds(context: Context, rows: npt.NDArray[np.int64], codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Fold of each row: whole groups where a column keeps rows together, else stratified by label."""
    rng = np.random.default_rng(0)
    group = context.dataset.roles.group
    if group is not None:
        # Rows without a group get groups of their own.
        members, names = pd.factorize(context.dataset.frame[group].iloc[rows])
        members = np.where(members < 0, len(names) + np.arange(len(rows)), members)
        fold_of: npt.NDArray[np.int64] = rng.permutation(len(names) + len(rows)) % FOLDS
        return fold_of[members]
    order = np.lexsort((rng.random(len(rows)), codes))
    fold = np.empty(len(rows), dtype=np.int64)
    fold[order] = np.arange(len(rows)) % FOLDS
    return fold


def _bins(values: pd.Series[float]) -> npt.NDArray[np.int64]:
    """Code of each row's value: itself, or its quantile bin for a number of many values. Missing is a bin."""
    codes, distinct = pd.factorize(values)
    if values.dtype.kind in "iufM" and len(distinct) > BINS:
        numbers = values.to_numpy()
        numbers = numbers.astype("datetime64[ns]").astype(np.int64) if numbers.dtype.kind == "M" else numbers
        present = codes >= 0
        # Quantiles of the values and of the distinct values, so that a rare special value has a bin of its own.
        steps = np.linspace(0, 1, BINS // 2 + 1)[1:-1]
        unique = np.unique(numbers[present])
        # Edges are values that occur: interpolation between infinities would give NaN.
        edges = np.unique(
            np.concatenate(
                [
                    np.quantile(numbers[present], steps, method="higher"),
                    np.quantile(unique, steps, method="higher"),
                    unique[[0, -1]],
                ]
            )
        )
        codes = np.where(present, np.searchsorted(edges, numbers, side="right"), -1)
    return codes.astype(np.int64) + 1


def _score(
    bins: npt.NDArray[np.int64], codes: npt.NDArray[np.int64], fold: npt.NDArray[np.int64], confidence: float
) -> _Score:
    """Macro average over the classes of the one-vs-rest AUC of out-of-fold class frequencies by bin.

    The standard errors of the classes are averaged too, which holds for any correlation between them.
    """
    cells = bins * FOLDS + fold
    size = (int(bins.max()) + 1) * FOLDS
    total = np.bincount(cells, minlength=size).astype(np.float64)
    aucs, errors, smallest = [], [], len(codes)
    for label in np.unique(codes):
        ours = np.bincount(cells[codes == label], minlength=size).astype(np.float64)
        positives = int(ours.sum())
        smallest = min(smallest, positives, len(codes) - positives)
        auc, error = _auc(_out_of_fold(ours, total), ours, total - ours)
        aucs.append(auc)
        errors.append(error)
    auc = float(np.mean(aucs))
    return _Score(auc, _interval(auc, float(np.mean(errors)), smallest, confidence), smallest)


def _out_of_fold(ours: npt.NDArray[np.float64], total: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Frequency of the class in each (bin, fold) cell's bin without the cell, shrunk to the overall frequency."""

    def others(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        table = counts.reshape(-1, FOLDS)
        without: npt.NDArray[np.float64] = table.sum(axis=1, keepdims=True) - table
        return without.ravel()

    prior = ours.sum() / total.sum()
    # One pseudo-row: a value that no other fold has seen predicts the overall frequency.
    frequency: npt.NDArray[np.float64] = (others(ours) + prior) / (others(total) + 1)
    return frequency


def _auc(
    score: npt.NDArray[np.float64], positives: npt.NDArray[np.float64], negatives: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """AUC of cells of equal score and its standard error (DeLong et al. 1988, doi:10.2307/2531595)."""
    _, level = np.unique(score.round(12), return_inverse=True)
    p, q = np.bincount(level, positives), np.bincount(level, negatives)
    n_p, n_q = p.sum(), q.sum()
    below = (np.cumsum(q) - q / 2) / n_q  # share of negatives that a positive of this level outranks
    above = 1 - (np.cumsum(p) - p / 2) / n_p
    auc = float((p * below).sum() / n_p)
    var_p = float((p * (below - auc) ** 2).sum() / max(n_p - 1, 1))
    var_q = float((q * (above - auc) ** 2).sum() / max(n_q - 1, 1))
    return auc, math.sqrt(var_p / n_p + var_q / n_q)


def _interval(auc: float, error: float, smallest: int, confidence: float) -> Interval | None:
    """Interval on the logit scale, or, for few rows and at the ends, from the greatest possible variance.

    No AUC has a variance above A(1 - A) / min(positives, negatives), which is that of a proportion of as many
    trials (Birnbaum and Klose 1957, Annals of Mathematical Statistics 28:933).
    """
    if smallest < MIN_ROWS_PER_CLASS or error == 0 or auc in (0, 1):
        return wilson(min(auc, 1.0) * smallest, smallest, confidence)
    centre = math.log(auc / (1 - auc))
    half = normal_quantile(confidence) * error / (auc * (1 - auc))
    low, high = (1 / (1 + math.exp(-min(700, max(-700, centre + sign * half)))) for sign in (-1, 1))
    return Interval(low, high, confidence, "DeLong, logit")
