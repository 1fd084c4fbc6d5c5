"""The flow `audit`: a task a stage, its progress and its verdict in the Prefect UI.

No `from __future__ import annotations` here: Prefect makes the form of the flow's parameters from its annotations,
and cannot resolve them as texts.
"""

import logging
import os
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.logging.handlers import PrefectConsoleHandler
from prefect.runtime import flow_run
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_HOME,
    PREFECT_SERVER_EPHEMERAL_ENABLED,
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
    temporary_settings,
)
from prefect.states import Completed, Failed

from assay.config import AuditConfig
from assay.errors import AssayError, ConfigurationError, GateRejected

# Relative, so that the type checker finds it in the checkout, where this package is called `pipelines`.
from .artifacts import progress_bar, publish

if TYPE_CHECKING:
    from assay.manifest import StageRunner
    from assay.report import AuditReport

P = ParamSpec("P")
T = TypeVar("T")
Progress = Callable[[str, float], None]

# A fresh machine compiles Prefect's server at its first start, which takes longer than Prefect's own 20 s allow for.
_SERVER_START_SECONDS = 120

# In the message of a state, which the UI shows in a line; the artifact and the report have all.
_SHOWN_REASONS = 3


class Audited:
    """A finished audit: the report, and the directory it was written to.

    No dataclass: Prefect would look for futures in all of its fields, down to the frames.
    """

    def __init__(self, report: "AuditReport", place: Path) -> None:
        self.report = report
        self.place = place


class AuditRejected(GateRejected):
    """The verdict of a flow that did not answer `pass`; `audited` is the whole audit, in the process that ran it."""

    def __init__(self, verdict: str, reasons: tuple[str, ...], audited: Audited | None = None) -> None:
        super().__init__(verdict, reasons)
        self.audited = audited


def _plain(_name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    return function(*args, **kwargs)


@dataclass(frozen=True, slots=True)
class _Onlooker:
    """Who else watches the flow in this process: the terminal, when the command line runs it."""

    stage: "StageRunner" = _plain
    progress: Progress | None = None


# Not a parameter of the flow: Prefect sends those to its server.
_onlooker: ContextVar[_Onlooker] = ContextVar("onlooker", default=_Onlooker())  # noqa: B039 -- frozen


def _run_name() -> str:
    config = flow_run.parameters["config"]
    return f"audit of {config.dataset_name if isinstance(config, AuditConfig) else config}"


# A verdict is no accident: running the same audit again gives the same one, so nothing is retried.
@flow(name="audit", flow_run_name=_run_name, retries=0, persist_result=False, result_serializer="json")
def audit_flow(config: AuditConfig | Path) -> State[Any]:
    """Audit a dataset and end in the state of its verdict: Completed, Rejected or Undecided.

    An audit that could not be made, for a mistake in its configuration or its data, ends in the state Refused.

    Parameters
    ----------
    config
        The audit: its configuration, or the path of an audit.yaml.
    """
    try:
        audited = _conduct(config if isinstance(config, AuditConfig) else _load(config))
    except AssayError as error:
        # Returned and not raised: Prefect would log a traceback and write the exception to its storage.
        return Failed(name="Refused", message=str(error), data=error)
    report = audited.report
    if report.decision == "pass":
        return Completed(message=f"pass: {audited.place}", data=audited)
    reasons = tuple(finding.message for finding in report.reasons)
    name = "Rejected" if report.decision == "reject" else "Undecided"
    more = [f"And {len(reasons) - _SHOWN_REASONS} more."] if len(reasons) > _SHOWN_REASONS else []
    message = " ".join([*reasons[:_SHOWN_REASONS], *more, f"Report: {audited.place}"])
    return Failed(name=name, message=message, data=AuditRejected(report.decision, reasons, audited))


def run_flow(
    config: AuditConfig,
    *,
    stage: "StageRunner" = _plain,
    progress: Progress | None = None,
    quiet: bool = True,
) -> tuple["AuditReport", Path]:
    """Run the flow in this process and return the report and its directory, whatever the verdict.

    The run is recorded by the server at PREFECT_API_URL, or without one by an embedded server, which Prefect starts
    and stops with this process.

    Parameters
    ----------
    stage, progress
        Who else watches, as in `assay.auditing.run_audit`.
    quiet
        Whether Prefect's own log stays out of the terminal from now on; the server gets it in any case.

    Raises
    ------
    AssayError
        What the audit raises; `ConfigurationError` where no Prefect server can be reached.
    """
    if quiet:
        _silence_console()
    token = _onlooker.set(_Onlooker(stage, progress))
    try:
        # The heartbeat tells a server that a run's machine died; in this process it only delays the end by a second.
        settings = {
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
            PREFECT_SERVER_EPHEMERAL_ENABLED: True,
            PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: _SERVER_START_SECONDS,
        }
        with temporary_settings(settings):
            stage("prefect", _reach_server)
            state: State[Any] = audit_flow(config, return_state=True)
    finally:
        _onlooker.reset(token)
    result = state.result(raise_on_failure=False)
    if isinstance(result, AuditRejected) and result.audited is not None:
        result = result.audited
    if isinstance(result, BaseException):
        raise result
    return result.report, result.place


def _load(path: Path) -> AuditConfig:
    from assay.config_file import load_config

    return load_config(path)


def _conduct(config: AuditConfig) -> Audited:
    """Audit, write the audit to its folder, and show it in the Prefect UI."""
    from assay.auditing import run_audit
    from assay.store import check_writable, save_audit

    dataset = config.dataset_name
    check_writable(config.output.folder)
    onlooker = _onlooker.get()
    bar = progress_bar(dataset)

    def progress(name: str, fraction: float) -> None:
        bar(name, fraction)
        if onlooker.progress is not None:
            onlooker.progress(name, fraction)

    report = run_audit(config, stage=_as_task, progress=progress)
    place = _as_task("report", save_audit, report, config.output.folder, dataset)
    publish(report, dataset, place)
    return Audited(report, place)


def _as_task(name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a stage as a Prefect task of this name.

    The task has no parameters: Prefect would look for futures in them, cell by cell in a frame. For the same reason
    nothing is cached and no result is stored.
    """
    onlooker = _onlooker.get()

    @task(name=name, task_run_name=name, cache_policy=NO_CACHE, persist_result=False)
    def run_stage() -> T:
        return onlooker.stage(name, function, *args, **kwargs)

    return run_stage()


def _reach_server() -> None:
    """Start the embedded server, or see that the one at PREFECT_API_URL answers."""
    api, home = PREFECT_API_URL.value(), PREFECT_HOME.value()
    instead = "or run the same audit without Prefect: `assay gate`."
    # Prefect itself would start its server again and again, without end.
    if api is None and not _may_write(home):
        raise ConfigurationError(
            f"PREFECT_HOME must be a folder that can be written, got {home}. Set it to another, set PREFECT_API_URL "
            f"to the address of a running server, {instead}"
        )
    try:
        with get_client(sync_client=True) as client:
            problem = client.api_healthcheck()
    except (RuntimeError, OSError) as error:
        raise ConfigurationError(
            f"Prefect's embedded server must start within {_SERVER_START_SECONDS} s, which it does not. Start one "
            f"with `prefect server start` and set PREFECT_API_URL to its address, {instead}"
        ) from error
    if problem is not None:
        parts = urlsplit(api or "the embedded server")
        address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()  # without a password
        raise ConfigurationError(
            f"PREFECT_API_URL must be the address of a running Prefect server, got {address}, which does not answer "
            f"({type(problem).__name__}). Start it with `prefect server start`, unset PREFECT_API_URL, {instead}"
        )


def _may_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _silence_console() -> None:
    # Not undone: Prefect still reports when it stops its embedded server, which is when this process ends.
    for handler in logging.getLogger().handlers:
        if isinstance(handler, PrefectConsoleHandler):
            handler.setLevel(logging.CRITICAL)
    # Ctrl-C in a terminal ends the embedded server too, and what is then logged arrives nowhere.
    logging.raiseExceptions = False
