"""Models that were trained on shuffled labels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class ShuffledTrial:
    """Models that were trained on shuffled labels."""
