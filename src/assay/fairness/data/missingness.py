"""FB003: which features are missing more often for whom."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from assay.dataset import MISSING_GROUP
from assay.fairness.disparity import DIFFERENCE, Disparity, Ruler, compare
from assay.fairness.outcomes import TABLE_ROWS, each_feature
from assay.fairness.rates import Rates
from assay.fairness.simultaneous import METHOD_DIFFERENCE
from assay.fairness.wording import confidently, counted, listing, points, points_between
from assay.findings import Evidence, Interval, Outcome, Status, Subject, Table, or_none
from assay.intervals import bonferroni

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.fairness.context import DataContext
    from assay.fairness.counts import Feature

    Counts = npt.NDArray[np.int64]

# A feature that is missing this much more often in one group than in another tells the groups apart by itself, and
# whatever fills the gaps is made up for one group more than for the other.
MISSING_TOLERANCE = 0.05
_MORE_ROWS = "Collect more rows of the small groups, or raise `fairness.min_group_size` to leave them out."


def missingness(context: DataContext) -> Iterator[Outcome]:
    """FB003: compare how often each feature is missing in each group."""
    # An intersection would only repeat what its features show.
    singles = [feature for feature in context.features if not feature.is_intersection and len(feature.groups) > 1]
    missing = count_missing(context.dataset, singles)
    config = context.config
    confidence = bonferroni(config.confidence, sum(len(columns) for columns in missing.values()))
    ruler = Ruler(confidence, config.min_group_size, MISSING_TOLERANCE, config.min_ratio, plans=False)

    def answer(feature: Feature) -> Iterable[Outcome]:
        if feature.is_intersection:
            return []
        return _missing_in(feature, missing[feature.name], ruler, config.confidence)

    return each_feature(context, "what is missing for whom is", answer)


def count_missing(dataset: Dataset, singles: Sequence[Feature]) -> dict[str, dict[str, Counts]]:
    """For each sensitive feature, the columns with missing values and in how many rows of each group, (G,), they are.

    A column that is missing exactly where the group is unknown is the sensitive column itself, and left out. Columns
    are read one after the other: of a wide table, all masks together would be as large as the table.
    """
    found: dict[str, dict[str, Counts]] = {feature.name: {} for feature in singles}
    rows = {feature.name: np.bincount(feature.codes, minlength=len(feature.groups)) for feature in singles}
    for column in dataset.roles.features:
        positions = np.flatnonzero(dataset.frame[column].isna().to_numpy())
        if not len(positions):
            continue
        for feature in singles:
            counts = np.bincount(feature.codes[positions], minlength=len(feature.groups)).astype(np.int64)
            unknown = np.array([group == MISSING_GROUP for group in feature.groups])
            if not np.array_equal(counts, np.where(unknown, rows[feature.name], 0)):
                found[feature.name][str(column)] = counts
    return found


def _missing_in(feature: Feature, missing: Mapping[str, Counts], ruler: Ruler, confidence: float) -> Iterator[Outcome]:
    rows = np.bincount(feature.codes, minlength=len(feature.groups))
    found: dict[str, Disparity] = {}
    for column, counts in missing.items():
        rates = Rates(f"missing share of {column}", counts / np.maximum(rows, 1), rows, rows.astype(np.float64))
        found[column] = compare(rates, rows, DIFFERENCE, ruler)
    if not found:
        message = f"No feature has missing values to compare between the groups of {feature.name}."
        yield Outcome(Status.NOT_APPLICABLE, message, Subject(feature.columns))
        return
    failed = {column: d for column, d in found.items() if d.status is Status.FAILED}
    unclear = {column: d for column, d in found.items() if d.status is Status.INCONCLUSIVE}
    for column, disparity in failed.items():
        yield _missing_more(feature, column, disparity, confidence)
    if unclear:
        message = (
            f"For {len(unclear):,} of {counted(len(found), 'feature')} with missing values ({listing(list(unclear))}) "
            "the rows of all or some groups are too few to tell whether the missing share differs by more than "
            f"{points(MISSING_TOLERANCE)} between the groups of {feature.name}."
        )
        subject = Subject((feature.name, *unclear))
        yield Outcome(Status.INCONCLUSIVE, message, subject, _widest(unclear, confidence), _MORE_ROWS)
    if not failed and not unclear:
        message = (
            f"The missing share of {_each(list(found))} differs by at most "
            f"{points(MISSING_TOLERANCE)} between the compared groups of {feature.name}."
        )
        yield Outcome(Status.PASSED, message, Subject(feature.columns), _widest(found, confidence))


def _each(columns: list[str]) -> str:
    return columns[0] if len(columns) == 1 else f"each of {len(columns):,} features with missing values"


def _missing_more(feature: Feature, column: str, disparity: Disparity, confidence: float) -> Outcome:
    assert disparity.worst is not None
    assert disparity.best is not None
    # The worst group has the lowest rate; of what is missing, less is better.
    message = (
        f"{column} is missing more often for {feature.label(disparity.best)} than for "
        f"{feature.label(disparity.worst)}: by {points(disparity.value)} (joint {confidently(confidence)} "
        f"{points_between(disparity.low, disparity.high)}; {points(MISSING_TOLERANCE)} tolerated)."
    )
    remedy = "Find out why the value is not recorded for one group; whatever fills the gap is invented for that group."
    ends = (feature.groups[disparity.worst], feature.groups[disparity.best])
    evidence = replace(_widest({column: disparity}, confidence), between=ends)
    return Outcome(Status.FAILED, message, Subject((column, feature.name)), evidence, remedy)


def _widest(disparities: Mapping[str, Disparity], confidence: float) -> Evidence:
    """Evidence on the largest of several differences, with a table of the largest ones."""
    order = sorted(disparities.items(), key=lambda item: -item[1].value if item[1].is_estimable else math.inf)
    top = order[0][1]
    rows = tuple((column, d.rows, *map(or_none, (d.value, d.low, d.high))) for column, d in order[:TABLE_ROWS])
    return Evidence(
        metric="missing share difference",
        value=top.value if top.is_estimable else None,
        interval=Interval(top.low, top.high, confidence, METHOD_DIFFERENCE) if top.is_estimable else None,
        n=top.rows,
        threshold=MISSING_TOLERANCE,
        unit="share",
        table=Table(("column", "rows", "difference", "low", "high"), rows),
    )
