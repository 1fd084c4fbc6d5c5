"""Dependencies without what follows from others: one column for all that say the same, and no short cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.validation.relations.dependencies import Dependency


# The share of contradictions of two dependencies that hold equally well may differ by this factor.
MAX_WORSE = 1.5


def classes(found: Sequence[Dependency], columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Column -> all columns that determine each other with it, in the order of the table; itself included."""
    edges = {(item.by[0], item.on) for item in found}
    group = {name: {name} for name in columns}
    for a, b in edges:
        if (b, a) in edges and group[a] is not group[b]:
            merged = group[a] | group[b]
            for name in merged:
                group[name] = merged
    return {name: tuple(other for other in columns if other in group[name]) for name in columns}


def leaders(found: Sequence[Dependency], columns: Sequence[str]) -> dict[str, str]:
    """Column -> the one of its class that stands for it: the first in the table, where ids and codes stand."""
    return {name: members[0] for name, members in classes(found, columns).items()}


def reduce_dependencies(found: Sequence[Dependency], columns: Sequence[str]) -> list[Dependency]:
    """The dependencies from which the others follow.

    Of columns that determine each other (a number, a name, an address of one thing) the first determines the others;
    of two, such as a code and its name, each the other. Between classes, A -> C is left out where A -> B -> C.
    """
    by_edge = {(item.by[0], item.on): item for item in found}
    members, leader = classes(found, columns), leaders(found, columns)
    kept = [
        item for (a, b), item in by_edge.items() if leader[a] == leader[b] and (a == leader[a] or len(members[a]) == 2)
    ]
    between = _between_classes(by_edge, leader)
    for (first, last), item in between.items():
        through = {on for by, on in between if by == first} - {last}
        if not any(_as_good(between.get((middle, last)), item) for middle in through):
            kept.append(item)
    place = {name: index for index, name in enumerate(columns)}
    return sorted(kept, key=lambda item: (place[item.by[0]], place[item.on]))


def _as_good(longer_way: Dependency | None, item: Dependency) -> bool:
    """Whether the last step of the longer way holds as well as the short cut: noise is alike, exceptions are more."""
    if longer_way is None:
        return False
    return longer_way.broken * item.repeated <= MAX_WORSE * item.broken * longer_way.repeated


def _between_classes(
    by_edge: Mapping[tuple[str, str], Dependency], leader: Mapping[str, str]
) -> dict[tuple[str, str], Dependency]:
    """(leader, leader) -> the dependency that stands for those between two classes: of the leaders, if there."""
    between: dict[tuple[str, str], Dependency] = {}
    for (a, b), item in by_edge.items():
        ends = (leader[a], leader[b])
        if ends[0] != ends[1] and ((a, b) == ends or ends not in between):
            between[ends] = item
    return between
