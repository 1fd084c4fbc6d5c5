"""Data governance by Article 10 of the EU AI Act, Regulation (EU) 2024/1689, point by point."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from assay.config import CODES
from assay.documents.document import Form
from assay.documents.known import (
    label_sentence,
    limits_sentences,
    quality_sentence,
    rows_sentence,
    sensitive_sentence,
    source_sentence,
)
from assay.documents.section import write_section

if TYPE_CHECKING:
    from assay.documents.section import Section
    from assay.documents.tree import Tree

# What would become of the disparities if something were done.
MEASURES = ("FB020", "FB030", "DQ036")
# Bias in labels and in what a cleaning would remove is bias too.
EXAMINED = (*(code for code in CODES if code.startswith("FB") and code not in MEASURES), "LN003", "LN005")
PREPARATION = (
    *(code for code in CODES if code.startswith("DQ") and code < "DQ010"),
    "DQ011",
    "LN001",
    "LN002",
    "LN004",
)
GAPS = ("DQ005", "DQ013", "DQ018", "FB001", "FB003", "FB004", "FB013", "MH003")
QUALITY = (*(code for code in CODES if code.startswith("DQ")), "LN001", "LN002", "FB001", "FB004", "MH001")
# What the data are expected to be like.
RULES = "DQ100"
_NOT_APPLIED = "The audit proposes measures and applies none."


def _write(tree: Tree) -> list[Section]:
    point = partial(write_section, tree)
    return [
        point(
            "10(2)(a)",
            "Design choices",
            "The relevant design choices.",
            facts=("design",),
            context=(label_sentence(tree), sensitive_sentence(tree)),
        ),
        point(
            "10(2)(b)",
            "Collection and origin",
            "How the data were collected and where they come from; of personal data, for what they were first "
            "collected.",
            facts=("collection", "origin", "purpose"),
            context=(source_sentence(tree),),
        ),
        point(
            "10(2)(c)",
            "Preparation",
            "Operations such as annotation, labelling, cleaning, updating, enrichment and aggregation.",
            facts=("annotators", "preparation"),
            codes=PREPARATION,
            known=(rows_sentence(tree), quality_sentence(tree)),
        ),
        point(
            "10(2)(d)",
            "Assumptions",
            "Assumptions, above all about what the data are supposed to measure and represent.",
            facts=("assumptions",),
            codes=(RULES,),
            context=_rules(tree),
            count_passed=True,
        ),
        point(
            "10(2)(e)",
            "Availability, quantity, suitability",
            "An assessment of whether the data that are needed are there, are enough and are suitable.",
            facts=("suitability",),
            codes=("DQ010", "MH001", "MH002", "MH003"),
            known=(source_sentence(tree),),
        ),
        *_biases(tree),
        point(
            "10(2)(h)",
            "Gaps and shortcomings",
            "Gaps or shortcomings of the data that stand in the way of compliance, and how they can be addressed.",
            facts=("gaps",),
            codes=GAPS,
            known=limits_sentences(tree),
        ),
        *_criteria(tree),
    ]


def _rules(tree: Tree) -> tuple[str, ...]:
    """How many rules of the suite the data keep, and whether a person or the data said them."""
    rules = tree.findings([RULES])
    if not rules:
        return ()
    kept = sum(rule["status"] == "passed" for rule in rules)
    counted = (
        f"The data keep {kept:,} of {len(rules):,} rules of their suite; those that they keep are in `report.json`."
    )
    if not tree.document["manifest"].get("suite_inferred"):
        return (counted,)
    inferred = "The suite was inferred from data: its rules, but for those that a person changed, describe these data."
    return counted, f"{inferred} What the data should measure and represent, they do not say."


def _biases(tree: Tree) -> list[Section]:
    point = partial(write_section, tree)
    nobody = () if tree.sensitive else ("No sensitive feature is named, so that nobody knows whom the data harm.",)
    return [
        point(
            "10(2)(f)",
            "Examination for possible biases",
            "Biases that are likely to affect health and safety, touch fundamental rights or lead to discrimination "
            "that Union law prohibits, above all where outputs become inputs of later operations.",
            facts=("impact",),
            codes=EXAMINED,
            tables=(
                *tree.table("Disparities", "fairness", "disparities"),
                *tree.table("Disparities by what is done about suspect labels", "label_effect", "table"),
            ),
            context=(sensitive_sentence(tree),),
            unanswered=nobody,
        ),
        point(
            "10(2)(g)",
            "Measures against biases",
            "Measures to detect, prevent and mitigate the biases of point (f).",
            facts=("measures",),
            codes=MEASURES,
            tables=tree.table("Cost of meeting the tolerance, out of sample", "mitigation", "frontier"),
            context=(_NOT_APPLIED,),
            unanswered=nobody,
        ),
    ]


def _criteria(tree: Tree) -> list[Section]:
    point = partial(write_section, tree)
    return [
        point(
            "10(3)",
            "Quality criteria",
            "Data that are relevant, sufficiently representative and, as far as possible, free of errors and complete "
            "for the intended purpose, with statistical properties that suit the people concerned.",
            facts=("intended_use", "population"),
            codes=QUALITY,
        ),
        point(
            "10(4)",
            "Setting",
            "What is particular to the geographical, contextual, behavioural or functional setting of the use.",
            facts=("setting",),
        ),
        point(
            "10(5)",
            "Special categories of personal data",
            "Where it is strictly necessary to detect and correct biases, special categories may be processed under "
            "all of points (a) to (f): no other data suffice, re-use is limited and security state of the art, "
            "access is controlled and documented, nothing is passed on, the data are deleted in time, and the records "
            "say why they were needed.",
            facts=("special_categories",),
            context=(sensitive_sentence(tree), "Whether one of them is a special category, the audit does not know."),
        ),
    ]


FORM = Form(
    name="eu-ai-act-article-10",
    title="Data governance by Article 10 of the EU AI Act",
    source="Regulation (EU) 2024/1689, Article 10 (https://eur-lex.europa.eu/eli/reg/2024/1689/oj); paraphrased",
    is_not=(
        "It is no legal advice, no conformity assessment, and no statement that anything complies.",
        "It does not say whether a system is high-risk, nor whether the article applies.",
        "Filled means that something is said to every part that is asked here, and not that it is enough.",
        "It speaks of the audited dataset only, and not of other training, validation or testing data.",
    ),
    write=_write,
)
