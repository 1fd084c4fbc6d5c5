"""Model health: whether anything can be learned from the data, whether it holds on other rows, and at what price."""

from __future__ import annotations

from assay.health.assessment import PARTS, assess_health
from assay.health.checks import CHECKS as _CHECKS
from assay.health.context import HealthContext
from assay.health.numeric import assess_numeric_health

__all__ = ["CHECKS", "HealthContext", "assess_health", "assess_numeric_health"]

CHECKS = (*_CHECKS, *(check for part in PARTS for check in part.checks))
