"""The checks of this stage, and those of whole columns among them (DQ003, DQ005, DQ006)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.dataset import MISSING_GROUP
from assay.findings import Check, Evidence, Outcome, Severity, Status, Subject
from assay.ingest.cell_checks import check_disguised_missing, check_mixed_types, check_number_texts, check_padding
from assay.ingest.groups import bin_names
from assay.ingest.intake import Intake, or_passed

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_empty_columns(intake: Intake) -> Iterator[Outcome]:
    """DQ003: columns without any value."""
    rows = len(intake.frame)
    empty = [name for name in intake.columns() if intake.frame[name].isna().all()]
    found = (
        Outcome(
            Status.FAILED,
            f"Column '{name}' has no value in any of the {rows:,} rows; it is no feature, since no model can use it.",
            Subject((name,)),
            Evidence("missing values", 1.0, n=rows, unit="share"),
            "Find out why it is empty at the source; drop it, or list it under `ignore`.",
        )
        for name in empty
    )
    yield from or_passed(found, len(intake.columns()), "column", "is empty")


def check_missing_groups(intake: Intake) -> Iterator[Outcome]:
    """DQ005: rows whose sensitive feature is missing."""
    rows = len(intake.frame)
    if not len(intake.groups.columns):
        yield Outcome(Status.NOT_APPLICABLE, "No sensitive feature is configured, so none can be missing.")
        return
    counts = {str(name): int((intake.groups[name] == MISSING_GROUP).sum()) for name in intake.groups.columns}
    found = (
        Outcome(
            Status.FAILED,
            f"Sensitive feature '{name}' is missing in {count:,} of {rows:,} rows ({count / rows:.1%}); they are kept "
            f'as the group "{MISSING_GROUP}".',
            Subject((name,)),
            Evidence("missing values", count / rows, n=rows, unit="share"),
            "Read the figures of this group as those of people of whom nothing is known; complete the values where "
            "that is possible, and ask whether they are missing more often in one group than in another.",
        )
        for name, count in counts.items()
        if count
    )
    yield from or_passed(found, len(counts), "sensitive feature", "is missing in any row")


def check_choices(intake: Intake) -> Iterator[Outcome]:
    """DQ006: what was chosen because the configuration does not state it."""
    labels = intake.labels
    chosen = []
    if not labels.positive_is_stated and labels.positive is not None:
        chosen.append(
            Outcome(
                Status.PASSED,
                f"The favourable label was not stated: '{labels.classes[labels.positive]}', the last of the two in "
                "sorted order, was taken.",
                Subject((intake.roles.label,)),
                Evidence("classes", float(len(labels.classes)), n=len(labels.codes), unit="classes"),
                "Set `positive` to the label that is good for a person.",
            )
        )
    if intake.chosen_task is not None:
        as_number = intake.chosen_task == "regression"
        values = intake.frame[intake.roles.label].nunique()
        chosen.append(
            Outcome(
                Status.PASSED,
                f"Label '{intake.roles.label}' has {values:,} distinct numbers and was taken for "
                f"{'a number (regression)' if as_number else 'as many classes (classification)'}.",
                Subject((intake.roles.label,)),
                Evidence("distinct values", float(values), n=len(labels.codes), unit="values"),
                f"Set `task: {intake.chosen_task}`, or `task: {'classification' if as_number else 'regression'}` "
                "where that is what a model would do.",
            )
        )
    for name, edges in intake.chosen_bins.items():
        chosen.append(
            Outcome(
                Status.PASSED,
                f"Sensitive feature '{name}' is a number with many values and no `bins`: it was cut near its "
                f"quartiles into {', '.join(bin_names(edges))}.",
                Subject((name,)),
                Evidence("groups", float(len(edges) + 1), n=len(intake.frame), unit="groups"),
                "Set `bins` to edges that mean something, such as ages in a law.",
            )
        )
    yield from chosen or [Outcome(Status.PASSED, "Nothing had to be chosen: the configuration states all of it.")]


CHECKS: tuple[Check[Intake], ...] = (
    Check("DQ001", "Numbers read as text", Severity.WARNING, check_number_texts),
    Check("DQ002", "Mixed kinds of values in a column", Severity.WARNING, check_mixed_types),
    Check("DQ003", "Columns without any value", Severity.WARNING, check_empty_columns),
    Check("DQ004", "Missing values in disguise", Severity.WARNING, check_disguised_missing),
    Check("DQ005", "Missing sensitive values", Severity.WARNING, check_missing_groups),
    Check("DQ006", "Choices that the configuration left open", Severity.INFO, check_choices),
    Check("DQ007", "Texts that differ by spaces only", Severity.WARNING, check_padding),
)
