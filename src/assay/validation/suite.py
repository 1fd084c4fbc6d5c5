"""Reading a suite: Great Expectations' own JSON, every mistake in it at once."""

from __future__ import annotations

import difflib
import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assay.errors import ConfigurationError
from assay.findings import Severity
from assay.validation import engine
from assay.validation.condition import read_condition
from assay.validation.own.rows import IN_TABLE
from assay.validation.own.tables import locate
from assay.validation.wording import pattern_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

# How results are shown and stored, and which batch is meant, is for Assay to say.
_NOT_RULES = ("result_format", "catch_exceptions", "include_config", "batch_id")

# They run the SQL of the suite, or read another table: nothing that a table in memory can answer.
_NOT_FOR_A_TABLE = (
    "unexpected_rows_expectation",
    "expect_query_results_to_match_comparison",
    "expect_table_row_count_to_equal_other_table",
)

# An expectation that a column exists may name one that does not: that is its question.
_ASKS_FOR_COLUMN = "expect_column_to_exist"

# Of a SHA-256: no two rules of a suite share them.
_RULE_DIGITS = 16

# Nothing that a person writes; whatever walks through a suite later stays far from the limit of Python.
_MOST_DEPTH = 50

_SHAPE = (
    'A suite is a JSON object such as {"name": "...", "expectations": [{"type": "expect_column_to_exist", '
    '"kwargs": {"column": "..."}}]}; `assay init` writes a first one.'
)


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """One rule of a suite.

    Attributes
    ----------
    kind
        Its type in Great Expectations, such as "expect_column_values_to_be_between".
    kwargs
        As in the file, less what does not belong to the rule.
    columns
        The columns that it names.
    severity
        Its own, else that in its meta, else critical.
    pattern
        In words, where its meta says what a pattern stands for; see `pattern_in_words`.
    """

    kind: str
    kwargs: Mapping[str, Any]
    columns: tuple[str, ...]
    severity: Severity
    pattern: str = ""

    @property
    def rule(self) -> str:
        """Digest of what it asks: its type and all arguments, with the row condition and the values of a set.

        Two expectations of one title may ask for different things, and none of these values may be told.
        """
        told = dict(self.kwargs)
        if isinstance(told.get("value_set"), list | tuple):  # its order says nothing
            told["value_set"] = sorted(map(_as_json, told["value_set"]))
        if self.kind == IN_TABLE:  # where the suite lies says nothing of the rule
            told["file"] = str(told.get("file")).replace("\\", "/").rpartition("/")[2]
        return hashlib.sha256(_as_json([self.kind, told]).encode()).hexdigest()[:_RULE_DIGITS]


@dataclass(frozen=True, slots=True, eq=False)
class Suite:
    """A suite whose expectations all exist, have the arguments they need, and name columns of the data."""

    name: str
    expectations: tuple[Expectation, ...]


def _as_json(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def read_suite(path: Path, columns: Sequence[str]) -> Suite:
    """Read a suite in the JSON of Great Expectations, 1.x or 0.x.

    Parameters
    ----------
    path
        Of the JSON file.
    columns
        Of the data; every column that the suite names must be among them.

    Raises
    ------
    ConfigurationError
        Where the file is missing or no suite, an expectation is unknown or has wrong arguments, or a column is not
        in the data; one problem for each mistake.
    """
    content = _load(path)
    entries = content.get("expectations")
    if not isinstance(entries, list):
        raise ConfigurationError(f"Suite {path} must have a list of `expectations`. {_SHAPE}")
    problems: list[str] = []
    expectations: list[Expectation] = []
    for index, entry in enumerate(entries):
        found = _with_table(_expectation(entry, columns), path)
        if isinstance(found, Expectation):
            expectations.append(found)
            wrong = engine.check_arguments(found.kind, found.kwargs)
        else:
            wrong = found
        kind = _kind(entry)
        problems += [f"Suite {path}, expectation {index} ({kind or 'no type'}): {text}" for text in wrong]
    problems += _absent_columns(path, expectations, columns)
    if problems:
        raise ConfigurationError(problems)
    name = content.get("name") or content.get("expectation_suite_name") or path.stem
    return Suite(str(name), tuple(expectations))


def _load(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"Suite {path} does not exist. Correct `validation.suite`; `assay init` writes a first suite."
        ) from error
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"Suite {path}, line {error.lineno}: not valid JSON: {error.msg}. Correct the file. {_SHAPE}"
        ) from error
    except RecursionError as error:
        raise _too_deep(path) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"Suite {path} must be UTF-8 text. Save it in that encoding.") from error
    except OSError as error:
        raise ConfigurationError(
            f"Suite {path} cannot be read: {error.strerror}. Correct `validation.suite`."
        ) from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"Suite {path} must be a JSON object, got {type(content).__name__}. {_SHAPE}")
    if _is_deep(content):
        raise _too_deep(path)
    return content


def _too_deep(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"Suite {path} must nest lists and objects at most {_MOST_DEPTH} deep, got more. Correct the file."
    )


def _is_deep(content: object) -> bool:
    level = [content]
    for _ in range(_MOST_DEPTH):
        inner = (item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list))
        level = [part for parts in inner for part in parts]
    return bool(level)


def _kind(entry: object) -> str | None:
    kind = (entry.get("type") or entry.get("expectation_type")) if isinstance(entry, dict) else None
    return kind if isinstance(kind, str) else None


def _expectation(entry: object, columns: Sequence[str]) -> Expectation | list[str]:
    """Return the expectation, or what is wrong with it before its arguments are looked at."""
    kind = _kind(entry)
    if not isinstance(entry, dict) or kind is None:
        return [f"it must be an object with a `type`. {_SHAPE}"]
    known = engine.known_kinds()
    if kind not in known:
        near = difflib.get_close_matches(kind, known, n=1, cutoff=0.6)
        hint = f"did you mean '{near[0]}'?" if near else "see the gallery of Great Expectations for the known types."
        return [f"unknown type; {hint}"]
    kwargs, meta = entry.get("kwargs") or {}, entry.get("meta") or {}
    if not isinstance(kwargs, dict) or not isinstance(meta, dict):
        return ["`kwargs` and `meta` must be objects, such as {}."]
    problems = list(_refused(kind, kwargs))
    stated = entry.get("severity") or meta.get("severity") or Severity.CRITICAL
    if stated not in tuple(Severity):
        problems.append(f"`severity` must be critical, warning or info, got {stated!r}.")
    rule = {key: value for key, value in kwargs.items() if key not in _NOT_RULES}
    if rule.get("row_condition"):
        try:
            condition = read_condition(rule["row_condition"], rule.get("condition_parser"), columns)
            rule |= {"row_condition": condition, "condition_parser": "pandas"}
        except ConfigurationError as error:
            problems += error.problems
    if problems:
        return problems
    return Expectation(
        kind, rule, tuple(dict.fromkeys(_columns(rule))), Severity(stated), pattern_in_words(kind, meta)
    )


def _with_table(found: Expectation | list[str], suite: Path) -> Expectation | list[str]:
    """The same; the other table of an inclusion is found beside the suite."""
    if not isinstance(found, Expectation) or found.kind != IN_TABLE:
        return found
    file = locate(suite, found.kwargs)
    return replace(found, kwargs={**found.kwargs, "file": file}) if isinstance(file, str) else file


def _refused(kind: str, kwargs: Mapping[str, Any]) -> Iterator[str]:
    """Why an expectation is not even handed to Great Expectations: what it would evaluate, query or fetch."""
    if kind in _NOT_FOR_A_TABLE or any("query" in key for key in kwargs):
        yield "it queries a database, which is not supported. Write it as an expectation on columns."
    for key, value in kwargs.items():
        keys = list(_keys(value))
        if any(name == "$PARAMETER" for name, _ in keys):
            yield f"argument '{key}' is a parameter, which is not supported. Write its value into the suite."
        # A JSON schema may point to another file or to the network.
        if any(name in ("$ref", "$dynamicRef") and not str(target).startswith("#") for name, target in keys):
            yield f"argument '{key}' refers to another document, which is not supported. Write it into the suite."


def _keys(value: object) -> Iterator[tuple[str, object]]:
    """All keys of nested objects, with their values."""
    if isinstance(value, dict):
        yield from value.items()
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(part)


def _columns(kwargs: Mapping[str, Any]) -> Iterator[str]:
    for key in ("column", "column_A", "column_B"):
        if isinstance(kwargs.get(key), str):
            yield kwargs[key]
    listed = kwargs.get("column_list")
    # Anything else is refused as an argument.
    yield from (name for name in listed if isinstance(name, str)) if isinstance(listed, list) else ()


def _absent_columns(path: Path, expectations: Sequence[Expectation], columns: Sequence[str]) -> list[str]:
    named = (name for item in expectations if item.kind != _ASKS_FOR_COLUMN for name in item.columns)
    problems = []
    for name in dict.fromkeys(named):
        if name not in columns:
            near = difflib.get_close_matches(name, columns, n=1, cutoff=0.6)
            hint = f"Did you mean '{near[0]}'?" if near else "Correct the suite, or add the column to the data."
            problems.append(f"Suite {path} names column '{name}', which is not in the data. {hint}")
    return problems
