"""An example of a training behind the gate: copy it, and put your own training in the place of `train`.

`python -m assay.pipelines.training_example data_samples/loans_clean/audit.yaml model.pt`

No `from __future__ import annotations`: Prefect reads the annotations.
"""

import sys
from pathlib import Path

import pandas as pd
import torch
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from torch import nn

from assay.config_file import load_config

from .gate import require_audit

_EPOCHS = 20


@flow(name="train behind the gate")
def train_behind_gate(audit: Path, model: Path) -> float:
    """Train on the clean rows of a dataset, if and only if its audit passes; return the accuracy on held-out rows."""
    place = require_audit(audit)  # raises assay.GateRejected unless the verdict is pass
    return train(audit, place, model)


@task(cache_policy=NO_CACHE)
def train(audit: Path, place: Path, model: Path) -> float:
    """Train a small network, store its weights in `model`, and return the accuracy on a fifth that it did not see."""
    config = load_config(audit)
    # The audit has sorted the rows: clean, to review, and to quarantine.
    rows = pd.read_csv(place / "rows" / "clean.csv").dropna(subset=[config.label])
    out = {config.label, config.id, config.time, config.group, config.weight, config.split, *config.ignore}
    x, y = encode(rows.drop(columns=[column for column in rows if column in out])), rows[config.label]
    labels = torch.tensor(pd.factorize(y, sort=True)[0])
    torch.manual_seed(config.learning.seed)
    order = torch.randperm(len(x))
    test, training = order[: len(x) // 5], order[len(x) // 5 :]
    network = nn.Sequential(nn.Linear(x.shape[1], 64), nn.ReLU(), nn.Linear(64, int(labels.max()) + 1))
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(_EPOCHS):
        for batch in torch.split(training[torch.randperm(len(training))], 256):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(x[batch]), labels[batch])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    torch.save(network.state_dict(), model)
    with torch.no_grad():
        return float((network(x[test]).argmax(dim=1) == labels[test]).float().mean())


def encode(features: pd.DataFrame) -> torch.Tensor:
    """Numbers scaled to mean 0 and deviation 1, a missing one as the mean, and a column for each category."""
    numbers = features.select_dtypes("number")
    scaled = ((numbers - numbers.mean()) / numbers.std().replace(0, 1)).fillna(0)
    others = pd.get_dummies(features.drop(columns=numbers.columns), dtype=float)
    return torch.tensor(pd.concat([scaled, others], axis=1).to_numpy(dtype="float32"))


if __name__ == "__main__":
    print(train_behind_gate(Path(sys.argv[1]), Path(sys.argv[2])))  # noqa: T201
