"""Further trainings beside the one that the audit rests on: what goes wrong in them is told by their checks alone."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from assay.results import OutOfSample
from assay.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.results import OutOfSampleValues

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempt(Generic[T]):
    """A result, or the error in its place, by the code of each check that rests on it."""

    result: T | None
    failures: dict[str, Exception]


def attempt(codes: tuple[str, ...], function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Attempt[T]:
    """Do what the checks of these codes rest on; an error becomes theirs, and the rest of the audit goes on."""
    try:
        return Attempt(function(*args, **kwargs), {})
    except Exception as error:  # whatever it is: it becomes findings that cannot pass, and is logged
        log.exception("What %s rest on crashed", ", ".join(codes))
        return Attempt(None, dict.fromkeys(codes, error))


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

    def part(start: float, end: float) -> Callable[[float], None]:
        return lambda done: progress(start + (end - start) * done)

    ask, of = config.health.asks, (dataset, predictions, config)
    deep = ask("variants") and isinstance(predictions, OutOfSample)
    share = 0.3 if deep else 1.0
    shuffled = attempt(("MH005",), train_shuffled, *of, part(0.0, 0.2 * share)) if ask("shuffled") else None
    curve = attempt(("MH010", "MH011"), train_curve, *of, part(0.2 * share, share)) if ask("learning_curve") else None
    variants = None
    if deep and isinstance(predictions, OutOfSample):
        variants = attempt(("MH030", "MH031"), train_variants, dataset, predictions, config, part(share, 1.0))
    tried = [trial for trial in (shuffled, curve, variants) if trial is not None]
    return Trials(
        shuffled=shuffled.result if shuffled else None,
        curve=curve.result if curve else None,
        variants=variants.result if variants else None,
        failures={code: error for trial in tried for code, error in trial.failures.items()},
    )
