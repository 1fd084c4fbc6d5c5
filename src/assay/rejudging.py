# ruff: noqa: ARG001
"""The verdicts of the audit under other hyperparameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.results import OutOfSample
    from assay.trials import VariantTrial


def rejudge(
    config: AuditConfig, dataset: Dataset, predictions: OutOfSample, variants: VariantTrial | None
) -> pd.DataFrame | None:
    """Judge labels and fairness by each of the variants; None where there are none."""
    return None
