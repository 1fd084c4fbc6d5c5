"""The type of a column of texts: numbers, true and false, or texts that stay as they are.

A CSV file has texts only. What becomes a number here loses nothing by it: leading zeros are kept (the whole column
stays text), integers are exact, and floats are the nearest to what is written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Collection

_LEADING_ZERO = r"^0[0-9]+$"
_INTEGER = r"^[+-]?[0-9]+$"
_NUMBER = r"^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity))$"
# As Python and pandas write an integer.
_CANONICAL = r"^(?:0|-?[1-9][0-9]*)$"
TRUE = ("True", "TRUE", "true")
FALSE = ("False", "FALSE", "false")
# So many digits always fit into 64 bits.
_SHORT = 18


def without_markers(texts: pd.Series[Any], markers: Collection[str]) -> Any:
    """(N,) Arrow texts without the spaces around them; null where blank or a marker."""
    import pyarrow as pa
    import pyarrow.compute as pc

    bare = pc.utf8_trim_whitespace(pa.array(texts, from_pandas=True))
    missing = pc.is_in(bare, value_set=pa.array(["", *markers], type=bare.type))
    return pc.if_else(missing, pa.scalar(None, type=bare.type), bare)


def read_type(
    texts: Any, *, decimal: str = ".", thousands: str | None = None, as_written: bool = False
) -> pd.Series[Any] | None:
    """Numbers or booleans that all the texts write; None where they stay texts.

    Parameters
    ----------
    texts
        (N,) Arrow texts as `without_markers` returns them.
    decimal, thousands
        Marks inside numbers.
    as_written
        Whether a number must be written as Python writes it ("12", "0.5"; not "012", "1e5", "1.50"), so that two
        texts never become the same number.
    """
    present = texts.drop_null()
    if not len(present):
        return pd.Series(np.full(len(texts), np.nan))
    if as_written:
        return _read_numbers(texts) if _is_canonical(present) else None
    if _any_match(present, _LEADING_ZERO):
        return None
    if _all_in(present, TRUE + FALSE):
        return _read_booleans(texts)
    if decimal == "." and thousands is None:
        return _read_numbers(texts) if _all_match(present, _NUMBER) else None
    return _read_marked(texts, decimal, thousands)


def _read_booleans(texts: Any) -> pd.Series[Any]:
    truth = np.array([None if word is None else word in TRUE for word in texts.to_pylist()], dtype=object)
    return pd.Series(truth) if texts.null_count else pd.Series(truth.astype(bool))


def _read_marked(texts: Any, decimal: str, thousands: str | None) -> pd.Series[Any] | None:
    """Numbers with other marks than a point; a mark at another place than where thousands end makes it a text."""
    import pyarrow.compute as pc

    mark = re.escape(decimal)
    groups = rf"|[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}})+" if thousands else ""
    whole = rf"(?:[0-9]+{groups})"
    number = rf"^[+-]?(?:(?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity))$"
    if not _all_match(texts.drop_null(), number):
        return None
    if thousands:
        texts = pc.replace_substring(texts, thousands, "")
    return _read_numbers(pc.replace_substring(texts, decimal, "."))


def _read_numbers(texts: Any) -> pd.Series[Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.replace_substring_regex(texts, r"^\+", "")
    present = texts.drop_null()
    if not _all_match(present, _INTEGER):
        return pd.Series(texts.cast(pa.float64()).to_numpy(zero_copy_only=False))
    if pc.max(pc.binary_length(present)).as_py() <= _SHORT:
        return pd.Series(texts.cast(pa.int64()).to_pandas(types_mapper=pd.ArrowDtype))
    # `plain_columns` finds the exact type for them.
    return pd.Series([None if word is None else int(word) for word in texts.to_pylist()], dtype=object)


def _is_canonical(present: Any) -> bool:
    if _all_match(present, _CANONICAL):
        return True
    return _all_match(present, _NUMBER) and all(repr(float(word)) == word for word in present.to_pylist())


def _all_match(texts: Any, pattern: str) -> bool:
    import pyarrow.compute as pc

    # The first text tells of most columns that they hold words.
    first = pc.match_substring_regex(texts[:1], pattern)
    return bool(first[0].as_py()) and bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())


def _any_match(texts: Any, pattern: str) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())


def _all_in(texts: Any, words: tuple[str, ...]) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    return bool(pc.all(pc.is_in(texts, value_set=pa.array(words, type=texts.type))).as_py())
