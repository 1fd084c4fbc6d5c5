"""The flow against a real Prefect server, with an audit that takes no time."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass
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
    answer = run_flow(config)
    place = answer.place

    assert answer.document == report.to_dict()
    assert (place / "report.json").is_file()
    run = last_run()
    assert run["name"] == "audit of Loans_2026"
    assert (run["state_type"], run["state"]["name"]) == ("COMPLETED", "Completed")
    artifacts = artifacts_of(run)
    assert set(artifacts) == {f"loans-2026-{kind}" for kind in ("verdict", "learn", "rates", "groups")}
    assert artifacts["loans-2026-learn"]["data"] == 100
    assert str(place / "report.html") in artifacts["loans-2026-verdict"]["data"]


def test_a_reject_is_a_failed_state_of_its_own_name_with_the_reasons(fake_audit, config):
    from assay.pipelines import run_flow

    bad = finding("DQ014", column="<script>|income")
    report = FakeReport("reject", reasons=(bad,), findings=(bad, finding("LN001", status=Status.PASSED)))
    fake_audit(report)
    assert run_flow(config).document == report.to_dict()
    run = last_run()
    assert (run["state_type"], run["state"]["name"]) == ("FAILED", "Rejected")
    assert "<script>|income is wrong." in run["state"]["message"]
    artifacts = artifacts_of(run)
    assert "loans-2026-failed-dq" in artifacts
    assert "&lt;script&gt;\\|income is wrong." in artifacts["loans-2026-verdict"]["data"]
    assert artifacts["loans-2026-verdict"]["description"].startswith("Rejected \\(DQ014\\).")
    assert artifacts["loans-2026-rates"]["data"].startswith("data:image/svg+xml;base64,")
    rows = json.loads(artifacts["loans-2026-failed-dq"]["data"])
    assert [row["check"] for row in rows] == ["DQ014"]
    assert rows[0]["what to do"] == "Fix it."


def test_what_is_known_is_answered_from_the_record_and_published_again(fake_audit, tmp_path):
    from assay.pipelines import run_flow

    from assay.config_file import parse_config
    from assay.known import identity_of

    (tmp_path / "loans.csv").write_text("x,y\n1,a\n")
    config = parse_config({"label": "y", "data": "loans.csv", "name": "known"}, base=tmp_path)
    bad = finding("DQ014")
    fake_audit(FakeReport("reject", (bad,), (bad,), {"identity": identity_of(config), "created": "2026-01-02"}))
    first = run_flow(config)
    fake_audit(RuntimeError("audited again"))
    again = run_flow(config)
    assert (again.known, again.place, again.document) == (True, first.place, first.document)
    run = last_run()
    assert run["state"]["name"] == "Rejected"
    assert run["state"]["message"].endswith("Nothing has changed since then: known.")
    assert "Nothing has changed since the audit of" in artifacts_of(run)["known-verdict"]["data"]
    with pytest.raises(RuntimeError, match="audited again"):
        run_flow(config, fresh=True)


def test_undecided_raises_where_the_caller_does_not_look(fake_audit, config):
    from assay.pipelines import audit_flow

    unsure = finding("MH001", status=Status.INCONCLUSIVE)
    fake_audit(FakeReport("undecided", reasons=(unsure,), findings=(unsure,)))
    with pytest.raises(GateRejected, match="income is wrong") as caught:
        audit_flow(config)
    assert caught.value.verdict == "undecided"
    assert [found["code"] for found in caught.value.findings] == ["MH001"]
    assert (caught.value.place / "report.json").is_file()
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
    assert all(field["description"] for field in schema["properties"].values())
    # Descriptions, limits and choices are what a form is made of.
    for section in (part for name, part in schema["definitions"].items() if name.endswith("Config")):
        # A section that is described by its own model says so there.
        assert all("description" in f or "$ref" in f for f in section["properties"].values()), section["title"]
    validation = schema["definitions"]["ValidationConfig"]["properties"]
    assert (validation["max_missing_share"]["minimum"], validation["max_missing_share"]["maximum"]) == (0, 1)
    assert validation["backend"]["enum"] == ["auto", "pandas", "sql", "spark"]


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
    parameters = audit_flow.validate_parameters(deployment.parameters)
    assert parameters == {"config": Path("/srv/loans/audit.yaml"), "fresh": False, "approval": False}


def test_the_deployments_of_the_project_name_a_flow_and_its_parameters():
    import yaml
    from prefect.flows import load_flow_from_entrypoint

    root = Path(__file__).resolve().parents[2]
    described = yaml.safe_load((root / "prefect.yaml").read_text())["deployments"]
    assert {deployment["name"] for deployment in described} == {"nightly-loans", "nightly-folder", "gate"}
    for deployment in described:
        flow = load_flow_from_entrypoint(deployment["entrypoint"], use_placeholder_flow=False)
        what, *_ = flow.validate_parameters(deployment["parameters"]).values()
        assert (root / what).exists()
        assert deployment["description"]
        assert "assay" in deployment["tags"]
        assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}
        assert deployment["work_pool"] == {"name": "local"}


def test_every_event_of_a_verdict_has_codes_and_counts_only(fake_audit, config, monkeypatch):
    from assay.pipelines import events, run_flow

    emitted = []
    monkeypatch.setattr(events, "emit_event", lambda event, **told: emitted.append((event, told)))
    for verdict, reasons in (("pass", ()), ("reject", (finding("DQ014"),)), ("undecided", (finding("MH001"),))):
        fake_audit(FakeReport(verdict, reasons, reasons))
        run_flow(config)
    assert [event for event, _ in emitted] == [f"assay.audit.{what}" for what in ("passed", "rejected", "undecided")]
    told = emitted[1][1]
    assert told["resource"]["prefect.resource.id"] == "assay.dataset.Loans_2026"
    assert told["payload"]["reasons"] == ["DQ014"]
    assert "income" not in json.dumps(told)


def test_a_folder_runs_every_audit_and_ends_in_the_worst_state(fake_audit, tmp_path):
    from assay.pipelines import audit_folder_flow

    for name, text in {
        "a": "label: y\nname: a\ndata: x.csv\n",
        "b": "lable: y\n",
        "c": "label: y\nname: c\ndata: x.csv\n",
        ".hidden": "label: y\n",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "audit.yaml").write_text(text)
    fake_audit(FakeReport("reject", (finding("DQ014"),)))
    state = audit_folder_flow(tmp_path, return_state=True)
    assert (state.type, state.name) == ("FAILED", "Rejected")
    assert state.message.startswith("2 Rejected, 1 Refused of 3.")
    run = next(run for run in post("/flow_runs/filter", sort="START_TIME_DESC", limit=4) if "audits of" in run["name"])
    (table,) = artifacts_of(run).values()
    rows = json.loads(table["data"])
    assert [(row["configuration"], row["state"]) for row in rows] == [
        ("a/audit.yaml", "Rejected"),
        ("c/audit.yaml", "Rejected"),
        ("b/audit.yaml", "Refused"),
    ]
    assert "did you mean 'label'" in rows[2]["message"]
    fake_audit(FakeReport("pass", findings=(finding("DQ001", status=Status.PASSED),)))
    (tmp_path / "b" / "audit.yaml").unlink()
    assert audit_folder_flow(tmp_path, return_state=True).name == "Completed"
    # A defect in one says nothing good of the whole.
    fake_audit(RuntimeError("a defect"))
    assert audit_folder_flow(tmp_path, return_state=True).name == "Failed"


def test_a_folder_without_audits_is_refused(tmp_path):
    from assay.pipelines import audit_folder_flow

    state = audit_folder_flow(tmp_path, return_state=True)
    assert (state.name, state.type) == ("Refused", "FAILED")
    assert "there is none" in state.message


def test_a_training_behind_the_gate_runs_only_where_it_passes(fake_audit, tmp_path):
    from assay.pipelines import require_audit
    from prefect import flow

    (tmp_path / "audit.yaml").write_text("label: y\nname: gated\ndata: loans.csv\n")
    trained = []

    @flow
    def training():
        trained.append(require_audit(tmp_path / "audit.yaml"))

    bad = finding("DQ014")
    fake_audit(FakeReport("reject", (bad,), (bad,)))
    with pytest.raises(GateRejected, match="income is wrong") as caught:
        training()
    assert [found["code"] for found in caught.value.findings] == ["DQ014"]
    assert trained == []
    # The artifacts are shown with the run of the training.
    assert "gated-verdict" in artifacts_of(last_run())
    fake_audit(FakeReport("pass", findings=(finding("DQ001", status=Status.PASSED),)))
    training()
    assert (trained[0] / "report.json").is_file()


@dataclass
class WithRows(FakeReport):
    """With the clean rows beside the report: numbers, a category, a missing value, and a label that can be learned."""

    def write(self, folder):
        super().write(folder)
        (folder / "rows").mkdir()
        lines = [f"{row},{row % 40},{'' if row == 3 else 'ab'[row % 2]},{'yn'[row % 40 < 20]}" for row in range(400)]
        (folder / "rows" / "clean.csv").write_text("\n".join(["id,x,kind,y", *lines]))


def test_the_example_trains_a_network_only_behind_the_gate(fake_audit, tmp_path):
    from assay.pipelines.training_example import train_behind_gate

    (tmp_path / "audit.yaml").write_text("label: y\nid: id\nname: example\ndata: loans.csv\n")
    fake_audit(WithRows("undecided", (finding("MH001"),), (finding("MH001"),)))
    with pytest.raises(GateRejected):
        train_behind_gate(tmp_path / "audit.yaml", tmp_path / "model.pt")
    assert not (tmp_path / "model.pt").exists()
    fake_audit(WithRows("pass", findings=(finding("DQ001", status=Status.PASSED),)))
    assert train_behind_gate(tmp_path / "audit.yaml", tmp_path / "model.pt") > 0.9
    assert (tmp_path / "model.pt").is_file()


@pytest.fixture
def impatient(monkeypatch):
    from assay.pipelines import approval

    monkeypatch.setattr(approval, "_POLL_SECONDS", 0.2)
    monkeypatch.setattr(approval, "WAIT_SECONDS", 60)
    return approval


def resume(run_input):
    """Fill in the form of the run that is paused, as the UI does; gives a list that the server's answer comes into."""
    answers = []

    def fill_in():
        for _ in range(300):
            paused = post("/flow_runs/filter", flow_runs={"state": {"type": {"any_": ["PAUSED"]}}})
            keys = post(f"/flow_runs/{paused[0]['id']}/input/filter", prefix="paused", limit=9) if paused else []
            if any(entry["key"].endswith("schema") for entry in keys):
                answers.extend(post(f"/flow_runs/{paused[0]['id']}/resume", run_input=tried) for tried in run_input)
                return
            time.sleep(0.1)

    thread = threading.Thread(target=fill_in)
    thread.start()
    return thread, answers


APPROVE = {"decision": "approve in spite of it", "name": "Ada", "reason": "Typing errors; mended at the source."}


def test_a_person_can_approve_a_rejected_audit(fake_audit, config, impatient):
    from assay.pipelines import audit_flow

    bad = finding("DQ014")
    report = FakeReport("reject", (bad,), (bad,))
    fake_audit(report)
    # Without a name, and with a reason of spaces, the form is not taken.
    wrong = [{**APPROVE, "name": ""}, {**APPROVE, "reason": "  "}, {**APPROVE, "decision": "yes"}]
    thread, answers = resume([*wrong, APPROVE])
    state = audit_flow(config, approval=True, return_state=True)
    thread.join()
    assert [answer["status"] for answer in answers] == ["REJECT", "REJECT", "REJECT", "ACCEPT"]
    assert (state.type, state.name) == ("COMPLETED", "Approved")
    assert "approved by Ada" in state.message
    place = state.result().answer.place
    (decision,) = json.loads((place / "approval.json").read_text())["decisions"]
    assert {key: decision[key] for key in ("decision", "name", "reason", "verdict")} == {
        "decision": "approve",
        "name": "Ada",
        "reason": APPROVE["reason"],
        "verdict": "reject",
    }
    stored = (place / "report.json").read_bytes()
    assert decision["report_sha256"] == hashlib.sha256(stored).hexdigest()
    assert json.loads(stored) == report.to_dict()
    assert "By **Ada**" in artifacts_of(last_run())["loans-2026-approval"]["data"]


def test_a_person_can_keep_the_verdict_and_nobody_need_answer(fake_audit, config, impatient, monkeypatch):
    from assay.pipelines import audit_flow

    unsure = finding("MH001", status=Status.INCONCLUSIVE)
    fake_audit(FakeReport("undecided", (unsure,), (unsure,)))
    thread, _ = resume([{**APPROVE, "decision": "keep the verdict"}])
    state = audit_flow(config, approval=True, return_state=True)
    thread.join()
    assert (state.type, state.name) == ("FAILED", "Undecided")
    monkeypatch.setattr(impatient, "WAIT_SECONDS", 1)
    state = audit_flow(config, approval=True, return_state=True)
    assert (state.type, state.name) == ("FAILED", "Undecided")
    assert last_run()["state"]["name"] == "Undecided"
    # Of a pass nobody is asked.
    fake_audit(FakeReport("pass", findings=(finding("DQ001", status=Status.PASSED),)))
    assert audit_flow(config, approval=True, return_state=True).name == "Completed"


def test_a_damaged_record_of_approvals_is_not_replaced(tmp_path):
    from assay.pipelines import approval

    from assay.errors import StorageError
    from assay.known import Answer

    for text in ("{", "[]", '{"schema": "assay-approval/9", "decisions": []}', "{}"):
        (tmp_path / "approval.json").write_text(text)
        with pytest.raises(StorageError, match="must be a record of approvals"):
            approval.read_decisions(Answer({}, tmp_path))
