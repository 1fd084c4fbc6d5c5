"""action.yml, .pre-commit-hooks.yaml and the examples of docs/ci.md, by their published schemas and by running them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step.get("id") or step["name"]: step for step in ACTION["runs"]["steps"]}
# What an attacker who controls an input would write.
EVIL = "$(touch pwned)`touch pwned`; touch pwned #\" ' ${{ github.token }}.yaml"


def schema_check(schema: str, file: Path) -> None:
    tool = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run([tool, "--builtin-schema", schema, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_is_valid():
    schema_check("vendor.github-actions", ROOT / "action.yml")
    assert set(ACTION["inputs"]) == {"config", "output", "fresh", "python-version"}
    assert set(ACTION["outputs"]) == {"verdict", "report", "directory"}
    assert all(text["description"] for text in (*ACTION["inputs"].values(), *ACTION["outputs"].values()))


def test_no_script_of_the_action_has_an_expression_in_it():
    scripts = [step for step in STEPS.values() if "run" in step]
    assert len(scripts) == 2
    for step in scripts:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
    inputs = {f"inputs.{name}" for name in ACTION["inputs"]}
    used = set(re.findall(r"inputs\.[\w-]+", json.dumps([STEPS["gate"]["env"], STEPS["python"]["with"]])))
    assert used == inputs


def test_outputs_come_from_the_step_that_sets_them():
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.gate.outputs.{name} }}}}"


def run_gate(tmp_path: Path, code: int = 0, **inputs: str) -> tuple[subprocess.CompletedProcess, list[str]]:
    """Run the script of the gate's step, with a stand-in for `assay` that notes its arguments."""
    home = tmp_path / "assay" / "bin"
    home.mkdir(parents=True, exist_ok=True)
    stand_in = home / "assay"
    stand_in.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "$RUNNER_TEMP/arguments"\nexit {code}\n')
    stand_in.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(tmp_path), "RUNNER_OS": "Linux"}
    environment |= {"ASSAY_CONFIG": "audit.yaml", "ASSAY_OUTPUT": "audits", "ASSAY_FRESH": "false"} | inputs
    # As the runner starts `shell: bash`.
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS["gate"]["run"]],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done, (tmp_path / "arguments").read_text().splitlines()


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_the_gates_exit_code_is_the_steps(tmp_path, code):
    done, arguments = run_gate(tmp_path, code)
    assert done.returncode == code
    assert arguments == ["gate", "--ci", "github", "--output", "audits", "--", "audit.yaml"]


def test_inputs_are_text_and_never_commands_or_options(tmp_path):
    done, arguments = run_gate(tmp_path, ASSAY_CONFIG=EVIL, ASSAY_OUTPUT=EVIL, ASSAY_FRESH=EVIL)
    assert done.returncode == 0
    assert arguments == ["gate", "--ci", "github", "--output", EVIL, "--", EVIL]
    assert not (tmp_path / "pwned").exists()
    assert run_gate(tmp_path, ASSAY_CONFIG="--no-save")[1][-2:] == ["--", "--no-save"]
    assert "--fresh" in run_gate(tmp_path, ASSAY_FRESH="true")[1]


def test_the_real_command_takes_these_arguments(tmp_path):
    from typer.testing import CliRunner

    from assay.cli import app

    result = CliRunner().invoke(app, ["gate", "--ci", "github", "--output", str(tmp_path), "--fresh", "--", "--odd"])
    assert result.exit_code == 2
    assert "--odd does not exist" in result.stderr


def test_pre_commit_accepts_the_hook():
    tool = Path(sys.executable).with_name("pre-commit")
    manifest = ROOT / ".pre-commit-hooks.yaml"
    done = subprocess.run([tool, "validate-manifest", manifest], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (hook,) = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    assert (hook["id"], hook["entry"], hook["language"]) == ("assay-gate", "assay gate", "python")
    assert hook["pass_filenames"] is False


def examples(heading: str) -> list[str]:
    """The YAML blocks below a heading of docs/ci.md."""
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^```yaml\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("heading", "schema"),
    [("GitHub", "vendor.github-workflows"), ("GitLab", "vendor.gitlab-ci")],
)
def test_the_examples_are_valid(tmp_path, heading, schema):
    found = examples(heading)
    assert found
    for number, text in enumerate(found):
        file = tmp_path / f"{number}.yml"
        file.write_text(text)
        schema_check(schema, file)


def test_examples_use_inputs_and_outputs_that_there_are():
    for text in examples("GitHub"):
        workflow = yaml.safe_load(text)
        steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
        used = [step for step in steps if step.get("uses", "").startswith("OWNER/assay@")]
        assert all(set(step.get("with", {})) <= set(ACTION["inputs"]) for step in used)
        named = set(re.findall(r"steps\.gate\.outputs\.([\w-]+)", text))
        assert named <= set(ACTION["outputs"])
        # Nor do the examples show how to be attacked.
        assert not any("${{" in step.get("run", "") for step in steps)


def test_the_example_of_a_hook_is_valid(tmp_path):
    (text,) = examples("pre-commit")
    file = tmp_path / ".pre-commit-config.yaml"
    file.write_text(text)
    tool = Path(sys.executable).with_name("pre-commit")
    done = subprocess.run([tool, "validate-config", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
