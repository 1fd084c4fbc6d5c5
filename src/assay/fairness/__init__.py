"""The stage "fairness": whom a model trained on the data would treat how, and what cleaning would change."""

from assay.fairness.assessment import CHECKS, assess_fairness
from assay.fairness.cleaning.effect import CLEANING_CHECK, compare_cleaning
from assay.fairness.labels.checks import LABEL_EFFECT_CHECK
from assay.fairness.labels.effect import assess_label_effect
from assay.fairness.mitigation import MITIGATION_CHECK, explore_mitigation
from assay.fairness.numeric.assessment import assess_numeric_fairness, skip_cleaning
from assay.fairness.numeric.checks import NUMERIC_CHECKS

__all__ = [
    "CHECKS",
    "CLEANING_CHECK",
    "LABEL_EFFECT_CHECK",
    "MITIGATION_CHECK",
    "NUMERIC_CHECKS",
    "assess_fairness",
    "assess_label_effect",
    "assess_numeric_fairness",
    "compare_cleaning",
    "explore_mitigation",
    "skip_cleaning",
]
