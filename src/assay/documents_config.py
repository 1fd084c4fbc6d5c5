"""Facts that only people know: the section `documents` of the configuration."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from assay.data_config import Section, Text

_LONGEST = 5000


def _said(text: str) -> str:
    # An empty fact would fill a section.
    if not 0 < len(text.strip()) <= _LONGEST:
        raise ValueError(f"A fact must be a text of 1 to {_LONGEST:,} characters")
    return text.strip()


Fact = Annotated[Text, AfterValidator(_said)]


def _fact(description: str) -> Fact | None:
    # The description is also the question that a document asks where the fact is not given.
    return Field(None, description=description)


class DocumentsConfig(Section):
    """What only people know, for the documents that are written with an audit; nothing of it is guessed."""

    sex: Text | None = _fact("Which sensitive feature is the sex (Local Law 144).")
    race: Text | None = _fact("Which sensitive feature is the race or ethnicity (Local Law 144).")
    decision: Literal["label", "prediction"] | None = Field(
        None, description="What the employment tool decided: the label of the data, or the predictions."
    )
    data_kind: Literal["historical", "test"] | None = Field(
        None, description="Whether the data are historical data of the tool, or test data."
    )
    tool: Fact | None = _fact("Name and version of the employment tool.")
    distribution_date: dt.date | None = Field(None, description="The day on which the tool was first used.")
    auditor: Fact | None = _fact("Which independent auditor made the bias audit.")
    owner: Fact | None = _fact("Who answers for the dataset and for a model trained on it.")
    contact: Fact | None = _fact("Where questions and comments go.")
    version: Fact | None = _fact("Version and date of the dataset or of the model.")
    license: Fact | None = _fact("Under which licence or terms the data may be used.")
    citation: Fact | None = _fact("What to read and to cite.")
    intended_use: Fact | None = _fact("What a model trained on the data is for.")
    intended_users: Fact | None = _fact("Who is to use the model.")
    out_of_scope: Fact | None = _fact("Which uses the data and the model are not fit for.")
    population: Fact | None = _fact("On which people or groups the model is to be used.")
    setting: Fact | None = _fact("In which geographical, contextual, behavioural or functional setting it is used.")
    design: Fact | None = _fact("Which design choices were made about the data, and why.")
    assumptions: Fact | None = _fact("What the data, the label above all, are supposed to measure and represent.")
    suitability: Fact | None = _fact("Why these data are relevant, available and enough for the purpose.")
    impact: Fact | None = _fact("Whose health, safety or rights a wrong or unequal outcome would touch, and how.")
    measures: Fact | None = _fact("What is done to detect, prevent and mitigate biases.")
    gaps: Fact | None = _fact("How gaps and shortcomings of the data are addressed.")
    special_categories: Fact | None = _fact(
        "Whether special categories of personal data are processed to detect biases, why, and with which safeguards."
    )
    purpose: Fact | None = _fact("For what the data were first collected, and why the dataset was made.")
    funding: Fact | None = _fact("Who made the dataset, and who paid for it.")
    origin: Fact | None = _fact("Where the data come from.")
    collection: Fact | None = _fact("How, by whom and when the data were collected, and how they were sampled.")
    consent: Fact | None = _fact("Whether the people were told and asked, and what an ethical review said.")
    annotators: Fact | None = _fact("Who gave the labels, by which instructions.")
    preparation: Fact | None = _fact("How the data were cleaned, updated, enriched and aggregated before the audit.")
    previous_uses: Fact | None = _fact("What the data have been used for already.")
    distribution: Fact | None = _fact("To whom, how and when the data are given.")
    maintenance: Fact | None = _fact("Who corrects and updates the data, how often, and for how long they are kept.")
