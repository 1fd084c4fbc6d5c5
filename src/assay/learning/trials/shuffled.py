# ruff: noqa: ARG001
"""See `assay.trials.shuffled`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.results import OutOfSample, OutOfSampleValues
    from assay.trials import ShuffledTrial


def train_shuffled(
    dataset: Dataset,
    predictions: OutOfSample | OutOfSampleValues,
    config: AuditConfig,
    progress: Callable[[float], None],
) -> ShuffledTrial | None:
    """Train, where the data allow it."""
    return None
