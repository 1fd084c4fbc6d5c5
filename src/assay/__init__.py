"""Assay audits a dataset before a model is trained on it, and says, with evidence, whether to train.

>>> import assay
>>> sorted(assay.__all__)  # doctest: +NORMALIZE_WHITESPACE
['AuditReport', 'GateRejected', 'GatedEstimator', 'audit', 'gate', 'load_config', 'log_to_mlflow', 'require',
 'run_audit']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.auditing import audit, run_audit
    from assay.config_file import load_config
    from assay.errors import GateRejected
    from assay.gated_estimator import GatedEstimator
    from assay.gating import gate, require
    from assay.report import AuditReport
    from assay.tracking import log_to_mlflow

__version__ = "0.1.0"
__all__ = [
    "AuditReport",
    "GateRejected",
    "GatedEstimator",
    "audit",
    "gate",
    "load_config",
    "log_to_mlflow",
    "require",
    "run_audit",
]

_HOME = {
    "AuditReport": "assay.report",
    "GateRejected": "assay.errors",
    "GatedEstimator": "assay.gated_estimator",
    "audit": "assay.auditing",
    "gate": "assay.gating",
    "load_config": "assay.config_file",
    "log_to_mlflow": "assay.tracking",
    "require": "assay.gating",
    "run_audit": "assay.auditing",
}


def __getattr__(name: str) -> object:
    # Loaded on first use: `import assay` and `assay --help` do not wait for pandas.
    if name not in _HOME:
        raise AttributeError(f"module 'assay' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
