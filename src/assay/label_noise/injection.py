"""Known wrong labels, planted in a sample of the user's own rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assay.label_noise.judgement import judge_labels

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.config import LabelNoiseConfig
    from assay.dataset import Dataset
    from assay.label_noise.judgement import Judgement
    from assay.results import OutOfSample

    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

# Enough for some two hundred planted labels of a kind; a training on them takes a second or two.
MAX_ROWS = 2_000
# Fewer rows leave nothing to learn once labels are planted in them.
MIN_ROWS = 200
SHARE = 0.1
ONE_WAY_SHARE = 0.25
GROUP_SHARE = 1 / 3
# Fewer planted labels say nothing.
MIN_PLANTED = 10


@dataclass(frozen=True, slots=True, eq=False)
class Injection:
    """A sample of rows, of which some have a label that is known to be wrong.

    Attributes
    ----------
    kind
        How labels went wrong, in words.
    dataset
        n rows with their labels as they are said to be.
    planted
        (n,) bool: the rows whose label was changed.
    """

    kind: str
    dataset: Dataset
    planted: Mask


def plan_injections(
    dataset: Dataset, predictions: OutOfSample, config: LabelNoiseConfig, *, seed: int
) -> tuple[Injection, ...]:
    """Plant wrong labels of several kinds in a sample; see `inject`.

    Nothing is planted where the predictions are no better than chance: nothing would be found.
    """
    judgement = judge_labels(dataset, predictions, config)
    return inject(judgement, seed) if judgement.footing.has_signal else ()


def inject(judgement: Judgement, seed: int) -> tuple[Injection, ...]:
    """Plant wrong labels of several kinds, each in the same sample of the rows that are not suspect.

    Kinds: at random; one way, from one class to the one that it is most often taken for; one way in one sensitive
    group; where the models are in doubt. None where there are fewer than `MIN_ROWS` rows.

    Parameters
    ----------
    judgement
        The labels as they are judged without a rehearsal.
    seed
        Of the sample and of the planting.
    """
    rng = np.random.default_rng((seed, 0x1ABE1))
    right = np.flatnonzero(~judgement.suspect)
    if len(right) < MIN_ROWS:
        return ()
    chosen = np.sort(rng.choice(right, min(len(right), MAX_ROWS), replace=False))
    dataset = judgement.dataset.take(judgement.positions[chosen])
    labels, probs = judgement.labels[chosen], judgement.pred_probs[chosen]
    found = []
    for kind, planted in _plans(labels, probs, judgement.strata[chosen], rng):
        wrong = planted != labels
        if wrong.sum() < MIN_PLANTED:
            continue
        names = judgement.predictions.classes
        codes = np.array([dataset.labels.classes.index(name) for name in names], dtype=np.int64)[planted]
        changed = replace(dataset, labels=replace(dataset.labels, codes=codes))
        found.append(Injection(kind, changed, wrong))
    return tuple(found)


def _plans(
    labels: Codes, probs: npt.NDArray[np.float64], strata: Codes, rng: np.random.Generator
) -> list[tuple[str, Codes]]:
    k, n = probs.shape[1], len(labels)
    others = probs.copy()
    others[np.arange(n), labels] = -1.0
    nearest = others.argmax(axis=1)
    shares = np.bincount(labels * k + nearest, minlength=k * k).reshape(k, k)
    taken_for = shares.argmax(axis=1)  # the class that each is most often taken for; shares of itself are 0
    uniform = np.where(rng.random(n) < SHARE, (labels + rng.integers(1, k, n)) % k, labels)
    losing = _losing_classes(taken_for, np.bincount(labels, minlength=k))
    one_way = np.where(losing[labels] & (rng.random(n) < ONE_WAY_SHARE), taken_for[labels], labels)
    plans = [("at random", uniform), ("one way, from class to class", one_way)]
    group = _small_group(strata)
    if group is not None:
        hit = (strata == group) & (labels == _losing_class(labels[strata == group], k)) & (rng.random(n) < GROUP_SHARE)
        plans.append(("one way in one group", np.where(hit, taken_for[labels], labels)))
    doubt = np.argsort(probs[np.arange(n), labels] - others.max(axis=1), kind="stable")
    half = doubt[: n // 2]
    chance = np.linspace(1.0, 0.0, len(half), endpoint=False)
    hard = labels.copy()
    at = rng.choice(half, round(SHARE * n), replace=False, p=chance / chance.sum())
    hard[at] = nearest[at]
    plans.append(("where the models are in doubt", hard))
    return plans


def _losing_classes(taken_for: Codes, sizes: Codes) -> Mask:
    """(K,) classes that lose labels: the largest first, and none that gains some."""
    losing, gaining = np.zeros(len(sizes), dtype=np.bool_), np.zeros(len(sizes), dtype=np.bool_)
    for code in np.argsort(-sizes, kind="stable"):
        if not gaining[code] and not losing[taken_for[code]]:
            losing[code] = gaining[taken_for[code]] = True
    return losing


def _losing_class(labels: Codes, k: int) -> int:
    """The rarest class of a group with rows enough for the planting to show, else its most frequent one."""
    sizes = np.bincount(labels, minlength=k)
    enough = np.flatnonzero(sizes * GROUP_SHARE >= 3 * MIN_PLANTED)
    return int(enough[sizes[enough].argmin()]) if len(enough) else int(sizes.argmax())


def _small_group(strata: Codes) -> int | None:
    """The smallest stratum of at least a tenth of the rows; None where there is but one stratum."""
    sizes = np.bincount(strata)
    enough = np.flatnonzero(sizes >= len(strata) / 10)
    if len(np.flatnonzero(sizes)) < 2 or not len(enough):
        return None
    return int(enough[sizes[enough].argmin()])
