"""Relations between the columns of a table as rules of a suite, verified on all rows."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from assay.validation.inference.rule import Rule
from assay.validation.inference.tolerance import Tolerance, mostly_of
from assay.validation.own.rows import DETERMINES, PRODUCT, SUM, adds_up, determined, multiplies
from assay.validation.own.titles import listing
from assay.validation.relations import arithmetic, dependencies, orders
from assay.validation.relations.keys import MAX_REPEATED
from assay.validation.relations.missingness import condition_rules
from assay.validation.relations.searching import Relations, find_relations
from assay.validation.relations.table import MIN_ROWS, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from assay.dataset import Roles
    from assay.validation.relations.dependencies import Dependency
    from assay.validation.relations.keys import Key
    from assay.validation.relations.orders import Order
    from assay.validation.relations.relation import Relation

# A table of codes and what they mean is written into the suite, so that a batch that swaps two codes is noticed; a
# longer one nobody reads, it would change with every inference, and the batch's own majority must do.
MAX_MAPPING = 20
MIN_MAPPED_ROWS = 5
# Small batches are drawn from the reference so often to see how many rows of one contradict.
DRAWS = 3


def propose_relations(
    frame: pd.DataFrame, roles: Roles, *, fresh: int, alpha: float, known: Relations | None = None
) -> list[Rule]:
    """Rules about several columns that the data propose: keys, dependencies, orders, arithmetic, gaps.

    Candidates are searched in a sample of the rows and verified on all. See docs/relations.md for each search.

    Parameters
    ----------
    frame
        N rows, columns of plain kinds as `assay.ingest` makes them; not changed.
    roles
        Columns that play a part. Ignored columns and the weight are in no rule; the label is in no dependency (a
        feature that determines it is a leak, DQ017).
    fresh
        Rows of the batch that will be judged; positive.
    alpha
        In (0, 1): the probability that any of these rules alarms on a fresh sample of the same source.
    known
        What `find_relations` found in these rows, or in more of the same source: only tolerances are then fitted anew.
        By default it is searched.

    Returns
    -------
    list of Rule
        Arithmetic, dependencies, orders, keys, gaps; empty for fewer than `MIN_ROWS` rows.
    """
    if len(frame) < MIN_ROWS:
        return []
    table = Table(frame, roles)
    relations = find_relations(table) if known is None else known.refitted(table)
    found = chain(
        (_arithmetic_rule(frame, item) for item in relations.sums),
        (_dependency_rule(table, item, fresh) for item in relations.dependencies),
        (_order_rule(frame, item) for item in relations.orders),
        (_key_rule(frame, item) for item in relations.keys),
        (rule for item in relations.conditions for rule in condition_rules(frame, item)),
    )
    return with_tolerances([rule for rule in found if rule is not None], len(frame), Tolerance(fresh, alpha))


def unsearched_relations(frame: pd.DataFrame, roles: Roles) -> tuple[str, ...]:
    """What `propose_relations` did not look at in a very wide table, as sentences; empty for others."""
    return Table(frame, roles).unsearched


def with_tolerances(rules: Sequence[Rule], rows: int, together: Tolerance) -> list[Rule]:
    """The rules with their `mostly`, less those that a batch of that size cannot break.

    Parameters
    ----------
    rules
        `evidence` has `n` and `broken`, counted on the reference; `broken_in_batches` in its place where it is there.
    rows
        Of the reference.
    together
        What all rules together may raise in false alarms.
    """
    each = Tolerance(together.fresh, together.alpha / max(1, len(rules)))
    tolerant = []
    for rule in rules:
        n = int(rule.evidence["n"])
        broken = int(rule.evidence.get("broken_in_batches", rule.evidence["broken"]))
        share = each.of_present(n, rows).share(broken, n)
        if share is not None:
            mostly = {"mostly": mostly_of(share)} if share else {}
            tolerant.append(replace(rule, kwargs={**rule.kwargs, **mostly}))
    return tolerant


def _but(broken: int, n: int) -> str:
    return f"in all but {broken:,} of {n:,} rows" if broken else f"in all {n:,} rows"


def _whole(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The rows in which none of the columns is missing."""
    return frame[list(columns)].dropna()


def _arithmetic_rule(frame: pd.DataFrame, item: Relation) -> Rule | None:
    columns = [*item.parts, item.target]
    rows = _whole(frame, columns)
    tolerance = {"tolerance": item.tolerance} if item.tolerance else {}
    kwargs: dict[str, Any]
    if item.is_copy:
        kind, kwargs = _EQUAL, {"column_A": item.target, "column_B": item.parts[0], "ignore_row_if": _EITHER}
        broken = int((rows[item.target] != rows[item.parts[0]]).sum())
        said = f"'{item.target}' was the same as {listing(item.parts)}"
    elif item.kind == "sum":
        kind, kwargs = SUM, {"column_list": columns, "total": item.target, **tolerance, "ignore_row_if": _ANY}
        broken = int((~adds_up(rows, kwargs)).sum())
        said = f"'{item.target}' was the sum of {listing(item.parts)}"
    else:
        factor = {"factor": item.factor} if item.factor != 1 else {}
        kwargs = {"column_list": columns, "product": item.target, **factor, **tolerance, "ignore_row_if": _ANY}
        kind, broken = PRODUCT, int((~multiplies(rows, kwargs)).sum())
        times = [f"{item.factor:.10g}"] * bool(factor) + [f"'{name}'" for name in item.parts]
        said = f"'{item.target}' was {' times '.join(times)}"
    if broken > arithmetic.MAX_BROKEN * len(rows):
        return None
    within = f", within {item.tolerance:.6g}" if item.tolerance else ""
    evidence = {"n": len(rows), "broken": broken, "chance": round(item.chance, 4)}
    return Rule(kind, kwargs, f"{said}{within}, {_but(broken, len(rows))}.", evidence)


_EQUAL, _ANY, _EITHER = "expect_column_pair_values_to_be_equal", "any_value_is_missing", "either_value_is_missing"


def _dependency_rule(table: Table, item: Dependency, fresh: int) -> Rule | None:
    rows = _whole(table.frame, (*item.by, item.on))
    kwargs: dict[str, Any] = {"column_list": [*item.by, item.on], "determined": item.on, "ignore_row_if": _ANY}
    sizes = rows.groupby(list(item.by), sort=False).size()
    repeated = int(sizes[sizes > 1].sum())
    if not repeated:
        return None
    mapping = _mapping(table, item, rows, sizes)
    if mapping:
        kwargs["mapping"] = mapping
    broken = int((~determined(rows, kwargs)).sum())
    # A tie counts for both sides here, where the search counted one.
    if broken > 2 * dependencies.MAX_BROKEN * repeated:
        return None
    n = len(rows)
    evidence = {"n": n, "broken": broken, "values": len(sizes), "strength": round(float(item.strength), 4)}
    likely = broken if mapping else _likely_broken(rows, kwargs, broken, repeated, fresh)
    if likely > broken:
        evidence["broken_in_batches"] = likely
    what = "values" if len(item.by) == 1 else "combinations"
    each = f"Each of the {len(sizes):,} {what} of {listing(item.by)}"
    reason = f"{each} went with one value of '{item.on}', {_but(broken, n)}."
    return Rule(DETERMINES, kwargs, reason, evidence)


def _likely_broken(rows: pd.DataFrame, kwargs: Mapping[str, Any], broken: int, repeated: int, fresh: int) -> int:
    """How many of the rows would break a rule that is judged by majorities if there were `fresh` of them at a time."""
    n = len(rows)
    if fresh > n:
        # In a larger batch more of the values repeat, and can contradict each other.
        return math.ceil(broken * n / repeated)
    if not broken or fresh > n // 2:
        return broken
    # In a smaller one a contradiction more often has no majority against it, and counts twice.
    draws = (rows.sample(fresh, random_state=seed) for seed in range(DRAWS))
    share = sum(int((~determined(drawn, kwargs)).sum()) for drawn in draws) / (DRAWS * fresh)
    return max(broken, math.ceil(share * n))


def _mapping(table: Table, item: Dependency, rows: pd.DataFrame, sizes: pd.Series[int]) -> list[list[Any]] | None:
    """The determined value of each determining one that is frequent enough, where there are few; else None."""
    columns = (*item.by, item.on)
    frequent = sizes[sizes >= MIN_MAPPED_ROWS]
    if not 0 < len(frequent) <= MAX_MAPPING or frequent.sum() < (1 - dependencies.MAX_BROKEN) * len(rows):
        return None
    if table.private & set(columns) or any(rows[name].dtype.kind == "M" for name in columns):
        return None
    counts = rows.groupby(list(columns), sort=True).size().reset_index(name="count")
    leading = counts.sort_values("count", kind="stable").drop_duplicates(list(item.by), keep="last").sort_index()
    listed = leading.set_index(list(item.by)).loc[frequent.index].reset_index()[list(columns)]
    values = (listed[name].tolist() for name in columns)
    return sorted((list(entry) for entry in zip(*values, strict=True)), key=str)


def _order_rule(frame: pd.DataFrame, item: Order) -> Rule | None:
    rows = _whole(frame, (item.low, item.high))
    broken = int((rows[item.low] > rows[item.high]).sum())
    if broken > orders.MAX_BROKEN * len(rows):
        return None
    reason = (
        f"'{item.low}' was at most '{item.high}', {_but(broken, len(rows))}; unrelated columns would break it in "
        f"{item.chance:.0%}."
    )
    kwargs = {"column_A": item.high, "column_B": item.low, "or_equal": True, "ignore_row_if": _EITHER}
    evidence = {"n": len(rows), "broken": broken, "chance": round(item.chance, 4)}
    return Rule("expect_column_pair_values_a_to_be_greater_than_b", kwargs, reason, evidence)


def _key_rule(frame: pd.DataFrame, item: Key) -> Rule | None:
    rows = _whole(frame, item.columns)
    broken = int(rows.duplicated(keep=False).sum())
    # Each copy makes two rows break it.
    if broken > 2 * MAX_REPEATED * len(rows):
        return None
    never = f"No combination of {listing(item.columns)} was there twice, {_but(broken, len(rows))}"
    reason = f"{never}; unrelated columns would repeat some."
    kwargs = {"column_list": list(item.columns), "ignore_row_if": _ANY}
    evidence = {"n": len(rows), "broken": broken, "by_chance": item.by_chance}
    return Rule("expect_compound_columns_to_be_unique", kwargs, reason, evidence)
