"""Models that were trained on shuffled labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.findings import Interval


@dataclass(frozen=True, slots=True)
class Control:
    """The out-of-sample AUC of models that were trained on labels that mean nothing; 0.5 unless the folds leak.

    Attributes
    ----------
    kind
        "the network" or "kernel ridge".
    auc
        Mean over the shuffles, of pairs of rows within a fold.
    interval
        Of the mean over all shuffles that there could be.
    highest
        The AUC that 95 of 100 shuffles stay below; None where there are too few.
    shuffles, rows
        How many; of the rows those that were judged by: one of each unit (equal and nearly equal rows, a group).
    """

    kind: str
    auc: float
    interval: Interval
    highest: float | None
    shuffles: int
    rows: int


@dataclass(frozen=True, slots=True)
class SharedValue:
    """What becomes of rows that share a value of a column and are in several folds.

    Attributes
    ----------
    column
        Its name; it was not shown to the models in what follows.
    is_used, is_id
        Whether it is a feature or a sensitive column, whose values new rows may share; whether it is the `id`.
    rows, kinds
        Rows and values that were looked at; each value has two rows or more.
    recognised
        Mean AUC, out of sample, of labels drawn by value: above 0.5 models recognise the value by the other columns.
    recognised_interval
        Of that mean, over the draws.
    together, apart
        AUC of the real labels in folds that keep the rows of a value together, and in those of the audit. Of more than
        two classes (or of a number) the AUC of the class (of the half) nearest to half of the rows.
    fall
        Interval of `apart` less `together`, over the values; None where there is one class only.
    """

    column: str
    is_used: bool
    is_id: bool
    rows: int
    kinds: int
    recognised: float
    recognised_interval: Interval
    together: float | None
    apart: float | None
    fall: Interval | None


@dataclass(frozen=True, slots=True, eq=False)
class ShuffledTrial:
    """Models that were trained on shuffled labels.

    Attributes
    ----------
    controls
        One for each kind of model; empty where there were too few rows.
    shared
        One for each column whose values many rows share, a few each.
    """

    controls: tuple[Control, ...]
    shared: tuple[SharedValue, ...]
