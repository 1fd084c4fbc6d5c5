"""Label noise: which labels are suspect, how many are wrong, and in which groups.

The only importer of cleanlab.
"""

from assay.label_noise.assessment import find_label_noise
from assay.label_noise.checks import CHECKS
from assay.label_noise.contract import check_contract
from assay.label_noise.injection import plan_injections
from assay.label_noise.numeric import find_numeric_label_noise
from assay.label_noise.rehearsal import Rehearsal

__all__ = ["CHECKS", "Rehearsal", "check_contract", "find_label_noise", "find_numeric_label_noise", "plan_injections"]
