"""Rules about several columns of a frame, as short texts that tests can compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from assay.dataset import Roles
from assay.validation.inference.rule import Rule
from assay.validation.relations import propose_relations

SIGNS = {
    "expect_columns_to_determine_column": "->",
    "expect_column_values_to_equal_sum_of_columns": "+",
    "expect_column_values_to_equal_product_of_columns": "*",
    "expect_column_pair_values_to_be_equal": "=",
    "expect_column_pair_values_a_to_be_greater_than_b": ">=",
    "expect_compound_columns_to_be_unique": "key",
}


def short(rule: Rule) -> tuple[str, ...]:
    """Such as ("->", "zip", "city"): the sign and the columns, the target last."""
    kwargs = rule.kwargs
    columns = kwargs.get("column_list") or [kwargs["column_A"], kwargs["column_B"]]
    return (SIGNS[rule.kind], *columns)


@pytest.fixture(scope="session")
def rules_of() -> Callable[..., dict[tuple[str, ...], Rule]]:
    """Proposed rules by their short text: `rules_of(frame, label="y")`; roles are those of `Roles`."""

    def propose(frame: pd.DataFrame, *, fresh: int | None = None, **roles: Any) -> dict[tuple[str, ...], Rule]:
        roles = {"label": "", "features": tuple(frame.columns), **roles}
        rules = propose_relations(frame, Roles(**roles), fresh=fresh or len(frame), alpha=0.01)
        assert len({short(rule) for rule in rules}) == len(rules)
        return {short(rule): rule for rule in rules}

    return propose
