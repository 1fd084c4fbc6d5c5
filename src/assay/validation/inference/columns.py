"""The rules that each column proposes by itself, in the order in which they stand in the suite."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assay.findings import Severity
from assay.validation.inference.keys import BY_DEFINITION, looks_like_a_key, order, uniqueness
from assay.validation.inference.numbers import ranges
from assay.validation.inference.periods import are_periods, are_years
from assay.validation.inference.rule import Rule
from assay.validation.inference.texts import (
    IN_SET,
    MAX_NUMBERS,
    categories,
    forms,
    has_small_group,
    numbers_with_slips,
    stays_text,
    value_counts,
)
from assay.validation.inference.tolerance import Tolerance, mostly_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from assay.dataset import Roles

EXISTS = "expect_column_to_exist"
NOT_NULL = "expect_column_values_to_not_be_null"
OF_TYPE = "expect_column_values_to_be_of_type"
IN_TYPES = "expect_column_values_to_be_in_type_list"
# Of so many rows, a class that one in a hundred has is among them in 99 of 100 references: 0.99^500 < 0.01.
MIN_ROWS_FOR_LABELS = 500
# At most so many bounds of a column that a fresh sample may miss by chance.
RULES_A_COLUMN = 8


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """A column with what its rules ask of it again and again."""

    name: str
    data: pd.Series[Any]
    present: pd.Series[Any]
    roles: Roles
    tolerance: Tolerance
    numeric_label: bool

    @property
    def kind(self) -> str:
        return str(self.data.dtype.kind)

    @property
    def of_present(self) -> Tolerance:
        return self.tolerance.of_present(len(self.present), len(self.data))

    @property
    def apart(self) -> bool:
        """Whether its values are never those of another batch."""
        return self.name in (self.roles.id, self.roles.group, self.roles.time)

    @property
    def private(self) -> bool:
        """Whether the value of a single row must not show."""
        return self.of_people or self.name in (self.roles.id, self.roles.group)

    @property
    def of_people(self) -> bool:
        """Whether its values are groups of people, of whom no rule may leave out a small one."""
        return self.name in self.roles.sensitive


def propose_columns(
    frame: pd.DataFrame, roles: Roles, *, fresh: int, alpha: float, numeric_label: bool = False
) -> list[Rule]:
    """Rules on single columns.

    Parameters
    ----------
    frame
        N >= 1 rows in plain columns; see `assay.ingest.columns`.
    roles
        Ignored columns get no rules; the label has the empty name where there is none.
    fresh
        Rows of the batches that the rules will be held against.
    alpha
        In (0, 1): probability that any of the rules alarms on a batch of the same source.
    numeric_label
        Whether the label is a number to predict, not a class.
    """
    # Rounded up to a power of two, so that a column more does not move every bound.
    shared = 1 << (RULES_A_COLUMN * frame.shape[1] - 1).bit_length()
    tolerance = Tolerance(fresh, alpha / shared)
    rules: list[Rule] = []
    for name in frame.columns:
        if name not in roles.ignored:
            values = frame[name]
            found = _rules(_Column(name, values, values.dropna(), roles, tolerance, numeric_label))
            rules += (_stamped(rule, tolerance) for rule in found)
    return rules


def _stamped(rule: Rule, tolerance: Tolerance) -> Rule:
    """The rule with what its tolerance was made for."""
    if rule.evidence["method"] == BY_DEFINITION:
        return rule
    return replace(rule, evidence={**rule.evidence, "fresh": tolerance.fresh, "alpha": tolerance.alpha})


def _rules(column: _Column) -> Iterator[Rule]:
    yield _exists(column)
    if not len(column.present):
        return
    yield from _presence(column)
    if column.kind == "b":
        yield from _truth(column)
    elif column.kind == "M":
        yield _of_type(column, "datetime64", "dates")
        yield from order(column.name, column.present, column.of_present)
    elif column.kind in "iuf":
        yield from _numbers(column)
    else:
        yield from _texts(column)


def _exists(column: _Column) -> Rule:
    reason = f"It is {part_of(column.roles, column.name)}."
    evidence = {"n": len(column.data), "method": BY_DEFINITION}
    return Rule(EXISTS, {"column": column.name}, reason, evidence, Severity.CRITICAL, name="exists")


def part_of(roles: Roles, column: str) -> str:
    """The part that a column plays, in words."""
    parts = {roles.id: "the id", roles.time: "the time", roles.group: "the group", roles.weight: "the weight"}
    parts |= {roles.split: "the split"}
    if column == roles.label:
        return "the label"
    if column in roles.sensitive:
        return "a sensitive feature"
    return parts.get(column, "a feature" if column in roles.features else "a column of the table")


def _presence(column: _Column) -> Iterator[Rule]:
    n = len(column.data)
    missing = n - len(column.present)
    evidence: dict[str, Any] = {"n": n, "broken": missing}
    if not missing and column.name in (column.roles.label, column.roles.id):
        evidence["method"] = BY_DEFINITION
        reason = f"No value was missing, and it is {part_of(column.roles, column.name)}."
        yield Rule(NOT_NULL, {"column": column.name}, reason, evidence, Severity.CRITICAL, name="present")
        return
    share = column.tolerance.share(missing, n)
    if share is not None:
        reason = f"Of {n:,} values {missing:,} were missing." if missing else f"No value of {n:,} was missing."
        kwargs = {"column": column.name, "mostly": mostly_of(share)}
        yield Rule(NOT_NULL, kwargs, reason, evidence | {"method": "beta-binomial"}, name="present")


def _of_type(column: _Column, kind: str, what: str) -> Rule:
    evidence = {"n": len(column.present), "broken": 0, "method": BY_DEFINITION}
    return Rule(OF_TYPE, {"column": column.name, "type_": kind}, f"It holds {what}.", evidence, name="type")


def _truth(column: _Column) -> Iterator[Rule]:
    # Read from a file, a column of truth values becomes texts as soon as one is missing.
    share = column.tolerance.share(0, len(column.data))
    if share is not None:
        kwargs = {"column": column.name, "value_set": [True, False, "True", "False"], "mostly": mostly_of(share)}
        evidence = {"n": len(column.data), "broken": 0, "method": "beta-binomial"}
        yield Rule(IN_SET, kwargs, "It holds true and false.", evidence, name="values")


def _numbers(column: _Column) -> Iterator[Rule]:
    roles, present = column.roles, column.present
    # A missing value turns whole numbers into floats.
    types = list(dict.fromkeys(["int64", "float64", column.data.dtype.name]))
    evidence = {"n": len(present), "broken": 0, "method": BY_DEFINITION}
    yield Rule(IN_TYPES, {"column": column.name, "type_list": types}, "It holds numbers.", evidence, name="type")
    if column.name == roles.label:
        yield from _number_label(column)
        return
    is_key = _is_key(column)
    ordered = list(order(column.name, present, column.of_present))
    yield from ordered
    yield from _unique(column) if is_key else ()
    # Keys and what is in order grow from batch to batch.
    if is_key or ordered or column.apart:
        return
    codes: list[Rule] = []
    if present.nunique() <= MAX_NUMBERS and (present % 1 == 0).all():
        counts = value_counts(present)
        if are_years(counts):
            return
        if column.of_people and has_small_group(counts):
            return  # a range would leave out the codes at its ends
        codes = list(categories(column.name, counts, column.of_present, limit=MAX_NUMBERS, private=column.private))
    yield from codes or ranges(column.name, present, column.of_present, private=column.private)


def _texts(column: _Column) -> Iterator[Rule]:
    counts = value_counts(column.present)
    if column.name == column.roles.label:
        yield from _label_set(column, counts)
        return
    if not column.apart and (slips := numbers_with_slips(column.name, counts, column.of_present)):
        yield slips
        return
    if not stays_text(counts, len(column.data), column.tolerance):
        return
    yield _of_type(column, "str", "texts")
    if not column.apart and not are_periods(counts):
        values = list(categories(column.name, counts, column.of_present, private=column.private))
        if values:
            yield from values
            return
    private = column.private or column.apart
    yield from forms(column.name, counts, column.of_present, private=private, of_people=column.of_people)
    yield from _unique(column) if _is_key(column) else ()


def _number_label(column: _Column) -> Iterator[Rule]:
    if column.numeric_label:
        yield from ranges(column.name, column.present, column.of_present)
    else:
        yield from _label_set(column, value_counts(column.present))


def _label_set(column: _Column, counts: Mapping[Any, int]) -> Iterator[Rule]:
    """The labels that are known: without exception where none of them is rare.

    Had a class as frequent as the rarest escaped the reference and come with the batch, then all of its rows, of both,
    would be in the batch: that is as rare as a false alarm may be.
    """
    known = {value: count for value, count in counts.items() if not (isinstance(value, str) and not value.strip())}
    n, rarest = sum(known.values()), min(known.values(), default=0)
    fresh = max(n, column.tolerance.fresh)
    enough = n >= MIN_ROWS_FOR_LABELS
    closed = enough and rarest > math.log(1 / column.tolerance.alpha) / math.log1p(n / fresh)
    for rule in categories(column.name, known, column.of_present):
        reason = "Another label would be a class that no model was trained on."
        evidence = {**rule.evidence, "rarest": rarest}
        kwargs = dict(rule.kwargs)
        if closed:
            del kwargs["mostly"]
            evidence["method"] = BY_DEFINITION
        severity = rule.severity if rule.evidence["rare"] else Severity.CRITICAL
        yield replace(rule, kwargs=kwargs, reason=reason, evidence=evidence, severity=severity)


def _is_key(column: _Column) -> bool:
    roles = column.roles
    if column.name in (roles.group, roles.time, roles.weight, roles.split, *roles.sensitive):
        return False
    return bool(column.present.is_unique) if column.name == roles.id else looks_like_a_key(column.present)


def _unique(column: _Column) -> Iterator[Rule]:
    return uniqueness(column.name, len(column.present), column.of_present, is_id=column.name == column.roles.id)
