"""Models that can be asked again, such as what they predict for a row with some values of another row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """A share of the networks' output for each column, by integrated gradients.

    Attributes
    ----------
    columns
        The C features that the networks see.
    shares
        (n, C) float64: what each column adds to the row's score (`Attribution.score`).
    score
        (n,) float64: the score that is shared out: the log odds of the explained class.
    baseline
        (n,) float64: the same score at the baseline. `shares.sum(axis=1)` is `score - baseline` but for `error`.
    error
        (n,) float64: what the shares miss of that, by the numerical integration.
    """

    columns: tuple[str, ...]
    shares: npt.NDArray[np.float64]
    score: npt.NDArray[np.float64]
    baseline: npt.NDArray[np.float64]
    error: npt.NDArray[np.float64]


class HeldOutModels(Protocol):
    """The models of a training, each to be asked about rows that it did not see."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds of models: "the network" first, then "trees" and "linear" where they were trained."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The features that a model can see: those with two distinct values."""

    @property
    def asked(self) -> Rows:
        """(A,) positions, ascending, of the rows that can be asked about: those that some model held out."""

    def predict(self, kind: str, rows: Rows, donors: Mapping[str, Rows] | None = None) -> npt.NDArray[np.float64]:
        """Class probabilities by the models that hold the rows out, where some values are those of other rows.

        Parameters
        ----------
        kind
            One of `kinds`.
        rows
            (n,) positions out of `asked`; a row may occur many times.
        donors
            Feature -> (n,) positions of any rows: the value of the feature that each of `rows` is given. A feature
            that is not among `columns` changes nothing.

        Returns
        -------
        (n, K) float64, rows sum to 1. Without donors these are the out-of-sample probabilities of the kind.
        """

    def attribute(self, rows: Rows, target: int | Rows, steps: int = 32) -> Attribution:
        """Trace the networks' log odds of class `target` to columns by integrated gradients.

        The log odds are the mean over the networks that hold the row out. The baseline is the mean of the encoded
        inputs over all rows (20,000 at most), the same for every row. Sundararajan, Taly and Yan 2017,
        arXiv:1703.01365.

        Parameters
        ----------
        rows
            (n,) positions out of `asked`.
        target
            In 0..K-1; or (n,), one for each row.
        steps
            Points of the path at which gradients are taken; for rows whose shares miss the score, up to 16 times as
            many.
        """
