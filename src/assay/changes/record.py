"""A stored audit as far as two are compared: read strictly, so that a damaged report is no report without findings."""

from __future__ import annotations

import hashlib
import math
import numbers
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from assay.baseline import Key, Span, key_of
from assay.errors import ContractError
from assay.findings import Interval
from assay.utf8 import encodable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.baseline import Acceptance
    from assay.findings import Finding

_NAMED = 5
_WORDS_DIGITS = 16
# Of a report that holds all families: `assay validate` trains nothing.
_AUDIT = "MH"


def _number(value: object) -> float | None:
    """A finite number, or None: a count of fewer than ten people is the text "<10"."""
    known = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else None  # type: ignore[arg-type]  # a real number


def _interval(value: object) -> object:
    """An interval with both ends, or None."""
    if isinstance(value, Interval):
        value = asdict(value)
    ends = [value.get("low"), value.get("high")] if isinstance(value, dict) else []
    return None if not ends or None in map(_number, ends) else value


def _count(value: object) -> int | None:
    """The number of rows of a report's evidence, or that number itself."""
    known = _number(value.get("count") if isinstance(value, dict) else value)
    return None if known is None or known < 0 else int(known)


def _names(value: object) -> object:
    """Names of groups, as a baseline can hold them."""
    return tuple(encodable(str(name)) for name in value) if isinstance(value, list | tuple) else value


Number = Annotated[float | None, BeforeValidator(_number)]


class _Part(BaseModel):
    # What this version does not know is passed over: reports are kept for years.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Figure(_Part):
    """What a finding rests on; see `assay.findings.Evidence`."""

    metric: str = ""
    value: Number = None
    interval: Annotated[Span | None, BeforeValidator(_interval)] = None
    n: Number = None
    threshold: Number = None
    unit: str = ""
    between: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    # How many rows are flagged.
    rows: Annotated[int | None, BeforeValidator(_count)] = None


class _Subject(_Part):
    text: str
    columns: tuple[str, ...] = ()
    group: str | None = None


class Entry(_Part):
    """A finding of a stored audit."""

    code: str
    title: str
    severity: Literal["critical", "warning", "info"]
    status: Literal["passed", "failed", "inconclusive", "not_applicable", "error"]
    subject: _Subject
    message: str = ""
    waived: bool = False
    evidence: Figure | None = None
    rule: str = ""

    @property
    def key(self) -> Key:
        """See `assay.baseline.key_of`."""
        return key_of(self.code, self.subject.text, self.title, self.rule)

    @property
    def words(self) -> str:
        """Digest of the message, by which one without a figure is known again."""
        return hashlib.sha256(encodable(self.message).encode()).hexdigest()[:_WORDS_DIGITS]

    @property
    def is_problem(self) -> bool:
        """Whether it is no good news: failed, inconclusive, or not carried out."""
        return self.status in {"failed", "inconclusive", "error"}


class _Roles(_Part):
    label: str | None = None
    features: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    id: str | None = None
    time: str | None = None
    group: str | None = None
    weight: str | None = None
    split: str | None = None
    ignored: tuple[str, ...] = ()


class _Dataset(_Part):
    fingerprint: str
    rows: int
    roles: _Roles = _Roles()


class _Manifest(_Part):
    assay: str | None = None
    created: str | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    suite_sha256: str | None = None
    versions: dict[str, str | None] = Field(default_factory=dict)


class _Family(_Part):
    family: str


class Record(_Part):
    """A report as `report.json` holds it, as far as it is compared."""

    name: str
    verdict: Literal["pass", "reject", "undecided"]
    families: tuple[_Family, ...]
    dataset: _Dataset
    findings: tuple[Entry, ...]
    manifest: _Manifest = _Manifest()

    @property
    def is_audit(self) -> bool:
        """Whether it is a whole audit, and not one of `assay validate`."""
        return any(family.family == _AUDIT for family in self.families)

    @property
    def baseline(self) -> Path | None:
        """The baseline that it was made with, where it is still there."""
        policy = self.manifest.config.get("policy")
        path = policy.get("baseline") if isinstance(policy, dict) else None
        if not isinstance(path, str) or "\0" in path:
            return None
        return Path(path) if os.path.isfile(path) else None  # noqa: PTH113 -- no error for a text that is too long


def read_record(document: Mapping[str, Any], what: str) -> Record:
    """Read what is compared of a report.

    Parameters
    ----------
    document
        As `assay.store.read_audit` returns it.
    what
        What error messages call it, such as "the older audit".

    Raises
    ------
    ContractError
        Where it is damaged.
    """
    try:
        return Record.model_validate(document)
    except (ValidationError, RecursionError) as error:
        found = error.errors(include_input=False, include_url=False) if isinstance(error, ValidationError) else []
        places = [f"{'.'.join(map(str, e['loc']))[:80]} ({e['msg'][:60].lower()})" for e in found[:_NAMED]]
        raise ContractError(
            f"The report of {what} must be as Assay wrote it, got one that is damaged: "
            f"{'; '.join(places) or 'nested too deep'}. Compare another audit, or run it again."
        ) from error


def entry_of(finding: Finding) -> Entry:
    """A finding of an audit that is being made."""
    evidence = finding.evidence
    return Entry(
        code=finding.code,
        title=finding.title,
        severity=finding.severity.value,
        status=finding.status.value,
        subject=_Subject(text=str(finding.subject), columns=finding.subject.columns, group=finding.subject.group),
        message=finding.message,
        evidence=None
        if evidence is None
        else Figure(
            metric=evidence.metric,
            value=evidence.value,
            interval=evidence.interval,  # the model makes a span of it
            n=evidence.n,
            threshold=evidence.threshold,
            unit=evidence.unit,
            between=evidence.between,
            rows=None if evidence.rows is None else len(evidence.rows.positions),
        ),
        rule=finding.rule,
    )


def figure_of(entry: Acceptance) -> Figure:
    """The figure of an accepted finding."""
    return Figure(
        metric=entry.metric or "",
        value=entry.value,
        interval=None if entry.interval is None else entry.interval.model_dump(),
        n=entry.n,
        threshold=entry.threshold,
        unit=entry.unit,
        between=entry.between,
        rows=entry.rows,
    )
