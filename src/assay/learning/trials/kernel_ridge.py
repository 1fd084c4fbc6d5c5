"""Kernel ridge regression on many sets of labels at once: one factorisation a fold serves all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.learning.plain_features import read_plain_features

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    Values = npt.NDArray[np.float64]

# Added to the diagonal of a kernel whose diagonal is 1: labels are noisy, and one row must not tell another's alone.
PENALTY = 1.0
_LEAST_SCALE = 1e-12


def compute_kernel(frame: pd.DataFrame, columns: Sequence[str]) -> Values | None:
    """Gaussian kernel between the rows: exp(-d^2 / m), with m the median of the squared distances d^2.

    Numbers count by their standardised difference, with their tails cut off; categories add 2 where they differ.

    Parameters
    ----------
    frame
        n rows; memory is n^2.
    columns
        The features.

    Returns
    -------
    (n, n) float64 in [0, 1], or None where no column has two values.
    """
    features = read_plain_features(frame, columns)
    if not features.width:
        return None
    scaled = features.scaled.astype(np.float64)
    squares = np.einsum("ij,ij->i", scaled, scaled)
    distances = np.maximum(squares[:, None] + squares[None, :] - 2 * scaled @ scaled.T, 0.0)
    for codes in features.codes.T:
        distances += 2.0 * (codes[:, None] != codes[None, :])
    middle = float(np.median(distances[np.triu_indices(len(frame), 1)])) if len(frame) > 1 else 0.0
    kernel: Values = np.exp(-distances / max(middle, float(distances.mean()), _LEAST_SCALE))
    return kernel


def predict_held_out(kernel: Values, targets: Values, folds: npt.NDArray[np.int16]) -> Values:
    """Predict each fold from the others.

    Parameters
    ----------
    kernel
        (n, n) from `compute_kernel`.
    targets
        (n, B): B sets of labels as numbers.
    folds
        (n,), at least two of them.

    Returns
    -------
    (n, B) float64. Saunders, Gammerman and Vovk 1998, "Ridge regression learning algorithm in dual variables".
    """
    from scipy.linalg import cho_factor, cho_solve

    found = np.empty_like(targets)
    for fold in np.unique(folds):
        test = folds == fold
        seen = kernel[np.ix_(~test, ~test)]
        seen[np.diag_indices_from(seen)] += PENALTY
        mean = targets[~test].mean(axis=0)
        weights = cho_solve(cho_factor(seen, lower=True, overwrite_a=True), targets[~test] - mean)
        found[test] = kernel[np.ix_(test, ~test)] @ weights + mean
    return found
