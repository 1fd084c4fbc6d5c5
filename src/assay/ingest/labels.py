"""The label column as classes and codes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.dataset import NO_LABEL, Labels
from assay.errors import InputError
from assay.ingest.columns import texts
from assay.ingest.names import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

# More distinct values than a grade or a rating has.
MAX_OBVIOUS_CLASSES = 20
# Numbers with more distinct values than this share of the rows are measured, not assigned.
MAX_DISTINCT_NUMBERS = 0.05
# Texts with more distinct values than this share of the rows are written, not assigned.
MAX_DISTINCT_TEXTS = 0.5
# More classes than any audit of labels can say something about.
MAX_CLASSES = 1_000


def read_labels(values: pd.Series[Any], positive: str | None) -> Labels:
    """Classes, codes and the favourable class of a label column.

    Whole numbers lose their decimal point ("1", not "1.0", where a missing label made floats of integers); texts are
    stripped; a blank text is a missing label. Classes are sorted, as numbers where all of them are numbers.

    Parameters
    ----------
    values
        N plain values.
    positive
        The favourable label as the configuration states it, or None: then the last of two classes is taken.

    Raises
    ------
    InputError
        Where the label is missing everywhere, has one class only, is a quantity rather than a class, has more than
        `MAX_CLASSES` classes, or has no class `positive`.
    """
    name = str(values.name)
    if values.isna().all():
        raise InputError(f"Label '{name}' must have values, got a column that is missing in every row. Name another.")
    _refuse_quantities(name, values)
    words = texts(values)
    codes, unique = pd.factorize(words)
    if len(unique) < 2:
        raise InputError(
            f"Label '{name}' must have at least two classes, got {len(unique)}. There is nothing to learn from a "
            "constant: name another `label`, or add the rows of the other classes."
        )
    if len(unique) > MAX_CLASSES:
        raise InputError(
            f"Label '{name}' must have at most {MAX_CLASSES:,} classes, got {len(unique):,}. Merge classes, or name "
            "another `label`."
        )
    classes = sort_classes([str(word) for word in unique])
    rank = {word: code for code, word in enumerate(classes)}
    order = np.array([rank[str(word)] for word in unique] + [NO_LABEL], dtype=np.int64)
    return Labels(
        codes=order[codes],
        classes=classes,
        positive=_positive(name, classes, positive),
        positive_is_stated=positive is not None,
    )


def sort_classes(classes: Sequence[str]) -> tuple[str, ...]:
    """Classes in the order of their numbers where all are finite numbers, else in the order of their texts."""
    figures = {word: _figure(word) for word in classes}
    if all(math.isfinite(figure) for figure in figures.values()):
        return tuple(sorted(classes, key=lambda word: (figures[word], word)))
    return tuple(sorted(classes))


def is_quantity(values: pd.Series[Any]) -> bool:
    """Whether plain values are measured: numbers, many of them distinct, or with fractions."""
    present = values.dropna()
    distinct = present.nunique()
    if values.dtype.kind not in "iuf" or distinct <= MAX_OBVIOUS_CLASSES:
        return False
    # An infinite number has no remainder.
    fractions = values.dtype.kind == "f" and bool((present[np.isfinite(present)] % 1 != 0).any())
    return fractions or distinct / len(present) > MAX_DISTINCT_NUMBERS


def _refuse_quantities(name: str, values: pd.Series[Any]) -> None:
    present = values.dropna()
    distinct = present.nunique()
    what, instead = "", "Make classes of it (bins, for example) in a new column, or name another `label`."
    if is_quantity(values):
        what, instead = "a quantity", f"Set `task: regression` to audit it as a number. {instead}"
    elif values.dtype.kind == "M" and distinct > MAX_OBVIOUS_CLASSES:
        what = "dates"
    elif values.dtype.kind not in "iufM" and distinct > max(MAX_OBVIOUS_CLASSES, MAX_DISTINCT_TEXTS * len(present)):
        what = "free texts or identifiers"
    if what:
        raise InputError(
            f"Label '{name}' must be a class, got {what}: {distinct:,} distinct values in {len(present):,} rows. "
            f"{instead}"
        )


def _positive(name: str, classes: tuple[str, ...], stated: str | None) -> int | None:
    if stated is None:
        return 1 if len(classes) == 2 else None
    wanted = stated.strip()
    if wanted in classes:
        return classes.index(wanted)
    same = [code for code, word in enumerate(classes) if _figure(word) == _figure(wanted)]
    if len(same) == 1:
        return same[0]
    hint = nearest(wanted, classes)
    raise InputError(
        f"positive must be one of the classes of '{name}', got '{stated}'{hint or '.'} "
        f"The classes are {quoted(classes)}."
    )


def _figure(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan
