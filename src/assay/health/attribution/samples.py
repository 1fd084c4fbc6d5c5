"""The rows that are looked at, and what the networks' shares of their scores are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.health.context import HealthContext
    from assay.held_out import Attribution, HeldOutModels
    from assay.results import OutOfSample

    Rows = npt.NDArray[np.int64]

# A share of .5 of these is known to .02, and a gap between groups of a tenth of the rows to .12 standard deviations.
MOST_ROWS = 3_000
# Of a wide table fewer rows are looked at: so many cells.
MOST_CELLS = 1_000_000
FEWEST_ROWS = 500
STEPS = 16
# The generator's key in this area.
KEY = 20


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """n rows with a label, each with the shares that the networks that held it out give to C columns.

    Attributes
    ----------
    rows
        (n,) positions, ascending.
    labels
        (n,) their classes.
    units
        (n,) int64 in 0..U-1: rows of one group (`Roles.group`) are one unit; else each row is one.
    target
        The class whose log odds are traced: the positive one. None for more than two classes of which none is
        positive; the odds are then those of the row's own class.
    shown
        The shares of those log odds.
    against
        Where `target` is None, the shares of the log odds of another row's class, dealt out at random.
    """

    rows: Rows
    labels: Rows
    units: Rows
    target: int | None
    shown: Attribution
    against: Attribution | None

    @property
    def columns(self) -> tuple[str, ...]:
        """The C columns."""
        return self.shown.columns

    @property
    def incompleteness(self) -> float:
        """What the shares miss of the scores by the numerical integration: mean |error| over mean |score| shared."""
        shared = float(np.abs(self.shown.score - self.shown.baseline).mean())
        missed = float(np.abs(self.shown.error).mean())
        return missed / shared if shared > 0 else 0.0 if missed == 0 else float("inf")


def draw_sample(context: HealthContext, predictions: OutOfSample, models: HeldOutModels) -> Sample:
    """Draw rows that were held out, and trace their scores to columns."""
    rng = np.random.default_rng((context.seed, KEY))
    labels = predictions.labels
    able = models.asked[(labels[models.asked] >= 0) & predictions.trained[models.asked]]
    most = max(FEWEST_ROWS, min(MOST_ROWS, MOST_CELLS // max(1, len(models.columns))))
    rows = able if len(able) <= most else np.sort(rng.choice(able, most, replace=False))
    target = find_target(context, predictions)
    own = labels[rows]
    wanted: int | Rows = own if target is None else target
    return Sample(
        rows=rows,
        labels=own,
        units=_units(context, rows),
        target=target,
        shown=models.attribute(rows, wanted, STEPS),
        against=models.attribute(rows, rng.permutation(own), STEPS) if target is None else None,
    )


def find_target(context: HealthContext, predictions: OutOfSample) -> int | None:
    """Code of the positive class among the learned ones; of two classes without one, the second."""
    labels = context.dataset.labels
    name = None if labels.positive is None else labels.classes[labels.positive]
    if name in predictions.classes:
        return predictions.classes.index(name)
    return 1 if len(predictions.classes) == 2 else None


def _units(context: HealthContext, rows: Rows) -> Rows:
    if context.dataset.roles.group is None:
        return np.arange(len(rows))
    return context.dataset.group_codes(rows)
