"""The dataset as it travels through an audit: a frame, the roles of its columns, and who its rows are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assay.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from assay.findings import Finding

MISSING_GROUP = "(missing)"
NO_LABEL = -1


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column plays which part; every column named here exists in the frame.

    `features` are the columns that a model would be trained on: all that play no other part and are not ignored,
    and the sensitive ones too where the configuration keeps them. `withheld` were features until validation found
    that they identify rows or give the label away. `group_columns` are the columns behind `Dataset.groups`.
    """

    label: str
    features: tuple[str, ...]
    sensitive: tuple[str, ...] = ()
    id: str | None = None
    time: str | None = None
    group: str | None = None
    weight: str | None = None
    split: str | None = None
    ignored: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    group_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The labels as codes.

    Attributes
    ----------
    codes
        (N,) int64 in 0..K-1; `NO_LABEL` where the label is missing.
    classes
        The K class names, sorted; `codes` index into them.
    positive
        Index of the favourable class: for two classes always known, for more None unless it was configured.
    positive_is_stated
        Whether a person said which class is positive, or the last of two sorted classes was taken.

    Notes
    -----
    Of a numeric label (`Dataset.target`) the classes are up to ten quantile bins, which stratify the folds.
    """

    codes: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    positive: int | None
    positive_is_stated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """What every stage looks at, and none changes.

    Attributes
    ----------
    frame
        N rows under a RangeIndex, columns as read; row i of it is "position i" everywhere.
    roles, labels
        See `Roles` and `Labels`.
    groups
        N rows, one column of group names (str, never missing: see `MISSING_GROUP`) for each sensitive feature,
        derived ones included, under the feature's name.
    row_ids
        (N,) identifiers as the user knows them: the id column, else the caller's index, else 0..N-1.
    weights
        (N,) non-negative float sample weights, or None.
    source
        Where the data came from, fit to be shown: no passwords.
    fingerprint
        SHA-256 of the content, hex: the same for the same values in any file format, different row order included
        in what makes a difference.
    findings
        What reading the data already showed (the stage "ingest").
    target
        (N,) float64, a numeric label: finite, or NaN where it is missing or infinite. None where labels are classes.
    """

    frame: pd.DataFrame
    roles: Roles
    labels: Labels
    groups: pd.DataFrame
    row_ids: pd.Index
    weights: npt.NDArray[np.float64] | None
    source: str
    fingerprint: str
    findings: tuple[Finding, ...] = ()
    target: npt.NDArray[np.float64] | None = None

    def without(self, columns: Sequence[str]) -> Dataset:
        """Return the same rows with `columns` no longer among the features, unless no feature would be left."""
        features = tuple(name for name in self.roles.features if name not in columns)
        if not columns or not features:
            return self
        return replace(self, roles=replace(self.roles, features=features, withheld=tuple(columns)))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.frame)

    def take(self, positions: npt.NDArray[np.int64]) -> Dataset:
        """Return the rows at `positions` as a dataset of their own, without findings."""
        return replace(
            self,
            frame=self.frame.iloc[positions].reset_index(drop=True),
            labels=replace(self.labels, codes=self.labels.codes[positions]),
            groups=self.groups.iloc[positions].reset_index(drop=True),
            row_ids=self.row_ids[positions],
            weights=None if self.weights is None else self.weights[positions],
            target=None if self.target is None else self.target[positions],
            findings=(),
        )

    def group_codes(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """(n,) in 0..: equal for those of `rows` (n,) that the group column keeps together; there must be one.

        A row without a group is one of its own.
        """
        import numpy as np
        import pandas as pd

        codes, names = pd.factorize(self.frame[self.roles.group].iloc[rows])
        alone = codes < 0
        codes[alone] = len(names) + np.arange(np.count_nonzero(alone))
        return codes.astype(np.int64)

    def check_predicted(self, rows: int) -> None:
        """Refuse predictions of a number of rows that is not the dataset's.

        Raises
        ------
        ContractError
        """
        if rows != len(self):
            raise ContractError(
                f"predictions must have one row for each of the dataset's {len(self):,} rows, got {rows:,}. Predict "
                "the dataset that is audited."
            )
