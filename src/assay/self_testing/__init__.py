"""What this audit would have found: known defects, planted in copies of the data."""

from __future__ import annotations

from assay.self_testing.testing import plant_and_look

__all__ = ["plant_and_look"]
