"""Values that belong to another column: swapped, shifted, or two values in one cell."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from assay.cells.hits import Hits, Kind, log_ratio
from assay.cells.markers import is_marker
from assay.cells.prior import evidence_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from assay.cells.table import Column, Table

# A column of more distinct texts is free text.
MAX_DISTINCT = 20_000
# A value belongs to the column that has it so many times as often, and so often at least.
MIN_RATIO, MIN_HOME = 10, 5
# Columns whose values overlap by more than this share of rows speak of the same things.
MAX_SHARED = 0.05
# A value of a neighbour's that is joined to one of the column's own, with the neighbour's cell empty, or holding it.
JOINED, REPEATED = 0.99, 0.9
# Strangers among the wrong values that are rare.
STRANGER = 0.9
# Rows with rare and right values are at least so many of a column.
LEAST_RARE = 0.002
# Rows for each distinct value, on average.
MIN_REPEATS = 2.0
# Values of the neighbour that are known: it holds them at least so often.
MIN_KNOWN = 2
REASON = "holds a value of another column"
REASON_JOINED = "holds a second value that belongs to the column beside it"
REASON_EMPTY = "empty, and its value stands at the end of the column beside it"


def find_misplaced(table: Table) -> Iterator[Hits]:
    """Find values of other columns, alone or joined to a value of the column's own."""
    texts = [c for c in table.columns if c.typed is None and 1 < c.distinct <= MAX_DISTINCT and _repeats(c)]
    yield from _strangers(texts)
    for column in texts:
        for other in texts:
            if abs(column.index - other.index) == 1:
                yield from _joined(column, other)


def _repeats(column: Column) -> bool:
    """Whether it has values of its own that come again: in free text any word may stand."""
    return column.present >= MIN_REPEATS * column.distinct


def _strangers(columns: Sequence[Column]) -> Iterator[Hits]:
    homes: dict[str, list[tuple[Column, int]]] = defaultdict(list)
    for column in columns:
        for place, text in enumerate(column.texts):
            if any(map(str.isalpha, text)) and not is_marker(text):
                homes[text].append((column, place))
    shared = {text: of for text, of in homes.items() if len(of) > 1}
    overlap = _overlap(shared)
    # Column -> place of the value -> the column in which it is at home.
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for of in shared.values():
        home, top = max(of, key=lambda pair: (int(pair[0].counts[pair[1]]), -pair[0].index))
        for column, place in of:
            count = int(column.counts[place])
            enough = home.counts[top] >= max(MIN_HOME, MIN_RATIO * count)
            if enough and overlap[column.index, home.index] <= MAX_SHARED * column.present:
                found[column.index][place] = home.index
    by_index = {column.index: column for column in columns}
    for index in found:
        yield _judge(by_index[index], found, _shared_values(by_index[index], shared), by_index)


def _judge(
    column: Column, found: Mapping[int, Mapping[int, int]], shared_values: float, by_index: Mapping[int, Column]
) -> Hits:
    """Weigh the strangers of one column."""
    places = found[column.index]
    mask = np.zeros(column.distinct, dtype=bool)
    mask[list(places)] = True
    rows = column.rows_of(mask)
    # Where right values are often as rare as this one, a stranger is no surprise: names are towns and people.
    rest = np.where(mask, 0, column.counts)
    ceiling = column.counts[mask].max()
    as_rare = max(LEAST_RARE, rest[column.counts <= ceiling].sum() / column.present)
    evidence = np.full(len(rows), log_ratio(STRANGER, as_rare * shared_values))
    # A value that comes again and again is at home in both, as Taylor is among first and last names, unless its row
    # holds the other half of an exchange.
    often = column.counts[column.codes[rows]] >= MIN_HOME
    evidence[often & ~_exchanged(column, rows, found, by_index)] = 0.0
    return Hits("misplaced", column.index, rows, evidence, Kind.FORM, REASON)


def _exchanged(
    column: Column,
    rows: npt.NDArray[np.int64],
    found: Mapping[int, Mapping[int, int]],
    by_index: Mapping[int, Column],
) -> npt.NDArray[np.bool_]:
    """Whether the column in which each stranger is at home holds, in the same row, a value of this column."""
    result = np.zeros(len(rows), dtype=bool)
    home_of = np.full(column.distinct, -1)
    for place, home in found[column.index].items():
        home_of[place] = home
    homes = home_of[column.codes[rows]]
    for home in np.unique(homes).tolist():
        other = by_index[home]
        mine = np.array(
            [found.get(home, {}).get(place) == column.index for place in range(other.distinct)], dtype=bool
        )
        here = homes == home
        result[here] = np.append(mine, False)[other.codes[rows[here]]]
    return result


def _overlap(shared: Mapping[str, Sequence[tuple[Column, int]]]) -> dict[tuple[int, int], int]:
    """Rows with values that two columns share, counted in the one that has the value less often."""
    rows: dict[tuple[int, int], int] = defaultdict(int)
    for of in shared.values():
        for column, place in of:
            for other, at in of:
                rows[column.index, other.index] += min(int(column.counts[place]), int(other.counts[at]))
    return rows


def _shared_values(column: Column, shared: Mapping[str, Sequence[tuple[Column, int]]]) -> float:
    """Share of the frequent values of a column that are at home in another column as well."""
    both = 0
    for of in shared.values():
        mine = max((int(c.counts[place]) for c, place in of if c is column), default=0)
        others = max((int(c.counts[place]) for c, place in of if c is not column), default=0)
        both += mine >= MIN_HOME and others * MIN_RATIO > mine > others / MIN_RATIO
    return (both + 0.5) / (int((column.counts >= MIN_HOME).sum()) + 1)


def _joined(column: Column, other: Column) -> Iterator[Hits]:
    """Cells of `column` that end in a value of `other`, after one of their own."""
    own = set(column.texts)
    known = {text: place for place, text in enumerate(other.texts) if other.counts[place] >= MIN_KNOWN}
    split: dict[int, tuple[str, str]] = {}
    for place, text in enumerate(column.texts):
        head, _, tail = text.rpartition(" ")
        head = head.rstrip(" ,;-/|")
        if head and tail in known and any(map(str.isalnum, tail)):
            split[place] = head, tail
    if not split:
        return
    mask = np.zeros(column.distinct, dtype=bool)
    mask[list(split)] = True
    rows = column.rows_of(mask)
    tails = [split[code][1] for code in column.codes[rows].tolist()]
    expected = np.array([known[tail] for tail in tails])
    empty = other.codes[rows] < 0
    same = other.codes[rows] == expected
    at_home = np.array([split[code][0] in own for code in column.codes[rows].tolist()])
    # Words of a value may by chance be a value of the neighbour's: it must be lacking there far more often than not.
    usual_empty = 1 - other.present / len(other.codes)
    shifted = empty if len(rows) and empty.mean() > max(0.5, 2 * usual_empty) else np.zeros_like(empty)
    repeated = same & at_home & ~shifted
    repeated &= repeated.sum() <= 0.1 * column.present
    chosen = shifted | repeated
    if not chosen.any():
        return
    evidence = np.where(shifted, evidence_of(JOINED), evidence_of(REPEATED))[chosen]
    heads = [split[code][0] for code in column.codes[rows[chosen]].tolist()]
    yield Hits("joined", column.index, rows[chosen], evidence, Kind.FORM, REASON_JOINED, heads)
    if shifted.any():
        lost = [tail for tail, is_shifted in zip(tails, shifted, strict=True) if is_shifted]
        evidence = np.full(int(shifted.sum()), evidence_of(JOINED))
        yield Hits("joined", other.index, rows[shifted], evidence, Kind.MISSING, REASON_EMPTY, lost)
