"""Model health: whether anything can be learned from the data, and whether what is learned holds on other rows."""

from assay.health.assessment import assess_health
from assay.health.checks import CHECKS
from assay.health.numeric import assess_numeric_health

__all__ = ["CHECKS", "assess_health", "assess_numeric_health"]
