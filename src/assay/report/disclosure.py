"""Small cells: a figure about a few people tells something about each of them, so the report does not show it.

One guest of a group who cancelled makes the group's true positive rate 100%. The report is passed around; the frames
in Python are the caller's own data and stay complete. Only small cells themselves are hidden (primary suppression):
who knows a total and all its other parts can still subtract.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.small_cells import FEWER, is_small

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import pandas as pd

Row = dict[str, Any]
Table = dict[str, Any]
# Feature, group, metric -> rows that the rate rests on.
RateRows = dict[tuple[str, str, str], int]

_FIGURES = ("value", "low", "high")
# Follows from the rates of all groups together, and from no fewer cases than may be shown.
_NOT_OF_THE_GROUP = "rows that would decide"


def count_rate_rows(by_group: pd.DataFrame) -> RateRows:
    """Rows that each rate rests on, of `FairnessResult.by_group`."""
    keys = zip(by_group["feature"], by_group["group"], by_group["metric"], strict=True)
    return {
        (str(feature), str(group), str(metric)): int(n)
        for (feature, group, metric), n in zip(keys, by_group["n"], strict=True)
    }


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

    def rate(row: Row) -> Row:
        return {**row, **dict.fromkeys(_FIGURES), "n": FEWER} if is_small(row["n"]) else row

    def disparity(row: Row) -> Row:
        feature = str(row["feature"])
        ends = [str(row[end]) for end in ("worst", "best") if row[end] is not None]
        # A combined one, such as equalized odds, has no rate of its own.
        rows = [
            rate_rows.get((feature, group, str(row["metric"])), group_rows.get((feature, group), 0)) for group in ends
        ]
        return {**row, **dict.fromkeys((*_FIGURES, "p_value", "worst", "best"))} if any(map(is_small, rows)) else row

    def cell(row: Row) -> Row:
        if is_small(group_rows.get((str(row["feature"]), str(row["group"])), 0)):
            # That a cell is there at all would tell the label of a group of one.
            return {**row, "y_true": None, "y_pred": None, "n": FEWER}
        least = row["n"] / heaviest if row["n"] is not None and heaviest > 0 else 0
        return {**row, "n": FEWER} if is_small(least) else row

    hidden = {"by_group": rate, "disparities": disparity, "counts": cell}
    shown = {name: _each_row(tables[name], change) for name, change in hidden.items()}
    counts = shown["counts"]
    # All cells of a small group have become one and the same.
    return {**shown, "counts": {**counts, "rows": list(map(list, dict.fromkeys(map(tuple, counts["rows"]))))}}


def hide_small_estimates(table: Table) -> Table:
    """Estimated shares of wrong labels without the small cells of sensitive groups."""

    def estimate(row: Row) -> Row:
        if row["by"] in {"overall", "class"}:
            return row
        hidden = dict.fromkeys(("share", "low", "high")) if is_small(row["n"]) else {}
        return {**row, **hidden, **{name: FEWER for name in ("n", "suspects") if is_small(row[name])}}

    return _each_row(table, estimate)


def hide_small_rows(table: Table) -> Table:
    """A table with a column `n`, without the figures that rest on a few rows."""

    def hide(row: Row) -> Row:
        if not is_small(row["n"]):
            return row
        return {name: None if isinstance(value, float) else value for name, value in row.items()} | {"n": FEWER}

    return _each_row(table, hide)


def hide_small_evidence(finding: dict[str, Any], rate_rows: RateRows, sensitive: Collection[str]) -> dict[str, Any]:
    """`finding`, as the document has it, without small cells in its evidence.

    Tables with a column "group" are about people; so is the figure of a finding on a group of a sensitive feature.
    Counts of markers, kinds or classes are not.
    """
    evidence = finding["evidence"]
    if evidence is None:
        return finding
    changed = dict(evidence)
    table = evidence["table"]
    if table is not None and "group" in table["columns"]:
        changed["table"] = _hide_groups(table, " x ".join(finding["subject"]["columns"]), rate_rows)
        if _hides(table, changed["table"], evidence["value"]):
            changed |= {"value": None, "interval": None}
        if evidence["unit"] != "groups" and is_small(evidence["n"]):
            changed |= {"value": None, "interval": None, "n": FEWER}
    about_group = finding["subject"]["group"] is not None
    if about_group and not set(sensitive).isdisjoint(finding["subject"]["columns"]):
        if is_small(evidence["n"]):
            changed |= {"value": None, "interval": None, "n": FEWER}
        if evidence["unit"] == "rows" and is_small(evidence["value"]):
            changed["value"] = FEWER
    return {**finding, "evidence": changed}


def _hide_groups(table: Table, feature: str, rate_rows: RateRows) -> Table:
    def group(row: Row) -> Row:
        small = any(is_small(cell) for name, cell in row.items() if _is_size(name))

        def cell(name: str, value: Any) -> Any:
            if name == _NOT_OF_THE_GROUP or not isinstance(value, int | float) or isinstance(value, bool):
                return value
            if isinstance(value, int):
                return FEWER if is_small(value) else value
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
