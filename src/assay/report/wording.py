"""What the report says in its own words, the same in every form of it. Takes parts of the document."""

from __future__ import annotations

from typing import Any

from assay.report.text import NONE, clean, number, percent, percent_digits, plural

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
    "warnings": "Warnings",
    "passed": "Passed",
    "not_applicable": "Not applicable",
    "not_run": "Did not run",
}
PROBLEMS = ("failed", "error", "inconclusive")

_SHARES = ("share", "rate", "proportion", "probability", "accuracy")
# Columns that a subject's name may take in a step.
_NAME = 60


def verdict_sentence(document: dict[str, Any]) -> str:
    """The verdict in one sentence, without its reasons."""
    reasons = len(document["reasons"])
    if not is_audit(document):
        return _validation_sentence(document, reasons)
    match document["verdict"]:
        case "reject":
            stands = "stands" if reasons == 1 else "stand"
            return f"Do not train on these data yet: {plural(reasons, 'critical finding')} {stands} against it."
        case "undecided":
            keep = "keeps" if reasons == 1 else "keep"
            return (
                f"Not known to be fit for training: {plural(reasons, 'open point')} {keep} the audit from a verdict."
            )
    return f"No critical check stands against training on these data{_also(document)}."


def is_audit(document: dict[str, Any]) -> bool:
    """Whether a report is of a whole audit, and not of `assay validate`, which trains nothing."""
    return any(family["family"] == "MH" for family in document["families"])


def _validation_sentence(document: dict[str, Any], reasons: int) -> str:
    match document["verdict"]:
        case "reject":
            stands = "stands" if reasons == 1 else "stand"
            return f"The data break their suite: {plural(reasons, 'critical finding')} {stands} against them."
        case "undecided":
            keep = "keeps" if reasons == 1 else "keep"
            return (
                f"Not known to keep the suite: {plural(reasons, 'open point')} {keep} the validation from a verdict."
            )
    return f"No critical expectation stands against these data{_also(document)}. Nothing was trained on them."


def _also(document: dict[str, Any]) -> str:
    """What a verdict of pass leaves to be read."""
    warnings = sum(
        f["status"] in PROBLEMS and not f["waived"] and not f.get("accepted") and f["severity"] != "info"
        for f in document["findings"]
    )
    waived = len({waiver["finding"] for waiver in document["waivers"]["used"]})
    extra = [plural(warnings, "warning")] if warnings else []
    extra += [plural(waived, "waived finding")] if waived else []
    accepted = sum(bool(finding.get("accepted")) for finding in document["findings"])
    extra += [plural(accepted, "accepted finding")] if accepted else []
    return f", with {' and '.join(extra)} to read" if extra else ""


def counts_phrase(family: dict[str, Any]) -> str:
    """Counts of a family by status in words: "2 failed, 1 inconclusive, 9 passed"; says why failures do no harm."""
    counts, state = family["counts"], family["state"]
    parts = []
    for status, word in STATUS_WORDS.items():
        if not (count := counts.get(status)):
            continue
        why = ""
        if status == "failed" and state == "warnings":
            reasons = ["warning" if count == 1 else "warnings"]
            reasons += [word for word in ("waived", "accepted") if family.get(word)]
            why = f" ({' or '.join(reasons)})"
        elif status in PROBLEMS and state in {"passed", "not_applicable", "not_run"}:
            why = " (waived)"  # else the state would be another
        parts.append(f"{count:,} {word}{why}")
    return ", ".join(parts) or "no check ran"


def rows_phrase(rows: dict[str, Any]) -> str:
    """What becomes of the rows in words."""
    if rows["clean"] is None:
        return f"{plural(rows['total'], 'row')}; how many break a rule in all cannot be counted"
    return (
        f"{plural(rows['total'], 'row')}: {rows['clean']:,} clean, {rows['quarantine']:,} to quarantine, "
        f"{rows['review']:,} to review"
    )


def evidence_phrase(evidence: dict[str, Any] | None) -> str:
    """How sure a finding is: figure, interval, n and threshold; empty where there is nothing to say."""
    if not evidence:
        return ""
    interval, unit = evidence["interval"], _unit(evidence)

    def show(value: Any) -> str:
        if isinstance(value, str) or not _is_share(evidence):
            return number(value)
        return percent(value, percent_digits(interval["low"], interval["high"]) if interval else 1)

    parts = []
    if evidence["value"] is not None:
        parts.append(f"{evidence['metric']} {show(evidence['value'])}{unit}")
    elif interval or evidence["threshold"] is not None:
        # A count that is hidden is a text, "<10".
        parts.append(f"{evidence['metric']} not {'shown' if isinstance(evidence['n'], str) else 'estimable'}")
    if interval:
        method = f", {interval['method']}" if interval["method"] else ""
        ends = f"{show(interval['low'])} to {show(interval['high'])}"
        parts.append(f"{100 * interval['confidence']:.4g}% interval {ends}{method}")
    if evidence["n"] is not None:
        parts.append(f"n {number(evidence['n'])}")
    if evidence["threshold"] is not None:
        parts.append(f"threshold {_threshold(evidence)}")
    return "; ".join(parts)


def _is_share(evidence: dict[str, Any]) -> bool:
    return any(word in evidence["unit"].lower() for word in _SHARES)


def _unit(evidence: dict[str, Any]) -> str:
    """The unit behind a figure, where the name of the figure does not say it already."""
    unit = evidence["unit"]
    return "" if not unit or _is_share(evidence) or unit.lower() in evidence["metric"].lower() else f" {unit}"


def _threshold(evidence: dict[str, Any]) -> str:
    threshold = evidence["threshold"]
    if not _is_share(evidence):
        return number(threshold)
    return f"{100 * threshold:.4g}%"  # as it was set: 0.05% is not 0.1%


def subjects_phrase(action: dict[str, Any]) -> str:
    """What a step is about: up to three names, "and 4 more"; empty for the dataset as a whole."""
    names = "; ".join(clean(" ".join(name.split()), _NAME) or NONE for name in action["subjects"])
    return f"{names} and {action['more_subjects']:,} more" if action["more_subjects"] else names


def files_phrase(action: dict[str, Any]) -> str:
    """Where the rows of a step are: "60 rows in rows/review.csv, 60 in rows/quarantine.csv"; empty without rows."""
    return ", ".join(
        f"{plural(place['rows'], 'row') if first else number(place['rows'])} in {place['file']}"
        for first, place in zip((True, False), action["files"], strict=False)
    )


def action_phrase(action: dict[str, Any]) -> str:
    """What a step is about, and where its rows are."""
    return "; ".join(filter(None, (subjects_phrase(action), files_phrase(action))))
