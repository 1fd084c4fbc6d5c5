"""Approval by a person: a form in the Prefect UI, and a record of the decision beside the audit.

The verdict and the report stay as they are: who approves answers for training in spite of the verdict.

No `from __future__ import annotations`: Prefect makes the form from the annotations.
"""

import datetime as dt
import hashlib
import json
from typing import Annotated, Any, Literal
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.runtime import flow_run
from prefect.states import Running
from pydantic import Field

from assay.errors import StorageError
from assay.known import Answer
from assay.store import REPORT, whole_file

from .verdict_page import escape

APPROVALS = "approval.json"
SCHEMA = "assay-approval/1"

# A night and a day at work. The run holds its place in the work pool meanwhile.
WAIT_SECONDS = 24 * 60 * 60
_POLL_SECONDS = 5
_SHOWN_REASONS = 5

# Something but spaces. As a pattern, so that the server too refuses what has none, and the form asks again.
Words = Annotated[str, Field(pattern=r"\S")]


class Approval(RunInput):
    """What a person decides on an audit whose verdict is not `pass`."""

    decision: Literal["keep the verdict", "approve in spite of it"] = Field(
        "keep the verdict", description="Whether what waits for this audit, such as a training, may go on."
    )
    name: Words = Field(max_length=100, description="Who decides. It is recorded as it is written here.")
    reason: Words = Field(max_length=1000, description="Why. It is recorded beside the audit.")

    @property
    def approved(self) -> bool:
        """Whether the training may go on."""
        return self.decision == "approve in spite of it"


def ask(answer: Answer) -> Approval | None:
    """Pause the flow run until a person has filled in the form; None where nobody did in time.

    Must be called in a flow, and not in a task of it.
    """
    reasons = [f"- **{reason['code']}** {escape(reason['message'])}" for reason in answer.document["reasons"]]
    more = len(reasons) - _SHOWN_REASONS
    lines = [
        f"The verdict is **{answer.verdict}**:\n",
        *reasons[:_SHOWN_REASONS],
        *([f"- and {more} more in the report"] if more > 0 else []),
        "\nThe verdict and the report stay as they are, whatever is decided here.",
    ]
    form = Approval.with_initial_data(description="\n".join(lines))
    try:
        decided: Approval = pause_flow_run(wait_for_input=form, timeout=WAIT_SECONDS, poll_interval=_POLL_SECONDS)
    except FlowPauseTimeout:
        # The server would answer any state that comes after a pause in which nobody answered with one of its own.
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(UUID(str(flow_run.id)), Running(), force=True)
        return None
    return decided


def record(approval: Approval, answer: Answer) -> None:
    """Append a decision to `approval.json` beside the audit.

    Raises
    ------
    StorageError
        Where it cannot be written, or what is there is no such file.
    """
    assert answer.place is not None  # the flow stores every audit
    file = answer.place / APPROVALS
    decision = {
        "time": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "verdict": answer.verdict,
        "report_sha256": hashlib.sha256((answer.place / REPORT).read_bytes()).hexdigest(),
        "decision": "approve" if approval.approved else "keep",
        "name": approval.name.strip(),
        "reason": approval.reason.strip(),
        "flow_run": str(flow_run.id),
    }
    known = {"schema": SCHEMA, "decisions": [*read_decisions(answer), decision]}
    with whole_file(file) as place:
        place.write_text(json.dumps(known, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_decisions(answer: Answer) -> list[dict[str, Any]]:
    """Return what was decided on an audit, oldest first.

    Raises
    ------
    StorageError
        Where the file is damaged.
    """
    assert answer.place is not None
    file = answer.place / APPROVALS
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        # The schema as a key: a file of another one is as unreadable as none.
        return list({SCHEMA: known["decisions"]}[known["schema"]])
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"{file} must be a record of approvals of the schema '{SCHEMA}', which it is not. Move it away."
        ) from error


def decision_markdown(approval: Approval) -> str:
    """Return a decision as Markdown."""
    what = "Approved in spite of the verdict" if approval.approved else "The verdict was kept"
    return f"# {what}\n\nBy **{escape(approval.name)}**: {escape(approval.reason)}\n"
