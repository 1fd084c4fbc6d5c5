"""The report as one HTML file that needs nothing else: no network, light and dark, print and phone.

It reads without its script, which adds search, sorting and links into what is folded.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.deciding import FAMILIES
from assay.documents import build_documents, list_documents
from assay.report.accepted import STATES, baseline_entry, tighten_phrase
from assay.report.change_text import NOTHING, entries, headline, is_nothing, notes, older_phrase
from assay.report.fairness_figures import plot_frontier, plot_label_effect, plot_reliability
from assay.report.figures import LeftOut, plot_curves, plot_histogram, plot_rates
from assay.report.glossary import terms_in
from assay.report.grids import plot_confusion, plot_missingness
from assay.report.health_figures import TITLES, plot_health
from assay.report.text import clean, column, displayable, first_sentence, fit_prose, number, percent, plural
from assay.report.wording import (
    PROBLEMS,
    STATE_WORDS,
    STATUS_WORDS,
    counts_phrase,
    evidence_phrase,
    rows_phrase,
    subjects_phrase,
    verdict_sentence,
)
from assay.small_cells import FEWER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2 import Environment
    from markupsafe import Markup

    from assay.report.drawing import Picture

_TEMPLATES = Path(__file__).parent / "templates"
_LARGEST_PAGE = 1_000_000  # bytes

_KINDS = ("problems", "passed", "not_applicable")
_SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of each kind of thing the page shows; the rest is counted and is in `report.json`."""

    findings: int  # of a family, with each status
    rows: int  # of a table, and items of any other list
    evidence: int  # rows of the table beside a finding
    columns: int
    text: int  # characters
    cell: int  # characters in a table
    details: bool = True  # pictures and the manifest


# The page takes the first with which it stays below a megabyte. The last is small for any data: a dozen findings of
# some 6 kB in each family and half a dozen tables of 20 kB, where escaping makes five bytes of each character.
_BUDGETS = (
    Budget(findings=60, rows=60, evidence=20, columns=12, text=1200, cell=160),
    Budget(findings=25, rows=40, evidence=6, columns=10, text=400, cell=80),
    Budget(findings=8, rows=10, evidence=2, columns=6, text=120, cell=40, details=False),
)
# Times that a style must occur to stand in the style sheet.
_SHARED = 4
# Rows of a table of the stage "health": there are a dozen of them, and none is what one came for.
_HEALTH_ROWS = 25
# Keys of a mapping such as the manifest; no mapping of the document itself has as many.
_MOST_KEYS = 40


class Shown(list[Any]):
    """The first items of a list that has `in_all`."""

    def __init__(self, items: Iterable[Any], in_all: int) -> None:
        super().__init__(items)
        self.in_all = in_all


def render_html(document: dict[str, Any]) -> str:
    """The page, always below 1 MB; see docs/report.md for its order."""
    page = ""
    pictures = _pictures(document)
    # What `assay validate` writes has no documents: nothing was trained.
    audited = any(family["family"] == "MH" for family in document["families"])
    documents = list_documents(build_documents(document)) if audited else []
    for budget in _BUDGETS:
        page = _render(document, budget, pictures if budget.details else _NO_PICTURES, documents)
        if len(page.encode()) < _LARGEST_PAGE:
            break
    return page


def render_notebook(document: dict[str, Any]) -> str:
    """The verdict and its reasons as a fragment with inline styles, which changes nothing around it."""
    shown = displayable({key: document[key] for key in ("verdict", "name", "reasons", "rows", "families")}, 400)
    return environment().get_template("notebook.html.j2").render(document=shown, sentence=verdict_sentence(document))


def _render(
    document: dict[str, Any], budget: Budget, pictures: Mapping[str, Any], documents: list[dict[str, Any]]
) -> str:
    from markupsafe import Markup

    script = _script()
    findings = document["findings"]
    # Cut before it is cleaned and rendered: what nobody sees costs nothing.
    shown = _fit({key: value for key, value in document.items() if key not in {"findings", "health"}}, budget)
    shown["health"] = _fit(document["health"], replace(budget, rows=min(budget.rows, _HEALTH_ROWS)))
    families = {family["family"]: _family(family, findings, budget) for family in shown["families"]}
    open_points = [finding for finding in findings if finding["status"] in {"inconclusive", "error"}]
    page = (
        environment()
        .get_template("report.html.j2")
        .render(
            document=shown,
            families=families,
            anchors={f["id"] for family in families.values() for kind in _KINDS for f in family[kind]},
            open_points=_first(_one_each(open_points), budget),
            small_groups=_small_groups(document["limits"]["small_groups"], budget),
            pictures=pictures,
            documents=documents,
            change=_change(document, budget),
            baseline=_accepted(document, budget),
            sentence=verdict_sentence(document),
            glossary=_glossary(document),
            health_titles=TITLES,
            details=budget.details,
            svg=Markup,  # only for `assay.report.drawing`, which escapes what it puts in, and for our own script
            script=script,
            script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
        )
    )
    return _share_styles(page)


def _share_styles(page: str) -> str:
    """The page with the styles that many parts of its pictures have in its style sheet: a tenth of its size."""
    pictures = re.findall(r'<svg class="picture".*?</svg>', page, re.DOTALL)
    counts = Counter(style for picture in pictures for style in re.findall(r' style="([^"]+)"', picture))
    names = {style: f"p{place}" for place, style in enumerate(sorted(s for s, n in counts.items() if n >= _SHARED))}

    def shared(match: re.Match[str]) -> str:
        style = match.group(1)
        return f' class="{names[style]}"' if style in names else match.group()

    for picture in pictures:
        page = page.replace(picture, re.sub(r' style="([^"]+)"', shared, picture), 1)
    rules = "".join(f".{name}{{{style}}}\n" for style, name in names.items())
    return page.replace("</style>", f"{rules}</style>", 1)


def _change(document: dict[str, Any], budget: Budget) -> dict[str, Any] | None:
    """What changed since the last audit, in words."""
    if (change := document.get("change")) is None:
        return None
    shown = displayable(change, budget.text)
    listed = entries(shown)
    return {
        "since": older_phrase(shown),
        "headline": NOTHING if is_nothing(shown) else headline(shown),
        "entries": Shown(listed[: budget.rows], len(listed)),
        "notes": [clean(note, 4 * budget.text) for note in notes(shown)],
    }


def _accepted(document: dict[str, Any], budget: Budget) -> dict[str, Any] | None:
    """What the baseline says, in words: its entries by their state."""
    baseline = document.get("baseline")
    if baseline is None or not any(baseline[state] for state in STATES):
        return None

    def told(entry: dict[str, Any]) -> dict[str, Any]:
        shown = displayable(entry, budget.text)
        return {"id": shown["finding"] or shown["check"], "text": baseline_entry(shown)}

    states = {
        title: Shown([told(entry) for entry in baseline[state][: budget.rows]], len(baseline[state]))
        for state, title in STATES.items()
        if baseline[state]
    }
    return {"states": states, "tighten": tighten_phrase(baseline)}


def _family(family: dict[str, Any], findings: list[dict[str, Any]], budget: Budget) -> dict[str, Any]:
    """A family with its findings: problems first and worst first, what passed or does not apply apart."""
    own = [finding for finding in findings if finding["family"] == family["family"]]
    problems = [finding for finding in own if finding["status"] in PROBLEMS]
    problems.sort(key=lambda f: (f["waived"], _SEVERITIES.index(f["severity"]), PROBLEMS.index(f["status"])))
    return {
        **family,
        "problems": _first(problems, budget),
        "passed": _first([f for f in own if f["status"] == "passed"], budget),
        "not_applicable": _first([f for f in own if f["status"] == "not_applicable"], budget),
    }


def _in_short(finding: dict[str, Any]) -> dict[str, Any]:
    """A finding that is told in full elsewhere."""
    return {**finding, "message": first_sentence(finding["message"]), "evidence": None}


def _one_each(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first finding of each check and status in short, and how many `others` of them there are.

    Few rows leave a check open for every group and column alike: one fact, told once.
    """
    alike: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for finding in findings:
        alike.setdefault((finding["code"], finding["status"]), []).append(finding)
    return [{**_in_short(first), "others": len(others)} for first, *others in alike.values()]


def _small_groups(groups: list[dict[str, Any]], budget: Budget) -> Shown:
    """The small groups of each feature in one item: intersections have hundreds."""
    features: dict[str, list[str]] = {}
    for group in groups:
        features.setdefault(group["feature"], []).append(group["group"])
    items = [{"feature": feature, "groups": names} for feature, names in features.items()]
    return Shown(_fit(items, replace(budget, text=budget.cell)), len(items))


def _first(findings: list[dict[str, Any]], budget: Budget) -> Shown:
    small = replace(budget, rows=budget.evidence)
    return Shown([_fit(finding, small) for finding in findings[: budget.findings]], len(findings))


def _fit(value: Any, budget: Budget) -> Any:
    """`value`, a tree of plain JSON values, cut to the budget and cleaned."""
    if isinstance(value, str):
        return clean(value, budget.text)
    if isinstance(value, list):
        return Shown([_fit(item, budget) for item in value[: budget.rows]], len(value))
    if not isinstance(value, dict):
        return value
    if value.keys() == {"columns", "rows"}:
        cells = replace(budget, rows=budget.columns, text=budget.cell)
        rows = [_fit(row, cells) for row in value["rows"][: budget.rows]]
        columns = [list(cells_) for cells_ in zip(*rows, strict=True)]
        return {
            "columns": _fit(value["columns"], cells),
            "rows": Shown(map(list, zip(*map(column, columns), strict=True)), len(value["rows"])),
            "numeric": [_is_numeric(cells_) for cells_ in columns],
        }
    return {
        clean(key, budget.cell): _fit(fit_prose(key, item, budget.text), budget)
        for key, item in list(value.items())[:_MOST_KEYS]
    }


def _is_numeric(cells: Iterable[Any]) -> bool:
    known = [cell for cell in cells if cell is not None]
    return any(isinstance(cell, int | float) for cell in known) and all(
        isinstance(cell, int | float) or cell == FEWER for cell in known
    )


_NO_PICTURES: Mapping[str, Any] = {
    "labels": (),
    "learning": (),
    "fairness": {},
    "without": {},
    "calibration": (),
    "label_effect": {},
    "mitigation": (),
    "missing": (),
    "health": (),
}


def _pictures(document: dict[str, Any]) -> Mapping[str, Any]:
    labels: list[Picture] = []
    learning: list[Picture] = []
    if (histogram := document["labels"]["histogram"]) is not None:
        labels.append(plot_histogram(histogram))
    labels += plot_confusion(displayable(document["labels"]["confusion"], _BUDGETS[0].cell))
    if (curves := document["learning"]["curves"]) is not None:
        learning.append(plot_curves(curves))
    return {"labels": labels, "learning": learning, **_rates(document), **_more(document)}


def _more(document: dict[str, Any]) -> dict[str, Any]:
    limit, effect, mitigation = _BUDGETS[0].cell, document["label_effect"], document["mitigation"]
    missing, health = document["fairness"]["missingness"], document["health"]["tables"]
    # What `assay validate` writes has none of it, nor has a numeric label.
    reliability = document["fairness"]["reliability"]
    return {
        "calibration": plot_reliability(displayable(reliability, limit)),
        "label_effect": plot_label_effect(displayable(effect["table"], limit)) if effect else {},
        "mitigation": plot_frontier(displayable(mitigation["frontier"], limit), mitigation["tolerance"])
        if mitigation
        else (),
        "missing": plot_missingness(displayable(missing, limit)),
        "health": plot_health(displayable(health, limit)),
    }


def _rates(document: dict[str, Any]) -> dict[str, Any]:
    """Pictures of the groups that are large enough, and what is said of features that have none."""
    by_group, limits = document["fairness"]["by_group"], document["limits"]
    limit, least = _BUDGETS[0].cell, limits["min_group_size"]
    feature_at, group_at = (by_group["columns"].index(name) for name in ("feature", "group"))
    small = {(group["feature"], group["group"]) for group in limits["small_groups"]}
    large = [row for row in by_group["rows"] if (row[feature_at], row[group_at]) not in small]
    with_pictures = {row[feature_at] for row in large}
    counts = Counter(feature for feature, _ in small)
    left_out = {clean(feature, limit): LeftOut(count, least) for feature, count in counts.items()}
    without = sorted(clean(feature, limit) for feature in counts if feature not in with_pictures)
    return {
        # With all the large groups: the pictures choose those that they show.
        "fairness": plot_rates(
            displayable({**by_group, "rows": large}, limit), left_out, tolerance=_tolerance(document)
        ),
        "without": {feature: left_out[feature] for feature in without},
    }


def _glossary(document: dict[str, Any]) -> dict[str, str]:
    """The terms that the findings use."""
    findings = document["findings"]
    metrics = (finding["evidence"]["metric"] for finding in findings if finding["evidence"] is not None)
    return terms_in([*(finding["message"] for finding in findings), *metrics])


def _tolerance(document: dict[str, Any]) -> float | None:
    """Largest difference between two groups' rates that is tolerated; None where no difference was judged."""
    table = document["fairness"]["disparities"]
    kind, tolerance = (table["columns"].index(name) for name in ("kind", "tolerance"))
    return next((row[tolerance] for row in table["rows"] if row[kind] == "difference"), None)


def _prose(text: str) -> Markup:
    """A sentence, escaped, with what stands in backticks as code."""
    from markupsafe import Markup, escape

    # As plain text: the substitution joins its parts by the class of its input, and `Markup` would escape them.
    return Markup(re.sub(r"`([^`]{1,200})`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 -- escaped


@cache
def _script() -> str:
    """The page's own script; a policy by its hash lets nothing else run."""
    return (_TEMPLATES / "report.js").read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """The templates, with what they may call."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
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
        "subjects": subjects_phrase,
        "prose": _prose,
        "fit": lambda picture: _fit({"columns": list(picture.columns), "rows": list(picture.rows)}, _BUDGETS[0]),
    }
    environment.globals |= {"STATUS": STATUS_WORDS, "STATE": STATE_WORDS, "FAMILIES": FAMILIES}
    return environment
