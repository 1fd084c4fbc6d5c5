"""MH031: rows on which equally good models disagree."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assay.findings import Severity, Status
from assay.health import HealthContext
from assay.health.parts import assess_parts
from assay.health.variants import PART
from assay.health.variants.multiplicity import disagreement
from assay.health_config import HealthConfig
from assay.trials import Trials, VariantTrial
from assay.trials.variants import Variant


@given(arrays(np.int64, st.tuples(st.integers(5, 7), st.integers(1, 4)), elements=st.integers(0, 2)))
def test_disagreement_is_that_of_all_draws(predicted):
    draws = [
        (predicted[list(some)] != predicted[some[0]]).any(axis=0) for some in combinations(range(len(predicted)), 5)
    ]
    assert disagreement(predicted) == pytest.approx(np.mean(draws, axis=0))


@pytest.fixture
def judge(make_dataset, make_out_of_sample):
    """Finding and table for (m, n) predicted classes and the groups of the rows."""

    def found(predicted, groups=None, *, by_seed=None, signal=True):
        m, n = predicted.shape
        groups = np.where(np.arange(n) % 2, "b", "a") if groups is None else groups
        frame = pd.DataFrame({"x": np.arange(n), "g": groups, "y": np.where(np.arange(n) // 2 % 2, "yes", "no")})
        dataset = make_dataset(frame, label="y", sensitive=["g"])
        trial = VariantTrial(
            positions=np.arange(n),
            variants=tuple(Variant(f"trees {at}", "trees", "", 0.9, 0.9, near_equal=True) for at in range(m)),
            sampled=False,
            pred_probs=np.eye(2, dtype=np.float32)[predicted],
            best_auc=0.9,
            best_accuracy=0.9,
            tolerance=0.01,
            has_signal=signal,
            control="" if by_seed is None else "trees 0",
            by_seed=np.empty((0, n), dtype=np.int64) if by_seed is None else by_seed,
        )
        predictions = make_out_of_sample(dataset, np.full((n, 2), 0.5))
        context = HealthContext(dataset, predictions, HealthConfig(variants=True), trials=Trials(variants=trial))
        findings, tables = assess_parts([PART], context)
        (finding,) = [f for f in findings if f.code == "MH031"]
        return finding, tables["ambiguity"]

    return found


def split(n, share, seed=0):
    """Five models, of which the last differs from the others on a share of the rows."""
    predicted = np.zeros((5, n), dtype=np.int64)
    predicted[4, np.random.default_rng(seed).choice(n, round(share * n), replace=False)] = 1
    return predicted


@pytest.mark.parametrize(
    ("n", "share", "status"),
    [(3000, 0.2, Status.FAILED), (3000, 0.02, Status.PASSED), (100, 0.1, Status.INCONCLUSIVE)],
)
def test_the_share_decides(judge, n, share, status):
    finding, table = judge(split(n, share))
    assert finding.status is status
    assert finding.severity is Severity.INFO
    assert finding.evidence.value == pytest.approx(share)
    assert table["value"].iloc[0] == pytest.approx(share)


def test_figures_of_marx_calmon_and_ustun(judge):
    predicted = np.zeros((6, 1000), dtype=np.int64)
    predicted[1, :30] = 1
    predicted[2, 20:100] = 1
    finding, _ = judge(predicted)
    figures = dict(finding.evidence.table.rows)
    assert figures["share of rows on which any near-equal configuration differs from the best"] == 0.1
    assert figures["largest share of rows that one near-equal configuration changes"] == 0.08


def test_seeds_are_the_control(judge):
    finding, _ = judge(split(3000, 0.06), by_seed=split(3000, 0.06, seed=1))
    assert "no more, as far as can be told" in finding.message
    finding, _ = judge(split(3000, 0.06), by_seed=split(3000, 0.01, seed=1))
    assert "part them more than this" in finding.message
    assert dict(finding.evidence.table.rows)["share of rows on which 5 seeds of one configuration disagree"] == 0.01


def test_a_group_that_pays_is_named_and_an_even_one_is_not(judge):
    n = 4000
    predicted = np.zeros((5, n), dtype=np.int64)
    predicted[4, 1:800:2] = 1  # of group b alone
    finding, table = judge(predicted)
    assert "For g = b it is 20.0%, elsewhere" not in finding.message  # of group a no row: too few to tell
    assert set(table["group"].dropna()) == set()
    predicted[4, 0:40:2] = 1
    finding, table = judge(predicted)
    assert "For g = b it is 20.0%, elsewhere 1.0%" in finding.message
    assert "For g = a" not in finding.message
    assert table.set_index("group").loc["b", "value"] == pytest.approx(0.2)
    finding, _ = judge(split(n, 0.1))
    assert "For g" not in finding.message


def test_few_people_are_not_told(judge):
    groups = np.array(["a", "b"] * 500, dtype=object)
    groups[:12] = "c"
    predicted = split(1000, 0.1)
    predicted[4, :3] = 1
    finding, table = judge(predicted, groups)
    assert "c" not in set(table["group"])
    assert "g = c" not in finding.message


def test_groups_alike_are_seldom_named(judge):
    """Simultaneous intervals: by chance, a group is named in at most one of twenty tables."""
    named = sum("For g" in judge(split(1000, 0.1, seed))[0].message for seed in range(40))
    assert named <= 4


def test_chance_is_inconclusive(judge):
    finding, table = judge(split(1000, 0.5), signal=False)
    assert finding.status is Status.INCONCLUSIVE
    assert "better than chance" in finding.message
    assert table.empty
