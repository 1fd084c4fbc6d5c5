"""What the checks look at: every figure about the labels, computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.intervals import bonferroni
from assay.label_noise.anchors import Share, count_one_way, estimate_share
from assay.label_noise.candidates import DEFAULT_METHOD, gather_views
from assay.label_noise.footing import Footing, estimate_overall, find_footing
from assay.label_noise.rehearsal import choose_method
from assay.label_noise.strata import find_strata
from assay.label_noise.suspects import choose_suspects, estimate_confident_joint_share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from assay.config import LabelNoiseConfig
    from assay.dataset import Dataset
    from assay.label_noise.rehearsal import Choice, Rehearsal
    from assay.label_noise.review import Review
    from assay.results import OutOfSample

# A class must be predicted for as many rows, and not for this many times fewer or more rows than carry its label:
# otherwise labels of one class have gone to another (or the model is not to be trusted on them), out of its sight.
MIN_PREDICTED_ROWS = 10
MAX_PREDICTED_FACTOR = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """The labels, judged.

    Attributes
    ----------
    positions
        (J,) the judged rows, ascending; the other arrays of length J go with them.
    footing
        The labels against the models: given and predicted classes, ranks by confidence, AUC.
    pred_probs
        (J, K) mean of all models' out-of-sample probabilities.
    strata
        (J,) code of the intersection of all sensitive features.
    suggested
        (J,) the class other than the given one that is most likely true.
    wrong, suspect
        (J,) probability that the label is wrong, and whether it is suspect.
    overall, by_class, by_group
        Estimated shares of wrong labels: by class name, and by sensitive feature and group name. Those by class hold
        together with 95% confidence. Where some classes are hidden, nothing bounds them from above but 1.
    hidden
        Names of the classes that are predicted for far fewer or far more rows than carry their label.
    confident_joint_share
        cleanlab's own estimate, for comparison; None without signal.
    choice
        Which method judges the labels and what it found of planted ones; None where none were planted.
    review
        What a person said of a random sample, where there is one.
    """

    dataset: Dataset
    predictions: OutOfSample
    config: LabelNoiseConfig
    positions: npt.NDArray[np.int64]
    footing: Footing
    pred_probs: npt.NDArray[np.float64]
    strata: npt.NDArray[np.int64]
    suggested: npt.NDArray[np.int64]
    wrong: npt.NDArray[np.float64]
    suspect: npt.NDArray[np.bool_]
    overall: Share
    by_class: Mapping[str, Share]
    by_group: Mapping[str, Mapping[str, Share]]
    hidden: tuple[str, ...]
    confident_joint_share: float | None
    choice: Choice | None = None
    review: Review | None = None

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """(J,) given label."""
        return self.footing.labels

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """(J,) most likely class."""
        return self.footing.predicted

    @property
    def method(self) -> str:
        """What the labels are judged by."""
        return DEFAULT_METHOD if self.choice is None else self.choice.method

    @property
    def quality(self) -> npt.NDArray[np.float64]:
        """(J,) label quality in [0, 1], low is suspect: the probability that the label is right."""
        return np.asarray(1 - self.wrong, dtype=np.float64)

    @property
    def precision(self) -> float | None:
        """Expected share of the suspects whose label is wrong; None where there are none."""
        return float(self.wrong[self.suspect].mean()) if self.suspect.any() else None


def judge_labels(
    dataset: Dataset, predictions: OutOfSample, config: LabelNoiseConfig, rehearsals: Sequence[Rehearsal] = ()
) -> Judgement:
    """Judge the label of every row that took part in the training; `find_label_noise` says the rest."""
    positions = np.flatnonzero(predictions.trained & (predictions.labels >= 0))
    strata = find_strata(dataset, positions)
    views = gather_views(predictions, positions, strata)
    labels, classes = views.labels, predictions.classes
    footing = find_footing(labels, views.pred_probs, strata)
    hidden = _hidden(classes, labels, footing.predicted)
    collected = count_one_way(footing.rank, labels, footing.predicted, len(classes), footing.usable)
    estimated = estimate_overall(footing)
    overall = _allow(estimated, float(collected.sum()))
    by_class = {
        name: _allow(share, float(rows))
        for (name, share), rows in zip(_by_class(classes, footing).items(), collected, strict=True)
    }
    by_group = _by_group(dataset, positions, footing)
    if hidden:
        overall, by_class = _allow(overall), {name: _allow(share) for name, share in by_class.items()}
        by_group = {
            feature: {name: _allow(share) for name, share in shares.items()} for feature, shares in by_group.items()
        }
    choice = choose_method(rehearsals, views.methods, config.min_precision)
    wrong, suggested = views.judge(DEFAULT_METHOD if choice is None else choice.method)
    return Judgement(
        dataset=dataset,
        predictions=predictions,
        config=config,
        positions=positions,
        footing=footing,
        pred_probs=views.pred_probs,
        strata=strata,
        suggested=suggested,
        wrong=wrong,
        suspect=choose_suspects(wrong, estimated, config.min_precision) & footing.has_signal,
        overall=overall,
        by_class=by_class,
        by_group=by_group,
        hidden=hidden,
        confident_joint_share=estimate_confident_joint_share(labels, views.pred_probs) if footing.has_signal else None,
        choice=choice,
    )


def _hidden(
    classes: tuple[str, ...], labels: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64]
) -> tuple[str, ...]:
    given, likely = np.bincount(labels, minlength=len(classes)), np.bincount(predicted, minlength=len(classes))
    hidden = (
        (likely < MIN_PREDICTED_ROWS)
        | (likely * MAX_PREDICTED_FACTOR < given)
        | (likely > given * MAX_PREDICTED_FACTOR)
    )
    return tuple(name for name, is_hidden in zip(classes, hidden, strict=True) if is_hidden)


def _allow(share: Share, rows: float = np.inf) -> Share:
    """The share with an upper limit that allows for as many wrong labels, by default for all."""
    if share.interval is None:
        return share
    high = max(share.interval.high, min(1.0, rows / share.n))
    return replace(share, interval=replace(share.interval, high=high))


def _by_class(classes: tuple[str, ...], footing: Footing) -> dict[str, Share]:
    rows = np.bincount(footing.labels, minlength=len(classes))
    confidence = bonferroni(0.95, len(classes))
    shares = {}
    for code, name in enumerate(classes):
        wrong = footing.contradicted & (footing.labels == code)
        shares[name] = estimate_share(
            footing.rank, wrong, footing.fall, rows=int(rows[code]), confidence=confidence, usable=footing.usable
        )
    return shares


def _by_group(dataset: Dataset, positions: npt.NDArray[np.int64], footing: Footing) -> dict[str, dict[str, Share]]:
    contradicted, fall = footing.contradicted, footing.fall
    shares: dict[str, dict[str, Share]] = {}
    for feature in dataset.groups.columns:
        codes, names = pd.factorize(dataset.groups[feature].to_numpy(dtype=object)[positions], sort=True)
        shares[feature] = {
            str(name): estimate_share(
                footing.rank[codes == code],
                contradicted[codes == code],
                None if fall is None else fall[codes == code],
                usable=footing.usable,
            )
            for code, name in enumerate(names)
        }
    return shares
