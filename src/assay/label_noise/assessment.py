"""The stage "label noise": from a dataset and its out-of-sample predictions to judged labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.findings import run_checks
from assay.label_noise.checks import CHECKS
from assay.label_noise.contract import check_contract
from assay.label_noise.in_sample import ORIGIN_CHECK, find_origin
from assay.label_noise.judgement import judge_labels
from assay.label_noise.noise_rates import estimate_noise_rates
from assay.results import LabelNoiseResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from assay.config import LabelNoiseConfig
    from assay.dataset import Dataset
    from assay.findings import Check
    from assay.label_noise.anchors import Share
    from assay.label_noise.judgement import Judgement
    from assay.label_noise.rehearsal import Rehearsal
    from assay.label_noise.review import Review
    from assay.results import OutOfSample


def find_label_noise(
    dataset: Dataset,
    predictions: OutOfSample,
    config: LabelNoiseConfig,
    checks: Iterable[Check[Judgement]] = CHECKS,
    *,
    rehearsals: Sequence[Rehearsal] = (),
    review: Review | None = None,
) -> LabelNoiseResult:
    """Judge the labels by predictions of models that did not see them.

    Every label gets a quality, the probability that it is right (`judge_by_matrix`). The labels that are most likely
    wrong are suspect, as many as are estimated to be wrong and as promise the best F1 (`choose_suspects`). How many
    labels are wrong is estimated overall, by class and by sensitive group, from how contradictions thin out towards
    the most confident rows (`estimate_overall`, `estimate_share`).

    Parameters
    ----------
    dataset
        N rows, with their sensitive groups.
    predictions
        Out-of-sample probabilities for the same N rows.
    config
        How many wrong labels are too many.
    checks
        The questions to ask of the judged labels.
    rehearsals
        Planted wrong labels and what models made of them: they choose the method (`choose_method`).
    review
        What a person said of a random sample: it decides LN001 in place of the estimate.

    Returns
    -------
    LabelNoiseResult
        A row whose label is missing or whose class was left out of the training is not judged: its quality is NaN,
        it is not suspect, and the suggested class is the most likely one.

    Raises
    ------
    ContractError
        Where the predictions break the contract of `check_contract`, or belong to another dataset, or were given by
        a user and are memorised (`find_origin`).
    """
    dataset.check_predicted(len(predictions.labels))
    given = predictions.given is not None
    check_contract(
        predictions.labels,
        predictions.pred_probs,
        predictions.classes,
        repeat_probs=predictions.repeat_probs,
        folds=predictions.folds,
        trained=predictions.trained,
        look_swapped=given,
    )
    origin = None if predictions.given is None else find_origin(dataset, predictions)
    for other in (*predictions.opinions.values(), predictions.epoch_probs):
        if other is not None:
            check_contract(predictions.labels, other, predictions.classes, look_swapped=given)
    judgement = replace(judge_labels(dataset, predictions, config, rehearsals), review=review)
    result = _result(judgement, checks)
    if origin is None:
        return result
    return replace(result, findings=result.findings + run_checks((ORIGIN_CHECK,), origin))


def _result(judgement: Judgement, checks: Iterable[Check[Judgement]]) -> LabelNoiseResult:
    n, at = len(judgement.dataset), judgement.positions
    quality: npt.NDArray[np.float64] = np.full(n, np.nan)
    quality[at] = judgement.quality
    suspect = np.zeros(n, dtype=np.bool_)
    suspect[at] = judgement.suspect
    judged = np.zeros(n, dtype=np.bool_)
    judged[at] = True
    given = judgement.predictions.pred_probs
    likely = np.where(np.isnan(given).any(axis=1), -1, given.argmax(axis=1))
    likely[at] = judgement.suggested
    return LabelNoiseResult(
        findings=run_checks(checks, judgement),
        quality=quality,
        suspect=suspect,
        suggested=np.where(judged & ~suspect, judgement.predictions.labels, likely).astype(np.int64),
        judged=judged,
        estimates=_estimates(judgement),
        method=judgement.method,
        rehearsal=None if judgement.choice is None else judgement.choice.found,
        noise_rates=estimate_noise_rates(judgement),
    )


def _estimates(judgement: Judgement) -> pd.DataFrame:
    def row(by: str, name: str, share: Share, suspects: int) -> dict[str, str | int | float]:
        # Without signal the contradictions bound nothing.
        known = share.interval if judgement.footing.has_signal else None
        value = share.value if judgement.footing.has_signal and share.value is not None else np.nan
        low, high = (known.low, known.high) if known else (np.nan, np.nan)
        return {"by": by, "name": name, "n": share.n, "suspects": suspects, "share": value, "low": low, "high": high}

    def rows() -> Iterator[dict[str, str | int | float]]:
        suspects = judgement.suspect
        yield row("overall", "all rows", judgement.overall, int(suspects.sum()))
        by_class = np.bincount(judgement.labels[suspects], minlength=len(judgement.by_class))
        for (name, share), count in zip(judgement.by_class.items(), by_class, strict=True):
            yield row("class", name, share, int(count))
        for feature, shares in judgement.by_group.items():
            groups = judgement.dataset.groups[feature].iloc[judgement.positions[suspects]].value_counts()
            for name, share in shares.items():
                yield row(feature, name, share, int(groups.get(name, 0)))

    return pd.DataFrame(rows(), columns=["by", "name", "n", "suspects", "share", "low", "high"])
