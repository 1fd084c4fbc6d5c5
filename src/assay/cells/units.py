"""Numbers that are written with a unit or sign, in a column that writes them in several ways."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from assay.cells.hits import Hits, Kind
from assay.cells.markers import is_marker
from assay.cells.prior import evidence_of
from assay.cells.table import read_number
from assay.cells.unit_names import measure_the_same, unit_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.cells.table import Column, Table

# A unit is a sign, or a word of two letters and more, or stands apart: "12a" is a house and no quantity.
_NUMBER = r"[+-]?(?:\d{1,3}(?:[,']\d{3})+|\d+)(?:[.,]\d+)?(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(
    rf"(?P<before>[$€£¥₹₩%~<>≈]?\s?)(?P<number>{_NUMBER})(?P<after>\s?[%°$€£¥₹₩]\w?|\s*[^\W\d][^\d]{{1,18}}|\s[^\W\d])?"
)
_BOUNDS = "<>\u2248~ "
_ORDINALS = frozenset({"st", "nd", "rd", "th"})
# Of the values that are no markers, those that are quantities; of the distinct ways of writing, the most that a
# column of quantities has.
MIN_QUANTITIES, MAX_WRITINGS = 0.9, 20
# A unit that so many rows share is the column's own, and the others are not. Bare numbers beside several units, of
# which none is the column's own, are what is odd where they are no more than so many.
MIN_OWN, MAX_BARE = 2 / 3, 1 / 3
# Another unit than the column's own, that does not measure the same thing, is a slip where so few rows have it.
MAX_STRANGE = 0.01
# Another way of writing beside the column's own; and where none is the column's own.
OTHER, MIXED = 0.95, 0.9
REASON = "a number with a unit or sign that most of the column does not have"
REASON_BARE = "a number without the unit or sign that most of the column has"
REASON_SPELT = "a number with its unit spelt in another way than in most of the column"
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
        if quantity is not None and not quantity[1] and read_number(quantity[0]) == 0:
            continue  # nothing is nothing in every unit
        if quantity is not None:
            counted[quantity[1]] = counted.get(quantity[1], 0) + count
            quantities += count
        elif not is_marker(text):
            others += count
    if not 1 < len(counted) <= MAX_WRITINGS or quantities < MIN_QUANTITIES * (quantities + others):
        return
    if {way.strip() for way in counted if way} <= _ORDINALS:
        return
    for way, (sure, reason, new) in sorted(_odd_ways(counted).items()):
        codes = [place for place, q in enumerate(written) if q is not None and q[1] == way]
        mask = np.zeros(column.distinct, dtype=bool)
        mask[codes] = True
        rows = column.rows_of(mask)
        repair = {} if new is None else _repairs(column, written, codes, new)
        suggested = [repair.get(code) for code in column.codes[rows].tolist()]
        evidence = np.full(len(rows), evidence_of(sure))
        yield Hits("unit", column.index, rows, evidence, Kind.FORM, reason, suggested, way)


def _odd_ways(counted: dict[str, int]) -> dict[str, tuple[float, str, str | None]]:
    """Ways of writing that are not the column's own: how sure, why, and the way to write instead, if it is known.

    A repair never turns one unit into another: 5 kg is not 5 lbs, and neither is 5.
    """
    total = sum(counted.values())
    units = {way: unit_of(way) for way in counted}
    sizes: dict[str, int] = {}
    for way, count in counted.items():
        sizes[units[way]] = sizes.get(units[way], 0) + count
    others = set(sizes) - {""}
    own = max(sizes, key=lambda unit: (sizes[unit], unit))
    bare = sizes.get("", 0)
    if sizes[own] >= MIN_OWN * total:
        if not own:
            # Bare numbers are of one unit, and it must be that of the others if they have but one.
            new = "" if len(others) == 1 else None
            return {way: (OTHER, REASON, new) for way in counted if way}
        return _other_than(own, counted, units)
    if not bare:
        return {}
    if bare > MAX_BARE * total:
        return {way: (MIXED, REASON_MIXED, "" if len(others) == 1 else None) for way in counted if way}
    return {"": (MIXED, REASON_BARE, None)}


def _other_than(own: str, counted: dict[str, int], units: dict[str, str]) -> dict[str, tuple[float, str, str | None]]:
    """Ways that are odd in a column with one unit of its own."""
    total = sum(counted.values())
    spellings = {way: count for way, count in counted.items() if units[way] == own}
    usual = max(spellings, key=lambda way: (spellings[way], way))
    # One unit in several spellings, with none in the lead: only the number alone is the same in all.
    settled = spellings[usual] >= MIN_OWN * total
    odd: dict[str, tuple[float, str, str | None]] = {}
    for way, count in counted.items():
        if way == usual and settled:
            continue
        if units[way] == own:
            if not _is_plural(way, usual):
                odd[way] = (OTHER, REASON_SPELT, usual) if settled else (MIXED, REASON_MIXED, "")
        elif not way:
            odd[way] = OTHER, REASON_BARE, None
        elif count <= MAX_STRANGE * total and not measure_the_same({own, units[way]}):
            odd[way] = OTHER, REASON, None
    alike = {_singular(way) for way in spellings}
    return {} if not settled and len(alike) == 1 and set(counted) == set(spellings) else odd


def _is_plural(way: str, usual: str) -> bool:
    """Whether two ways of writing are one word, of which one or the other is in the plural."""
    return way != usual and _singular(way) == _singular(usual)


def _singular(way: str) -> str:
    return way.removesuffix("s") if len(way.strip()) > 2 else way


def _repairs(
    column: Column, written: Sequence[tuple[str, str] | None], codes: Sequence[int], new: str
) -> dict[int, str]:
    """Rewrite values; as bare numbers only those that the column's bare numbers, if any, have the size of."""
    bare = [float(column.numbers[place]) for place, q in enumerate(written) if q is not None and not q[1]]
    bare = [number for number in bare if not np.isnan(number)]
    low, high = (min(bare), max(bare)) if bare and not new else (-np.inf, np.inf)
    found = {}
    for code in codes:
        number = (written[code] or ("", ""))[0]
        figure = read_number(number)
        bound = column.texts[code].strip()[0] in _BOUNDS
        if not bound and (new or not bare or low <= figure <= high):
            found[code] = number + new
    return found


def read_quantity(text: str) -> tuple[str, str] | None:
    """The number and what is written around it; None for a text that is no quantity.

    Examples
    --------
    >>> read_quantity("12.0 oz."), read_quantity("$5"), read_quantity("7"), read_quantity("12 Main St 4")
    (('12.0', ' oz.'), ('5', '$'), ('7', ''), None)
    >>> read_quantity("<0.1")  # a bound is a way to give a number, and no unit
    ('0.1', '')
    """
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        return None
    return match["number"], match["before"].lstrip(_BOUNDS) + (match["after"] or "")
