"""Values that fix the label: what a row has to have in one column, and how sure its class is then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.health.leakage.bounds import chance_of, lower_bound
from assay.health.leakage.fixed import ABOVE, BELOW, FILLED, MISSING, PATTERNS, UNUSUAL, VALUE, PureValue, PureValues
from assay.health.leakage.rows import independent_rows
from assay.health.leakage.stretches import find_stretches, stands_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.dataset import Dataset

    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

CONFIDENCE = 0.95
# A value with fewer rows decides nothing, whatever they are; of a column being filled in half of that may be said.
MIN_ROWS = 20
MIN_ROWS_TO_MENTION = 10
# A value fixes a class where of its rows at most this part of what is usual belongs to other classes ...
MAX_WRONG = 0.05
# ... and surely no more than this part.
MAX_WRONG_AT_MOST = 0.25
# Of a column being missing, filled in or unusual the exceptions may be wrong labels: so many more are allowed as other
# rows are suspect, up to this part of the rows.
MOST_NOISE = 0.05
# Fewer other rows say nothing of the noise.
_MIN_OTHERS = 100
# A number of so few values is a code: its values need not stand out among their neighbours.
MAX_CODES = 10
# A value that half the rows have is the usual one, which stands for "nothing there".
USUAL_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class _Candidate:
    """As `PureValue`; `n` rows were looked at, and `where` packs which of them have it, to know the same again."""

    column: str
    kind: str
    value: Any
    code: int
    rows: int
    hits: int
    of_class: int
    n: int
    where: bytes
    noise: float = 0.0

    @property
    def base(self) -> float:
        return self.of_class / self.n

    @property
    def fits(self) -> bool:
        return self.rows - self.hits <= (MAX_WRONG * (1 - self.base) + min(self.noise, MOST_NOISE)) * self.rows

    def is_sure(self, alpha: float) -> bool:
        wrong = 1 - float(lower_bound(self.hits, self.rows, alpha))
        return self.rows >= MIN_ROWS and wrong <= MAX_WRONG_AT_MOST * (1 - self.base)


def find_pure_values(dataset: Dataset, seed: int, suspect: Mask | None = None) -> PureValues:
    """Look through the values of all features for those that fix the class.

    Where the label is a number, nothing is found. `suspect` (N,) are rows whose label may be wrong.
    """
    rows = independent_rows(dataset, seed)
    labels = dataset.labels.codes[rows]
    counts = np.bincount(labels, minlength=len(dataset.labels.classes)).astype(np.int64)
    present = np.flatnonzero(counts)
    labelled = dataset.labels.codes[dataset.labels.codes >= 0]
    shares = np.bincount(labelled, minlength=len(counts)) / max(1, len(labelled))
    if dataset.target is not None or len(present) < 2:
        return PureValues((), len(rows), 0, {}, counts, shares)
    doubted = np.zeros(len(rows), dtype=np.bool_) if suspect is None or not len(suspect) else suspect[rows]
    columns = [
        _Column(name, dataset.frame[name].iloc[rows], labels, counts, doubted) for name in dataset.roles.features
    ]
    looked_at = [column.look(seed) for column in columns]
    tried = sum(many for many, _ in looked_at)
    # Of each the class is chosen that it fits best.
    alpha = (1 - CONFIDENCE) / max(1, tried * len(present))
    found: dict[tuple[int, bytes], PureValue] = {}
    candidates = [candidate for _, of_column in looked_at for candidate in of_column]
    # A flag of the same rows does not take the place of the column that is filled in.
    for candidate in sorted(candidates, key=lambda candidate: candidate.kind not in PATTERNS):
        pure = _judge(candidate, alpha)
        if pure is not None:
            known = found.get((candidate.code, candidate.where), pure)
            columns_of_it = tuple(dict.fromkeys((*known.columns, *pure.columns)))
            found[candidate.code, candidate.where] = replace(known, columns=columns_of_it)
    ranked = sorted(found.values(), key=lambda pure: -pure.covered_low)
    least = {int(k): _least(float(counts[k] / len(rows)), alpha) for k in present}
    return PureValues(tuple(_outermost(ranked)), len(rows), tried, least, counts, shares)


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """A feature of the n rows that are looked at, their labels, the (K,) rows of each class, and the suspect rows."""

    name: str
    values: pd.Series[Any]
    labels: Codes
    counts: Codes
    suspect: Mask

    def look(self, seed: int) -> tuple[int, list[_Candidate]]:
        """How many values, ranges and patterns were looked at, and those of them that fit a class."""
        codes, distinct = pd.factorize(self.values)
        there = codes >= 0
        sizes = np.bincount(codes[there], minlength=len(distinct))
        patterns = [(MISSING, ~there), (FILLED, there)] if not there.all() else []
        # The rarer of two values is a value like another.
        if len(distinct) > 2 and sizes.max() >= USUAL_SHARE * len(codes):
            patterns.append((UNUSUAL, there & (codes != sizes.argmax())))
        patterns = [(kind, mask) for kind, mask in patterns if mask.sum() >= MIN_ROWS_TO_MENTION]
        found = [replace(self._candidate(kind, mask), noise=self._noise_beside(mask)) for kind, mask in patterns]
        tried = len(found)
        if len(distinct) > 1:
            measured = self.values.dtype.kind in "iufM" and len(distinct) > MAX_CODES
            frequent = np.flatnonzero(sizes >= MIN_ROWS)
            found += self._single_values(codes, distinct, frequent, measured=measured)
            tried += len(frequent)
            # That a measurement sets one of several classes apart is what a good feature does.
            if measured and np.count_nonzero(self.counts) == 2:
                found += self._stretches(seed)
                tried += 2
        return tried, [candidate for candidate in found if candidate.fits or candidate.kind in PATTERNS]

    def _noise_beside(self, mask: Mask) -> float:
        others = int((~mask).sum())
        return int((self.suspect & ~mask).sum()) / others if others >= _MIN_OTHERS else 0.0

    def _candidate(self, kind: str, mask: Mask, value: Any = None) -> _Candidate:
        hits = np.bincount(self.labels[mask], minlength=len(self.counts))
        code = int(hits.argmax())
        return _Candidate(
            self.name,
            kind,
            value,
            code,
            rows=int(mask.sum()),
            hits=int(hits[code]),
            of_class=int(self.counts[code]),
            n=len(self.labels),
            where=np.packbits(mask).tobytes(),
        )

    def _single_values(self, codes: Codes, distinct: Any, frequent: Codes, *, measured: bool) -> Iterator[_Candidate]:
        classes = len(self.counts)
        place = np.full(len(distinct) + 1, -1)
        place[frequent] = np.arange(len(frequent))
        places = place[codes]
        known = places >= 0
        cells = np.bincount(places[known] * classes + self.labels[known], minlength=len(frequent) * classes)
        table = cells.reshape(-1, classes)
        wrong = 1 - table.max(axis=1, initial=0) / np.maximum(1, table.sum(axis=1))
        usual = 1 - self.counts[table.argmax(axis=1)] / len(self.labels) if len(table) else wrong
        ranks = self.values.rank(method="dense").to_numpy(dtype=np.float64) if measured else None
        for code in frequent[wrong <= MAX_WRONG * usual].tolist():
            mask = codes == code
            candidate = self._candidate(VALUE, mask, distinct[code])
            # Not yet corrected for all that is tried: what fails here fails there.
            if candidate.is_sure(1 - CONFIDENCE) and (
                ranks is None or stands_out(ranks, mask, self.labels == candidate.code)
            ):
                yield candidate

    def _stretches(self, seed: int) -> Iterator[_Candidate]:
        # A cut at the edge of what is allowed would fall on either side of it among the other rows.
        for stretch in find_stretches(self.values, self.labels, seed, most=MAX_WRONG / 2):
            ours = self.labels == stretch.code
            yield _Candidate(
                self.name,
                ABOVE if stretch.above else BELOW,
                stretch.cut,
                stretch.code,
                rows=int(stretch.mask.sum()),
                hits=int((ours & stretch.mask).sum()),
                of_class=int((ours & stretch.judged).sum()),
                n=int(stretch.judged.sum()),
                where=np.packbits(stretch.mask).tobytes(),
            )


def _judge(candidate: _Candidate, alpha: float) -> PureValue | None:
    sure = candidate.is_sure(alpha)
    if not sure and (not candidate.fits or chance_of(candidate.hits, candidate.rows, candidate.base) > alpha):
        return None
    return PureValue(
        columns=(candidate.column,),
        kind=candidate.kind,
        value=candidate.value,
        code=candidate.code,
        rows=candidate.rows,
        hits=candidate.hits,
        of_class=candidate.of_class,
        base=candidate.base,
        purity_low=float(lower_bound(candidate.hits, candidate.rows, alpha)),
        covered_low=float(lower_bound(candidate.hits, candidate.of_class, alpha)),
        sure=sure,
        fits=candidate.fits,
        noise=candidate.noise,
    )


def _least(base: float, alpha: float) -> int:
    """Rows, all of one class, from which on the lower limit of the share suffices."""
    return max(MIN_ROWS, int(np.ceil(np.log(alpha) / np.log1p(-MAX_WRONG_AT_MOST * (1 - base)))))


def _outermost(ranked: list[PureValue]) -> Iterator[PureValue]:
    """Without the single values of a column of which "filled" or "unusual" already says the same."""
    said = {
        (name, pure.code) for pure in ranked if pure.fits and pure.kind in (FILLED, UNUSUAL) for name in pure.columns
    }
    by_filled = {(name, pure.code) for pure in ranked if pure.kind == FILLED for name in pure.columns}
    for pure in ranked:
        key = (pure.column, pure.code)
        if pure.kind in (VALUE, ABOVE, BELOW) and key in said:
            continue
        if pure.kind == UNUSUAL and key in by_filled:
            continue
        yield pure
