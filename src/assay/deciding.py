"""The gate: findings and a policy in, one verdict out. Only what is known to be good passes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from assay.findings import Finding, Severity, Status

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from assay.changes.ratchet import Ratchet
    from assay.config import PolicyConfig, Waiver

FAMILIES = {"DQ": "data quality", "LN": "label noise", "FB": "fairness and bias", "MH": "model health"}

# The code of a reason that no check gave: the gate's own, such as "no check of a family ran".
GATE = "GATE"

_SEVERITIES = tuple(Severity)
_WORST_FIRST = (Status.FAILED, Status.ERROR, Status.INCONCLUSIVE, Status.PASSED, Status.NOT_APPLICABLE)

# An `error` is no finding that anybody saw, so nobody can answer for it.
_WAIVABLE = (Status.FAILED, Status.INCONCLUSIVE)


def _names_rows(finding: Finding) -> bool:
    """Whether it asks for something to be done about rows, as a passed one does too."""
    return finding.evidence is not None and finding.evidence.rows is not None


class Verdict(StrEnum):
    """Whether to train on the data."""

    PASS = "pass"  # noqa: S105 -- a verdict, no password
    REJECT = "reject"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, eq=False)
class WaivedFinding:
    """A finding that does not count, and the waiver under which it does not."""

    waiver: Waiver
    finding: Finding


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """The verdict and what made it.

    Attributes
    ----------
    verdict
        See `decide`.
    reasons
        The findings that kept the verdict from `pass`, most severe first; empty for `pass`. A reason that no
        check gave has the code "GATE".
    waived
        The findings that did not count, each with each waiver that matches it.
    expired
        Waivers of the policy whose last day has gone by; they do not count.
    unused
        Waivers that are in force and match no finding: they can be deleted.
    ratchet
        What the baseline says of the findings; None without one.
    """

    verdict: Verdict
    reasons: tuple[Finding, ...] = ()
    waived: tuple[WaivedFinding, ...] = ()
    expired: tuple[Waiver, ...] = ()
    unused: tuple[Waiver, ...] = ()
    ratchet: Ratchet | None = None


def decide(
    findings: Sequence[Finding],
    policy: PolicyConfig,
    *,
    today: dt.date,
    required: Iterable[str] = tuple(FAMILIES),
    ratchet: Ratchet | None = None,
) -> Decision:
    """Turn findings into a verdict.

    1. *reject* where a critical finding failed and is neither waived nor accepted by the baseline.
    2. Else *undecided* where a critical finding is inconclusive and neither waived nor accepted, where any check could
       not be carried out, where a required family has no finding, or where nothing passed.
    3. Else *pass*.

    The severities of the policy are applied first (see `apply_severities`). `not_applicable` never counts against
    the data, and never counts as passed.

    Parameters
    ----------
    findings
        Of all stages.
    policy
        Severities by code, and waivers.
    today
        The day on which waivers are judged; a waiver counts up to and including its last day.
    required
        Families of codes that must have run, such as "DQ".
    ratchet
        What the baseline says of these findings (the same objects): see `assay.changes.ratchet.hold`.
    """
    findings = apply_severities(findings, policy)
    in_force = [waiver for waiver in policy.waivers if today <= waiver.expires]
    waived = find_waived(findings, policy, today=today)
    used = {id(pair.waiver) for pair in waived}
    excused = {id(pair.finding) for pair in waived} | _accepted(ratchet)
    counting = [finding for finding in findings if id(finding) not in excused]
    verdict, reasons = _rule(counting, _gaps(findings, required))
    return Decision(
        verdict=verdict,
        reasons=worst_first(reasons),
        waived=waived,
        expired=tuple(waiver for waiver in policy.waivers if today > waiver.expires),
        unused=tuple(waiver for waiver in in_force if id(waiver) not in used),
        ratchet=ratchet,
    )


def _accepted(ratchet: Ratchet | None) -> set[int]:
    """The findings that a baseline accepts; never one that could not be carried out."""
    pairs = ratchet.accepted if ratchet is not None else ()
    return {id(pair.finding) for pair in pairs if pair.finding.status in _WAIVABLE}


def find_waived(findings: Iterable[Finding], policy: PolicyConfig, *, today: dt.date) -> tuple[WaivedFinding, ...]:
    """Findings that do not count, with each waiver in force that matches."""
    in_force = [waiver for waiver in policy.waivers if today <= waiver.expires]
    return tuple(WaivedFinding(w, f) for f in findings for w in in_force if matches(w, f))


def apply_severities(findings: Iterable[Finding], policy: PolicyConfig) -> tuple[Finding, ...]:
    """Findings under the policy's severities; those that have them already are the same objects."""

    def apply(finding: Finding) -> Finding:
        severity = policy.severity.get(finding.code, finding.severity)
        return finding if severity is finding.severity else replace(finding, severity=severity)

    return tuple(map(apply, findings))


def matches(waiver: Waiver, finding: Finding) -> bool:
    """Whether the waiver is about this finding, whatever the date.

    The codes are equal, and the waiver's subject is absent, or is the finding's subject as the report shows it,
    its only column, or its group. A finding that failed or is inconclusive can be waived, and one that passed and
    names rows: else fewer bad rows would be treated worse than many. A check that could not be carried out showed
    nothing that a person could accept.
    """
    waivable = finding.status in _WAIVABLE or (finding.status is Status.PASSED and _names_rows(finding))
    if waiver.check != finding.code or not waivable:
        return False
    subject = finding.subject
    # A waiver for one column does not reach what several columns show together, such as an intersection of groups.
    alone = subject.columns if len(subject.columns) == 1 else ()
    return waiver.subject is None or waiver.subject in {str(subject), subject.group, *alone}


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by severity, then status (failed, error, inconclusive, ...), then code; stable."""

    def rank(finding: Finding) -> tuple[int, int, str]:
        return _SEVERITIES.index(finding.severity), _WORST_FIRST.index(finding.status), finding.code

    return tuple(sorted(findings, key=rank))


def _rule(counting: Sequence[Finding], gaps: Sequence[Finding]) -> tuple[Verdict, list[Finding]]:
    failed = [finding for finding in counting if finding.blocks and finding.status is Status.FAILED]
    if failed:
        return Verdict.REJECT, failed
    unknown = [finding for finding in counting if finding.blocks or finding.status is Status.ERROR]
    if unknown or gaps:
        return Verdict.UNDECIDED, [*gaps, *unknown]
    return Verdict.PASS, []


def _gaps(findings: Sequence[Finding], required: Iterable[str]) -> list[Finding]:
    """What is missing for a `pass`, as findings of the gate itself."""
    if not findings:
        return [_gap("No check ran at all.", "Run the audit again and read its log.")]
    seen = {finding.code[:2] for finding in findings}
    gaps = [
        _gap(
            f"No check of family {family} ({FAMILIES.get(family, 'unknown')}) ran.",
            "Run the audit with all its stages; a stage that did not run says nothing good.",
        )
        for family in required
        if family not in seen
    ]
    # What only informs, such as the sizes of the groups, passes always and shows nothing.
    judged = [finding for finding in findings if finding.severity is not Severity.INFO]
    if all(finding.status is not Status.PASSED for finding in judged):
        gaps.append(_gap("No check passed.", "Give the audit data that its checks apply to."))
    return gaps


def _gap(message: str, remedy: str) -> Finding:
    return Finding(GATE, "Completeness of the audit", Severity.CRITICAL, Status.INCONCLUSIVE, message, remedy=remedy)
