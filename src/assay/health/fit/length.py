"""MH007: whether the training was too short or too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.findings import Evidence, Interval, Outcome, Status, Subject
from assay.health.vitals import Figure, over_members

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.health.context import HealthContext
    from assay.health.fit.subject import Fit

    Values = npt.NDArray[np.float64]

# Of the lowest held-out loss: by less, a training is not worth changing.
MARGIN = 0.05
# The last part of the training in which an improvement counts.
LAST = 0.25
# With fewer measured epochs there is no course of the training to speak of.
LEAST_EPOCHS = 3
LEAST_MEMBERS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """M members over E epochs.

    Attributes
    ----------
    table
        As in `assay.health.fit.PART`.
    best
        The epoch, from 1, of the lowest mean held-out loss.
    epochs
        E.
    lowest
        That loss.
    rise
        By how much the loss is higher at the end than in the best epoch, as a share of `lowest`.
    late
        By how much it falls in the last quarter, as a share of `lowest`.
    """

    table: pd.DataFrame
    best: int
    epochs: int
    lowest: float
    rise: Figure
    late: Figure


def read_curves(context: HealthContext) -> Curves | None:
    """Read the losses; None where the held-out loss was measured in fewer than `LEAST_EPOCHS` epochs."""
    predictions = context.predictions
    folds = int(predictions.folds.max(initial=-1)) + 1
    losses = predictions.test_loss
    measured = np.flatnonzero(np.isfinite(losses).any(axis=0))
    members = np.isfinite(losses[:, measured]).all(axis=1)
    if len(measured) < LEAST_EPOCHS or members.sum() < LEAST_MEMBERS or folds < 2:
        return None
    known = losses[members][:, measured]
    mean = known.mean(axis=0)
    best, lowest = int(mean.argmin()), float(mean.min())
    if lowest <= 0:
        return None  # nothing is lost any more
    # The last measured epoch before the last quarter; the first of all counts for nothing.
    before = max(1, int(np.searchsorted(measured, (1 - LAST) * (losses.shape[1] - 1), side="right")) - 1)
    late = known[:, min(before, len(measured) - 2)] - known[:, -1]
    return Curves(
        table=_tabulate(predictions.train_loss, losses, folds),
        best=int(measured[best]) + 1,
        epochs=losses.shape[1],
        lowest=lowest,
        rise=_over(_rises(known) / lowest, folds),
        late=_over(late / lowest, folds),
    )


def _rises(known: Values) -> Values:
    """(M,) loss at the end less that of the best epoch, which is chosen by the other members.

    Chosen by the same members, chance alone would make the end look worse.
    """
    others = (known.sum(axis=0) - known).argmin(axis=1)
    return np.asarray(known[:, -1] - known[np.arange(len(known)), others], dtype=np.float64)


def _over(values: Values, folds: int) -> Figure:
    return over_members(values, folds, least=-np.inf, most=np.inf)


def _tabulate(train: Values, test: Values, folds: int) -> pd.DataFrame:
    rows = []
    for part, losses in (("train", train), ("held out", test)):
        for epoch in range(losses.shape[1]):
            figure = over_members(losses[:, epoch], folds, most=np.inf)
            if figure.value is None:
                continue
            low, high = (figure.interval.low, figure.interval.high) if figure.interval else (np.nan, np.nan)
            rows.append({"epoch": epoch + 1, "part": part, "mean": figure.value, "low": low, "high": high})
    return pd.DataFrame(rows, columns=["epoch", "part", "mean", "low", "high"])


def check_length(fit: Fit) -> Iterator[Outcome]:
    """MH007: see docs/checks/MH007.md."""
    subject = Subject((fit.label,))
    if (given := fit.context.predictions.given) is not None:
        yield Outcome(Status.NOT_APPLICABLE, f"The predictions were given ({given}): nothing was trained.", subject)
        return
    curves = fit.curves
    if curves is None or curves.rise.interval is None or curves.late.interval is None:
        words = "Whether the training was too short or too long cannot be told: its losses were measured too rarely."
        yield Outcome(Status.INCONCLUSIVE, words, subject, remedy="Set more `learning.epochs`, or more folds.")
        return
    yield _judge(curves, curves.rise.interval, curves.late.interval, subject)


def _judge(curves: Curves, rise: Interval, late: Interval, subject: Subject) -> Outcome:
    words = (
        f"The held-out loss is lowest ({curves.lowest:.4g}) after epoch {curves.best:,} of {curves.epochs:,}. From "
        f"there to the end it changes by {_percent(rise.low, curves.rise.value, rise.high)}, over the last quarter of "
        f"the training by {_percent(-late.high, -(curves.late.value or 0.0), -late.low)}"
    )
    fails, is_rising = rise.low > MARGIN or late.low > MARGIN, rise.low > MARGIN
    figure = curves.rise if is_rising or not fails else curves.late
    name = "rise of the held-out loss" if figure is curves.rise else "late fall of the held-out loss"
    evidence = Evidence(name, figure.value, figure.interval, figure.n, MARGIN, "share of the lowest loss")
    if is_rising:
        remedy = (
            f"Set `learning.epochs: {curves.best}`; when you train, stop once the loss of held-out rows has not "
            f"fallen for {_patience(curves)} epochs. Look at MH002, and at LN001 for labels that can only be "
            "memorised."
        )
        return Outcome(Status.FAILED, f"{words}: it memorises rows.", subject, evidence, remedy)
    if fails:
        remedy = (
            f"Set `learning.epochs: {2 * curves.epochs}` to see what more brings; when you train, stop once the loss "
            f"of held-out rows has not fallen for {_patience(curves)} epochs."
        )
        return Outcome(Status.FAILED, f"{words}: it stopped too early.", subject, evidence, remedy)
    if rise.high <= MARGIN and late.high <= MARGIN:
        return Outcome(Status.PASSED, f"{words}: the length does not matter.", subject, evidence)
    words += f": whether either is more than {100 * MARGIN:.4g}% cannot be told."
    return Outcome(Status.INCONCLUSIVE, words, subject, evidence, "Add rows, or set more `learning.repeats`.")


def _patience(curves: Curves) -> int:
    """A quarter of the epochs up to the best one, and two at least."""
    return max(2, round(curves.best / 4))


def _percent(low: float, value: float | None, high: float) -> str:
    return f"{100 * (value or 0.0):+.1f}% (95% interval {100 * low:+.1f}% to {100 * high:+.1f}%)"
