"""Going on where a device runs out of memory: with fewer rows at once."""

from __future__ import annotations

import torch

from assay.errors import AssayError

# What torch raises where it is no OutOfMemoryError: the allocator of a CPU, and the libraries on a GPU.
_MESSAGES = ("DefaultCPUAllocator", "CUDA out of memory", "CUBLAS_STATUS_ALLOC_FAILED")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the device, or the machine, has no memory left."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _MESSAGES)


class Portion:
    """How many rows of each member are worked on at once: halved whenever memory runs out.

    Parameters
    ----------
    rows
        At first.
    name
        What they are, such as "batch".
    """

    def __init__(self, rows: int, name: str) -> None:
        self.rows = rows
        self.first = rows
        self.name = name

    def halve(self, error: RuntimeError | MemoryError) -> None:
        """Answer an error: halve the rows where memory ran out, and raise any other again.

        Raises
        ------
        AssayError
            Where not even one row fits.
        """
        if not is_out_of_memory(error):
            raise error
        if self.rows == 1:
            raise AssayError(
                f"The {self.name} must hold at least one row of each network, but the device ran out of memory on "
                "one. Lower learning.repeats or learning.folds, ignore columns with many categories, or set "
                "learning.device to another device."
            ) from error
        self.rows //= 2

    @property
    def note(self) -> str | None:
        """What happened, in words; None where memory sufficed."""
        if self.rows == self.first:
            return None
        return f"{self.name} halved to {self.rows} rows after the device ran out of memory"
