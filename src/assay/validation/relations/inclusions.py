"""Inclusions between tables: every customer of an order is in the table of customers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.validation.inference.rule import Rule
from assay.validation.inference.tolerance import Tolerance
from assay.validation.own.rows import IN_TABLE
from assay.validation.own.tables import as_texts
from assay.validation.relations.proposal import with_tolerances

if TYPE_CHECKING:
    from collections.abc import Mapping

# Values that may be missing in the other table, as slips.
MAX_BROKEN = 0.02
# Fewer distinct values are a category, which two tables may share without referring to each other.
MIN_VALUES = 20
# A referring column takes its values from the whole of the key, not from one end: largest distance between the two
# distributions over the key's ranks.
MAX_DISTANCE = 0.5
# Whole numbers from a key without gaps are included in it by chance: their names must say that they belong together.
MAX_DENSITY = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _KeyColumn:
    table: str
    name: str
    content: pd.Series[Any]

    @property
    def dense(self) -> bool:
        """Whether a whole number between its least and greatest is most likely one of its values."""
        if self.content.dtype.kind not in "iuf":
            return False
        span = float(self.content.max()) - float(self.content.min()) + 1
        return len(self.content) >= MAX_DENSITY * span


def propose_inclusions(
    frames: Mapping[str, pd.DataFrame], *, fresh: int | None = None, alpha: float = 0.01
) -> dict[str, list[Rule]]:
    """Columns whose values all occur in a column of another table that identifies its rows.

    Proposed where the column has many different values, (nearly) all of them occur in the other table, and they
    spread over its key. Whole numbers lie in a gapless key by chance (a quantity of 1 to 5 "refers to" customers 1 to
    1,000): these must also share a word of their names with the key or its table.

    Parameters
    ----------
    frames
        File name -> its rows; columns of plain kinds. The name, relative to the suite, goes into the rule.
    fresh
        Rows of the batches that will be judged; by default as many as each table has.
    alpha
        In (0, 1): the probability that any rule of one table alarms on a fresh sample of so many rows.

    Returns
    -------
    dict
        File name -> rules about its columns; each table is there.
    """
    keys = [
        _KeyColumn(table, str(name), frame[name])
        for table, frame in frames.items()
        for name in frame.columns
        if _is_key(frame[name])
    ]
    texts = [set(as_texts(key.content)) for key in keys]
    proposed: dict[str, list[Rule]] = {}
    for table, frame in frames.items():
        found = []
        for name in frame.columns:
            values = frame[name].dropna()
            if values.dtype.kind in "bM" or values.nunique() < MIN_VALUES:
                continue
            for key, known in zip(keys, texts, strict=True):
                if key.table != table and (rule := _inclusion(str(name), values, key, known)):
                    found.append(rule)
        proposed[table] = with_tolerances(found, len(frame), Tolerance(fresh or len(frame), alpha))
    return proposed


def _is_key(values: pd.Series[Any]) -> bool:
    if values.dtype.kind in "bM" or len(values) < MIN_VALUES or values.hasnans or not values.is_unique:
        return False
    if values.dtype.kind != "f":
        return True
    numbers = values.to_numpy()
    return bool(np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all())


def _inclusion(name: str, values: pd.Series[Any], key: _KeyColumn, known: set[str]) -> Rule | None:
    texts = as_texts(values)
    meets = texts.isin(known)
    broken = int((~meets).sum())
    if broken > MAX_BROKEN * len(values) or texts[meets].nunique() < MIN_VALUES:
        return None
    if not _spreads(texts[meets], key) or (key.dense and not _share_a_word(name, key)):
        return None
    but = f"all but {broken:,} of {len(values):,}" if broken else f"all {len(values):,}"
    reason = f"The values of '{name}' occur in column '{key.name}' of {key.table}, {but}."
    evidence = {"n": len(values), "broken": broken, "values": int(texts.nunique())}
    return Rule(IN_TABLE, {"column": name, "file": key.table, "key": key.name}, reason, evidence)


def _spreads(texts: pd.Series[str], key: _KeyColumn) -> bool:
    """Whether the distinct values that are used lie all over the key, in its order (Kolmogorov-Smirnov distance)."""
    ranks = pd.Series(as_texts(key.content.sort_values()).to_numpy())
    places = np.flatnonzero(ranks.isin(set(texts))) + 0.5
    share = np.arange(1, len(places) + 1) / len(places)
    return float(np.abs(share - places / len(ranks)).max()) <= MAX_DISTANCE


def _share_a_word(name: str, key: _KeyColumn) -> bool:
    ours = _words(name)
    theirs = _words(key.name) | _words(re.sub(r"\.\w+$", "", key.table))
    return bool((ours & theirs) - {"id", "no", "nr", "key", "code", "number"})


def _words(name: str) -> set[str]:
    """Words of a name in small letters and without the s of a plural: "CustomerIDs" gives customer and id."""
    parts = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    return {part.lower().removesuffix("s") for part in parts}
