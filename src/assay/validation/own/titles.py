"""The expectations of `own.expectations` as sentences without their full stop."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from assay.validation.own.rows import DETERMINES, IN_TABLE, PRODUCT, SUM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def _determines(kwargs: Mapping[str, Any]) -> str:
    on = kwargs.get("determined")
    listed = f", as listed for {len(kwargs['mapping']):,}" if kwargs.get("mapping") else ""
    return f"The value of '{on}' follows from {listing(_others(kwargs, on))}{listed}"


def _sum(kwargs: Mapping[str, Any]) -> str:
    total = kwargs.get("total")
    return f"'{total}' is the sum of {listing(_others(kwargs, total))}{_within(kwargs)}"


def _product(kwargs: Mapping[str, Any]) -> str:
    product, factor = kwargs.get("product"), kwargs.get("factor", 1)
    factors = [f"{factor:.10g}"] * (factor != 1) + [f"'{name}'" for name in _others(kwargs, product)]
    return f"'{product}' is {' times '.join(factors)}{_within(kwargs)}"


def _in_table(kwargs: Mapping[str, Any]) -> str:
    # Without its folders, which are those of one machine.
    file = PurePath(str(kwargs.get("file"))).name
    return f"Values of '{kwargs.get('column')}' occur in column '{kwargs.get('key')}' of {file}"


def _others(kwargs: Mapping[str, Any], target: Any) -> list[str]:
    return [str(name) for name in kwargs.get("column_list") or () if name != target]


def _within(kwargs: Mapping[str, Any]) -> str:
    return f", within {kwargs['tolerance']:.6g}" if kwargs.get("tolerance") else ""


def listing(columns: Sequence[str]) -> str:
    """'a', 'b' and 'c'."""
    named = [f"'{name}'" for name in columns]
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


TITLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    DETERMINES: _determines,
    SUM: _sum,
    PRODUCT: _product,
    IN_TABLE: _in_table,
}
