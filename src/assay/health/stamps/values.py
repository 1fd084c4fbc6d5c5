"""The values that are stamped: exact ones, ranges of numbers, missing, and pairs of values of two columns."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]
    Numbers = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

# Fewer rows teach a model no value (and about fewer people nothing is told: assay.small_cells).
LEAST_ROWS = 10
# A value of more rows than this is no stamp: most of what is known of the data rests on such values.
MOST_SHARE = 0.05
# Numbers that are no frequent value of their own are put into this many ranges at most, of equally many rows.
RANGES = 32
# Values that are looked at in a column, the most frequent first.
MOST_VALUES = 500
# Cells (rows x pairs of columns) that are counted for pairs of values.
PAIR_CELLS = 2_000_000
# Values of a column that are paired with those of others.
PAIRED_VALUES = 32

MISSING, EXACT, RANGE = "missing", "exact value", "range"


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column as codes, of the rows that were drawn.

    Attributes
    ----------
    codes
        (n,) int64 in 0..V-1; -1 for a value that is looked at by nobody (too rare). Of an ordered column they ascend
        with the values, but for the code of "missing", the last.
    kinds
        (V,) `MISSING`, `EXACT` or `RANGE`.
    bounds
        (V,) the value itself, the two ends of a range, or None.
    is_ordered
        Whether the values are numbers or times.
    """

    name: str
    codes: Codes
    kinds: tuple[str, ...]
    bounds: tuple[Any, ...]
    is_ordered: bool

    def neighbours(self, code: int) -> tuple[int, ...]:
        """The next lower and the next higher value, of an ordered column."""
        if not self.is_ordered or self.kinds[code] == MISSING:
            return ()
        return tuple(i for i in (code - 1, code + 1) if 0 <= i < len(self.kinds) and self.kinds[i] != MISSING)

    def usual(self) -> tuple[int, ...]:
        """What a column holds where nothing was filled in: "missing", and its most frequent value."""
        seen = self.codes[self.codes >= 0]
        most = (int(np.bincount(seen).argmax()),) if len(seen) else ()
        return (*most, *(code for code, kind in enumerate(self.kinds) if kind == MISSING))

    def is_tail(self, code: int) -> bool:
        """Whether it is the lowest or highest range: what grows with a number ends there, without any stamp."""
        return self.kinds[code] == RANGE and len(self.neighbours(code)) < 2

    def carriers(self, frame: pd.DataFrame, code: int) -> Mask:
        """(N,) which rows of the whole frame carry the value."""
        values, bound = _readable(frame[self.name]), self.bounds[code]
        if self.kinds[code] == MISSING:
            found = values.isna()
        elif self.kinds[code] == RANGE:
            found = (values >= bound[0]) & (values <= bound[1])
        else:
            found = values == bound
        return np.asarray(found.fillna(value=False), dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """A value, or a pair of values of two columns, that may decide for a class.

    Attributes
    ----------
    codes
        Column -> code of its value.
    rows
        Positions, among the rows drawn, that carry it.
    target
        The class that these rows have more often than others, in 0..K-1.
    share
        How many of them have it.
    """

    codes: Mapping[str, int]
    rows: Codes
    target: int
    share: float


def read_column(values: pd.Series[Any], name: str) -> Column:
    """Read the values of a column; numbers and times are ordered, everything else goes by its text."""
    values = _readable(values)
    is_ordered = values.dtype.kind in "iufMm"
    codes, distinct = pd.factorize(values, sort=is_ordered)
    counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
    least = max(LEAST_ROWS, -(-len(values) // 500) if is_ordered else 0)
    exact = np.flatnonzero(counts >= least)
    exact = np.sort(exact[np.argsort(-counts[exact], kind="stable")][:MOST_VALUES])
    start = _starts(counts, exact) if is_ordered else exact
    # Of an ordered column every value belongs to the start at or below it, of another only the exact ones count.
    recode = np.searchsorted(start, np.arange(len(distinct)), side="right") - 1
    if not is_ordered:
        recode = np.where(np.isin(np.arange(len(distinct)), exact), recode, -1)
    ends = np.append(start[1:], len(distinct))[: len(start)] - 1
    is_exact = np.isin(start, exact)
    kinds = [EXACT if own else RANGE for own in is_exact]
    bounds: list[Any] = [
        distinct[s] if own else (distinct[s], distinct[e]) for s, e, own in zip(start, ends, is_exact, strict=True)
    ]
    found = np.where(codes >= 0, recode[codes] if len(recode) else -1, -1)
    if (lost := codes < 0).sum() >= LEAST_ROWS:
        found[lost] = len(kinds)
        kinds, bounds = [*kinds, MISSING], [*bounds, None]
    return Column(name, found.astype(np.int64), tuple(kinds), tuple(bounds), is_ordered)


def _readable(values: pd.Series[Any]) -> pd.Series[Any]:
    """A column as models read it: numbers and times as they are, all else by its text."""
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_complex_dtype(values.dtype):
        return pd.Series(values.to_numpy(dtype=np.float64, na_value=np.nan))
    if pd.api.types.is_datetime64_any_dtype(values.dtype) or pd.api.types.is_timedelta64_dtype(values.dtype):
        return values.reset_index(drop=True)
    return values.astype("str").reset_index(drop=True)


def _starts(counts: Codes, exact: Codes) -> Codes:
    """Where, among the sorted distinct values, a value or range starts: each exact value alone, ranges between."""
    rest = counts.copy()
    rest[exact] = 0
    total = int(rest.sum())
    pieces = min(RANGES, total // (2 * LEAST_ROWS))
    inner = np.zeros(len(counts), dtype=np.int64)
    if pieces > 1:
        inner = (np.cumsum(rest) - rest) * pieces // max(1, total)
    own = np.zeros(len(counts), dtype=np.bool_)
    own[exact] = True
    begins = np.ones(len(counts), dtype=np.bool_)
    begins[1:] = (np.diff(inner) > 0) | own[1:] | own[:-1]
    return np.flatnonzero(begins)


def single_stamps(columns: Sequence[Column], labels: Codes, classes: int) -> list[Stamp]:
    """Every value that some rows carry and few: one stamp each."""
    base = np.bincount(labels, minlength=classes) / len(labels)
    found = []
    for column in columns:
        seen = column.codes >= 0
        tally = _tally(column.codes[seen], labels[seen], len(column.kinds), classes)
        eligible = _eligible(tally, len(labels))
        for code, target, share in zip(eligible, *_targets(tally[eligible], base), strict=True):
            if not column.is_tail(int(code)):
                rows = np.flatnonzero(column.codes == code)
                found.append(Stamp({column.name: int(code)}, rows, int(target), float(share)))
    return found


def pair_stamps(
    columns: Sequence[Column], labels: Codes, classes: int, pure: float, rng: np.random.Generator
) -> tuple[list[Stamp], int]:
    """Pairs of values whose rows nearly all have one class, and those of neither value alone; and how many there are.

    Parameters
    ----------
    columns
        The columns, of n rows.
    labels
        (n,) in 0..K-1.
    classes
        K.
    pure
        The least share of one class.
    rng
        Which pairs of columns are looked at, where there are too many.
    """
    base = np.bincount(labels, minlength=classes) / len(labels)
    pairs = draw_pairs(len(columns), max(1, PAIR_CELLS // len(labels)), rng)
    frequent = {i: _most_frequent(columns[i].codes) for pair in pairs for i in pair}
    found, compared = [], 0
    for one, two in pairs:
        (first, a), (second, b) = frequent[one], frequent[two]
        seen = (a >= 0) & (b >= 0)
        tally = _tally(a[seen] * len(second) + b[seen], labels[seen], len(first) * len(second), classes)
        cells = tally.reshape(len(first), len(second), classes)
        alone = np.maximum(_shares(cells.sum(axis=1))[:, None], _shares(cells.sum(axis=0))[None])
        eligible = _eligible(tally, len(labels))
        targets, shares = _targets(tally[eligible], base)
        compared += len(eligible)
        both = (shares >= pure) & (alone.reshape(-1, classes)[eligible, targets] < pure)
        for code, target, share in zip(eligible[both], targets[both], shares[both], strict=True):
            i, j = divmod(int(code), len(second))
            codes = {columns[one].name: int(first[i]), columns[two].name: int(second[j])}
            found.append(Stamp(codes, np.flatnonzero((a == i) & (b == j)), int(target), float(share)))
    return found, compared


def draw_pairs(columns: int, most: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """At most so many pairs of columns, in order. All pairs of 20,000 columns would take gigabytes."""
    pairs = columns * (columns - 1) // 2
    if pairs <= most:
        return list(combinations(range(columns), 2))
    # The pairs in the order of `combinations`; before those that begin with column i there are `before[i]`.
    drawn = np.sort(rng.choice(pairs, most, replace=False))
    first = np.arange(columns)
    before = first * (2 * columns - first - 1) // 2
    one = np.searchsorted(before, drawn, side="right") - 1
    return list(zip(one.tolist(), (drawn - before[one] + one + 1).tolist(), strict=True))


def _most_frequent(codes: Codes) -> tuple[Codes, Codes]:
    """The most frequent codes, and the place of each row's code among them; -1 for another."""
    counts = np.bincount(codes[codes >= 0], minlength=1)
    kept = np.argsort(-counts, kind="stable")[:PAIRED_VALUES]
    kept = kept[counts[kept] > 0]
    place = np.full(len(counts) + 1, -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    return kept, place[codes]  # -1 reads the last entry, which is -1


def _tally(codes: Codes, labels: Codes, values: int, classes: int) -> Codes:
    """(V, K) rows of each value and class."""
    return np.bincount(codes * classes + labels, minlength=values * classes).reshape(values, classes)


def _eligible(tally: Codes, rows: int) -> Codes:
    size = tally.sum(axis=1)
    return np.flatnonzero((size >= LEAST_ROWS) & (size <= MOST_SHARE * rows))


def _shares(tally: Codes) -> Numbers:
    size = tally.sum(axis=-1, keepdims=True)
    return np.asarray(tally / np.maximum(size, 1), dtype=np.float64)


def _targets(tally: Codes, base: Numbers) -> tuple[Codes, Numbers]:
    """For each value the class that is most above its share of all rows, and its share of these: (V,) each."""
    shares = _shares(tally)
    target = np.argmax(shares - base, axis=1)
    return target, shares[np.arange(len(shares)), target]
