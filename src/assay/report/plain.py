"""Values of any library as plain JSON values; what is not a finite number becomes null."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd

from assay.utf8 import encodable

# The password in "postgresql://user:password@host/db".
_PASSWORD = re.compile(r"(://[^\s:/@]*):[^\s@]+@")


def plain(value: Any) -> Any:
    """`value` as a tree of dict, list, str, int, float, bool and None.

    A frame becomes `{"columns": [...], "rows": [[...], ...]}`. A float that is not finite becomes None: JSON has
    no NaN. Passwords in URLs become `***`. What is none of the known types becomes its text.
    """
    if isinstance(value, Enum | np.generic):
        value = value.value if isinstance(value, Enum) else value.item()
    match value:
        case str():
            return _text(value)
        case Mapping():
            return {_text(str(key)): plain(item) for key, item in value.items()}
        case pd.DataFrame():
            columns = [plain(value.iloc[:, place]) for place in range(value.shape[1])]
            rows = [list(cells) for cells in zip(*columns, strict=True)]
            return {"columns": [_text(str(name)) for name in value.columns], "rows": rows}
        case np.ndarray() | pd.Series() | pd.Index():
            return [plain(item) for item in value.tolist()]
        case Iterable():
            items = sorted(value, key=str) if isinstance(value, AbstractSet) else value
            return [plain(item) for item in items]
        case _:
            return _scalar(value)


def _scalar(value: Any) -> str | int | float | bool | None:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    return value.isoformat() if isinstance(value, dt.date | dt.time) else _text(str(value))


def _text(value: str) -> str:
    return _PASSWORD.sub(r"\1:***@", encodable(value))
