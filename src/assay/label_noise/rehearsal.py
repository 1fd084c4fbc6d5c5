"""What finds wrong labels in these data: each method is tried on labels that are known to be wrong.

No method is best everywhere. So known wrong labels of several kinds are planted in a sample (`injection`), the models
are trained on it as they were on the data, and every method ranks the labels. The one that finds most is used, and how
much of each kind it finds at its cutoff is told. The whole of the data has more rows than the sample, and errors of
its own kind and number: what is found there may be more or less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.label_noise.candidates import DEFAULT_METHOD, gather_views
from assay.label_noise.footing import estimate_overall, find_footing
from assay.label_noise.strata import find_strata
from assay.label_noise.suspects import choose_suspects

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.label_noise.candidates import Views
    from assay.label_noise.injection import Injection
    from assay.results import OutOfSample

# The default method stays unless another is better by this much in the mean over the kinds: with some two hundred
# planted labels a kind, less is luck.
MIN_GAIN = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsal:
    """Planted wrong labels, and the predictions of models that were trained on them."""

    injection: Injection
    predictions: OutOfSample


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Which method is used, and what it found of the planted labels.

    Attributes
    ----------
    method
        See `Views.methods`.
    precision
        Average precision of each method (row) for each kind of planted labels (column).
    found
        Tidy: columns `kind`, `planted`, `flagged`, `found` (of the planted ones flagged).
    rows
        Rows of the sample that they were planted in.
    """

    method: str
    precision: pd.DataFrame
    found: pd.DataFrame
    rows: int

    @property
    def recall(self) -> tuple[float, float]:
        """Smallest and largest share of the planted labels of a kind that are flagged."""
        shares = self.found["found"] / self.found["planted"]
        return float(shares.min()), float(shares.max())


def choose_method(rehearsals: Sequence[Rehearsal], known: Sequence[str], min_precision: float) -> Choice | None:
    """Choose how suspect a label is from rehearsals on the user's own data.

    Parameters
    ----------
    rehearsals
        One for each kind of planted labels.
    known
        Methods that the data themselves can be judged by (`Views.methods`).
    min_precision
        As for `choose_suspects`.

    Returns
    -------
    None where there are no rehearsals.
    """
    from sklearn.metrics import average_precision_score

    tried = [_view(rehearsal) for rehearsal in rehearsals]
    tried = [(kind, views, planted) for kind, views, planted in tried if planted.any()]
    if not tried:
        return None
    methods = [name for name in known if all(name in views.methods for _, views, _ in tried)]
    precision = pd.DataFrame(index=methods)
    for kind, views, planted in tried:
        default = views.judge()
        precision[kind] = [float(average_precision_score(planted, views.judge(name, default)[0])) for name in methods]
    mean = precision.mean(axis=1)
    best = str(mean.idxmax())
    method = best if mean[best] > mean[DEFAULT_METHOD] + MIN_GAIN else DEFAULT_METHOD
    rows = []
    for kind, views, planted in tried:
        wrong, _ = views.judge(method)
        share = estimate_overall(find_footing(views.labels, views.pred_probs, views.strata))
        flagged = choose_suspects(wrong, share, min_precision)
        rows.append((kind, int(planted.sum()), int(flagged.sum()), int((flagged & planted).sum())))
    found = pd.DataFrame(rows, columns=["kind", "planted", "flagged", "found"])
    return Choice(method, precision, found, max(len(views.labels) for _, views, _ in tried))


def _view(rehearsal: Rehearsal) -> tuple[str, Views, npt.NDArray[np.bool_]]:
    injection, predictions = rehearsal.injection, rehearsal.predictions
    positions = np.flatnonzero(predictions.trained & (predictions.labels >= 0))
    strata = find_strata(injection.dataset, positions)
    return injection.kind, gather_views(predictions, positions, strata), injection.planted[positions]
