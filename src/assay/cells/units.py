"""Numbers that are written with a unit or sign, in a column that writes them in several ways."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from assay.cells.hits import Hits, Kind
from assay.cells.markers import is_marker
from assay.cells.prior import evidence_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.cells.table import Column, Table

# A unit is a sign, or a word of two letters and more, or stands apart: "12a" is a house and no quantity.
_NUMBER = r"[+-]?(?:\d{1,3}(?:[,']\d{3})+|\d+)(?:[.,]\d+)?(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(
    rf"(?P<before>[$€£¥₹₩%~<>≈]?\s?)(?P<number>{_NUMBER})(?P<after>\s?[%°$€£¥₹₩]\w?|\s*[^\W\d][^\d]{{1,18}}|\s[^\W\d])?"
)
_ORDINALS = frozenset({"st", "nd", "rd", "th"})
# Of the values that are no markers, those that are quantities; of the distinct ways of writing, the most that a
# column of quantities has.
MIN_QUANTITIES, MAX_WRITINGS = 0.9, 20
# A way that so many rows share is the column's own, and the others are not.
MIN_OWN = 2 / 3
# Another way of writing beside the column's own; and where none is the column's own, every way that is no bare number.
OTHER, MIXED = 0.95, 0.9
REASON = "a number with a unit or sign that most of the column does not have"
REASON_BARE = "a number without the unit or sign that most of the column has"
REASON_MIXED = "a number with a unit or sign, in a column that writes them in several ways"


def find_units(table: Table) -> Iterator[Hits]:
    """Find quantities that are not written as their column's are."""
    for column in table.columns:
        if column.typed is None and column.distinct > 1:
            yield from _of_column(column)


def _of_column(column: Column) -> Iterator[Hits]:
    if column.share_of_rows(lambda text: read_quantity(text) is not None or is_marker(text)) < MIN_QUANTITIES / 2:
        return
    written = [read_quantity(text) for text in column.texts]
    counted: dict[str, int] = {}
    quantities = others = 0
    for text, quantity, count in zip(column.texts, written, column.counts.tolist(), strict=True):
        if quantity is not None:
            counted[quantity[1]] = counted.get(quantity[1], 0) + count
            quantities += count
        elif not is_marker(text):
            others += count
    if not 1 < len(counted) <= MAX_WRITINGS or quantities < MIN_QUANTITIES * (quantities + others):
        return
    if {way.strip() for way in counted if way} <= _ORDINALS:
        return
    top = max(counted, key=lambda way: (counted[way], way))
    own = top if counted[top] >= MIN_OWN * quantities else ""
    sure = OTHER if counted.get(own, 0) >= MIN_OWN * quantities else MIXED
    for way in sorted(set(counted) - {own}):
        reason = REASON_BARE if not way else REASON if sure == OTHER else REASON_MIXED
        mask = np.array([q is not None and q[1] == way for q in written], dtype=bool)
        rows = column.rows_of(mask)
        # Only bare numbers can be told apart from a unit: 5 kg is not 5 lbs.
        repair = [q[0] if q else None for q in written] if not own else [None] * column.distinct
        suggested = [repair[code] for code in column.codes[rows]]
        evidence = np.full(len(rows), evidence_of(sure))
        yield Hits("unit", column.index, rows, evidence, Kind.FORM, reason, suggested, way)


def read_quantity(text: str) -> tuple[str, str] | None:
    """The number and what is written around it; None for a text that is no quantity.

    Examples
    --------
    >>> read_quantity("12.0 oz."), read_quantity("$5"), read_quantity("7"), read_quantity("12 Main St 4")
    (('12.0', ' oz.'), ('5', '$'), ('7', ''), None)
    """
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        return None
    return match["number"], match["before"] + (match["after"] or "")
