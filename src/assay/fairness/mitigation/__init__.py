"""What it would cost to meet the tolerance: advice, applied to nothing."""

from assay.fairness.mitigation.frontier import explore_mitigation
from assay.fairness.mitigation.price import MITIGATION_CHECK

__all__ = ["MITIGATION_CHECK", "explore_mitigation"]
