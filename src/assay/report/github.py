"""The report for GitHub: annotations of a workflow, and a comment that is updated in place."""

from __future__ import annotations

import hashlib
from typing import Any

from assay.report.markdown import render_markdown
from assay.report.sarif import level_of
from assay.report.source_files import data_file, suite_file
from assay.report.text import displayable, plural
from assay.report.wording import PROBLEMS, STATUS_WORDS
from assay.shown_text import escape
from assay.store import slug

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
# GitHub keeps ten of each kind for a step.
_MOST = 10
_TEXT = 400
_DIGEST = 12
# Of a comment: GitHub takes 65,536 characters.
_COMMENT = 60_000


def render_annotations(document: dict[str, Any]) -> list[str]:
    """Workflow commands: an error for each reason of the verdict, warnings and notices for other open findings.

    At most ten of each kind, the last of which says how many more there are. Waived and accepted findings
    have none.
    """
    shown = displayable(document, _TEXT)
    file = data_file(document) or suite_file(document)
    found: dict[str, list[tuple[str, str]]] = {level: [] for level in _COMMANDS}
    # Once each: a reason is a finding, or the gate's own word.
    for reason in shown["reasons"]:
        title = " ".join(filter(None, (reason["code"], STATUS_WORDS[reason["status"]], reason["subject"])))
        found["error"].append((f"{title} ({shown['name']})", reason["message"]))
    reasons = {reason["finding"] for reason in shown["reasons"]}
    for finding in shown["findings"]:
        excused = finding["waived"] or finding.get("accepted")
        if finding["status"] in PROBLEMS and not excused and finding["id"] not in reasons:
            title = f"{finding['code']} {STATUS_WORDS[finding['status']]} {finding['subject']['text']}"
            found[level_of(finding)].append((f"{title} ({shown['name']})", finding["message"]))
    return [line for level, entries in found.items() for line in _commands(level, entries, file)]


def render_comment(document: dict[str, Any]) -> str:
    """`render_markdown` behind a marker that nobody sees, by which a bot finds the comment to replace.

    The marker is `comment_marker`'s.
    """
    text = f"{comment_marker(document['name'])}\n{render_markdown(document)}"
    if len(text) <= _COMMENT:
        return text
    kept = text[:_COMMENT].rsplit("\n", 1)[0]
    closing = "\n\n</details>" if kept.count("<details>") > kept.count("</details>") else ""
    return f"{kept}{closing}\n\nCut here; everything is in `report.json`.\n"


def render_no_verdict(name: str, state: str) -> str:
    """Comment in the place of `render_comment`'s where there is no verdict: an old one must not stand.

    Parameters
    ----------
    name
        Of the dataset.
    state
        A sentence that says why; it is shown as it is.
    """
    return f"{comment_marker(name)}\n# ❔ No verdict: {escape(displayable(name, _TEXT))}\n\n{state}\n"


def comment_marker(name: str) -> str:
    """First line of the comment about the dataset of this name: readable, and a digest that tells equal slugs apart.

    >>> comment_marker("Loans --> <b>")
    '<!-- assay:Loans-b-87e97ccb8493 -->'
    """
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"<!-- assay:{slug(name)}-{digest} -->"


def workflow_command(command: str, message: str, **properties: str) -> str:
    r"""Write a workflow command in one line, whatever the texts, as GitHub's own toolkit escapes them.

    https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts

    >>> workflow_command("error", "100%\n::stop", file="a,b:c.csv")
    '::error file=a%2Cb%3Ac.csv::100%25%0A::stop'
    """
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{command}{' ' + given if given else ''}::{_data(message)}"


def _commands(level: str, entries: list[tuple[str, str]], file: str | None) -> list[str]:
    where = {} if file is None else {"file": file}
    told = entries if len(entries) <= _MOST else entries[: _MOST - 1]
    lines = [workflow_command(_COMMANDS[level], message, **where, title=title) for title, message in told]
    if more := len(entries) - len(told):
        text = f"{plural(more, 'more finding')} of this kind; all are in the report."
        lines.append(workflow_command(_COMMANDS[level], text, **where))
    return lines


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
