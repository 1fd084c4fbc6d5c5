"""Which columns make the predictions, and the gaps between groups."""

from __future__ import annotations

from assay.health.attribution.behind import BEHIND
from assay.health.attribution.carrying import CARRYING
from assay.health.attribution.explained import Explained, explain, tabulate, unasked
from assay.health.parts import Part

__all__ = ["PART"]

PART: Part[Explained] = Part(checks=(CARRYING, BEHIND), prepare=explain, tables=tabulate, unasked=unasked)
