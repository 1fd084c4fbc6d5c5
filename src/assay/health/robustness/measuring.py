"""How many right predictions stay right under feasible edits: by number of columns, class, group and column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.able import NETWORK, most_able
from assay.auc import compute_auc
from assay.health.robustness.edits import Edits, find_edits
from assay.health.robustness.search import (
    DEPTH,
    Attack,
    Questions,
    search_greedily,
    search_randomly,
    strongest_columns,
)
from assay.intervals import bonferroni, judge_lower, wilson
from assay.small_cells import SMALLEST_CELL, is_small

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.findings import Status
    from assay.health.context import HealthContext
    from assay.held_out import HeldOutModels
    from assay.results import OutOfSample

    Mask = npt.NDArray[np.bool_]

# Rows that are tried: an interval of a share of them is 10 points wide at most.
ROWS = 400
# Questions to one kind of model, greedy and random search together: half a minute of two cores at most.
QUESTIONS = 150_000
# Rows by which it is told whether there is a signal at all.
AUC_ROWS = 20_000
CONFIDENCE = 0.95
TREES = "trees"
_DRAWN = 40
_SHARES = ("kind", "edits", "by", "name", "accuracy", "low", "high", "random", "n")
_COLUMNS = ("kind", "column", "rule", "tried", "share", "n")


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """What the searches found of one kind of model.

    Attributes
    ----------
    attack
        Of the greedy search.
    random
        (n,) as `Attack.edits`: of the random search.
    predicted
        How many classes are predicted for the rows as they are.
    followed
        Of the predictions that one edit makes wrong, and for which the other kind of model is right before: how many
        the edit makes wrong there too, and how many there are. None where there is no other kind.
    """

    attack: Attack
    random: npt.NDArray[np.int64]
    predicted: int
    followed: tuple[int, int] | None

    @property
    def right(self) -> Mask:
        """(n,): rows that are predicted right as they are."""
        return self.attack.edits > 0

    @property
    def judged(self) -> Mask:
        """(n,): rows that are predicted right as they are, and wrong after one edit that is judged."""
        return self.right & self.attack.judged

    def broken(self, edits: int) -> Mask:
        """(n,): rows that are predicted right as they are, and wrong with so many edited columns or fewer."""
        return self.right & (self.attack.edits <= edits)


@dataclass(frozen=True, slots=True, eq=False)
class Robustness:
    """What MH040 looks at.

    Attributes
    ----------
    edits
        The n rows that were tried, and what may become of them.
    able
        The kind of model that predicts best, of which the verdict is.
    tried
        By kind of model: `able`, the network and the trees, as far as there are any.
    parts
        "class" or a sensitive feature -> name -> (n,) bool: the rows that it holds; small groups are left out.
    columns
        How many columns could be edited; more than those of `edits` in a wide table.
    signal
        Passed where the AUC of `able` lies above `health.min_auc`: else right predictions are right by luck.
    """

    edits: Edits
    able: str
    tried: dict[str, Tried]
    parts: dict[str, dict[str, Mask]]
    columns: int
    signal: Status


def measure(context: HealthContext) -> Robustness:
    """Try feasible edits on a sample of held-out rows.

    The sample is drawn from all labelled rows that some model held out: those that are predicted wrong as they are
    count, but are not edited. Rows count alike.
    """
    predictions = context.of_classes
    assert predictions is not None
    assert predictions.models is not None
    models, rng = predictions.models, np.random.default_rng((context.seed, _DRAWN))
    able, best = most_able(predictions)
    able = able if able in models.kinds else NETWORK
    asked = models.asked
    eligible = asked[predictions.trained[asked] & (predictions.labels[asked] >= 0)]
    rows = np.sort(rng.permutation(eligible)[:ROWS])
    every = find_edits(context.dataset, context.config.feasible, rows, len(predictions.classes), rng)
    every = every.keep([c for c, name in enumerate(every.columns) if name in models.columns])
    edits = strongest_columns(models, able, every, rng) if len(rows) else every
    edits = edits.take(_affordable(edits, rng))
    kinds = [kind for kind in dict.fromkeys((able, NETWORK, TREES)) if kind in models.kinds]
    tried = _try(models, kinds, edits, predictions.labels[edits.rows], rng) if len(edits.columns) else {}
    scored = rng.permutation(eligible)[:AUC_ROWS]
    auc = compute_auc(predictions.labels[scored], best.pred_probs[scored])
    signal = judge_lower(auc.interval if auc else None, context.config.min_auc)
    return Robustness(edits, able, tried, _parts(context, predictions, edits.rows), len(every.columns), signal)


def _affordable(edits: Edits, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Which of the rows can be asked about."""
    options = max(1, int((edits.donors >= 0).sum(axis=(1, 2)).max(initial=0)))
    most = max(SMALLEST_CELL, QUESTIONS // (2 * DEPTH * options))
    return np.sort(rng.permutation(len(edits.rows))[:most])


def _try(
    models: HeldOutModels, kinds: list[str], edits: Edits, labels: npt.NDArray[np.int64], rng: np.random.Generator
) -> dict[str, Tried]:
    questions = {kind: Questions(models, kind, edits, labels) for kind in kinds}
    before = {kind: models.predict(kind, edits.rows).argmax(axis=1) for kind in kinds}
    found = {}
    for kind in kinds:
        attack, random = search_greedily(questions[kind]), search_randomly(questions[kind], rng)
        other = next((name for name in kinds if name != kind), None)
        followed = None
        if other is not None:
            at = np.flatnonzero((attack.edits == 1) & (before[other] == labels))
            followed = int(questions[other].are_wrong(at, attack.first[at]).sum()) if len(at) else 0, len(at)
        found[kind] = Tried(attack, random, len(np.unique(before[kind])), followed)
    return found


def _parts(
    context: HealthContext, predictions: OutOfSample, rows: npt.NDArray[np.int64]
) -> dict[str, dict[str, Mask]]:
    labels = predictions.labels[rows]
    parts = {"class": {name: labels == c for c, name in enumerate(predictions.classes) if (labels == c).any()}}
    groups = context.dataset.groups.iloc[rows]
    for feature in groups.columns:
        parts[str(feature)] = _told({str(g): (groups[feature] == g).to_numpy() for g in groups[feature].unique()})
    return parts


def _told(groups: dict[str, Mask]) -> dict[str, Mask]:
    """Groups that are large enough to be told, such that those left out are no few rows either: all less the told."""
    by_size = sorted(groups, key=lambda name: int(groups[name].sum()))
    hidden = 0
    while by_size and (is_small(int(groups[by_size[0]].sum())) or (hidden and is_small(hidden))):
        hidden += int(groups[by_size.pop(0)].sum())
    return {name: groups[name] for name in sorted(by_size)}


def tabulate(found: Robustness) -> dict[str, pd.DataFrame]:
    """Tables of what was found.

    Returns
    -------
    dict
        "robustness": `kind` (of model), `edits` (0 to 3: at most so many columns are edited), `by` ("overall", "class"
        or a sensitive feature), `name` (of the class or group; empty overall), `accuracy` (share of the rows that are
        predicted right, and stay so under the edits of the greedy search), `low`, `high` (Wilson, joint over the
        names and numbers of edits of `by`), `random` (the accuracy under the random search), `n` (rows).

        "robustness_columns": `kind`, `column` (every feature), `rule` (how it may change, in words), `tried` (bool),
        `share` (of the right predictions that an edit of this column alone makes wrong; NaN where none was tried),
        `n` (right predictions).
    """
    shares = pd.DataFrame([row for kind in found.tried for row in _shares(found, kind)], columns=list(_SHARES))
    columns = pd.DataFrame([row for kind in found.tried for row in _columns(found, kind)], columns=list(_COLUMNS))
    return {"robustness": shares, "robustness_columns": columns}


def _shares(found: Robustness, kind: str) -> Iterator[tuple[object, ...]]:
    tried, everyone = found.tried[kind], np.ones(len(found.edits.rows), dtype=bool)
    for by, parts in {"overall": {"": everyone}, **found.parts}.items():
        confidence = bonferroni(CONFIDENCE, len(parts) * (DEPTH + 1))
        for name, mask in parts.items():
            n = int(mask.sum())
            for edits in range(DEPTH + 1):
                stays = int((tried.attack.edits[mask] > edits).sum())
                interval = wilson(stays, n, confidence)
                assert interval is not None
                yield (
                    *(kind, edits, by, name, stays / n, interval.low, interval.high),
                    *(float((tried.random[mask] > edits).mean()), n),
                )


def _columns(found: Robustness, kind: str) -> Iterator[tuple[object, ...]]:
    tried, names = found.tried[kind], found.edits.columns
    right = int(tried.right.sum())
    for name, rule in found.edits.rules.items():
        share = float(tried.attack.alone[tried.right, names.index(name)].mean()) if name in names and right else np.nan
        yield kind, name, rule, name in names, share, right
