"""A Prefect server of the tests' own, and an audit that takes no time."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fake_audit import STAGES, FakeReport

from assay.config_file import parse_config


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Prefect server with a database and a home of its own, for all tests of this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        patch.delenv("PREFECT_API_URL", raising=False)
        from prefect.testing.utilities import prefect_test_harness

        with prefect_test_harness(server_startup_timeout=120):
            yield


@pytest.fixture
def fake_audit(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put an audit in the place of the real one: `fake_audit(report)` or `fake_audit(error)`."""

    def install(outcome: FakeReport | BaseException) -> None:
        def work(name, progress):
            for done in range(101 if progress else 0):
                progress(name, done / 100)

        def run_audit(config, *, frame=None, stage, progress=None):
            for name in STAGES:
                stage(name, work, name, progress if name == "learn" else None)
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        module = ModuleType("assay.auditing")
        module.run_audit = run_audit  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "assay.auditing", module)

    return install


@pytest.fixture
def config(tmp_path: Path) -> Any:
    return parse_config({"label": "y", "data": "loans.csv", "name": "Loans_2026"}, base=tmp_path)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment without Prefect's settings, and with a home for it that nobody else uses."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return clean | {"PREFECT_HOME": str(tmp_path_factory.mktemp("prefect"))}


@pytest.fixture
def audit_file(tmp_path: Path) -> Path:
    """Four hundred rows that can be learned, with ages that the suite calls impossible."""
    rng = np.random.default_rng(0)
    income = rng.normal(50, 10, 400).round(1)
    frame = pd.DataFrame(
        {
            "income": income,
            "age": np.where(np.arange(400) < 5, -1, rng.integers(18, 80, 400)),
            "sex": rng.choice(["Female", "Male"], 400),
            "approved": np.where(income + rng.normal(0, 5, 400) > 50, "yes", "no"),
        }
    )
    frame.to_csv(tmp_path / "loans.csv", index=False)
    rule = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "age", "min_value": 0}}
    (tmp_path / "suite.json").write_text(json.dumps({"name": "loans", "expectations": [rule]}))
    file = tmp_path / "audit.yaml"
    file.write_text(
        "name: loans\ndata: loans.csv\nlabel: approved\nsensitive: [sex]\n"
        "validation: {suite: suite.json}\nlearning: {repeats: 1, epochs: 2}\n"
    )
    return file


@pytest.fixture(scope="session")
def user_server(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API's address of a server that was started by hand."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    api = f"http://127.0.0.1:{port}/api"
    settings = environment | {
        "PREFECT_HOME": str(tmp_path_factory.mktemp("server")),
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start"],
        env=settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{api}/health")
                break
            except OSError:
                assert process.poll() is None, "the server ended"
                time.sleep(0.5)
        yield api
    finally:
        process.terminate()
        process.wait(timeout=60)
