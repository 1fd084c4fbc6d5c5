"""What the terminal shows while an audit works."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr

import pytest

from assay.cli.progress import Display


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def work(stream: io.StringIO, *, quiet: bool = False) -> int:
    display = Display(quiet=quiet)

    def learn() -> int:
        for done in (0.0, 0.5, 1.0):
            display.progress("learn", done)
        return 7

    with redirect_stderr(stream), display:
        return display.stage("learn", learn)


def test_a_terminal_shows_a_bar(terminal):
    assert work(terminal) == 7
    assert "learn" in terminal.getvalue()
    assert "\x1b[" in terminal.getvalue()


def test_no_color_is_respected(terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    work(terminal)
    # Cursor movements stay, colours (SGR with a parameter of 30 and more) do not.
    assert not re.search(r"\x1b\[[0-9;]*(3|4|9)[0-9][0-9;]*m", terminal.getvalue())


def test_elsewhere_a_line_a_stage():
    stream = io.StringIO()
    work(stream)
    assert re.fullmatch(r"assay: learn: \d+\.\d s\n", stream.getvalue())


def test_quiet_shows_nothing(terminal):
    assert work(terminal, quiet=True) == 7
    assert terminal.getvalue() == ""


def test_the_terminal_is_given_back_after_an_error(terminal):
    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError), redirect_stderr(terminal), Display(quiet=False) as display:
        display.stage("learn", fail)
    assert terminal.getvalue().count("\x1b[?25l") > 0
    assert terminal.getvalue().count("\x1b[?25h") == terminal.getvalue().count("\x1b[?25l")  # the cursor is back


def test_progress_of_a_stage_that_nobody_started(terminal):
    with redirect_stderr(terminal), Display(quiet=False) as display:
        display.progress("unknown", 0.5)
    assert "unknown" not in terminal.getvalue()
