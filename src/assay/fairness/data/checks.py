"""The checks of the data themselves: who is in them, with which labels, and with what missing or wrong."""

from __future__ import annotations

from assay.fairness.data.base_rates import label_disparity
from assay.fairness.data.combinations import rare_combinations
from assay.fairness.data.missingness import missingness
from assay.fairness.data.proxies import PROXY_CHECK
from assay.fairness.data.quality import defects_by_group
from assay.fairness.data.reference import against_reference
from assay.fairness.data.representation import representation
from assay.findings import Check, Severity

REPRESENTATION = Check("FB001", "Representation of the groups", Severity.INFO, representation)
# What follows needs no predictions and holds for a label of any kind.
BEFORE_TRAINING = (
    Check("FB003", "Missing values by group", Severity.WARNING, missingness),
    Check("FB004", "Groups against a reference population", Severity.WARNING, against_reference),
    Check("FB005", "Rare combinations of sensitive features", Severity.WARNING, rare_combinations),
    Check("FB006", "Repeated and invalid rows by group", Severity.WARNING, defects_by_group),
    PROXY_CHECK,
)
DATA_CHECKS = (
    REPRESENTATION,
    Check("FB002", "Labels by group", Severity.WARNING, label_disparity),
    *BEFORE_TRAINING,
)
