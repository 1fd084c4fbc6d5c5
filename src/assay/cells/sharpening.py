"""Suspicions made sharper by judged rows: what was right there is believed elsewhere, and what was wrong is not.

A logistic regression on the judged cells that a detector had pointed at: the detectors' own log-odds are its offset,
and detectors, columns and kinds of cells in a column have weights that a normal prior keeps near zero. A form of a
column that nobody had pointed at, and that was judged wrong again and again, is added.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from assay.cells.forms import letter_classes, shapes
from assay.cells.hits import Hits, Kind
from assay.cells.prior import PRIOR, SUSPICIOUS, evidence_of, logit
from assay.cells.suspicion import Suspects

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import numpy.typing as npt

    from assay.cells.judged import Judged
    from assay.cells.table import Column, Table

    Floats = npt.NDArray[np.float64]

# Standard deviations of the weights in nats: what detectors and columns share moves little, a kind of cells in one
# column more.
SHARED, OWN = 0.3, 1.5
# Judged wrong cells of one form before others of it are suspected; and the rows that the prior weighs.
MIN_WRONG, PRIOR_ROWS = 2, 1.0
STEPS = 30
REASON, TOLD = "of a form that was judged wrong in other rows", "judged wrong by a person"


def sharpen(table: Table, suspects: Sequence[Suspects], judged: Judged) -> list[Suspects]:
    """Judge the suspects again in the light of judged rows, whose own cells become certain."""
    if not len(judged.positions):
        return list(suspects)
    groups = [_groups(s) for s in suspects]
    weights = _fit(suspects, groups, judged)
    by_column: dict[int, Suspects] = {}
    for s, names in zip(suspects, groups, strict=True):
        shift = np.array([sum(weights.get(name, 0.0) for name in of) for of in names])
        p = 1 / (1 + np.exp(-(logit(s.probability) + shift[s.source])))
        by_column[s.column] = replace(s, probability=p)
    for column in table.columns:
        known = by_column.get(column.index)
        for hits in _wrong_forms(column, known, judged):
            known = _add(known, hits)
        if len(told := _told(column, known, judged)):
            known = _add(known, Hits("judged", column.index, told, evidence_of(np.ones(len(told))), Kind.FORM, TOLD))
        if known is not None:
            by_column[column.index] = _settle(known, judged)
    return [by_column[place] for place in sorted(by_column)]


def _groups(suspects: Suspects) -> list[tuple[Hashable, ...]]:
    """For each of the detectors' findings in a column, the groups whose weights its cells share."""
    column = suspects.column
    return [
        (("detector", h.detector), ("column", column), ("own", column, h.detector, h.pattern)) for h in suspects.hits
    ]


def _fit(
    suspects: Sequence[Suspects], groups: Sequence[list[tuple[Hashable, ...]]], judged: Judged
) -> dict[Hashable, float]:
    """Maximum a posteriori weights by Newton's method."""
    offsets, labels, members = [], [], []
    for s, names in zip(suspects, groups, strict=True):
        place = np.searchsorted(judged.positions, s.positions)
        place[place == len(judged.positions)] = 0
        for cell in np.flatnonzero(judged.positions[place] == s.positions).tolist():
            offsets.append(float(logit(s.probability[cell])))
            labels.append(bool(judged.wrong[place[cell], s.column]))
            members.append(names[s.source[cell]])
    known = sorted({name for of in members for name in of}, key=str)
    if not known:
        return {}
    design = np.array([[name in of for name in known] for of in members], dtype=np.float64)
    precision = np.diag([1 / (OWN if name[0] == "own" else SHARED) ** 2 for name in known])
    weights = np.zeros(len(known))
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-(np.array(offsets) + design @ weights)))
        gradient = design.T @ (np.array(labels) - p) - precision @ weights
        curvature = (design * (p * (1 - p))[:, None]).T @ design + precision
        weights += np.clip(np.linalg.solve(curvature, gradient), -2.0, 2.0)
    return dict(zip(known, weights.tolist(), strict=True))


def _wrong_forms(column: Column, known: Suspects | None, judged: Judged) -> list[Hits]:
    """Cells of forms that were judged wrong in at least `MIN_WRONG` rows, and seldom right."""
    # What a detector pointed at is explained, and was weighed; rows that were chosen for it say nothing of the others.
    new = np.ones(len(judged.positions), dtype=bool) if known is None else ~np.isin(judged.positions, known.positions)
    wrong = judged.wrong[new, column.index]
    if wrong.sum() < MIN_WRONG:
        return []
    form = _forms(column)
    mine = form[column.codes[judged.positions[new]]]
    found = []
    for which in np.unique(mine[wrong]).tolist():
        share = (wrong[mine == which].sum() + PRIOR * PRIOR_ROWS) / ((mine == which).sum() + PRIOR_ROWS)
        if wrong[mine == which].sum() < MIN_WRONG or share < SUSPICIOUS:
            continue
        rows = np.flatnonzero(form[column.codes] == which).astype(np.int64)
        rows = rows if known is None else np.setdiff1d(rows, known.positions)
        kind = Kind.MISSING if which == 0 else Kind.FORM
        if len(rows):
            found.append(Hits("judged", column.index, rows, np.full(len(rows), evidence_of(share)), kind, REASON))
    return found


def _told(column: Column, known: Suspects | None, judged: Judged) -> npt.NDArray[np.int64]:
    """Positions of the cells that were judged wrong and that nobody had pointed at."""
    rows = judged.positions[judged.wrong[:, column.index]]
    return rows if known is None else np.setdiff1d(rows, known.positions)


def _forms(column: Column) -> npt.NDArray[np.int64]:
    """(D + 1,) number of the form of each distinct value; that of the empty cell is 0 and stands last."""
    texts = [column.texts[place] for place in range(column.distinct)]
    _, numbers = np.unique(np.array(shapes(*letter_classes(texts), runs=True), dtype=object), return_inverse=True)
    return np.append(numbers + 1, 0).astype(np.int64)


def _add(known: Suspects | None, hits: Hits) -> Suspects:
    p = 1 / (1 + np.exp(-(hits.evidence + logit(PRIOR))))
    own = np.arange(len(p))
    if known is None:
        return Suspects(hits.column, hits.positions, p, np.zeros(len(p), dtype=np.int64), own, (hits,))
    positions = np.concatenate([known.positions, hits.positions])
    order = np.argsort(positions, kind="stable")
    return Suspects(
        known.column,
        positions[order],
        np.concatenate([known.probability, p])[order],
        np.concatenate([known.source, np.full(len(p), len(known.hits))])[order],
        np.concatenate([known.place, own])[order],
        (*known.hits, hits),
    )


def _settle(known: Suspects, judged: Judged) -> Suspects:
    """Cells that a person has judged are certain."""
    p = known.probability.copy()
    place = np.minimum(np.searchsorted(judged.positions, known.positions), len(judged.positions) - 1)
    seen = judged.positions[place] == known.positions
    p[seen] = judged.wrong[place[seen], known.column]
    return replace(known, probability=p)
