"""Names of columns: unique texts, and the one that was probably meant."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd

from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def column_names(names: Iterable[object]) -> list[str]:
    """Names as texts, each once; the levels of a hierarchical name are joined with "_".

    Raises
    ------
    InputError
        Where a name is blank, or is there twice.
    """
    found = [_name(name) for name in names]
    problems = []
    blank = [str(place) for place, name in enumerate(found, 1) if not name.strip()]
    if blank:
        problems.append(
            f"Every column must have a name, got a blank one for column {', '.join(blank)} (counted from 1). "
            "Name it; where it is a row number that was saved along, save the data without it (index=False)."
        )
    repeated = [name for name, count in Counter(found).items() if count > 1 and name.strip()]
    if repeated:
        problems.append(f"Column names must be unique, got more than once: {quoted(repeated)}. Rename or drop them.")
    if problems:
        raise InputError(problems)
    return found


def quoted(names: Sequence[str], limit: int = 20) -> str:
    """Names in quotes, at most `limit` of them."""
    shown = ", ".join(f"'{name}'" for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit:,} more"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the known name nearest to `name`, or an empty text."""
    by_fold = {other.strip().casefold(): other for other in known}
    found = difflib.get_close_matches(name.strip().casefold(), by_fold, n=1, cutoff=0.6)
    return f"; did you mean '{by_fold[found[0]]}'?" if found else ""


def _name(name: object) -> str:
    if isinstance(name, tuple):
        return "_".join(str(level) for level in name if str(level) and not _is_missing(level))
    return "" if _is_missing(name) else str(name)


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))
