"""The search for edits that make a right prediction wrong: greedy, and at random with as many questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.health.robustness.edits import Edits
    from assay.held_out import HeldOutModels

    Rows = npt.NDArray[np.int64]

# Columns that are edited in a row at most.
DEPTH = 3
NEVER = DEPTH + 1
# Of a wide table, the columns that move predictions most are tried.
COLUMNS = 32
PILOT_ROWS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Attack:
    """What a search found for n rows and C columns.

    Attributes
    ----------
    edits
        (n,) int64: the fewest edited columns with which the prediction is wrong: 0 where it is wrong as it is, `NEVER`
        where none was found.
    alone
        (n, C) bool: whether an edit of this column alone makes a right prediction wrong.
    judged
        (n,) bool: whether an edit of one column that is judged (`Edits.judged`) makes a right prediction wrong.
    first
        (n, C) int64: for each column the position of the row whose value it has after the first edit.
    """

    edits: npt.NDArray[np.int64]
    alone: npt.NDArray[np.bool_]
    judged: npt.NDArray[np.bool_]
    first: Rows


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """A kind of model to be asked about edits; `labels` (n,) are the right classes of the edits' rows."""

    models: HeldOutModels
    kind: str
    edits: Edits
    labels: npt.NDArray[np.int64]

    def ask(self, at: npt.NDArray[np.intp], donors: Rows) -> npt.NDArray[np.float64]:
        """(q, K) probabilities of the rows `at`, in 0..n-1, with the values of `donors` (q, C)."""
        given = {name: donors[:, c] for c, name in enumerate(self.edits.columns)}
        return self.models.predict(self.kind, self.edits.rows[at], given)

    def are_wrong(self, at: npt.NDArray[np.intp], donors: Rows) -> npt.NDArray[np.bool_]:
        """(q,): whether another class than the right one is predicted."""
        wrong: npt.NDArray[np.bool_] = self.ask(at, donors).argmax(axis=1) != self.labels[at]
        return wrong

    def unedited(self) -> Rows:
        """(n, C) donors that change nothing: each row itself."""
        return np.repeat(self.edits.rows[:, None], len(self.edits.columns), axis=1)


def search_greedily(questions: Questions) -> Attack:
    """Edit one column after the other, each time by the edit after which the right class is least ahead.

    With one column every feasible edit is tried, so that what is found is exact.
    """
    options, state = questions.edits.donors, questions.unedited()
    edits = _start(questions)
    free, alone, first = np.ones(state.shape, dtype=bool), np.zeros(state.shape, dtype=bool), state.copy()
    judged = np.zeros(len(state), dtype=bool)
    for depth in range(1, NEVER):
        open_rows = (edits == NEVER)[:, None] & free
        at, column, value = np.nonzero((options >= 0) & open_rows[:, :, None])
        if not len(at):
            break
        tried = state[at]
        tried[np.arange(len(at)), column] = options[at, column, value]
        lead, wrong = _lead(questions.ask(at, tried), questions.labels[at])
        edits[at[wrong]] = depth
        if depth == 1:
            alone[at[wrong], column[wrong]] = True
            judged[at[wrong & questions.edits.judged[at, column, value]]] = True
        # A wrong prediction is taken before one that is a tie.
        order = np.lexsort((lead, ~wrong, at))
        best = order[np.unique(at[order], return_index=True)[1]]
        state[at[best]] = tried[best]
        free[at[best], column[best]] = False
        if depth == 1:
            first = state.copy()
    return Attack(edits, alone, judged, first)


def search_randomly(questions: Questions, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(n,) as `Attack.edits`, by as many random edits of each number of columns as a row has edits of one column.

    That is at least as many questions as the greedy search asks.
    """
    options = questions.edits.donors
    edits, counts = _start(questions), (options >= 0).sum(axis=2)
    # Possible donors first, so that one of them is drawn by its index.
    packed = np.take_along_axis(options, np.argsort(options < 0, axis=2, kind="stable"), axis=2)
    for depth in range(1, NEVER):
        at = np.repeat(np.arange(len(edits)), np.where(edits == NEVER, counts.sum(axis=1), 0))
        if not len(at):
            break
        keys = np.where(counts[at] > 0, rng.random((len(at), counts.shape[1])), 2.0)
        chosen = np.argsort(keys, axis=1)[:, :depth]
        tried = questions.unedited()[at]
        for column in chosen.T:
            many = counts[at, column]
            index = (rng.random(len(at)) * many).astype(np.int64)
            donors = np.where(many > 0, packed[at, column, index], questions.edits.rows[at])
            tried[np.arange(len(at)), column] = donors
        edits[at[questions.are_wrong(at, tried)]] = depth
    return edits


def strongest_columns(models: HeldOutModels, kind: str, edits: Edits, rng: np.random.Generator) -> Edits:
    """Keep what is stated and the columns whose edits move a few predictions most, where there are many columns."""
    if len(edits.columns) <= COLUMNS:
        return edits
    before = models.predict(kind, edits.rows)
    moved = np.zeros(len(edits.columns))
    for start in range(0, len(moved), COLUMNS):
        block = range(start, min(start + COLUMNS, len(moved)))
        at, column, donor = _pilot(edits, block, rng)
        given = {edits.columns[c]: np.where(column == c, donor, edits.rows[at]) for c in block}
        change = np.abs(models.predict(kind, edits.rows[at], given) - before[at]).sum(axis=1)
        moved[block] = np.bincount(column - start, change, len(block)) / np.bincount(column - start)
    moved[[name in edits.stated for name in edits.columns]] = np.inf
    return edits.keep(sorted(np.argsort(-moved, kind="stable")[:COLUMNS].tolist()))


def _pilot(edits: Edits, columns: range, rng: np.random.Generator) -> tuple[Rows, Rows, Rows]:
    """One edit of one column in each of a few rows: the row in 0..n-1, the column, the donor."""
    drawn = []
    for c in columns:
        rows = np.flatnonzero((edits.donors[:, c] >= 0).any(axis=1))
        for row in rng.permutation(rows)[:PILOT_ROWS]:
            options = edits.donors[row, c]
            drawn.append((row, c, rng.choice(options[options >= 0])))
    at, column, donor = np.array(drawn, dtype=np.int64).T
    return at, column, donor


def _start(questions: Questions) -> npt.NDArray[np.int64]:
    predicted = questions.models.predict(questions.kind, questions.edits.rows).argmax(axis=1)
    return np.where(predicted == questions.labels, NEVER, 0).astype(np.int64)


def _lead(
    probabilities: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """By how much the right class is ahead of the next, (q,), and whether another is predicted."""
    own = np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0]
    others = probabilities.copy()
    np.put_along_axis(others, labels[:, None], -np.inf, axis=1)
    return own - others.max(axis=1), probabilities.argmax(axis=1) != labels
