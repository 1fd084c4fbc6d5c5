"""Predicting rows by the members of a stack."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from assay.learning.memory import Portion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from assay.learning.curves import Rows
    from assay.learning.encoding import EncodedTable
    from assay.learning.network import StackedNetwork

# Encoded inputs that are predicted at once, all members together. On a CPU 64 MiB take 1.6 times as long as what stays
# in its cache; a GPU wants large pieces.
EVALUATION_BYTES = 4 * 2**20
EVALUATION_BYTES_ON_GPU = 256 * 2**20
# From logits to class probabilities.
SOFTMAX = partial(functional.softmax, dim=-1)


class Predictor:
    """Predicts rows of a table by each member of a stack, as many at once as memory allows.

    Parameters
    ----------
    network
        M members, as they are at the time of a prediction.
    table
        N encoded rows.
    activation
        From the network's outputs (..., K) to predictions of the same shape; by default the softmax.
    """

    def __init__(
        self,
        network: StackedNetwork,
        table: EncodedTable,
        activation: Callable[[torch.Tensor], torch.Tensor] = SOFTMAX,
    ) -> None:
        self.network = network
        self.table = table
        self.activation = activation
        affordable = EVALUATION_BYTES if table.numbers.device.type == "cpu" else EVALUATION_BYTES_ON_GPU
        rows = affordable // (4 * max(1, table.width) * network.members)
        self.portion = Portion(max(1, rows), "evaluation chunk")

    def predict(self, rows: Sequence[Rows], given: torch.Tensor | None = None) -> list[npt.NDArray[np.float32]]:
        """Predictions, by default class probabilities, by each member for its own rows.

        Parameters
        ----------
        rows
            M arrays of row positions.
        given
            (N,) int64 class codes on the table's device: only the predictions of these classes are wanted.

        Returns
        -------
        M arrays (len(rows[m]), K) float32; with `given` (len(rows[m]), 1).

        Raises
        ------
        AssayError
            Where one row of each member does not fit into memory.
        """
        outputs = 1 if given is not None else self.network.outputs
        found = [np.empty((len(r), outputs), dtype=np.float32) for r in rows]
        at, longest = 0, max(map(len, rows))
        while at < longest:
            stop = min(at + self.portion.rows, longest)
            try:
                together = self._piece(_pad([r[at:stop] for r in rows]), given)
            except (RuntimeError, MemoryError) as error:
                self.portion.halve(error)
                continue
            for out, piece in zip(found, together, strict=True):
                out[at:stop] = piece[: max(0, len(out) - at)]
            at = stop
        return found

    def _piece(self, rows: npt.NDArray[np.int64], given: torch.Tensor | None) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            index = torch.from_numpy(rows).to(self.table.numbers.device)
            predictions = self.activation(self.network.logits(self.table.rows(index)))
            if given is not None:
                predictions = predictions.gather(-1, given[index].unsqueeze(-1))
            return predictions.cpu().numpy()


def _pad(rows: Sequence[Rows]) -> npt.NDArray[np.int64]:
    """Bring arrays to one length with row 0, whose predictions nobody reads: (M, longest)."""
    padded = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    for line, r in zip(padded, rows, strict=True):
        line[: len(r)] = r
    return padded
