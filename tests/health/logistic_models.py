"""Models whose every answer is known: a fake of `assay.held_out.HeldOutModels`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.held_out import Attribution


@dataclass(frozen=True)
class LogisticModels:
    """The log odds of class 1 are the weighted sum of the columns of x, with the mean row as the baseline."""

    x: np.ndarray
    weights: np.ndarray

    @property
    def kinds(self):
        return ("the network", "trees")

    @property
    def columns(self):
        return tuple(f"x{i}" for i in range(len(self.weights)))

    @property
    def asked(self):
        return np.arange(len(self.x))

    def predict(self, kind, rows, donors=None):
        x = self.x[rows].copy()
        for name, of in (donors or {}).items():
            x[:, self.columns.index(name)] = self.x[of, self.columns.index(name)]
        p = 1 / (1 + np.exp(-x @ self.weights))
        return np.column_stack([1 - p, p])

    def attribute(self, rows, target, steps=32):
        sign = np.where(np.broadcast_to(target, rows.shape) == 1, 1.0, -1.0)[:, None]
        shares = sign * (self.x[rows] - self.x.mean(axis=0)) * self.weights
        start = sign[:, 0] * float(self.x.mean(axis=0) @ self.weights)
        score = start + shares.sum(axis=1)
        return Attribution(self.columns, shares, score, start, np.zeros(len(rows)))
