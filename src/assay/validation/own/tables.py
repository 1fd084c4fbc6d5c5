"""The other table of an inclusion: one column of a file beside the suite, as texts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_READABLE = (".csv", ".parquet")


def locate(suite: Path, kwargs: Mapping[str, Any]) -> str | list[str]:
    """Path of the file that the arguments of an inclusion name, or what is wrong with it.

    Relative to the folder of the suite, as the suite travels with its tables.
    """
    stated = kwargs.get("file")
    if not isinstance(stated, str) or not stated:
        return ["argument 'file' must be the path of a table, relative to the suite. Correct its `kwargs`."]
    path = Path(stated)
    if path.suffix.lower() not in _READABLE:
        return [f"argument 'file' must end in {' or '.join(_READABLE)}, got '{path.suffix}'. Correct its `kwargs`."]
    if not path.is_absolute():
        path = (suite.parent / path).resolve()
    if not path.is_file():
        return [f"its table '{stated}' does not exist beside the suite. Put it there, or correct 'file'."]
    return str(path)


def read_keys(file: str, key: str) -> frozenset[str]:
    """Distinct values of column `key` of a CSV or Parquet file, as texts.

    Raises
    ------
    ConfigurationError
        Where the file cannot be read or has no such column.
    """
    path = Path(file)
    try:
        return _read_keys(path, key, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"Column '{key}' of table {path.name} cannot be read. Correct 'file' and 'key' of the expectation."
        ) from error


# A suite asks for the same table once for each of its columns.
@lru_cache(maxsize=4)
def _read_keys(path: Path, key: str, _changed: int) -> frozenset[str]:
    if path.suffix.lower() == ".csv":
        values = pd.read_csv(path, usecols=[key], dtype=str, skipinitialspace=True, encoding="utf-8-sig")[key]
    else:
        values = pd.read_parquet(path, columns=[key])[key]
    return frozenset(as_texts(values.dropna()).str.strip())


def as_texts(values: pd.Series[Any]) -> pd.Series[str]:
    """Values as a table of texts writes them: 12 and 12.0 are both "12", days are ISO 8601."""
    if values.dtype.kind == "f":
        whole = values.where(values.notna() & (values == np.floor(values)) & (values.abs() < 2**53))
        texts = values.astype(str)
        return texts.where(whole.isna(), whole.fillna(0).astype(np.int64).astype(str))
    if values.dtype.kind == "M":
        return values.astype(str)
    return values.astype(str)
