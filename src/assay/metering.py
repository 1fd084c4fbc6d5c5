"""What a stretch of work takes: time, memory and, of the GPUs that it uses, memory and energy.

What a machine does not tell is None, "not measured", and never 0.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Cost = dict[str, float | None]


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
