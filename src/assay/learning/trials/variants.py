# ruff: noqa: ARG001
"""See `assay.trials.variants`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.results import OutOfSample
    from assay.trials import VariantTrial


def train_variants(
    dataset: Dataset, predictions: OutOfSample, config: AuditConfig, progress: Callable[[float], None]
) -> VariantTrial | None:
    """Train, where the data allow it."""
    return None
