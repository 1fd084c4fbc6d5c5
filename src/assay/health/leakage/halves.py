"""How well the values of a column tell some rows from the others, where each half is judged by the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.auc import compute_auc

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.auc import Auc

    Codes = npt.NDArray[np.int64]


def separate(bins: Codes, codes: Codes, half: npt.NDArray[np.bool_], confidence: float) -> Auc | None:
    """AUC of telling classes apart by the frequency of each among the rows of the same bin in the other half.

    Parameters
    ----------
    bins
        (N,) from 0.
    codes
        (N,) in 0..K-1.
    half
        (N,) bool: which half a row is in.
    confidence
        In (0, 1), of the interval.

    Returns
    -------
    Auc or None
        None where fewer than two classes occur.
    """
    classes, many = int(codes.max(initial=0)) + 1, int(bins.max(initial=0)) + 1
    usual = np.bincount(codes, minlength=classes) / max(1, len(codes))
    scores = np.empty((len(codes), classes))
    for side in (half, ~half):
        cells = np.bincount(bins[~side] * classes + codes[~side], minlength=many * classes).reshape(many, classes)
        # A pseudo-row: a value that the other half has not seen predicts what is usual.
        share = (cells + usual) / (cells.sum(axis=1, keepdims=True) + 1)
        scores[side] = share[bins[side]]
    return compute_auc(codes, scores, confidence)
