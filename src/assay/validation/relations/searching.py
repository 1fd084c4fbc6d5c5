"""All relations of a table that chance does not explain: what the rules are then made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assay.validation.relations.arithmetic import find_arithmetic, refit
from assay.validation.relations.dependencies import find_dependencies, find_joint
from assay.validation.relations.keys import find_keys
from assay.validation.relations.missingness import find_conditions
from assay.validation.relations.orders import find_orders
from assay.validation.relations.reduction import leaders, reduce_dependencies
from assay.validation.relations.table import MAX_CODED, MAX_COMBINED, MAX_ORDERED, MAX_SUMMED

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from assay.validation.relations.dependencies import Dependency
    from assay.validation.relations.keys import Key
    from assay.validation.relations.missingness import Condition
    from assay.validation.relations.orders import Order
    from assay.validation.relations.relation import Relation
    from assay.validation.relations.table import Table


@dataclass(frozen=True, slots=True)
class Relations:
    """What was found in a table."""

    sums: tuple[Relation, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    orders: tuple[Order, ...] = ()
    keys: tuple[Key, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def refitted(self, table: Table) -> Relations:
        """The same with the tolerances that the rows of another table of these columns propose."""
        if not self.sums:
            return self
        names = sorted({name for item in self.sums for name in item.columns})
        return replace(self, sums=tuple(refit(self.sums, names, table.matrix(names))))


def find_relations(table: Table) -> Relations:
    """Search a table; the cost grows with the cube of the number of its numeric columns, see `table`."""
    sums = find_arithmetic(table.numbers[:MAX_SUMMED], table.matrix(table.numbers[:MAX_SUMMED]))
    singles, joint, keys = _codes(table, sums)
    # That a part is at most the sum follows from the sum; a month and its quarter are no start and end.
    related = [item.columns for item in sums] + [{*item.by, item.on} for item in singles]
    orders, conditions = _orders(table, related), find_conditions(table)
    return Relations(tuple(sums), (*singles, *joint), tuple(orders), tuple(keys), tuple(conditions))


def _codes(table: Table, sums: Sequence[Relation]) -> tuple[list[Dependency], list[Dependency], list[Key]]:
    """The dependencies on one column, those on two, and the compound keys."""
    computed = {item.target for item in sums}
    names = [name for name in list(table.codes)[:MAX_CODED] if name != table.roles.label and name not in computed]
    codes = {name: table.codes[name] for name in names}
    written = [name for name in table.written if name in codes]
    found = find_dependencies(codes, written)
    leader = leaders(found, names)
    # One column of each class is enough to combine: the others say the same.
    combined = [name for name in written if leader[name] == name][:MAX_COMBINED]
    joint = find_joint({name: codes[name] for name in names if leader[name] == name}, combined, found)
    follows = {(item.by[0], item.on) for item in found}
    keys = find_keys(codes, combined)
    coarsest = [key for key in keys if not any(_refines(key, other, follows) for other in keys)]
    return reduce_dependencies(found, names), joint, coarsest


def _refines(key: Key, other: Key, follows: set[tuple[str, str]]) -> bool:
    """Whether a key is another one with a column that determines one of it in its place: nothing new."""
    mine, theirs = set(key.columns) - set(other.columns), set(other.columns) - set(key.columns)
    return len(mine) == len(theirs) == 1 and (mine.pop(), theirs.pop()) in follows


def _orders(table: Table, related: Sequence[Collection[str]]) -> list[Order]:
    """Orders between columns that no relation in `related` has together."""
    numbers = table.numbers[:MAX_ORDERED]
    found = find_orders(numbers, table.matrix(numbers), alike=False)
    for names in table.days.values():
        found += find_orders(names[:MAX_ORDERED], table.instants(names[:MAX_ORDERED]), alike=True)
    return [item for item in found if not any(item.low in known and item.high in known for known in related)]
