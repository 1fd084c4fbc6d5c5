"""The parts of a split: which there are, and what they may be called."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.shown_text import clean
from assay.small_cells import SMALLEST_CELL

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.dataset import Dataset

    Codes = npt.NDArray[np.int64]

# A column of more values says no part of a split.
MOST_PARTS = 20
# A part of fewer rows tests nothing, and each of its rows would be told by its name.
MIN_PART = SMALLEST_CELL


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The parts of a split, the largest first.

    Attributes
    ----------
    names
        What they are called: their value, or "no. 1", "no. 2", ... where it may not be told.
    rows
        (K,) of each.
    missing
        Rows in no part.
    of_row
        (N,) the part of each row, -1 for none.
    told
        Whether the names are the values.
    """

    names: tuple[str, ...]
    rows: Codes
    missing: int
    of_row: Codes = field(repr=False)
    told: bool = True

    @property
    def are_few(self) -> bool:
        """Whether this may be a split."""
        return len(self.rows) <= MOST_PARTS

    @property
    def looked_at(self) -> list[int]:
        """The parts that have `MIN_PART` rows; of too many none."""
        return np.flatnonzero(self.rows >= MIN_PART).tolist() if self.are_few else []

    @property
    def skipped(self) -> str:
        """How many parts have fewer rows, as a sentence with a space before it, or nothing."""
        many = len(self.rows) - len(self.looked_at) if self.are_few else 0
        return f" Left out: {many:,} part{'s' * (many > 1)} of fewer than {MIN_PART} rows." if many else ""


def read_parts(dataset: Dataset) -> Parts:
    """Tell the parts of the split apart; none where no column is named as the split.

    Values are told where there are at most `MOST_PARTS`, all of at least `MIN_PART` rows, of a column that is not
    about people: a column of a person's data may have been named by mistake.
    """
    roles = dataset.roles
    if roles.split is None:
        return Parts((), np.zeros(0, dtype=np.int64), len(dataset), np.full(len(dataset), -1))
    values = dataset.frame[roles.split]
    try:
        codes, distinct = pd.factorize(values)
    except TypeError:  # lists and the like
        codes, distinct = pd.factorize(values.astype(str).where(values.notna()))
    sizes = np.bincount(codes[codes >= 0], minlength=len(distinct)).astype(np.int64)
    order = np.argsort(-sizes, kind="stable")
    place = np.append(np.argsort(order), -1)
    sizes = sizes[order]
    of_people = roles.split in (*roles.sensitive, *roles.group_columns, roles.id, roles.group)
    told = len(sizes) <= MOST_PARTS and bool((sizes >= MIN_PART).all()) and not of_people
    names = tuple(clean(str(distinct[k]), 60) for k in order.tolist()) if told else ()
    if len(set(names)) < len(sizes):
        told, names = False, tuple(f"no. {k}" for k in range(1, len(sizes) + 1))
    return Parts(names, sizes, int((codes < 0).sum()), place[codes].astype(np.int64), told)
