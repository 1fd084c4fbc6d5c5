"""What is written for Prefect and for Docker is what these read."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_the_automation_of_the_documentation_is_one_that_prefect_takes():
    from prefect.events.schemas.automations import AutomationCore, EventTrigger

    (text,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/prefect.md").read_text(), flags=re.DOTALL)
    automation = AutomationCore.model_validate(yaml.safe_load(text))
    assert isinstance(automation.trigger, EventTrigger)
    assert automation.trigger.expect == {"assay.audit.rejected"}
    assert automation.actions[0].type == "send-notification"


def test_compose_has_a_server_on_postgresql_and_a_worker():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert set(services) == {"database", "server", "worker"}
    assert services["server"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert services["worker"]["depends_on"] == {"server": {"condition": "service_healthy"}}
    assert all("healthcheck" in services[name] for name in ("database", "server"))
    # The same database, and no password in the file.
    url = services["server"]["environment"]["PREFECT_API_DATABASE_CONNECTION_URL"]
    assert re.fullmatch(r"postgresql\+asyncpg://prefect:\$\{POSTGRES_PASSWORD\}@database:5432/prefect", url)
    assert services["database"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    # Prefect's server knows no users: this machine only.
    assert services["server"]["ports"] == ["127.0.0.1:4200:4200"]
    for name in ("server", "worker"):
        assert services[name]["environment"]["DO_NOT_TRACK"] == "1"
    pools = {d["work_pool"]["name"] for d in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]}
    assert all(f"worker start --pool {pool}" in services["worker"]["command"][-1] for pool in pools)


def test_the_settings_of_compose_are_settings_of_prefect():
    from prefect.settings import Settings
    from prefect.settings.legacy import _get_settings_fields

    known = set(_get_settings_fields(Settings)) | {"PREFECT_API_DATABASE_CONNECTION_URL"}
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    named = {name for service in services.values() for name in service["environment"] if name.startswith("PREFECT_")}
    assert named <= known, named - known


def test_the_screenshots_are_there_and_small():
    for name in ("prefect-rejected.png", "prefect-passed.png"):
        assert f"images/{name}" in (ROOT / "docs/prefect.md").read_text()
        assert (ROOT / "docs/images" / name).stat().st_size < 300_000
