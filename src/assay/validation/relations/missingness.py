"""Missing where another column says so: no name of a spouse for the unmarried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.validation.condition import parse_condition
from assay.validation.inference.rule import Rule
from assay.validation.relations.dependencies import Runs, measure, promising

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from assay.validation.relations.table import Table

    Codes = npt.NDArray[np.int64]

# A condition with more values nobody reads; one with fewer rows says little about its value.
MAX_VALUES = 20
MIN_VALUE_ROWS = 5
# Columns with at least so many gaps, and so many values, are looked at; and so many columns on either side.
MIN_SHARE = 0.02
MAX_COLUMNS = 60
# Of all rows with a value, this share may contradict.
MAX_BROKEN = 0.02


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether `on` is missing follows from the value of `by`; `broken` of the sampled rows contradict."""

    by: str
    on: str
    broken: int


def find_conditions(table: Table) -> list[Condition]:
    """For each column with gaps, the column that decides about them in (nearly) all rows, if there is one.

    A dependency of "is missing" on a column of few values, held against chance as all dependencies are.
    """
    by = [name for name in table.written if name not in table.private and name != table.roles.label]
    by = [name for name in by if table.codes[name].max() < MAX_VALUES and table.sample[name].dtype.kind != "M"]
    gaps = {
        name: table.sample[name].isna().to_numpy().astype(np.int64)
        for name in table.frame.columns
        if name not in table.roles.ignored and name != table.roles.label
    }
    gaps = {name: gap for name, gap in gaps.items() if MIN_SHARE <= gap.mean() <= 1 - MIN_SHARE}
    gaps = dict(list(gaps.items())[:MAX_COLUMNS])
    best: dict[str, Condition] = {}
    for name in by[:MAX_COLUMNS]:
        for found in _decided_by(name, table.codes[name], gaps, candidates=len(by) * len(gaps)):
            if found.on not in best or found.broken < best[found.on].broken:
                best[found.on] = found
    return [best[name] for name in gaps if name in best]


def _decided_by(name: str, values: Codes, gaps: Mapping[str, Codes], candidates: int) -> Iterator[Condition]:
    runs = Runs.of(values)
    for on, gap in gaps.items():
        most_common = max(float(gap.mean()), 1 - float(gap.mean()))
        if on != name and promising(runs, gap, most_common, candidates):
            measured = measure(values, gap)
            if measured is not None and measured[1] <= MAX_BROKEN * measured[0]:
                yield Condition(name, on, measured[1])


def condition_rules(frame: pd.DataFrame, item: Condition) -> list[Rule]:
    """Two rules: missing for some values of the column, present for the others; values too rare are in neither."""
    absent = frame[item.on].isna()
    shares = absent.groupby(frame[item.by], sort=True).agg(["mean", "size"])
    frequent = shares[shares["size"] >= MIN_VALUE_ROWS]
    rules = []
    for kind, values, breaks in (
        ("expect_column_values_to_be_null", frequent.index[frequent["mean"] > 0.5].tolist(), ~absent),
        ("expect_column_values_to_not_be_null", frequent.index[frequent["mean"] <= 0.5].tolist(), absent),
    ):
        condition = _written(item.by, values)
        rows = frame[item.by].isin(values)
        n, broken = int(rows.sum()), int((rows & breaks).sum())
        if condition is None or broken > MAX_BROKEN * n:
            return []
        was = "missing" if kind.endswith("to_be_null") else "present"
        reason = (
            f"'{item.on}' was {was} in {'all' if not broken else f'all but {broken:,}'} of {n:,} rows with "
            f"{len(values)} value{'s' * (len(values) != 1)} of '{item.by}'."
        )
        kwargs = {"column": item.on, "row_condition": condition, "condition_parser": "pandas"}
        rules.append(Rule(kind, kwargs, reason, {"n": n, "broken": broken}, name=f"{was} by {item.by}"))
    return rules


def _written(column: str, values: Sequence[object]) -> str | None:
    """A row condition, or None where a name or a value cannot be written in one."""
    # A text that ends the quotation would turn the condition into another one.
    if any(sign in text for text in (column, *values) if isinstance(text, str) for sign in '"`\\\n'):
        return None
    listed = [
        f'"{value}"' if isinstance(value, str) else repr(int(value) if isinstance(value, float) else value)
        for value in values
    ]
    condition = f"`{column}` in [{', '.join(listed)}]"
    return condition if values and parse_condition(condition) is not None else None
