"""The report as one tree of plain JSON values, from which every form of it is rendered.

`report.json` is this tree, and the page, the Markdown, the JUnit file and the terminal show parts of it: nothing
can be in one of them that is not in `report.json`. Rows appear by their position only; the ledger, which stays with
the data, knows their ids.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.deciding import FAMILIES, GATE
from assay.findings import Severity, Status
from assay.ledger import Disposition
from assay.report.accepted import baseline_part
from assay.report.actions import OPEN, RowsOf, Step, first_actions
from assay.report.disclosure import (
    RateRows,
    count_group_rows,
    count_rate_rows,
    health_tables,
    hide_small_estimates,
    hide_small_evidence,
    nearly_all_rows,
)
from assay.report.fairness_part import fairness_part, label_effect_part, mitigation_part, row_totals
from assay.report.plain import plain
from assay.report.series import confusion, curves, histogram
from assay.results import OutOfSample
from assay.small_cells import FEWER, is_small
from assay.store import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd

    from assay.config import Waiver
    from assay.deciding import Decision
    from assay.findings import Evidence, Finding, RowFlags
    from assay.report.audit_report import AuditReport

# Enough to look at by hand; the ledger has all of them.
_SHOWN_POSITIONS = 20
_SHOWN_EXAMPLES = 5


def build_document(report: AuditReport) -> dict[str, Any]:
    """Everything that the report says; see docs/report.md for the meaning of each key."""
    rate_rows = count_rate_rows(report.fairness_result.by_group)
    sensitive = [*map(str, report.dataset.groups.columns), *report.dataset.roles.sensitive]
    totals, cases = row_totals(report), _cases(report)
    excused = {id(pair.finding) for pair in report.ruling.waived}
    judged = judged_parts(
        report.name,
        report.findings,
        report.ruling,
        hide=lambda finding: hide_small_evidence(finding, rate_rows, sensitive, totals, cases),
    )
    findings = judged["findings"]
    document = {
        "schema": SCHEMA,
        **judged,
        "actions": first_actions(findings, _rows_to_act_on(report, excused), report.config.output.rows),
        "dataset": _dataset(report),
        "rows": _rows(report),
        "learning": _learning(report),
        "labels": _labels(report),
        "fairness": fairness_part(report, rate_rows),
        "cleaning": _cleaning(report),
        "label_effect": label_effect_part(report),
        "mitigation": mitigation_part(report),
        "health": {
            "metrics": report.health.metrics,
            "tables": health_tables(report.health.tables, row_totals(report), nearly_all_rows(rate_rows)),
        },
        "limits": _limits(report, rate_rows),
        "manifest": report.manifest,
    }
    return dict(plain(document))


def judged_parts(
    name: str,
    findings: Sequence[Finding],
    ruling: Decision,
    hide: Callable[[dict[str, Any]], dict[str, Any]] = lambda finding: finding,
) -> dict[str, Any]:
    """What every report says of its findings: name, verdict, reasons, families, waivers, baseline and findings.

    Parameters
    ----------
    name
        Of the dataset.
    findings, ruling
        Under the severities of the policy, and the verdict on them.
    hide
        Takes out of a finding what must not be shown.
    """
    ids = _number(findings)
    excused = {id(pair.finding) for pair in ruling.waived}
    held = {id(pair.finding) for pair in ruling.ratchet.accepted} if ruling.ratchet is not None else set()
    entries = [hide(plain(_finding(f, ids[id(f)], waived=id(f) in excused, accepted=id(f) in held))) for f in findings]
    return {
        "name": name,
        "verdict": ruling.verdict,
        "reasons": [
            {
                "finding": ids.get(id(reason)),
                "code": reason.code,
                "severity": reason.severity,
                "status": reason.status,
                "subject": str(reason.subject) if reason.code != GATE else None,
                "message": reason.message,
                "remedy": reason.remedy,
            }
            for reason in ruling.reasons
        ],
        "families": [_family(code, title, entries) for code, title in _titles(entries).items()],
        "waivers": {
            "used": [{**_waiver(pair.waiver), "finding": ids[id(pair.finding)]} for pair in ruling.waived],
            "expired": [_waiver(waiver) for waiver in ruling.expired],
            "unused": [_waiver(waiver) for waiver in ruling.unused],
        },
        "baseline": None if ruling.ratchet is None else baseline_part(ruling.ratchet, ids),
        "findings": entries,
    }


def _number(findings: Iterable[Finding]) -> dict[int, str]:
    """Anchors: the code, and the how-manieth finding of that code it is."""
    seen: Counter[str] = Counter()
    ids = {}
    for finding in findings:
        seen[finding.code] += 1
        ids[id(finding)] = f"{finding.code}-{seen[finding.code]}"
    return ids


def _finding(finding: Finding, anchor: str, *, waived: bool, accepted: bool) -> dict[str, Any]:
    return {
        "id": anchor,
        "code": finding.code,
        "family": finding.code[:2],
        "title": finding.title,
        "severity": finding.severity,
        "status": finding.status,
        "waived": waived,
        "accepted": accepted,
        "subject": {
            "text": str(finding.subject),
            "columns": finding.subject.columns,
            "group": finding.subject.group,
        },
        "message": finding.message,
        "remedy": finding.remedy,
        "evidence": _evidence(finding.evidence) if finding.evidence is not None else None,
        **({"rule": finding.rule} if finding.rule else {}),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    interval = evidence.interval
    return {
        "metric": evidence.metric,
        "value": evidence.value,
        "interval": None
        if interval is None
        else {
            "low": interval.low,
            "high": interval.high,
            "confidence": interval.confidence,
            "method": interval.method,
        },
        "n": evidence.n,
        "threshold": evidence.threshold,
        "unit": evidence.unit,
        "rows": _row_flags(evidence.rows) if evidence.rows is not None else None,
        "table": None if evidence.table is None else {"columns": evidence.table.columns, "rows": evidence.table.rows},
        **({"between": evidence.between} if evidence.between else {}),
    }


def _row_flags(rows: RowFlags) -> dict[str, Any]:
    return {
        "count": len(rows.positions),
        "action": rows.action,
        "first_positions": rows.positions[:_SHOWN_POSITIONS],
        "examples": _examples(rows),
    }


def _examples(rows: RowFlags) -> list[dict[str, Any]]:
    """The most suspect rows that were compared with others: the reasons of these hold neither values nor ids."""
    if rows.nearest is None or rows.score is None or isinstance(rows.reason, str):
        return []
    worst = [int(at) for at in np.argsort(rows.score, kind="stable") if rows.nearest[at]][:_SHOWN_EXAMPLES]
    return [{"position": rows.positions[at], "why": rows.reason[at], "nearest": rows.nearest[at]} for at in worst]


def _titles(findings: list[dict[str, Any]]) -> dict[str, str]:
    """Titles of the families, with those that a user's own checks brought."""
    others = sorted({finding["family"] for finding in findings} - FAMILIES.keys())
    return FAMILIES | {code: f"other checks ({code})" for code in others}


def _family(code: str, title: str, findings: list[dict[str, Any]]) -> dict[str, Any]:
    """How a family of checks stands: the worst that counts."""
    own = [finding for finding in findings if finding["family"] == code]
    counts = Counter(finding["status"] for finding in own)
    return {
        "family": code,
        "title": title,
        "state": _state([finding for finding in own if not finding["waived"]]),
        "counts": {status.value: counts[status] for status in Status},
        "waived": sum(finding["waived"] for finding in own),
        "accepted": sum(finding["accepted"] for finding in own),
    }


def _state(findings: list[dict[str, Any]]) -> str:
    """One of "failed", "undecided", "warnings", "passed", "not_applicable", "not_run".

    Follows the rules of the gate: what failed critically, then what is not known.
    """
    # What the baseline accepts does not block: it is there to be read.
    found = {(Severity.WARNING if f["accepted"] else f["severity"], f["status"]) for f in findings}
    statuses = {status for _, status in found}
    if (Severity.CRITICAL, Status.FAILED) in found:
        return "failed"
    if (Severity.CRITICAL, Status.INCONCLUSIVE) in found or Status.ERROR in statuses:
        return "undecided"
    if Status.FAILED in statuses or Status.INCONCLUSIVE in statuses:
        return "warnings"
    if Status.PASSED in statuses:
        return "passed"
    return "not_applicable" if statuses else "not_run"


def _waiver(waiver: Waiver, finding: str | None = None) -> dict[str, Any]:
    return {
        "check": waiver.check,
        "subject": waiver.subject,
        "owner": waiver.owner,
        "reason": waiver.reason,
        "expires": waiver.expires,
        "finding": finding,
    }


def _dataset(report: AuditReport) -> dict[str, Any]:
    dataset, labels = report.dataset, report.dataset.labels
    roles = dataset.roles
    return {
        "source": dataset.source,
        "fingerprint": dataset.fingerprint,
        "rows": len(dataset),
        "columns": len(dataset.frame.columns),
        "roles": {
            "label": roles.label,
            "features": roles.features,
            "sensitive": list(dataset.groups.columns),
            "id": roles.id,
            "time": roles.time,
            "group": roles.group,
            "weight": roles.weight,
            "split": roles.split,
            "ignored": roles.ignored,
        },
        # The bins of a number are ours, and no classes of the data.
        "classes": [
            {"name": name, "rows": int((labels.codes == code).sum()), "positive": code == labels.positive}
            for code, name in enumerate(labels.classes if dataset.target is None else ())
        ],
        "positive_is_stated": labels.positive_is_stated,
        "without_label": int((labels.codes < 0).sum()),
    }


def _cases(report: AuditReport) -> tuple[int, ...]:
    """Rows with and without each label: what rates of the rows with a label rest on."""
    codes = report.dataset.labels.codes
    counts = np.bincount(codes[codes >= 0]) if report.dataset.target is None else np.zeros(0, dtype=np.int64)
    return (*counts.tolist(), *(int(counts.sum()) - counts).tolist())


def _rows(report: AuditReport) -> dict[str, Any]:
    counts = Counter(report.dispositions.tolist())
    return {
        "total": len(report.dataset),
        **{disposition.value: counts[disposition] for disposition in Disposition},
        "ledger": len(report.ledger),
        "format": report.config.output.rows,
    }


def _rows_to_act_on(report: AuditReport, excused: set[int]) -> RowsOf:
    """In which files the rows are that the open findings of each check, severity and action point at."""
    flagged: dict[Step, list[Any]] = {}
    for finding in report.findings:
        rows = finding.evidence.rows if finding.evidence is not None else None
        if rows is not None and finding.status in OPEN and id(finding) not in excused:
            step = finding.code, finding.severity.value, finding.status.value, rows.action.value
            flagged.setdefault(step, []).append(np.asarray(rows.positions, dtype=np.int64))
    return {
        step: Counter(report.dispositions[np.unique(np.concatenate(positions))].tolist())
        for step, positions in flagged.items()
    }


def _learning(report: AuditReport) -> dict[str, Any]:
    predictions = report.predictions
    return {
        "classes": predictions.classes,
        "left_out": predictions.left_out,
        "trained": int(predictions.trained.sum()),
        # Of a numeric label the scores are R2, which stands among the metrics of `health`.
        "train_accuracy": _mean(predictions.train_score) if report.dataset.target is None else None,
        "test_accuracy": _mean(predictions.test_score) if report.dataset.target is None else None,
        "curves": curves(predictions.train_loss, predictions.test_loss),
        "device": predictions.device,
        "details": predictions.details,
    }


def _labels(report: AuditReport) -> dict[str, Any]:
    result = report.label_noise
    return {
        "judged": int(result.judged.sum()),
        "suspects": int(result.suspect.sum()),
        "estimates": hide_small_estimates(plain(result.estimates), row_totals(report)),
        "histogram": histogram(result.quality, result.suspect),
        "confusion": _confusion(report),
    }


def _confusion(report: AuditReport) -> pd.DataFrame:
    """Without a numeric label's, which has no classes."""
    if report.dataset.target is not None:
        return confusion(report.label_noise, np.full(len(report.dataset), -1), ())
    # The codes of the predictions count the learned classes only.
    predictions = report.predictions
    assert isinstance(predictions, OutOfSample)
    return confusion(report.label_noise, predictions.labels, predictions.classes)


def _cleaning(report: AuditReport) -> dict[str, Any] | None:
    cleaning = report.cleaning
    return None if cleaning is None else {"removed": cleaning.removed, "table": cleaning.table}


def _mean(scores: Any) -> float | None:
    measured = scores[scores == scores]  # noqa: PLR0124 -- NaN is what differs from itself
    return float(measured.mean()) if len(measured) else None


def _limits(report: AuditReport, rate_rows: RateRows) -> dict[str, Any]:
    """What the audit could not look at; inconclusive findings and errors say so themselves."""
    least = report.config.fairness.min_group_size
    return {
        "classes_left_out": report.predictions.left_out,
        "labels_not_judged": int((~report.label_noise.judged).sum()),
        "min_group_size": least,
        "small_groups": [
            {"feature": feature, "group": group, "rows": FEWER if is_small(rows) else rows}
            for (feature, group), rows in count_group_rows(rate_rows).items()
            if rows < least
        ],
    }
