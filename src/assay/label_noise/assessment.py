"""The stage "label noise": from a dataset and its out-of-sample predictions to judged labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.errors import ContractError
from assay.findings import run_checks
from assay.label_noise.checks import CHECKS
from assay.label_noise.contract import check_contract
from assay.label_noise.judgement import judge_labels
from assay.results import LabelNoiseResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from assay.config import LabelNoiseConfig
    from assay.dataset import Dataset
    from assay.findings import Check
    from assay.label_noise.anchors import Share
    from assay.label_noise.judgement import Judgement
    from assay.results import OutOfSample


def find_label_noise(
    dataset: Dataset,
    predictions: OutOfSample,
    config: LabelNoiseConfig,
    checks: Iterable[Check[Judgement]] = CHECKS,
) -> LabelNoiseResult:
    """Judge the labels by predictions of models that did not see them.

    Every label gets a quality score, the probability that the model gives it. A label is suspect where cleanlab's
    confident joint and its pruning by noise rate agree on it, every repeat contradicts it, and it is more likely
    wrong than ambiguous (`compute_wrong_probability`). How many labels are wrong is estimated overall, by class and
    by sensitive group from the most confident rows (`estimate_share`).

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

    Returns
    -------
    LabelNoiseResult
        A row whose label is missing or whose class was left out of the training is not judged: its quality is NaN,
        it is not suspect, and the suggested class is the most likely one.

    Raises
    ------
    ContractError
        Where the predictions break the contract of `check_contract`, or belong to another dataset.
    """
    if len(dataset) != len(predictions.labels):
        raise ContractError(
            f"predictions must have one row for each of the dataset's {len(dataset):,} rows, got "
            f"{len(predictions.labels):,}. Predict the dataset that is audited."
        )
    check_contract(
        predictions.labels,
        predictions.pred_probs,
        predictions.classes,
        repeat_probs=predictions.repeat_probs,
        folds=predictions.folds,
        trained=predictions.trained,
    )
    judgement = judge_labels(dataset, predictions, config)
    return _result(judgement, checks)


def _result(judgement: Judgement, checks: Iterable[Check[Judgement]]) -> LabelNoiseResult:
    n, at = len(judgement.dataset), judgement.positions
    quality: npt.NDArray[np.float64] = np.full(n, np.nan)
    quality[at] = judgement.quality
    suspect = np.zeros(n, dtype=np.bool_)
    suspect[at] = judgement.suspect
    judged = np.zeros(n, dtype=np.bool_)
    judged[at] = True
    likely = judgement.predictions.pred_probs.argmax(axis=1)
    return LabelNoiseResult(
        findings=run_checks(checks, judgement),
        quality=quality,
        suspect=suspect,
        suggested=np.where(judged & ~suspect, judgement.predictions.labels, likely).astype(np.int64),
        judged=judged,
        estimates=_estimates(judgement),
    )


def _estimates(judgement: Judgement) -> pd.DataFrame:
    def row(by: str, name: str, share: Share, suspects: int) -> dict[str, str | int | float]:
        # Without signal the contradictions bound nothing.
        known = share.interval if judgement.has_signal else None
        value = share.value if judgement.has_signal and share.value is not None else np.nan
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
