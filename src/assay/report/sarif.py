"""The report as SARIF 2.1.0, which code scanning and editors show beside the files.

OASIS Standard, Static Analysis Results Interchange Format (SARIF) Version 2.1.0,
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; the sections below are of it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from assay.deciding import GATE
from assay.report.source_files import data_file, suite_file
from assay.report.text import displayable
from assay.report.wording import PROBLEMS, STATUS_WORDS, evidence_phrase

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"critical": "error", "warning": "warning", "info": "note"}
_ROOT = "%SRCROOT%"
# GitHub shows no more of one run.
_MOST_RESULTS = 5000


@dataclass(frozen=True)
class _Run:
    """What all results of one report share: the dataset's name, the file, the rules' places, what excuses findings."""

    name: str
    file: str | None
    places: dict[str, int]
    excuses: list[dict[str, Any]]


def render_sarif(document: dict[str, Any]) -> str:
    """One run: a rule for each check, a result for each finding that is no good news.

    What keeps the verdict from `pass` has the level "error", also where it is inconclusive or could not run: a gate
    that cannot tell stays shut. A finding that is waived, or accepted by the baseline, is a result with a suppression.
    """
    shown = displayable(document)
    problems = [finding for finding in shown["findings"] if finding["status"] in PROBLEMS][:_MOST_RESULTS]
    own = [reason for reason in shown["reasons"] if reason["finding"] is None]
    rules = _rules(shown, with_gate=bool(own))
    places = {rule["id"]: place for place, rule in enumerate(rules)}
    run = _Run(shown["name"], data_file(document) or suite_file(document), places, _excuses(shown))
    seen: Counter[str] = Counter()
    log = {
        "tool": {"driver": {"name": "Assay", "version": str(shown["manifest"]["assay"]), "rules": rules}},
        # A slash parts the hierarchy of an id (section 3.17.2).
        "automationDetails": {"id": f"assay/{run.name.replace('/', '-')}/"},
        "invocations": [_invocation(shown)],
        "columnKind": "unicodeCodePoints",
        "results": [_gate_result(reason, run) for reason in own] + [_result(f, run, seen) for f in problems],
        "properties": {"verdict": shown["verdict"], "fingerprint": shown["dataset"]["fingerprint"]},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [log]}, indent=1, ensure_ascii=False) + "\n"


def _rules(shown: dict[str, Any], *, with_gate: bool) -> list[dict[str, Any]]:
    """A rule for each check that says something in the report."""
    families = {family["family"]: family["title"] for family in shown["families"]}
    by_code: dict[str, list[dict[str, Any]]] = {}
    for finding in shown["findings"]:
        by_code.setdefault(finding["code"], []).append(finding)
    rules = [_rule(code, by_code[code], families) for code in sorted(by_code)]
    if with_gate:
        text = "What no check said: that one did not run, or that nothing passed."
        rules.append(_described(GATE, "The gate", text, "error"))
    return rules


def _rule(code: str, findings: list[dict[str, Any]], families: dict[str, str]) -> dict[str, Any]:
    titles = {finding["title"] for finding in findings}
    remedy = next((finding["remedy"] for finding in findings if finding["remedy"]), "")
    family = families.get(code[:2], "other checks")
    # Each expectation of a suite has a title of its own.
    title = titles.pop() if len(titles) == 1 else f"Rules of {family}"
    text = remedy or f"A check of {family}. The report says what was found."
    return _described(code, title, text, _LEVELS[findings[0]["severity"]])


def _described(code: str, title: str, text: str, level: str) -> dict[str, Any]:
    return {
        "id": code,
        # One word, as section 3.49.7 asks for.
        "name": "".join(word[:1].upper() + word[1:] for word in re.findall(r"\w+", title)) or code,
        "shortDescription": {"text": _literal(title)},
        "fullDescription": {"text": _literal(title)},
        "help": {"text": _literal(text)},
        "defaultConfiguration": {"level": level},
    }


def _result(finding: dict[str, Any], run: _Run, seen: Counter[str]) -> dict[str, Any]:
    about = f"{finding['code']}\0{finding['title']}\0{finding['subject']['text']}"
    seen[about] += 1
    told = [finding["message"], evidence_phrase(finding["evidence"]), finding["remedy"]]
    result = {
        "ruleId": finding["code"],
        "ruleIndex": run.places[finding["code"]],
        "level": level_of(finding),
        "message": {"text": _literal("\n".join(filter(None, told)))},
        "locations": [_location(run, finding["subject"]["columns"])],
        "partialFingerprints": _fingerprints(run, about, seen[about]),
        "properties": {
            "finding": finding["id"],
            "status": STATUS_WORDS[finding["status"]],
            "severity": finding["severity"],
            "subject": finding["subject"]["text"],
        },
    }
    if finding["waived"] or finding.get("accepted"):
        result["suppressions"] = [_suppression(w) for w in run.excuses if w["finding"] == finding["id"]]
    return result


def level_of(finding: dict[str, Any]) -> str:
    """Level of a finding that is no good news: "error", "warning" or "note".

    A check that could not run keeps the verdict from `pass`, whatever its severity. That such a result is `open` and
    not `fail` (section 3.27.9) goes unsaid: readers hide what is not `fail`.
    """
    return "error" if finding["status"] == "error" else _LEVELS[finding["severity"]]


def _gate_result(reason: dict[str, Any], run: _Run) -> dict[str, Any]:
    return {
        "ruleId": GATE,
        "ruleIndex": run.places[GATE],
        "level": "error",
        "message": {"text": _literal(reason["message"])},
        "locations": [_location(run, [])],
        "partialFingerprints": _fingerprints(run, f"{GATE}\0{reason['message']}", 1),
    }


def _location(run: _Run, columns: Iterable[str]) -> dict[str, Any]:
    """The file, and the columns by name."""
    location: dict[str, Any] = {}
    if run.file is not None:
        # The first line, where a CSV file names its columns: a result without a region is not shown by GitHub.
        location["physicalLocation"] = {"artifactLocation": _artifact(run.file), "region": {"startLine": 1}}
    names = [{"fullyQualifiedName": str(name)} for name in columns]
    if names or run.file is None:
        location["logicalLocations"] = names or [{"fullyQualifiedName": run.name}]
    return location


def _artifact(file: str) -> dict[str, str]:
    path = PurePosixPath(file)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(file, errors="surrogatepass"), "uriBaseId": _ROOT}


def _fingerprints(run: _Run, about: str, number: int) -> dict[str, str]:
    """What makes a result the same in the next run: dataset, check and subject, not its figures.

    GitHub reads this key only, and would otherwise hash the line, which is the first one in all of them.
    """
    digest = hashlib.sha256(f"{run.name}\0{about}".encode()).hexdigest()[:32]
    return {"primaryLocationLineHash": f"{digest}:{number}"}


def _excuses(shown: dict[str, Any]) -> list[dict[str, Any]]:
    """Waivers that are used, and entries of the baseline."""
    baseline = shown.get("baseline")
    return [*shown["waivers"]["used"], *(baseline["accepted"] if baseline else ())]


def _suppression(entry: dict[str, Any]) -> dict[str, str]:
    until = f"until {entry['expires']}" if entry["expires"] else "without an end"
    # Without a status it counts as accepted.
    return {"kind": "external", "justification": f"{entry['reason']} ({entry['owner']}, {until})"}


def _invocation(shown: dict[str, Any]) -> dict[str, Any]:
    """How the audit ended; a check that could not run makes it unsuccessful."""
    invocation = {"executionSuccessful": all(finding["status"] != "error" for finding in shown["findings"])}
    created = shown["manifest"].get("created")
    return invocation if created is None else invocation | {"endTimeUtc": str(created).replace("+00:00", "Z")}


def _literal(text: str) -> str:
    """`text` in which nothing is a placeholder (section 3.11.5) or an embedded link (3.11.6)."""
    return re.sub(r"\{(\d+)\}", r"{{\1}}", text).replace("](", "] (")
