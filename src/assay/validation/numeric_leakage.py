"""DQ017 for a numeric label: features that alone predict it, out of sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.binning import bins_of
from assay.findings import Evidence, Outcome, Status, Subject, Table
from assay.intervals import bonferroni, judge_upper
from assay.r2 import R2, compute_r2
from assay.validation.out_of_fold import Folds, choose_out_of_fold, out_of_fold_line, out_of_fold_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.validation.context import Context

# More rows would not change the verdict on an R2 of 0.99, only the time it takes.
MAX_ROWS = 50_000
# With fewer rows an R2 of 0.99 cannot be told from one of 0.9.
MIN_ROWS = 40
CONFIDENCE = 0.95
SHOWN = 10


def numeric_leaks(context: Context) -> Iterator[Outcome]:
    """DQ017: R2 of the ranks of the label, predicted by each single feature out of sample.

    The prediction is learned from the other folds: the mean rank of the rows with the same value, or in the same
    quantile bin of a number; or, where that does better in the other folds, a straight line through the ranks of a
    number, which bins are too coarse for.
    """
    target, features = context.dataset.target, context.dataset.roles.features
    assert target is not None
    rows = np.flatnonzero(~np.isnan(target))
    if len(rows) < MIN_ROWS:
        words = f"Whether a feature alone predicts the label cannot be judged on {len(rows):,} labelled rows."
        yield Outcome(Status.INCONCLUSIVE, words, remedy=f"Collect at least {MIN_ROWS} labelled rows.")
        return
    if len(rows) > MAX_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MAX_ROWS, replace=False))
    limit, confidence = context.config.leakage_auc, bonferroni(CONFIDENCE, len(features))
    label = _ranks(target[rows])
    folds = Folds(context, rows, context.dataset.labels.codes[rows])
    scores = {name: _score(context, name, rows, label, folds=folds, confidence=confidence) for name in features}
    found = {name: r2 for name, r2 in scores.items() if r2 is not None}
    if len(found) < len(features):
        words = (
            f"Whether a feature alone predicts the label cannot be judged: {len(rows):,} labelled rows have one value."
        )
        yield Outcome(Status.INCONCLUSIVE, words, remedy="Add rows with other values of the label.")
        return
    ranked = sorted(features, key=lambda name: -found[name].value)
    statuses = {name: judge_upper(found[name].interval, limit) for name in ranked}
    offenders = [name for name in ranked if statuses[name] is not Status.PASSED]
    for name in offenders:
        yield _offence(name, found[name], statuses[name], len(rows), limit)
    if not offenders:
        yield _clean(ranked, found, len(rows), limit)


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values), dtype=np.float64) / len(values)


def _score(
    context: Context,
    name: str,
    rows: npt.NDArray[np.int64],
    label: npt.NDArray[np.float64],
    *,
    folds: Folds,
    confidence: float,
) -> R2 | None:
    values = context.dataset.frame[name].iloc[rows]
    bins = bins_of(values)
    fold = folds.of(bins)
    guesses = [out_of_fold_mean(bins, label, fold)]
    if values.dtype.kind in "iufM":
        known = values.notna().to_numpy()
        place = np.full(len(values), 0.5)
        # Dates as integers keep their order.
        numbers = values.to_numpy()[known]
        place[known] = _ranks(
            numbers.astype("datetime64[s]").astype(np.float64) if values.dtype.kind == "M" else numbers
        )
        guesses.append(out_of_fold_line(place, label, fold))
    return compute_r2(label, choose_out_of_fold(guesses, label, fold), confidence)


def _offence(name: str, r2: R2, status: Status, n: int, limit: float) -> Outcome:
    verb = "predicts" if status is Status.FAILED else "may predict"
    return Outcome(
        status,
        f"Column '{name}' alone {verb} the label: out-of-sample R2 of its ranks {_figures(r2)} on {n:,} rows, against "
        f"a limit of {limit:g}.",
        Subject((name,)),
        Evidence("R2", r2.value, r2.interval, n, limit, "R2"),
        f"Ask whether '{name}' is known when a prediction is due; if it follows from the label, list it under "
        "`ignore`.",
    )


def _clean(ranked: list[str], found: dict[str, R2], n: int, limit: float) -> Outcome:
    best = found[ranked[0]]
    rows = tuple(
        (name, found[name].value, found[name].interval.low, found[name].interval.high) for name in ranked[:SHOWN]
    )
    return Outcome(
        Status.PASSED,
        f"No feature alone predicts the label: the strongest of {len(ranked):,}, column '{ranked[0]}', reaches an "
        f"out-of-sample R2 of the label's ranks of {_figures(best)} on {n:,} rows, against a limit of {limit:g}.",
        evidence=Evidence(
            "R2", best.value, best.interval, n, limit, "R2", table=Table(("feature", "R2", "low", "high"), rows)
        ),
    )


def _figures(r2: R2) -> str:
    return f"{r2.value:.3f} (interval {r2.interval.low:.3f} to {r2.interval.high:.3f})"
