"""The part of the configuration that says what is asked about the training of a model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from assay.data_config import Section, Text


class FeasibleEdit(Section):
    """How a feature may change from one day to the next, for the check of robustness (MH040)."""

    mutable: bool = Field(True, description="Whether it can change at all.")
    direction: Literal["any", "up", "down"] = Field("any", description="Which way a number may change.")
    values: tuple[Text | float, ...] = Field((), description="Values that it may take; by default those of the data.")


class HealthConfig(Section):
    """When a model could not be trained on the data, and what is asked about the training."""

    min_auc: float = Field(
        0.55,
        ge=0.5,
        lt=1,
        description="The out-of-sample AUC must exceed this: below, there is no signal (MH001).",
    )
    min_r2: float = Field(
        0.01,
        ge=0,
        lt=1,
        description="The out-of-sample R2 of a numeric label must exceed this: below, there is no signal (MH001).",
    )
    max_gap: float = Field(
        0.1,
        gt=0,
        le=1,
        description="Largest fall of accuracy (of R2 for a numeric label) from training to held-out rows (MH002).",
    )
    deep: bool = Field(
        False, description="Ask everything below, also what takes longer than the training (`--deep` does the same)."
    )
    shuffled: bool = Field(True, description="Whether models are trained on shuffled labels, as a control (MH005).")
    learning_curve: bool = Field(
        True, description="Whether it is asked what more rows would bring, over all and by group (MH010, MH011)."
    )
    goal: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="The AUC (R2 for a numeric label) that a model should reach: how many rows would it take (MH010)?",
    )
    max_seconds: float | None = Field(
        None, gt=0, description="Most seconds that the stages before model health may take (MH012)."
    )
    max_memory_mb: float | None = Field(
        None, gt=0, description="Most MiB of memory that the stages before model health may take (MH012)."
    )
    attributions: bool = Field(
        True, description="Whether predictions and gaps between groups are traced to columns (MH020, MH021)."
    )
    stamps: bool = Field(True, description="Whether values that decide the label alone are looked for (MH050).")
    variants: bool | None = Field(
        None,
        description="Whether the verdicts are held against other hyperparameters (MH030, MH031); by default with "
        "`deep` only.",
    )
    robustness: bool | None = Field(
        None, description="Whether small feasible edits of rows are tried (MH040); by default with `deep` only."
    )
    feasible: dict[Text, FeasibleEdit] = Field(
        default_factory=dict, description="By feature, how its values may change (MH040); the others are inferred."
    )
    self_test: bool | None = Field(
        None,
        description="Whether defects are planted in copies of the data, to see what this audit would have found "
        "(MH060); by default with `deep` only.",
    )

    def asks(self, question: str) -> bool:
        """Whether a question, by its key, is asked: where `deep` says nothing otherwise, what is left open is not."""
        answer = getattr(self, question)
        return bool(self.deep if answer is None else answer)
