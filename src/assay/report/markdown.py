"""The report as Markdown, for a pull request or a chat."""

from __future__ import annotations

from typing import Any

from assay.report.accepted import STATES, baseline_entry, tighten_phrase
from assay.report.change_text import change_markdown
from assay.report.text import displayable, plural
from assay.report.wording import (
    PROBLEMS,
    STATE_WORDS,
    STATUS_WORDS,
    action_phrase,
    counts_phrase,
    rows_phrase,
    verdict_sentence,
)
from assay.shown_text import escape

_MARKS = {"pass": "✅", "reject": "❌", "undecided": "❔"}
_SHOWN = 20
# Of one text: a comment on a pull request holds 65,536 characters.
_LIMIT = 400


def render_markdown(document: dict[str, Any]) -> str:
    """The verdict, the families, what to do first and the findings that are no good news."""
    shown = displayable(document, _LIMIT)
    lines = [
        f"# {_MARKS[shown['verdict']]} {shown['verdict'].capitalize()}: {escape(shown['name'])}",
        "",
        verdict_sentence(shown),
        "",
        *_reasons(shown),
        "| Family | State | Checks |",
        "| --- | --- | --- |",
        *(
            f"| {family['title'].capitalize()} | {STATE_WORDS[family['state']]} | {counts_phrase(family)} |"
            for family in shown["families"]
        ),
        "",
        *_actions(shown),
        f"{rows_phrase(shown['rows'])}.",
        "",
        *_others(shown),
        *_waivers(shown),
        *_accepted(shown),
        *_change(document),
        f"Content fingerprint `{shown['dataset']['fingerprint'][:16]}`.",
        "Everything is in `report.html`, `report.json` and `rows/`.",
    ]
    return "\n".join(lines) + "\n"


def _reasons(shown: dict[str, Any]) -> list[str]:
    if not shown["reasons"]:
        return []
    lines = [
        f"- **{reason['code']}** {STATUS_WORDS[reason['status']]}: {escape(reason['message'])}"
        for reason in shown["reasons"][:_SHOWN]
    ]
    return [*lines, *_more(len(shown["reasons"]), "reason"), ""]


def _actions(shown: dict[str, Any]) -> list[str]:
    if not shown["actions"]:
        return []
    lines = ["## What to do first", ""]
    for place, action in enumerate(shown["actions"], start=1):
        where = action_phrase(action)
        lines.append(f"{place}. {escape(action['what'])} ({action['code']}{': ' + escape(where) if where else ''})")
    return [*lines, ""]


def _others(shown: dict[str, Any]) -> list[str]:
    """Findings that are no good news and no reason for the verdict."""
    reasons = {reason["finding"] for reason in shown["reasons"]}
    others = [f for f in shown["findings"] if f["status"] in PROBLEMS and f["id"] not in reasons and not f["waived"]]
    if not others:
        return []
    cells = [
        f"| {f['code']} | {f['severity']}, {STATUS_WORDS[f['status']]} | {escape(f['subject']['text'])} "
        f"| {escape(f['message'])} |"
        for f in others[:_SHOWN]
    ]
    return [
        "<details>",
        f"<summary>{plural(len(others), 'other finding')}</summary>",
        "",
        "| Check | Status | About | Finding |",
        "| --- | --- | --- | --- |",
        *cells,
        "",
        *_more(len(others), "finding"),
        "</details>",
        "",
    ]


def _waivers(shown: dict[str, Any]) -> list[str]:
    waivers = shown["waivers"]
    lines = [
        f"- {state} **{waiver['check']}** ({escape(waiver['subject'] or 'all subjects')}): "
        f"{escape(waiver['reason'])} {escape(waiver['owner'])}, until {waiver['expires']}."
        for state in ("used", "expired", "unused")
        for waiver in waivers[state][:_SHOWN]
    ]
    return ["## Waivers", "", *lines, ""] if lines else []


def _accepted(shown: dict[str, Any]) -> list[str]:
    baseline = shown.get("baseline")
    lines = [
        f"- {state} **{entry['check']}** {escape(baseline_entry(entry))}"
        for state in STATES
        for entry in (baseline or {}).get(state, [])[:_SHOWN]
    ]
    if not lines:
        return []
    tighten = tighten_phrase(baseline)
    return ["## Accepted by the baseline", "", *lines, "", *([escape(tighten), ""] if tighten else [])]


def _change(document: dict[str, Any]) -> list[str]:
    change = document.get("change")
    return ["## What changed since the last audit", "", *change_markdown(change)] if change else []


def _more(count: int, noun: str) -> list[str]:
    return [f"First {_SHOWN} of {plural(count, noun)}; all are in `report.json`.", ""] if count > _SHOWN else []
