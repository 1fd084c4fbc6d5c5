"""Printed text that no CI system obeys: a line from the data could be a command to the runner.

GitHub Actions obeys a line that begins with `::`, and `##[` anywhere in a line; Azure Pipelines obeys `##vso[`. The
runner reads both streams of a step, in an order that nobody knows: so the commands are broken up, which holds for any
line, and not stopped (`::stop-commands::`), which holds for what comes between two lines.
https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
"""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

# What obeys printed commands says so in one of these.
_RUNNERS = ("GITHUB_ACTIONS", "TF_BUILD")
# The runner compares as its culture does, which sees no zero-width characters: they, and others, may stand between.
_AT_START = re.compile(r"^([^!-~\w\n]*:[^ -~\w]*):", re.MULTILINE)
_ANYWHERE = re.compile(r"(#[^ -~\r\n]*)#(?=[^ -/:-@\[-`{-~\r\n]*\[)")


def unobeyed(text: str) -> str:
    r"""Return lines with the second character of each command as an escape, which JSON reads as that character.

    >>> unobeyed("::add-mask::x"), unobeyed('{"name": "##[group]"}')
    (':\\u003aadd-mask::x', '{"name": "#\\u0023[group]"}')
    """
    # A carriage return ends a line too, for the runner and not for `re`.
    lines = (_AT_START.sub(r"\1\\u003a", line) for line in text.split("\r"))
    return one_command("\r".join(lines))


def one_command(line: str) -> str:
    """Return a workflow command that is meant, `::name ...::text`, with no other one in its text."""
    return _ANYWHERE.sub(r"\1\\u0023", line)


@contextmanager
def nothing_obeyed(*, always: bool = False) -> Iterator[None]:
    """Keep CI systems from obeying what is printed meanwhile, except for what is printed on `obeyed`.

    Elsewhere than in CI (unless `always`), and where a stream goes to a file, what is printed stays as it is.
    """
    if not always and not any(os.environ.get(name, "").lower() == "true" for name in _RUNNERS):
        yield
        return
    out, err = _guarded(sys.stdout), _guarded(sys.stderr)
    with redirect_stdout(out), redirect_stderr(err):
        try:
            yield
        finally:
            for stream in (out, err):
                if isinstance(stream, _Unobeyed):
                    stream.end()


def obeyed(stream: TextIO) -> TextIO:
    """The stream behind one on which nothing is obeyed, for commands that are meant."""
    return stream.behind if isinstance(stream, _Unobeyed) else stream


class _Unobeyed:
    """A text stream that passes whole lines on, changed by `unobeyed`; otherwise it is the one behind it."""

    def __init__(self, behind: TextIO) -> None:
        self.behind = behind
        self._line = ""

    def write(self, text: str) -> int:
        lines, newline, rest = (self._line + text).rpartition("\n")
        self._line = rest
        if newline:
            self.behind.write(unobeyed(lines) + newline)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        self.behind.flush()

    def end(self) -> None:
        """Pass on what no newline ended."""
        if self._line:
            self.behind.write(unobeyed(self._line))
            self._line = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)


def _guarded(stream: TextIO) -> TextIO:
    if isinstance(stream, _Unobeyed) or _is_file(stream):
        return stream
    return cast("TextIO", _Unobeyed(stream))


def _is_file(stream: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # closed, or none of the system's
        return False
