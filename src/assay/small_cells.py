"""Counts of people too few to be told: one rule for the words of a finding and for the tables of the report."""

from __future__ import annotations

from typing import Any

# The threshold rule of statistical disclosure control: a cell needs a least number of people. Agencies ask for 3 to
# 10; research data centres mostly for 10, since a report cannot know what its readers know already
# (Hundepool et al., "Statistical Disclosure Control", 2012, doi:10.1002/9781118348239).
SMALLEST_CELL = 10
FEWER = f"<{SMALLEST_CELL}"


def is_small(count: Any) -> bool:
    """Whether a count of people is too small to be shown; 0 too, which says of everyone that they are not."""
    return isinstance(count, int | float) and not isinstance(count, bool) and count < SMALLEST_CELL


def shown_count(count: int) -> str:
    """A count of people as a message may tell it: 1234 as "1,234", 3 as "fewer than 10"."""
    return f"fewer than {SMALLEST_CELL}" if is_small(count) else f"{count:,}"
