"""Further trainings beside the one that the audit rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.results import OutOfSample
from assay.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.results import OutOfSampleValues


def run_trials(
    config: AuditConfig,
    dataset: Dataset,
    predictions: OutOfSample | OutOfSampleValues,
    progress: Callable[[float], None],
) -> Trials:
    """Train what `config.health` asks for; nothing where the predictions were given."""
    if predictions.given is not None:
        return Trials()
    from assay.learning.trials.curve import train_curve
    from assay.learning.trials.shuffled import train_shuffled
    from assay.learning.trials.variants import train_variants

    ask = config.health.asks
    deep = ask("variants") and isinstance(predictions, OutOfSample)
    share = 0.3 if deep else 1.0
    return Trials(
        shuffled=train_shuffled(dataset, predictions, config, lambda done: progress(0.2 * share * done))
        if ask("shuffled")
        else None,
        curve=train_curve(dataset, predictions, config, lambda done: progress(share * (0.2 + 0.8 * done)))
        if ask("learning_curve")
        else None,
        variants=train_variants(dataset, predictions, config, lambda done: progress(share + (1 - share) * done))
        if ask("variants") and isinstance(predictions, OutOfSample)
        else None,
    )
