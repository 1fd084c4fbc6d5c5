"""The flip test: what a model predicts for a row where the sensitive feature alone has another value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.dataset import MISSING_GROUP
from assay.learning.columns import MIN_CATEGORY_ROWS, as_numbers, is_numeric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.dataset import Dataset

    Rows = npt.NDArray[np.int64]

# A feature of many values: the most frequent ones are tried.
MAX_VALUES = 5
# So many rows give a share of 2% a 95% interval of 0.2 points to either side.
MAX_ROWS = 20_000
# Predictions of one kind of model in all, over rows, values and features: beyond that fewer rows are tried. See
# docs/learning.md for what they cost.
MAX_PREDICTIONS = 20_000
# So many probabilities at most, which takes 32 MB.
MAX_PROBABILITIES = 4_000_000
# A prediction has changed where another class leads by more than this: what is predicted in other company is rounded
# otherwise, which may turn a tie.
LEAST_LEAD = 1e-6
# A smaller probability counts as this one where shifts are averaged: from 1e-6 to 1e-9 is far, and turns nothing.
LEAST_PROBABILITY = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Flip:
    """One value of one sensitive feature, and the rows that are given it.

    Attributes
    ----------
    feature, column
        The sensitive feature, and the column behind it that the models see.
    donor
        Position of a row that has the value.
    rows
        (n,) int64, ascending: positions of held-out rows with another value.
    """

    feature: str
    column: str
    donor: int
    rows: Rows


def plan_flips(dataset: Dataset, held_out: npt.NDArray[np.bool_], *, classes: int, seed: int) -> tuple[Flip, ...]:
    """Choose values and rows for the sensitive features whose column the models see.

    The values are those of the feature's `MAX_VALUES` most frequent groups with `MIN_CATEGORY_ROWS` rows, "missing"
    not among them; of a number in bins the value of a group is its median. A row is given each value but that of its
    own group. The rows are drawn at random, at most `MAX_ROWS`, and fewer where the predictions would be many more
    than `MAX_PREDICTIONS`.

    Parameters
    ----------
    dataset
        N rows.
    held_out
        (N,) bool: rows that some model was not trained on.
    classes
        K, of each prediction.
    seed
        Of the draw, which shares no random numbers with the training.
    """
    donors = {
        (str(feature), column): _donors(dataset, str(feature), column)
        for feature, column in zip(dataset.groups.columns, dataset.roles.group_columns, strict=False)
        if column in dataset.roles.features
    }
    # Nobody is given the own value; rows of rarer groups, who are given one more, are few.
    tried = sum(max(1, len(of_group) - 1) for of_group in donors.values() if of_group)
    if not tried:
        return ()
    rows = np.flatnonzero(held_out)
    most = min(MAX_ROWS, MAX_PREDICTIONS // tried, MAX_PROBABILITIES // (tried * classes))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng((seed, most)).choice(rows, most, replace=False))
    return tuple(
        Flip(feature, column, donor, rows[(dataset.groups[feature].iloc[rows] != group).to_numpy()])
        for (feature, column), of_group in donors.items()
        for group, donor in of_group.items()
    )


def _donors(dataset: Dataset, feature: str, column: str) -> dict[str, int]:
    """For each of the most frequent groups a row whose value stands for it."""
    groups, values = dataset.groups[feature], dataset.frame[column]
    counts = groups[groups != MISSING_GROUP].value_counts()
    # What no model could learn of a rarer value, it answers at random.
    known = {str(group): rows for group, rows in counts.items() if rows >= MIN_CATEGORY_ROWS}
    donors = {}
    for group in sorted(known, key=lambda name: (-known[name], name))[:MAX_VALUES]:
        rows = np.flatnonzero(groups == group)
        if is_numeric(values):
            rows = rows[np.argsort(as_numbers(values.iloc[rows]), kind="stable")]
        donors[group] = int(rows[(len(rows) - 1) // 2])
    return donors


class FlipTest:
    """Which predictions change, and by how much in which direction, for each kind of model.

    Parameters
    ----------
    flips
        What is tried: P predictions of each kind of model, those of the first flip's rows first.
    folds
        (R, N) the fold that holds each row out, in each repeat.
    """

    def __init__(self, flips: Sequence[Flip], folds: npt.NDArray[np.integer]) -> None:
        self.flips = tuple(flips)
        self._folds = folds
        self._shares: dict[str, dict[str, npt.NDArray[np.float32]]] = {}
        self._effects: dict[str, dict[str, npt.NDArray[np.float64]]] = {}

    @property
    def rows(self) -> Rows:
        """(P,) positions of the rows that are predicted."""
        return np.concatenate([np.empty(0, dtype=np.int64), *(flip.rows for flip in self.flips)])

    @property
    def donors(self) -> dict[str, Rows]:
        """Column -> (P,) positions of the rows whose value of the column the rows are given."""
        given = {flip.column: self.rows for flip in self.flips}
        start = 0
        for flip in self.flips:
            given[flip.column][start : (start := start + len(flip.rows))] = flip.donor
        return given

    def add(self, kind: str, before: npt.NDArray[np.floating], after: npt.NDArray[np.floating]) -> None:
        """Take down probabilities by a kind of model: with the rows' own values, and with the flips'.

        Parameters
        ----------
        kind
            Its name.
        before, after
            (S, P, K): of the first S repeats, each by the member that held the row out.
        """
        own, other = (found.mean(axis=0, dtype=np.float64) for found in (before, after))
        was = own.argmax(axis=1)
        changed = other.max(axis=1) - other[np.arange(len(was)), was] > LEAST_LEAD
        n = self._folds.shape[1]
        tried, turned = ({flip.feature: np.zeros(n, dtype=np.float32) for flip in self.flips} for _ in range(2))
        effects: dict[str, list[npt.NDArray[np.float64]]] = {flip.feature: [] for flip in self.flips}
        start = 0
        for flip in self.flips:
            part = slice(start, start := start + len(flip.rows))
            tried[flip.feature][flip.rows] += 1
            turned[flip.feature][flip.rows] += changed[part]
            effects[flip.feature].append(self._by_member(before[:, part], after[:, part], flip.rows))
        nothing = np.full(n, np.nan, dtype=np.float32)
        self._shares[kind] = {
            feature: np.divide(turned[feature], times, out=nothing.copy(), where=times > 0)
            for feature, times in tried.items()
        }
        self._effects[kind] = {feature: np.stack(found, axis=2) for feature, found in effects.items()}

    def _by_member(
        self, before: npt.NDArray[np.floating], after: npt.NDArray[np.floating], rows: Rows
    ) -> npt.NDArray[np.float64]:
        """(S, F, K) mean shift of (S, n, K) probabilities over the rows that each member holds out; NaN for none."""
        effects = np.full((len(before), int(self._folds.max()) + 1, before.shape[2]), np.nan)
        for effect, own, other, fold in zip(effects, before, after, self._folds[:, rows], strict=False):
            shift = _log_odds(other) - _log_odds(own)
            for f in np.unique(fold):
                effect[f] = shift[fold == f].mean(axis=0)
        return effects

    @property
    def shares(self) -> dict[str, dict[str, npt.NDArray[np.float32]]]:
        """Kind -> feature -> (N,) share of the values tried that change the row's class; NaN where none was tried."""
        return self._shares if self.flips else {}

    @property
    def effects(self) -> dict[str, dict[str, npt.NDArray[np.float64]]]:
        """Kind -> feature -> (S, F, V, K) mean shift of each member: see `OutOfSample.flip_effects`."""
        return self._effects if self.flips else {}


def _log_odds(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """(..., K) logarithms less their mean over the classes: a linear model shifts them by as much in every row."""
    logs: npt.NDArray[np.float64] = np.log(np.maximum(probabilities.astype(np.float64), LEAST_PROBABILITY))
    logs -= logs.mean(axis=-1, keepdims=True)
    return logs
