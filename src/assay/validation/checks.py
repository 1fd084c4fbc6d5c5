"""The always-on checks, in the order of their codes."""

from __future__ import annotations

from assay.findings import Check, Severity
from assay.validation.context import Context
from assay.validation.features import (
    identifier_like_features,
    infinite_numbers,
    missing_share,
    single_valued_features,
)
from assay.validation.leakage import leaking_features
from assay.validation.rows import (
    conflicting_labels,
    duplicate_ids,
    duplicate_rows,
    missing_labels,
    row_count,
)
from assay.validation.spelling import spelling_variants

__all__ = ["CHECKS", "Context"]

IDENTIFIERS = "DQ015"
LEAKAGE = "DQ017"

CHECKS: tuple[Check[Context], ...] = (
    Check("DQ010", "Enough rows", Severity.CRITICAL, row_count),
    Check("DQ011", "Duplicate rows", Severity.WARNING, duplicate_rows),
    Check("DQ012", "Duplicate ids", Severity.CRITICAL, duplicate_ids),
    Check("DQ013", "Missing labels", Severity.CRITICAL, missing_labels),
    Check("DQ014", "Single-valued features", Severity.WARNING, single_valued_features),
    Check(IDENTIFIERS, "Identifier-like features", Severity.WARNING, identifier_like_features),
    Check("DQ016", "Conflicting labels of identical rows", Severity.WARNING, conflicting_labels),
    Check(LEAKAGE, "Features that alone predict the label", Severity.CRITICAL, leaking_features),
    Check("DQ018", "Missing values in features", Severity.WARNING, missing_share),
    Check("DQ019", "Spelling variants of a category", Severity.WARNING, spelling_variants),
    Check("DQ020", "Infinite numbers", Severity.WARNING, infinite_numbers),
)
