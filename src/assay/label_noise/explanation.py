"""Why a label is suspect, in words: what the most similar rows are labelled, and which columns speak for what.

The words hold names of columns and numbers of rows, no value and no label: the report may show them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.label_noise.columns import MAX_COLUMNS, Column, read_columns, weigh_evidence
from assay.label_noise.neighbours import find_neighbours

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.label_noise.judgement import Judgement
    from assay.label_noise.neighbours import Neighbours

    Codes = npt.NDArray[np.int64]

# The most doubtful labels, whose similar rows are looked for: more than a person will read.
MAX_EXPLAINED = 1000
# Rows among which they are looked for; of more, as many are drawn at random.
MAX_ROWS = 50_000
# Pairs of rows, times columns, that are compared: two seconds on one core. Wide tables get fewer rows for it.
MAX_COMPARED = 3_200_000_000
MOST_NEAREST = 5
MOST_COLUMNS = 3
# A value speaks for a label where it is at least this many times as common with it as with the other.
MIN_RATIO = 1.25


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Why each of S suspects is suspect.

    Attributes
    ----------
    words
        S texts.
    nearest
        S lists of positions: the most similar rows that carry the suggested label, nearest first, at most
        `MOST_NEAREST`. Empty where none was found, or none looked for.
    """

    words: tuple[str, ...]
    nearest: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The R rows that are looked at, those drawn and the suspects, ascending by position.

    Attributes
    ----------
    at
        (R,) int64, in 0..J-1.
    drawn
        (R,) bool, those that neighbours are looked for among and that are counted.
    keys
        (R,) int64, equal where rows are equal in all features.
    """

    judgement: Judgement
    at: Codes
    drawn: npt.NDArray[np.bool_]
    columns: Sequence[Column]
    keys: Codes

    @property
    def labels(self) -> Codes:
        return self.judgement.labels[self.at]

    def place(self, at: Codes) -> Codes:
        """Places in 0..R-1 of judged rows."""
        return np.searchsorted(self.at, at)


def explain_suspects(judgement: Judgement) -> Explanation:
    """Explain every suspect of the judgement, in the order of their positions.

    For the `MAX_EXPLAINED` most doubtful: how many of the most similar rows carry which label (`find_neighbours`).
    For all: the columns whose value speaks most for the suggested label, or for the given one (`weigh_evidence`).
    Every row counts with its given label, suspects included: where similar rows are suspect too, the words say so.
    """
    suspects = np.flatnonzero(judgement.suspect)
    worst = suspects[np.lexsort((judgement.quality[suspects], -judgement.wrong[suspects]))][:MAX_EXPLAINED]
    rows = _gather(judgement, suspects, len(worst))
    if not rows.columns:
        return Explanation(("No feature tells the rows apart.",) * len(suspects), ((),) * len(suspects))
    similar = dict(zip(worst.tolist(), _describe_neighbours(rows, worst), strict=True))
    not_looked = (
        f"Its most similar rows were not looked for, only those of the {MAX_EXPLAINED:,} most doubtful labels.",
        (),
    )
    found = [similar.get(suspect, not_looked) for suspect in suspects.tolist()]
    reasons = _describe_columns(rows, suspects)
    return Explanation(
        tuple(f"{words} {reason}" for (words, _), reason in zip(found, reasons, strict=True)),
        tuple(nearest for _, nearest in found),
    )


def _gather(judgement: Judgement, suspects: Codes, explained: int) -> _Rows:
    features = judgement.dataset.roles.features
    n = len(judgement.labels)
    most = min(MAX_ROWS, MAX_COMPARED // max(1, explained * min(len(features), MAX_COLUMNS)))
    drawn = np.arange(n)
    if n > most:
        drawn = np.sort(np.random.default_rng(0).choice(n, size=most, replace=False))
    at = np.union1d(drawn, suspects)
    counted = np.isin(at, drawn)
    columns, keys = read_columns(
        judgement.dataset.frame, features, judgement.positions[at], judgement.labels[at], counted
    )
    return _Rows(judgement, at, counted, columns, keys)


def _describe_neighbours(rows: _Rows, suspects: Codes) -> list[tuple[str, tuple[int, ...]]]:
    candidates, places = np.flatnonzero(rows.drawn), rows.place(suspects)
    found = find_neighbours(rows.columns, places, candidates)
    return [_describe(rows, place, near) for place, near in zip(places.tolist(), found, strict=True)]


def _describe(rows: _Rows, place: int, near: Neighbours) -> tuple[str, tuple[int, ...]]:
    judgement, at = rows.judgement, rows.at[near.rows]
    labels = judgement.labels[at]
    pro = labels == judgement.suggested[rows.at[place]]
    con = labels == judgement.labels[rows.at[place]]
    words = _count_in_words(
        len(at),
        pro=int(pro.sum()),
        con=int(con.sum()),
        doubtful=int((con & judgement.suspect[at]).sum()),
        equal=int((rows.keys[near.rows] == rows.keys[place]).sum()),
        drawn=None if len(judgement.labels) == int(rows.drawn.sum()) else int(rows.drawn.sum()),
    )
    return words, tuple(judgement.positions[at[pro][:MOST_NEAREST]].tolist())


def _count_in_words(near: int, *, pro: int, con: int, doubtful: int, equal: int, drawn: int | None) -> str:
    """In words how many of the `near` rows carry the suggested label (`pro`) and the given one (`con`).

    `doubtful` of the latter are suspect too, `equal` of all equal the row in every feature. `drawn` is the number of
    rows that were looked through where it is not all of them.
    """
    if not near:
        return "There is no other row to compare it with."
    among = "" if drawn is None else f" among {drawn:,} drawn at random"
    rows = f"its {near:,} most similar {'row' if near == 1 else 'rows'}{among}"
    words = f"Of {rows}, {_number(pro)} {'carry' if pro > 1 else 'carries'} the suggested label and "
    words += f"{_number(con)} the given one"
    if doubtful:
        words += " (suspect too)" if doubtful == con else f" ({doubtful:,} of them suspect too)"
    if equal:
        words += f"; {equal:,} {'is' if equal == 1 else 'are'} equal to it in every feature"
    return words + "."


def _describe_columns(rows: _Rows, suspects: Codes) -> list[str]:
    evidence = weigh_evidence(
        rows.columns, rows.place(suspects), rows.judgement.suggested[suspects], rows.labels, rows.drawn
    )
    strongest = np.argsort(-np.abs(evidence), axis=1, kind="stable")[:, :MOST_COLUMNS]
    names = [column.name for column in rows.columns]
    return [_side(names, own, order) for own, order in zip(evidence, strongest, strict=True)]


def _side(names: Sequence[str], evidence: npt.NDArray[np.float32], order: Codes) -> str:
    """In words which of the columns in `order` speak for the suggested label, and which for the given one."""
    least = np.log(MIN_RATIO)
    sides = [
        ([f"'{names[column]}'" for column in order if sign * evidence[column] >= least], label)
        for sign, label in ((1, "the suggested label"), (-1, "the given label"))
    ]
    parts = [
        f"{_joined(columns)} {'speaks' if len(columns) == 1 else 'speak'} for {label}"
        for columns, label in sides
        if columns
    ]
    return f"{', '.join(parts)}." if parts else "No column by itself speaks for either label."


def _number(count: int) -> str:
    return f"{count:,}" if count else "none"


def _joined(names: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
