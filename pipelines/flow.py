"""The flow `audit`: a task a stage, its progress and its verdict in the Prefect UI.

No `from __future__ import annotations` here: Prefect makes the form of the flow's parameters from its annotations,
and cannot resolve them as texts.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.settings import (
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_SERVER_EPHEMERAL_ENABLED,
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
    temporary_settings,
)
from prefect.states import Completed, Failed

from assay.config import AuditConfig
from assay.errors import AssayError, GateRejected
from assay.known import rejection

# Relative, so that the type checker finds it in the checkout, where this package is called `pipelines`.
from .approval import Approval, ask, decision_markdown, record
from .artifacts import artifact_key
from .conducting import Onlooker, Progress, conduct, onlooker, run_plainly
from .events import announce_approval
from .server import SERVER_START_SECONDS, reach_server, silence_console

if TYPE_CHECKING:
    from assay.known import Answer
    from assay.manifest import StageRunner

# In the message of a state, which the UI shows in a line; the artifact and the report have all.
_SHOWN_REASONS = 3


class Audited:
    """A finished audit: its answer.

    No dataclass: Prefect would look for futures in all of its fields, down to the last cell of the report.
    """

    def __init__(self, answer: "Answer") -> None:
        self.answer = answer


class AuditRejected(GateRejected):
    """The verdict of a flow that did not answer `pass`; `audited` is the whole answer, in the process that ran it."""

    def __init__(self, rejected: GateRejected, audited: Audited | None = None) -> None:
        super().__init__(rejected.verdict, rejected.reasons, findings=rejected.findings, place=rejected.place)
        self.audited = audited


def _run_name() -> str:
    config = flow_run.parameters["config"]
    return f"audit of {config.dataset_name if isinstance(config, AuditConfig) else config}"


# A verdict is no accident: running the same audit again gives the same one, so nothing is retried.
@flow(name="audit", flow_run_name=_run_name, retries=0, persist_result=False, result_serializer="json")
def audit_flow(config: AuditConfig | Path, *, fresh: bool = False, approval: bool = False) -> State[Any]:
    """Audit a dataset and end in the state of its verdict: Completed, Rejected or Undecided.

    An audit that could not be made, for a mistake in its configuration or its data, ends in the state Refused.

    Args:
        config: The audit: its configuration, or the path of an audit.yaml.
        fresh: Whether to audit again even where nothing has changed since the last audit.
        approval: Whether to wait, where the verdict is not pass, until a person has decided in the UI. The run ends
            in the state Approved where they let it pass.
    """
    # `Args` in the form of Google: from it Prefect takes what the form of a deployment says of each field.
    try:
        answer = conduct(config, fresh=fresh)
        decided = ask(answer) if approval and answer.verdict != "pass" else None
        if decided is not None:
            _keep(decided, answer)
    except AssayError as error:
        # Returned and not raised: Prefect would log a traceback and write the exception to its storage.
        return Failed(name="Refused", message=str(error), data=error)
    if decided is not None and decided.approved:
        message = f"{answer.verdict}, approved by {decided.name}: {decided.reason} Report: {answer.place}"
        return Completed(name="Approved", message=message, data=Audited(answer))
    return _state(answer)


def run_flow(
    config: AuditConfig,
    *,
    stage: "StageRunner" = run_plainly,
    progress: Progress | None = None,
    quiet: bool = True,
    fresh: bool = False,
) -> "Answer":
    """Run the flow in this process and return its answer, whatever the verdict.

    The run is recorded by the server at PREFECT_API_URL, or without one by an embedded server, which Prefect starts
    and stops with this process.

    Parameters
    ----------
    stage, progress
        Who else watches, as in `assay.auditing.run_audit`.
    quiet
        Whether Prefect's own log stays out of the terminal from now on; the server gets it in any case.
    fresh
        Whether to audit again even where nothing has changed since the last audit.

    Raises
    ------
    AssayError
        What the audit raises; `ConfigurationError` where no Prefect server can be reached.
    """
    if quiet:
        silence_console()
    token = onlooker.set(Onlooker(stage, progress))
    try:
        # The heartbeat tells a server that a run's machine died; in this process it only delays the end by a second.
        settings = {
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
            PREFECT_SERVER_EPHEMERAL_ENABLED: True,
            PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: SERVER_START_SECONDS,
        }
        with temporary_settings(settings):
            stage("prefect", reach_server)
            state: State[Any] = audit_flow(config, fresh=fresh, return_state=True)
    finally:
        onlooker.reset(token)
    result = state.result(raise_on_failure=False)
    if isinstance(result, AuditRejected) and result.audited is not None:
        result = result.audited
    if isinstance(result, BaseException):
        raise result
    answer: Answer = result.answer
    return answer


def _keep(decided: Approval, answer: "Answer") -> None:
    """Record what a person decided, beside the audit and in the UI."""
    record(decided, answer)
    dataset = str(answer.document["name"])
    key, text = artifact_key(dataset, "approval"), decision_markdown(decided)
    create_markdown_artifact(text, key=key, description=text.splitlines()[0].lstrip("# "))
    if decided.approved:
        announce_approval(answer, dataset)


def _state(answer: "Answer") -> State[Any]:
    """The state of a verdict."""
    audited, known = Audited(answer), "Nothing has changed since then: known." if answer.known else ""
    if answer.verdict == "pass":
        return Completed(message=f"pass: {answer.place} {known}".rstrip(), data=audited)
    rejected = AuditRejected(rejection(answer), audited)
    reasons = rejected.reasons
    more = [f"And {len(reasons) - _SHOWN_REASONS} more."] if len(reasons) > _SHOWN_REASONS else []
    message = " ".join([*reasons[:_SHOWN_REASONS], *more, f"Report: {answer.place}", known]).rstrip()
    return Failed(name="Rejected" if answer.verdict == "reject" else "Undecided", message=message, data=rejected)
