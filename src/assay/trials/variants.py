"""Models with other hyperparameters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class VariantTrial:
    """Models with other hyperparameters."""
