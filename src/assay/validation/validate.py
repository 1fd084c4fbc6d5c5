"""The stage: the always-on checks, and the suite where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Status, run_checks
from assay.results import ValidationResult
from assay.validation.checks import CHECKS, IDENTIFIERS, LEAKAGE
from assay.validation.context import Context
from assay.validation.custom import load_expectations
from assay.validation.expectations import suite_findings
from assay.validation.suite import read_suite

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.config import ValidationConfig
    from assay.dataset import Dataset
    from assay.findings import Check, Finding


def validate(
    dataset: Dataset, config: ValidationConfig, checks: Iterable[Check[Context]] = CHECKS
) -> ValidationResult:
    """Hold a dataset against the always-on checks and the suite that the configuration names.

    Parameters
    ----------
    dataset
        Not changed.
    config
        The limits of the checks, and the path of the suite or None.
    checks
        Each gives at least one finding, under its own code.

    Returns
    -------
    ValidationResult
        The findings of the checks, then one finding (DQ100) for each expectation in the order of the suite.

    Raises
    ------
    ConfigurationError
        Where the suite is missing, is no suite, or names columns that are not in the data, or a module of
        expectations cannot be imported; with all problems.
        Raised before any check runs.
    """
    load_expectations(config.expectation_modules)
    suite = None if config.suite is None else read_suite(config.suite, list(dataset.frame.columns))
    findings = run_checks(checks, Context(dataset, config))
    return ValidationResult(
        findings=findings if suite is None else (*findings, *suite_findings(dataset, suite)),
        suite=None if suite is None else suite.name,
        leaks=_offenders(findings, LEAKAGE),
        identifiers=_offenders(findings, IDENTIFIERS),
    )


def _offenders(findings: Iterable[Finding], code: str) -> tuple[str, ...]:
    failed = (finding for finding in findings if finding.code == code and finding.status is Status.FAILED)
    return tuple(column for finding in failed for column in finding.subject.columns)
