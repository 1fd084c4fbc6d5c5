"""What each column carries: of the networks' separation of the classes, and of the trees' ranking."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assay.auc import compute_auc, row_influences
from assay.findings import Interval
from assay.intervals import bonferroni, normal_quantile

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.health.attribution.samples import Sample
    from assay.held_out import HeldOutModels

    Figures = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.int64]

# Columns whose values are dealt out anew for the trees; the others of a wide table are, all at once.
MOST_PERMUTED = 40
# Rows that are asked about with a column dealt out anew, at most and of many classes, each of which has trees of its
# own: so many rows times classes.
MOST_PERMUTED_ROWS = 2_000
FEWEST_PERMUTED_ROWS = 500
MOST_ROWS_OF_CLASSES = 40_000
# Rows that a class, or all others, need before a distance between the two is judged.
LEAST_ROWS = 10
OTHERS = "(all other columns)"
METHOD = "normal, linearised, Bonferroni"


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """A figure for each of C columns, with the limits that hold for all of them together.

    Attributes
    ----------
    names
        C columns; the last may be `OTHERS`.
    value, low, high
        (C,).
    total
        What is shared out: the distance between mean scores in log odds, or the AUC less 0.5.
    total_interval
        Of the total, by itself.
    n
        Rows.
    """

    names: tuple[str, ...]
    value: Figures
    low: Figures
    high: Figures
    total: float
    total_interval: Interval
    n: int

    def of(self, column: str) -> tuple[float, float, float] | None:
        """Value, low and high of a column; None where it has none of its own."""
        if column not in self.names:
            return None
        at = self.names.index(column)
        return float(self.value[at]), float(self.low[at]), float(self.high[at])


def share_separation(sample: Sample) -> Shares | None:
    """Share of each column in the distance between the mean score of the target's rows and that of all other rows.

    By completeness the columns' shares sum to 1. A column that says nothing of the label has an expected share of 0,
    however much the networks make of it: they did not see these rows, so that its part in their scores falls on both
    sides alike. Of more than two classes the distance is that between the log odds of a row's own class and those of a
    class dealt out at random.

    Returns
    -------
    Shares or None
        None where either side has fewer than `LEAST_ROWS` rows.
    """
    shares = sample.shown.shares
    if sample.against is not None:
        if len(shares) < LEAST_ROWS:
            return None
        apart = shares - sample.against.shares
        mean, influence = apart.mean(axis=0), (apart - apart.mean(axis=0)) / len(apart)
    else:
        mine = sample.labels == sample.target
        sizes = np.count_nonzero(mine), np.count_nonzero(~mine)
        if min(sizes) < LEAST_ROWS:
            return None
        means = shares[mine].mean(axis=0), shares[~mine].mean(axis=0)
        mean = means[0] - means[1]
        influence = np.where(mine[:, None], (shares - means[0]) / sizes[0], (means[1] - shares) / sizes[1])
    return _divide(sample.columns, mean, influence, (float(mean.sum()), influence.sum(axis=1)), sample.units)


def permute_columns(
    models: HeldOutModels, kind: str, sample: Sample, ranked: tuple[str, ...], rng: np.random.Generator
) -> Shares | None:
    """Share of the models' AUC above 0.5 that is lost where a column's values are dealt out anew among the rows.

    Breiman 2001, doi:10.1023/A:1010933404324. The variance is that of the two AUCs of the same rows (DeLong).

    Parameters
    ----------
    ranked
        The columns; of more than `MOST_PERMUTED` the first are dealt out one by one, the others together.

    Returns
    -------
    Shares or None
        The share 1 says that nothing is left without the column; None where a class is missing among the rows.
    """
    classes = int(sample.labels.max(initial=0)) + 1
    most = max(FEWEST_PERMUTED_ROWS, min(MOST_PERMUTED_ROWS, MOST_ROWS_OF_CLASSES // classes))
    n = len(sample.rows)
    place = np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))
    rows, labels, units = sample.rows[place], sample.labels[place], sample.units[place]
    own = models.predict(kind, rows)
    whole = row_influences(labels, own)
    if whole is None:
        return None
    alone, rest = ranked[:MOST_PERMUTED], ranked[MOST_PERMUTED:]
    asked = [(name,) for name in alone] + ([rest] if rest else [])
    falls, influences = np.empty(len(asked)), np.empty((len(rows), len(asked)))
    at_once = max(1, 20_000 // len(rows)) if len(ranked) <= MOST_PERMUTED else 1
    for start in range(0, len(asked), at_once):
        part = asked[start : start + at_once]
        found = _predict_permuted(models, kind, rows, part, rng)
        for at, probabilities in enumerate(found, start):
            without = row_influences(labels, probabilities)
            assert without is not None
            falls[at], influences[:, at] = whole[0] - without[0], whole[1] - without[1]
    names = (*alone, OTHERS) if rest else alone
    # Next to 1 DeLong's variance vanishes.
    auc = compute_auc(labels, own)
    assert auc is not None
    around = Interval(auc.interval.low - 0.5, auc.interval.high - 0.5, auc.interval.confidence, auc.interval.method)
    return replace(_divide(names, falls, influences, (whole[0] - 0.5, whole[1]), units), total_interval=around)


def _predict_permuted(
    models: HeldOutModels, kind: str, rows: Rows, asked: list[tuple[str, ...]], rng: np.random.Generator
) -> Figures:
    """(len(asked), n, K): the rows once for each set of columns, whose values come from one other row each."""
    tiled = np.tile(rows, len(asked))
    donors: dict[str, Rows] = {}
    for at, names in enumerate(asked):
        dealt = tiled.copy()
        dealt[at * len(rows) : (at + 1) * len(rows)] = rng.permutation(rows)
        donors |= dict.fromkeys(names, dealt)
    found = models.predict(kind, tiled, donors)
    return found.reshape(len(asked), len(rows), -1)


def _divide(
    names: tuple[str, ...], parts: Figures, influence: Figures, whole: tuple[float, Figures], units: Rows
) -> Shares:
    """Ratios of (C,) parts to the whole, linearised: (n, C) and (n,) influences are summed within units first."""
    n, (total, influence_total) = len(influence), whole

    def variance(of_rows: Figures) -> Figures:
        size = int(units.max()) + 1
        summed: Figures = of_rows
        if size < n:
            summed = np.zeros((size, of_rows.shape[1]))
            np.add.at(summed, units, of_rows)
        found: Figures = (summed**2).sum(axis=0)
        return found

    error = float(np.sqrt(variance(influence_total[:, None])[0])) * normal_quantile(0.95)
    around = Interval(total - error, total + error, 0.95, "normal")
    if total <= 0:
        unknown = np.full(len(names), np.nan)
        return Shares(names, unknown, unknown, unknown, total, around, n)
    value = parts / total
    spread = np.sqrt(variance((influence - influence_total[:, None] * value) / total))
    half = normal_quantile(bonferroni(0.95, len(names))) * spread
    return Shares(names, value, value - half, value + half, total, around, n)
