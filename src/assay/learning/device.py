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
