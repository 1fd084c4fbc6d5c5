"""The fast answers are those of Great Expectations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.dataset import Roles
from assay.validation.in_memory import run_expectations
from assay.validation.inference.holding import broken_rules
from assay.validation.inference.proposing import propose_rules
from assay.validation.suite import Expectation

N = 600


def table(seed, *, shift=0.0):
    rng = np.random.default_rng(seed)
    place = rng.integers(0, 12, N)
    frame = pd.DataFrame(
        {
            "id": [f"K{k:06}" for k in rng.permutation(10**5)[:N]],
            "when": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(rng.integers(0, 10**5, N) + int(shift * 1e6), unit="m"),
            "serial": np.arange(N),
            "kind": rng.choice(["a", "b", "c"], N, p=[0.5 - shift, 0.5 - shift, 2 * shift]),
            "kg": np.where(rng.random(N) < 0.1 + shift, np.nan, rng.normal(70 + 90 * shift, 9, N)),
            "stars": rng.choice([1, 2, 5], N),
            "flag": rng.random(N) < 0.5,
            "note": [f"{k} and {k + 1}" * (1 + (rng.random() < shift)) for k in rng.integers(0, 99, N)],
            "net": (net := rng.integers(1, 10**4, N)),
            "tax": (tax := rng.integers(1, 10**3, N)),
            "gross": net + tax + (rng.random(N) < shift),
            "zip": [f"{k:05}" for k in place],
            "city": [f"c{k // 2 + (rng.random() < shift)}" for k in place],
            "y": rng.choice(["no", "yes"], N),
        }
    )
    return frame.astype({name: "str" for name in frame if frame[name].dtype == object})


@pytest.mark.parametrize("shift", [0.0, 0.2, -0.2])
def test_the_answers_are_those_of_the_library(shift):
    reference = table(0, shift=0.2) if shift < 0 else table(0)
    batch = table(1, shift=max(shift, 0))
    roles = Roles("y", tuple(name for name in reference if name not in ("id", "when", "y")), id="id", time="when")
    rules = propose_rules(reference, roles, fresh=N)
    assert any(len(rule.columns) > 1 for rule in rules)
    held = [Expectation(rule.kind, rule.kwargs, rule.columns, rule.severity) for rule in rules]
    theirs = {
        rule.key for rule, raw in zip(rules, run_expectations(batch, held), strict=True) if raw.success is not True
    }
    ours = {item.key: item.share for item in broken_rules(batch, rules)}
    assert set(ours) == theirs
    assert bool(theirs) == (shift != 0)
    assert all(share is None or 0 < share <= 1 for share in ours.values())
