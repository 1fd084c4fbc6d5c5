"""What every part of the stage "health" looks at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from assay.results import OutOfSample
from assay.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

    from assay.dataset import Dataset
    from assay.health_config import HealthConfig
    from assay.results import OutOfSampleValues


@dataclass(frozen=True, slots=True, eq=False)
class HealthContext:
    """A dataset, what models say of it, and what further trainings and stages showed.

    Attributes
    ----------
    dataset
        N rows.
    predictions
        Of the same rows.
    config
        What is asked, and the limits.
    seed
        Of whatever is drawn.
    trials
        Further trainings.
    suspect
        (N,) bool: rows whose label is suspect.
    verdicts
        What other hyperparameters would have made of the audit (`assay.rejudging`); None where nobody asked.
    power
        What planted defects were found (`assay.self_testing`); None where nobody asked.
    failures
        What went wrong before this stage, by the code of each check that cannot be carried out for it.
    costs
        Stage -> what it took, as `assay.manifest.Meter` has it: the stages before this one.
    """

    dataset: Dataset
    predictions: OutOfSample | OutOfSampleValues
    config: HealthConfig
    seed: int = 0
    trials: Trials = field(default_factory=Trials)
    suspect: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    verdicts: pd.DataFrame | None = None
    power: pd.DataFrame | None = None
    failures: Mapping[str, Exception] = field(default_factory=dict)
    costs: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)

    @property
    def of_classes(self) -> OutOfSample | None:
        """The predictions, where the label is a class."""
        return self.predictions if isinstance(self.predictions, OutOfSample) else None
