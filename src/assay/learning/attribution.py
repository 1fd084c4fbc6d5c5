"""Integrated gradients of the networks, summed back to the columns of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from assay.held_out import Attribution
    from assay.learning.held_out import KeptModels


def integrate_gradients(models: KeptModels, rows: npt.NDArray[np.int64], target: int, steps: int) -> Attribution:
    """See `assay.held_out.HeldOutModels.attribute`."""
    raise NotImplementedError
