"""Stretches of a number: values above or below a cut, and whether they stand out from what lies beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.health.leakage.bounds import lower_bound

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import pandas as pd

    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

MIN_ROWS = 20
# Of what lies beside, this part as many rows are looked at: a slope is nearly as pure there, a step is not.
BESIDE = 1 / 8
# Beside a step this part of the usual share belongs to other classes, surely more than the second.
MIN_WRONG_BESIDE = 1 / 3
MIN_WRONG_AT_LEAST = 0.25
_ALPHA = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """The rows above or below a cut that other rows have chosen.

    Attributes
    ----------
    cut
        The value at the end of the stretch; it belongs to it.
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
        if mask.sum() >= MIN_ROWS and _steps(outward, mask, judged & known, labels == code):
            yield Stretch(values.iloc[place], above, code, mask, judged)


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
