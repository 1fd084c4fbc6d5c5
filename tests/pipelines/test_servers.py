"""The whole audit through `assay run`: on Prefect's embedded server, and on a server that a user started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assay.auditing import STAGES


@pytest.fixture(scope="module")
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


def assay(*arguments: object, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assay.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)


def test_on_the_embedded_server(audit_file, environment):
    done = assay("run", audit_file, "--json", environment=environment)
    told = json.loads(done.stdout)
    assert done.returncode == told["exit_code"]
    assert told["verdict"] == "reject"
    assert Path(told["report"]).is_file()
    lines = done.stderr.splitlines()
    assert all(line.startswith("assay: ") for line in lines), done.stderr
    assert [line.split(": ")[1] for line in lines][:2] == ["prefect", "ingest"]

    # The same verdict without Prefect, for the same reasons.
    gate = json.loads(assay("gate", audit_file, "--json", "--no-save", environment=environment).stdout)
    assert gate["reasons"] == told["reasons"]


@pytest.fixture(scope="module")
def server(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
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


def post(api: str, path: str, **body: Any) -> Any:
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(api + path, json.dumps(body).encode(), headers)) as answer:
        return json.load(answer)


def test_on_a_server_of_the_user(audit_file, environment, server):
    done = assay("run", audit_file, "--quiet", environment=environment | {"PREFECT_API_URL": server})
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")

    (run,) = post(server, "/flow_runs/filter")
    assert (run["name"], run["state"]["type"], run["state"]["name"]) == ("audit of loans", "FAILED", "Rejected")
    tasks = post(server, "/task_runs/filter", sort="EXPECTED_START_TIME_ASC")
    assert [task["name"] for task in tasks] == [*STAGES, "report"]
    assert {task["state"]["name"] for task in tasks} == {"Completed"}
    artifacts = {artifact["key"]: artifact for artifact in post(server, "/artifacts/filter")}
    assert {"loans-verdict", "loans-learn", "loans-failed-dq"} <= set(artifacts)
    (report,) = audit_file.parent.glob("audits/loans/*/report.html")
    assert str(report) in artifacts["loans-verdict"]["data"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_ends_a_run_in_one_line(audit_file, environment, server):
    settings = environment | {"PREFECT_API_URL": server}
    command = [sys.executable, "-m", "assay.cli", "run", str(audit_file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=settings) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("assay: prefect: ")
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read().splitlines()
    assert process.returncode == 130
    assert rest[-1] == "assay: Interrupted. An audit is written whole, at its end, or not at all."
    assert not (audit_file.parent / "audits").exists()


def test_a_server_that_does_not_answer_is_a_mistake(audit_file, environment):
    done = assay("run", audit_file, environment=environment | {"PREFECT_API_URL": "http://me:secret@127.0.0.1:9/api"})
    assert (done.returncode, done.stdout) == (2, "")
    assert "PREFECT_API_URL must be the address of a running Prefect server, got http://127.0.0.1:9/api" in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr
    assert not (audit_file.parent / "audits").exists()


def test_a_home_that_cannot_be_written_is_a_mistake(audit_file, environment, tmp_path):
    (tmp_path / "file").touch()
    done = assay("run", audit_file, environment=environment | {"PREFECT_HOME": str(tmp_path / "file" / "home")})
    assert (done.returncode, done.stdout) == (2, "")
    assert "PREFECT_HOME must be a folder that can be written" in done.stderr
    assert "Traceback" not in done.stderr
