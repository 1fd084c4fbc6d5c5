"""Small cells: a figure about a few people tells something about each of them, so the report does not show it.

One guest of a group who cancelled makes the group's true positive rate 100%. The report is passed around; the frames
in Python are the caller's own data and stay complete. Hidden are small cells themselves (primary suppression), and
figures of all rows but a few, which tell these beside a figure of all rows. Who knows a total and several other parts
of it can still subtract.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.fairness.rates import (
    AVERAGE_ODDS,
    FALSE_POSITIVE_RATE,
    MACRO_RECALL,
    TRUE_POSITIVE_RATE,
    in_class,
)
from assay.report.plain import plain
from assay.small_cells import FEWER, is_small

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    import pandas as pd

Row = dict[str, Any]
Table = dict[str, Any]
# Feature, group, metric -> rows that the rate rests on.
RateRows = dict[tuple[str, str, str], int]

_FIGURES = ("value", "low", "high")
# Columns that name groups of people.
_GROUPS = ("group", "sex", "race")
# Follows from the rates of all groups together, and from no fewer cases than may be shown.
_NOT_OF_THE_GROUP = "rows that would decide"
# Of an expectation of the suite: those that break one on a sensitive feature are people of some groups.
_EXPECTATION = "DQ100"


def count_rate_rows(by_group: pd.DataFrame) -> RateRows:
    """Rows that each rate rests on, of `FairnessResult.by_group`; of a mean of rates, those of its smallest part.

    A mean would undo a part that is hidden: the true positive rate is twice the average odds less the false one.
    """
    keys = zip(by_group["feature"], by_group["group"], by_group["metric"], strict=True)
    rows: RateRows = {
        (str(feature), str(group), str(metric)): int(n)
        for (feature, group, metric), n in zip(keys, by_group["n"], strict=True)
    }
    parts: dict[tuple[str, str, str], int] = {}
    for (feature, group, metric), n in rows.items():
        mean = (feature, group, _mean_with(metric))
        parts[mean] = min(n, parts.get(mean, n))
    return {key: min(n, parts.get(key, n)) for key, n in rows.items()}


def _mean_with(metric: str) -> str:
    """The mean that a rate is a part of; empty where there is none."""
    if metric in {TRUE_POSITIVE_RATE, FALSE_POSITIVE_RATE}:
        return AVERAGE_ODDS
    return MACRO_RECALL if metric.startswith(in_class(TRUE_POSITIVE_RATE, "").removesuffix("]")) else ""


def leaves_few(count: Any, totals: Iterable[int]) -> bool:
    """Whether a count of rows is one of these totals less a few rows, so that it tells how few."""
    if not isinstance(count, int | float) or isinstance(count, bool) or count in (known := tuple(totals)):
        return False
    return any(count < total and is_small(total - count) for total in known)


def count_group_rows(rate_rows: Mapping[tuple[str, str, str], int]) -> dict[tuple[str, str], int]:
    """Rows of each (feature, group): those of the rate that rests on all of them."""
    rows: dict[tuple[str, str], int] = {}
    for (feature, group, _), n in rate_rows.items():
        rows[feature, group] = max(n, rows.get((feature, group), 0))
    return rows


def hide_small_fairness(tables: Mapping[str, Table], rate_rows: RateRows, heaviest: float) -> dict[str, Table]:
    """The tables `by_group`, `disparities` and `counts` without their small cells.

    Parameters
    ----------
    tables
        As the document has them: `{"columns": [...], "rows": [[...], ...]}`.
    rate_rows
        See `count_rate_rows`.
    heaviest
        Largest weight of a row, 1 without weights: `counts` holds weights, and n of them are at least n / heaviest
        rows.
    """
    group_rows = count_group_rows(rate_rows)
    nearly_all = nearly_all_rows(rate_rows)

    def rate(row: Row) -> Row:
        feature, group = str(row["feature"]), str(row["group"])
        n = rate_rows.get((feature, group, str(row["metric"])), row["n"])
        if is_small(n):
            return {**row, **dict.fromkeys(_FIGURES), "n": FEWER}
        if (feature, group) in nearly_all:
            return {**row, **dict.fromkeys(_FIGURES), "n": None}
        return {**row, "n": n}

    def disparity(row: Row) -> Row:
        feature = str(row["feature"])
        ends = [str(row[end]) for end in ("worst", "best") if row[end] is not None]
        # A combined one, such as equalized odds, has no rate of its own.
        rows = [
            rate_rows.get((feature, group, str(row["metric"])), group_rows.get((feature, group), 0)) for group in ends
        ]
        hide = any(map(is_small, rows)) or any((feature, group) in nearly_all for group in ends)
        return {**row, **dict.fromkeys((*_FIGURES, "p_value", "worst", "best"))} if hide else row

    def cell(row: Row) -> Row:
        key = (str(row["feature"]), str(row["group"]))
        if is_small(group_rows.get(key, 0)):
            # That a cell is there at all would tell the label of a group of one.
            return {**row, "y_true": None, "y_pred": None, "n": FEWER}
        if key in nearly_all:
            return {**row, "y_true": None, "y_pred": None, "n": None}
        least = row["n"] / heaviest if row["n"] is not None and heaviest > 0 else 0
        return {**row, "n": FEWER} if is_small(least) else row

    hidden = {"by_group": rate, "disparities": disparity, "counts": cell}
    shown = {name: _each_row(tables[name], change) for name, change in hidden.items()}
    counts = shown["counts"]
    # All cells of a small group have become one and the same.
    return {**shown, "counts": {**counts, "rows": list(map(list, dict.fromkeys(map(tuple, counts["rows"]))))}}


def nearly_all_rows(rate_rows: RateRows) -> set[tuple[str, str]]:
    """Each (feature, group) that holds all rows of its feature but a few: what is told of it tells of these."""
    group_rows = count_group_rows(rate_rows)
    totals: dict[str, int] = {}
    for (feature, _), n in group_rows.items():
        totals[feature] = totals.get(feature, 0) + n
    return {(feature, group) for (feature, group), n in group_rows.items() if leaves_few(n, [totals[feature]])}


def hide_small_estimates(table: Table, totals: Collection[int] = ()) -> Table:
    """Estimated shares of wrong labels without the small cells of sensitive groups; `totals` as `hide_small_rows`."""

    def estimate(row: Row) -> Row:
        if row["by"] in {"overall", "class"}:
            return row
        nearly_all = leaves_few(row["n"], totals)
        hidden = dict.fromkeys(("share", "low", "high")) if is_small(row["n"]) or nearly_all else {}
        hidden |= dict.fromkeys(("n", "suspects")) if nearly_all else {}
        return {**row, **hidden, **{name: FEWER for name in ("n", "suspects") if is_small(row[name])}}

    return _each_row(table, estimate)


def hide_small_rows(table: Table, totals: Collection[int] = (), nearly_all: Collection[tuple[str, str]] = ()) -> Table:
    """A table with a column `n`, without the figures that rest on a few rows, or on all but a few.

    Parameters
    ----------
    table
        As the document has it.
    totals
        Numbers of rows that the report tells: of the dataset, and of those that were judged. An `n` that is one of
        them less a few is not shown; nor are the figures of a group with so many rows.
    nearly_all
        See `nearly_all_rows`: these groups have no figures either, whatever single ones rest on.
    """
    found = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    known = {(feature, group, None, None) for feature, group in nearly_all}
    hidden = known | {_whom(row) for row in found if leaves_few(row["n"], totals)}

    def hide(row: Row) -> Row:
        small = is_small(row["n"])
        if not small and _whom(row) not in hidden:
            return row
        gone = small or any(row.get(name) is not None for name in _GROUPS)
        kept = {name: None if gone and isinstance(value, float) else value for name, value in row.items()}
        return kept | {"n": FEWER if small else None}

    return _each_row(table, hide)


def health_tables(
    tables: Mapping[str, pd.DataFrame], totals: Collection[int], nearly_all: Collection[tuple[str, str]]
) -> dict[str, Table]:
    """Tables of the stage "health" as the document has them: those with a column `n` without small cells."""
    found: dict[str, Table] = {name: plain(table) for name, table in tables.items()}
    return {
        name: hide_small_rows(table, totals, nearly_all) if {"n", *_GROUPS} & set(table["columns"]) > {"n"} else table
        for name, table in found.items()
    }


def _whom(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("feature", *_GROUPS))


def hide_small_evidence(
    finding: dict[str, Any],
    rate_rows: RateRows,
    sensitive: Collection[str],
    totals: Collection[int] = (),
    cases: Collection[int] = (),
) -> dict[str, Any]:
    """`finding`, as the document has it, without small cells in its evidence.

    Tables with a column "group" are about people; so is the figure of a finding on a group of a sensitive feature, and
    of an expectation on one. Counts of markers, kinds or classes are not.

    Parameters
    ----------
    finding
        One of the document.
    rate_rows
        See `count_rate_rows`.
    sensitive
        Names of sensitive features.
    totals
        See `hide_small_rows`; held against what is about people.
    cases
        Numbers of rows with and without a label, which the report tells too.
    """
    evidence = finding["evidence"]
    if evidence is None:
        return finding
    changed = dict(evidence)
    table = evidence["table"]
    about_people = not set(sensitive).isdisjoint(finding["subject"]["columns"])
    about_group = about_people and finding["subject"]["group"] is not None
    if table is not None and "group" in table["columns"]:
        about_people = True
        changed["table"] = _hide_groups(table, " x ".join(finding["subject"]["columns"]), rate_rows, totals)
        if _hides(table, changed["table"], evidence["value"]):
            changed |= {"value": None, "interval": None}
        if evidence["unit"] != "groups" and is_small(evidence["n"]):
            changed |= {"value": None, "interval": None, "n": FEWER}
    if about_group:
        if is_small(evidence["n"]):
            changed |= {"value": None, "interval": None, "n": FEWER}
        if evidence["unit"] == "rows" and is_small(evidence["value"]):
            changed["value"] = FEWER
    if about_people and leaves_few(changed["n"], (*totals, *cases)):
        changed |= {"n": None} | ({"value": None, "interval": None} if about_group else {})
    if about_people and finding["code"] == _EXPECTATION and _breaks_few(evidence):
        # The rows would be counted by their positions.
        changed |= {"value": None, "interval": None, "rows": None}
    return {**finding, "evidence": _without_ends(changed)}


def _without_ends(evidence: dict[str, Any]) -> dict[str, Any]:
    """Evidence whose figure is hidden, without the groups that it is about."""
    return {name: part for name, part in evidence.items() if name != "between" or evidence["value"] is not None}


def _breaks_few(evidence: Mapping[str, Any]) -> bool:
    """Whether few rows break an expectation, or few keep it."""
    rows, n, value = evidence["rows"], evidence["n"], evidence["value"]
    counts = [] if rows is None else [rows["count"]]
    if evidence["unit"] == "share" and value is not None and n:
        counts.append(round(value * n))
    return any(count > 0 and (is_small(count) or leaves_few(count, [n or 0])) for count in counts)


def _hide_groups(table: Table, feature: str, rate_rows: RateRows, totals: Collection[int]) -> Table:
    def group(row: Row) -> Row:
        sizes = [cell for name, cell in row.items() if _is_size(name)]
        small = any(is_small(size) or leaves_few(size, totals) for size in sizes)

        def cell(name: str, value: Any) -> Any:
            if name == _NOT_OF_THE_GROUP or not isinstance(value, int | float) or isinstance(value, bool):
                return value
            if isinstance(value, int):
                return FEWER if is_small(value) else None if leaves_few(value, totals) else value
            key = (str(row.get("feature", feature)), str(row["group"]), name)
            return None if small or is_small(rate_rows.get(key)) else value

        return {name: cell(name, value) for name, value in row.items()}

    return _each_row(table, group)


def _is_size(column: str) -> bool:
    return column in {"n", "rows"} or column.endswith(" rows")


def _hides(table: Table, shown: Table, value: Any) -> bool:
    """Whether the figure beside a table is one that the table does not show."""
    pairs = zip(table["rows"], shown["rows"], strict=False)
    gone = {a for row, kept in pairs for a, b in zip(row, kept, strict=True) if isinstance(a, float) and b is None}
    return value in gone


def _each_row(table: Table, change: Callable[[Row], Row]) -> Table:
    columns = table["columns"]
    # Two columns of one name, of a check of the user's own, cannot be told apart: nothing of such a table is shown.
    if len(set(columns)) < len(columns):
        return {"columns": columns, "rows": []}
    rows = [change(dict(zip(columns, row, strict=True))) for row in table["rows"]]
    return {"columns": columns, "rows": [[row[name] for name in columns] for row in rows]}
