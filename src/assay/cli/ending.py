"""How a command begins and ends: its streams, and the exit code for everything that can happen.

0 pass, 1 reject, 2 a mistake in the configuration, the data or the place of the output, 3 undecided, 70 broken down
(a defect of Assay: no audit was made), 130 interrupted.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from assay.cli.unobeyed import nothing_obeyed
from assay.errors import AssayError

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_CODES = {"pass": 0, "reject": 1, "undecided": 3}
MISTAKE = 2
BROKEN_DOWN = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130  # 128 + SIGINT, as shells count


def prepare(*, verbose: bool) -> None:
    """Make the streams fit for any text, and keep the libraries' logs and warnings off the terminal or show them."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            # A name that the terminal's encoding cannot show is escaped; the verdict must not die of it.
            reconfigure(errors="backslashreplace")
    if verbose:
        logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
        logging.getLogger("assay").setLevel(logging.INFO)
        return
    # Without a handler Python prints errors itself; a crashed check has its traceback logged, which quotes values.
    logging.getLogger().addHandler(logging.NullHandler())
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


@contextmanager
def ending(*, verbose: bool, in_ci: bool = False) -> Iterator[None]:
    """Turn whatever ends a command into one message and an exit code; a CI system obeys nothing that it prints."""
    with nothing_obeyed(always=in_ci), _ended(verbose=verbose):
        yield


@contextmanager
def _ended(*, verbose: bool) -> Iterator[None]:
    prepare(verbose=verbose)
    try:
        yield
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        complain("Interrupted. An audit is written whole, at its end, or not at all.")
        raise typer.Exit(INTERRUPTED) from None
    except AssayError as error:
        if verbose:
            traceback.print_exc()
        complain(str(error))
        raise typer.Exit(MISTAKE) from error
    except Exception as error:
        if verbose:
            traceback.print_exc()
        complain(_breakdown(error, verbose=verbose))
        raise typer.Exit(BROKEN_DOWN) from error


def complain(message: str) -> None:
    """Print an error, a line each, on standard error; nothing in it is markup or moves the cursor."""
    for line in message.splitlines():
        say(f"assay: {printable(line)}", sys.stderr)


def say(text: str, stream: TextIO | None = None) -> None:
    """Print, by default on standard output; a reader that went away, such as `head`, is no error."""
    stream = stream or sys.stdout
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # What is still to be printed goes nowhere, so that Python does not stumble over it at its end.
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())


def printable(text: str) -> str:
    r"""Return `text` with characters that a terminal would obey or hide written as escapes.

    >>> printable("a\x1b[31mb\u202ec")
    'a\\x1b[31mb\\u202ec'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _breakdown(error: Exception, *, verbose: bool) -> str:
    # The text of an exception often quotes values of the data: it is shown with the traceback only.
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    advice = "" if verbose else " Run again with --verbose for the traceback."
    return (
        f"The audit broke down and decides nothing: {type(error).__name__}{where}.{advice} "
        "This is a defect of Assay: please report it."
    )
