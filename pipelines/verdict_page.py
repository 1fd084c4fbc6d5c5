"""The verdict as the Markdown that the Prefect UI shows: what a reader needs in ten seconds first, the rest folded.

Prefect's two UIs read Markdown differently: the first closes a `<details>` at the first blank line. What is folded is
therefore HTML on one line, which both show folded. A drawing in mermaid is drawn by the second UI only; the first
shows its text, which is why it stands at the end.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from assay.report.change_text import change_markdown
from assay.report.text import clean, first_sentences, number, plural
from assay.report.wording import PROBLEMS, STATE_WORDS, STATUS_WORDS, counts_phrase, verdict_sentence

from .numbers import key_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assay.known import Answer

    from .pictures import Image

# In the fonts of every system: an emoji is a box where there is no font for it.
_MARKS = {"pass": "✔", "reject": "✘", "undecided": "?"}
_WORDS = {"pass": "Passed", "reject": "Rejected", "undecided": "Undecided"}
_SHOWN_REASONS = 10
_SHOWN_CHANGES = 12
_SHOWN_OTHERS = 40
_SENTENCES = 300

# The stage whose node shows how a family of checks stands.
_JUDGES = {"validate": "DQ", "label noise": "LN", "fairness": "FB", "health": "MH"}
_TONES = {"failed": "bad", "undecided": "open", "warnings": "open", "passed": "good"}
_VERDICT_STATES = {"pass": "passed", "reject": "failed", "undecided": "undecided"}
_CLASSES = """\
  classDef good fill:#e8f5ec,stroke:#1c6b3c,color:#1a1f26
  classDef open fill:#fdf3e1,stroke:#8a5a00,color:#1a1f26
  classDef bad fill:#fbeaea,stroke:#a32020,color:#1a1f26"""
# All other stages work on what this one found, or it on what they found.
_MIDDLE = "learn"


def verdict_markdown(answer: Answer, dataset: str, images: Sequence[Image] = ()) -> str:
    """Return what the artifact of a verdict says, as Markdown in which no text of the data is markup.

    Parameters
    ----------
    answer
        Of the audit.
    dataset
        Its name.
    images
        Pictures to fold in, see `assay.pipelines.pictures.draw_images`.
    """
    document = answer.document
    parts = [
        f"# {_MARKS[answer.verdict]} {_WORDS[answer.verdict]}: {escape(dataset)}",
        f"**{escape(verdict_sentence(document))}** {_families(document)}",
        _known(answer),
        _reasons(document),
        _change(document),
        _numbers(document),
        _place(answer),
        _others(document),
        _pictures(images),
        _stages(document),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def headline(answer: Answer) -> str:
    """Return the verdict in one line of Markdown, for the list of artifacts."""
    codes = list(dict.fromkeys(reason["code"] for reason in answer.document["reasons"]))
    why = f" ({', '.join(codes[:_SHOWN_REASONS])})" if codes else ""
    return escape(f"{_WORDS[answer.verdict]}{why}. {verdict_sentence(answer.document)}")


def escape(text: str) -> str:
    r"""Return `text` as it is to be read: no character of it is Markdown, HTML or the end of a table's cell.

    >>> escape("<script>a|b_c")
    '&lt;script&gt;a\\|b\\_c'
    """
    text = " ".join(clean(text).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#+!|~$])", r"\\\1", text)


def _families(document: dict[str, Any]) -> str:
    stand = (f"{family['title']} {STATE_WORDS[family['state']].lower()}" for family in document["families"])
    said = escape(", ".join(stand))
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def _known(answer: Answer) -> str:
    if not answer.known:
        return ""
    return f"Nothing has changed since the audit of {escape(str(answer.document['manifest'].get('created')))}."


def _reasons(document: dict[str, Any]) -> str:
    """A list and no table: in the first UI the cells of a table do not wrap, and a sentence runs out of sight."""
    reasons = document["reasons"]
    if not reasons:
        return ""
    lines = [
        f"{place}. **{reason['code']}** {escape(reason['subject'] or '')} ({_standing(reason)}): "
        f"{escape(first_sentences(reason['message'], _SENTENCES))} "
        f"*{escape(first_sentences(reason['remedy'] or '', _SENTENCES)) or '—'}*"
        for place, reason in enumerate(reasons[:_SHOWN_REASONS], start=1)
    ]
    more = len(reasons) - _SHOWN_REASONS
    rest = [f"\nAnd {plural(more, 'more reason')} in the report."] if more > 0 else []
    return "\n".join(["## Reasons\n", *lines, *rest])


def _standing(finding: dict[str, Any]) -> str:
    return f"{finding['severity']}, {STATUS_WORDS[finding['status']]}"


def _change(document: dict[str, Any]) -> str:
    if (change := document.get("change")) is None:
        return ""
    lines = [line for line in change_markdown(change) if line]
    more = len(lines) - _SHOWN_CHANGES
    rest = [f"- {plural(more, 'more change')} in the report"] if more > 0 else []
    # Sentences first, each a paragraph, then a list.
    told = "\n".join(line if line.startswith("- ") else f"{line}\n" for line in lines[:_SHOWN_CHANGES])
    return "\n".join(["## Since the last audit\n", told, *rest])


def _numbers(document: dict[str, Any]) -> str:
    found = key_numbers(document)
    table = _table(
        ("Number", "Value", "95% interval", "Limit"), [(n.name, n.value, n.interval, n.limit) for n in found]
    )
    # Not in the table: in the first UI its cells do not wrap.
    about = [f"{n.name}: {escape(n.about)}." for n in found if n.about]
    return "\n\n".join(["## Numbers", table, *about])


def _place(answer: Answer) -> str:
    if answer.place is None:
        return ""
    # In backticks nothing is markup but a backtick; clean() leaves no line break either.
    place = clean(answer.place.as_posix()).replace("`", "").replace("\n", " ")
    return f"Full report: `{place}/report.html`. Rows to fix: `{place}/rows`. In a terminal: `assay show {place}`."


def _others(document: dict[str, Any]) -> str:
    """Findings that are no good news and no reason for the verdict, folded."""
    reasons = {reason["finding"] for reason in document["reasons"]}
    found = [f for f in document["findings"] if f["status"] in PROBLEMS and f["id"] not in reasons]
    order = {"critical": 0, "warning": 1, "info": 2}
    found.sort(key=lambda finding: (order[finding["severity"]], PROBLEMS.index(finding["status"])))
    rows = (
        (
            f["code"],
            _standing(f) + (", waived" if f["waived"] else ""),
            f["subject"]["text"],
            first_sentences(f["message"], _SENTENCES),
        )
        for f in found[:_SHOWN_OTHERS]
    )
    cut = f", of which the first {_SHOWN_OTHERS} are shown" if len(found) > _SHOWN_OTHERS else ""
    table = _html_table(("Check", "Status", "About", "Finding"), rows)
    families = _html_table(
        ("Family", "State", "Checks"),
        ((f["title"], STATE_WORDS[f["state"]], counts_phrase(f)) for f in document["families"]),
    )
    counts = _folded("Checks by family", families)
    return (_folded(plural(len(found), "other finding") + cut, table) + "\n\n" if found else "") + counts


def _pictures(images: Sequence[Image]) -> str:
    if not images:
        return ""
    # The address is base64 of ours: it holds nothing that ends an attribute.
    shown = (f'<p>{_text(i.sentence)}</p><p><img src="{i.address}" alt="{_text(i.title)}"></p>' for i in images)
    return _folded("Pictures: " + ", ".join(image.title for image in images), "".join(shown))


def _stages(document: dict[str, Any]) -> str:
    """What was done in which order, how long it took, and how the checks of each stage stand."""
    stages = document["manifest"].get("stages") or {}
    if not stages:
        return ""
    states = {family["family"]: family["state"] for family in document["families"]}
    nodes, lines = {}, []
    for place, (name, took) in enumerate(stages.items()):
        state = _VERDICT_STATES[document["verdict"]] if name == "gate" else states.get(_JUDGES.get(name, ""), "")
        word = document["verdict"] if name == "gate" else STATE_WORDS.get(state, "done").lower()
        label = f"{re.sub(r'[^A-Za-z0-9_ .-]', '', name)}: {number(took['seconds'], 1)} s, {word}"
        nodes[name] = f"n{place}"
        lines.append(f'n{place}["{label}"]' + (f":::{_TONES[state]}" if state in _TONES else ""))
    lines.append(" --> ".join(" & ".join(nodes[name] for name in column) for column in _columns(list(nodes))))
    return "\n".join(["## Stages\n\n```mermaid", "flowchart LR", *(f"  {line}" for line in lines), _CLASSES, "```"])


def _columns(names: list[str]) -> list[list[str]]:
    """The stages by what waits for what: looking at the data comes before the training, judging by it after."""
    if _MIDDLE not in names[1:-1]:
        return [[name] for name in names]
    middle = names.index(_MIDDLE)
    columns = [names[:1], names[1:middle], [_MIDDLE], names[middle + 1 : -1], names[-1:]]
    return [column for column in columns if column]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(header)} |", f"| {' | '.join('---' for _ in header)} |"]
    return "\n".join(lines + [f"| {' | '.join(map(escape, row))} |" for row in rows])


def _html_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_text(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _folded(summary: str, content: str) -> str:
    return f"<details><summary>{_text(summary)}</summary>{content}</details>"


def _text(text: str) -> str:
    """`text` for HTML, on one line."""
    return html.escape(" ".join(clean(text).split()))
