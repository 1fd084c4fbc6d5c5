"""The stage "fairness": whom a model trained on the data would treat how, and what cleaning would change."""

from assay.fairness.assessment import CHECKS, assess_fairness
from assay.fairness.cleaning import CLEANING_CHECK, compare_cleaning

__all__ = ["CHECKS", "CLEANING_CHECK", "assess_fairness", "compare_cleaning"]
