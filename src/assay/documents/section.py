"""A section of a document: what is asked, what the audit and people say to it, and what is open."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from assay.documents_config import DocumentsConfig

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from assay.documents.table import Table
    from assay.documents.tree import Row, Tree

# Key of `documents`, or None where a fact would not answer it, and the text.
Question = tuple[str | None, str]

# A document is read by people; `report.json` has all findings.
MOST_FINDINGS = 40
# Facts that name a feature, and answer nothing by themselves.
_NAMES_ONLY = ("sex", "race")
_DECIDED = ("passed", "failed")
_UNDECIDED = ("error", "inconclusive")


class Standing(StrEnum):
    """How far a section is answered."""

    FILLED = "filled"
    PARTLY = "partly"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Section:
    """One point of a document.

    Attributes
    ----------
    number, title, asks
        What the source calls it, and what it asks in a short paraphrase.
    standing
        "filled" where nothing is open, "partly" where something is said and something open, else "open".
    facts
        (key of `documents`, what a person said).
    statements
        What the audit says, a sentence each.
    tables
        Figures.
    findings
        The findings that the section rests on, worst first.
    open
        What only a person can answer, or the audit could not: (key of `documents` or None, question).
    """

    number: str
    title: str
    asks: str
    standing: Standing
    facts: tuple[tuple[str, str], ...] = ()
    statements: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    findings: tuple[Row, ...] = ()
    open: tuple[Question, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "number": self.number,
            "title": self.title,
            "asks": self.asks,
            "standing": self.standing.value,
            "facts": [_keyed(key, text) for key, text in self.facts],
            "statements": list(self.statements),
            "tables": [table.plain() for table in self.tables],
            "findings": [_reference(finding) for finding in self.findings[:MOST_FINDINGS]],
            "more_findings": max(0, len(self.findings) - MOST_FINDINGS),
            "open": [_keyed(key, text) for key, text in self.open],
        }


def write_section(
    tree: Tree,
    number: str,
    title: str,
    asks: str,
    *,
    facts: Sequence[str] = (),
    codes: Collection[str] = (),
    known: Sequence[str] = (),
    context: Sequence[str] = (),
    tables: Sequence[Table] = (),
    unanswered: Sequence[str | Question] = (),
    count_passed: bool = False,
) -> Section:
    """Put together what is said to one point.

    Parameters
    ----------
    tree
        The audit.
    number, title, asks
        See `Section`.
    facts
        Keys of `documents` that the point asks for; each that was not given is open.
    codes
        Checks whose findings answer a part of it. Those that could not be carried out or decided are open.
    known
        What the audit answers beside its findings.
    context
        What helps a person to answer, and is no answer itself.
    tables
        Figures that answer a part of it.
    unanswered
        What else is open.
    count_passed
        Whether findings that passed are not listed, since `known` or `context` counts them.
    """
    findings = tree.findings(codes)
    given = tuple((key, tree.facts[key]) for key in facts if key in tree.facts)
    missing = [question(key) for key in facts if key not in tree.facts]
    others = [(None, text) if isinstance(text, str) else text for text in unanswered]
    undecided = [finding["id"] for finding in findings if finding["status"] in _UNDECIDED]
    still: list[Question] = [*missing, *others, *([(None, _undecided(undecided))] if undecided else [])]
    if codes and not any(finding["status"] in (*_DECIDED, *_UNDECIDED) for finding in findings):
        still.append((None, "No check of the audit applied to this point."))
    told = [key for key, _ in given if key not in _NAMES_ONLY]
    says = bool(told or known or tables or any(finding["status"] in _DECIDED for finding in findings))
    if not says and not still:
        still.append((None, "The audit has no figures for this point."))
    standing = Standing.OPEN if not says else Standing.PARTLY if still else Standing.FILLED
    return Section(
        number,
        title,
        asks,
        standing,
        facts=given,
        statements=(*known, *context),
        tables=tuple(tables),
        findings=tuple(f for f in findings if not (count_passed and f["status"] == "passed")),
        open=tuple(still),
    )


def question(key: str) -> Question:
    """What a person is asked where the fact `key` is not given."""
    return key, DocumentsConfig.model_fields[key].description or key


def _keyed(key: str | None, text: str) -> dict[str, str | None]:
    return {"key": None if key is None else f"documents.{key}", "text": text}


def _undecided(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:MOST_FINDINGS]) + (f" and {len(ids) - MOST_FINDINGS:,} more" * (len(ids) > MOST_FINDINGS))
    return f"What the audit could not carry out or decide: {shown}."


def _reference(finding: Row) -> dict[str, Any]:
    """A finding by its id in `report.json`, with its figure."""
    evidence = finding["evidence"] or {}
    interval = evidence.get("interval") or {}
    return {
        "id": finding["id"],
        "title": finding["title"],
        "about": finding["subject"]["text"],
        "severity": finding["severity"],
        "status": finding["status"],
        "waived": finding["waived"],
        "message": finding["message"],
        "metric": evidence.get("metric"),
        "value": evidence.get("value"),
        "low": interval.get("low"),
        "high": interval.get("high"),
        "n": evidence.get("n"),
        "threshold": evidence.get("threshold"),
    }
