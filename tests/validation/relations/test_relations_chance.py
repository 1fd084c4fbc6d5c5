"""Independent columns have no relation, whatever their shapes; and what a rule allows a fresh sample keeps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.dataset import Roles
from assay.validation.own.rows import MEETS, unexpected
from assay.validation.relations import propose_relations


def independent(seed):
    """A table of columns of many shapes that know nothing of each other, with gaps."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice([60, 100, 300, 800]))
    shapes = [
        lambda: rng.integers(0, 2, n),
        lambda: rng.integers(0, int(rng.integers(3, 50)), n),
        lambda: rng.normal(0, 1, n),
        lambda: rng.gamma(1, 20, n).round(2),
        lambda: (rng.random(n) < 0.03).astype(int),
        lambda: np.array(list("abcdefghij"))[np.minimum(rng.zipf(1.5, n), 10) - 1],
        lambda: rng.integers(0, 3 * n, n),
        lambda: pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 400, n), "D"),
        lambda: np.where(rng.random(n) < 0.9, 0, rng.gamma(1, 20, n).round()),
        lambda: rng.zipf(1.3, n).astype(float).clip(0, 1e9),
        lambda: rng.permutation(n),
        lambda: np.array([f"t{i}" for i in rng.integers(0, n, n)]),
    ]
    columns = {}
    for place in range(int(rng.integers(3, 12))):
        values = pd.Series(shapes[rng.integers(0, len(shapes))]())
        columns[f"c{place}"] = values.where(rng.random(n) > rng.random() * 0.8) if rng.random() < 0.3 else values
    return pd.DataFrame(columns)


@pytest.mark.parametrize("block", range(4))
def test_independent_columns_have_no_relation(block):
    # At most 5% of the tables may show one; of 400 others there was none.
    found = 0
    for seed in range(10 * block, 10 * block + 10):
        frame = independent(seed)
        found += bool(propose_relations(frame, Roles("", ()), fresh=len(frame), alpha=0.01))
    assert found == 0


@pytest.mark.parametrize("copies", [2, 3, 10])
def test_rows_that_were_written_several_times_determine_nothing(copies):
    rng = np.random.default_rng(0)
    once = pd.DataFrame(
        {
            "ticket": rng.permutation(90_000)[:400],
            "kind": rng.choice(["a", "b", "c"], 400),
            "size": rng.integers(0, 40, 400),
            "price": rng.gamma(2, 10, 400).round(2),
        }
    )
    frame = pd.concat([once] * copies, ignore_index=True)
    assert propose_relations(frame, Roles("", ()), fresh=len(frame), alpha=0.01) == []
    numbered = frame.assign(row=range(len(frame)))
    assert propose_relations(numbered, Roles("", (), id="row"), fresh=len(frame), alpha=0.01) == []


def test_rules_of_one_half_hold_in_the_other():
    rng = np.random.default_rng(0)
    city_of = rng.integers(0, 40, 200)
    alarms = rules = 0
    for _ in range(10):
        shop = rng.integers(0, 200, 2_000)
        city = np.where(rng.random(2_000) < 0.015, rng.integers(0, 40, 2_000), city_of[shop])
        a, b = rng.gamma(2, 9, 2_000).round(2), rng.gamma(2, 9, 2_000).round(2)
        total = (a + b + np.where(rng.random(2_000) < 0.01, 1.0, 0.0)).round(2)
        frame = pd.DataFrame({"shop": shop, "city": city, "a": a, "b": b, "total": total})
        fresh = frame.tail(1_000).reset_index(drop=True)
        for rule in propose_relations(frame.head(1_000), Roles("", ()), fresh=1_000, alpha=0.05):
            assert rule.kind in MEETS
            broken = len(unexpected(fresh, rule.kind, rule.kwargs))
            alarms += broken > (1 - rule.kwargs.get("mostly", 1)) * 1_000
            rules += 1
    assert rules == 20
    # 10 runs at 5%: three or more would be an accident of one in a hundred.
    assert alarms <= 2


def test_a_smaller_and_a_larger_batch_get_tolerances_of_their_own():
    rng = np.random.default_rng(0)
    shop = rng.integers(0, 100, 2_000)
    city = np.where(rng.random(2_000) < 0.01, rng.integers(0, 40, 2_000), rng.integers(0, 40, 100)[shop])
    frame = pd.DataFrame({"shop": shop, "city": city})
    shares = [
        propose_relations(frame, Roles("", ()), fresh=fresh, alpha=0.05)[0].kwargs["mostly"]
        for fresh in (200, 2_000, 200_000)
    ]
    assert shares == sorted(shares)
