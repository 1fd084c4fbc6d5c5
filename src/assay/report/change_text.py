"""What changed since another audit, in words: for the page, Markdown and the terminal. Takes `Change.to_dict()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.report.text import displayable, number, percent, plural
from assay.report.wording import STATUS_WORDS
from assay.shown_text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

_LIMIT = 400
# Of one kind, where all are in the JSON.
_SHOWN = 20
_COLOURS = {"new": "red", "worse": "red", "gone": "green", "better": "green", "changed": "yellow"}
_TITLES = {
    "new": "New",
    "worse": "Worse",
    "gone": "Gone",
    "better": "Better",
    "changed": "Changed",
    "not comparable": "Not comparable",
}
NOTHING = "Nothing changed: the same verdict, findings, rates, configuration, versions and columns."


def headline(change: dict[str, Any]) -> str:
    """The change in one sentence: verdicts, then how many findings of each kind."""
    before, after = change["older"]["verdict"], change["newer"]["verdict"]
    verdict = f"The verdict is {after}, as before" if before == after else f"The verdict was {before} and is {after}"
    counts = [f"{count:,} {kind}" for kind, count in change["counts"].items() if count and kind != "same"]
    same = change["counts"]["same"]
    counts.append(f"{same:,} with no change shown" if counts else f"no change is shown in {plural(same, 'finding')}")
    return f"{verdict}; findings: {', '.join(counts)}."


def notes(change: dict[str, Any]) -> list[str]:
    """What is told beside the findings, a sentence each."""
    found = []
    before, after = change["older"]["rows"], change["newer"]["rows"]
    if before != after:
        found.append(f"Rows: {before:,}, now {after:,}.")
    if change["same_data"]:
        found.append("Both audits are of the same data, so that their figures are not independent: none is tested.")
    found += [f"{name.capitalize()}: {', '.join(items)}." for name, items in _lists(change).items() if items]
    tested = change["comparisons"]
    if tested and not change["same_data"]:
        found.append(
            f"{plural(tested, 'figure')} tested; the intervals hold together with {100 * change['confidence']:g}%. "
            "Rows that are in both audits make the tests see less."
        )
    if change["rates_why"] and not change["same_data"]:
        found.append(f"Rates of groups are not compared: {change['rates_why'].rstrip('.')}.")
    return found


def _lists(change: dict[str, Any]) -> dict[str, list[str]]:
    columns = [
        f"{swap['name']} is {_use(swap['newer'])} (was {_use(swap['older'])})" for swap in _first(change["columns"])
    ]
    versions = [f"{s['name']} {s['older'] or 'none'} → {s['newer'] or 'none'}" for s in _first(change["versions"])]
    return {
        "columns": columns + _rest(change["columns"]),
        "configuration": list(_first(change["configuration"])) + _rest(change["configuration"]),
        "versions": versions + _rest(change["versions"]),
    }


def _use(use: str | None) -> str:
    return "not there" if use is None else use


def _first(items: Sequence[Any]) -> Sequence[Any]:
    return items[:_SHOWN]


def _rest(items: Sequence[Any]) -> list[str]:
    return [f"and {len(items) - _SHOWN:,} more"] if len(items) > _SHOWN else []


def entries(change: dict[str, Any]) -> list[dict[str, Any]]:
    """Findings and rates that changed, for a list: `kind`, `title`, `code`, `about` and `what`, most important first.

    Of each kind the first twenty, then one entry that counts the rest.
    """
    found = [_finding_entry(item) for item in change["findings"]]
    found += [_rate_entry(rate) for rate in change["rates"]]
    listed: list[dict[str, Any]] = []
    for kind, title in _TITLES.items():
        own = [entry for entry in found if entry["kind"] == kind]
        listed += own[:_SHOWN]
        if len(own) > _SHOWN:
            more = f"{len(own) - _SHOWN:,} more"
            listed.append({"kind": kind, "title": title, "code": "", "about": more, "what": "in the JSON"})
    return listed


def _finding_entry(item: dict[str, Any]) -> dict[str, Any]:
    about = f"{item['title']} ({item['subject']})"
    what = [_statuses(item), _figures(item)]
    return {
        "kind": item["kind"],
        "title": _TITLES[item["kind"]],
        "code": item["code"],
        "about": about,
        "what": "; ".join(filter(None, what)),
    }


def _statuses(item: dict[str, Any]) -> str:
    older, newer = item["older"], item["newer"]
    if older is None:
        return f"{newer['severity']}, {STATUS_WORDS[newer['status']]}; no such finding before"
    if newer is None:
        return f"was {older['severity']}, {STATUS_WORDS[older['status']]}; no such finding now"
    now = f"{newer['severity']}, {STATUS_WORDS[newer['status']]}"
    return now if older["status"] == newer["status"] else f"{now} (was {STATUS_WORDS[older['status']]})"


def _figures(item: dict[str, Any]) -> str:
    """The figure before and after, its change, and what the test says of it."""
    older, newer, unit = item["older"], item["newer"], item["unit"] or ""
    if older is None or newer is None or older["value"] is None or newer["value"] is None:
        return ""
    show = percent if unit == "share" else number
    told = f"{item['metric']} {show(older['value'])} → {show(newer['value'])}"
    interval = item["interval"]
    if interval is not None:
        # Of a count of rows the share of all is tested.
        of_share = unit in {"share", "rows"}
        told += f", change {_signed(item['change'], of_share=of_share)}"
        low, high = (_signed(interval[end], of_share=of_share) for end in ("low", "high"))
        told += f" ({low} to {high})"
    if item["kind"] in {"new", "gone"} and item["figure"] == "same":
        told += ", of which no change is shown"
    return f"{told} ({item['why']})" if item["why"] and interval is None else told


def _signed(value: float | None, *, of_share: bool) -> str:
    if value is None:
        return number(None)
    if of_share:
        return f"{100 * value:+.2f} points"
    return f"{value:+.3g}"


def _rate_entry(rate: dict[str, Any]) -> dict[str, Any]:
    name = rate["group"] if rate["group"] is not None else rate["disparity"]
    of_share = rate["disparity"] != "ratio"
    show = percent if of_share else number
    change, low, high = (_signed(rate[name], of_share=of_share) for name in ("change", "low", "high"))
    return {
        "kind": rate["kind"],
        "title": _TITLES[rate["kind"]],
        "code": "rate" if rate["group"] is not None else "disparity",
        "about": f"{rate['metric']} of {rate['feature']}: {name}",
        "what": f"{show(rate['older'])} → {show(rate['newer'])}, change {change} ({low} to {high})",
    }


def older_phrase(change: dict[str, Any]) -> str:
    """Which audit the change is since."""
    older = change["older"]
    made = str(older["created"] or "an unknown time").replace("T", " ").replace("+00:00", " UTC")
    return f"{made}{' (' + older['id'] + ')' if older['id'] else ''}"


def is_nothing(change: dict[str, Any]) -> bool:
    """Whether there is nothing to tell."""
    quiet = not (change["findings"] or change["rates"] or change["columns"])
    same = (change["older"]["verdict"], change["older"]["rows"]) == (
        change["newer"]["verdict"],
        change["newer"]["rows"],
    )
    return quiet and same and not (change["configuration"] or change["versions"])


def change_markdown(change: dict[str, Any]) -> list[str]:
    """Lines of a section in Markdown."""
    shown = displayable(change, _LIMIT)
    lines = [f"Since the audit of {escape(older_phrase(shown))}:", ""]
    if is_nothing(shown):
        return [*lines, NOTHING, ""]
    lines += [escape(headline(shown)), ""]
    lines += [
        f"- {entry['title']}: {_code(entry['code'])}{escape(entry['about'])}: {escape(entry['what'])}"
        for entry in entries(shown)
    ]
    told = [f"- {escape(note)}" for note in notes(shown)]
    return [*lines, *told, ""]


def _code(code: str) -> str:
    return f"**{escape(code)}** " if code else ""


def render_change_markdown(change: dict[str, Any]) -> str:
    """The change as a Markdown text of its own."""
    shown = displayable(change, _LIMIT)
    title = f"# What changed: {escape(shown['name'])}"
    return "\n".join([title, "", *change_markdown(change)]).rstrip() + "\n"


def render_change(change: dict[str, Any]) -> RenderableType:
    """The change for a terminal. Texts of the data are never read as markup."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    shown = displayable(change, _LIMIT)
    newer = shown["newer"]
    parts: list[RenderableType] = [
        Text.assemble(("What changed: ", "bold"), (_line(shown["name"]), "bold")),
        Text(f"from {_line(older_phrase(shown))}", style="dim"),
        Text(f"to   {_line(older_phrase({'older': newer}))}", style="dim"),
        "",
    ]
    if is_nothing(shown):
        return Group(*parts, Text(NOTHING))
    parts += [Text(headline(shown)), ""]
    table = Table.grid(padding=(0, 2))
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for entry in entries(shown):
        told = Text(_line(entry["about"]))
        told.append(f"\n{_line(entry['what'])}", style="dim")
        table.add_row(Text(entry["title"], style=_COLOURS.get(entry["kind"], "")), Text(entry["code"]), told)
    if table.row_count:
        parts += [Padding(table, (0, 0, 0, 2)), ""]
    return Group(*parts, *_texts(notes(shown)))


def _texts(lines: Iterable[str]) -> list[RenderableType]:
    from rich.text import Text

    return [Text(_line(line)) for line in lines]


def _line(text: str) -> str:
    return " ".join(text.split())
