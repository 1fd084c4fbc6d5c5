"""How well the other columns tell the groups of a sensitive feature apart, on rows not used to learn how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.binning import BINS, bins_of
from assay.dataset import MISSING_GROUP
from assay.fairness.data.group_aucs import compute_group_aucs
from assay.intervals import bonferroni

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.fairness.counts import Feature
    from assay.fairness.data.group_aucs import GroupAuc
    from assay.fairness_config import FairnessConfig

    Codes = npt.NDArray[np.int64]

# 10,000 rows of each of two groups put the 95% interval of an AUC of .8 within .006 to either side.
MAX_ROWS = 20_000
# Of a group that the draw would leave small, so many rows are looked at all the same.
MIN_SAMPLED = 200
# Rows x columns that are looked at; a table of more than 200 columns gets fewer rows, down to the least.
MAX_CELLS = 4_000_000
LEAST_ROWS = 2_000
# Groups, the largest first; each costs a curve for each column, and a tree in each iteration.
MAX_GROUPS = 20
FOLDS = 5
# A bin of a number holds so many rows where the rows are few, lest its frequencies be noise.
ROWS_PER_BIN = 25
# As the models of the learning stage read them: what is rarer than this cannot be learned across five folds, and
# the trees take at most 255 categories.
MIN_CATEGORY_ROWS = 10
MAX_CATEGORIES = 250
# A category of fewer rows counts in a table of fewer than 500: of 12 categories in 120 rows most have fewer than 10.
ROWS_PER_CATEGORY = 50
# Boosted trees: iterations, and the trees and cells (rows x columns x trees) of a fold beyond which these are fewer,
# each with a longer step. More than two groups take a tree each in every iteration.
ITERATIONS = 40
LEAST_ITERATIONS = 10
MAX_TREES = 120
MAX_READ = 50_000_000
LEARNING_RATE = 0.1
MAX_LEARNING_RATE = 0.3
MAX_LEAVES = 8
MIN_LEAF_ROWS = 20


@dataclass(frozen=True, slots=True, eq=False)
class ProxyAucs:
    """What the columns say about the groups of one sensitive feature.

    Attributes
    ----------
    groups, left_out
        Names of the groups that were told apart, and how many were not: too small, or beyond `MAX_GROUPS`.
    rows
        That were looked at.
    columns
        Column -> AUCs of its values alone: the mean over the groups, and for more than two of them each group
        against the rest, its `group` an index of `groups`.
    together
        Those of all columns together. Empty, as `columns` is, where fewer than two groups have rows enough.
    """

    feature: Feature
    groups: tuple[str, ...]
    left_out: int
    rows: int
    columns: Mapping[str, tuple[GroupAuc, ...]]
    together: tuple[GroupAuc, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Rows of the table: their (n,) positions, (n, C) codes, (n, C) ranks, and (n,) units that no fold splits, if any.

    The ranks of numbers and times are centred, of variance 1, and 0 where missing; those of categories are all 0.
    (n, C) `is_rare`: categories that `_codes` puts together, or fewer than `MIN_CATEGORY_ROWS` rows or units have.
    """

    rows: Codes
    names: tuple[str, ...]
    codes: npt.NDArray[np.int16]
    ranks: npt.NDArray[np.float32]
    is_category: npt.NDArray[np.bool_]
    is_rare: npt.NDArray[np.bool_]
    units: Codes | None


def measure_proxies(dataset: Dataset, features: Sequence[Feature], config: FairnessConfig) -> tuple[ProxyAucs, ...]:
    """Compute how well each column, and all together, tell the groups of each feature apart.

    Every AUC is out of sample, by five folds that split no group of `roles.group`. A column alone predicts a row's
    group by the shares of the groups among the rows of the other folds that have its value, or are in its quantile
    bin; a number also by its order, and the larger AUC counts. All columns together predict it by histogram gradient
    boosting. Rows whose group is unknown, and groups of fewer than `config.min_group_size` rows, are left out. Each
    row counts once, whatever its sample weight.

    Parameters
    ----------
    dataset
        N rows. Its sensitive columns are no proxies of each other, and not looked at.
    features
        Sensitive features, no intersections.
    config
        Confidence, which all intervals together have (Bonferroni).

    Returns
    -------
    tuple
        One for each feature, in their order. Empty where no column is left.
    """
    names = tuple(name for name in dataset.roles.features if name not in dataset.roles.sensitive)
    if not names or not features:
        return ()
    kept = [_kept_groups(feature, config.min_group_size) for feature in features]
    sample = _sample(dataset, features, kept, names)
    # A number is looked at in two ways, and of more than two groups there is the mean and each of them.
    looks = len(names) + int((~sample.is_category).sum()) + 1
    comparisons = looks * sum(len(groups) + 1 if len(groups) > 2 else 1 for groups in kept)
    confidence = bonferroni(config.confidence, comparisons)
    return tuple(_of_feature(f, groups, sample, confidence) for f, groups in zip(features, kept, strict=True))


def _kept_groups(feature: Feature, least: int) -> Codes:
    """Codes of the largest groups that have rows enough and are known."""
    rows = np.bincount(feature.codes, minlength=len(feature.groups))
    enough = (rows >= least) & np.array([name != MISSING_GROUP for name in feature.groups])
    largest = np.argsort(-rows, kind="stable").astype(np.int64)
    kept: Codes = largest[enough[largest]][:MAX_GROUPS]
    return kept


def _sample(dataset: Dataset, features: Sequence[Feature], kept: Sequence[Codes], names: tuple[str, ...]) -> _Sample:
    most = min(MAX_ROWS, max(LEAST_ROWS, MAX_CELLS // len(names)))
    rows = np.arange(len(dataset))
    if len(rows) > most:
        shuffled = np.random.default_rng(0).permutation(len(rows))
        chosen = np.arange(len(rows)) < most
        for feature, groups in zip(features, kept, strict=True):
            drawn = pd.Series(feature.codes[shuffled])
            few = (drawn.groupby(drawn).cumcount() < MIN_SAMPLED) & drawn.isin(groups)
            chosen |= few.to_numpy()
        rows = np.sort(shuffled[chosen])
    columns = [dataset.frame[name].iloc[rows] for name in names]
    is_category = np.array([values.dtype.kind not in "iufM" for values in columns])
    group = dataset.roles.group
    units = None if group is None else _units(dataset.frame[group].iloc[rows])
    codes = [_codes(values, category=bool(c)) for values, c in zip(columns, is_category, strict=True)]
    return _Sample(
        rows=rows,
        names=names,
        codes=np.column_stack(codes).astype(np.int16),
        ranks=np.column_stack(
            [_ranks(values, category=bool(c)) for values, c in zip(columns, is_category, strict=True)]
        ),
        is_category=is_category,
        is_rare=np.column_stack([_is_rare(v, c, units) for v, c in zip(columns, codes, strict=True)]) & is_category,
        units=units,
    )


def _codes(values: pd.Series, *, category: bool) -> Codes:
    codes = bins_of(values, int(np.clip(len(values) // ROWS_PER_BIN, 4, BINS)))
    if category:
        counts = np.bincount(codes)
        frequent = np.argsort(-counts, kind="stable")[:MAX_CATEGORIES]
        frequent = frequent[counts[frequent] >= np.clip(len(codes) // ROWS_PER_CATEGORY, 2, MIN_CATEGORY_ROWS)]
        recode = np.zeros(len(counts), dtype=np.int64)  # 0 is what is rare
        recode[frequent] = np.arange(1, len(frequent) + 1)
        codes = recode[codes]
    return codes


def _is_rare(values: pd.Series, codes: Codes, units: Codes | None) -> npt.NDArray[np.bool_]:
    """(n,) rows of a category that is not read by itself, or of which its few rows tell the other folds little."""
    value = pd.factorize(values)[0] + 1
    # Each unit tells of a value once, however many rows it has.
    told = value if units is None else pd.DataFrame({"value": value, "unit": units}).drop_duplicates()["value"]
    rare: npt.NDArray[np.bool_] = (np.bincount(told) < MIN_CATEGORY_ROWS)[value] | (codes == 0)
    return rare


def _ranks(values: pd.Series, *, category: bool) -> npt.NDArray[np.float32]:
    ranks = np.zeros(len(values))
    if not category:
        known = values.notna().to_numpy()
        place = values.rank().to_numpy(dtype=np.float64)[known]
        if len(place) and place.std() > 0:
            ranks[known] = (place - place.mean()) / place.std()
    return ranks.astype(np.float32)


def _units(values: pd.Series) -> Codes:
    # Rows without a group get groups of their own.
    members, names = pd.factorize(values)
    return np.where(members < 0, len(names) + np.arange(len(members)), members).astype(np.int64)


def _of_feature(feature: Feature, groups: Codes, sample: _Sample, confidence: float) -> ProxyAucs:
    position = np.full(len(feature.groups), -1, dtype=np.int64)
    position[groups] = np.arange(len(groups))
    group = position[feature.codes[sample.rows]]
    at = np.flatnonzero(group >= 0)
    known = sum(name != MISSING_GROUP for name in feature.groups)
    names = tuple(feature.groups[code] for code in groups)
    if len(groups) < 2:
        return ProxyAucs(feature, names, known - len(groups), len(at), {}, ())
    codes, group = sample.codes[at], group[at]
    fold = _folds(group, None if sample.units is None else sample.units[at])
    alone = {}
    for i, name in enumerate(sample.names):
        candidates = [_by_frequency(codes[:, i].astype(np.int64), group, fold)]
        if sample.ranks[at, i].any():
            candidates.append(_by_order(sample.ranks[at, i], group, fold))
        alone[name] = compute_group_aucs(group, candidates, confidence, sample.is_rare[at, i])
    together = compute_group_aucs(group, [_by_trees(codes, sample.is_category, group, fold)], confidence)
    return ProxyAucs(feature, names, known - len(groups), len(at), alone, together)


def _folds(group: Codes, units: Codes | None) -> Codes:
    rng = np.random.default_rng(0)
    if units is not None:
        _, dense = np.unique(units, return_inverse=True)
        return (rng.permutation(int(dense.max()) + 1) % FOLDS)[dense].astype(np.int64)
    fold = np.empty(len(group), dtype=np.int64)
    fold[np.lexsort((rng.random(len(group)), group))] = np.arange(len(group)) % FOLDS
    return fold


def _by_frequency(bins: Codes, group: Codes, fold: Codes) -> npt.NDArray[np.float64]:
    """(n, G) ranks of each row's bin by the share of each group among its rows in the other folds.

    A bin has one pseudo-row at the overall shares. Ranks and not the shares themselves: a fold that holds many rows of
    a group leaves few of them to the others, so that its own rows would get lower shares than equal rows elsewhere.
    """
    from scipy.stats import rankdata

    size, groups = int(bins.max()) + 1, int(group.max()) + 1
    cells = bins * FOLDS + fold
    counts = np.bincount(cells * groups + group, minlength=size * FOLDS * groups).reshape(size, FOLDS, groups)
    others = counts.sum(axis=1, keepdims=True) - counts
    shares = (others + np.bincount(group) / len(group)) / (others.sum(axis=2, keepdims=True) + 1)
    # Equal shares must be ties, whatever they were rounded to.
    ranks: npt.NDArray[np.float64] = rankdata(shares.round(12), axis=0).reshape(size * FOLDS, groups)[cells]
    return ranks


def _by_order(ranks: npt.NDArray[np.float32], group: Codes, fold: Codes) -> npt.NDArray[np.float64]:
    """(n, G) ranks, turned round for the groups that rank lower in the other folds.

    What a number says by its order is seen in few rows; bins would take many.
    """
    size = (FOLDS, int(group.max()) + 1)
    cells = np.ravel_multi_index((fold, group), size)
    sums, counts = (np.bincount(cells, w, size[0] * size[1]).reshape(size) for w in (ranks, np.ones(len(ranks))))
    sums, counts = (table.sum(axis=0) - table for table in (sums, counts))
    rest_sums, rest_counts = (table.sum(axis=1, keepdims=True) - table for table in (sums, counts))
    higher = sums * rest_counts >= rest_sums * counts
    scores: npt.NDArray[np.float64] = np.where(higher[fold], 1.0, -1.0) * ranks[:, None]
    return scores


def _by_trees(
    codes: npt.NDArray[np.int16], is_category: npt.NDArray[np.bool_], group: Codes, fold: Codes
) -> npt.NDArray[np.float64]:
    """(n, G) probabilities of the groups by boosted trees that did not see the row."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    groups = int(group.max()) + 1
    trees = groups if groups > 2 else 1
    affordable = min(MAX_TREES // trees, MAX_READ // (codes.size * trees))
    iterations = min(ITERATIONS, max(LEAST_ITERATIONS, affordable))
    found = np.tile(np.bincount(group) / len(group), (len(group), 1))
    for held_out in np.unique(fold):
        train, test = np.flatnonzero(fold != held_out), np.flatnonzero(fold == held_out)
        seen = np.unique(group[train])
        if len(seen) < 2:
            continue  # rows of one group teach nothing: what is known of the held-out rows are the shares
        model = HistGradientBoostingClassifier(
            learning_rate=min(MAX_LEARNING_RATE, LEARNING_RATE * ITERATIONS / iterations),
            max_iter=iterations,
            max_leaf_nodes=MAX_LEAVES,
            min_samples_leaf=min(MIN_LEAF_ROWS, max(2, len(train) // 20)),
            categorical_features=is_category,
            early_stopping=False,
            random_state=0,
        )
        model.fit(codes[train].astype(np.float64), group[train])
        found[test] = 0.0
        found[np.ix_(test, seen)] = model.predict_proba(codes[test].astype(np.float64))
    return found
