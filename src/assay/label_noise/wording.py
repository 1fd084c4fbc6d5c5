"""How figures read in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.small_cells import SMALLEST_CELL, is_small, shown_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.findings import Interval

NO_SIGNAL = "The predictions say too little about the labels to judge them (see LN004)."
# The assumption behind every estimate: what data cannot tell.
IF_ERRORS = "if confident contradictions are errors"
# In place of figures that would rest on too few people (assay.small_cells).
NO_FIGURES = f"No figures are shown: they would rest on fewer than {SMALLEST_CELL} rows."
MORE_SIGNAL = "Add rows, or features that bear on the label."

_MOST_NAMES = 10


def percent(share: float) -> str:
    """0.0312 as "3.1%", with what is too small to show said to be so."""
    if 0 < share < 0.0005:
        return "less than 0.1%"
    return f"{share:.1%}"


def span(interval: Interval) -> str:
    """An interval of a share: "1.2% to 3.4%"."""
    return f"{interval.low:.1%} to {interval.high:.1%}"


def count_of(number: int, noun: str) -> str:
    """1 and 2 rows: "1 row", "2 rows"; nouns in -s take -es."""
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{number:,} {noun if number == 1 else plural}"


def people_of(number: int) -> str:
    """Rows of a group of people: "1,234 rows", "fewer than 10 rows"."""
    return count_of(number, "row") if not is_small(number) else f"{shown_count(number)} rows"


def listing(names: Sequence[str]) -> str:
    """Names, the first ten of many."""
    shown = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more:,} more" if more > 0 else shown


def quoted(names: Sequence[str]) -> str:
    """Names in quotes, the first ten of many."""
    return listing([f"'{name}'" for name in names])
