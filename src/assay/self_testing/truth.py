"""What was planted where, and how a table is changed in one column."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.dataset import Dataset

    Positions = npt.NDArray[np.int64]


class UnplantableError(ValueError):
    """The data do not allow a defect; the text says why, as a sentence without values of the data."""


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What was planted.

    Attributes
    ----------
    rows
        Positions, ascending, of the rows that are now wrong, in the changed dataset.
    columns
        The columns that a finding on it must name; empty where it is about whole rows or the label.
    group
        The sensitive group that it is about, as the subject of a finding names it; or None.
    """

    rows: Positions
    columns: tuple[str, ...] = ()
    group: str | None = None


def with_values(dataset: Dataset, column: str, values: pd.Series[Any] | npt.NDArray[Any]) -> Dataset:
    """The dataset with other values, (N,), in a column; one that it does not have becomes its last feature."""
    frame = dataset.frame.copy(deep=False)
    frame[column] = values if isinstance(values, pd.Series) else pd.Series(values, index=frame.index)
    features = dataset.roles.features
    roles = dataset.roles if column in dataset.frame else replace(dataset.roles, features=(*features, column))
    return replace(dataset, frame=frame, roles=roles)


def plain_features(dataset: Dataset) -> tuple[str, ...]:
    """Features in which something can be planted: two values at least, and not what makes the sensitive groups."""
    apart = {*dataset.roles.sensitive, *dataset.roles.group_columns}
    names = [name for name in dataset.roles.features if name not in apart]
    return tuple(name for name in names if varies(dataset.frame[name]))


def varies(values: pd.Series[Any]) -> bool:
    """Whether a column has two values, "missing" apart."""
    present = values.dropna()
    return bool((present != present.iloc[0]).any()) if len(present) else False


def draw_rows(among: Positions, count: int, rng: np.random.Generator) -> Positions:
    """At least one and at most all of some positions, ascending.

    Raises
    ------
    UnplantableError
        Where there are none.
    """
    if not len(among):
        raise UnplantableError("No row can carry it.")
    return np.sort(rng.choice(among, min(len(among), max(1, count)), replace=False))


def draw_group(dataset: Dataset, least: int, rng: np.random.Generator) -> tuple[str, str, Positions]:
    """Feature, name and rows of one sensitive group of `least` rows or more, beside as many rows of others.

    Raises
    ------
    UnplantableError
        Where there is none.
    """
    found = []
    for feature in dataset.groups.columns:
        sizes = dataset.groups[feature].value_counts()
        enough = sizes[(sizes >= least) & (len(dataset) - sizes >= least)]
        found += [(str(feature), str(group)) for group in sorted(map(str, enough.index))]
    if not found:
        raise UnplantableError(f"There is no sensitive group of {least:,} rows beside as many others.")
    feature, group = found[rng.integers(len(found))]
    return feature, group, np.flatnonzero((dataset.groups[feature] == group).to_numpy())
