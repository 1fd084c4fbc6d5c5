"""What the gate tells a CI system beside its verdict: annotations, the summary and outputs of a step, a comment."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.cli.ending import complain, say

if TYPE_CHECKING:
    from collections.abc import Iterator


class CI(StrEnum):
    """The CI system to speak to."""

    AUTO = "auto"
    GITHUB = "github"
    NONE = "none"

    @property
    def is_github(self) -> bool:
        """Whether this process runs, or is to behave as if it ran, in a workflow of GitHub Actions."""
        return self is CI.GITHUB or (self is CI.AUTO and os.environ.get("GITHUB_ACTIONS") == "true")


@contextmanager
def nothing_obeyed(ci: CI, *, as_text: bool) -> Iterator[None]:
    """Keep GitHub from obeying what is printed meanwhile: a line of text from the data could be a workflow command.

    https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions, "Stopping and starting".
    """
    token = secrets.token_hex(16)
    stopped = ci.is_github and as_text
    if stopped:
        say(f"::stop-commands::{token}")
    try:
        yield
    finally:
        if stopped:
            say(f"::{token}::")


def tell_ci(ci: CI, document: dict[str, Any], place: Path | None, *, as_text: bool) -> None:
    """Print annotations, append the summary of the step, and set its outputs `verdict`, `report` and `directory`.

    Parameters
    ----------
    ci
        To whom.
    document, place
        The report and the directory of the audit; None where it was not saved.
    as_text
        Whether text may be printed on standard output, which annotations need.
    """
    if not ci.is_github:
        return
    from assay.report import render_annotations, render_markdown

    if as_text:
        for line in render_annotations(document):
            say(line)
    outputs = {"verdict": document["verdict"]}
    if place is not None:
        outputs |= {"report": str(place / "report.html"), "directory": str(place)}
    _append("GITHUB_STEP_SUMMARY", render_markdown(document))
    _append("GITHUB_OUTPUT", "".join(_output(name, value) for name, value in outputs.items()))


def write_comment(document: dict[str, Any], file: Path) -> None:
    """Write the comment for a pull request.

    Raises
    ------
    StorageError
        Where it cannot be written.
    """
    from assay.report import render_comment
    from assay.store import whole_file

    with whole_file(file) as partial:
        partial.write_text(render_comment(document), encoding="utf-8", newline="\n")


def _append(variable: str, text: str) -> None:
    """Append to the file that an environment variable names; that it fails changes no verdict."""
    if not (name := os.environ.get(variable)):
        return
    try:
        with Path(name).open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        complain(f"{variable} cannot be written: {error.strerror}. The verdict stands.")


def _output(name: str, value: str) -> str:
    # Nobody knows the delimiter beforehand: a value cannot end itself and set another output.
    delimiter = f"assay-{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
