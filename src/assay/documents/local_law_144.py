"""Figures of a bias audit as New York City's Local Law 144 of 2021 asks for them (6 RCNY § 5-300 to § 5-304)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from assay.dataset import MISSING_GROUP
from assay.documents.document import Form
from assay.documents.impact import LEAST_SHARE, most_selected, read_categories, tabulate
from assay.documents.known import source_sentence
from assay.documents.section import Standing, question, write_section
from assay.small_cells import FEWER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.documents.impact import Category
    from assay.documents.section import Question, Section
    from assay.documents.table import Table
    from assay.documents.tree import Tree

# Of `fairness.by_group`: the share with the favourable label, and the share predicted to have it.
LABELLED, PREDICTED = "base rate", "selection rate"
_SAME_DATA = (
    "The most selected category is found in the same data, so that the other ratios fall below 1 by chance even where "
    "the tool treats all alike: read the intervals."
)
_HIDDEN = (
    f"A category of fewer than 10 applicants ({FEWER}), or of all but so few, is not shown. It may be the most "
    "selected."
)
_AGAIN = "All may be in one group, nothing could be predicted, or the audit was made before these were named."


def _write(tree: Tree) -> list[Section]:
    figures = [
        _figures(tree, "Sex categories", ["sex"]),
        _figures(tree, "Race/ethnicity categories", ["race"]),
        _figures(tree, "Intersections", ["sex", "race"]),
    ]
    whole = all(section.standing is Standing.FILLED for section in figures)
    return [*figures, _unknown(tree), _scores(tree), _excluded(tree), *_circumstances(tree, whole=whole)]


def _figures(tree: Tree, title: str, facts: Sequence[str]) -> Section:
    """Applicants, selection rates and impact ratios by sex, by race, or by both."""
    features = [tree.facts[key] for key in facts if key in tree.facts]
    named = len(features) == len(facts)
    tables: list[Table] = []
    known: list[str] = []
    unanswered = list(_about_the_outcome(tree))
    for outcome, metric in _outcomes(tree) if named else ():
        categories, _ = _categories(tree, features, metric)
        if not categories:
            continue
        tables.append(tabulate(f"By {outcome}", categories))
        known.append(_reference_sentence(outcome, categories))
        if any(c.rate is None and not c.is_small for c in categories):
            unanswered.append(_HIDDEN)
    if named and not tables and tree.positive is not None:
        unanswered.append(f"The audit has no rates by {' and '.join(features)}. {_AGAIN}")
    return write_section(
        tree,
        "§ 5-301(b)",
        title,
        "The selection rate of each category, and its impact ratio: that rate over the rate of the most selected "
        "category.",
        facts=facts,
        known=[*known, _SAME_DATA] if tables else (),
        tables=tables,
        unanswered=list(dict.fromkeys(unanswered)),
    )


def _named(tree: Tree) -> list[list[str]]:
    """The features that were named: sex, race, and both together."""
    single = [tree.facts[key] for key in ("sex", "race") if key in tree.facts]
    return [*([feature] for feature in single), *([single] if len(single) == 2 else [])]


def _reference_sentence(outcome: str, categories: Sequence[Category]) -> str:
    first = most_selected(categories)
    if first is None:
        return f"By {outcome}: no category with a selection rate above 0 is shown, and so no ratio."
    return f"By {outcome}: the most selected category is {first.name}, {100 * (first.rate or 0):.1f}%."


def _outcomes(tree: Tree) -> Iterator[tuple[str, str]]:
    """What may count as being selected, and the metric that counts it; what the tool decided stands alone."""
    if tree.positive is None:
        return
    decision = tree.facts.get("decision")
    if decision != "prediction":
        yield f"the label: {tree.dataset['roles']['label']} is {tree.positive}", LABELLED
    if decision != "label":
        yield f"the predictions {tree.model}: {tree.positive}", PREDICTED


def _about_the_outcome(tree: Tree) -> Iterator[str | Question]:
    """What keeps the figures from being those of the tool."""
    if not tree.dataset["classes"]:
        yield "The label is a number: nobody is selected or not."
    elif tree.positive is None:
        yield "The label has several classes, and the configuration names no favourable one (positive)."
    elif not tree.dataset["positive_is_stated"]:
        yield f"Whether {tree.positive} is the favourable label: the audit took the last of two in sorted order."
    if "decision" not in tree.facts:
        yield question("decision")
    if (weight := tree.dataset["roles"]["weight"]) is not None:
        yield f"The rates are weighted by {weight}, which the rule does not ask for: audit without weights."


def _categories(tree: Tree, features: Sequence[str], metric: str) -> tuple[list[Category], list[Category]]:
    """Known and unknown categories of one feature, or of sex and race together."""
    if len(features) == 1:
        rows = tree.rates.get(features[0], {}).get(metric, [])
        return read_categories({str(row["group"]): row for row in rows}, {MISSING_GROUP})
    pairs = {(row["sex"], row["race"]): row for row in tree.pairs if row["metric"] == metric}
    names = _names(list(pairs))
    unknown = {names[pair] for pair in pairs if MISSING_GROUP in pair}
    return read_categories({names[pair]: row for pair, row in pairs.items()}, unknown)


def _names(pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Names of pairs of groups: quoted where two would read alike, such as ("a", "b x c") and ("a x b", "c")."""
    names = {pair: " x ".join(pair) for pair in pairs}
    if len(set(names.values())) == len(names):
        return names
    return {pair: " x ".join(json.dumps(part, ensure_ascii=False) for part in pair) for pair in pairs}


def _unknown(tree: Tree) -> Section:
    """Applicants whose category is not known."""
    known, metric = [], next((metric for _, metric in _outcomes(tree)), None)
    for features in _named(tree) if metric is not None else ():
        categories, unknown = _categories(tree, features, metric or "")
        if categories or unknown:
            known.append(f"{' and '.join(features)}: {_sum_of(unknown)} applicants of an unknown category.")
    counted, total = tree.document["learning"]["trained"], tree.dataset["rows"]
    return write_section(
        tree,
        "§ 5-301(b)",
        "Unknown categories",
        "How many of those assessed are left out of the ratios because their sex or race/ethnicity is not known.",
        facts=("sex", "race"),
        known=known,
        context=[f"{counted:,} of {total:,} rows are counted: those with a label that a model could be tested on."],
        unanswered=() if metric is not None else tuple(_about_the_outcome(tree)),
    )


def _sum_of(categories: Sequence[Category]) -> str:
    """Applicants of several categories together, as far as they are shown."""
    if any(category.applicants is None for category in categories):
        return "an untold number of"
    shown = sum(category.fewest for category in categories)
    hidden = sum(category.fewest != category.most for category in categories)
    if not hidden:
        return f"{shown:,}"
    return FEWER if hidden == 1 and not shown else f"at least {shown:,}, and {hidden} times {FEWER},"


def _scores(tree: Tree) -> Section:
    return write_section(
        tree,
        "§ 5-301(c)",
        "Scoring rates",
        "Where a tool scores: the median score of all applicants, the share of each category above it, and the ratio "
        "of these shares.",
        unanswered=(
            "Not given, since an audit keeps no scores of single applicants.",
            "Where the tool scores, audit a label that says whether the score lies above the median.",
        ),
    )


def _excluded(tree: Tree) -> Section:
    """Categories below 2% of the data, which may be left out of the ratios with a reason."""
    known, unsure, metric = [], [], next((metric for _, metric in _outcomes(tree)), None)
    for features in _named(tree) if metric is not None else ():
        name, (categories, _) = " and ".join(features), _categories(tree, features, metric or "")
        small = [f"{c.name} ({c.applicants})" for c in categories if c.is_small]
        unsure += [f"Whether {c.name} ({name}) holds less than 2%." for c in categories if c.is_small is None]
        if categories:
            known.append(f"{name}, under {LEAST_SHARE:.0%}: {', '.join(small) or 'none'}.")
    reason = "Which of these categories the independent auditor excludes, and why."
    return write_section(
        tree,
        "§ 5-301(d)",
        "Categories under 2% of the data",
        "An independent auditor may exclude them from the impact ratios, with a justification; their numbers and "
        "rates are published all the same.",
        facts=("sex", "race"),
        known=known,
        unanswered=[*unsure, *([] if known and all(k.endswith(" none.") for k in known) and not unsure else [reason])],
    )


def _circumstances(tree: Tree, *, whole: bool) -> Iterator[Section]:
    yield write_section(
        tree,
        "§ 5-302",
        "Historical or test data",
        "A bias audit uses historical data of the tool; test data only where these are too few, with the reason and "
        "how the test data were made.",
        facts=("data_kind", "origin", "collection"),
    )
    created = tree.document["manifest"].get("created")
    yield write_section(
        tree,
        "§ 5-303",
        "Summary of results",
        "What is published before the tool is used: the date of the audit, source and explanation of the data, the "
        "figures above, and the distribution date of the tool.",
        facts=("tool", "distribution_date", "origin"),
        known=[
            *([f"The figures were computed on {str(created)[:10]}."] if created else []),
            source_sentence(tree),
        ],
        unanswered=() if whole else ("The figures above that are open.",),
    )
    yield write_section(
        tree,
        "§ 5-300",
        "Independent auditor",
        "A person or group with no part in using, making or distributing the tool, and no interest in who does.",
        facts=("auditor",),
    )


FORM = Form(
    name="nyc-local-law-144",
    title="Figures for a bias audit under New York City Local Law 144",
    source="Local Law 144 of 2021; Rules of the City of New York, title 6, sections 5-300 to 5-304 "
    "(https://rules.cityofnewyork.us/rule/automated-employment-decision-tools-updated/)",
    is_not=(
        "It is no legal advice.",
        "It is no bias audit: the law asks for one by an independent auditor, whom this can serve as a calculation.",
        "It does not say whether the law applies, nor whether any ratio is lawful: the law sets no limit.",
        "It says nothing of a tool whose decisions are neither the label nor the predictions of the audited data.",
        (
            "Where a tool sorts people into several groups, the rule asks for the figures of each; here is one "
            "favourable outcome."
        ),
        "The intervals are additions; the rule asks for plain figures only.",
    ),
    write=_write,
)
