"""Stretches of a number: values above or below a cut, and whether they stand out from what lies beside them."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.health.leakage.bounds import lower_bound

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

MIN_ROWS = 20
# Of what lies beside, this part as many rows are looked at: a slope is nearly as pure there, a step is not.
BESIDE = 1 / 8
# Beside a step this part of the usual share belongs to other classes, surely more than the second.
MIN_WRONG_BESIDE = 1 / 3
MIN_WRONG_AT_LEAST = 0.25
# Of its rows a stretch keeps this part where its cut is rounded, or the cut is not told.
KEPT = 0.8
_ALPHA = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """The rows above or below a cut that other rows have chosen.

    Attributes
    ----------
    cut
        Where the stretch ends, as it may be told: a value that many rows have, else a number of three digits, or the
        start of a month. None where no such cut ends a stretch that is as good; then it ends at the value of few rows.
    above
        Whether the stretch reaches up from it.
    code
        The class that the stretch fixes.
    mask
        (N,) bool: the judged rows in the stretch.
    judged
        (N,) bool: the half of the rows that did not choose.
    """

    cut: Any
    above: bool
    code: int
    mask: Mask
    judged: Mask


def find_stretches(values: pd.Series[Any], labels: Codes, seed: int, *, most: float) -> Iterator[Stretch]:
    """At each end of a number the longest stretch that fixes the class, if it ends in a step.

    Half of the rows choose class and cut; the other half judges.

    Parameters
    ----------
    values
        (N,) numbers or times; missing ones are in no stretch.
    labels
        (N,) in 0..K-1.
    seed
        Of the halves.
    most
        Of the share of other classes among all rows, the part that may be in the stretch.
    """
    ranks = values.rank(method="dense").to_numpy(dtype=np.float64)
    known = np.isfinite(ranks)
    chooses = np.random.default_rng((seed, 23)).random(len(ranks)) < 0.5
    mine = np.flatnonzero(chooses & known)
    for above in (True, False):
        outward = ranks if above else -ranks
        order = mine[np.argsort(-outward[mine], kind="stable")]
        if len(order) < 2 * MIN_ROWS:
            continue
        code = int(np.bincount(labels[order[:MIN_ROWS]]).argmax())
        base = float((labels[mine] == code).mean())
        rows = np.arange(1, len(order) + 1)
        wrong = np.cumsum(labels[order] != code)
        # A cut lies between two values; all rows are no stretch.
        ends = np.flatnonzero(np.diff(outward[order]) < 0)
        good = ends[(wrong[ends] <= most * (1 - base) * rows[ends]) & (rows[ends] >= MIN_ROWS)]
        beyond = np.minimum(len(order) - 1, good + np.maximum(MIN_ROWS, rows[good] * BESIDE).astype(np.int64))
        good = good[wrong[beyond] - wrong[good] >= MIN_WRONG_BESIDE * (1 - base) * (beyond - good)]
        if not len(good):
            continue
        place = order[good[-1]]
        judged = ~chooses
        mask = judged & known & (outward >= outward[place])
        ours = labels == code
        if mask.sum() < MIN_ROWS or not _steps(outward, mask, judged & known, ours):
            continue
        cut = own = values.iloc[place]
        if not _many_have(values, own):
            cut = _round_outward(own, above=above)
            rest = mask if cut is None else mask & _lies_beyond(values, cut, above=above)
            many = int(rest.sum())
            if (
                many >= max(MIN_ROWS, KEPT * mask.sum())
                and (~ours[rest]).sum() <= 2 * most * (1 - base) * many
                and _steps(outward, rest, judged & known, ours)
            ):
                mask = rest
            else:
                cut = None
        yield Stretch(cut, above, code, mask, judged)


def _lies_beyond(values: pd.Series[Any], cut: Any, *, above: bool) -> Mask:
    found: Mask = (values >= cut if above else values <= cut).to_numpy(dtype=np.bool_, na_value=False)
    return found


def _many_have(values: pd.Series[Any], cut: Any) -> bool:
    """Whether a cut is a value of many rows, and four digits, or the day, are all of it."""
    short = cut == cut.normalize() if isinstance(cut, pd.Timestamp) else float(f"{float(cut):.4g}") == float(cut)
    return bool(short) and int((values == cut).sum()) >= MIN_ROWS


def _round_outward(cut: Any, *, above: bool) -> Any:
    """The next number of three digits, or start of a month, from which on all lies in the stretch; None for none."""
    if isinstance(cut, pd.Timestamp):
        start = cut.normalize().replace(day=1)
        if not above or start == cut:
            return start
        try:
            following = start + pd.offsets.MonthBegin(1)
        except (ValueError, OverflowError):
            return None
        # "Never" is often written as 9999-12-31.
        return following if following.year <= dt.MAXYEAR else None
    number = float(cut)
    rounded = float(f"{number:.3g}")
    if rounded < number if above else rounded > number:
        unit = 10.0 ** (math.floor(math.log10(abs(rounded))) - 2)
        rounded = float(f"{rounded + (unit if above else -unit):.3g}")
    return rounded if math.isfinite(rounded) else None


def stands_out(ranks: npt.NDArray[np.floating[Any]], mask: Mask, ours: Mask) -> bool:
    """Whether the rows of one value, `mask`, are of a class, `ours`, that those just above and below it are not.

    All are (N,); `ranks` are those of the values, NaN where missing.
    """
    known = ~np.isnan(ranks)
    return all(_steps(side, mask, known, ours) for side in (ranks, -ranks))


def _steps(outward: npt.NDArray[np.floating[Any]], mask: Mask, known: Mask, ours: Mask) -> bool:
    """Whether the rows just inward of `mask` belong to other classes nearly as often as rows do."""
    inward = np.flatnonzero(known & (outward < outward[mask].min()))
    many = max(MIN_ROWS, int(mask.sum() * BESIDE))
    if len(inward) < MIN_ROWS // 2:
        return True
    nearest = inward[np.argsort(-outward[inward], kind="stable")[:many]]
    wrong, usual = int((~ours[nearest]).sum()), float((~ours[known]).mean())
    surely = float(lower_bound(wrong, len(nearest), _ALPHA))
    return wrong >= MIN_WRONG_BESIDE * usual * len(nearest) and surely >= MIN_WRONG_AT_LEAST * usual
