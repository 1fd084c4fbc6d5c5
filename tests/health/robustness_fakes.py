"""Models made by hand, of which it is known which edits change what they predict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from assay.config import HealthConfig
from assay.health import HealthContext
from assay.health.parts import assess_parts
from assay.health.robustness import PART


class HandMade:
    """Two classes; kind -> a rule from the (edited) rows as a frame to the probability of the second one."""

    def __init__(self, frame, rules, asked=None):
        self.frame, self.rules = frame, rules
        self.kinds, self.columns = tuple(rules), tuple(frame.columns)
        self.asked = np.arange(len(frame)) if asked is None else asked
        self.questions = 0

    def predict(self, kind, rows, donors=None):
        self.questions += len(rows)
        given = {name: (donors or {}).get(name, rows) for name in self.columns}
        edited = pd.DataFrame({name: self.frame[name].to_numpy()[of] for name, of in given.items()})
        second = np.asarray(self.rules[kind](edited), dtype=np.float64)
        return np.stack([1 - second, second], axis=1)


def context_of(make_dataset, make_out_of_sample, frame, rules, *, labels=None, health=None, seed=0, **settings):
    """A context whose label is what the first kind of model predicts, or `labels`."""
    features = frame.drop(columns=settings.pop("apart", []))
    models = HandMade(features, rules if isinstance(rules, dict) else {"the network": rules})
    probs = models.predict(models.kinds[0], np.arange(len(frame)))
    labels = probs.argmax(axis=1) if labels is None else labels
    data = frame.assign(y=np.where(labels == 1, "yes", "no"))
    dataset = make_dataset(data, label="y", health={"feasible": health or {}}, **settings)
    predictions = make_out_of_sample(dataset, probs)
    opinions = {kind: models.predict(kind, np.arange(len(frame))) for kind in models.kinds[1:]}
    predictions = replace(predictions, models=models, opinions=opinions, able=models.kinds[0])
    return HealthContext(dataset, predictions, HealthConfig(robustness=True, feasible=health or {}), seed)


def answer(context):
    """The finding of MH040 and the two tables."""
    (finding,), tables = assess_parts((PART,), context)
    return finding, tables.get("robustness"), tables.get("robustness_columns")
