"""DQ017: features that alone predict the label, out of sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.binning import bins_of
from assay.dataset import NO_LABEL
from assay.findings import Evidence, Outcome, Severity, Status, Subject, Table
from assay.intervals import bonferroni, judge_upper
from assay.validation.numeric_leakage import numeric_leaks
from assay.validation.out_of_fold import (
    Folds,
    mean_separation,
    out_of_fold_frequency,
    separation,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import pandas as pd

    from assay.auc import Auc
    from assay.validation.context import Context

# More rows would not change the verdict on an AUC of 0.99, only the time it takes.
MAX_ROWS = 50_000
# With fewer rows of a class, or of all others, an AUC of 0.99 cannot be told from one of 0.9.
MIN_ROWS_PER_CLASS = 20
# A number of so few values is a code, in which any set of values may stand for a class.
MAX_CODES = 10
CONFIDENCE = 0.95
SHOWN = 10


@dataclass(frozen=True, slots=True)
class _Task:
    """The rows that are looked at, and the classes among them that can be judged.

    `lone` says that there are two classes, told apart by one figure for which the classes are not named.
    """

    frame: pd.DataFrame
    codes: npt.NDArray[np.int64]
    judged: tuple[int, ...]
    left_out: int
    lone: bool
    folds: Folds
    names: tuple[str, ...]
    confidence: float
    limit: float


@dataclass(frozen=True, slots=True)
class _Verdict:
    """The figure that decided on a feature: of which class (None: of the label as a whole), and by which values."""

    status: Status
    auc: Auc
    of: str | None = None
    by_absence: bool = False


def leaking_features(context: Context) -> Iterator[Outcome]:
    """DQ017: the cross-validated AUC of each single feature, with intervals that hold for all features together."""
    if context.dataset.target is not None:
        yield from numeric_leaks(context)
        return
    features = context.dataset.roles.features
    task = _task(context)
    if task is None:
        yield Outcome(Status.NOT_APPLICABLE, "A prediction can only be judged where rows have at least two labels.")
        return
    verdicts = {name: _verdict(task, name) for name in features}
    ranked = sorted(features, key=lambda name: -verdicts[name].auc.value)
    offenders = [name for name in ranked if verdicts[name].status is not Status.PASSED]
    for name in offenders:
        yield _offence(name, verdicts[name], len(task.codes), task.limit)
    if offenders:
        return
    if task.judged:
        yield _clean(ranked, verdicts, task)
    else:
        yield _undecidable(len(task.codes))


def _task(context: Context) -> _Task | None:
    rows = _sample(context)
    codes = context.dataset.labels.codes[rows]
    counts = np.bincount(codes) if len(codes) else np.zeros(0, dtype=np.int64)
    present = np.flatnonzero(counts)
    if len(present) < 2:
        return None
    enough = np.minimum(counts[present], len(codes) - counts[present]) >= MIN_ROWS_PER_CLASS
    judged = tuple(int(code) for code in present[enough])
    features = context.dataset.roles.features
    lone = len(present) == 2
    return _Task(
        frame=context.dataset.frame.iloc[rows],
        codes=codes,
        # Of two classes the second one's AUC is the first one's too.
        judged=judged[-1:] if lone else judged,
        left_out=0 if lone else len(present) - len(judged),
        lone=lone,
        folds=Folds(context, rows, codes),
        names=context.dataset.labels.classes,
        confidence=bonferroni(CONFIDENCE, len(features) * (1 if lone else max(1, len(judged)))),
        limit=context.config.leakage_auc,
    )


def _sample(context: Context) -> npt.NDArray[np.int64]:
    """Positions of the labelled rows, or of `MAX_ROWS` of them drawn with a fixed seed."""
    rows = np.flatnonzero(context.dataset.labels.codes != NO_LABEL)
    if len(rows) <= MAX_ROWS:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, MAX_ROWS, replace=False))


def _verdict(task: _Task, name: str) -> _Verdict:
    values = task.frame[name]
    bins = bins_of(values)
    absent = values.isna().to_numpy().astype(np.int64)
    if task.lone or not task.judged:
        return _of_two(task, bins, absent)
    if values.dtype.kind in "iufM" and len(np.unique(bins)) > MAX_CODES:
        candidates = [_of_every_class(task, bins), *_by_one_value(task, values, absent)]
    else:
        candidates = [_of_class(task, code, _auc(task, bins, code), absent) for code in task.judged]
    order = (Status.PASSED, Status.INCONCLUSIVE, Status.FAILED)
    return max(candidates, key=lambda found: (order.index(found.status), found.auc.value))


def _auc(task: _Task, bins: npt.NDArray[np.int64], code: int) -> Auc:
    return separation(_score(task, bins, code), task.codes == code, task.confidence)


def _score(task: _Task, bins: npt.NDArray[np.int64], code: int) -> npt.NDArray[np.float64]:
    return out_of_fold_frequency(bins, task.codes == code, task.folds.of(bins))


def _judge(auc: Auc, limit: float) -> Status:
    # Every row in the right order, out of sample: the label is a function of the feature in this table, which is
    # a fact and no estimate.
    if auc.value == 1 and auc.smallest_class >= MIN_ROWS_PER_CLASS:
        return Status.FAILED
    return judge_upper(auc.interval, limit)


def _of_two(task: _Task, bins: npt.NDArray[np.int64], absent: npt.NDArray[np.int64]) -> _Verdict:
    """One figure for two classes, or for the most frequent class where none has rows enough to be judged."""
    code = task.judged[0] if task.judged else int(np.bincount(task.codes).argmax())
    auc = _auc(task, bins, code)
    status = _judge(auc, task.limit)
    if not task.judged:
        # So few rows decide nothing: what looks like a leak is said, and the rest is not blamed on each feature.
        status = Status.INCONCLUSIVE if auc.value >= task.limit else Status.PASSED
    return _Verdict(status, auc, None, status is not Status.PASSED and _tells(task, absent, code))


def _of_every_class(task: _Task, bins: npt.NDArray[np.int64]) -> _Verdict:
    """A measurement may well set one of several classes apart; it leaks where it does so with each of them."""
    scores = {}
    for code in task.judged:
        scores[code] = _score(task, bins, code)
        auc = separation(scores[code], task.codes == code, task.confidence)
        if auc.value < task.limit:
            return _Verdict(Status.PASSED, auc)
    if len(scores) > 1:
        auc = mean_separation(scores, task.codes, task.confidence)
    return _Verdict(Status.FAILED if _judge(auc, task.limit) is Status.FAILED else Status.INCONCLUSIVE, auc)


def _of_class(task: _Task, code: int, auc: Auc, absent: npt.NDArray[np.int64]) -> _Verdict:
    """One class of several. Of so many figures some interval reaches the limit: one that lies below it passes."""
    status = _judge(auc, task.limit)
    if status is Status.INCONCLUSIVE and auc.value < task.limit:
        status = Status.PASSED
    return _Verdict(status, auc, task.names[code], status is not Status.PASSED and _tells(task, absent, code))


def _by_one_value(task: _Task, values: pd.Series[float], absent: npt.NDArray[np.int64]) -> Iterator[_Verdict]:
    """Whether one value of a measurement, or its being missing, sets a class apart: a dummy in disguise."""
    codes = values.factorize()[0]
    for code in task.judged:
        ours = task.codes == code
        patterns = [absent]
        for side in (ours, ~ours):
            there = codes[side & (codes >= 0)]
            if len(there):
                patterns.append((codes == np.bincount(there).argmax()).astype(np.int64))
        for pattern in patterns:
            # The AUC of two values is the mean of the shares that they get right; most are far from the limit.
            if abs(pattern[ours].mean() - pattern[~ours].mean()) >= 2 * task.limit - 1:
                yield _of_class(task, code, _auc(task, pattern, code), absent)


def _tells(task: _Task, pattern: npt.NDArray[np.int64], code: int) -> bool:
    return _auc(task, pattern, code).value >= task.limit


def _offence(name: str, verdict: _Verdict, n: int, limit: float) -> Outcome:
    verb = "predicts" if verdict.status is Status.FAILED else "may predict"
    what = "the label" if verdict.of is None else f"class '{verdict.of}'"
    how = " Whether it is missing is enough to tell." if verdict.by_absence else ""
    more = "" if verdict.status is Status.FAILED else " More rows of the rarest class would decide."
    return Outcome(
        verdict.status,
        f"Column '{name}' alone {verb} {what}: out-of-sample AUC {_figures(verdict.auc)} on {n:,} rows, against a "
        f"limit of {limit:g}.{how}{more}",
        Subject((name,)),
        Evidence("AUC", verdict.auc.value, verdict.auc.interval, n, limit, "AUC"),
        f"Ask whether '{name}' is known when a prediction is due; if it follows from the label, list it under "
        "`ignore`.",
    )


def _clean(ranked: list[str], verdicts: dict[str, _Verdict], task: _Task) -> Outcome:
    best = verdicts[ranked[0]]
    rows = []
    for name in ranked[:SHOWN]:
        found = verdicts[name]
        rows.append((name, found.of or "all", found.auc.value, found.auc.interval.low, found.auc.interval.high))
    kind = "AUC" if task.lone else "AUC for the class that decides on it"
    rare = f" Classes of fewer than {MIN_ROWS_PER_CLASS} rows were not judged: {task.left_out:,}." * bool(
        task.left_out
    )
    return Outcome(
        Status.PASSED,
        f"No feature alone predicts the label: the strongest of {len(ranked):,}, column '{ranked[0]}', reaches an "
        f"out-of-sample {kind} of {_figures(best.auc)} on {len(task.codes):,} rows, against a limit of "
        f"{task.limit:g}.{rare}",
        evidence=Evidence(
            "AUC",
            best.auc.value,
            best.auc.interval,
            len(task.codes),
            task.limit,
            "AUC",
            table=Table(("feature", "class", "AUC", "low", "high"), tuple(rows)),
        ),
    )


def _undecidable(n: int) -> Outcome:
    return Outcome(
        Status.INCONCLUSIVE,
        f"Whether a feature alone predicts the label cannot be judged: no class of the {n:,} rows has "
        f"{MIN_ROWS_PER_CLASS} rows against as many others. None looks like it.",
        evidence=Evidence("AUC", None, n=n),
        remedy=f"Collect at least {MIN_ROWS_PER_CLASS} rows of each class.",
        severity=Severity.WARNING,
    )


def _figures(auc: Auc) -> str:
    return f"{auc.value:.3f} (interval {auc.interval.low:.3f} to {auc.interval.high:.3f})"
