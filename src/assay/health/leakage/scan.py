"""What the checks of leakage look at, each computed on first use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from assay.health.leakage.order import labels_in_classes, read_orders
from assay.health.leakage.over_time import read_change
from assay.health.leakage.overlap import find_overlaps
from assay.health.leakage.pure_values import find_pure_values

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from assay.health.context import HealthContext
    from assay.health.leakage.fixed import PureValues
    from assay.health.leakage.order import Orders
    from assay.health.leakage.over_time import Change
    from assay.health.leakage.overlap import Overlaps


@dataclass(frozen=True, eq=False)
class Scan:
    """A dataset and what was found in it."""

    context: HealthContext

    @cached_property
    def coded(self) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
        """See `labels_in_classes`."""
        return labels_in_classes(self.context.dataset)

    @cached_property
    def pure(self) -> PureValues:
        """Values that fix the label."""
        return find_pure_values(self.context.dataset, self.context.seed, self.context.suspect)

    @cached_property
    def orders(self) -> Orders:
        """What the order of the rows and the ids say of the label."""
        return read_orders(self.context.dataset, self.coded[0], self.context.seed)

    @cached_property
    def overlaps(self) -> Overlaps:
        """Rows that the parts of a split share."""
        return find_overlaps(self.context.dataset, self.context.seed)

    @cached_property
    def change(self) -> Change | str:
        """What changes over time, or in words why that is not known."""
        return read_change(self.context, self.coded, self.overlaps.parts)
