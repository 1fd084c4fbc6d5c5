"""What a stretch of work takes: time, memory and, of the GPUs that it uses, memory and energy.

And what a training on more rows would take, as far as one run tells.

What a machine does not tell is None, "not measured", and never 0.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Cost = dict[str, float | None]

# Of a projection: times the rows of this audit.
FACTORS = (1, 2, 5, 10, 100)
# Share of the time that grows with nothing, at most: encoding, start-up and small steps.
FIXED = 0.75


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters at one moment.

    Attributes
    ----------
    seconds, cpu_seconds
        Wall time, and the time of this process on all cores.
    joules
        By the UUID of each GPU of the machine: its energy counter. Empty where NVML is not there.
    """

    seconds: float
    cpu_seconds: float
    joules: Mapping[str, float]


def read() -> Reading:
    """Read the counters before a stretch of work."""
    if "torch" in sys.modules:
        from assay.learning.device import forget_gpu_peaks

        forget_gpu_peaks()
    return Reading(time.perf_counter(), time.process_time(), _read_energy())


def cost_since(start: Reading) -> Cost:
    """What this process took since a reading.

    Returns
    -------
    `seconds` of wall time; `cpu_seconds` on all cores; `peak_memory_mb`, the largest resident memory (MiB) of the
    process since it began, not only since the reading: platforms tell no other; `gpu_memory_mb`, the most memory (MiB)
    that torch held on the GPUs since the reading; `joules`, what the GPUs that torch holds memory on used meanwhile,
    boards as a whole, so that other programs on them count too. The energy of the CPU is in none of them. None is
    what was not measured.
    """
    gpus: Mapping[str, float] = {}
    if "torch" in sys.modules:
        from assay.learning.device import gpu_peaks

        gpus = gpu_peaks()
    return {
        "seconds": round(time.perf_counter() - start.seconds, 3),
        "cpu_seconds": round(time.process_time() - start.cpu_seconds, 3),
        "peak_memory_mb": peak_memory_mb(),
        "gpu_memory_mb": round(sum(gpus.values()), 1) if gpus else None,
        "joules": _joules(gpus, start.joules, _read_energy()) if gpus else None,
    }


def peak_memory_mb() -> float | None:
    """Largest resident memory of this process so far, in MiB; None where the platform does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)


def _joules(gpus: Mapping[str, float], before: Mapping[str, float], after: Mapping[str, float]) -> float | None:
    """Energy of the GPUs in use; None where one of them has no counter, or one that was reset meanwhile."""
    if not set(gpus) <= set(before) & set(after):
        return None
    used = [after[gpu] - before[gpu] for gpu in gpus]
    return round(sum(used), 1) if min(used) >= 0 else None


def _read_energy() -> dict[str, float]:
    """Joules by the UUID of each GPU that has a counter (Volta and newer), since its driver was loaded."""
    nvml = _nvml()
    if nvml is None:
        return {}
    found = {}
    try:
        for index in range(nvml.nvmlDeviceGetCount()):
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            try:
                found[str(nvml.nvmlDeviceGetUUID(handle))] = nvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000
            except nvml.NVMLError:  # no counter, or no right to read it: of this GPU nothing is told
                continue
    except nvml.NVMLError:
        return {}
    return found


@cache
def _nvml() -> Any:
    """NVIDIA's library, by nvidia-ml-py (the extra `gpu`); None without it, and without a driver."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def project_training(
    seconds: float | None, rows: int, details: Mapping[str, str | int | float]
) -> list[dict[str, float]]:
    """What the training would take on more rows of as many columns, on the same device with the same configuration.

    Parameters
    ----------
    seconds, rows
        What it took, on how many rows.
    details
        What it says of itself: its row visits are `members` x `epochs` x `rows a member`, at most
        `most row visits` (any number where that is missing).

    Returns
    -------
    For 1, 2, 5, 10 and 100 times the rows `rows`, `seconds`, `low` and `high` (all positive). The networks' row visits
    grow with the rows up to their budget. `low` takes three quarters of the time as fixed and the rest as growing with
    the row visits, `high` takes all of it as growing with the rows, whatever the budget, and `seconds` is their
    geometric mean: an estimate from one measured run. Empty where the time or the row visits are not known.
    """
    known = [details.get(name) for name in ("members", "epochs", "rows a member")]
    visits = math.prod(value if isinstance(value, int | float) else 0 for value in known)
    if seconds is None or not seconds > 0 or not rows or not visits > 0:
        return []
    most = details.get("most row visits")
    found = []
    for factor in FACTORS:
        more = max(1.0, min(factor, most / visits) if isinstance(most, int | float) else factor)
        low, high = seconds * (FIXED + (1 - FIXED) * more), seconds * factor
        figures = {"seconds": math.sqrt(low * high), "low": low, "high": high}
        found.append({"rows": rows * factor, **{name: round(value, 3) for name, value in figures.items()}})
    return found
