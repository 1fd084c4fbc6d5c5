"""MH008: what accuracy is out of reach, because rows that are equal in all features have different labels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Evidence, Interval, Outcome, Status, Subject
from assay.intervals import bonferroni, judge_upper, wilson

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.health.context import HealthContext
    from assay.health.fit.subject import Fit

    Codes = npt.NDArray[np.int64]
    Values = npt.NDArray[np.float64]

# Of all rows, errors that no model can avoid. A tenth is what a model may lose between training and held-out rows too
# (`health.max_gap`).
LIMIT = 0.1
# Fewer kinds of equal rows, and their scatter is not known.
LEAST_KINDS = 30
# A smaller share of the rows says nothing about the others, whatever its labels are.
LEAST_SHARE = 0.05
# Rows of a kind from which its labels show how far chance moves them.
LARGE = 10


@dataclass(frozen=True, slots=True, eq=False)
class EqualRows:
    """Rows that equal another one in all features.

    Attributes
    ----------
    rows, kinds
        How many rows, and how many different ones among them.
    n
        All rows that were looked at.
    disagreement
        Probability that two of the rows that are equal have different labels, weighted by rows; None without any.
    error
        The least share of these rows on which a model must err: bounds from below and above, with their interval;
        None where there are fewer than `LEAST_KINDS`.
    accuracy
        Of the best kind of model on these rows.
    """

    rows: int
    kinds: int
    n: int
    disagreement: float | None = None
    error: Interval | None = None
    accuracy: float | None = None

    @property
    def share(self) -> float:
        """Of all rows, those that equal another one."""
        return self.rows / self.n


@dataclass(frozen=True, slots=True, eq=False)
class _Kinds:
    """G kinds of equal rows: their sizes, the most frequent label's rows, the next one's, and how many have those."""

    sizes: Values
    alike: Values  # pairs of rows with one label, counted both ways
    most: Values
    next: Values
    nexts: Values


def find_equal(context: HealthContext, rows: Codes, kind: Codes) -> EqualRows | None:
    """Find the rows that equal another one in all features that models see, and how often their labels differ.

    Parameters
    ----------
    context
        Of N rows.
    rows
        (n,) positions of the rows that are looked at.
    kind
        (n,) in 0..: the same for equal rows.
    """
    predictions = context.of_classes
    if predictions is None or not len(rows):
        return None
    labels, classes = predictions.labels[rows], len(predictions.classes)
    sizes = np.bincount(kind)
    repeated = sizes[kind] > 1
    n, count = int(repeated.sum()), int((sizes > 1).sum())
    if not n:
        return EqualRows(0, 0, len(rows))
    _, codes = np.unique(kind[repeated], return_inverse=True)
    kinds = _count(codes, labels[repeated], classes)
    differ = 1 - kinds.alike / (kinds.sizes * (kinds.sizes - 1))
    probs = predictions.opinions.get(predictions.able, predictions.pred_probs)[rows[repeated]]
    return EqualRows(
        n,
        count,
        len(rows),
        disagreement=float((kinds.sizes * differ).sum() / n),
        error=_bound_error(kinds, differ, classes) if count >= LEAST_KINDS else None,
        accuracy=float((probs.argmax(axis=1) == labels[repeated]).mean()),
    )


def _count(kind: Codes, labels: Codes, classes: int) -> _Kinds:
    pairs, of_pair = np.unique(kind * classes + labels, return_counts=True)
    owner, sizes = pairs // classes, np.bincount(kind).astype(np.float64)
    order = np.lexsort((-of_pair, owner))
    owner, counts = owner[order], of_pair[order].astype(np.float64)
    first = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
    second = np.zeros(len(sizes))
    has_second = np.append(first[1:], len(owner)) - first > 1
    second[has_second] = counts[first[has_second] + 1]
    is_next = np.ones(len(owner), dtype=np.bool_)
    is_next[first] = False
    is_next &= counts == second[owner]
    return _Kinds(
        sizes,
        alike=np.bincount(owner, weights=counts * (counts - 1)).astype(np.float64),
        most=counts[first],
        next=second,
        nexts=np.bincount(owner, weights=is_next, minlength=len(sizes)).astype(np.float64),
    )


def _bound_error(kinds: _Kinds, differ: Values, classes: int) -> Interval:
    """Bounds on the least error on these rows, that hold together with 95%.

    From below: the share of rows that do not have their kind's most frequent label, which errs downwards where kinds
    are small; and the least error that goes with the disagreement of pairs, which errs downwards where kinds differ
    from each other. From above: the error of the most frequent label among the *other* rows of a kind, which is that
    of a classifier, so that the least error cannot exceed it in expectation.
    """
    confidence = bonferroni(0.95, 3)
    minority = _mean(1 - kinds.most / kinds.sizes, kinds.sizes, confidence)
    # A pair's disagreement moves with both of its rows.
    pairs = _mean(differ, kinds.sizes, confidence, spread=2.0)
    # Without a row, its label is the most frequent one still, or one of several, or not.
    right = np.where(kinds.most - 1 > kinds.next, 1.0, 1 / (1 + kinds.nexts)) * (kinds.most > kinds.next)
    others = _mean(1 - kinds.most * right / kinds.sizes, kinds.sizes, confidence)
    low = max(minority.low, _least_error(pairs.low, classes))
    high = min(others.high, 1 - 1 / classes)
    return Interval(min(low, high), high, 0.95, "plug-in, Cover-Hart and leave-one-out bounds")


def _least_error(disagreement: float, classes: int) -> float:
    """Least error that goes with a disagreement of pairs: as if all kinds were alike (Cover and Hart 1967)."""
    most = (classes - 1) / classes
    return most * (1 - math.sqrt(max(0.0, 1 - disagreement / most)))


def _mean(values: Values, sizes: Values, confidence: float, spread: float = 1.0) -> Interval:
    """Interval of a mean weighted by sizes, over kinds: Wilson's, for as many trials as have its variance.

    A kind of `LARGE` rows has the variance of a share of as many rows, `spread` times. The others are too small to
    show their own: theirs is the one between them. Where there is none, each kind is one trial.
    """
    n = float(sizes.sum())
    mean = float((sizes * values).sum()) / n
    own = (values * sizes + 0.5) / (sizes + 1)  # drawn towards a half: no variance is 0 because of a few rows
    variances = np.where(sizes >= LARGE, spread * sizes * own * (1 - own), (sizes * (values - mean)) ** 2)
    variance = float(variances.sum()) / n**2
    most = n**2 / float((sizes**2).sum())
    trials = mean * (1 - mean) / variance if variance > 0 and 0 < mean < 1 else most
    interval = wilson(mean * trials, trials, confidence)
    assert interval is not None
    return interval


def check_ceiling(fit: Fit) -> Iterator[Outcome]:
    """MH008: see docs/checks/MH008.md."""
    subject, equal = Subject((fit.label,)), fit.equal
    if fit.context.of_classes is None:
        yield Outcome(Status.NOT_APPLICABLE, "The label is a number: what models cannot tell is its scatter.", subject)
        return
    if equal is None or equal.share < LEAST_SHARE:
        words = (
            f"Fewer than {LEAST_SHARE:.0%} of the rows equal another one in all features: they speak for no others."
        )
        yield Outcome(Status.NOT_APPLICABLE, words, subject)
        return
    if equal.error is None:
        rows, kinds, n = equal.rows, equal.kinds, equal.n
        words = (
            f"What accuracy is out of reach cannot be told: {rows:,} of {n:,} rows equal another one in all features "
            f"({kinds:,} different ones), too few to speak for the table."
        )
        evidence = Evidence("rows equal to another", float(rows), None, n, LEAST_SHARE * n, "rows")
        yield Outcome(Status.INCONCLUSIVE, words, subject, evidence, "More rows would tell.")
        return
    yield _judge(equal, equal.error, subject)


def _judge(equal: EqualRows, error: Interval, subject: Subject) -> Outcome:
    floor = Interval(equal.share * error.low, equal.share * error.high, error.confidence, error.method)
    evidence = Evidence("least error, lower bound", floor.low, floor, equal.n, LIMIT, "share of rows")
    words = (
        f"{equal.rows:,} of {equal.n:,} rows equal another one in all features, and two equal rows have different "
        f"labels with probability {equal.disagreement:.1%}. No model can be right on more than {1 - error.low:.1%} of "
        f"them, and some model is right on at least {1 - error.high:.1%} (here: {equal.accuracy:.1%}). Of all rows, "
        f"errors on {floor.low:.1%} to {floor.high:.1%} cannot be avoided (95% interval)"
    )
    status = judge_upper(floor, LIMIT)
    match status:
        case Status.PASSED:
            verdict, remedy = f"at most {LIMIT:.0%}", ""
        case Status.FAILED:
            verdict = f"more than {LIMIT:.0%}"
            remedy = (
                "Add a feature that tells these rows apart, or finer values of the present ones; have the labels of "
                "equal rows checked (DQ016 names them). More rows, or a larger model, bring nothing here."
            )
        case _:
            verdict = f"whether that is more than {LIMIT:.0%} cannot be told"
            remedy = "Have the labels of equal rows checked (DQ016)."
    return Outcome(status, f"{words}: {verdict}.", subject, evidence, remedy)
