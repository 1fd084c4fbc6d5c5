"""What the checks of the fit look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.health.copies import are_combinations

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.health.context import HealthContext
    from assay.health.fit.against import Comparison
    from assay.health.fit.ceiling import EqualRows
    from assay.health.fit.length import Curves
    from assay.health.fit.permuted import Permuted


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What the checks of the fit look at.

    Attributes
    ----------
    permuted
        The real AUC beside those of permuted labels; None where there is none.
    comparisons
        The network against other models.
    curves
        The training; None where it was not measured.
    equal
        Rows that are equal in all features; None where the label is a number, or none was tested.
    """

    context: HealthContext
    permuted: Permuted | None
    comparisons: tuple[Comparison, ...]
    curves: Curves | None
    equal: EqualRows | None

    @property
    def label(self) -> str:
        """Name of the label."""
        return self.context.dataset.roles.label


def tested_rows(context: HealthContext) -> npt.NDArray[np.int64]:
    """Positions of the rows that took part in the training and have a label."""
    known = context.predictions.trained.copy()
    if (classes := context.of_classes) is not None:
        known &= classes.labels >= 0
    return np.flatnonzero(known)


def equal_kinds(context: HealthContext, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(n,) in 0..: the same for rows that are equal in all features; missing equals missing."""
    frame = context.dataset.frame
    # Columns of mixed kinds (numbers and texts) are compared as codes: hashing refuses some of them.
    coded = pd.DataFrame(
        {at: pd.factorize(frame[name])[0][rows] for at, name in enumerate(context.dataset.roles.features)}
    )
    return pd.factorize(pd.util.hash_pandas_object(coded, index=False).to_numpy())[0].astype(np.int64)


def clusters(
    context: HealthContext, rows: npt.NDArray[np.int64], kind: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """(n,) in 0..: equal for rows of one group; where no group is configured, for copies of a row.

    Rows of one `kind` (n,) are copies, but where the table is so coarse that they are combinations of its values.
    """
    if context.dataset.roles.group is None:
        return np.arange(len(rows), dtype=np.int64) if _is_coarse(context, rows, kind) else kind
    return pd.factorize(context.dataset.group_codes(rows))[0].astype(np.int64)


def _is_coarse(context: HealthContext, rows: npt.NDArray[np.int64], kind: npt.NDArray[np.int64]) -> bool:
    classes, frame = context.of_classes, context.dataset.frame
    kinds = kind if classes is None else kind * (int(classes.labels[rows].max(initial=0)) + 1) + classes.labels[rows]
    telling = max((frame[name].iloc[rows].nunique(dropna=False) for name in context.dataset.roles.features), default=0)
    return are_combinations(len(rows), len(np.unique(kinds)), telling)
