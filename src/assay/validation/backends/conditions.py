"""Row conditions in the language of a database or of Spark, with pandas' answers where a value is missing.

In SQL a comparison with NULL is unknown, and so is its negation. In pandas it is false, and true for `!=` and
`not in`. A suite means the same rows wherever it is held against the data, so that each comparison is settled here.
"""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from assay.errors import ContractError
from assay.validation.condition import parse_condition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_SIGNS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


@dataclass(frozen=True, slots=True)
class Language:
    """What a place offers to write conditions with; its conditions know `&`, `|` and `~`.

    Attributes
    ----------
    column, literal
        The column of a name, and a value that is handed over and not written into a text.
    is_missing
        Whether a column has no value.
    among
        Whether a column is one of some values.
    """

    column: Callable[[str], Any]
    literal: Callable[[Any], Any]
    is_missing: Callable[[Any], Any]
    among: Callable[[Any, Sequence[Any]], Any]


def translate(condition: str, language: Language) -> Any:
    """A condition of the place for a row condition that `read_condition` has read.

    Raises
    ------
    ContractError
        Where it has not been.
    """
    parsed = parse_condition(condition)
    if parsed is None:
        raise ContractError("condition must have been read by read_condition, got another. Read the suite first.")
    tree, names = parsed
    return _written(tree, names, language)


def _written(node: ast.AST, names: Mapping[str, str], language: Language) -> Any:
    match node:
        case ast.BoolOp(op=op, values=values):
            join = operator.and_ if isinstance(op, ast.And) else operator.or_
            return reduce(join, (_written(value, names, language) for value in values))
        case ast.UnaryOp(operand=operand):
            return ~_written(operand, names, language)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=test)):
            missing = language.is_missing(language.column(names.get(name, name)))
            return ~missing if test.startswith("not") else missing
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn() as op], comparators=[comparator]):
            assert isinstance(comparator, ast.List | ast.Tuple)
            column = _side(left, names, language)
            found = language.among(column, [ast.literal_eval(value) for value in comparator.elts])
            found = found & ~language.is_missing(column)
            return ~found if isinstance(op, ast.NotIn) else found
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            steps = zip(ops, (left, *comparators), comparators, strict=False)
            # a < b < c, as Python and pandas read it
            return reduce(operator.and_, (_comparison(*step, names, language) for step in steps))
    raise ContractError(f"condition must hold comparisons only, got {type(node).__name__}. Read the suite first.")


def _comparison(op: ast.cmpop, left: ast.expr, right: ast.expr, names: Mapping[str, str], language: Language) -> Any:
    result = _SIGNS[type(op)](_side(left, names, language), _side(right, names, language))
    for side in (left, right):
        if isinstance(side, ast.Name):
            missing = language.is_missing(_side(side, names, language))
            result = result | missing if isinstance(op, ast.NotEq) else result & ~missing
    return result


def _side(node: ast.AST, names: Mapping[str, str], language: Language) -> Any:
    if isinstance(node, ast.Name):
        return language.column(names.get(node.id, node.id))
    return language.literal(ast.literal_eval(node))
