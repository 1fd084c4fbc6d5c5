"""A Prefect server of the tests' own, and an audit that takes no time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

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
