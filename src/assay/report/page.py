"""The report as one HTML file that needs nothing else: no script, no network, light and dark, print and phone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.gate import FAMILIES
from assay.report.figures import Picture, plot_curves, plot_histogram, plot_rates
from assay.report.text import displayable, number, percent, plural
from assay.report.wording import (
    PROBLEMS,
    STATE_WORDS,
    STATUS_WORDS,
    counts_phrase,
    evidence_phrase,
    rows_phrase,
    verdict_sentence,
)

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_LARGEST_PAGE = 1_000_000  # bytes

_SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of each kind of thing the page shows; the rest is counted and is in `report.json`."""

    findings: int  # in a family
    rows: int  # of a large table
    evidence: int  # rows of the table beside a finding
    text: int  # characters
    pictures: bool = True


# The page takes the first with which it stays below a megabyte. The last is small for any data: some 200 findings
# of 3 texts, and 6 tables, of at most 160 characters that become 5 bytes each when escaped.
_BUDGETS = (Budget(60, 60, 20, 1200), Budget(30, 40, 8, 400), Budget(12, 15, 3, 160, pictures=False))


def render_html(document: dict[str, Any]) -> str:
    """The page, always below 1 MB; see docs/report.md for its order."""
    page = ""
    for budget in _BUDGETS:
        page = _render(document, budget)
        if len(page.encode()) < _LARGEST_PAGE:
            break
    return page


def render_notebook(document: dict[str, Any]) -> str:
    """The verdict and its reasons as a fragment with inline styles, which changes nothing around it."""
    shown = displayable(document, 400)
    return _environment().get_template("notebook.html.j2").render(document=shown, sentence=verdict_sentence(shown))


def _render(document: dict[str, Any], budget: Budget) -> str:
    from markupsafe import Markup

    shown = displayable(document, budget.text)
    pictures = _pictures(shown) if budget.pictures else {"labels": [], "fairness": {}, "learning": []}
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            document=shown,
            budget=budget,
            families={family["family"]: _family(family, shown, budget) for family in shown["families"]},
            pictures=pictures,
            svg=Markup,  # only for `assay.report.figures`, which escapes what it puts in
            sentence=verdict_sentence(shown),
            open_points=[f for f in shown["findings"] if f["status"] in {"inconclusive", "error"}],
        )
    )


def _family(family: dict[str, Any], shown: dict[str, Any], budget: Budget) -> dict[str, Any]:
    """The findings of a family: problems first and worst first, what passed or does not apply apart."""
    own = [finding for finding in shown["findings"] if finding["family"] == family["family"]]
    problems = [finding for finding in own if finding["status"] in PROBLEMS]
    problems.sort(key=lambda f: (f["waived"], _SEVERITIES.index(f["severity"]), PROBLEMS.index(f["status"])))
    passed = [finding for finding in own if finding["status"] == "passed"]
    not_applicable = [finding for finding in own if finding["status"] == "not_applicable"]
    return {
        **family,
        "problems": problems[: budget.findings],
        "problems_in_all": len(problems),
        "passed": passed[: budget.findings],
        "passed_in_all": len(passed),
        "not_applicable": not_applicable[: budget.findings],
        "not_applicable_in_all": len(not_applicable),
    }


def _pictures(shown: dict[str, Any]) -> dict[str, Any]:
    labels: list[Picture] = []
    learning: list[Picture] = []
    if (histogram := shown["labels"]["histogram"]) is not None:
        labels.append(plot_histogram(histogram))
    if (curves := shown["learning"]["curves"]) is not None:
        learning.append(plot_curves(curves))
    return {"labels": labels, "learning": learning, "fairness": plot_rates(shown["fairness"]["by_group"])}


def _prose(text: str) -> Markup:
    """A sentence, escaped, with what stands in backticks as code."""
    from markupsafe import Markup, escape

    # As plain text: the substitution joins its parts by the class of its input, and `Markup` would escape them.
    return Markup(re.sub(r"`([^`]{1,200})`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 -- escaped


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "percent": percent,
        "plural": plural,
        "counts": counts_phrase,
        "evidence": evidence_phrase,
        "rows_phrase": rows_phrase,
        "prose": _prose,
    }
    environment.globals |= {"STATUS": STATUS_WORDS, "STATE": STATE_WORDS, "FAMILIES": FAMILIES}
    return environment
