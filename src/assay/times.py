"""Points in time, from whatever a column holds them in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

# A few entries of a column of dates are no dates ("unknown").
MIN_DATES = 0.95
# So many values tell what a column holds.
MAX_LOOKED_AT = 500

# A month stands for its first day; years of other centuries would make months of many a code.
_ISO = re.compile(r"\d{4}(?P<sign>[-/])\d{2}(?P=sign)\d{2}(?:[T ].*)?|(?:19|20)\d{2}-(?:0[1-9]|1[0-2])")
_DAY_OR_MONTH_FIRST = re.compile(
    r"(?P<first>\d{1,2})(?P<sign>[./-])(?P<second>\d{1,2})(?P=sign)(?P<year>\d{4}|\d{2})"
    r"(?:(?P<gap>[T, ]+)\d{1,2}:\d\d(?P<seconds>:\d\d)?(?P<fraction>\.\d+)?(?P<half> ?[AaPp][Mm])?)?"
)
_MONTHS = 12


def read_times(values: pd.Series[Any], *, days_matter: bool) -> pd.Series[Any] | None:
    """The column as times in UTC, NaT where there is none; None where it does not hold dates.

    A time without an offset counts as UTC. In "03/04/2024" a number above 12 somewhere in the column tells days from
    months; where there is none, the column is not read if `days_matter`, else as month first.
    """
    if values.dtype.kind == "M":
        return pd.to_datetime(values, utc=True)
    if values.dtype.kind in "iufbmc":
        return None
    present = values.dropna()
    looked_at = [str(value) for value in present.iloc[:: max(1, len(present) // MAX_LOOKED_AT)]]
    how = _format(looked_at, days_matter=days_matter) if looked_at else None
    if how is None:
        return None
    times = pd.to_datetime(values.astype(str).where(values.notna()), utc=True, errors="coerce", format=how)
    return times if times.notna().sum() >= MIN_DATES * len(present) else None


def _format(texts: Sequence[str], *, days_matter: bool) -> str | None:
    """Format in which `pd.to_datetime` reads the texts; None where too few of them look like dates."""
    if sum(bool(_ISO.fullmatch(text)) for text in texts) >= MIN_DATES * len(texts):
        return "ISO8601"
    found = [match for match in map(_DAY_OR_MONTH_FIRST.fullmatch, texts) if match]
    if len(found) < MIN_DATES * len(texts):
        return None
    day_first = any(int(match["first"]) > _MONTHS for match in found) or all(match["sign"] == "." for match in found)
    month_first = any(int(match["second"]) > _MONTHS for match in found)
    if days_matter and day_first == month_first:
        return None
    return _written(found[0], day_first=day_first)


def _written(like: re.Match[str], *, day_first: bool) -> str:
    first, second = ("%d", "%m") if day_first else ("%m", "%d")
    date = like["sign"].join((first, second, "%Y" if len(like["year"]) == 4 else "%y"))
    if like["gap"] is None:
        return date
    parts = (like["gap"], "%I" if like["half"] else "%H", ":%M")
    ends = ((like["seconds"], ":%S"), (like["fraction"], ".%f"), (like["half"], f"{(like['half'] or '')[:-2]}%p"))
    return date + "".join(parts) + "".join(sign for present, sign in ends if present)
