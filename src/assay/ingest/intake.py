"""What the checks of this stage look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.findings import Evidence, Outcome, Status
from assay.ingest.columns import TEXT_DTYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from assay.dataset import Labels, Roles


@dataclass(frozen=True, slots=True, eq=False)
class Intake:
    """What the checks look at: the plain data with their roles, and what had to be done to make them plain.

    Attributes
    ----------
    frame, roles, labels, groups
        As in `assay.dataset.Dataset`.
    mixed, nested
        As in `assay.ingest.columns.Columns`.
    padded
        As in `assay.ingest.source.Source`.
    chosen_bins
        Sensitive feature -> inner edges that were chosen for it.
    chosen_task
        "classification" or "regression", where the label could be either and the configuration left it open.
    """

    frame: pd.DataFrame
    roles: Roles
    labels: Labels
    groups: pd.DataFrame
    mixed: Mapping[str, Mapping[str, npt.NDArray[np.int64]]]
    nested: Mapping[str, npt.NDArray[np.int64]]
    padded: Mapping[str, npt.NDArray[np.int64]]
    chosen_bins: Mapping[str, Sequence[float]]
    chosen_task: str | None = None

    def columns(self) -> list[str]:
        """All columns but the ignored ones."""
        return [name for name in self.frame.columns if name not in self.roles.ignored]

    def texts(self) -> list[str]:
        """Text columns that are features or sensitive, and held texts only when they were read."""
        asked = {*self.roles.features, *self.roles.sensitive}
        return [
            name
            for name in self.columns()
            if name in asked and name not in self.mixed and self.frame[name].dtype == TEXT_DTYPE
        ]


def or_passed(found: Iterable[Outcome], subjects: int, subject: str, what: str) -> Iterator[Outcome]:
    """Outcomes found, or the one that says that none of the subjects looked at (columns, features) had the defect."""
    any_found = False
    for outcome in found:
        any_found = True
        yield outcome
    if any_found:
        return
    if not subjects:
        yield Outcome(Status.NOT_APPLICABLE, f"There is no {subject} to look at.")
        return
    evidence = Evidence(f"{subject}s looked at", float(subjects), n=subjects, unit=f"{subject}s")
    yield Outcome(Status.PASSED, f"None of {subjects:,} {plural(subjects, subject)} {what}.", evidence=evidence)


def plural(count: int, noun: str) -> str:
    """A noun in the number that goes with `count`."""
    return noun if count == 1 else f"{noun}s"
