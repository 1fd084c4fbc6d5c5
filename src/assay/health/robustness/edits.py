"""Which values a row may take: the feasible edits, each made with the value of another row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.health.robustness.values import Column, infer_targets, match_targets, neighbours, read_column
from assay.health_config import FeasibleEdit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from assay.dataset import Dataset

    Rows = npt.NDArray[np.int64]

# A number moves past at most this share of the rows where there are two classes, and half of it where there are four:
# one threshold of one column then decides at most twice the share of the predictions.
STEP = 0.1
# Rows whose values are donated where nobody states the values.
POOL = 20_000
# Rows that show whether a column ever changes within a group.
GROUP_ROWS = 100_000
# Fewer groups of several rows show nothing.
LEAST_GROUPS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Edits:
    """What may become of n rows.

    Attributes
    ----------
    rows
        (n,) positions.
    columns
        The C features that may change in some of the rows.
    donors
        (n, C, V) int64: positions of rows whose value of the column the row may take; -1 where there is none.
    judged
        (n, C, V) bool: which of them the verdict rests on: small steps of a number, and what a person has stated.
    rules
        Feature -> how it may change, in words; every feature.
    notes
        What became of `health.feasible`, where not all of it could be followed.
    stated
        The columns whose edits are stated by `health.feasible`.
    """

    rows: Rows
    columns: tuple[str, ...]
    donors: npt.NDArray[np.int64]
    judged: npt.NDArray[np.bool_]
    rules: Mapping[str, str]
    notes: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()

    def take(self, index: npt.NDArray[np.intp]) -> Edits:
        """Return the edits of some of the rows."""
        return replace(self, rows=self.rows[index], donors=self.donors[index], judged=self.judged[index])

    def keep(self, columns: Sequence[int]) -> Edits:
        """Return the edits of some of the columns."""
        names, index = tuple(self.columns[c] for c in columns), list(columns)
        return replace(self, columns=names, donors=self.donors[:, index], judged=self.judged[:, index])


def find_edits(
    dataset: Dataset, feasible: Mapping[str, FeasibleEdit], rows: Rows, classes: int, rng: np.random.Generator
) -> Edits:
    """Find what may change in each row.

    A sensitive column, a time, and a column that never changes within a group (`Roles.group`) do not change; a number
    moves past a small share of the rows, within the central nine tenths; everything else takes another value that is
    frequent. A missing value stays missing, and none becomes missing. What `feasible` says of a column counts instead.

    Parameters
    ----------
    feasible
        By feature, what is stated.
    rows
        (n,) positions.
    classes
        K, the number of learned classes.
    rng
        Draws the donors.
    """
    step, pool = STEP * 2 / classes, _draw(len(dataset), POOL, rng)
    constant = _constant_within_groups(dataset)
    found: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]] = {}
    rules: dict[str, str] = {}
    notes = [_no_feature(name) for name in feasible if name not in dataset.roles.features]
    for name in dataset.roles.features:
        column = read_column(dataset.frame[name])
        stated = feasible.get(name)
        fixed = _why_fixed(dataset, column, stated, constant)
        if fixed is not None:
            rules[name] = fixed
            continue
        donors, small, rules[name], note = _edits_of(column, stated or FeasibleEdit(), rows, pool, step)
        notes += [f"`health.feasible` of '{name}': {note}"] if note else []
        if (donors >= 0).any():
            found[name] = donors, (donors >= 0) & (small | (stated is not None))
    shape = len(rows), len(found), max((donors.shape[1] for donors, _ in found.values()), default=0)
    every, judged = np.full(shape, -1, dtype=np.int64), np.zeros(shape, dtype=np.bool_)
    for at, (donors, mine) in enumerate(found.values()):
        every[:, at, : donors.shape[1]], judged[:, at, : donors.shape[1]] = donors, mine
    return Edits(
        rows, tuple(found), every, judged, rules, tuple(notes), tuple(name for name in found if name in feasible)
    )


def _draw(n: int, most: int, rng: np.random.Generator) -> Rows:
    return np.sort(rng.choice(n, most, replace=False)) if n > most else np.arange(n)


def _no_feature(name: str) -> str:
    return f"`health.feasible` of '{name}': the models do not see this column, so that the rule changes nothing."


def _why_fixed(dataset: Dataset, column: Column, stated: FeasibleEdit | None, constant: set[str]) -> str | None:
    if stated is not None:
        return None if stated.mutable else "does not change (stated)"
    if column.name in dataset.roles.sensitive:
        return "does not change (sensitive)"
    if column.is_time:
        return "does not change (a time)"
    return "does not change (constant within each group of rows)" if column.name in constant else None


def _edits_of(
    column: Column, stated: FeasibleEdit, rows: Rows, pool: Rows, step: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], str, str]:
    """Donors (n, V), which are a small step away, the rule in words, and what of the stated cannot be followed."""
    direction, notes = stated.direction, list[str]()
    if direction != "any" and not column.is_number:
        direction = "any"
        notes.append("`direction` is for numbers and times, and this column is neither.")
    way = {"any": "", "up": ", upwards only", "down": ", downwards only"}[direction]
    if wanted := stated.values:  # noqa: PD011 - no frame
        targets, absent = match_targets(column, wanted)
        if absent:
            notes.append(
                f"{absent:,} of {len(wanted):,} `values` are not in the data and were skipped; an edit takes "
                "its value from another row."
            )
        words = f"one of {len(targets):,} stated values{way}"
    elif column.is_number:
        donors, small = neighbours(column, rows, pool, step, direction)
        return donors, small, f"past at most {step:.0%} of the rows, or to the next value{way}", " ".join(notes)
    else:
        targets, words = infer_targets(column, pool), "to another frequent value"
    donors = targets.donors(column, rows, direction)
    return donors, np.zeros(donors.shape, dtype=np.bool_), words, " ".join(notes)


def _constant_within_groups(dataset: Dataset) -> set[str]:
    """Features with the same value in all rows of each group, where there are enough groups of several rows."""
    if dataset.roles.group is None:
        return set()
    frame = dataset.frame.iloc[:GROUP_ROWS]
    groups, _ = pd.factorize(frame[dataset.roles.group], use_na_sentinel=True)
    order = np.argsort(groups, kind="stable")
    same = (np.diff(groups[order]) == 0) & (groups[order][1:] >= 0)
    if len(np.unique(groups[order][1:][same])) < LEAST_GROUPS:
        return set()
    constant = set()
    for name in dataset.roles.features:
        codes, _ = pd.factorize(frame[name].astype("str"), use_na_sentinel=True)
        if not (np.diff(codes[order])[same] != 0).any():
            constant.add(name)
    return constant
