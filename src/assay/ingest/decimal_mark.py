"""The decimal mark of a file that nobody has described yet, told by all of its columns together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assay.ingest.columns import TEXT_DTYPE, distinct
from assay.ingest.missing_markers import is_missing_marker

if TYPE_CHECKING:
    import pandas as pd

# A comma and other than three digits after it: it cannot stand between thousands.
_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+),(?:\d{1,2}|\d{4,})")
# Either "1,234" is a comma with three decimals, or one thousand two hundred and thirty-four.
_EITHER = re.compile(r"[+-]?\d{1,3},\d{3}")
_COMMA_AND_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+,\d+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+")
_INTEGER = re.compile(r"[+-]?\d+")
_POINT = re.compile(r"[+-]?\d{1,3}(?:,\d{3})*\.\d+|[+-]?\d{1,3}(?:,\d{3}){2,}|[+-]?\d*\.\d+")


def is_decimal_comma(frame: pd.DataFrame) -> tuple[bool, bool]:
    """Whether a table that was read with decimal points has decimal commas, and points between its thousands.

    It has them where all values of some text column are numbers with a comma (or integers, or missing markers), and
    no number of the table speaks for a decimal point.

    Parameters
    ----------
    frame
        N rows of plain columns.
    """
    comma = thousands = False
    for name in frame.columns:
        values = frame[name]
        if values.dtype.kind == "f" and bool((values.dropna() % 1 != 0).any()):
            return False, False
        if values.dtype != TEXT_DTYPE:
            continue
        words = [word.strip() for word in distinct(values)[1]]
        words = [word for word in words if not is_missing_marker(word)]
        if words and all(_POINT.fullmatch(word) and not _THOUSANDS.fullmatch(word) for word in words):
            return False, False
        if _are_commas(words):
            comma = True
            thousands |= any(_COMMA_AND_THOUSANDS.fullmatch(word) for word in words)
    return comma, comma and thousands


def _are_commas(words: list[str]) -> bool:
    forms = (_COMMA, _COMMA_AND_THOUSANDS, _EITHER, _THOUSANDS, _INTEGER)
    if not all(any(form.fullmatch(word) for form in forms) for word in words):
        return False
    certain = any(_COMMA.fullmatch(word) or _COMMA_AND_THOUSANDS.fullmatch(word) for word in words)
    has_thousands = any(_COMMA_AND_THOUSANDS.fullmatch(word) for word in words)
    # "1.234" beside "2,5" alone could be a decimal point as well.
    return certain and (has_thousands or not any(_THOUSANDS.fullmatch(word) for word in words))
