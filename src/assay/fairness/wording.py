"""How figures and groups read in a sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# A sentence names this many groups or columns; the tables name them all.
NAMED = 5


def percent(share: float) -> str:
    """0.1234 as "12.3%", 0.0001 as "<0.1%", 0.9999 as ">99.9%"; NaN as "not estimable"."""
    if math.isnan(share):
        return "not estimable"
    # Only what is nothing is told as nothing, and only what is all as all.
    rounded = f"{100 * share:.1f}%"
    return {"0.0%": "<0.1%", "100.0%": ">99.9%"}.get(rounded, rounded) if 0 < share < 1 else rounded


def points(difference: float) -> str:
    """0.1234 as "12.3 points": percentage points."""
    return "not estimable" if math.isnan(difference) else f"{100 * difference:.1f} points"


def points_between(low: float, high: float) -> str:
    """(0.01, 0.052) as "1.0 to 5.2 points"."""
    return f"{100 * low:.1f} to {points(high)}"


def about(count: int | None) -> str:
    """Two leading digits, rounded up: 44,544 as "45,000"."""
    if count is None:
        return "an unknown number of"
    scale = 10 ** max(0, len(str(count)) - 2)
    return f"{math.ceil(count / scale) * scale:,}"


def counted(count: int, one: str, many: str = "") -> str:
    """(1, "other comparison") as "1 other comparison", (3, ...) as "3 other comparisons"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def together(names: Sequence[str]) -> str:
    """Name all: "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def confidently(confidence: float) -> str:
    """0.95 as "95% interval"."""
    return f"{100 * confidence:g}% interval"


def listing(names: Sequence[str], most: int = NAMED) -> str:
    """Name the first few, and count the others: "a, b and 3 more"."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
