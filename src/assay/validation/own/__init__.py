"""Expectations that Great Expectations lacks, as subclasses of its own classes.

The modules listed here import Great Expectations and register their classes with it when they are imported; nothing
but `register` imports them.
"""

from __future__ import annotations

from importlib import import_module

MODULES = ("assay.validation.own.expectations", "assay.validation.own.drift")


def register() -> None:
    """Make the types known to Great Expectations, which must have been imported."""
    for module in MODULES:
        import_module(module)
