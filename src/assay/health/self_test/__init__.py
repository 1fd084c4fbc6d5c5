"""What this audit would have found: the power of its checks, by what was planted in copies of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Check, Severity
from assay.health.parts import Part
from assay.health.self_test.power import judge_power, power_of, tabulate, unasked

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PART"]

PART: Part[pd.DataFrame] = Part(
    checks=(Check("MH060", "What this audit would have found", Severity.INFO, judge_power),),
    prepare=power_of,
    tables=tabulate,
    unasked=unasked,
)
