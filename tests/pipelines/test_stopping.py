"""An audit that is killed, told to stop or cancelled leaves no half audit; and the schedule of `assay serve`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


def call(api: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(api + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def wait(condition, seconds: float = 120) -> Any:
    """What `condition` returns as soon as it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.2)
    raise AssertionError("it never came true")


@pytest.fixture
def long_audit(audit_file: Path) -> Path:
    """An audit whose training takes much longer than the test."""
    text = audit_file.read_text().replace("repeats: 1, epochs: 2", "repeats: 10, epochs: 500")
    audit_file.write_text(text.replace("name: loans", "name: stopped"))
    return audit_file


def in_training(long_audit: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """A gate that is in the middle of its training."""
    command = [sys.executable, "-m", "assay.cli", "gate", str(long_audit)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("assay: records: "):
            time.sleep(2)  # it trains for minutes
            break
    assert process.poll() is None
    return process


def test_sigkill_in_the_training_leaves_no_half_audit_and_a_rerun_works(long_audit, environment):
    with in_training(long_audit, environment) as process:
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not (long_audit.parent / "audits").exists()
    # What a run leaves that is killed while it writes: removed a day later.
    old, young = (long_audit.parent / "audits" / "stopped" / f".partial-{age}" for age in ("old", "young"))
    for partial in (old, young):
        partial.mkdir(parents=True)
    os.utime(old, times=(0, 0))
    long_audit.write_text(long_audit.read_text().replace("repeats: 10, epochs: 500", "repeats: 1, epochs: 2"))
    command = [sys.executable, "-m", "assay.cli", "gate", str(long_audit), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    told = json.loads(done.stdout)
    assert (told["verdict"], told["known"]) == ("reject", False)
    assert Path(told["report"]).is_file()
    assert young.exists()
    assert not old.exists()


def test_sigterm_ends_the_training_within_seconds(long_audit, environment):
    with in_training(long_audit, environment) as process:
        process.terminate()
        process.wait(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert not (long_audit.parent / "audits").exists()


def test_a_served_audit_runs_and_can_be_cancelled_in_its_training(long_audit, environment, user_server):
    settings = environment | {"PREFECT_API_URL": user_server}
    command = [sys.executable, "-m", "assay.cli", "serve", str(long_audit), "--cron", "0 6 * * *"]
    command += ["--timezone", "Europe/Berlin"]
    with subprocess.Popen(
        command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=long_audit.parent
    ) as process:
        try:
            (deployment,) = wait(
                lambda: call(user_server, "/deployments/filter", {"deployments": {"name": {"any_": ["stopped"]}}})
            )
            (schedule,) = deployment["schedules"]
            assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == ("0 6 * * *", "Europe/Berlin")
            assert deployment["concurrency_options"]["collision_strategy"] == "ENQUEUE"
            assert deployment["parameters"] == {"config": str(long_audit)}
            run = call(user_server, f"/deployments/{deployment['id']}/create_flow_run", {})["id"]
            tasks = {"task_runs": {"flow_run_id": {"any_": [run]}, "name": {"any_": ["learn"]}}}
            running = tasks["task_runs"] | {"state": {"type": {"any_": ["RUNNING"]}}}
            wait(lambda: call(user_server, "/task_runs/filter", {"task_runs": running}))
            cancelling = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
            call(user_server, f"/flow_runs/{run}/set_state", cancelling)
            wait(lambda: call(user_server, f"/flow_runs/{run}")["state"]["type"] == "CANCELLED", 60)
            (learn,) = call(user_server, "/task_runs/filter", tasks)
            assert learn["state"]["type"] == "CRASHED"
            assert not (long_audit.parent / "audits").exists()
        finally:
            process.terminate()
            process.communicate(timeout=60)
    assert process.returncode in {0, 128 + signal.SIGTERM, -signal.SIGTERM}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--cron", "every day"), "--cron must have five fields"),
        (("--cron", "61 6 * * *"), "--cron must have five fields"),
        (("--cron", "0 6 * * *", "--timezone", "Mars/Base"), "--timezone must be a name of the IANA database"),
        (("--cron", "0 6 * * *"), "PREFECT_API_URL must be the address of a running Prefect server"),
    ],
)
def test_a_schedule_that_cannot_be_served_is_a_mistake(audit_file, options, message, monkeypatch):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from assay.cli import app

    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        done = CliRunner().invoke(app, ["serve", str(audit_file), *options])
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_mistake_in_the_configuration_comes_first(audit_file):
    from assay.cli import app

    audit_file.write_text("lable: y\n")
    done = CliRunner().invoke(app, ["serve", str(audit_file), "--cron", "nonsense"])
    assert done.exit_code == 2
    assert "did you mean 'label'" in done.stderr
