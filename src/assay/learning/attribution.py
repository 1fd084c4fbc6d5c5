"""Integrated gradients of the networks, summed back to the columns of the table.

A row's score less that of the baseline is the integral of the gradient along the straight line between the two
(Sundararajan, Taly and Yan 2017, arXiv:1703.01365). On that line the first layer's output is a straight line too, so
that only its two ends are computed from the inputs, and only one gradient, the mean over the line, is brought back to
them: a wide table costs two products of matrices more than a prediction, however many points the line has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from assay.held_out import Attribution
from assay.learning.memory import Portion
from assay.learning.prediction import EVALUATION_BYTES, EVALUATION_BYTES_ON_GPU

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.learning.encoding import EncodedTable
    from assay.learning.held_out import KeptModels

    Rows = npt.NDArray[np.int64]

# A mean of so many rows' inputs is known to a hundredth of their spread, and a million rows need not be encoded.
BASELINE_ROWS = 20_000
# What the shares of a row may miss of its score, in log odds and as a share of what is shared out: rows that miss
# more get `FINER` times the points, and once more.
TOLERANCE = 0.01
FINER = 4
ROUNDS = 2


def integrate_gradients(models: KeptModels, rows: Rows, target: int | Rows, steps: int) -> Attribution:
    """See `assay.held_out.HeldOutModels.attribute`."""
    network, table = models.predictor.network, models.predictor.table
    targets = np.broadcast_to(np.asarray(target, dtype=np.int64), rows.shape)
    repeats, columns = len(models.folds), models.columns
    folds = network.members // repeats
    baseline, owner = _mean_inputs(table), _owners(table, columns)
    shares = np.zeros((len(rows), len(columns)))
    score, start = np.zeros(len(rows)), np.zeros(len(rows))
    portion = Portion(_rows_at_once(table, network.weights[0].shape[-1], steps), "attribution chunk")
    for m in range(network.members):
        line = _Line(
            [weight[m].detach() for weight in network.weights], [b[m].detach() for b in network.biases], baseline
        )
        mine = np.flatnonzero(models.folds[m // folds, rows] == m % folds)
        at = 0
        while at < len(mine):
            part = mine[at : at + portion.rows]
            try:
                with torch.inference_mode():
                    x, wanted = (torch.from_numpy(of[part]).to(owner.device) for of in (rows, targets))
                    *scores, inputs = _explain(line, table.rows(x), wanted, steps)
                    summed = torch.zeros(len(part), len(columns), device=x.device).index_add_(1, owner, inputs)
            except (RuntimeError, MemoryError) as error:
                portion.halve(error)
                continue
            for total, piece in zip((score, start, shares), (*scores, summed), strict=True):
                total[part] += piece.cpu().numpy().astype(np.float64) / repeats
            at += len(part)
    return Attribution(columns, shares, score, start, score - start - shares.sum(axis=1))


def _rows_at_once(table: EncodedTable, hidden: int, steps: int) -> int:
    affordable = EVALUATION_BYTES if table.numbers.device.type == "cpu" else EVALUATION_BYTES_ON_GPU
    return max(1, affordable // (4 * (3 * max(1, table.width) + 2 * steps * hidden)))


def _mean_inputs(table: EncodedTable) -> torch.Tensor:
    """Mean of the encoded inputs over all rows, or over `BASELINE_ROWS` of them: (W,)."""
    n, device = len(table), table.numbers.device
    rows = np.arange(n) if n <= BASELINE_ROWS else np.random.default_rng(0).choice(n, BASELINE_ROWS, replace=False)
    with torch.inference_mode():
        total = torch.zeros(table.width, dtype=torch.float64, device=device)
        for part in np.array_split(rows, -(-len(rows) * max(1, table.width) * 4 // EVALUATION_BYTES)):
            total += table.rows(torch.from_numpy(part).to(device)).sum(dim=0, dtype=torch.float64)
        return (total / len(rows)).float()


def _owners(table: EncodedTable, columns: Sequence[str]) -> torch.Tensor:
    """(W,) int64: the column behind each encoded input, as its place among `columns`."""
    place = {name: at for at, name in enumerate(columns)}
    inputs = [place[table.number_names[i]] for i in (*table.unit_column.tolist(), *table.gaps.tolist())]
    ends = table.codes.amax(dim=0).add(1).tolist() if len(table.code_names) else []
    starts = [len(inputs), *ends[:-1]]
    for name, start, end in zip(table.code_names, starts, ends, strict=False):
        inputs += [place[name]] * (end - start)
    return torch.tensor(inputs, dtype=torch.int64, device=table.numbers.device)


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """One network, and the point at which the lines to all rows begin.

    Attributes
    ----------
    weights, biases
        (I, O) and (1, O) of each layer.
    baseline
        (W,) encoded inputs.
    """

    weights: list[torch.Tensor]
    biases: list[torch.Tensor]
    baseline: torch.Tensor

    def first(self, x: torch.Tensor) -> torch.Tensor:
        """(B, W) encoded inputs -> (B, H) outputs of the first layer."""
        return torch.addmm(self.biases[0], x, self.weights[0])

    def rest(self, h: torch.Tensor) -> list[torch.Tensor]:
        """(..., H) outputs of the first layer -> those of every layer, the logits last."""
        outputs = [h]
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            outputs.append(torch.relu(outputs[-1]) @ weight + bias)
        return outputs

    def shares(self, x: torch.Tensor, targets: torch.Tensor, steps: int) -> torch.Tensor:
        """(B, W): what each input adds to the log odds of the target, by `steps` midpoints of equal pieces.

        The gradient of a rectified network is constant between its kinks: there a rule of higher order gains nothing.
        """
        start, end = self.first(self.baseline[None]), self.first(x)
        at = (torch.arange(steps, device=x.device) + 0.5) / steps
        outputs = self.rest(start + at[:, None, None] * (end - start))
        gradient = -_others(outputs[-1], targets).softmax(dim=-1)
        gradient.scatter_(-1, targets.view(1, -1, 1).expand(steps, -1, 1), 1.0)
        for weight, output in zip(reversed(self.weights[1:]), reversed(outputs[:-1]), strict=True):
            gradient = (gradient @ weight.T).mul_(output > 0)
        return (gradient.mean(dim=0) @ self.weights[0].T).mul_(x - self.baseline)

    def score(self, x: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """(B,): log odds of the targets."""
        logits = self.rest(self.first(x))[-1]
        return logits.gather(-1, targets[:, None])[:, 0] - _others(logits, targets).logsumexp(dim=-1)


def _others(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """(..., B, K) logits with -inf for the target."""
    index = targets.view(*[1] * (logits.dim() - 2), -1, 1).expand(*logits.shape[:-1], 1)
    return logits.scatter(-1, index, -torch.inf)


def _explain(line: _Line, x: torch.Tensor, targets: torch.Tensor, steps: int) -> tuple[torch.Tensor, ...]:
    """Score of each row (B,), score at the baseline (B,) and shares of the inputs (B, W), refined where they miss."""
    score, start = line.score(x, targets), line.score(line.baseline.expand_as(x), targets)
    shares, change, first = line.shares(x, targets, steps), score - start, steps
    for _ in range(ROUNDS):
        missed = (change - shares.sum(dim=1)).abs() > TOLERANCE * (1 + change.abs())
        if not missed.any():
            break
        steps *= FINER
        # As many points at once as there were for all of the rows at first.
        for part in torch.split(missed.nonzero()[:, 0], max(1, len(x) * first // steps)):
            shares[part] = line.shares(x[part], targets[part], steps)
    return score, start, shares
