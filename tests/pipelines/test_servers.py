"""The whole audit through `assay run`: on Prefect's embedded server, and on a server that a user started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from assay.auditing import DEEP, STAGES


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


def post(api: str, path: str, **body: Any) -> Any:
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(api + path, json.dumps(body).encode(), headers)) as answer:
        return json.load(answer)


def test_on_a_server_of_the_user(audit_file, environment, user_server):
    done = assay("run", audit_file, "--quiet", environment=environment | {"PREFECT_API_URL": user_server})
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")

    (run,) = post(user_server, "/flow_runs/filter", sort="START_TIME_DESC", limit=1)
    assert (run["name"], run["state"]["type"], run["state"]["name"]) == ("audit of loans", "FAILED", "Rejected")
    of_run = {"flow_run_id": {"any_": [run["id"]]}}
    tasks = post(user_server, "/task_runs/filter", sort="EXPECTED_START_TIME_ASC", task_runs=of_run)
    assert [task["name"] for task in tasks] == [*(stage for stage in STAGES if stage not in DEEP), "report"]
    assert {task["state"]["name"] for task in tasks} == {"Completed"}
    artifacts = {artifact["key"]: artifact for artifact in post(user_server, "/artifacts/filter", artifacts=of_run)}
    assert {"loans-verdict", "loans-learn", "loans-failed-dq"} <= set(artifacts)
    (report,) = audit_file.parent.glob("audits/loans/*/report.html")
    assert str(report) in artifacts["loans-verdict"]["data"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_ends_a_run_in_one_line(audit_file, environment, user_server):
    settings = environment | {"PREFECT_API_URL": user_server}
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
