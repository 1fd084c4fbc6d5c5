"""Drift: whether a batch is distributed as the reference was, by an effect size with an interval."""

from assay.validation.drift.comparison import Comparison, compare_samples
from assay.validation.drift.proposal import propose_drift

__all__ = ["Comparison", "compare_samples", "propose_drift"]
