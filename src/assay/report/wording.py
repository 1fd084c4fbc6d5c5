"""What the report says in its own words, the same in every form of it. Takes parts of the document."""

from __future__ import annotations

from typing import Any

from assay.report.text import number, percent, plural

STATUS_WORDS = {
    "failed": "failed",
    "error": "could not run",
    "inconclusive": "inconclusive",
    "passed": "passed",
    "not_applicable": "not applicable",
}
STATE_WORDS = {
    "failed": "Failed",
    "undecided": "Undecided",
    "warnings": "Passed, with warnings",
    "passed": "Passed",
    "not_applicable": "Not applicable",
    "not_run": "Did not run",
}
PROBLEMS = ("failed", "error", "inconclusive")

_SHARES = ("share", "rate", "proportion", "probability")


def verdict_sentence(document: dict[str, Any]) -> str:
    """The verdict in one sentence, without its reasons."""
    reasons = len(document["reasons"])
    match document["verdict"]:
        case "reject":
            stands = "stands" if reasons == 1 else "stand"
            return f"Do not train on these data yet: {plural(reasons, 'critical finding')} {stands} against it."
        case "undecided":
            keep = "keeps" if reasons == 1 else "keep"
            return (
                f"Not known to be fit for training: {plural(reasons, 'open point')} {keep} the audit from a verdict."
            )
    warnings = sum(
        f["status"] in PROBLEMS and not f["waived"] and f["severity"] != "info" for f in document["findings"]
    )
    waived = len({waiver["finding"] for waiver in document["waivers"]["used"]})
    extra = [plural(warnings, "warning")] if warnings else []
    extra += [plural(waived, "waived finding")] if waived else []
    also = f", with {' and '.join(extra)} to read" if extra else ""
    return f"No critical check stands against training on these data{also}."


def counts_phrase(counts: dict[str, int]) -> str:
    """Counts by status in words: "2 failed, 1 inconclusive, 9 passed"."""
    parts = [f"{counts[status]:,} {word}" for status, word in STATUS_WORDS.items() if counts.get(status)]
    return ", ".join(parts) or "no check ran"


def rows_phrase(rows: dict[str, Any]) -> str:
    """What becomes of the rows in words."""
    return (
        f"{plural(rows['total'], 'row')}: {rows['clean']:,} clean, {rows['quarantine']:,} to quarantine, "
        f"{rows['review']:,} to review"
    )


def evidence_phrase(evidence: dict[str, Any] | None) -> str:
    """How sure a finding is: figure, interval, n and threshold; empty where there is nothing to say."""
    if not evidence:
        return ""
    show = percent if _is_share(evidence) else number
    unit = "" if _is_share(evidence) or not evidence["unit"] else f" {evidence['unit']}"
    parts = []
    if evidence["value"] is not None:
        parts.append(f"{evidence['metric']} {show(evidence['value'])}{unit}")
    elif evidence["interval"] or evidence["threshold"] is not None:
        parts.append(f"{evidence['metric']} not estimable")
    if interval := evidence["interval"]:
        method = f", {interval['method']}" if interval["method"] else ""
        ends = f"{show(interval['low'])} to {show(interval['high'])}"
        parts.append(f"{100 * interval['confidence']:.4g}% interval {ends}{method}")
    if evidence["n"] is not None:
        parts.append(f"n {evidence['n']:,}")
    if evidence["threshold"] is not None:
        parts.append(f"threshold {show(evidence['threshold'])}")
    return "; ".join(parts)


def _is_share(evidence: dict[str, Any]) -> bool:
    return any(word in evidence["unit"].lower() for word in _SHARES)


def action_phrase(action: dict[str, Any]) -> str:
    """Where the rows of an action are; empty where it is not about rows."""
    if not action["file"]:
        return ""
    return f"{plural(action['rows'], 'row')} in {action['file']}"
