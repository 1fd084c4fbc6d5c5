"""What equally good models disagree on: verdicts, and predictions of single rows (predictive multiplicity)."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from assay.health.variants.verdicts import MIN_NEAR_EQUAL, read_verdicts

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.health.context import HealthContext
    from assay.health.variants.verdicts import Verdict
    from assay.trials import VariantTrial

    Codes = npt.NDArray[np.int64]

# Models that are drawn from the near-equal ones, so that the share of rows on which some differ does not grow with
# the number of configurations tried; as many differ by their seed alone (`VariantTrial.by_seed`).
DRAWN = 5


@dataclass(frozen=True, slots=True, eq=False)
class Multiplicity:
    """What the checks look at.

    Attributes
    ----------
    dataset
        N rows.
    trial
        None where there were too few rows to train on.
    verdicts
        Of the near-equal configurations.
    """

    dataset: Dataset
    trial: VariantTrial | None
    verdicts: tuple[Verdict, ...]

    @property
    def obstacle(self) -> tuple[str, str] | None:
        """Why nothing can be said, and what would help; None where something can."""
        if self.trial is None:
            return "Too few rows were trained on to tell one configuration from another.", "Add labelled rows."
        if not self.trial.has_signal:
            words = "No configuration ranks the rows better than chance: verdicts and predictions of it mean nothing."
            return words, "Add features that bear on the label, or rows (see MH001)."
        if (m := len(self.trial.near_equal)) < MIN_NEAR_EQUAL:
            words = (
                f"Only {m:,} of {len(self.trial.variants):,} random configurations are about as good as the best: too "
                "few to tell how far equally good ones lie apart."
            )
            return words, "Nothing need be done: few configurations suit the data, and the choice among them is small."
        return None

    @property
    def is_sampled(self) -> bool:
        """Whether the configurations were compared on fewer rows than the audit has."""
        return self.trial is not None and self.trial.sampled

    @property
    def rows(self) -> int:
        """Rows by which the configurations were compared."""
        assert self.trial is not None
        return len(self.trial.positions)

    @property
    def set_in_words(self) -> str:
        """Which configurations are spoken of, in a sentence."""
        assert self.trial is not None
        trial = self.trial
        sampled = "sampled " if self.is_sampled else ""
        return (
            f"About as good as the best are {len(trial.near_equal):,} of {len(trial.variants):,} configurations "
            f"(within {trial.tolerance:g} in AUC and accuracy; {self.rows:,} {sampled}rows)."
        )

    def columns_of(self, subject: str) -> tuple[str, ...]:
        """Columns behind the subject of a verdict: itself, or all sensitive features of two groups."""
        groups = self.dataset.groups
        if subject in groups.columns or subject == self.dataset.roles.label:
            return (subject,)
        return tuple(str(name) for name in groups.columns if len(groups[name].unique()) > 1)


def look(context: HealthContext) -> Multiplicity:
    """Read the trial and the verdicts of a context."""
    lines = context.verdicts
    verdicts = () if lines is None or lines.empty else read_verdicts(lines)
    return Multiplicity(context.dataset, context.trials.variants, verdicts)


def disagreement(predicted: Codes, drawn: int = DRAWN) -> npt.NDArray[np.float64]:
    """Probability that `drawn` of m models, drawn without replacement, do not all predict the same class.

    Parameters
    ----------
    predicted
        (m, n) classes by m >= `drawn` models.

    Returns
    -------
    (n,) float64 in [0, 1]; for as many models as are drawn, 0 or 1.
    """
    agree = np.zeros(predicted.shape[1])
    ways = np.array([comb(count, drawn) for count in range(len(predicted) + 1)]) / comb(len(predicted), drawn)
    for code in np.unique(predicted):
        agree += ways[(predicted == code).sum(axis=0)]
    return np.asarray(np.clip(1.0 - agree, 0.0, 1.0))
