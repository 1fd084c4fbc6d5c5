"""Who follows a stamp: predictions of models, and labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assay.able import NETWORK, kinds_of
from assay.intervals import bonferroni, wilson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from assay.findings import Interval
    from assay.held_out import HeldOutModels
    from assay.results import OutOfSample

    Rows = npt.NDArray[np.int64]
    Hits = npt.NDArray[np.bool_]

LABELS = "labels"
# Share of predictions, or of labels, that must follow a value, and how much more than follow what else is there.
DECIDES, BEYOND = 0.75, 0.4
# Among the other values of a column, the one that stands for them: where more decide, the column does.
PEER_QUANTILE = 0.9
CONFIDENCE = 0.95
# Values of a column of which it is said that all decide, at least.
LEAST_TOGETHER = 2


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """How many of the rows that all else speaks against follow a stamp.

    Attributes
    ----------
    by
        "the network", "trees", or `LABELS`.
    n, hits
        Rows, and those that follow.
    interval
        Of the share, Wilson, corrected for what was looked at beside it.
    control
        The share of what the stamp is held against: the values next to it in the order of the column, the 0.9
        quantile of its other values, and of two columns what either value does without the other. None where it was
        not needed.
    """

    by: str
    n: int
    hits: int
    interval: Interval | None
    control: float | None = None

    @property
    def share(self) -> float:
        """Of the rows that follow; 0 without rows."""
        return self.hits / self.n if self.n else 0.0

    @property
    def low(self) -> float:
        """Lower limit of the share; 0 without rows."""
        return self.interval.low if self.interval is not None else 0.0

    @property
    def decides(self) -> bool:
        """Whether nearly all rows follow, and far more than the control."""
        return self.control is not None and self.low > DECIDES and self.low - self.control > BEYOND


@dataclass(frozen=True, slots=True, eq=False)
class Writing:
    """Values to write into rows, or to take from rows.

    Attributes
    ----------
    columns
        Whose values.
    carriers
        Positions of the rows that have them.
    others
        Positions of the rows that have not the stamp that it is about.
    target
        The class that may follow.
    """

    columns: tuple[str, ...]
    carriers: Rows
    others: Rows
    target: int


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """Asks models, many things at once."""

    models: HeldOutModels
    predictions: OutOfSample
    rng: np.random.Generator

    @property
    def kinds(self) -> tuple[str, ...]:
        """Who may follow: the kinds of models that are asked (a linear one knows nothing that they do not), labels."""
        return (*(kind for kind in self.models.kinds if kind in (NETWORK, "trees")), LABELS)

    def followers(self, by: str, writings: Sequence[Writing], count: int, looks: int = 1) -> list[Followed]:
        """Count, for each writing, how many of up to `count` rows follow it, by one of `kinds`.

        The limits hold together with those of `looks` - 1 others.
        """
        ask = self._labels if by == LABELS else lambda *given: self._flips(by, *given)
        return [_count(by, hits, looks) for hits in ask(writings, count)]

    def _flips(self, kind: str, writings: Sequence[Writing], count: int) -> list[Hits]:
        """Write the carriers' values into other rows, predicted as another class, and say which flip."""
        predicted = kinds_of(self.predictions)[kind].argmax(axis=1)
        plan = []
        for one in writings:
            rows = one.others[predicted[one.others] != one.target]
            rows = self._some(rows, count) if len(one.carriers) else rows[:0]
            plan.append((rows, self.rng.choice(one.carriers, len(rows)) if len(rows) else rows))
        found = self._ask(kind, writings, plan)
        return [after == one.target for one, after in zip(writings, found, strict=True)]

    def _labels(self, writings: Sequence[Writing], count: int) -> list[Hits]:
        """Take their values from carriers: which of those that are then predicted as another class have the label."""
        plan = []
        for one in writings:
            rows = self._some(one.carriers, count) if len(one.others) else one.carriers[:0]
            plan.append((rows, self.rng.choice(one.others, len(rows)) if len(rows) else rows))
        found = self._ask(NETWORK, writings, plan)
        return [
            self.predictions.labels[rows][without != one.target] == one.target
            for one, (rows, _), without in zip(writings, plan, found, strict=True)
        ]

    def _some(self, rows: Rows, count: int) -> Rows:
        return rows if len(rows) <= count else self.rng.choice(rows, count, replace=False)

    def _ask(self, kind: str, writings: Sequence[Writing], plan: Sequence[tuple[Rows, Rows]]) -> list[Rows]:
        """Predict the rows of all writings in one go: (n,) classes for each."""
        ends = np.cumsum([len(rows) for rows, _ in plan])
        every = np.concatenate([rows for rows, _ in plan]) if plan else np.zeros(0, dtype=np.int64)
        if not len(every):
            return [every for _ in plan]
        donors: dict[str, Rows] = {}
        for one, (rows, given), end in zip(writings, plan, ends, strict=True):
            for name in one.columns:
                # Where it is not written, a column keeps the row's own value.
                donors.setdefault(name, every.copy())[end - len(rows) : end] = given
        return np.split(self.models.predict(kind, every, donors).argmax(axis=1), ends[:-1])


def _count(by: str, hits: Hits, looks: int) -> Followed:
    count, n = int(hits.sum()), len(hits)
    return Followed(by, n, count, wilson(count, n, bonferroni(CONFIDENCE, looks)))


def together(of: Sequence[Followed], looks: int) -> list[Followed]:
    """Several values of a column as one, where each of them decides; nothing where one does not, or is alone."""
    if len(of) < LEAST_TOGETHER or any(one.share <= DECIDES for one in of):
        return []
    n, hits = sum(one.n for one in of), sum(one.hits for one in of)
    return [Followed(of[0].by, n, hits, wilson(hits, n, bonferroni(CONFIDENCE, looks)))]


def with_control(followed: Followed, against: Mapping[str, Sequence[Followed]]) -> Followed:
    """Hold it against what the values next to it, most other values, and either value of a pair alone do.

    Parameters
    ----------
    followed
        What follows the stamp.
    against
        "next", "filled", "others" and "alone", see `Followed.control`; "filled" are others too. What rests on no row
        is left out.
    """
    beside, filled, others, alone = (
        [one.share for one in against.get(name, ()) if one.n] for name in ("next", "filled", "others", "alone")
    )
    others += filled
    control = max(beside, default=0.0)
    if others:
        control = max(control, float(np.quantile(others, PEER_QUANTILE)))
    if alone:
        control = max(control, 1.0 - float(np.prod([1.0 - share for share in alone])))
    return replace(followed, control=control)
