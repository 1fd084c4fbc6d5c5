"""Near-duplicate rows of a table: from columns to pairs with probabilities, as a plain function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.records.blocking import KEY_COLUMNS, Candidates, agreement_bits, find_candidates
from assay.records.clusters import cluster_pairs, pairs_within
from assay.records.fields import numbers_rows, read_fields
from assay.records.linkage import link

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.records.fields import Field
    from assay.records.linkage import Linkage

# A pair is named from this probability of a match on.
LEAST_PROBABILITY = 0.8
# Share of the rows that would have to repeat another for a search to be of use: with this prior, two rows that agree
# in everything must be more likely one thing than two.
WORTHWHILE_SHARE = 0.001
# Where no event was seen, so many may have been expected (the rule of three, at 95%).
UNSEEN = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Near-duplicates among N rows.

    Attributes
    ----------
    first, second
        (M,) int64 positions, first < second, ascending: pairs of rows of one group.
    probability
        (M,) float64: of a match; a pair that two others imply may have a low one.
    cluster
        (N,) int64: equal for rows that belong together, exact copies with them; -1 for a row of its own.
    repeats
        (N,) float64: probability that the row repeats an earlier one and is no exact copy: that of its best pair,
        named or not.
    compared
        Names of the columns that were compared, the most telling first.
    candidates, dropped
        Pairs that were compared, and pairs that shared a key and were not, because they were too many.
    missed
        Upper bound of the rows that repeat another in a pair that was dropped.
    apart
        Columns in which rows that agree in the rest differ as a rule.
    hidden
        (N,) float64: probability that the row repeats an earlier one, did the columns of `apart` not tell them apart;
        0 where it does not rest on these.
    attainable_bits, needed_bits
        Information of two rows that agree in everything, and what it takes to say that they are one thing.
    too_large
        Rows in nets of similar rows too large to be records of one thing.
    """

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    probability: npt.NDArray[np.float64]
    cluster: npt.NDArray[np.int64]
    repeats: npt.NDArray[np.float64]
    hidden: npt.NDArray[np.float64]
    compared: tuple[str, ...] = ()
    candidates: int = 0
    dropped: int = 0
    missed: float = 0.0
    apart: tuple[str, ...] = ()
    attainable_bits: float = 0.0
    needed_bits: float = 0.0
    too_large: int = 0

    @property
    def applicable(self) -> bool:
        """Whether the columns hold enough information to tell one record from another."""
        return self.attainable_bits > self.needed_bits


def match_records(frame: pd.DataFrame, columns: Sequence[str], tell_apart: Sequence[str] = ()) -> Matches:
    """Find the rows of `frame` that mean the same thing and do not say it in the same way.

    Unsupervised: no labels, no names of columns, no list of names or places. The result does not depend on the
    order of the rows, but for the positions.

    Parameters
    ----------
    frame
        N rows, any index.
    columns
        Names of the columns to compare; what identifies rows (an id) should not be among them.
    tell_apart
        Those of them in which two rows of one record never differ, such as the month in a table of people and months.

    Returns
    -------
    Matches
        Exact copies of a row in all `columns` are not pairs; they share the cluster of their first.
    """
    kinds, kept = _distinct_rows(
        frame, [name for name in columns if name in tell_apart or not numbers_rows(frame[name])]
    )
    n = len(kept)
    fields = read_fields(frame.iloc[kept], tuple(columns), tell_apart) if n > 1 else ()
    # One column alone cannot say whether two similar values are one thing or two.
    if len(fields) < 2:
        return _none(len(frame), fields)
    order = _content_order(fields)
    ordered = [field.take(order) for field in fields]
    candidates = find_candidates(ordered)
    linkage = link(ordered, candidates, tell_apart)
    probability = linkage.candidates
    named = probability >= LEAST_PROBABILITY
    cluster, too_large = cluster_pairs(
        candidates.first[named], candidates.second[named], n, probability=linkage.probability
    )
    back = kept[order]  # positions of the rows as they were worked on
    first, second, sure = _pairs(cluster, back, linkage)
    clusters = np.full(n, -1, dtype=np.int64)
    clusters[order] = cluster
    share = max(1.0, WORTHWHILE_SHARE * n)
    hidden = np.zeros(len(frame))
    np.maximum.at(hidden, np.maximum(back[candidates.first], back[candidates.second]), linkage.ruled_out)
    return Matches(
        first=first,
        second=second,
        probability=sure,
        cluster=clusters[kinds],
        repeats=_repeats(clusters[kinds], second, sure, candidates, back, probability=probability),
        hidden=hidden,
        compared=tuple(field.name for field in fields),
        candidates=len(candidates.first),
        dropped=candidates.dropped,
        missed=min(float(n), _missed(ordered, candidates, probability)),
        apart=linkage.apart,
        attainable_bits=linkage.chance.attainable_bits(ordered),
        needed_bits=float(np.log2(n * (n - 1) / 2 / share)),
        too_large=too_large,
    )


def _distinct_rows(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Kind of each row, 0.. in order of appearance, and the first row of each kind; kinds are exact copies."""
    kinds = np.zeros(len(frame), dtype=np.int64)
    for name in columns:
        codes, values = pd.factorize(frame[name])
        kinds = pd.factorize(kinds * (len(values) + 1) + codes + 1)[0].astype(np.int64)
    return kinds, np.flatnonzero(~pd.Series(kinds).duplicated().to_numpy())


def _content_order(fields: Sequence[Field]) -> npt.NDArray[np.int64]:
    """Rows in the order of their values: what is drawn at random later does not depend on the order given."""
    return np.lexsort([field.codes for field in reversed(fields)])


def _pairs(
    cluster: npt.NDArray[np.int64], back: npt.NDArray[np.int64], linkage: Linkage
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Pairs of rows of one group as positions in the frame, ascending, and their probabilities."""
    a, b = pairs_within(cluster)
    probability = linkage.probability(a, b)
    first, second = np.minimum(back[a], back[b]), np.maximum(back[a], back[b])
    order = np.lexsort((second, first))
    return first[order], second[order], probability[order]


def _repeats(
    cluster: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
    sure: npt.NDArray[np.float64],
    candidates: Candidates,
    back: npt.NDArray[np.int64],
    *,
    probability: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Probability that each row repeats an earlier one: by its best pair, named or not."""
    best = np.zeros(len(cluster))
    np.maximum.at(best, second, sure)
    a, b = back[candidates.first], back[candidates.second]
    # Of the pairs that were not named only those of a row in no group: the others are counted already.
    loose = (cluster[a] < 0) | (cluster[b] < 0)
    np.maximum.at(best, np.maximum(a, b)[loose], probability[loose])
    return best


def _missed(fields: Sequence[Field], candidates: Candidates, probability: npt.NDArray[np.float64]) -> float:
    """Upper bound of the matches among the dropped pairs: those had less in common than any that was kept.

    They are matches at most as often as the half of the kept ones that has the least in common.
    """
    if not candidates.dropped:
        return 0.0
    score = agreement_bits(fields[:KEY_COLUMNS], candidates.first, candidates.second)
    least = np.argsort(score, kind="stable")[: max(1, len(score) // 2)]
    return float(candidates.dropped * (probability[least].sum() + UNSEEN) / len(least))


def _none(rows: int, fields: Sequence[Field]) -> Matches:
    empty = np.zeros(0, dtype=np.int64)
    return Matches(
        empty,
        empty,
        np.zeros(0),
        np.full(rows, -1, dtype=np.int64),
        np.zeros(rows),
        np.zeros(rows),
        compared=tuple(field.name for field in fields),
        needed_bits=float("inf"),
    )
