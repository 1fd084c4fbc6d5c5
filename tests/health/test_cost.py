"""What stages take, and MH012: measured against limits, projected to more rows, and None where nothing is known."""

from __future__ import annotations

import json
import sys
import types

import numpy as np
import pandas as pd
import pytest

from assay import audit, metering
from assay.config import HealthConfig, LearningConfig
from assay.config_file import parse_config
from assay.findings import Severity, Status
from assay.health import HealthContext, assess_health
from assay.health.cost import PART
from assay.learning import out_of_sample
from assay.manifest import Meter, write_manifest

COSTS = {
    "ingest": {"seconds": 1.0, "cpu_seconds": 0.5, "peak_memory_mb": 200.0},
    "learn": {"seconds": 9.0, "cpu_seconds": 12.0, "peak_memory_mb": 700.0, "gpu_memory_mb": None, "joules": None},
    "label noise": {
        "seconds": 2.0,
        "cpu_seconds": 2.0,
        "peak_memory_mb": 650.0,
        "gpu_memory_mb": None,
        "joules": None,
    },
}
DETAILS = {"members": 10, "epochs": 8, "rows a member": 480, "most row visits": 10 * 8 * 480 * 20}


def run_stage(_name, function, /, *args, **kwargs):
    return function(*args, **kwargs)


class NVMLError(Exception):
    pass


def fake_nvml(counters, *, init=None):
    """NVML with a counter (millijoules, or an error) for each GPU: each list is read from the front."""
    nvml = types.ModuleType("pynvml")

    def energy(handle):
        found = counters[handle].pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def initialise():
        if init is not None:
            raise init

    nvml.NVMLError = NVMLError
    nvml.nvmlInit = initialise
    nvml.nvmlDeviceGetCount = lambda: len(counters)
    nvml.nvmlDeviceGetHandleByIndex = lambda index: sorted(counters)[index]
    nvml.nvmlDeviceGetUUID = lambda handle: handle
    nvml.nvmlDeviceGetTotalEnergyConsumption = energy
    return nvml


@pytest.fixture
def with_gpus(monkeypatch):
    """Install a fake NVML, and say which GPUs torch holds memory on (MiB by UUID)."""

    def install(nvml, used):
        monkeypatch.setitem(sys.modules, "pynvml", nvml)
        monkeypatch.setattr("assay.learning.device.gpu_peaks", lambda: used)
        metering._nvml.cache_clear()
        return Meter(run_stage)

    import assay.learning.device  # noqa: F401  the stage would have loaded torch

    yield install
    metering._nvml.cache_clear()


def test_a_stage_has_its_seconds_and_its_result():
    meter = Meter(run_stage)
    assert meter("double", lambda x: 2 * x, 21) == 42
    cost = meter.stages["double"]
    assert set(cost) == {"seconds", "cpu_seconds", "peak_memory_mb", "gpu_memory_mb", "joules"}
    assert cost["seconds"] >= 0
    assert cost["peak_memory_mb"] > 10


def test_a_machine_without_gpus_has_no_energy_and_not_none_of_it():
    meter = Meter(run_stage)
    meter("nothing", lambda: None)
    assert meter.stages["nothing"]["joules"] is None
    assert meter.stages["nothing"]["gpu_memory_mb"] is None


def test_the_energy_is_that_of_the_gpus_in_use(with_gpus):
    meter = with_gpus(fake_nvml({"GPU-a": [1_000, 251_000], "GPU-b": [0, 9_000_000]}), {"GPU-a": 512.0})
    meter("learn", lambda: None)
    assert meter.stages["learn"]["joules"] == 250.0
    assert meter.stages["learn"]["gpu_memory_mb"] == 512.0


@pytest.mark.parametrize(
    ("counters", "used", "init"),
    [
        ({"GPU-a": [NVMLError("Not Supported"), NVMLError("Not Supported")]}, {"GPU-a": 1.0}, None),
        ({"GPU-a": [1, 2]}, {"GPU-a": 1.0}, NVMLError("Driver Not Loaded")),
        ({"GPU-a": [5_000, 100]}, {"GPU-a": 1.0}, None),
        ({"GPU-a": [1, 2]}, {"GPU-a": 1.0, "GPU-c": 1.0}, None),
        ({"GPU-a": [1, 2]}, {}, None),
    ],
    ids=["no counter", "no driver", "a counter that was reset", "a GPU that NVML does not know", "no GPU in use"],
)
def test_what_cannot_be_measured_is_none_and_not_zero(with_gpus, counters, used, init):
    meter = with_gpus(fake_nvml(counters, init=init), used)
    meter("learn", lambda: None)
    assert meter.stages["learn"]["joules"] is None


def test_one_gpu_without_a_counter_does_not_hide_the_other(with_gpus):
    refused = NVMLError("Insufficient Permissions")
    meter = with_gpus(fake_nvml({"GPU-a": [refused, refused], "GPU-b": [0, 3_000]}), {"GPU-b": 2.0})
    meter("learn", lambda: None)
    assert meter.stages["learn"]["joules"] == 3.0


@pytest.fixture
def spend(make_case):
    def build(costs=COSTS, details=DETAILS, **limits):
        dataset, predictions = make_case(600, details=details, device="cpu, since this machine has no GPU")
        return HealthContext(dataset, predictions, HealthConfig(**limits), costs=costs)

    return build


def findings(context):
    return [finding for finding in assess_health(context, parts=(PART,)).findings if finding.code == "MH012"]


def test_without_limits_nothing_is_judged_and_the_same_audit_says_the_same(spend):
    slower = {stage: {name: value and 3 * value for name, value in cost.items()} for stage, cost in COSTS.items()}
    first, again = (assess_health(spend(costs), checks=(), parts=(PART,)) for costs in (COSTS, slower))
    (finding,), (other,) = ([f for f in result.findings if f.code == "MH012"] for result in (first, again))
    assert finding.status is Status.NOT_APPLICABLE
    assert finding.message.startswith("No limit is set, so nothing is judged.")
    assert "measured" not in finding.message
    assert (finding.message, finding.evidence) == (other.message, other.evidence) == (finding.message, None)
    assert not {"costs", "projected_costs"} & set(first.tables)


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        ({"max_seconds": 12.0}, Status.PASSED),
        ({"max_seconds": 11.9}, Status.FAILED),
        ({"max_memory_mb": 700}, Status.PASSED),
        ({"max_memory_mb": 650}, Status.FAILED),
    ],
)
def test_a_limit_is_held_against_what_all_stages_took(spend, limits, status):
    (finding,) = findings(spend(**limits))
    assert finding.status is status
    assert finding.severity is Severity.CRITICAL
    assert finding.blocks == (status is Status.FAILED)


def test_each_limit_has_its_finding(spend):
    found = findings(spend(max_seconds=1, max_memory_mb=5000))
    assert [finding.status for finding in found] == [Status.FAILED, Status.PASSED]


@pytest.mark.parametrize("costs", [{}, {"learn": {"seconds": None, "peak_memory_mb": None}}])
def test_a_limit_on_what_was_not_measured_is_not_met(spend, costs):
    for finding in findings(spend(costs, max_seconds=100, max_memory_mb=100)):
        assert finding.status is Status.INCONCLUSIVE
        assert finding.blocks


def test_a_limit_says_where_the_training_ran_and_of_no_gpu_nothing(spend):
    (finding,) = findings(spend(max_seconds=1))
    assert "took 12.0 s, more than the 1 s that `health.max_seconds` allows" in finding.message
    assert "cpu, since this machine has no GPU" in finding.message
    assert "joules" not in finding.message.lower()


def test_a_projection_grows_with_the_rows_up_to_the_budget():
    details = {"members": 10, "epochs": 10, "rows a member": 10, "most row visits": 5000}
    found = pd.DataFrame(metering.project_training(9.0, 600, details)).set_index("rows")
    assert found.index.tolist() == [600, 1200, 3000, 6000, 60_000]
    assert found.loc[600, ["seconds", "low", "high"]].tolist() == pytest.approx([9, 9, 9])
    # Beyond the budget the networks take no more; encoding and prediction may.
    assert found.loc[6000, "low"] == found.loc[3000, "low"] == pytest.approx(9 * (0.75 + 0.25 * 5))
    assert found.loc[6000, "high"] == pytest.approx(90)
    assert (found["low"] <= found["seconds"]).all()
    assert (found["seconds"] <= found["high"]).all()
    assert found["seconds"].is_monotonic_increasing


@pytest.mark.parametrize(
    ("seconds", "details"), [(None, DETAILS), (0.0, DETAILS), (9.0, {}), (9.0, {**DETAILS, "epochs": "many"})]
)
def test_what_is_not_known_is_not_projected(seconds, details):
    assert metering.project_training(seconds, 600, details) == []


def test_the_manifest_has_the_projection_and_of_given_predictions_none(make_case):
    config = parse_config({"label": "y"})
    dataset, predictions = make_case(600, details=DETAILS)
    manifest = write_manifest(config, dataset, predictions, COSTS)
    assert manifest["projected_costs"] == metering.project_training(9.0, 600, DETAILS)
    dataset, predictions = make_case(600, details=DETAILS, given="mine.csv")
    assert write_manifest(config, dataset, predictions, COSTS)["projected_costs"] == []


def test_a_training_says_what_its_projection_rests_on(make_dataset):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=200), "y": rng.integers(0, 2, 200)})
    details = out_of_sample(make_dataset(frame, label="y"), LearningConfig(repeats=1), opinions=False).details
    visits = details["members"] * details["epochs"] * details["rows a member"]
    assert 0 < visits <= details["most row visits"]


def test_the_same_audit_gives_the_same_report_but_for_the_manifest():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=120), "z": rng.normal(size=120)})
    frame["y"] = np.where(frame["x"] + rng.normal(size=120) / 2 > 0, "yes", "no")
    learning = {"epochs": 2, "repeats": 1}
    first, again = (audit(frame, label="y", learning=learning).to_dict() for _ in range(2))
    (projected,) = [first["manifest"].pop("projected_costs")]
    assert [row["rows"] for row in projected] == [120, 240, 600, 1200, 12_000]
    del first["manifest"], again["manifest"]
    assert json.dumps(first, sort_keys=True) == json.dumps(again, sort_keys=True)
