"""An audit within a flow or a task of Prefect: a task a stage, its progress, its verdict and the event of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from assay.config import AuditConfig
from assay.report.wording import verdict_sentence

from .artifacts import progress_bar, publish
from .events import announce

if TYPE_CHECKING:
    from pathlib import Path

    from assay.known import Answer
    from assay.manifest import StageRunner

P = ParamSpec("P")
T = TypeVar("T")
Progress = Callable[[str, float], None]


def run_plainly(_name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a stage as the function that it is."""
    return function(*args, **kwargs)


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Who else watches the flow in this process: the terminal, when the command line runs it."""

    stage: StageRunner = run_plainly
    progress: Progress | None = None


# Not a parameter of the flow: Prefect sends those to its server.
onlooker: ContextVar[Onlooker] = ContextVar("onlooker", default=Onlooker())  # noqa: B039 -- frozen


def conduct(config: AuditConfig | Path, *, fresh: bool) -> Answer:
    """Audit, write the audit to its folder, and show it in the Prefect UI; or answer from the record.

    Must be called within a flow or task run.

    Raises
    ------
    AssayError
        Where no audit could be made.
    """
    if not isinstance(config, AuditConfig):
        from assay.config_file import load_config

        config = load_config(config)
    answer = _answer(config, fresh=fresh)
    publish(answer, config.dataset_name)
    # The log is what the page of a run opens with.
    level = logging.INFO if answer.verdict == "pass" else logging.ERROR
    get_run_logger().log(level, "%s Report: %s", verdict_sentence(answer.document), answer.place)
    announce(answer, config.dataset_name)
    return answer


def _answer(config: AuditConfig, *, fresh: bool) -> Answer:
    from assay.known import Answer, keep, known_answer
    from assay.store import check_writable

    if not fresh and (known := known_answer(config)) is not None:
        return known
    check_writable(config.output.folder)
    from assay.auditing import run_audit

    watching = onlooker.get()
    bar = progress_bar(config.dataset_name)

    def progress(name: str, fraction: float) -> None:
        bar(name, fraction)
        if watching.progress is not None:
            watching.progress(name, fraction)

    report = run_audit(config, stage=_as_task, progress=progress)
    place = _as_task("report", keep, report, config.output.folder, config.dataset_name, config.output.history)
    return Answer(report.to_dict(), place)


def _as_task(name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a stage as a Prefect task of this name.

    The task has no parameters: Prefect would look for futures in them, cell by cell in a frame. For the same reason
    nothing is cached and no result is stored.
    """
    watching = onlooker.get()

    @task(name=name, task_run_name=name, cache_policy=NO_CACHE, persist_result=False)
    def run_stage() -> T:
        return watching.stage(name, function, *args, **kwargs)

    return run_stage()
