"""The gate in Python: what lies behind it runs on `pass` and on nothing else."""

from __future__ import annotations

import asyncio
import inspect

import numpy as np
import pandas as pd
import pytest

import assay
from assay.errors import AssayError, ConfigurationError, GateRejected
from assay.gating import gate, require
from assay.known import Answer

FINDING = {"id": "DQ014-1", "code": "DQ014", "message": "x is wrong."}


def answer(verdict: str) -> Answer:
    reasons = [] if verdict == "pass" else [{"finding": "DQ014-1", "message": "x is wrong."}]
    return Answer({"verdict": verdict, "reasons": reasons, "findings": [FINDING, {"id": "DQ001-1"}]}, None)


@pytest.fixture
def verdict(monkeypatch):
    """Let every audit of a configuration answer so."""

    def install(found):
        monkeypatch.setattr("assay.gating.load_config", lambda path: object.__new__(assay.gating.AuditConfig))
        monkeypatch.setattr("assay.gating._of_config", lambda config, *, fresh: found)

    return install


def test_on_pass_the_function_is_called_with_all_it_was_given(verdict):
    verdict(answer("pass"))

    @gate("audit.yaml")
    def train(a, /, b, *, c=3):
        """Train."""
        return a, b, c

    assert train(1, b=2) == (1, 2, 3)
    assert (train.__name__, train.__doc__) == ("train", "Train.")


@pytest.mark.parametrize("found", ["reject", "undecided"])
def test_on_anything_else_nothing_is_called_and_the_exception_carries_the_findings(verdict, found):
    verdict(answer(found))
    called = []
    with pytest.raises(GateRejected, match="x is wrong") as caught:
        gate("audit.yaml")(lambda: called.append(1))()
    assert called == []
    assert (caught.value.verdict, caught.value.findings) == (found, (FINDING,))


def test_an_audit_that_could_not_be_made_lets_nothing_through(tmp_path):
    called = []
    with pytest.raises(AssayError):
        gate(tmp_path / "missing.yaml")(lambda: called.append(1))()
    assert called == []


def test_a_coroutine_function_stays_one(verdict):
    @gate("audit.yaml")
    async def train():
        return 1

    assert inspect.iscoroutinefunction(train)
    verdict(answer("pass"))
    assert asyncio.run(train()) == 1
    verdict(answer("reject"))
    with pytest.raises(GateRejected):
        asyncio.run(train())


def test_a_file_of_data_is_not_taken_for_a_configuration():
    with pytest.raises(ConfigurationError, match=r"assay\.audit\(path, label="):
        require("loans.csv")


@pytest.mark.parametrize("wrong", [None, 3, lambda: None])
def test_what_is_no_audit_is_refused_at_once(wrong):
    with pytest.raises(ConfigurationError, match="must be given an audit"):
        gate(wrong)
    with pytest.raises(ConfigurationError, match="must be given an audit"):
        require(wrong)


def test_a_frame_needs_a_label():
    with pytest.raises(ConfigurationError, match="label must be given"):
        require(pd.DataFrame({"x": [1]}))


def test_settings_beside_a_configuration_are_refused(verdict):
    verdict(answer("pass"))
    with pytest.raises(ConfigurationError, match="label must be left out"):
        require("audit.yaml", label="y")


def test_a_frame_is_audited_and_noise_does_not_pass():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=300), "y": rng.choice(["a", "b"], 300)})
    settings = {"learning": {"repeats": 1, "epochs": 2}, "fairness": {"cleaning_effect": False}}
    with pytest.raises(GateRejected) as caught:
        require(frame, label="y", **settings)
    assert "MH001" in {finding["code"] for finding in caught.value.findings}
    report = assay.audit(frame, label="y", **settings)
    with pytest.raises(GateRejected):
        require(report)


def test_an_audit_is_made_once_and_answered_from_the_record_afterwards(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=300).round(3), "y": rng.choice(["a", "b"], 300)})
    frame.to_csv(tmp_path / "d.csv", index=False)
    file = tmp_path / "audit.yaml"
    file.write_text("label: y\ndata: d.csv\nlearning: {repeats: 1, epochs: 2}\n")
    with pytest.raises(GateRejected) as first:
        require(file)
    monkeypatch.setattr("assay.gating.run_audit", lambda config: pytest.fail("audited again"))
    with pytest.raises(GateRejected) as second:
        require(file)
    assert first.value.place == second.value.place
    assert (first.value.place / "report.html").is_file()


def test_importing_the_module_does_not_hide_the_decorator():
    import assay.deciding

    assert assay.gate is gate
