"""The tables of counts that are stored with an audit: every figure by group follows from them, and no row is needed.

What is in them and what is hidden: docs/fairness-tables.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.fairness.counts import DENSE_CELLS, SCORE_BINS, Cells, count_scores, only
from assay.fairness.stored.suppression import hide_combinations, hide_groups, score_edges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from assay.fairness.context import Assessment, FairnessContext
    from assay.fairness.counts import Feature
    from assay.fairness_config import FairnessConfig

SCORES = ("feature", "group", "y_true", "bin", "n", "weight", "weight_squared")
# What the figures by group follow from, beside the counts.
SETTINGS = ("tolerance", "min_ratio", "min_group_size", "confidence", "method")


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """What may be shown of the counts of one feature.

    Attributes
    ----------
    name, columns
        "sex", or "sex x race" of the columns "sex" and "race".
    groups
        The G names, unique. Of an intersection only those with a cell to show: that a combination has nobody in it,
        or few, is told by nothing.
    compared
        (G,) bool: groups of `min_group_size` rows or more.
    all_compared
        Number of such groups, shown or not.
    cells
        Keys (group, y_true, y_pred): of each group and label all K cells, with 10 rows or more each, or none.
    scores
        Keys (group, y_true, piece), with 10 rows or more each; `FairnessTables.edges` says what a piece is. None
        where no scores are shown.
    """

    name: str
    columns: tuple[str, ...]
    groups: tuple[str, ...]
    compared: npt.NDArray[np.bool_]
    all_compared: int
    cells: Cells
    scores: Cells | None = None

    @property
    def is_intersection(self) -> bool:
        """Whether several sensitive features make it up."""
        return len(self.columns) > 1

    def shown(self, classes: int) -> npt.NDArray[np.bool_]:
        """(G, K) bool: the groups and labels whose cells are shown."""
        found = np.zeros((len(self.groups), classes), dtype=bool)
        found[self.cells.keys[0], self.cells.keys[1]] = True
        return found


@dataclass(frozen=True, slots=True, eq=False)
class FairnessTables:
    """The counts of an audit without its small cells, and what is needed to compute its figures again.

    Attributes
    ----------
    fingerprint, rows
        Of the dataset: SHA-256 of its content, and its number of rows (judged or not).
    model
        What kind of model was judged, as in `FairnessResult`.
    classes, positive
        Names of the K classes, and the code of the favourable one, or None.
    weighted
        Whether the rows have sample weights.
    settings
        The keys `SETTINGS` of the configuration's section `fairness`.
    edges
        Label -> ascending edges of the pieces of the score's histogram, in bins of 1 / `SCORE_BINS`: piece i reaches
        from edges[i] to edges[i + 1].
    features
        In the order of the report.
    """

    fingerprint: str
    rows: int
    model: str
    classes: tuple[str, ...]
    positive: int | None
    weighted: bool
    settings: Mapping[str, float | int | str]
    edges: Mapping[int, tuple[int, ...]]
    features: tuple[FeatureTable, ...]

    def to_json(self) -> str:
        """JSON text by the schema "assay-fairness/1" (docs/fairness-tables.md); the same tables give the same text."""
        from assay.fairness.stored.file import write_tables

        return write_tables(self)

    @staticmethod
    def from_json(text: str) -> FairnessTables:
        """Read what `to_json` wrote.

        Raises
        ------
        ContractError
            Where it is not valid JSON, of an unknown version, incomplete, or holds what no audit writes.
        """
        from assay.fairness.stored.file import read_tables

        return read_tables(text)


def tabulate_scores(context: FairnessContext) -> dict[str, Cells]:
    """Histogram of the score of the positive class by feature: keys (group, y_true, bin).

    Empty without a positive class. See `count_scores`, which also says what is refused.
    """
    if context.positive is None or not context.assessments:
        return {}
    judged, dataset, k = context.judged, context.dataset, len(context.predictions.classes)
    labels = only(context.predictions.labels, judged)
    scores = only(context.predictions.pred_probs[:, context.positive], judged)
    weights = None if dataset.weights is None else only(dataset.weights, judged)
    features = [assessment.feature for assessment in context.assessments.values()]
    return {
        feature.name: count_scores((only(feature.codes, judged), len(feature.groups)), (labels, k), scores, weights)
        for feature in features
    }


def scores_frame(context: FairnessContext, scores: Mapping[str, Cells]) -> pd.DataFrame:
    """The histograms as `FairnessResult.scores`: columns `SCORES`."""
    names = np.array(context.predictions.classes, dtype=object)
    frames = []
    for assessment in context.assessments.values():
        cells, feature = scores.get(assessment.feature.name), assessment.feature
        if cells is None:
            continue
        group, y_true, bins = cells.keys
        columns = {"group": np.array(feature.groups, dtype=object)[group], "y_true": names[y_true], "bin": bins}
        sums = {"n": cells.rows, "weight": cells.weight, "weight_squared": cells.weight_squared}
        frames.append(pd.DataFrame({"feature": feature.name, **columns, **sums}))
    if not frames:
        return pd.DataFrame(columns=list(SCORES))
    return pd.concat(frames, ignore_index=True)[list(SCORES)]


def build_tables(context: FairnessContext, scores: Mapping[str, Cells], model: str) -> FairnessTables:
    """Take what may be stored out of the counts of an audit.

    Parameters
    ----------
    context
        Its `assessments` hold the counts.
    scores
        What `tabulate_scores` found.
    model
        What kind of model was judged.
    """
    assessed = tuple(context.assessments.values())
    k, positive = len(context.predictions.classes), context.positive
    dense = {a.feature.name: _dense(a.cells, (len(a.feature.groups), k, k)) for a in assessed}
    hidden = _hidden(assessed, dense, k)
    single = [a.feature for a in assessed if not a.feature.is_intersection]
    edges = _edges(single, dense, hidden, scores, positive) if k == 2 and positive is not None else {}
    features = tuple(
        _show(a, hidden[a.feature.name], context.config, scores.get(a.feature.name), edges) for a in assessed
    )
    return FairnessTables(
        fingerprint=context.dataset.fingerprint,
        rows=len(context.dataset),
        model=model,
        classes=tuple(context.predictions.classes),
        positive=positive,
        weighted=context.dataset.weights is not None,
        settings={key: getattr(context.config, key) for key in SETTINGS},
        edges={label: tuple(found) for label, found in edges.items()},
        features=features,
    )


def _dense(cells: Cells, shape: tuple[int, ...]) -> npt.NDArray[np.int64] | None:
    """Rows by cell, or None where there would be too many cells for a file of a few kilobytes anyway."""
    if math.prod(shape) > DENSE_CELLS:
        return None
    counts = np.zeros(shape, dtype=np.int64)
    counts[cells.keys] = cells.rows
    return counts


def _hidden(
    assessed: Sequence[Assessment], dense: Mapping[str, npt.NDArray[np.int64] | None], k: int
) -> dict[str, npt.NDArray[np.bool_]]:
    """Feature -> (G, K) bool blocks to hide; all where the table is too large to be judged."""
    hidden, whole = {}, {}
    for assessment in assessed:
        name, groups = assessment.feature.name, len(assessment.feature.groups)
        hidden[name], whole[name] = np.ones((groups, k), dtype=bool), np.ones(groups, dtype=bool)
        if (counts := dense[name]) is not None and not assessment.feature.is_intersection:
            hidden[name], whole[name] = hide_groups(counts)
    single = {a.feature.name: a.feature for a in assessed if not a.feature.is_intersection}
    for one, other in combinations(single.values(), 2):
        for finer in _finer(one, other):
            hidden[finer.name] |= hidden[finer.name].any(axis=0)
            whole[finer.name] |= whole[finer.name].any()
    for assessment in assessed:
        feature = assessment.feature
        shape = tuple(len(single[part].groups) for part in feature.columns if part in single)
        if not feature.is_intersection or math.prod((*shape, k, k)) > DENSE_CELLS:
            continue
        place = feature.parts
        assert place is not None
        counts = np.zeros((*shape, k, k), dtype=np.int64)
        group, y_true, y_pred = assessment.cells.keys
        counts[(*place[:, group], y_true, y_pred)] = assessment.cells.rows
        parts = feature.columns
        found = hide_combinations(counts, [hidden[part] for part in parts], [whole[part] for part in parts])
        hidden[feature.name] = found[tuple(place)]
    return hidden


def _finer(one: Feature, other: Feature) -> tuple[Feature, ...]:
    """Return the features each of whose groups lies in one group of the other, such as cities in regions.

    Who knows which city lies where can subtract cities from their region: what such a feature hides of a label, it
    hides of all its groups.
    """
    sizes = {feature: len(feature.groups) for feature in (one, other)}
    if math.prod(sizes.values()) > DENSE_CELLS:
        return one, other  # too many to be looked at
    pairs = np.bincount(one.codes * sizes[other] + other.codes)
    return tuple(feature for feature, size in sizes.items() if np.count_nonzero(pairs) == size)


def _edges(
    single: Sequence[Feature],
    dense: Mapping[str, npt.NDArray[np.int64] | None],
    hidden: Mapping[str, npt.NDArray[np.bool_]],
    scores: Mapping[str, Cells],
    positive: int | None,
) -> dict[int, list[int]]:
    """Label (of two) -> edges of the pieces in which its scores may be told; no key where they may not.

    A piece ends at 0.5, where the prediction turns: a piece across it, held against the counts of the predictions,
    would tell of a small part of itself.
    """
    edges = {}
    for label in range(2):
        tables = []
        for feature in single:
            if (counts := dense[feature.name]) is None:
                continue
            bins = _dense(scores[feature.name], (len(feature.groups), 2, SCORE_BINS))
            if bins is None:
                continue
            tables.append((bins[:, label], hidden[feature.name][:, label]))
            # Rows at 0.5 exactly may be predicted either way; who subtracts would count them.
            selected = counts[:, label, positive]
            if (bins[:, label, SCORE_BINS // 2 :].sum(axis=1) != selected).any():
                tables = []
                break
        found = score_edges(tables, (0, SCORE_BINS // 2, SCORE_BINS))
        if found:
            edges[label] = found
    return edges


def _show(
    assessment: Assessment,
    hidden: npt.NDArray[np.bool_],
    config: FairnessConfig,
    scores: Cells | None,
    edges: Mapping[int, Sequence[int]],
) -> FeatureTable:
    """The table of a feature without its hidden blocks; an intersection without the groups that show nothing."""
    feature = assessment.feature
    compared = assessment.group_rows >= config.min_group_size
    named = np.flatnonzero(~hidden.all(axis=1)) if feature.is_intersection else np.arange(len(feature.groups))
    code = np.full(len(feature.groups), -1, dtype=np.int64)
    code[named] = np.arange(len(named))
    cells = assessment.cells
    told = ~hidden[cells.keys[0], cells.keys[1]]
    return FeatureTable(
        name=feature.name,
        columns=feature.columns,
        groups=tuple(feature.groups[group] for group in named.tolist()),
        compared=compared[named],
        all_compared=int(compared.sum()),
        cells=_pick(cells, told, code),
        scores=None if feature.is_intersection or scores is None else _pieces(scores, hidden, edges),
    )


def _pick(cells: Cells, told: npt.NDArray[np.bool_], code: npt.NDArray[np.int64]) -> Cells:
    group, *others = (key[told] for key in cells.keys)
    return Cells((code[group], *others), cells.rows[told], cells.weight[told], cells.weight_squared[told])


def _pieces(scores: Cells, hidden: npt.NDArray[np.bool_], edges: Mapping[int, Sequence[int]]) -> Cells | None:
    """The histogram with the bins between two edges as one, without hidden blocks; None where nothing is left."""
    group, y_true, bins = scores.keys
    told = ~hidden[group, y_true] & np.isin(y_true, list(edges))
    if not told.any():
        return None
    piece = np.zeros(len(bins), dtype=np.int64)
    for label, found in edges.items():
        here = y_true == label
        piece[here] = np.searchsorted(found, bins[here], side="right") - 1
    shape = (*hidden.shape, SCORE_BINS)
    flat = np.ravel_multi_index((group[told], y_true[told], piece[told]), shape)
    occurring, place = np.unique(flat, return_inverse=True)
    sums = (np.bincount(place, weights=of[told]) for of in (scores.rows, scores.weight, scores.weight_squared))
    rows, weight, squared = (np.asarray(found, dtype=np.float64) for found in sums)
    keys = tuple(key.astype(np.int64) for key in np.unravel_index(occurring, shape))
    return Cells(keys, np.rint(rows).astype(np.int64), weight, squared)
