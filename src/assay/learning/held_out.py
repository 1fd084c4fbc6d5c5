"""The models of a training, kept to be asked again: see `assay.held_out.HeldOutModels`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from assay.able import NETWORK
from assay.learning.opinions import Fitted, normalise
from assay.learning.prediction import Predictor

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from assay.held_out import Attribution
    from assay.learning.plain_features import PlainFeatures

    Rows = npt.NDArray[np.int64]
    Probabilities = npt.NDArray[np.float64]

# Rows whose edited encoding is on the device at once.
PORTION = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class KeptModels:
    """The members of a training with what they predict from.

    Attributes
    ----------
    predictor
        R * F networks, those of the first repeat first, and their N encoded rows.
    folds
        (R, N) int16: the fold that holds each row out in each repeat; -1 where none does.
    features
        The N rows as other kinds of models read them; None where there are none.
    others
        Kind -> F fitted models, one for each fold of the first repeat.
    """

    predictor: Predictor
    folds: npt.NDArray[np.int16]
    features: PlainFeatures | None = None
    others: Mapping[str, list[Fitted]] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """See `HeldOutModels`."""
        return (NETWORK, *self.others)

    @property
    def columns(self) -> tuple[str, ...]:
        """See `HeldOutModels`."""
        table = self.predictor.table
        seen = {table.number_names[i] for i in (*table.unit_column.tolist(), *table.gaps.tolist())}
        return (*(name for name in table.number_names if name in seen), *table.code_names)

    @property
    def asked(self) -> Rows:
        """See `HeldOutModels`."""
        return np.flatnonzero((self.folds >= 0).all(axis=0))

    def predict(self, kind: str, rows: Rows, donors: Mapping[str, Rows] | None = None) -> Probabilities:
        """See `HeldOutModels`."""
        ask = self._ask_networks if kind == NETWORK else lambda *given: self._ask_others(kind, *given)
        found = np.empty((len(rows), self.predictor.network.outputs))
        for start in range(0, len(rows), PORTION):
            part = slice(start, start + PORTION)
            found[part] = ask(rows[part], {name: of[part] for name, of in (donors or {}).items()})
        return found

    def attribute(self, rows: Rows, target: int | Rows, steps: int = 32) -> Attribution:
        """See `HeldOutModels`."""
        from assay.learning.attribution import integrate_gradients

        return integrate_gradients(self, rows, target, steps)

    def _ask_networks(self, rows: Rows, donors: Mapping[str, Rows]) -> Probabilities:
        members = self.predictor.network.members // len(self.folds)
        held = [np.flatnonzero(of_repeat[rows] == f) for of_repeat in self.folds for f in range(members)]
        table = self.predictor.table.edited(rows, donors)
        total: Probabilities = np.zeros((len(rows), self.predictor.network.outputs))
        for part, probabilities in zip(
            held, Predictor(self.predictor.network, table, self.predictor.activation).predict(held), strict=True
        ):
            total[part] += probabilities
        total /= total.sum(axis=1, keepdims=True)
        return total

    def _ask_others(self, kind: str, rows: Rows, donors: Mapping[str, Rows]) -> Probabilities:
        if self.features is None:
            raise ValueError(f"kind must be one of {self.kinds}, got '{kind}'.")
        table = self.features.edited(rows, donors)
        found = np.zeros((len(rows), self.predictor.network.outputs))
        for fold, fitted in enumerate(self.others[kind]):
            part = np.flatnonzero(self.folds[0, rows] == fold)
            if len(part):
                found[np.ix_(part, fitted.seen)] = fitted.predict(table, part)
        return normalise(found)


def keep(
    predictor: Predictor,
    folds: npt.NDArray[np.int16],
    features: PlainFeatures | None,
    others: Mapping[str, list[Fitted]],
) -> KeptModels:
    """Keep the members; the encoded cache is not kept, since a few rows are asked about at a time."""
    lean = replace(predictor.table, cache=None)
    return KeptModels(Predictor(predictor.network, lean, predictor.activation), folds, features, others)
