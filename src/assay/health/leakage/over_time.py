"""What changes from the early rows to the late ones: the label, the features, and how well it is predicted."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.able import most_able
from assay.binning import bins_of
from assay.health.leakage.blocks import compare_ends, count_blocks
from assay.health.leakage.halves import separate
from assay.health.leakage.split_parts import MIN_PART
from assay.intervals import bonferroni
from assay.times import read_times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt
    import pandas as pd

    from assay.auc import Auc
    from assay.dataset import Dataset
    from assay.findings import Interval
    from assay.health.context import HealthContext
    from assay.health.leakage.split_parts import Parts

    Codes = npt.NDArray[np.int64]
    Numbers = npt.NDArray[np.float64]

# The late rows: the fifth that a split by time would test on, or as near to it as whole times allow.
LATE = 0.2
LEAST_LATE, MOST_LATE = 0.05, 0.5
CONFIDENCE = 0.95
MIN_TIMES = 5
_MAX_ROWS = 50_000
_BLOCKS = 50
# Rows of a part that lie before the last hundredth of the part before it.
_NEARLY_ALL = 0.99


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What is known of early and late rows.

    Attributes
    ----------
    missing
        Rows without a time.
    rows, late
        Labelled rows with a time, and those of them that are late.
    times
        Different times of the early rows, up to `MIN_TIMES`: of fewer it cannot be told what differs from time to time
        anyway, and intervals are of rows.
    labels
        Class -> share among the late less share among the early rows, with its interval; None with few rows. Of a
        number the classes are the sides of its median.
    errors
        Share of wrong held-out predictions (of a number: of errors above their median) among the late rows less
        that among the early ones. None where it was not measured.
    features
        Feature -> AUC of telling late from early rows by it.
    disorder
        For each two parts of the split that follow each other in time: name of the earlier, name of the later, rows
        of the later, and how many of them are not later than 99% of the rows of the earlier. Only parts that have
        `MIN_PART` rows with a time.
    counts
        (B, K) rows of each class in blocks in the order of time.
    """

    missing: int
    rows: int
    late: int
    times: int
    labels: dict[str, tuple[float, Interval]] | None
    errors: tuple[float, Interval] | None
    features: dict[str, Auc]
    disorder: tuple[tuple[str, str, int, int], ...]
    counts: Codes = field(repr=False)


def read_change(context: HealthContext, coded: tuple[Codes, tuple[str, ...]], parts: Parts) -> Change | str:
    """Compare late rows with early ones; a text says why that cannot be done.

    `coded` are the labels as `labels_in_classes` gives them, `parts` those of the split.
    """
    dataset, (codes, classes) = context.dataset, coded
    assert dataset.roles.time is not None
    when = _read(dataset.frame[dataset.roles.time])
    if when is None:
        return "holds no times that can be read. Write them as 2024-05-31 or 2024-05-31T14:00:00"
    known = np.isfinite(when)
    if not known.any() or np.ptp(when[known]) == 0:
        return ""
    rows = np.flatnonzero(known & (codes >= 0))
    rows = rows[np.argsort(when[rows], kind="stable")]
    start = _late_from(when[rows])
    early, late = rows[:start], rows[start:]
    present = np.unique(codes[rows]) if len(rows) else rows
    ours = present[1:] if len(present) == 2 else present
    confidence = bonferroni(CONFIDENCE, len(ours) + 1)
    times = min(MIN_TIMES, len(np.unique(when[early])))

    def compare(values: Numbers, sides: Sequence[Codes]) -> tuple[float, Interval] | None:
        moments = (when[sides[0]], when[sides[1]]) if times == MIN_TIMES else None
        return compare_ends(values[sides[0]], values[sides[1]], confidence, moments)

    compared = {classes[k]: compare((codes == k).astype(np.float64), (early, late)) for k in ours.tolist()}
    found = {name: change for name, change in compared.items() if change is not None}
    wrong = _wrong(context)
    judged = [side[np.isfinite(wrong[side])] for side in (early, late)]
    return Change(
        missing=int((~known).sum()),
        rows=len(rows),
        late=len(late),
        times=times,
        labels=found if found and len(found) == len(compared) else None,
        errors=compare(wrong, judged),
        features=dict(_tell_late(dataset, early, late, context.seed)) if len(late) else {},
        disorder=tuple(_disorder(parts, when)),
        counts=count_blocks(codes[rows], _BLOCKS),
    )


def _read(values: pd.Series[Any]) -> Numbers | None:
    """(N,) seconds, or numbers as they are (a year), NaN where there is none; None where they are no times."""
    if values.dtype.kind in "iuf":
        numbers = values.to_numpy(dtype=np.float64)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    times = read_times(values, days_matter=True)
    if times is None:
        return None
    seconds = times.dt.tz_localize(None).to_numpy(dtype="datetime64[s]")
    return np.where(np.isnat(seconds), np.nan, seconds.astype(np.int64).astype(np.float64))


def _late_from(when: Numbers) -> int:
    """Where the late rows begin in (n,) ascending times: between two times, nearest to a fifth; n where nowhere."""
    n = len(when)
    starts = np.flatnonzero(np.diff(when) > 0) + 1
    starts = starts[(n - starts >= LEAST_LATE * n) & (n - starts <= MOST_LATE * n)]
    return int(starts[np.argmin(np.abs(n - starts - LATE * n))]) if len(starts) else n


def _wrong(context: HealthContext) -> Numbers:
    """(N,) 1 where the held-out prediction is wrong, 0 where right; NaN where there is none."""
    predictions = context.of_classes
    if predictions is not None:
        able = most_able(predictions)[1]
        judged = predictions.trained & (predictions.labels >= 0) & np.isfinite(able.pred_probs).all(axis=1)
        return np.where(judged, (able.pred_probs.argmax(axis=1) != predictions.labels).astype(np.float64), np.nan)
    values = context.predictions
    errors = np.abs(values.scaled_target - values.scaled_predictions)  # type: ignore[union-attr]
    errors[~values.trained] = np.nan
    known = np.isfinite(errors)
    middle = np.median(errors[known]) if known.any() else 0.0
    return np.where(known, (errors > middle).astype(np.float64), np.nan)


def _tell_late(dataset: Dataset, early: Codes, late: Codes, seed: int) -> Iterator[tuple[str, Auc]]:
    rng = np.random.default_rng((seed, 27))
    rows = rng.permutation(np.concatenate([early, late]))[:_MAX_ROWS]
    is_late = np.isin(rows, late).astype(np.int64)
    half = rng.random(len(rows)) < 0.5
    confidence = bonferroni(CONFIDENCE, len(dataset.roles.features))
    for name in dataset.roles.features:
        auc = separate(bins_of(dataset.frame[name].iloc[rows]), is_late, half, confidence)
        if auc is not None:
            yield name, auc


def _disorder(parts: Parts, when: Numbers) -> Iterator[tuple[str, str, int, int]]:
    """See `Change.disorder`."""
    found = [(parts.names[k], np.sort(when[(parts.of_row == k) & np.isfinite(when)])) for k in parts.looked_at]
    dated = [(name, times) for name, times in found if len(times) >= MIN_PART]
    for (earlier, before), (later, after) in pairwise(sorted(dated, key=lambda part: float(np.median(part[1])))):
        end = before[int(np.ceil(_NEARLY_ALL * len(before))) - 1]
        yield earlier, later, len(after), int((after <= end).sum())
