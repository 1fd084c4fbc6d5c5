"""The figures behind the pictures, as plain values: what is drawn is also in `report.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.results import LabelNoiseResult

_BINS = 20


def histogram(quality: npt.NDArray[np.float64], suspect: npt.NDArray[np.bool_]) -> dict[str, Any] | None:
    """Counts of label quality in 20 equal bins of [0, 1], of all judged rows and of the suspects.

    Parameters
    ----------
    quality
        (N,) in [0, 1], NaN where a row was not judged.
    suspect
        (N,).

    Returns
    -------
    dict or None
        `edges` (21), `judged` (20), `suspects` (20); None where no row was judged.
    """
    judged = ~np.isnan(quality)
    if not judged.any():
        return None
    counts, edges = np.histogram(quality[judged], bins=_BINS, range=(0.0, 1.0))
    suspects, _ = np.histogram(quality[judged & suspect], bins=_BINS, range=(0.0, 1.0))
    return {"edges": [round(float(edge), 6) for edge in edges], "judged": counts, "suspects": suspects}


def curves(train_loss: npt.NDArray[np.float64], test_loss: npt.NDArray[np.float64]) -> dict[str, Any] | None:
    """Loss after each epoch, over all members: the mean, and the range from the best to the worst member.

    Parameters
    ----------
    train_loss, test_loss
        (M, E) mean cross-entropy in nats; NaN where it was not measured.

    Returns
    -------
    dict or None
        `epochs` (1..E; only those where both were measured), and for `train` and `test` the lists `mean`, `low` and
        `high`; None where no epoch was measured.
    """
    # A loss that overflowed was measured, but has no place on an axis.
    train, test = (np.where(np.isfinite(loss), loss, np.nan) for loss in (train_loss, test_loss))
    epochs = np.flatnonzero(~np.isnan(train).all(axis=0) & ~np.isnan(test).all(axis=0))
    if not len(epochs):
        return None
    sides = {"train": train[:, epochs], "test": test[:, epochs]}
    summaries = {
        side: {"mean": np.nanmean(loss, axis=0), "low": np.nanmin(loss, axis=0), "high": np.nanmax(loss, axis=0)}
        for side, loss in sides.items()
    }
    return {"epochs": epochs + 1, **summaries}


def confusion(labels: LabelNoiseResult, given: npt.NDArray[np.int64], classes: tuple[str, ...]) -> pd.DataFrame:
    """Suspect rows by their given and their suggested label.

    Parameters
    ----------
    labels
        Of N rows.
    given
        (N,) in 0..K-1.
    classes
        K names; none for a numeric label, which has no such table.

    Returns
    -------
    DataFrame
        `given`, `suggested`, `n`: the pairs that occur.
    """
    suspect = labels.suspect & (given >= 0) & (labels.suggested >= 0) if classes else np.zeros(len(given), dtype=bool)
    pairs = pd.DataFrame({"given": given[suspect], "suggested": labels.suggested[suspect]})
    found = pairs.value_counts(sort=False).sort_index().rename("n").reset_index()
    names = dict(enumerate(classes))
    return found.assign(given=found["given"].map(names), suggested=found["suggested"].map(names))


def missing_by_group(dataset: Dataset) -> pd.DataFrame:
    """Share of missing values of each feature that has any, by group of each sensitive feature.

    Returns
    -------
    DataFrame
        `feature` (the sensitive one), `group`, `column`, `share` in [0, 1], `n` (rows of the group).
    """
    rows = []
    missing = {name: dataset.frame[name].isna() for name in dataset.roles.features if dataset.frame[name].hasnans}
    sources = dict(zip(dataset.groups.columns, dataset.roles.group_columns, strict=False))
    for feature in dataset.groups.columns:
        groups = dataset.groups[feature]
        sizes = groups.value_counts()
        for name, mask in missing.items():
            # It is missing where the group is unknown, and nowhere else.
            if name != sources.get(feature):
                shares = mask.groupby(groups, observed=True).mean()
                rows += [(feature, group, name, float(shares[group]), int(sizes[group])) for group in shares.index]
    return pd.DataFrame(rows, columns=["feature", "group", "column", "share", "n"])
