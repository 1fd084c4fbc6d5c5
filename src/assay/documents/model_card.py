"""Model card of the model that an audit judged (Mitchell et al. 2019, doi:10.1145/3287560.3287596)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from assay.documents.ai_act import EXAMINED, MEASURES
from assay.documents.document import Form
from assay.documents.known import (
    features_sentence,
    label_sentence,
    limits_sentences,
    rows_sentence,
    sensitive_sentence,
    source_sentence,
    training_sentences,
)
from assay.documents.section import write_section
from assay.documents.table import Table

if TYPE_CHECKING:
    from assay.documents.section import Section
    from assay.documents.tree import Tree

_FIGURES = ("value", "low", "high")
# Rates that are means of others.
_MEANS = {
    "average odds": "The average odds of a group are the mean of its true and its false positive rate.",
    "macro true positive rate": "The macro true positive rate of a group is the mean of its rates over all classes.",
}
_SAME_ROWS = "The rows it is tested on are those it is trained on, each held out in turn."


def _write(tree: Tree) -> list[Section]:
    card = partial(write_section, tree)
    trained = tree.document["learning"]["trained"]
    return [
        card(
            "1",
            "Model details",
            "Who made it, when, its version and type, how it was trained, what to read, licence, contact.",
            facts=("owner", "version", "citation", "license", "contact"),
            known=(*training_sentences(tree), label_sentence(tree)),
        ),
        card(
            "2",
            "Intended use",
            "Primary uses, primary users, and uses that are out of scope.",
            facts=("intended_use", "intended_users", "out_of_scope"),
        ),
        card(
            "3",
            "Factors",
            "Groups, instruments and environments by which the model may differ, and which of them were evaluated.",
            facts=("population", "setting"),
            known=(sensitive_sentence(tree),) if tree.sensitive else (),
            unanswered=() if tree.sensitive else ("No sensitive feature is named, so that no group was evaluated.",),
        ),
        card(
            "4",
            "Metrics",
            "Measures of performance, thresholds of decisions, and how uncertainty was estimated.",
            known=_metrics(tree),
        ),
        card("5", "Evaluation data", "Which data, why, and how they were prepared.", **_data(tree, trained)),
        card("6", "Training data", "The same of the data it was trained on.", **_data(tree, trained)),
        *_analyses(tree),
        card(
            "8",
            "Ethical considerations",
            "Sensitive data, human life, mitigations, risks and harms, and use cases that are especially fraught.",
            facts=("impact", "special_categories", "measures"),
            codes=MEASURES,
        ),
        card(
            "9",
            "Caveats and recommendations",
            "What was not tested, which groups were missing, and what else a user should know.",
            facts=("gaps",),
            known=limits_sentences(tree),
            codes=("DQ017", "MH001", "MH002", "MH004"),
        ),
    ]


def _metrics(tree: Tree) -> tuple[str, ...]:
    fairness = tree.config.get("fairness") or {}
    metrics = list(dict.fromkeys(metric for by_metric in tree.rates.values() for metric in by_metric))
    overall = [str(row["metric"]) for row in tree.rows("health", "metrics")]
    told = [f"Overall: {', '.join(overall) or 'none'}. By group: {', '.join(metrics) or 'none'}."]
    if tree.dataset["classes"]:
        told.append("The prediction is the most likely class; no other threshold was chosen.")
    told += [sentence for metric, sentence in _MEANS.items() if metric in metrics]
    told += _brier(tree)
    if "confidence" in fairness:
        told.append(_intervals(tree, f"{100 * fairness['confidence']:g}%"))
    return tuple(told)


def _intervals(tree: Tree, confidence: str) -> str:
    """What the intervals by group are."""
    if not tree.dataset["classes"]:
        return f"Figures by group have intervals at {confidence}, each by itself, in brackets behind the figure."
    return (
        f"Rates by group have Wilson intervals at {confidence}, each by itself, in brackets behind the rate; means of "
        "rates have intervals by MOVER from these (Zou, Huang and Zhang 2009, doi:10.1016/j.csda.2009.03.016)."
    )


def _brier(tree: Tree) -> list[str]:
    """The scale of the Brier score, which is told in two ways."""
    found = [row["value"] for row in tree.rows("health", "metrics") if row["metric"] == "brier score"]
    if not found or not tree.dataset["classes"]:
        return []
    scale = "The Brier score is summed over all classes, from 0 (certain and right) to 2 (certain and wrong)"
    if len(tree.document["learning"].get("classes") or ()) != 2 or found[0] is None:
        return [f"{scale}."]
    half = f"{found[0] / 2:.3f}"
    return [f"{scale}; for two classes the mean of (p - y)^2 of either class, from 0 to 1, is half of it: {half}."]


def _data(tree: Tree, trained: int) -> dict[str, Any]:
    return {
        "facts": ("origin", "collection", "preparation"),
        "known": (source_sentence(tree), f"{trained:,} rows took part. {_SAME_ROWS}", rows_sentence(tree)),
        "context": (features_sentence(tree),),
    }


def _analyses(tree: Tree) -> list[Section]:
    single = [name for name in tree.rates if name in tree.sensitive]
    joint = [name for name in tree.rates if name not in tree.sensitive]
    others = (
        *tree.table("Calibration and ranking by group", "fairness", "calibration"),
        *tree.table("Individual fairness", "fairness", "individual"),
    )
    nobody = () if single else ("The audit has no rates by group.",)
    return [
        write_section(
            tree,
            "7a",
            "Quantitative analyses: unitary results",
            "How the model performs overall, and by each factor.",
            tables=[
                *tree.table("Overall", "health", "metrics"),
                *(_by_group(tree, name) for name in single),
                *others,
            ],
            codes=EXAMINED,
            unanswered=nobody,
        ),
        write_section(
            tree,
            "7b",
            "Quantitative analyses: intersectional results",
            "How it performs by the intersections of the factors.",
            tables=[_by_group(tree, name) for name in joint],
            unanswered=() if joint else ("The audit has no rates by intersections.",),
        ),
    ]


def _by_group(tree: Tree, feature: str) -> Table:
    """One row for each group, with a column for each rate and for the ends of its interval."""
    by_metric = {metric: {str(row["group"]): row for row in rows} for metric, rows in tree.rates[feature].items()}
    columns = [name for metric in by_metric for name in (metric, f"{metric} low", f"{metric} high")]
    rows = (
        (group, size, *(found.get(group, {}).get(end) for found in by_metric.values() for end in _FIGURES))
        for group, size in tree.group_rows(feature).items()
    )
    return Table(f"By {feature}", ("group", "rows", *columns), tuple(rows))


FORM = Form(
    name="model-card",
    title="Model card",
    source="Mitchell et al., Model Cards for Model Reporting, FAT* 2019 (https://doi.org/10.1145/3287560.3287596)",
    is_not=(
        "It describes the model that the audit judged, and no model that is in use: that one needs a card of its own.",
        "Its figures are of the audited data, as they are, and promise nothing of others.",
        "Where no figure is given, none is known; small groups are not shown.",
    ),
    write=_write,
)
