"""The figures of an audit, computed again from its stored tables of counts alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.assessment import figures
from assay.fairness.context import assess_counts
from assay.fairness.counts import Feature
from assay.fairness.disparity import DIFFERENCE
from assay.fairness.rates import FALSE_NEGATIVE_RATE, FALSE_POSITIVE_RATE, TRUE_POSITIVE_RATE, in_class
from assay.fairness_config import FairnessConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

    from assay.fairness.context import Assessment
    from assay.fairness.stored.tables import FairnessTables, FeatureTable

    Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Recount:
    """What the shown counts say.

    Attributes
    ----------
    by_group, disparities
        As in `FairnessResult`, without the figures that hidden counts would be needed for. The p-values of
        `disparities`, which are corrected for each other, are missing where any is hidden; the status is None where a
        group's share of the rows, which it rests on too, is hidden.
    assessments
        By name of the feature: what they were taken from. Rates of groups that are not in `by_group`, and disparities
        that are not in `disparities`, rest on a part of the counts and mean nothing.
    hides
        Whether any count is hidden.
    """

    by_group: pd.DataFrame
    disparities: pd.DataFrame
    assessments: Mapping[str, Assessment]
    hides: bool


def recount(tables: FairnessTables) -> Recount:
    """Compute every figure by group that the shown counts determine, by the code that the audit itself used."""
    config = FairnessConfig.model_validate(dict(tables.settings))
    nobody = np.zeros(0, dtype=np.int64)
    counted = [(Feature(t.name, t.columns, t.groups, nobody), t.cells) for t in tables.features]
    assessments = assess_counts(counted, tables.classes, tables.positive, config) if counted else {}
    by_group, disparities = figures(assessments.values(), config.confidence)
    whole = {table.name: _is_whole(table, tables) for table in tables.features}
    known_rate, known_disparity = [np.zeros(0, dtype=bool)], [np.zeros(0, dtype=bool)]
    for table in tables.features:
        rates = by_group[by_group["feature"] == table.name]
        known_rate.append(_known_rates(rates, table, tables))
        known_disparity.append(_known_disparities(assessments[table.name], table, tables))
    by_group = by_group[np.concatenate(known_rate)].reset_index(drop=True)
    disparities = disparities[np.concatenate(known_disparity)].reset_index(drop=True)
    is_whole = np.array([whole[name] for name in disparities["feature"]], dtype=bool)
    disparities["status"] = disparities["status"].astype(object).where(is_whole, None)
    if not all(whole.values()):
        disparities["p_value"] = math.nan
    return Recount(by_group, disparities, assessments, hides=not all(whole.values()))


def _is_whole(table: FeatureTable, tables: FairnessTables) -> bool:
    """Whether every count of the feature is shown; of an intersection, of every combination that may be."""
    if not table.shown(len(tables.classes)).all():
        return False
    sizes = {other.name: len(other.groups) for other in tables.features}
    return not table.is_intersection or len(table.groups) == math.prod(sizes.get(part, 0) for part in table.columns)


def _labels_by_metric(tables: FairnessTables) -> dict[str, tuple[int, ...]]:
    """Labels whose counts a rate rests on, for those that do not rest on all of them."""
    k, positive = len(tables.classes), tables.positive
    if positive is not None:
        others = tuple(code for code in range(k) if code != positive)
        mine = (positive,)
        return {TRUE_POSITIVE_RATE: mine, FALSE_NEGATIVE_RATE: mine, FALSE_POSITIVE_RATE: others}
    found: dict[str, tuple[int, ...]] = {}
    for code, name in enumerate(tables.classes):
        found |= {in_class(metric, name): (code,) for metric in (TRUE_POSITIVE_RATE, FALSE_NEGATIVE_RATE)}
        found[in_class(FALSE_POSITIVE_RATE, name)] = tuple(other for other in range(k) if other != code)
    return found


def _rests_on(metric: str, shown: Mask, labels: Mapping[str, tuple[int, ...]]) -> Mask:
    """(G,) bool: groups of which all counts that a rate rests on are shown."""
    return np.asarray(shown[:, list(labels.get(metric, range(shown.shape[1])))].all(axis=1))


def _known_rates(rates: pd.DataFrame, table: FeatureTable, tables: FairnessTables) -> Mask:
    """Which rates of a feature, as `figures` lists them, are known."""
    shown, labels = table.shown(len(tables.classes)), _labels_by_metric(tables)
    known = {metric: _rests_on(metric, shown, labels) for metric in rates["metric"].unique()}
    code = {group: place for place, group in enumerate(table.groups)}
    pairs = zip(rates["metric"], rates["group"], strict=True)
    return np.array([known[metric][code[group]] for metric, group in pairs], dtype=bool)


def _known_disparities(assessment: Assessment, table: FeatureTable, tables: FairnessTables) -> Mask:
    """Which disparities of a feature, as `figures` lists them, are known: all compared groups are shown."""
    shown, labels = table.shown(len(tables.classes)), _labels_by_metric(tables)
    rows = np.bincount(table.cells.keys[0], weights=table.cells.rows, minlength=len(table.groups))
    parts = {
        question: [d.metric for d in of if d.kind == DIFFERENCE] for question, of in assessment.disparities.items()
    }

    def is_known(metric: str) -> bool:
        # Of a group that shows a part of its rows, this part alone must be enough to be compared.
        known = _rests_on(metric, shown, labels) & (rows >= int(tables.settings["min_group_size"]))
        return bool(known[table.compared].all())

    enough = table.all_compared == int(table.compared.sum())
    if tables.settings["method"] != "between_groups":
        # Everybody is the groups that are too small to be compared, too.
        enough = _is_whole(table, tables)
    found = [d.metric for d in assessment.all_disparities()]
    return np.array([enough and all(map(is_known, parts.get(metric, [metric]))) for metric in found], dtype=bool)
