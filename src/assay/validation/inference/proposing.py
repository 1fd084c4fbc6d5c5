"""All rules of a suite, each with its part of the false alarms that the whole may raise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.validation.drift.proposal import DISTRIBUTION, propose_drift
from assay.validation.inference.columns import propose_columns
from assay.validation.inference.periods import grows
from assay.validation.relations.proposal import propose_relations

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from assay.dataset import Roles
    from assay.validation.inference.rule import Rule
    from assay.validation.relations.searching import Relations

# The whole suite may raise a false alarm in so many runs.
ALPHA = 0.05
# Who proposes rules, and the part of the false alarms that all of his rules together may raise.
PROPOSERS: tuple[tuple[Callable[..., list[Rule]], float], ...] = (
    (propose_columns, 0.4),
    (propose_drift, 0.3),
    (propose_relations, 0.3),
)


def propose_rules(
    frame: pd.DataFrame,
    roles: Roles,
    *,
    fresh: int,
    numeric_label: bool = False,
    relations: Relations | None = None,
) -> list[Rule]:
    """All rules that the data propose, in the order in which they stand in a suite.

    Together they alarm on a fresh sample of the same source with probability at most `ALPHA`, whatever they have to
    do with each other: each has its part of it (Bonferroni).

    Parameters
    ----------
    frame, roles, fresh, numeric_label
        As `propose_columns` takes them.
    relations
        As `propose_relations` takes what is `known`.
    """
    rules = []
    more: dict[Any, dict[str, Any]] = {
        propose_columns: {"numeric_label": numeric_label},
        propose_relations: {"known": relations},
    }
    for propose, part in PROPOSERS:
        rules += propose(frame, roles, fresh=fresh, alpha=part * ALPHA, **more.get(propose, {}))
    rules = [rule for rule in rules if rule.kind != DISTRIBUTION or not grows(frame[rule.columns[0]])]
    return _in_order(rules, list(frame.columns))


def _in_order(rules: Sequence[Rule], columns: Sequence[str]) -> list[Rule]:
    """The table's rules, then each column's, then those between columns; otherwise as they were proposed."""
    place = {name: number for number, name in enumerate(columns)}

    def key(rule: Rule) -> tuple[bool, list[int]]:
        return len(rule.columns) > 1, [place.get(name, len(place)) for name in rule.columns]

    return sorted(rules, key=key)
