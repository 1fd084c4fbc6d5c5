"""Validation: the rules of a suite, and those that every table to train on should keep.

The only package that imports Great Expectations, and only where a suite is named.
"""

from assay.validation.checks import CHECKS, Context
from assay.validation.custom import load_expectations
from assay.validation.expectations import EXPECTATION_CHECK, suite_findings
from assay.validation.inference.suite import infer_suite, propose_suite
from assay.validation.suite import read_suite
from assay.validation.validate import validate

__all__ = [
    "CHECKS",
    "EXPECTATION_CHECK",
    "Context",
    "infer_suite",
    "load_expectations",
    "propose_suite",
    "read_suite",
    "suite_findings",
    "validate",
]
