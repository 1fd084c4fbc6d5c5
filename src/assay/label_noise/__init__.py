"""Label noise: which labels are suspect, how many are wrong, and in which groups.

The only importer of cleanlab.
"""

from assay.label_noise.assessment import find_label_noise
from assay.label_noise.checks import CHECKS
from assay.label_noise.contract import check_contract

__all__ = ["CHECKS", "check_contract", "find_label_noise"]
