"""Suspicious cells of a table as it is: no clean reference, nothing labelled.

`find_cell_errors` is the stage, `suspicious_cells` the same for a frame, and `choose_rows` says which rows a person
should judge to make it sharper.
"""

from assay.cells.assessment import find_cell_errors, suspicious_cells
from assay.cells.checks import CHECKS
from assay.cells.choice import choose_rows

__all__ = ["CHECKS", "choose_rows", "find_cell_errors", "suspicious_cells"]
