"""The stage "fairness": whom a model trained on the data would treat how, and what cleaning would change."""

from assay.fairness.assessment import CHECKS, assess_fairness
from assay.fairness.cleaning import CLEANING_CHECK, compare_cleaning
from assay.fairness.numeric import assess_numeric_fairness, skip_cleaning
from assay.fairness.numeric_checks import NUMERIC_CHECKS

__all__ = [
    "CHECKS",
    "CLEANING_CHECK",
    "NUMERIC_CHECKS",
    "assess_fairness",
    "assess_numeric_fairness",
    "compare_cleaning",
    "skip_cleaning",
]
