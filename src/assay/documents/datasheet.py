"""Datasheet of the audited dataset (Gebru et al. 2021, doi:10.1145/3458723)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from assay.config import CODES
from assay.documents.document import Form
from assay.documents.known import (
    features_sentence,
    label_sentence,
    labels_sentence,
    limits_sentences,
    quality_sentence,
    rows_sentence,
    sensitive_sentence,
    source_sentence,
)
from assay.documents.section import write_section
from assay.documents.table import Table

if TYPE_CHECKING:
    from assay.documents.section import Section
    from assay.documents.tree import Tree

_ERRORS = tuple(code for code in CODES if code.startswith(("DQ", "LN")) and code not in {"DQ010", "DQ013", "DQ018"})


def _write(tree: Tree) -> list[Section]:
    sheet = partial(write_section, tree)
    return [
        sheet("1", "Motivation", "For what, by whom and with whose money it was made.", facts=("purpose", "funding")),
        *_composition(tree),
        sheet(
            "3",
            "Collection process",
            "How each instance was acquired, sampled, by whom and when; whether people were told and agreed, and what "
            "an ethical review said.",
            facts=("origin", "collection", "consent"),
        ),
        sheet(
            "4",
            "Preprocessing, cleaning, labelling",
            "What was done to the raw data, whether these are kept, and with which software.",
            facts=("preparation", "annotators"),
            known=(rows_sentence(tree),),
        ),
        sheet(
            "5",
            "Uses",
            "What it was used for, what else it could be used for, what in it may harm people in a later use, and for "
            "what it should not be used.",
            facts=("previous_uses", "intended_use", "out_of_scope"),
        ),
        sheet(
            "6",
            "Distribution",
            "To whom, how and when it is given, under which licence, and with which restrictions.",
            facts=("distribution", "license"),
        ),
        sheet(
            "7",
            "Maintenance",
            "Who keeps it and can be reached, whether it is corrected and updated, and for how long it is kept.",
            facts=("owner", "contact", "version", "maintenance"),
        ),
    ]


def _composition(tree: Tree) -> list[Section]:
    sheet = partial(write_section, tree)
    classes = tuple((str(entry["name"]), entry["rows"]) for entry in tree.dataset["classes"])
    return [
        sheet(
            "2a",
            "Composition: instances",
            "What an instance stands for, how many there are, and whether they are a sample of something larger.",
            facts=("population",),
            known=(source_sentence(tree), features_sentence(tree)),
            codes=("DQ010",),
        ),
        sheet(
            "2b",
            "Composition: labels",
            "Whether there is a label or target for each instance, and what it means.",
            facts=("assumptions",),
            known=(label_sentence(tree), labels_sentence(tree)),
            tables=(Table("Rows by label", ("label", "rows"), classes),) if classes else (),
        ),
        sheet(
            "2c",
            "Composition: missing information",
            "What is missing, and why.",
            facts=("gaps",),
            codes=("DQ013", "DQ018", "FB003"),
        ),
        sheet(
            "2d",
            "Composition: errors, noise, redundancies",
            "What is wrong, noisy or repeated.",
            known=(quality_sentence(tree),),
            codes=_ERRORS,
        ),
        sheet(
            "2e",
            "Composition: subpopulations",
            "Which subpopulations are identified, and how they are distributed.",
            known=(sensitive_sentence(tree), *limits_sentences(tree)) if tree.sensitive else (),
            tables=_subpopulations(tree),
            codes=("FB001", "FB004", "FB013"),
            unanswered=() if tree.sensitive else ("No sensitive feature is named.",),
        ),
        sheet(
            "2f",
            "Composition: confidential and sensitive data",
            "Whether data are confidential, identify people, or are sensitive in any way.",
            facts=("special_categories",),
            context=(sensitive_sentence(tree),),
            codes=("DQ015",),
        ),
    ]


def _subpopulations(tree: Tree) -> list[Table]:
    """Rows of each group, as the rates by group have them."""
    return [
        Table(f"Rows by {feature}", ("group", "rows"), tuple(tree.group_rows(feature).items()))
        for feature in tree.rates
    ]


FORM = Form(
    name="datasheet",
    title="Datasheet of the dataset",
    source="Gebru et al., Datasheets for Datasets, Communications of the ACM 64 (12), 2021 "
    "(https://doi.org/10.1145/3458723); the questions are paraphrased and put together",
    is_not=(
        "It is no permission to use the data for anything.",
        "What the audit says is of the data as it read them, and not of how they came about.",
        "Where no figure is given, none is known; small groups are not shown.",
    ),
    write=_write,
)
