"""A document as Markdown. Every text is escaped: names of groups and columns come from the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.shown_text import clean, escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_STANDING = {"filled": "filled", "partly": "partly filled", "open": "open"}
_STATUS = {
    "passed": "passed",
    "failed": "**failed**",
    "inconclusive": "**inconclusive**",
    "not_applicable": "not applicable",
    "error": "**could not run**",
}
_NONE = "—"
# A fact may be as long as the configuration allows.
_LIMIT = 5000
_CELL = 160
# Of 64 digits; the rest is in the JSON.
_FINGERPRINT = 17


def render_markdown(document: Mapping[str, Any]) -> str:
    """A document, as `fill` returns it, as Markdown."""
    audit, summary = document["audit"], document["summary"]
    made = f"audited {_text(audit['audited'] or _NONE)} with Assay {_text(audit['assay'] or _NONE)}"
    lines = [
        f"# {_text(document['title'])}",
        "",
        (
            f"Dataset {_text(audit['name'])}, {_figure(audit['rows'])} rows, {made}; verdict: "
            f"{_text(audit['verdict'])}. Content fingerprint {_text(audit['fingerprint'], _FINGERPRINT)}"
        ),
        *_given(audit.get("facts")),
        "",
        f"By {_text(document['source'])}.",
        "",
        *(f"- {_text(sentence)}" for sentence in document["is_not"]),
        "",
        f"Sections: {', '.join(f'{summary[key]} {word}' for key, word in _STANDING.items())}.",
        "",
    ]
    for section in document["sections"]:
        lines += _section(section)
    return "\n".join(lines).rstrip("\n") + "\n"


def _given(facts: Mapping[str, Any] | None) -> Iterator[str]:
    """Where what people say is from, if not from the audit."""
    if facts is not None:
        yield from (
            "",
            (
                f"What people say is not of the audit: it was given on {_text(facts['date'])} in "
                f"{_text(facts['source'])} (SHA-256 {_text(facts['sha256'], _CELL)})."
            ),
        )


def _section(section: Mapping[str, Any]) -> Iterator[str]:
    standing = _STANDING[section["standing"]]
    yield from (f"## {_text(section['number'])} {_text(section['title'])}: {standing}", "")
    yield from (f"*Asked: {_text(section['asks'])}*", "")
    for fact in section["facts"]:
        yield from (f"> {_keyed(fact)}", "")
    if section["statements"]:
        yield from (*(f"- {_text(sentence)}" for sentence in section["statements"]), "")
    for table in section["tables"]:
        yield from _table(table)
    if section["findings"]:
        yield from (*(_finding(finding) for finding in section["findings"]), *_more(section["more_findings"]), "")
    if section["open"]:
        yield from ("Open:", "", *(f"- {_keyed(entry)}" for entry in section["open"]), "")


def _keyed(entry: Mapping[str, Any]) -> str:
    return _text(entry["text"]) + (f" ({_text(entry['key'])})" if entry["key"] else "")


def _finding(finding: Mapping[str, Any]) -> str:
    waived = ", waived" if finding["waived"] else ""
    status = _STATUS.get(finding["status"]) or _text(finding["status"])
    return (
        f"- **{_text(finding['id'])}** {status} ({_text(finding['severity'])}{waived}), "
        f"{_text(finding['about'], _CELL)}: {_text(finding['message'])}"
    )


def _table(table: Mapping[str, Any]) -> Iterator[str]:
    columns = _with_ends(table["columns"])
    yield from (f"**{_text(table['title'], _CELL)}**", "")
    yield "| " + " | ".join(_text(name, _CELL) for name in columns) + " |"
    yield "| " + " | ".join("---" for _ in columns) + " |"
    for row in table["rows"]:
        cells = dict(zip(table["columns"], row, strict=True))
        yield "| " + " | ".join(_cell(cells, name, ends) for name, ends in columns.items()) + " |"
    yield from ("", *_more(table["more"], ""))


def _with_ends(columns: Sequence[str]) -> dict[str, tuple[str, str] | None]:
    """The columns of figures, each with the columns of the ends of its interval where it has one."""
    pairs = {name: _ends_of(name) for name in columns}
    ended = {name: pair for name, pair in pairs.items() if set(pair) <= set(columns)}
    ends = {end for pair in ended.values() for end in pair}
    return {name: ended.get(name) for name in columns if name not in ends}


def _ends_of(name: str) -> tuple[str, str]:
    return ("low", "high") if name in {"value", "disparity"} else (f"{name} low", f"{name} high")


def _cell(cells: Mapping[str, Any], name: str, ends: tuple[str, str] | None) -> str:
    shown = _figure(cells[name])
    low, high = (cells[end] for end in ends) if ends else (None, None)
    if low is None:
        return shown
    return f"{shown} ({_figure(low)} to {'no bound' if high is None else _figure(high)})"


def _figure(value: Any) -> str:
    if value is None:
        return _NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.3f}" if isinstance(value, float) else _text(value, _CELL)


def _more(count: int, mark: str = "- ") -> list[str]:
    return [f"{mark}And {count:,} more, which are in `report.json`.", ""] if count else []


def _text(value: Any, limit: int = _LIMIT) -> str:
    return escape(clean(str(value), limit))
