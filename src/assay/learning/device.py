"""Which device trains."""

from __future__ import annotations

import torch

from assay.errors import ConfigurationError


def choose_device(wanted: str) -> tuple[torch.device, str]:
    """Return the device and, in words, why it was chosen.

    Parameters
    ----------
    wanted
        "auto", "cpu", "cuda" or "cuda:N".

    Raises
    ------
    ConfigurationError
        Where the device does not exist on this machine.
    """
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", 0), "cuda:0, the first GPU of this machine"
        return torch.device("cpu"), "cpu, since this machine has no GPU that torch can use"
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise ConfigurationError(f"learning.device must be auto, cpu, cuda or cuda:N, got '{wanted}'.") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigurationError(
            f"learning.device must be a device of this machine, got '{wanted}' where torch sees "
            f"{torch.cuda.device_count()} GPUs. Use auto or cpu."
        )
    if device.type not in ("cpu", "cuda"):
        raise ConfigurationError(f"learning.device must be auto, cpu, cuda or cuda:N, got '{wanted}'.")
    return device, f"{wanted}, as configured"


def forget_gpu_peaks() -> None:
    """Let the peaks of memory on GPUs begin anew; nothing where torch uses none."""
    if _uses_gpus():
        for index in range(torch.cuda.device_count()):
            torch.cuda.reset_peak_memory_stats(index)


def gpu_peaks() -> dict[str, float]:
    """Most memory (MiB) that torch held on each GPU that it uses, since `forget_gpu_peaks`, by its UUID in NVML."""
    if not _uses_gpus():
        return {}
    peaks = {index: torch.cuda.max_memory_reserved(index) for index in range(torch.cuda.device_count())}
    return {
        f"GPU-{torch.cuda.get_device_properties(index).uuid}": peak / 2**20 for index, peak in peaks.items() if peak
    }


def _uses_gpus() -> bool:
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]  # torch has no type for it
