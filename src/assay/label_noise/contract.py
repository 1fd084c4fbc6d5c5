"""The contract at the door: cleanlab accepts broken probabilities without a word, so they are refused here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

# Rows are means of float32 probabilities over up to 100 classes: their sums are right to about 1e-5.
SUM_TOLERANCE = 1e-3
# Columns count as swapped where the rows of the classes concerned agree with another order of the columns this much
# more often than with the given one, and more often than not, and beyond chance: models do err, but not like this.
SWAP_RATIO = 1.5
SWAP_Z = 5.0
# Rows that a message names.
SHOWN_ROWS = 5


def check_contract(
    labels: npt.NDArray[np.int64],
    pred_probs: npt.NDArray[np.floating],
    classes: Sequence[str],
    *,
    repeat_probs: npt.NDArray[np.floating] | None = None,
    folds: npt.NDArray[np.integer] | None = None,
    trained: npt.NDArray[np.bool_] | None = None,
    look_swapped: bool = True,
) -> None:
    """Refuse predictions that no judgement of the labels can rest on.

    Parameters
    ----------
    labels
        (N,) in 0..K-1; -1 where a row has no label to judge and was not trained on.
    pred_probs
        (N, K) out-of-sample probabilities; rows sum to 1 within `SUM_TOLERANCE`. A row without a label may be NaN in
        every column: nobody predicted it.
    classes
        The K >= 2 names of the columns.
    repeat_probs
        (R, N, K) probabilities of each repeat, held to the same rules.
    folds, trained
        (R, N) the fold that held each row out, and (N,) which rows were trained on: each of them must have been
        held out in every repeat, or its prediction is not out-of-sample.
    look_swapped
        Whether to look for columns in another order than `classes`. Those of Assay's own models are in order, however
        wrong they are: held-out predictions of labels that alternate say the opposite.

    Raises
    ------
    ContractError
        With one sentence for each rule that is broken: shapes, labels outside the classes, NaN and infinity, values
        outside [0, 1] (logits, percentages, log-probabilities), rows that do not sum to 1, trained rows that were not
        held out; and columns that look swapped, where another order of the columns agrees with the labels more than
        `SWAP_RATIO` times as often, for most of the rows concerned, and `SWAP_Z` standard deviations beyond chance.

    Notes
    -----
    That no row was predicted by a model that saw it cannot be read off probabilities; for predictions that a user
    gives, `assay.label_noise.in_sample.find_origin` looks for signs that one did.

    Examples
    --------
    >>> import numpy as np
    >>> from assay.label_noise import check_contract
    >>> labels = np.array([0, 1] * 50)
    >>> good = np.where(labels[:, None] == [0, 1], 0.8, 0.2)
    >>> check_contract(labels, good, ("no", "yes"))
    """
    labels, pred_probs = np.asarray(labels), np.asarray(pred_probs)
    n, k = len(labels) if labels.ndim == 1 else -1, len(classes)
    problems = _label_problems(labels, k)
    unlabelled = labels < 0 if np.issubdtype(labels.dtype, np.integer) else np.zeros(labels.shape, dtype=np.bool_)
    problems += _probability_problems("pred_probs", pred_probs, (n, k), unlabelled)
    if repeat_probs is not None:
        repeats = np.asarray(repeat_probs)
        shape = (repeats.shape[0] if repeats.ndim == 3 else -1, n, k)
        problems += _probability_problems("repeat_probs", repeats, shape, unlabelled)
    problems += _held_out_problems(labels, folds, trained)
    if not problems and look_swapped:
        problems += _order_problems(labels, pred_probs, classes)
    if problems:
        raise ContractError(problems)


def _label_problems(labels: npt.NDArray[np.int64], k: int) -> list[str]:
    problems = []
    if k < 2:
        problems.append(f"classes must name at least 2 classes, got {k}. Labels of one class cannot be judged.")
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        got = f"{labels.dtype} of shape {labels.shape}"
        return [*problems, f"labels must be one integer a row, got {got}. Encode them as 0..K-1."]
    outside = int(((labels < -1) | (labels >= k)).sum())
    if outside:
        problems.append(
            f"labels must be in 0..{k - 1}, or -1 where there is none, got {outside:,} other values. "
            "Encode them by their place in `classes`."
        )
    if not (labels >= 0).any():
        problems.append("labels must contain at least one label, got none. There is nothing to judge.")
    return problems


def _probability_problems(
    name: str, probs: npt.NDArray[np.floating], shape: tuple[int, ...], unlabelled: npt.NDArray[np.bool_]
) -> list[str]:
    if probs.shape != shape:
        expected = ", ".join(str(size) if size >= 0 else "?" for size in shape)
        return [f"{name} must have shape ({expected}), got {probs.shape}. One row a label, one column a class."]
    if not np.issubdtype(probs.dtype, np.floating):
        return [f"{name} must be floating point, got {probs.dtype}. Pass probabilities, not predicted classes."]
    unpredicted = np.isnan(probs).all(axis=-1) & unlabelled
    not_finite = (~np.isfinite(probs)).any(axis=-1) & ~unpredicted
    if not_finite.any():
        return [f"{name} must be finite, got {_rows(not_finite)} with NaN or infinity. Look for a diverged training."]
    problems = []
    # Sums of float32 may exceed 1 by an ulp.
    outside = np.asarray(((probs < 0) | (probs > 1 + SUM_TOLERANCE)).any(axis=-1))
    if outside.any():
        problems.append(f"{name} must lie in [0, 1], got {_rows(outside)} outside. {_meant(probs[~unpredicted])}")
    unnormalised = np.greater(np.abs(probs.sum(axis=-1, dtype=np.float64) - 1), SUM_TOLERANCE) & ~unpredicted
    if unnormalised.any():
        problems.append(f"{name} must sum to 1 in each row, got {_rows(unnormalised)} that do not. {_NORMALISE}")
    return problems


_NORMALISE = (
    "Normalise them; where they are rounded, write more digits, and where each class has a model of its own, divide "
    "each row by its sum."
)


def _rows(bad: npt.NDArray[np.bool_]) -> str:
    """How many rows, and the positions of the first; `bad` is (N,) or (R, N)."""
    at = np.flatnonzero(bad.reshape(-1, bad.shape[-1]).any(axis=0))
    shown = ", ".join(str(row) for row in at[:SHOWN_ROWS]) + (", ..." if len(at) > SHOWN_ROWS else "")
    return f"{int(bad.sum()):,} rows ({shown}, counted from 0)"


def _meant(probs: npt.NDArray[np.floating]) -> str:
    """What numbers outside [0, 1] probably are, and what to do with them."""

    def sums_to(values: npt.NDArray[np.floating], total: float) -> bool:
        return bool((np.abs(values.sum(axis=-1) - total) <= 10 * SUM_TOLERANCE * total).all())

    if (probs >= 0).all() and sums_to(probs, 100.0):
        return "They look like percentages: divide them by 100."
    if (probs <= 0).all() and sums_to(np.exp(probs), 1.0):
        return "They look like logarithms of probabilities: pass their exponentials."
    return "Pass probabilities, not logits: the softmax of a network's outputs."


def _held_out_problems(
    labels: npt.NDArray[np.int64],
    folds: npt.NDArray[np.integer] | None,
    trained: npt.NDArray[np.bool_] | None,
) -> list[str]:
    if folds is None or trained is None:
        return []
    if trained.shape != labels.shape or folds.ndim != 2 or folds.shape[1:] != labels.shape:
        got = f"{folds.shape} and {trained.shape}"
        return [f"folds must have shape (R, {len(labels)}) and trained ({len(labels)},), got {got}."]
    problems = []
    if not trained.any():
        problems.append("trained must mark at least one row, got none. There is nothing to judge.")
    seen = int((folds[:, trained] < 0).any(axis=0).sum())
    if seen:
        problems.append(
            f"folds must hold out every trained row in every repeat, got {seen:,} rows that are not held out. "
            "Predict each row by a model that did not see it."
        )
    unlabelled = int((trained & (labels < 0)).sum())
    if unlabelled:
        problems.append(f"trained must mark labelled rows only, got {unlabelled:,} rows without a label.")
    return problems


def _order_problems(
    labels: npt.NDArray[np.int64], pred_probs: npt.NDArray[np.floating], classes: Sequence[str]
) -> list[str]:
    from scipy.optimize import linear_sum_assignment

    k = len(classes)
    labelled = labels >= 0
    predicted = pred_probs[labelled].argmax(axis=1)
    counts = np.bincount(labels[labelled] * k + predicted, minlength=k * k).reshape(k, k)
    _, better = linear_sum_assignment(counts, maximize=True)
    moved = np.flatnonzero(better != np.arange(k))
    if not len(moved):
        return []
    as_given = int(counts[moved, moved].sum())
    as_swapped = int(counts[moved, better[moved]].sum())
    rows = int(counts[moved].sum())
    beyond_chance = (as_swapped - as_given) / np.sqrt(max(1, as_swapped + as_given)) > SWAP_Z
    if not (beyond_chance and as_swapped > SWAP_RATIO * as_given and as_swapped > rows / 2):
        return []
    names = ", ".join(f"'{classes[place]}'" for place in moved[:10])
    problem = (
        f"pred_probs must have its columns in the order of classes, got columns that look swapped: of {rows:,} rows "
        f"labelled {names}, {as_given:,} are predicted as labelled, and {as_swapped:,} would be in another order of "
        "these columns. Put the columns in the order of `classes`."
    )
    return [problem]
