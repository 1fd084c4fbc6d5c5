"""How often values and rows repeat, and how often chance alone would make them: keys, copies, coarse tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

# A key has nearly as many values as rows; a few repeated rows do not make it less of a key.
KEY_SHARE = 0.95
# Below this many values even a category may happen to have no repeats.
KEY_MIN_VALUES = 50
# Standard deviations by which the repeats of whole numbers must fall short of chance: below one in 10,000.
KEY_DEVIATIONS = 4.0
# Digits in a text that make this few repeats by chance have room for a number of its own for every row.
KEY_MIN_EXPECTED = 0.01

# Where chance explains this share of the repeats, a repeated row is as likely a twin as a copy.
MAX_CHANCE_SHARE = 0.1
# Fewer kinds of rows than this, each there so often on average, are categories that depend on each other: nothing
# is written ten times over by mistake in a table of so few rows.
FEW_KINDS = 100
MANY_OF_A_KIND = 10
# Where more than this share of the rows is there three times or more, and no column tells the kinds apart, they are
# combinations of categories, however these depend on each other.
MAX_THRICE = 0.2
# Numbering the combinations anew takes longer than all else: keys grow until 64 bits are full.
MAX_KEY = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """Rows that repeat an earlier row.

    Attributes
    ----------
    later
        (N,) bool, true for all rows of a kind but the first.
    by_chance
        Rows that would repeat an earlier one if nothing had been copied, estimated.
    left_out
        Columns that were not compared because they identify rows.
    combined
        Whether the rows look like combinations of categories, whatever `by_chance` says.
    """

    later: npt.NDArray[np.bool_]
    by_chance: float
    left_out: tuple[str, ...] = ()
    combined: bool = False

    @property
    def coarse(self) -> bool:
        """Whether the columns are too coarse to tell a copy from a twin."""
        return self.combined or bool(self.by_chance > MAX_CHANCE_SHARE * self.later.sum())


def find_copies(frame: pd.DataFrame, columns: Sequence[str], left_out: tuple[str, ...] = ()) -> Copies:
    """Rows equal to an earlier one in `columns`, and how many of them to expect by chance.

    Chance: two halves of the columns, of like numbers of values, that are independent of each other. That two
    different rows agree in a half is counted on the distinct rows, so that copies do not count as chance; the
    repeats of N draws follow from the product as in the birthday problem.
    """
    keys = row_keys(frame, columns)
    later = pd.Series(keys).duplicated().to_numpy()
    many = {name: int(frame[name].nunique(dropna=False)) for name in columns}
    ranked = sorted(columns, key=lambda name: -many[name])
    distinct = frame.loc[~later]
    if len(distinct) < FEW_KINDS and len(frame) >= MANY_OF_A_KIND * len(distinct):
        return Copies(later, float(later.sum()), left_out)
    agree = [_agreement(row_keys(distinct, half)) for half in (ranked[::2], ranked[1::2])]
    together = float(np.prod(agree))
    by_chance = expected_repeats(1 / together, len(frame)) if together else 0.0
    thrice = float((np.unique(keys, return_counts=True)[1][pd.factorize(keys, sort=True)[0]] >= 3).mean())
    telling = max((int(distinct[name].nunique(dropna=False)) for name in ranked), default=0)
    combined = thrice > MAX_THRICE and telling < KEY_SHARE * len(distinct)
    return Copies(later, by_chance, left_out, combined)


def _agreement(keys: npt.NDArray[np.int64]) -> float:
    """Share of the pairs of rows that are equal, without bias by the number of rows."""
    n = len(keys)
    counts = np.unique(keys, return_counts=True)[1].astype(np.float64)
    return float((counts * (counts - 1)).sum() / (n * (n - 1))) if n > 1 else 1.0


def expected_repeats(span: float, n: int) -> float:
    """Repeats among n independent uniform draws from `span` values (>= 1): n - S * (1 - (1 - 1/S)^n)."""
    if span <= 1:
        return max(0.0, n - 1.0)
    if not np.isfinite(span):
        return 0.0
    # Rounding makes the difference of two large numbers slightly negative.
    return max(0.0, float(n + span * np.expm1(n * np.log1p(-1 / span))))


def equal_by_chance(
    coded: pd.DataFrame, columns: Sequence[str], among: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Rows as equal to others as chance makes rows in which so few columns are filled.

    Chance: R rows lack the same columns, and the values of the others are independent of each other. Of a row whose
    values have the shares p1, p2, ... R * p1 * p2 * ... equals are to be expected. Where that is more than
    `MAX_CHANCE_SHARE` of those that it has, it is as likely a twin as a copy. The shares are those of the other
    distinct rows, so that copies do not count as chance.

    Parameters
    ----------
    coded
        N rows of codes of values, -1 where missing.
    columns
        Those that are compared.
    among
        (N,) bool, the rows that are asked about; the others are False in the answer.
    """
    names = list(columns)
    keys = row_keys(coded, names)
    first = ~pd.Series(keys).duplicated().to_numpy()
    expected = _sizes(row_keys(coded[names] < 0, names))[among].astype(np.float64)
    for name in names:
        codes = coded[name].to_numpy()
        counts = np.bincount(codes[first & (codes >= 0)], minlength=1)
        # The last stands for the missing ones, whose code is -1.
        shares = np.append((counts - 1) / max(1, counts.sum() - 1), 1.0)
        expected *= shares[codes[among]]
    answer = among.copy()
    answer[among] = expected > MAX_CHANCE_SHARE * (_sizes(keys)[among] - 1)
    return answer


def _sizes(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(N,) how many rows have the key of each."""
    codes = pd.factorize(keys)[0]
    return np.asarray(np.bincount(codes, minlength=1)[codes])


def identifies_rows(values: pd.Series[Any], distinct: int, present: int) -> bool:
    """Whether a column is text nearly without repeats, or whole numbers that repeat far less than by chance."""
    if present < KEY_MIN_VALUES or distinct <= KEY_SHARE * present or values.dtype.kind in "bM":
        return False
    if values.dtype.kind in "iuf":
        numbers = values.dropna().to_numpy()
        # Integers with a gap are read as floats; true decimals and infinities are measurements.
        if numbers.dtype.kind == "f" and not (np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all()):
            return False
        return _repeats_too_little(float(numbers.max()) - float(numbers.min()) + 1, distinct, present)
    codes = _fixed_width_digits(values)
    if codes is None or expected_repeats(10.0 ** len(codes[0]), present) < KEY_MIN_EXPECTED:
        return True
    return _repeats_too_little(float(int(codes[1]) - int(codes[0])) + 1, distinct, present)


def _fixed_width_digits(values: pd.Series[Any]) -> tuple[str, str] | None:
    """Least and greatest of texts that are all digits of one length, such as postal codes; None for others."""
    texts = values.dropna()
    if not texts.map(lambda value: isinstance(value, str) and value.isascii() and value.isdigit()).all():
        return None
    least, greatest = str(texts.min()), str(texts.max())
    return (least, greatest) if (texts.str.len() == len(least)).all() else None


def _repeats_too_little(span: float, distinct: int, present: int) -> bool:
    """Whether values repeat far less than independent draws over their span would.

    Uniform draws repeat least of all, so that a measurement of any other shape repeats more.
    """
    expected = expected_repeats(span, present)
    return bool(present - distinct < expected - KEY_DEVIATIONS * np.sqrt(expected))


def row_keys(
    frame: pd.DataFrame, columns: Iterable[str], start: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[np.int64]:
    """Codes of combinations of values, exact (no hashing), in N memory for any number of columns."""
    keys = np.zeros(len(frame), dtype=np.int64) if start is None else start
    size = int(keys.max(initial=0)) + 1
    for name in columns:
        codes, values = pd.factorize(frame[name])
        if size > MAX_KEY // (len(values) + 1):
            # Now at most N of them, so that the product below fits for any N that fits in memory.
            keys, combinations = pd.factorize(keys)
            size = len(combinations)
        keys = keys * (len(values) + 1) + (codes + 1)
        size *= len(values) + 1
    return keys if size <= len(frame) else pd.factorize(keys)[0]
