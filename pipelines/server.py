"""The Prefect server that a run is recorded by: reached before any work begins, or the reason why not."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prefect.client.orchestration import get_client
from prefect.logging.handlers import PrefectConsoleHandler
from prefect.settings import PREFECT_API_URL, PREFECT_HOME

from assay.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

# A fresh machine compiles Prefect's server at its first start, which takes longer than Prefect's own 20 s allow for.
SERVER_START_SECONDS = 120


def reach_server() -> None:
    """Start the embedded server, or see that the one at PREFECT_API_URL answers.

    Raises
    ------
    ConfigurationError
        Where there is none.
    """
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
            f"Prefect's embedded server must start within {SERVER_START_SECONDS} s, which it does not. Start one "
            f"with `prefect server start` and set PREFECT_API_URL to its address, {instead}"
        ) from error
    if problem is not None:
        parts = urlsplit(api or "the embedded server")
        address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()  # without a password
        raise ConfigurationError(
            f"PREFECT_API_URL must be the address of a running Prefect server, got {address}, which does not answer "
            f"({type(problem).__name__}). Start it with `prefect server start`, unset PREFECT_API_URL, {instead}"
        )


def reach_lasting_server() -> None:
    """See that there is a server at PREFECT_API_URL: an embedded one ends with its process and keeps no schedule.

    Raises
    ------
    ConfigurationError
        Where there is none.
    """
    if PREFECT_API_URL.value() is None:
        raise ConfigurationError(
            "PREFECT_API_URL must be the address of a running Prefect server, which keeps the schedule, got none. "
            "Start one with `prefect server start`, then set it, such as to http://127.0.0.1:4200/api."
        )
    reach_server()


def silence_console() -> None:
    """Keep Prefect's own log out of the terminal, from now on; the server gets it in any case."""
    # Not undone: Prefect still reports when it stops its embedded server, which is when this process ends.
    for handler in logging.getLogger().handlers:
        if isinstance(handler, PrefectConsoleHandler):
            handler.setLevel(logging.CRITICAL)
    # Ctrl-C in a terminal ends the embedded server too, and what is then logged arrives nowhere.
    logging.raiseExceptions = False


def _may_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
