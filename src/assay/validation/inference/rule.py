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
    """

    kind: str
    kwargs: Mapping[str, Any]
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = Severity.WARNING
