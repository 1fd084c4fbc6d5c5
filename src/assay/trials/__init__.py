"""What further trainings showed: plain results that travel from the learning to the health of a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.trials.curve import CurveTrial
from assay.trials.shuffled import ShuffledTrial
from assay.trials.variants import VariantTrial

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CurveTrial", "ShuffledTrial", "Trials", "VariantTrial"]


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """What was trained beside the models of the audit; None what was not.

    `failures` are what went wrong, by the code of each check that cannot be carried out for it.
    """

    shuffled: ShuffledTrial | None = None
    curve: CurveTrial | None = None
    variants: VariantTrial | None = None
    failures: Mapping[str, Exception] = field(default_factory=dict)
