"""A fingerprint of the content of a table, whatever file or type it came in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.ingest.columns import distinct

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

# Raised whenever what is hashed changes, so that fingerprints of two versions are never taken for each other.
VERSION = b"assay-content-1"


def compute_fingerprint(frame: pd.DataFrame) -> str:
    """SHA-256, in hex, of the content of a plain frame (see `assay.ingest.columns`).

    Covered: the number of rows, the column names, the order of columns and of rows, and every cell:

    - a number by its value, so that 1 and 1.0 are the same, -0.0 and 0.0 too, and float32 counts at its exact value;
    - a text by its UTF-8 bytes, a boolean as the text "True" or "False", a category as its text;
    - a date by its instant to the nanosecond, whatever the unit it is stored in;
    - a missing cell as missing, whatever stands for it; a column that is all missing has no type.

    Not covered: the index, the storage type, the file's format, its compression, its chunks. The text "1" and the
    number 1 differ, and so do a date and its text.

    Parameters
    ----------
    frame
        N rows of plain columns; the fingerprint changes with the values of any cell (no hash shorter than SHA-256
        stands between a cell and the result).
    """
    total = hashlib.sha256(VERSION)
    total.update(np.array([len(frame), frame.shape[1]], dtype="<i8").tobytes())
    for place, name in enumerate(frame.columns):
        total.update(_column_digest(str(name), frame.iloc[:, place]))
    return total.hexdigest()


def _column_digest(name: str, values: pd.Series[Any]) -> bytes:
    digest = hashlib.sha256()
    _update(digest, name.encode("utf-8", "surrogatepass"))
    missing = values.isna().to_numpy()
    if missing.all():
        kind, parts = "empty", []
    elif values.dtype.kind == "M":
        kind, parts = "date", _dates(values.to_numpy())
    elif values.dtype.kind in "iuf":
        kind, parts = "number", _numbers(values.to_numpy(), missing)
    else:
        kind, parts = "text", _texts(values)
    _update(digest, kind.encode())
    _update(digest, np.packbits(missing).tobytes())
    for part in parts:
        _update(digest, part)
    return digest.digest()


def _update(digest: Any, part: bytes | memoryview) -> None:
    # The length in front keeps two parts from being read as one.
    digest.update(len(part).to_bytes(8, "little"))
    digest.update(part)


def _numbers(values: npt.NDArray[Any], missing: npt.NDArray[np.bool_]) -> list[bytes]:
    floats = values.astype("<f8")
    floats[missing] = 0.0
    floats += 0.0  # -0.0 becomes 0.0
    if values.dtype.kind == "f":
        return [floats.tobytes()]
    # An integer beyond 2**53 is not a float: what the float leaves out is hashed beside it.
    rest = [int(v) - int(f) for v, f in zip(values, floats, strict=True)] if np.abs(floats).max() >= 2**53 else []
    return [floats.tobytes()] + ([np.array(rest, dtype="<i8").tobytes()] if any(rest) else [])


def _dates(values: npt.NDArray[Any]) -> list[bytes]:
    seconds = values.astype("datetime64[s]")
    # astype truncates towards the past for every unit, so that the remainder is never negative.
    rest = (values - seconds).astype("timedelta64[ns]")
    whole = seconds.astype("<i8")
    whole[np.isnat(values)] = 0
    nanoseconds = rest.astype("<i8")
    nanoseconds[np.isnat(values)] = 0
    return [whole.tobytes(), nanoseconds.tobytes()]


def _texts(values: pd.Series[Any]) -> list[bytes]:
    # Codes in order of first appearance, and the distinct texts in that order, are the column, exactly.
    codes, unique = distinct(values)
    words = [str(word).encode("utf-8", "surrogatepass") for word in unique]
    lengths = np.fromiter(map(len, words), dtype="<i8", count=len(words))
    return [codes.astype("<i8").tobytes(), lengths.tobytes(), b"".join(words)]
