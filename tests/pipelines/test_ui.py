"""What a person sees in Prefect's own UI, in a real browser, of a real run on a real server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("needs a browser: `make browser` installs chromium", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: `make browser` installs it")


def post(api: str, path: str, **body: Any) -> Any:
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(api + path, json.dumps(body).encode(), headers)) as answer:
        return json.load(answer)


@pytest.fixture
def page(user_server):
    with playwright.sync_playwright() as run:
        browser = run.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 1000}, base_url=user_server.removesuffix("/api"))
        page.set_default_timeout(60_000)
        yield page
        browser.close()


@pytest.fixture
def rejected(audit_file: Path, environment: dict[str, str], user_server: str) -> dict[str, Any]:
    """The run of an audit that is rejected, made once."""

    def runs():
        return post(user_server, "/flow_runs/filter", flow_runs={"name": {"any_": ["audit of shown"]}})

    if not runs():
        audit_file.write_text(audit_file.read_text().replace("name: loans", "name: shown"))
        command = [sys.executable, "-m", "assay.cli", "run", str(audit_file), "--quiet"]
        settings = environment | {"PREFECT_API_URL": user_server}
        assert subprocess.run(command, env=settings, timeout=300, check=False).returncode == 1
    (run,) = runs()
    return run


def is_red(colour: str) -> bool:
    red, green, blue = (float(part) for part in re.findall(r"[\d.]+", colour)[:3])
    return red > 2 * max(green, blue)


def test_whoever_opens_a_rejected_run_sees_verdict_reasons_numbers_and_report(page, rejected, user_server):
    page.goto(f"/runs/flow-run/{rejected['id']}")
    badge = page.locator(".state-badge", has_text="Rejected").first
    badge.wait_for()
    assert is_red(badge.evaluate("badge => getComputedStyle(badge).backgroundColor"))
    page.get_by_text("Do not train on these data yet").first.wait_for()  # in the log, which the page opens with
    page.locator("li.p-tab", has_text="Artifacts").click()
    page.get_by_text("Rejected (DQ100)").first.wait_for()
    page.get_by_role("link", name="shown-verdict").first.click()

    page.get_by_role("heading", name="✘ Rejected: shown").wait_for()
    for heading in ("Reasons", "Numbers", "Stages"):
        assert page.get_by_role("heading", name=heading, exact=True).is_visible()
    numbers = page.locator("table", has_text="AUC on held-out rows")
    assert numbers.locator("tr", has_text="Wrong labels (estimate)").is_visible()
    assert "report.html" in page.get_by_text("Full report:").inner_text()

    # Folded until it is asked for; then the pictures are there.
    picture = page.locator("details img").first
    assert not picture.is_visible()
    page.get_by_text("Pictures:").click()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 200

    # The page of the key is the history of the dataset.
    page.goto("/artifacts/key/shown-verdict")
    page.get_by_text("audit of shown").first.wait_for()


def test_the_second_ui_draws_the_stages(page, rejected, user_server):
    (verdict,) = post(user_server, "/artifacts/filter", artifacts={"key": {"any_": ["shown-verdict"]}})
    page.goto(f"/v2/artifacts/artifact/{verdict['id']}")
    page.get_by_role("heading", name="✘ Rejected: shown").wait_for()
    drawing = page.locator("svg[id^=mermaid]").first
    drawing.wait_for()
    assert "label noise" in drawing.text_content()


def test_the_form_of_a_deployment_can_be_filled_in_and_submitted(page, user_server, tmp_path):
    from assay.pipelines import audit_flow

    flow = post(user_server, "/flows/", name="audit")["id"]
    schema = audit_flow.parameters.model_dump()
    deployment = post(
        user_server,
        "/deployments/",
        name="form",
        flow_id=flow,
        parameters={"config": "audit.yaml"},
        parameter_openapi_schema=schema,
        enforce_parameter_schema=True,
    )
    page.goto(f"/deployments/deployment/{deployment['id']}/run")
    page.get_by_text("The audit: its configuration, or the path of an audit.yaml.").wait_for()
    page.get_by_role("textbox").nth(1).fill(str(tmp_path / "audit.yaml"))
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/deployments/deployment/**")
    page.get_by_text("scheduled to start").first.wait_for()
    runs = post(user_server, "/flow_runs/filter", deployments={"id": {"any_": [deployment["id"]]}})
    assert [run["parameters"]["config"] for run in runs] == [str(tmp_path / "audit.yaml")]
    assert runs[0]["state"]["type"] == "SCHEDULED"
    # A configuration in the form: its sections and their descriptions.
    page.goto(f"/deployments/deployment/{deployment['id']}/run")
    page.get_by_text("AuditConfig").click()
    page.get_by_text("Column that a model would predict.").wait_for()
