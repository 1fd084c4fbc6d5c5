"""The report in a terminal: the verdict, why, and what to do; from a report or from a stored `report.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.report.accepted import accepted_phrases
from assay.report.change_text import NOTHING, headline, is_nothing, older_phrase
from assay.report.text import displayable, first_sentence, plural
from assay.report.wording import (
    STATE_WORDS,
    STATUS_WORDS,
    action_phrase,
    counts_phrase,
    rows_phrase,
    verdict_sentence,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

_REASONS = 10
_LIMIT = 400

_COLOURS = {"pass": "green", "reject": "red", "undecided": "yellow"}
_STATE_COLOURS = {"failed": "red", "undecided": "yellow", "warnings": "yellow", "passed": "green"}


def render_text(document: dict[str, Any]) -> str:
    """The verdict and its reasons as plain text of some lines."""
    shown = displayable(document, _LIMIT)
    lines = [f"{shown['verdict'].upper()}  {_line(shown['name'])}: {verdict_sentence(shown)}"]
    lines += [
        f"  {reason['code']} {STATUS_WORDS[reason['status']]}: {_line(reason['message'])}"
        for reason in shown["reasons"][:_REASONS]
    ]
    return "\n".join([*lines, *_more(shown), f"{rows_phrase(shown['rows'])}."])


def render_rich(document: dict[str, Any]) -> RenderableType:
    """The same and the families and first actions, in colour. Texts of the data are never read as rich markup."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    shown = displayable(document, _LIMIT)
    colour = _COLOURS[shown["verdict"]]
    title = Text.assemble(
        (f" {shown['verdict'].upper()} ", f"bold reverse {colour}"), "  ", (_line(shown["name"]), "bold")
    )
    reasons = Table.grid(padding=(0, 2))
    reasons.add_column(no_wrap=True)
    reasons.add_column(ratio=1)
    for reason in shown["reasons"][:_REASONS]:
        reasons.add_row(Text(reason["code"], style=colour), Text(_line(reason["message"])))
    families = Table.grid(padding=(0, 2))
    for family in shown["families"]:
        state = Text(STATE_WORDS[family["state"]], style=_STATE_COLOURS.get(family["state"], ""))
        families.add_row(family["title"].capitalize(), state, Text(counts_phrase(family), style="dim"))
    parts: list[RenderableType] = [title, Text(verdict_sentence(shown)), ""]
    if shown["reasons"]:
        parts += [Padding(reasons, (0, 0, 0, 2)), *(Text(line) for line in _more(shown)), ""]
    parts += [Padding(families, (0, 0, 0, 2)), ""]
    if crashed := _could_not_run(shown):
        parts += [*(Text(line, style="yellow") for line in crashed), ""]
    if said := _since(shown):
        parts += [*(Text(_line(sentence)) for sentence in said), ""]
    if shown["actions"]:
        parts.append(Text("What to do first", style="bold"))
        for place, action in enumerate(shown["actions"], start=1):
            where = action_phrase(action)
            step = Text(f"{action['code']}: {_line(action['what'])}")
            step.append(f" ({where})" if where else "", style="dim")
            row = Table.grid(padding=(0, 1))
            row.add_row(f"{place}.", step)
            parts.append(Padding(row, (0, 0, 0, 2)))
        parts.append("")
    return Group(*parts, Text(f"{rows_phrase(shown['rows'])}."))


def _could_not_run(shown: dict[str, Any]) -> list[str]:
    """A line for each finding that could not be made and that no reason tells: silence would look like good news."""
    told = {reason["finding"] for reason in shown["reasons"]}
    errors = [f for f in shown["findings"] if f["status"] == "error" and f["id"] not in told]
    lines = [f"Could not run: {f['code']}: {_line(first_sentence(f['message']))}" for f in errors[:_REASONS]]
    return [*lines, *([f"And {len(errors) - _REASONS} more."] if len(errors) > _REASONS else [])]


def _since(shown: dict[str, Any]) -> list[str]:
    """What changed since the last audit, and what the baseline accepts; a report of an older version has neither."""
    change = shown.get("change")
    said = []
    if change is not None:
        what = NOTHING if is_nothing(change) else headline(change)
        said.append(f"Since the last audit ({older_phrase(change)}): {what}")
    return [*said, *accepted_phrases(shown.get("baseline"))]


def _line(text: str) -> str:
    return " ".join(text.split())


def _more(shown: dict[str, Any]) -> list[str]:
    more = len(shown["reasons"]) - _REASONS
    return [f"  and {plural(more, 'more reason')} in the report"] if more > 0 else []
