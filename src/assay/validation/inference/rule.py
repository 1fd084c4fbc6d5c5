"""A rule that the data propose: an expectation of Great Expectations with the evidence that it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A proposed expectation.

    Attributes
    ----------
    kind
        Its type in Great Expectations, such as "expect_column_values_to_be_between".
    kwargs
        Its arguments, as plain JSON values.
    reason
        A sentence for whoever reads the suite: what was seen. No raw values of sensitive or identifying columns.
    evidence
        Plain JSON values: `n` (rows it was read from), `broken` (those that break it there), and whatever else the
        tolerance follows from.
    severity
        Proposed; the user's edit wins.
    name
        What the rule is called, where one type says several things about the same columns: "range" and "usual range"
        are both a "between". By default the type, less its "expect_".
    """

    kind: str
    kwargs: Mapping[str, Any]
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = Severity.WARNING
    name: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about, in the order of its arguments; none where it is about the table."""
        return columns_of(self.kwargs)

    @property
    def key(self) -> str:
        """What it is called across inferences: its name and its columns."""
        return key_of(self.kind, self.kwargs, self.name)


def key_of(kind: str, kwargs: Mapping[str, Any], name: str = "") -> str:
    """The name of a rule and its columns, such as "range: age"; other arguments do not count."""
    called = name or kind.removeprefix("expect_")
    columns = columns_of(kwargs)
    return f"{called}: {', '.join(columns)}" if columns else called


def columns_of(kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """Columns among the arguments of an expectation: texts, or lists of texts, under a key that says "column"."""
    named: list[str] = []
    for key, value in kwargs.items():
        if key.startswith("column"):
            named += [value] if isinstance(value, str) else [name for name in value or () if isinstance(name, str)]
    return tuple(named)
