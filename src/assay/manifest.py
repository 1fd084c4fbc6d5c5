"""What an audit ran on, with and for how long: everything that is needed to run it again."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from assay import __version__
from assay.identity import library_versions
from assay.metering import cost_since, project_training, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.results import OutOfSample, OutOfSampleValues

P = ParamSpec("P")
T = TypeVar("T")

# The stage that trains.
TRAINING = "learn"


class StageRunner(Protocol):
    """Runs one stage: the gate calls it, the Prefect flow makes a task of it."""

    def __call__(self, name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return `function(*args, **kwargs)`, under the stage's name."""


@dataclass(frozen=True)
class Meter:
    """A stage runner that measures every stage that another runner runs.

    Attributes
    ----------
    stages
        For each finished stage: `seconds`, `cpu_seconds`, `peak_memory_mb`, `gpu_memory_mb` and `joules`, as
        `assay.metering.cost_since` has them; None is what was not measured.
    """

    stage: StageRunner
    stages: dict[str, dict[str, float | None]] = field(default_factory=dict)

    def __call__(self, name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a stage and note what it took."""
        start = read()
        result = self.stage(name, function, *args, **kwargs)
        self.stages[name] = cost_since(start)
        return result


def write_manifest(
    config: AuditConfig,
    dataset: Dataset,
    predictions: OutOfSample | OutOfSampleValues,
    stages: dict[str, dict[str, float | None]],
    identity: str | None = None,
) -> dict[str, Any]:
    """Describe an audit in plain JSON values; `identity` is what `assay.identity.identify` says."""
    # Given predictions were not trained here.
    details = predictions.details if predictions.given is None else {}
    seconds = stages.get(TRAINING, {}).get("seconds")
    return {
        **_described(config, dataset.source, (len(dataset), len(dataset.frame.columns)), stages),
        "fingerprint": dataset.fingerprint,
        "identity": identity,
        "seed": config.learning.seed,
        "device": predictions.device,
        "training": dict(predictions.details),
        "projected_costs": project_training(seconds, len(dataset), details),
    }


def write_validation_manifest(
    config: AuditConfig,
    *,
    source: str,
    engine: str,
    shape: tuple[int, int],
    stages: dict[str, dict[str, float | None]],
) -> dict[str, Any]:
    """Describe a validation by `assay validate` in plain JSON values.

    Parameters
    ----------
    config
        What was asked.
    source, shape
        What the table is called, and its numbers of rows and columns.
    engine
        What Great Expectations ran on.
    stages
        As `Meter` measured them.
    """
    return {**_described(config, source, shape, stages), "engine": engine}


def _described(
    config: AuditConfig, source: str, shape: tuple[int, int], stages: dict[str, dict[str, float | None]]
) -> dict[str, Any]:
    return {
        "assay": __version__,
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "name": config.dataset_name,
        "source": source,
        "rows": shape[0],
        "columns": shape[1],
        "config": config.model_dump(mode="json"),
        "suite_sha256": _digest(config.validation.suite),
        "suite_inferred": _is_inferred(config.validation.suite),
        "stages": stages,
        "versions": library_versions(),
        "platform": platform.platform(),
    }


def _digest(path: Path | None) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path is not None else None


def _is_inferred(path: Path | None) -> bool | None:
    """Whether the suite says of itself that it was read from data, as `assay suite infer` does; None without one."""
    if path is None:
        return None
    found: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    for key in ("meta", "assay", "inference"):
        found = found.get(key) if isinstance(found, dict) else None
    return found is not None
