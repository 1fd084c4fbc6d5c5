"""`assay.log_to_mlflow`, against a stand-in that refuses what MLflow refuses."""

from __future__ import annotations

import copy
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import assay
from assay.errors import ConfigurationError
from assay.known import Answer


@pytest.fixture(scope="module")
def audited():
    """The report of a small audit."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    frame = pd.DataFrame({"x": x, "secret": [f"S{i}" for i in range(300)], "y": np.where(x > 0, "yes", "no")})
    report = assay.audit(frame, label="y", id="secret", learning={"repeats": 1, "epochs": 2, "other_models": False})
    return report.to_dict()


@pytest.fixture
def document(audited):
    return copy.deepcopy(audited)


@pytest.fixture
def mlflow(monkeypatch):
    """MLflow's fluent API, with an active run."""
    module = ModuleType("mlflow")
    module.tags, module.metrics, module.files = {}, {}, {}
    # https://mlflow.org/docs/latest/api_reference: names of metrics and tags.
    allowed = re.compile(r"[\w. /-]{1,250}", flags=re.ASCII)

    def set_tags(tags):
        assert all(allowed.fullmatch(key) and isinstance(value, str) for key, value in tags.items())
        module.tags |= tags

    def log_metrics(metrics):
        assert all(allowed.fullmatch(key) and isinstance(value, float) for key, value in metrics.items())
        module.metrics |= metrics

    def log_artifact(path, artifact_path=None):
        module.files[f"{artifact_path}/{Path(path).name}"] = Path(path).read_text(encoding="utf-8")

    module.active_run = object
    module.set_tags, module.log_metrics, module.log_artifact = set_tags, log_metrics, log_artifact
    module.log_text = lambda text, file: module.files.update({file: text})
    monkeypatch.setitem(sys.modules, "mlflow", module)
    return module


def test_verdict_figures_and_report_are_logged(mlflow, document):
    assay.log_to_mlflow(Answer(document, None))
    assert mlflow.tags["assay.verdict"] == document["verdict"]
    assert mlflow.tags["assay.fingerprint"] == document["dataset"]["fingerprint"]
    assert mlflow.metrics["assay.rows.total"] == 300.0
    statuses = [finding["status"] for finding in document["findings"]]
    assert mlflow.metrics["assay.findings.passed"] == statuses.count("passed")
    health = {row[0]: row[1] for row in document["health"]["metrics"]["rows"]}
    assert health
    logged = {key: value for key, value in mlflow.metrics.items() if key.startswith("assay.health.")}
    assert set(health.values()) - {None} <= set(logged.values())
    assert json.loads(mlflow.files["assay/report.json"]) == document
    assert mlflow.files["assay/report.html"].startswith("<!")
    assert set(mlflow.files) == {"assay/report.json", "assay/report.html", "assay/report.md"}


def test_of_a_stored_audit_the_files_themselves_and_no_rows(mlflow, document, tmp_path):
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "clean.csv").write_text("secret\nS1\n")
    for name in ("report.json", "report.html", "attestation.json"):
        (tmp_path / name).write_text(name)
    assay.log_to_mlflow(Answer(document, tmp_path))
    assert mlflow.files == {f"assay/{n}": n for n in ("report.json", "report.html", "attestation.json")}


def test_odd_names_and_unknown_figures(mlflow, document, monkeypatch):
    table = document["health"]["metrics"]
    table["rows"] = [["R² (日本): a/b", 0.5, 0.4, 0.6, 3]]
    table["columns"] = ["metric", "value", "low", "high", "n"]
    document["rows"] |= {"clean": None}
    monkeypatch.setattr("assay.tracking.render_html", lambda _: "")
    assay.log_to_mlflow(Answer(document, None))
    assert [key for key in mlflow.metrics if key.startswith("assay.health.")] == [
        f"assay.health.R_ _____ a/b{end}" for end in ("", ".low", ".high")
    ]
    assert "assay.rows.clean" not in mlflow.metrics


def test_without_a_run_nothing_is_logged(mlflow, document):
    mlflow.active_run = lambda: None
    with pytest.raises(ConfigurationError, match=r"mlflow\.start_run"):
        assay.log_to_mlflow(Answer(document, None))
    assert not mlflow.tags


def test_without_mlflow_the_message_says_what_to_install(monkeypatch, document):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ConfigurationError, match="pip install mlflow"):
        assay.log_to_mlflow(Answer(document, None))


def test_anything_else_is_refused():
    with pytest.raises(ConfigurationError, match="got dict"):
        assay.log_to_mlflow({})
