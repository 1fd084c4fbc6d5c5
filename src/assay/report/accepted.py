"""What the baseline accepts of the findings of an audit: as a part of the document, and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.report.text import number, percent, plural

if TYPE_CHECKING:
    from assay.baseline import Acceptance
    from assay.changes.ratchet import HeldFinding, Ratchet

STATES = {
    "accepted": "Accepted: these findings do not count until they are worse",
    "worse": "Accepted once, and worse or not comparable now: these count",
    "expired": "Expired: these count no more",
    "unused": "No finding needs these any more",
}


def baseline_part(ratchet: Ratchet, ids: dict[int, str]) -> dict[str, Any]:
    """What the baseline says: findings that it accepts, those that are worse, and entries that count no more."""

    def held(pair: HeldFinding) -> dict[str, Any]:
        movement = pair.movement
        return {
            **_acceptance(pair.acceptance),
            "finding": ids[id(pair.finding)],
            "figure": movement.verdict,
            "why": movement.why,
        }

    return {
        "accepted": [held(pair) for pair in ratchet.accepted],
        "worse": [held(pair) for pair in ratchet.worse],
        "expired": [_acceptance(entry) for entry in ratchet.expired],
        "unused": [_acceptance(entry) for entry in ratchet.unused],
    }


def _acceptance(entry: Acceptance) -> dict[str, Any]:
    told = entry.model_dump(include={"metric", "value", "n", "unit", "run", "created", "owner", "reason", "expires"})
    return {"check": entry.code, "subject": entry.subject, "title": entry.title, **told, "finding": None}


def baseline_entry(entry: dict[str, Any]) -> str:
    """An accepted finding in words, without its code: what, since when, why, and until when."""
    value, why = entry["value"], entry.get("why")
    figure = f"{why}; " if why else ""
    if value is not None:
        shown = percent(value) if entry["unit"] == "share" else number(value)
        figure = f"{entry['metric']} {shown} then; "
        if (moved := entry.get("figure")) is not None:
            because = f" ({why})" if why else ""
            figure = f"{entry['metric']} {shown} then, {_MOVED[moved]}{because}; "
    until = f"until {entry['expires']}" if entry["expires"] else "without an end"
    by = f"{entry['owner']}, {entry['created']}, {until}"
    return f"{entry['title']} ({entry['subject']}): {figure}{entry['reason']} ({by})."


_MOVED = {
    "same": "no change shown since",
    "better": "better since",
    "worse": "worse since",
    "changed": "changed since",
    "not comparable": "not comparable now",
}


def tighten_phrase(baseline: dict[str, Any] | None) -> str:
    """Proposal to accept again where findings got better or went; empty where none did."""
    if baseline is None:
        return ""
    better = sum(entry["figure"] == "better" for entry in baseline["accepted"])
    unused = len(baseline["unused"])
    parts = [f"{plural(better, 'accepted finding')} got better"] if better else []
    if unused:
        needed = "is" if unused == 1 else "are"
        parts.append(f"{plural(unused, 'entry', 'entries')} of the baseline {needed} not needed any more")
    return f"{' and '.join(parts)}: `assay accept` again tightens the baseline." if parts else ""


def accepted_phrases(baseline: dict[str, Any] | None) -> list[str]:
    """What the baseline does to the verdict, a sentence each, for a terminal."""
    if baseline is None:
        return []
    heads = {"accepted": "Accepted by the baseline", "worse": "Accepted once, and worse or not comparable now"}
    said = [
        f"{head}: {plural(len(entries), 'finding')} ({', '.join(dict.fromkeys(e['check'] for e in entries))})."
        for state, head in heads.items()
        if (entries := baseline[state])
    ]
    return [*said, *filter(None, [tighten_phrase(baseline)])]
