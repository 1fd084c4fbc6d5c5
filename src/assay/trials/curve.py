"""Models that were trained on fewer rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class CurveTrial:
    """Models that were trained on fewer rows."""
