"""Whether a frame keeps rules, fast enough to ask many times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from assay.times import read_times
from assay.validation.drift.comparing import compare, count_cells
from assay.validation.drift.freshness import NEWEST
from assay.validation.drift.proposal import DISTRIBUTION
from assay.validation.drift.summary import Summary
from assay.validation.engine import quiet
from assay.validation.in_memory import run_expectations
from assay.validation.inference.rule import columns_of
from assay.validation.masks import unexpected_rows
from assay.validation.suite import Expectation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from assay.validation.inference.rule import Rule

# They answer alike for every part of one frame.
_OF_THE_FRAME = (
    "expect_column_to_exist",
    "expect_column_values_to_be_of_type",
    "expect_column_values_to_be_in_type_list",
    "expect_table_row_count_to_be_between",
)
_ABOUT_MISSING = ("expect_column_values_to_not_be_null", "expect_column_values_to_be_null")


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a frame does not keep, and the share of rows that break it; None where it has none."""

    key: str
    share: float | None


def broken_rules(frame: pd.DataFrame, rules: Iterable[Rule]) -> list[Broken]:
    """Rules that a part of the reference does not keep.

    Rules on rows are counted by `assay.validation.masks`, and those on distributions by what our
    own expectations call too; the tests hold both equal to Great Expectations. The library itself, which takes a
    tenth of a second a table and some milliseconds a rule, is asked for all others. What cannot be carried out counts
    as broken.
    """
    broken, others = [], []
    for rule in rules:
        if rule.kind in _OF_THE_FRAME:
            continue
        if rule.kind in _WHOLE_COLUMN:
            if not _WHOLE_COLUMN[rule.kind](frame[rule.kwargs["column"]], rule.kwargs):
                broken.append(Broken(rule.key, None))
            continue
        counted = _count(frame, rule.kind, rule.kwargs)
        if counted is None:
            others.append(rule)
            continue
        unexpected, n = counted
        if n and (n - unexpected) / n < rule.kwargs.get("mostly", 1):
            broken.append(Broken(rule.key, unexpected / n))
    return broken + _asked(frame, others)


def _is_alike(values: pd.Series[Any], kwargs: Mapping[str, Any]) -> bool:
    reference = Summary.from_json(kwargs["reference"])
    cells = count_cells(reference, values)
    return cells is None or compare(reference, cells, kwargs["alpha"]).interval.low <= kwargs["tolerance"]


def _is_no_step_back(values: pd.Series[Any], kwargs: Mapping[str, Any]) -> bool:
    # How old a batch may be is a matter of the clock, not of the rows.
    times = read_times(values, days_matter=True)
    newest = None if times is None else times.max()
    return newest is None or pd.isna(newest) or newest >= pd.to_datetime(kwargs["not_before"], utc=True)


# What the classes in `validation.own.drift` answer.
_WHOLE_COLUMN: Mapping[str, Callable[[pd.Series[Any], Mapping[str, Any]], bool]] = {
    DISTRIBUTION: _is_alike,
    NEWEST: _is_no_step_back,
}


def _count(frame: pd.DataFrame, kind: str, kwargs: Mapping[str, Any]) -> tuple[int, int] | None:
    """Rows that break a rule, and those that it applies to; None where only the library can tell."""
    columns = list(columns_of(kwargs))
    if not columns or not set(columns) <= set(frame.columns):
        return None
    with quiet():
        rows = unexpected_rows(frame, kind, kwargs)
    if rows is None:
        return None
    ignored = kwargs.get("ignore_row_if", "all_values_are_missing")
    if kind in _ABOUT_MISSING or ignored in ("never", "neither"):
        return len(rows), len(frame)
    if len(columns) == 1:
        return len(rows), int(frame[columns[0]].notna().sum())
    present = frame[columns].notna()
    by_any = ignored in ("any_value_is_missing", "either_value_is_missing")
    return len(rows), int((present.all(axis=1) if by_any else present.any(axis=1)).sum())


def _asked(frame: pd.DataFrame, rules: Sequence[Rule]) -> list[Broken]:
    if not rules:
        return []
    expectations = [Expectation(rule.kind, rule.kwargs, rule.columns, rule.severity) for rule in rules]
    broken = []
    for rule, raw in zip(rules, run_expectations(frame, expectations), strict=True):
        if raw.success is not True:
            count, total = raw.result.get("unexpected_count"), raw.result.get("element_count")
            n = (total or 0) - (raw.result.get("missing_count") or 0)
            broken.append(Broken(rule.key, count / n if isinstance(count, int) and n else None))
    return broken
