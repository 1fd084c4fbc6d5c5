"""Row conditions of a suite: read, checked and rewritten before anything evaluates them.

Great Expectations hands a row condition to `DataFrame.query`, which can call functions and reach modules. A suite is
data that somebody else may have written: only comparisons of columns with literals pass here, and what is evaluated
later is the text that was put together again from the checked words, not the text of the file.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from assay.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

# No backslash and no backtick in a text: it means the same to this reader, to Python and to pandas.
_WORD = re.compile(
    r"""\s*(?:(?P<text>'[^'`\\\n]*'|"[^"`\\\n]*")|`(?P<quoted>[^`\n]+)`|(?P<name>[^\W\d]\w*)"""
    r"""|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<sign>[=!<>]=|[<>&|~()\[\],.+-]))"""
)
_TESTS = ("isnull", "notnull", "isna", "notna")
_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
# Longer ones are no condition that a person wrote; deep nesting is how parsers are brought down.
_MAX_LENGTH = 2_000

_ALLOWED = (
    "compare columns with literals (== != < <= > >=, in, not in), or ask .isnull() or .notnull(), joined by and, or, "
    "not and brackets, such as \"age >= 18 and `home town` in ['Ulm', 'Bonn']\""
)


def read_condition(condition: object, parser: object, columns: Sequence[str]) -> str:
    """Return the text of a row condition that is safe to hand to `DataFrame.query`.

    Parameters
    ----------
    condition
        A text in the syntax of `DataFrame.query`, or the object in which Great Expectations 1.9 and later write one.
    parser
        The `condition_parser` beside it: "pandas" or None.
    columns
        Of the data; the condition may name no other.

    Raises
    ------
    ConfigurationError
        Where it is anything else than comparisons of columns with literals, or names a column that is not there.
    """
    if parser not in (None, "pandas"):
        raise ConfigurationError('`condition_parser` must be "pandas". Write the row condition in pandas\' syntax.')
    text = condition if isinstance(condition, str) else _written(condition)
    parsed = None if text is None else parse_condition(text)
    if text is None or parsed is None:
        raise ConfigurationError(f"`row_condition` must {_ALLOWED}; this one holds something else. Correct it.")
    tree, names = parsed
    named = {names.get(node.id, node.id) for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if absent := sorted(named - set(columns)):
        listed = ", ".join(f"'{name}'" for name in absent)
        raise ConfigurationError(f"`row_condition` names {listed}, which is not in the data. Correct the condition.")
    return " ".join(f"`{word}`" if kind == "quoted" else word for kind, word in _words(text))


def parse_condition(text: str) -> tuple[ast.expr, dict[str, str]] | None:
    """The tree of an allowed condition and the columns that its stand-ins mean; None where it holds something else.

    A name in the tree that is no stand-in is the column of that name.
    """
    words = list(_words(text)) if len(text) <= _MAX_LENGTH else []
    # Stands for a column in backticks while Python parses the condition.
    stand_in = "column"
    while stand_in in text:
        stand_in += "_"
    names = {f"{stand_in}{i}": word for i, (kind, word) in enumerate(words) if kind == "quoted"}
    parsed = [f"{stand_in}{i}" if kind == "quoted" else word for i, (kind, word) in enumerate(words)]
    try:
        tree = ast.parse(" ".join(parsed), mode="eval").body
        allowed = bool(words) and _is_condition(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return (tree, names) if allowed else None


def columns_of(condition: str) -> tuple[str, ...] | None:
    """The columns that an allowed condition names, sorted; None where it holds something else."""
    parsed = parse_condition(condition)
    if parsed is None:
        return None
    tree, names = parsed
    return tuple(sorted({names.get(node.id, node.id) for node in ast.walk(tree) if isinstance(node, ast.Name)}))


def count_rows(frame: pd.DataFrame, condition: str) -> int | None:
    """Number of rows that meet a condition which was read by `read_condition`; None where it cannot be evaluated."""
    try:
        return len(frame[list(columns_of(condition) or frame.columns)].query(condition))
    except (TypeError, ValueError, SyntaxError):
        # A number compared with a text: the expectation itself will say that it cannot be carried out.
        return None


def _words(text: str) -> Iterator[tuple[str, str]]:
    place, end = 0, len(text.rstrip())
    while place < end:
        found = _WORD.match(text, place)
        if found is None:
            yield "unknown", "?"
            return
        kind = str(found.lastgroup)
        # As pandas does, before Python's precedence of & and | could matter.
        yield kind, {"&": "and", "|": "or"}.get(found[kind], found[kind])
        place = found.end()


def _is_condition(node: ast.AST) -> bool:
    match node:
        case ast.BoolOp(values=values):
            return all(map(_is_condition, values))
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            return _is_condition(operand)
        case ast.Call(func=ast.Attribute(value=ast.Name(), attr=test), args=[], keywords=[]):
            return test in _TESTS
        case ast.Compare(
            left=ast.Name(), ops=[ast.In() | ast.NotIn()], comparators=[ast.List() | ast.Tuple() as set_]
        ):
            return all(map(_is_literal, set_.elts))
        case ast.Compare(left=left, ops=ops, comparators=rest):
            sides = (left, *rest)
            return (
                all(isinstance(op, _COMPARISONS) for op in ops)
                and all(isinstance(side, ast.Name) or _is_literal(side) for side in sides)
                and any(isinstance(side, ast.Name) for side in sides)
            )
    return False


def _is_literal(node: ast.AST) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        node = node.operand
        return isinstance(node, ast.Constant) and type(node.value) in (int, float)
    return isinstance(node, ast.Constant) and isinstance(node.value, str | int | float)


def _written(condition: object) -> str | None:
    """The condition objects of Great Expectations as text; None for what is none."""
    match condition:
        case {"type": "pass_through", "pass_through_filter": str(text)}:
            return text
        case {"type": "and" | "or" as word, "conditions": [_, *_] as parts}:
            texts = [_written(part) for part in parts]
            return None if None in texts else f" {word} ".join(f"({text})" for text in texts)
        case {"type": "nullity", "column": column, "is_null": bool(missing)}:
            return f"`{_name(column)}`.{'isnull' if missing else 'notnull'}()"
        case {"type": "comparison", "column": column, "operator": str(sign), "parameter": value}:
            words = {"IN": "in", "NOT_IN": "not in", "NOT IN": "not in"}
            return f"`{_name(column)}` {words.get(sign.upper(), sign)} {value!r}"
    return None


def _name(column: Any) -> str:
    # A name that is none becomes one that no data have: the condition is refused.
    found: Mapping[str, Any] = column if isinstance(column, dict) else {"name": column}
    return str(found.get("name"))
