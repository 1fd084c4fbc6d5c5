"""Validation: the rules of a suite, and those that every table to train on should keep.

The only package that imports Great Expectations, and only where a suite is named.
"""

from assay.validation.checks import CHECKS, Context
from assay.validation.expectations import EXPECTATION_CHECK
from assay.validation.proposal import propose_suite
from assay.validation.validate import validate

__all__ = ["CHECKS", "EXPECTATION_CHECK", "Context", "propose_suite", "validate"]
