"""How much of what a column tells another one has told already: times that follow from each other, net and gross."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.records.fields import Field

# Rows from which the rank correlations are taken.
ROWS = 20_000
# Bits below which two columns are taken as independent in their order: the correlation is an estimate.
LEAST_SHARED = 0.5
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(.*)", re.DOTALL)
MONTHS = 12


def shared_bits(fields: Sequence[Field]) -> npt.NDArray[np.float64]:
    """(F, F) bits that two columns of numbers, dates or codes share by their order; 0 for words.

    Of two rows with near values in one column, the difference in the other shrinks by sqrt(1 - r^2), where r is the
    rank correlation, and an agreement there becomes more likely by as much: -log2(1 - r^2) / 2, the mutual
    information of a Gaussian copula. This does not ask whether the rows that agree are of one thing, and so it holds
    in tables of times alone.
    """
    found = np.zeros((len(fields), len(fields)))
    places = [place for place, field in enumerate(fields) if not field.words]
    n = len(fields[0].codes)
    rows = np.sort(np.random.default_rng(0).permutation(n)[:ROWS])
    ranks = {place: _ranks(fields[place], rows) for place in places}
    correlation = pd.DataFrame(ranks).corr(method="pearson", min_periods=3).fillna(0.0).to_numpy()
    # A perfect correlation shares all there is.
    bits = -0.5 * np.log2(np.maximum(1 - correlation**2, 1e-12))
    found[np.ix_(places, places)] = np.where(bits >= LEAST_SHARED, bits, 0.0)
    np.fill_diagonal(found, 0.0)
    return found


def _ranks(field: Field, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Middle ranks of the values of these rows; NaN where they are missing."""
    order = _order(field)
    counts = field.counts[order]
    middle = np.empty(len(order))
    middle[order] = np.cumsum(counts) - counts / 2
    codes = field.codes[rows]
    return np.where(codes >= 0, middle[codes], np.nan)


def _order(field: Field) -> npt.NDArray[np.int64]:
    """Values in their order; dates that do not begin with the year are put in the order of time."""
    given = np.arange(len(field.counts))
    if field.texts is None:
        return given
    if _DAY_FIRST.fullmatch(field.texts[0]) is None:
        return given
    parts = [_DAY_FIRST.fullmatch(text) for text in field.texts]
    split = [match.groups() for match in parts if match is not None]
    if len(split) < len(parts):
        return given
    month_first = max(int(first) for first, *_ in split) <= MONTHS
    keys = [
        (year, first.zfill(2), second.zfill(2), rest) if month_first else (year, second.zfill(2), first.zfill(2), rest)
        for first, second, year, rest in split
    ]
    return np.asarray(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
