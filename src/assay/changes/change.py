"""What changed from one audit of a dataset to another, as values: see `assay.changes.audits.compare_audits`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.changes.figures import BETTER, CHANGED, NOT_COMPARABLE, SAME, WORSE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.changes.figures import Movement
    from assay.changes.record import Entry

NEW, GONE = "new", "gone"
# In the order in which they are told.
KINDS = (NEW, WORSE, GONE, BETTER, CHANGED, NOT_COMPARABLE, SAME)


@dataclass(frozen=True, slots=True)
class Audit:
    """Which audit was compared.

    Attributes
    ----------
    id
        Name of its directory; None where it is not stored.
    created, verdict, rows, fingerprint, assay
        As its report says.
    """

    id: str | None
    created: str | None
    verdict: str
    rows: int
    fingerprint: str
    assay: str | None


@dataclass(frozen=True, slots=True)
class FindingChange:
    """What became of a finding.

    Attributes
    ----------
    kind
        "new" (it is a problem, and was none), "gone" (the other way round), else what a test says of its figure:
        "worse", "better", "changed" (where neither side is worse), "not comparable", or "same": no change is shown.
        "same" is also what is no longer decided, or decided now, by a figure of which no change is shown, unless it is
        critical.
    older, newer
        The finding in each audit; None where the audit has none.
    movement
        Of its figure; None where the finding is in one audit only.
    """

    kind: str
    older: Entry | None
    newer: Entry | None
    movement: Movement | None

    @property
    def shown(self) -> Entry:
        """The newer finding, or the older where there is no newer."""
        found = self.newer or self.older
        assert found is not None
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        movement, entry = self.movement, self.shown
        interval = movement.interval if movement is not None else None
        return {
            "kind": self.kind,
            "code": entry.code,
            "title": entry.title,
            "severity": entry.severity,
            "subject": entry.subject.text,
            "older": _told(self.older),
            "newer": _told(self.newer),
            "metric": entry.evidence.metric if entry.evidence is not None else None,
            "unit": entry.evidence.unit if entry.evidence is not None else None,
            "figure": movement.verdict if movement is not None else None,
            "change": movement.change if movement is not None else None,
            "interval": None
            if interval is None
            else {
                "low": interval.low,
                "high": interval.high,
                "confidence": interval.confidence,
                "method": interval.method,
            },
            "why": movement.why if movement is not None else "",
            "message": entry.message,
        }


def _told(entry: Entry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    figure = entry.evidence
    return {
        "status": entry.status,
        "severity": entry.severity,
        "value": None if figure is None else figure.value,
        "n": None if figure is None else figure.n,
    }


@dataclass(frozen=True, slots=True)
class RateChange:
    """What became of a rate of a group, or of a disparity: see `assay.fairness.stored.comparison.Comparison`.

    `group` is None for a disparity, and `disparity` ("difference" or "ratio") for a rate. `kind` is as in
    `FindingChange`; the limits hold together for all rates, and for all disparities.
    """

    kind: str
    feature: str
    group: str | None
    metric: str
    disparity: str | None
    older: float | None
    newer: float | None
    change: float | None
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Swap:
    """A value that is another now; None where there is none."""

    name: str
    older: str | None
    newer: str | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"name": self.name, "older": self.older, "newer": self.newer}


@dataclass(frozen=True, slots=True)
class Change:
    """What changed from an older audit of a dataset to a newer one.

    Attributes
    ----------
    name
        Of the dataset.
    older, newer
        The two audits.
    findings
        All findings of both, in the order of `KINDS`.
    rates
        Rates of groups and disparities; empty where they could not be compared, which `rates_why` explains.
    configuration
        Keys of the configuration whose values differ, dotted.
    versions
        Of Assay, Python and the libraries.
    columns
        Columns by what they are used for ("feature", "label", ...); None where the column is not there.
    comparisons
        How many figures of findings were tested.
    confidence
        With which all intervals of these hold together.
    """

    name: str
    older: Audit
    newer: Audit
    findings: tuple[FindingChange, ...]
    rates: tuple[RateChange, ...]
    rates_why: str
    configuration: tuple[str, ...]
    versions: tuple[Swap, ...]
    columns: tuple[Swap, ...]
    comparisons: int
    confidence: float

    @property
    def same_data(self) -> bool:
        """Whether both audits are of the same rows, so that their figures are not independent."""
        return is_same_data(self.older.fingerprint, self.newer.fingerprint)

    def of_kind(self, *kinds: str) -> tuple[FindingChange, ...]:
        """The findings of some kinds."""
        return tuple(change for change in self.findings if change.kind in kinds)

    @property
    def is_nothing(self) -> bool:
        """Whether neither verdict, findings, rates, configuration, versions nor columns changed."""
        moved = [*self.of_kind(*KINDS[:-1]), *(rate for rate in self.rates if rate.kind not in {SAME, NOT_COMPARABLE})]
        told = (self.older.verdict, self.older.rows) != (self.newer.verdict, self.newer.rows)
        return not (moved or told or self.configuration or self.versions or self.columns)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; what is the same is counted only."""
        return {
            "name": self.name,
            "older": _audit(self.older),
            "newer": _audit(self.newer),
            "same_data": self.same_data,
            "counts": _counts(self.findings),
            "findings": [change.to_dict() for change in self.findings if change.kind != SAME],
            "rate_counts": _counts(self.rates),
            "rates": [rate.to_dict() for rate in self.rates if rate.kind not in {SAME, NOT_COMPARABLE}],
            "rates_why": self.rates_why,
            "configuration": list(self.configuration),
            "versions": [swap.to_dict() for swap in self.versions],
            "columns": [swap.to_dict() for swap in self.columns],
            "comparisons": self.comparisons,
            "confidence": self.confidence,
        }


def is_same_data(one: str, other: str) -> bool:
    """Whether two fingerprints are of the same rows; "not read" is none."""
    return one == other and len(one) == _DIGITS


_DIGITS = 64


def _audit(audit: Audit) -> dict[str, Any]:
    return {name: getattr(audit, name) for name in audit.__slots__}


def _counts(changes: Iterable[FindingChange | RateChange]) -> dict[str, int]:
    kinds = [change.kind for change in changes]
    return {kind: kinds.count(kind) for kind in KINDS}
