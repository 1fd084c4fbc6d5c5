"""The flow against a real Prefect server, with an audit that takes no time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fake_audit import STAGES, FakeReport, finding
from typer.testing import CliRunner

from assay.errors import ConfigurationError, GateRejected, InputError
from assay.findings import Status

pytestmark = pytest.mark.usefixtures("server")


def post(path: str, **body: Any) -> Any:
    """What the server's REST API answers."""
    from prefect import get_client

    with get_client(sync_client=True) as client:
        response = client._client.post(path, json=body)
        response.raise_for_status()
        return response.json()


def last_run() -> dict[str, Any]:
    return post("/flow_runs/filter", sort="START_TIME_DESC", limit=1)[0]


def artifacts_of(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = post("/artifacts/filter", artifacts={"flow_run_id": {"any_": [run["id"]]}})
    return {artifact["key"]: artifact for artifact in found}


def test_a_pass_completes_and_shows_every_stage_as_a_task(fake_audit, config):
    from assay.pipelines import run_flow

    report = FakeReport("pass", findings=(finding("DQ001", status=Status.PASSED),))
    fake_audit(report)
    found, place = run_flow(config)

    assert found is report
    assert (place / "report.json").is_file()
    run = last_run()
    assert run["name"] == "audit of Loans_2026"
    assert (run["state_type"], run["state"]["name"]) == ("COMPLETED", "Completed")
    artifacts = artifacts_of(run)
    assert set(artifacts) == {"loans-2026-verdict", "loans-2026-learn"}
    assert artifacts["loans-2026-learn"]["data"] == 100
    assert str(place / "report.html") in artifacts["loans-2026-verdict"]["data"]


def test_a_reject_is_a_failed_state_of_its_own_name_with_the_reasons(fake_audit, config):
    from assay.pipelines import run_flow

    bad = finding("DQ014", column="<script>|income")
    report = FakeReport("reject", reasons=(bad,), findings=(bad, finding("LN001", status=Status.PASSED)))
    fake_audit(report)
    found, _ = run_flow(config)

    assert found is report
    run = last_run()
    assert (run["state_type"], run["state"]["name"]) == ("FAILED", "Rejected")
    assert "<script>|income is wrong." in run["state"]["message"]
    artifacts = artifacts_of(run)
    assert set(artifacts) == {"loans-2026-verdict", "loans-2026-learn", "loans-2026-failed-dq"}
    assert "&lt;script&gt;\\|income is wrong." in artifacts["loans-2026-verdict"]["data"]
    rows = json.loads(artifacts["loans-2026-failed-dq"]["data"])
    assert [row["check"] for row in rows] == ["DQ014"]
    assert rows[0]["what to do"] == "Fix it."


def test_undecided_raises_where_the_caller_does_not_look(fake_audit, config):
    from assay.pipelines import audit_flow

    unsure = finding("MH001", status=Status.INCONCLUSIVE)
    fake_audit(FakeReport("undecided", reasons=(unsure,), findings=(unsure,)))
    with pytest.raises(GateRejected, match="income is wrong") as caught:
        audit_flow(config)
    assert caught.value.verdict == "undecided"
    assert last_run()["state"]["name"] == "Undecided"


def test_bad_input_is_refused_in_one_sentence(fake_audit, config):
    from assay.pipelines import run_flow

    fake_audit(InputError("loans.csv is empty."))
    with pytest.raises(InputError, match=r"^loans.csv is empty\.$"):
        run_flow(config)
    state = last_run()["state"]
    assert (state["type"], state["name"], state["message"]) == ("FAILED", "Refused", "loans.csv is empty.")


def test_a_path_is_loaded_in_the_flow(fake_audit, tmp_path):
    from assay.pipelines import audit_flow

    (tmp_path / "audit.yaml").write_text("label: y\nname: loans\ndata: loans.csv\nlable: x\n")
    with pytest.raises(ConfigurationError, match="did you mean 'label'"):
        audit_flow(tmp_path / "audit.yaml")
    run = last_run()
    assert run["state"]["name"] == "Refused"
    assert run["name"] == f"audit of {tmp_path / 'audit.yaml'}"


def test_ctrl_c_is_a_crash_and_leaves_nothing(fake_audit, config):
    from assay.pipelines import run_flow

    fake_audit(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run_flow(config)
    assert last_run()["state_type"] == "CRASHED"
    assert not config.output.folder.exists()


def test_whoever_runs_the_flow_may_watch(fake_audit, config):
    from assay.pipelines import run_flow

    fake_audit(FakeReport("pass"))
    stages: list[str] = []
    told: list[tuple[str, float]] = []

    def stage(name, function, /, *args, **kwargs):
        stages.append(name)
        return function(*args, **kwargs)

    run_flow(config, stage=stage, progress=lambda name, fraction: told.append((name, fraction)))
    assert tuple(dict.fromkeys(stages)) == ("prefect", *STAGES, "report")
    assert told[-1] == ("learn", 1.0)


def test_the_form_of_the_parameters_describes_every_section():
    from assay.pipelines import audit_flow

    schema = audit_flow.parameters.model_dump()
    assert schema["required"] == ["config"]
    assert {"AuditConfig", "DataConfig", "PolicyConfig"} <= set(schema["definitions"])


def test_the_command_ends_with_the_code_of_the_verdict(fake_audit, tmp_path):
    from assay.cli import app

    (tmp_path / "audit.yaml").write_text("label: y\nname: loans\ndata: loans.csv\n")
    fake_audit(FakeReport("reject", reasons=(finding("DQ014"),)))
    result = CliRunner().invoke(app, ["run", str(tmp_path / "audit.yaml"), "--quiet"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert last_run()["state"]["name"] == "Rejected"


def test_nothing_is_pickled(fake_audit, config, tmp_path):
    from assay.pipelines import audit_flow
    from prefect.settings import PREFECT_LOCAL_STORAGE_PATH, temporary_settings

    # The one thing that Prefect stores although it is told not to: what the flow raised.
    fake_audit(RuntimeError("a defect"))
    with temporary_settings({PREFECT_LOCAL_STORAGE_PATH: tmp_path / "storage"}), pytest.raises(RuntimeError):
        audit_flow(config)
    stored = list((tmp_path / "storage").iterdir())
    assert [json.loads(file.read_text())["message"] for file in stored] == ["a defect"]


def test_the_schedule_of_the_documentation_is_accepted():
    from assay.pipelines import audit_flow

    deployment = audit_flow.to_deployment(name="n", cron="0 2 * * *", parameters={"config": "/srv/loans/audit.yaml"})
    assert deployment.entrypoint is not None
    assert audit_flow.validate_parameters(deployment.parameters) == {"config": Path("/srv/loans/audit.yaml")}


def test_the_deployments_of_the_project_name_a_flow_and_its_parameters():
    import yaml
    from prefect.flows import load_flow_from_entrypoint

    root = Path(__file__).resolve().parents[2]
    described = yaml.safe_load((root / "prefect.yaml").read_text())["deployments"]
    assert described
    for deployment in described:
        flow = load_flow_from_entrypoint(deployment["entrypoint"], use_placeholder_flow=False)
        (config,) = flow.validate_parameters(deployment["parameters"]).values()
        assert (root / config).is_file()
