"""What further trainings showed: plain results that travel from the learning to the health of a model."""

from __future__ import annotations

from dataclasses import dataclass

from assay.trials.curve import CurveTrial
from assay.trials.shuffled import ShuffledTrial
from assay.trials.variants import VariantTrial

__all__ = ["CurveTrial", "ShuffledTrial", "Trials", "VariantTrial"]


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """What was trained beside the models of the audit; None what was not."""

    shuffled: ShuffledTrial | None = None
    curve: CurveTrial | None = None
    variants: VariantTrial | None = None
