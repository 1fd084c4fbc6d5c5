"""The other table of an inclusion: one column of a file beside the suite, as texts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

READABLE = (".csv", ".parquet")
# As one text, keys beyond these are too long for a query.
MAX_KEYS = 1_000_000
_MAX_INTEGER = 2**63 - 1


class TooManyKeysError(ValueError):
    """A database cannot be given all keys of the other table."""


class UnknownColumnTypeError(ValueError):
    """Values of the column cannot be compared with texts as they are in memory."""


def locate(suite: Path, kwargs: Mapping[str, Any]) -> str | list[str]:
    """Path of the file that the arguments of an inclusion name, or what is wrong with it.

    Relative to the folder of the suite, as the suite travels with its tables.
    """
    stated = kwargs.get("file")
    if not isinstance(stated, str) or not stated:
        return ["argument 'file' must be the path of a table, relative to the suite. Correct its `kwargs`."]
    path = Path(stated)
    if path.suffix.lower() not in READABLE:
        return [f"argument 'file' must end in {' or '.join(READABLE)}, got '{path.suffix}'. Correct its `kwargs`."]
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


def keys_for(file: str, key: str, kind: str | None) -> list[Any]:
    """The distinct values of `read_keys` that a column elsewhere can hold, as it holds them; sorted.

    Parameters
    ----------
    file, key
        See `read_keys`.
    kind
        What the column holds, see `assay.validation.own.kinds.kind_of`.

    Returns
    -------
    list
        Of integers, floats, texts or booleans. The text "01" is no integer, just as in memory.

    Raises
    ------
    UnknownColumnTypeError
        For times, which are texts of several forms in memory, and where the kind is not known.
    TooManyKeysError
        For more than `MAX_KEYS` keys.
    """
    as_held = _AS_HELD.get(kind or "")
    if as_held is None:
        raise UnknownColumnTypeError(f"A column that refers to a table must hold texts or numbers, got {kind}.")
    found = (as_held(value) for value in read_keys(file, key))
    keys = sorted(value for value in found if value is not None)
    if len(keys) > MAX_KEYS:
        raise TooManyKeysError(f"A table to refer to must have at most {MAX_KEYS:,} keys, got {len(keys):,}.")
    return keys


def _as_integer(text: str) -> int | None:
    try:
        value = int(text)
    except ValueError:
        return None
    return value if str(value) == text and abs(value) <= _MAX_INTEGER else None


def _as_float(text: str) -> float | None:
    """The finite float that `as_texts` writes as this text; None where it writes none so."""
    try:
        value = float(text)
    except ValueError:
        return None
    written = str(int(value)) if np.isfinite(value) and value.is_integer() and abs(value) < 2**53 else repr(value)
    return value if written == text and np.isfinite(value) else None


def _as_text(text: str) -> str | None:
    # Neither PostgreSQL nor a CSV file has it in a text.
    return None if "\0" in text else text


_AS_HELD: Mapping[str, Callable[[str], Any]] = {
    "integer": _as_integer,
    "number": _as_float,
    "text": _as_text,
    "boolean": {"True": True, "False": False}.get,
}


# A suite asks for the same table once for each of its columns.
@lru_cache(maxsize=4)
def _read_keys(path: Path, key: str, _changed: int) -> frozenset[str]:
    if path.suffix.lower() == ".csv":
        # As a batch is read from such a file: spaces around a value are none of it. "NA" may be a key.
        values = pd.read_csv(path, usecols=[key], dtype=str, keep_default_na=False, encoding="utf-8-sig")[key]
        return frozenset(text for text in values.str.strip() if text)
    return frozenset(as_texts(pd.read_parquet(path, columns=[key])[key].dropna()))


def as_texts(values: pd.Series[Any]) -> pd.Series[str]:
    """Values as a table of texts writes them: 12 and 12.0 are both "12", days are ISO 8601."""
    if values.dtype.kind == "f":
        whole = values.where(values.notna() & (values == np.floor(values)) & (values.abs() < 2**53))
        texts = values.astype(str)
        return texts.where(whole.isna(), whole.fillna(0).astype(np.int64).astype(str))
    if values.dtype.kind == "M":
        return values.astype(str)
    return values.astype(str)
