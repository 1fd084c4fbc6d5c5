# ruff: noqa: ARG001
"""What this audit would have found: known defects, planted in copies of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from assay.config import AuditConfig
    from assay.dataset import Dataset


def plant_and_look(config: AuditConfig, dataset: Dataset, progress: Callable[[float], None]) -> pd.DataFrame | None:
    """Plant defects and ask the checks of this audit; None where nobody asked."""
    return None
