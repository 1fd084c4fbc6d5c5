"""Cells that contradict other columns, and cells that other columns confirm.

Where a row breaks X -> A, either its A is wrong or its X is. Several witnesses settle it: a wrong A is contradicted by
all of them, a wrong X contradicts alone. With one witness only, the frequencies of the two values speak.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.cells.arithmetic import vouched_cells
from assay.cells.dependencies import known_values, witnesses
from assay.cells.hits import Hits, Kind
from assay.cells.prior import evidence_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from assay.cells.dependencies import Dependency
    from assay.cells.table import Column, Table

    Floats = npt.NDArray[np.float64]
    Positions = npt.NDArray[np.int64]

# Of the cells that all witnesses contradict, at least so many are right: rules have their exceptions.
EXCEPTIONS = 0.25
LEAST_RATE = 1e-3
# Wrong values that a witness confirms all the same: most rows of the group have the same error.
CONFIRMED_ERRORS = 0.1
# Of the contradictions between two columns, those that are an error in one of them and no exception.
ERROR_IN_EITHER = 0.9
# Rows with one value of another column that are contradicted, and their share of all with that value: from here on it
# is that value's doing.
MIN_EXPLAINED, MIN_EXPLAINED_SHARE = 5, 0.5
# Only where so many cells are filled does an empty one that others know the value of stand out.
MIN_FILLED = 0.8
# Of these empty cells, those with another column's cell empty beside them.
MAX_TOGETHER = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Odds:
    """Rows in which two columns are at odds, and nothing says which of the two is wrong.

    Attributes
    ----------
    determinant, dependent
        Places of the columns: the other rows with this value of the first have another value in the second.
    positions
        (R,) int64, ascending.
    probability
        (R,) float64 in [0, 1] that one of the two is wrong.
    """

    determinant: int
    dependent: int
    positions: npt.NDArray[np.int64]
    probability: npt.NDArray[np.float64]


class Testimony:
    """What the dependencies on one column say about its cells.

    Attributes
    ----------
    errors
        Estimated share of wrong cells: of those that are contradicted and that no witness confirms, less exceptions.
    filled
        Share of the cells with a vote that are not empty.
    witnesses
        Number of dependencies.
    """

    def __init__(
        self, table: Table, column: Column, of: Sequence[Dependency], vouched: npt.NDArray[np.bool_] | None = None
    ) -> None:
        self._table, self._column, self._of = table, column, of
        self.witnesses = len(of)
        self._present = column.codes >= 0
        votes = np.stack([d.votes for d in of])
        against, confirming = (votes < 0).sum(axis=0), (votes > 0).sum(axis=0)
        self._voted = voted = (against + confirming > 0) & self._present
        self._unconfirmed = (against > 0) & (confirming == 0)
        self._explained = _explained(table, column, self._unconfirmed & self._present)
        if vouched is not None:
            self._explained |= vouched
        self._disputed = (against > 0) & (against >= confirming)
        self._single = (against == 1) & (confirming == 0)
        known = np.logical_or.reduce([known_values(d.expected, column) for d in of])
        self._known = np.append(known, False)[column.codes]
        self._rates = {
            is_known: self._error_and_exception(is_known, min(d.exceptions for d in of) if is_known else 0.0)
            for is_known in (True, False)
        }
        self.errors = sum(error for error, _ in self._rates.values())
        # How often a witness is against a cell for reasons of its own.
        self._alone = [max(LEAST_RATE, d.dissent - self.errors) for d in of]
        self.filled = float(voted.sum() / max(1, (against + confirming > 0).sum()))

    def _error_and_exception(self, is_known: bool, exceptions: float) -> tuple[float, float]:
        """Share of the judged cells that all witnesses contradict and that are wrong, and that are right all the same.

        Apart for values that are known elsewhere: only those may be exceptions in number.
        """
        mine = self._unconfirmed & self._present & (self._known == is_known)
        share = float(mine.sum() / max(1, int(self._voted.sum())))
        exceptions = max(EXCEPTIONS, exceptions)
        return max(LEAST_RATE, share * (1 - exceptions)), share * exceptions

    def disputed(self) -> Positions:
        """Positions of the filled cells that no fewer witnesses contradict than confirm."""
        return np.flatnonzero(self._disputed & self._present).astype(np.int64)

    def forsaken(self) -> Positions:
        """Positions of the filled cells that at least two witnesses contradict and none confirms."""
        return np.flatnonzero(self._unconfirmed & ~self._single & self._present).astype(np.int64)

    def lacking(self) -> Positions:
        """Positions of the empty cells for which others know a value, in a column that is nearly complete."""
        rows = np.flatnonzero(self._disputed & ~self._present).astype(np.int64)
        if self.filled < MIN_FILLED or not len(rows):
            return rows[:0]
        # Where other cells of the same rows are empty too, a part of the record is lost: no slip in this cell.
        empty = [c for c in self._table.columns if c is not self._column and c.present > 0]
        together = any((c.codes[rows] < 0).mean() > max(MAX_TOGETHER, 2 * (c.codes < 0).mean()) for c in empty)
        return rows[:0] if together else rows

    def probability(self, positions: Positions, suspect: Mapping[int, Floats]) -> Floats:
        """Probability that each filled cell is wrong; `suspect` says how likely the cells of other columns are."""
        known = self._known[positions]
        error, exception = (np.where(known, *pair) for pair in zip(self._rates[True], self._rates[False], strict=True))
        if_wrong, if_right = error.copy(), 1 - error
        by_chance = np.ones(len(positions))
        for dependency, alone in zip(self._of, self._alone, strict=True):
            votes = dependency.votes[positions]
            false = np.full(len(positions), alone)
            if dependency.determinant in suspect:
                false = np.maximum(false, suspect[dependency.determinant][positions])
            if_wrong *= np.select([votes < 0, votes > 0], [1 - CONFIRMED_ERRORS, CONFIRMED_ERRORS], 1.0)
            if_right *= np.where(votes > 0, np.maximum(1 - false, LEAST_RATE), 1.0)
            by_chance *= np.where(votes < 0, false, 1.0)
        exception = np.where(self._unconfirmed[positions], exception, 0.0)
        exception = np.where(self._explained[positions], 1.0, exception)
        if_right *= np.minimum(1.0, by_chance + exception)
        result: Floats = if_wrong / (if_wrong + if_right)
        single = self._single[positions]
        result[single] = self._of_single(positions[single], suspect)
        return result

    def _of_single(self, positions: Positions, suspect: Mapping[int, Floats]) -> Floats:
        """Tell whether A or X was drawn from all its values, where X is the only witness and against A."""
        result = np.zeros(len(positions))
        a = self._column
        for dependency in self._of:
            here = dependency.votes[positions] < 0
            x = self._table.columns[dependency.determinant]
            rows = positions[here]
            # P(x) / D_A against P(a) / D_X: the other value was right, and this one drawn from all that there are.
            ratio = x.counts[x.codes[rows]] * x.distinct / (a.counts[a.codes[rows]] * a.distinct)
            if x.index in suspect:
                # Witnesses of its own have spoken for or against X.
                doubt = np.clip(suspect[x.index][rows], LEAST_RATE, 1 - LEAST_RATE)
                ratio = (1 - doubt) / doubt * self.errors
            sound = np.where(self._known[rows], 1 - dependency.exceptions, 1.0)
            result[here] = ERROR_IN_EITHER * sound * ratio / (1 + ratio)
        result[self._explained[positions]] = 0.0
        return result

    def at_odds(self) -> list[Odds]:
        """Filled cells that one witness alone contradicts, by the witness."""
        single = self._single & self._present & ~self._explained
        found = []
        for dependency in self._of:
            rows = np.flatnonzero(single & (dependency.votes < 0)).astype(np.int64)
            sound = np.where(self._known[rows], 1 - dependency.exceptions, 1.0)
            found.append(Odds(dependency.determinant, self._column.index, rows, ERROR_IN_EITHER * sound))
        return found

    def confirm(self, positions: Positions, suspect: Mapping[int, Floats]) -> Floats:
        """Evidence on cells that nobody disputes: for the filled ones whose group agrees with them, negative."""
        spoken = self._present[positions] & self._voted[positions]
        evidence = np.zeros(len(positions))
        evidence[spoken] = np.minimum(0.0, evidence_of(self.probability(positions[spoken], suspect)))
        return evidence

    def repairs(self, positions: Positions) -> list[str | None]:
        """Return the value that most witnesses expect in each cell, as text."""
        expected = np.stack(
            [d.expected[np.maximum(self._table.columns[d.determinant].codes[positions], 0)] for d in self._of]
        )
        held = np.stack([d.votes[positions] < 0 for d in self._of])
        support = ((expected[:, None] == expected[None]) & held[None] & held[:, None] & (expected[:, None] >= 0)).sum(
            0
        )
        best = np.take_along_axis(expected, support.argmax(axis=0)[None], axis=0)[0]
        known = support.max(axis=0, initial=0) > 0
        return [self._column.texts[code] if sure else None for code, sure in zip(best, known, strict=True)]


def _explained(table: Table, column: Column, contradicted: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Contradictions that another column explains: most rows with one of its values are contradicted.

    Such a rule needs that column too (the state beside the measure), and its exceptions are no errors.
    """
    explained = np.zeros(table.rows, dtype=bool)
    rows = np.flatnonzero(contradicted)
    if len(rows) < MIN_EXPLAINED:
        return explained
    for other in table.columns:
        codes = other.codes[rows]
        hit = np.bincount(codes[codes >= 0], minlength=other.distinct)
        guilty = (hit >= MIN_EXPLAINED) & (hit > MIN_EXPLAINED_SHARE * other.counts)
        if other is not column and guilty.any():
            explained[rows[np.append(guilty, False)[codes]]] = True
    return explained


def hear(table: Table, dependencies: list[Dependency]) -> dict[int, Testimony]:
    """Gather the dependencies by the column that they speak about."""
    of_column = dict(witnesses(dependencies))
    vouched = vouched_cells(table, of_column)
    return {place: Testimony(table, table.columns[place], of, vouched.get(place)) for place, of in of_column.items()}


def cross_examine(table: Table, testimonies: Mapping[int, Testimony]) -> dict[int, Floats]:
    """Probability of each cell of each column that has witnesses of its own, by their first word.

    (n,) float64 by column; 0 unless several witnesses are against the cell and none for it: one witness may be wrong
    itself, and would then accuse every column that it is held against.
    """
    first: dict[int, Floats] = {}
    for place, testimony in testimonies.items():
        if testimony.witnesses < 2:
            continue
        p = np.zeros(table.rows)
        alone = testimony.forsaken()
        p[alone] = testimony.probability(alone, {})
        first[place] = p
    return first


def find_contradictions(testimonies: Mapping[int, Testimony], suspect: Mapping[int, Floats]) -> list[Hits]:
    """Cells that other columns contradict, and empty cells whose value they know."""
    found = []
    for place, testimony in testimonies.items():
        if len(rows := testimony.disputed()):
            p = testimony.probability(rows, suspect)
            reason = "other rows that agree with this one in other columns hold another value here"
            repair = testimony.repairs(rows)
            # An exception to a rule says nothing of what its own column says: to be contradicted never speaks for it.
            evidence = np.maximum(evidence_of(p), 0.0)
            found.append(Hits("dependency", place, rows, evidence, Kind.CONTRADICTION, reason, repair))
        if len(rows := testimony.lacking()):
            p = np.full(len(rows), testimony.filled)
            reason = "empty, though rows that agree with this one in other columns hold one and the same value"
            repair = testimony.repairs(rows)
            found.append(Hits("dependency", place, rows, evidence_of(p), Kind.MISSING, reason, repair))
    return found
