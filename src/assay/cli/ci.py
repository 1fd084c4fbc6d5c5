"""What the gate tells a CI system beside its verdict: annotations, the summary and outputs of a step, a comment."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.cli.ending import complain, say
from assay.cli.unobeyed import obeyed, one_command
from assay.errors import AssayError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator


NO_VERDICT = "none"
# Of the answer, in the folder of `--ci-files`.
FILES = ("junit.xml", "report.sarif", "report.md")
_VOID = "No earlier verdict stands in its place."


class CI(StrEnum):
    """The CI system to speak to."""

    AUTO = "auto"
    GITHUB = "github"
    NONE = "none"

    @property
    def is_github(self) -> bool:
        """Whether this process runs, or is to behave as if it ran, in a workflow of GitHub Actions."""
        return self is CI.GITHUB or (self is CI.AUTO and os.environ.get("GITHUB_ACTIONS") == "true")


class Telling:
    """What one audit tells a CI system: nothing of an earlier one stands meanwhile, nor where there is no verdict.

    Parameters
    ----------
    ci
        To whom.
    comment
        File for the comment for a pull request, or None.
    files
        Folder for `FILES`, or None.
    as_text
        Whether text may be printed on standard output, which annotations need.
    """

    def __init__(self, ci: CI, *, comment: Path | None, files: Path | None, as_text: bool) -> None:
        self._ci, self._comment, self._files, self._as_text = ci, comment, files, as_text
        self._told = False

    @contextmanager
    def about(self, config: Path) -> Iterator[None]:
        """Take back what an earlier audit told, and tell that there is no verdict where none follows.

        Raises
        ------
        StorageError
            Where a file of an earlier audit can neither be replaced nor removed.
        """
        name, why = _name_in(config), "The audit did not come to its end: the log says more."
        try:
            self._write(name, None, f"The audit is being made, or was broken off. {_VOID}")
            yield
        except AssayError as error:
            why = str(error)
            raise
        finally:
            if not self._told:
                self._tell_nothing(name, why)

    def tell(self, document: dict[str, Any], place: Path | None) -> None:
        """Print annotations, append the step's summary, set its outputs, and write the files and the comment.

        The outputs are `verdict`, and `report` and `directory` where the audit was saved (`place`).

        Raises
        ------
        StorageError
            Where a file or the comment cannot be written.
        """
        if self._ci.is_github:
            from assay.report import render_annotations, render_markdown

            outputs = {"verdict": document["verdict"]}
            if place is not None:
                outputs |= {"report": str(place / "report.html"), "directory": str(place)}
            self._tell_github(render_annotations(document), render_markdown(document), outputs)
        self._told = True
        self._write(document["name"], document, "")

    def _tell_nothing(self, name: str, why: str) -> None:
        """Whatever ended the audit is being raised: nothing is raised in its place."""
        state = f"The audit was not made: the log of the job says why. {_VOID}"
        if self._ci.is_github:
            from assay.report import render_no_verdict, workflow_command

            annotation = workflow_command("error", why, title=f"No verdict ({name})")
            summary = render_no_verdict(name, state).partition("\n")[2]
            self._tell_github([annotation], summary, {"verdict": NO_VERDICT})
        try:
            self._write(name, None, state)
        except StorageError as error:
            if str(error) != why:
                complain(str(error))

    def _tell_github(self, annotations: list[str], summary: str, outputs: dict[str, str]) -> None:
        if self._as_text:
            for line in annotations:
                say(one_command(line), obeyed(sys.stdout))
        _append("GITHUB_STEP_SUMMARY", summary)
        _append("GITHUB_OUTPUT", "".join(_output(name, value) for name, value in outputs.items()))

    def _write(self, name: str, document: dict[str, Any] | None, state: str) -> None:
        """The files and the comment about a report; without one no files, and `state` as the comment."""
        try:
            if self._comment is not None:
                from assay.report import render_comment, render_no_verdict

                _write_text(self._comment, render_comment(document) if document else render_no_verdict(name, state))
        finally:  # one that fails leaves no earlier verdict in the other
            if self._files is not None:
                _write_files(self._files, document)


def _write_files(folder: Path, document: dict[str, Any] | None) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        remedy = "Give another folder (--ci-files)."
        raise StorageError(f"{folder} cannot be written: {error.strerror}. {remedy}") from error
    if document is None:
        return
    from assay.report import render_junit, render_markdown, render_sarif

    for name, render in zip(FILES, (render_junit, render_sarif, render_markdown), strict=True):
        _write_text(folder / name, render(document))


def _write_text(file: Path, text: str) -> None:
    from assay.store import whole_file

    with whole_file(file) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def _name_in(config: Path) -> str:
    """Name of the dataset in a configuration that may be wrong, so that its comment is found; else the file's."""
    import yaml

    from assay.config_file import CONFIG_NAME, parse_config

    file = config / CONFIG_NAME if config.is_dir() else config
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
        kept = {key: values[key] for key in ("name", "data") if key in values}
        return parse_config({**kept, "label": "-"}).dataset_name
    except (OSError, ValueError, TypeError, RecursionError, yaml.YAMLError, AssayError):
        return file.name


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
