"""Which column plays which part, and what the parts demand of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.dataset import Roles
from assay.errors import InputError
from assay.ingest.columns import text_of
from assay.ingest.names import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.config import AuditConfig


def find_missing_columns(config: AuditConfig, columns: list[str]) -> list[str]:
    """One sentence for each column that the configuration names and the data do not have."""
    known = set(columns)
    return [
        f"Column '{name}' ({part}) is not in the data{nearest(name, columns) or f'; columns are {quoted(columns)}.'}"
        for part, name in _named(config)
        if name not in known
    ]


def assign_roles(config: AuditConfig, frame: pd.DataFrame) -> Roles:
    """Give every column its part; a column without any value is no feature.

    Raises
    ------
    InputError
        Where no feature is left.
    """
    apart = {config.label, config.id, config.time, config.group, config.weight, config.split, *config.ignore}
    sensitive = tuple(dict.fromkeys(feature.column for feature in config.sensitive))
    if not config.learning.use_sensitive:
        apart.update(sensitive)
    features = tuple(name for name in frame.columns if name not in apart and frame[name].notna().any())
    if not features:
        raise InputError(
            "At least one column must be left as a feature, got none: every column is the label, plays another "
            "part, is ignored, or has no value at all. Add columns, or ignore fewer."
        )
    return Roles(
        label=config.label,
        features=features,
        sensitive=sensitive,
        id=config.id,
        time=config.time,
        group=config.group,
        weight=config.weight,
        split=config.split,
        ignored=config.ignore,
        group_columns=tuple(feature.column for feature in config.sensitive),
    )


def read_weights(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """(N,) float sample weights.

    Raises
    ------
    InputError
        Where they are not numbers, or one is missing, infinite or negative, or all are zero.
    """
    must = f"Weights (column '{values.name}') must be numbers that are zero or more"
    if values.dtype.kind not in "iuf":
        raise InputError(f"{must}, got a column of another type. Convert it, or name another `weight`.")
    weights = values.to_numpy(dtype=np.float64)
    wrong = {
        "missing": np.isnan(weights),
        "infinite": np.isinf(weights),
        "negative": weights < 0,
    }
    counts = [f"{int(mask.sum()):,} {what}" for what, mask in wrong.items() if mask.any()]
    if counts:
        first = int(np.flatnonzero(np.logical_or.reduce(list(wrong.values())))[0])
        raise InputError(f"{must}, got {', '.join(counts)}; the first in row {first:,} (from 0). Correct them.")
    if not weights.any():
        raise InputError(f"{must}, and not all zero, got zero in every row. Name another `weight`, or none.")
    return weights


def row_identifiers(frame: pd.DataFrame, id_column: str | None, index: pd.Index[Any]) -> pd.Index[Any]:
    """Rows as the user knows them: by the id column, else by the index that came with the data."""
    if id_column is None:
        if isinstance(index, pd.MultiIndex):
            return pd.Index([" / ".join(map(str, key)) for key in index.to_flat_index()])
        return index
    ids = frame[id_column]
    missing = ids.isna().to_numpy()
    if missing.any():
        ids = pd.Series([f"(no id, row {i})" if missing[i] else text_of(value) for i, value in enumerate(ids)])
    known: pd.Index[Any] = pd.Index(ids, name=id_column)
    return known


def _named(config: AuditConfig) -> Iterator[tuple[str, str]]:
    for part in ("label", "id", "time", "group", "weight", "split"):
        if (name := getattr(config, part)) is not None:
            yield part, name
    for feature in config.sensitive:
        yield "sensitive", feature.column
    for name in config.ignore:
        yield "ignore", name
    for name in config.fairness.control:
        yield "fairness.control", name
    for name in config.health.feasible:
        yield "health.feasible", name
