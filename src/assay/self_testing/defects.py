"""The defects that are planted, in which sizes, and by which checks they should be seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from assay.fairness.data.missingness import MISSING_TOLERANCE
from assay.self_testing import columns, labels, looks
from assay.self_testing.sights import Sight

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.findings import Finding
    from assay.self_testing.looks import Bench
    from assay.self_testing.truth import Truth

    Planter = Callable[[Dataset, float, np.random.Generator], tuple[Dataset, Truth]]
    Look = Callable[[Bench, Dataset], tuple[Finding, ...]]

LABEL_SIZES = (0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True)
class Defect:
    """A kind of defect.

    Attributes
    ----------
    name
        What is wrong, in words to which a size can be put: "5% ...".
    sizes
        Shares in (0, 1], the order in which they are told.
    plant
        See `assay.self_testing.labels` and `.columns`.
    look
        See `assay.self_testing.looks`.
    sights
        By which it may be seen.
    limit
        The largest size that the configuration tolerates; a check need not fail on less.
    trained
        Whether models are trained for it.
    shuffled
        Whether the control has the planted column too, in any order of the rows; else it is the unchanged copy.
    unfit
        Why it cannot be planted at all, as a sentence; or empty.
    """

    name: str
    sizes: tuple[float, ...]
    plant: Planter
    look: Look
    sights: tuple[Sight, ...]
    limit: float = 0.0
    trained: bool = False
    shuffled: bool = False
    unfit: str = ""


def list_defects(config: AuditConfig, dataset: Dataset) -> tuple[Defect, ...]:
    """List all kinds, with the reason for those that cannot be planted in these data."""
    return (*_of_labels(config, dataset), *_of_columns(config, dataset))


def _of_labels(config: AuditConfig, dataset: Dataset) -> tuple[Defect, ...]:
    untrained = ""
    if config.learning.pred_probs is not None:
        untrained = "The predictions were given: what their models would make of other labels is not known."
    if dataset.target is not None:
        untrained = "The label is a number."
    ungrouped = "" if len(dataset.groups.columns) else "There is no sensitive feature."
    rows = Sight("LN001", by_rows=True, located=False)
    return (
        Defect(
            "wrong labels at random",
            LABEL_SIZES,
            labels.plant_wrong_labels,
            looks.look_at_labels,
            (Sight("LN001"), rows),
            limit=config.label_noise.max_share,
            trained=True,
            unfit=untrained,
        ),
        Defect(
            "wrong labels in one sensitive group",
            LABEL_SIZES,
            labels.plant_wrong_labels_in_group,
            looks.look_at_labels,
            (Sight("LN003"), rows),
            limit=config.label_noise.max_group_difference,
            trained=True,
            unfit=untrained or ungrouped,
        ),
        Defect(
            "rows with a stamped value and a forced label",
            (0.01, 0.03),
            labels.plant_trigger,
            looks.look_at_stamps,
            (Sight("MH050"), rows),
            trained=True,
            unfit=untrained,
        ),
    )


def _of_columns(config: AuditConfig, dataset: Dataset) -> tuple[Defect, ...]:
    ungrouped = "" if len(dataset.groups.columns) else "There is no sensitive feature."
    one_sided = "The label is a number." if dataset.target is not None else ""
    unlooked = "" if config.cells.enabled else "`cells.enabled` is false."
    bounds = looks.bounds_on_drift(config, dataset)
    bounded = tuple(item.columns[0] for item in bounds.expectations if item.columns[0] != dataset.roles.label)
    leaks = (Sight("DQ017"), Sight("MH022"), Sight("MH023"))
    cells = (Sight("DQ033"), Sight("DQ033", by_rows=True))
    return (
        Defect(
            "a column with the label",
            (1.0, 0.95, 0.9),
            columns.plant_leak,
            looks.look_at_leaks,
            leaks,
            trained=True,
            shuffled=True,
        ),
        Defect(
            "a value that only one class has",
            (0.5, 0.2, 0.1),
            columns.plant_one_sided_leak,
            looks.look_at_leaks,
            leaks,
            trained=True,
            shuffled=True,
            unfit=one_sided,
        ),
        Defect(
            "values missing in one sensitive group",
            (0.1, 0.2, 0.3),
            columns.plant_missing_in_group,
            looks.look_at_missing,
            (Sight("FB003"),),
            limit=MISSING_TOLERANCE,
            unfit=ungrouped,
        ),
        *(
            Defect(
                f"values of a column {words}",
                (0.01, 0.02, 0.05),
                plant,
                looks.look_at_cells,
                cells,
                limit=config.cells.max_share,
                unfit=unlooked,
            )
            for words, plant in (
                ("a thousand times too large", columns.plant_thousandfold),
                ("divided by 2.54", columns.plant_inches),
            )
        ),
        Defect(
            "values of a column drifted",
            (0.05, 0.1, 0.2),
            partial(columns.plant_drift, columns=bounded),
            partial(looks.look_at_drift, bounds=bounds),
            (Sight("DQ100"),),
            unfit="" if bounded else "No suite bounds the distribution of a column.",
        ),
        Defect(
            "rows repeated",
            (0.01, 0.02, 0.05),
            columns.plant_duplicates,
            looks.look_at_copies,
            (Sight("DQ011"), Sight("DQ011", by_rows=True)),
            limit=config.validation.max_duplicate_share,
        ),
    )
