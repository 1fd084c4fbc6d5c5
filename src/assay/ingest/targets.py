"""The label column as a quantity."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.dataset import NO_LABEL, Labels
from assay.errors import InputError
from assay.ingest.columns import number_text
from assay.ingest.labels import MAX_DISTINCT_TEXTS, MAX_OBVIOUS_CLASSES, is_quantity

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.config import AuditConfig

# A quantity with fewer distinct values has no residuals to speak of.
MIN_DISTINCT = 3
# A text column of which at least this share reads as numbers was meant as one of numbers.
MOSTLY_NUMBERS = 0.9
QUANTILE_BINS = 10


def read_target(values: pd.Series[Any], config: AuditConfig) -> npt.NDArray[np.float64] | None:
    """A numeric label, or None where the label is a class.

    `config.task` decides; "auto" takes for a quantity what `is_quantity` does.

    Parameters
    ----------
    values
        N plain values of the label column.
    config
        `task` and `positive`.

    Returns
    -------
    (N,) float64 or None
        Finite, or NaN where the label is missing or infinite: an infinite label (DQ020) can neither be learned nor
        judged.

    Raises
    ------
    InputError
        Where a quantity is asked for and the column is none, has fewer than `MIN_DISTINCT` distinct values, or
        `config.positive` names a favourable class of it; where a column is of numbers but for a few texts.
    """
    name = str(values.name)
    if config.task == "classification" or values.isna().all():
        return None
    if config.task == "auto":
        _refuse_nearly_numbers(name, values)
        if not is_quantity(values):
            return None
    if values.dtype.kind not in "iuf":
        raise InputError(
            f"Label '{name}' must hold numbers for `task: regression`, got {_kind(values)}. Correct the values, list "
            "what means 'missing' under `data.missing`, or set `task: classification`."
        )
    if config.positive is not None:
        raise InputError(
            f"positive must be left out where the label is a number, got it for '{name}', which is one. Drop "
            "`positive`, or set `task: classification`."
        )
    target = values.to_numpy(dtype=np.float64)
    target = np.where(np.isfinite(target), target, np.nan)
    distinct = len(np.unique(target[~np.isnan(target)]))
    if distinct < MIN_DISTINCT:
        raise InputError(
            f"Label '{name}' must have at least {MIN_DISTINCT} distinct finite numbers to be a quantity, got "
            f"{distinct}. Name another `label`" + (", or set `task: classification`." if distinct > 1 else ".")
        )
    return target


def chosen_task(values: pd.Series[Any], target: npt.NDArray[np.float64] | None) -> str | None:
    """What "auto" made of a label that could be either: a number with more values than a grade has."""
    if target is not None:
        return "regression"
    numbers = values.dtype.kind in "iuf" and values.nunique() > MAX_OBVIOUS_CLASSES
    return "classification" if numbers else None


def bin_target(target: npt.NDArray[np.float64]) -> Labels:
    """Quantile bins of a quantity as classes: up to `QUANTILE_BINS`, each of about equally many rows.

    They stratify folds, and give code that knows of classes only a rough picture of the label.
    """
    known = ~np.isnan(target)
    steps = np.linspace(0, 1, QUANTILE_BINS + 1)[1:-1]
    # Edges are values that occur, so that equal labels share a bin.
    edges = np.unique(np.quantile(target[known], steps, method="higher"))
    values = np.unique(target[known])
    # Where nearly all labels are the smallest one, the others are the second bin.
    edges = edges[edges > values[0]] if edges[-1] > values[0] else values[1:2]
    codes = np.where(known, np.searchsorted(edges, target, side="right"), NO_LABEL).astype(np.int64)
    names = [number_text(edge) for edge in edges.tolist()]
    inner = [f"{low} to {high}" for low, high in pairwise(names)]
    classes = (f"below {names[0]}", *inner, f"{names[-1]} and more")
    return Labels(codes=codes, classes=classes, positive=None, positive_is_stated=False)


def _kind(values: pd.Series[Any]) -> str:
    if values.dtype.kind == "M":
        return "dates"
    if values.dtype.kind == "b":
        return "true and false"
    present = values.dropna()
    wrong = present.index[pd.to_numeric(present, errors="coerce").isna()]
    if not len(wrong):
        return "numbers written as texts (see DQ001)"
    return f"{len(wrong):,} of {len(present):,} values that are no numbers, the first in row {wrong[0]:,} (from 0)"


def _refuse_nearly_numbers(name: str, values: pd.Series[Any]) -> None:
    """Refuse measurements with a few texts among them, which would make classes of every number.

    Whole numbers may be codes, as texts are: only with fractions, or hardly ever equal, are they measured.
    """
    if values.dtype.kind in "iufbM":
        return
    present = values.dropna()
    numbers = pd.to_numeric(present, errors="coerce").dropna()
    if not MOSTLY_NUMBERS <= len(numbers) / len(present) < 1 or not is_quantity(numbers.astype(np.float64)):
        return
    fractions = bool((numbers[np.isfinite(numbers)] % 1 != 0).any())
    if fractions or present.nunique() > MAX_DISTINCT_TEXTS * len(present):
        raise InputError(
            f"Label '{name}' must hold numbers or classes, got numbers with {_kind(values)}. Correct them, or list "
            "what means 'missing' under `data.missing`."
        )
