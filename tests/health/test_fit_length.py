"""MH007: the length of the training."""

from __future__ import annotations

import numpy as np
import pytest

from assay.config import HealthConfig
from assay.findings import Severity, Status
from assay.health import HealthContext
from assay.health.fit import PART
from assay.health.parts import assess_parts

FALLING = np.linspace(1.0, 0.5, 12)
FLAT = np.r_[1.0, 0.7, np.full(10, 0.5)]
RISING = np.r_[1.0, 0.7, 0.5, np.linspace(0.51, 0.8, 9)]


@pytest.fixture(scope="module")
def ask(make_case):
    def run(curve, noise=0.002, members=10, seed=0, **fields):
        rng = np.random.default_rng(seed)
        losses = np.asarray(curve) + noise * rng.normal(size=(members, len(curve)))
        case = make_case(200, train_loss=losses - 0.1, test_loss=losses, **fields)
        findings, tables = assess_parts((PART,), HealthContext(*case, HealthConfig()))
        return next(finding for finding in findings if finding.code == "MH007"), tables, losses

    return run


def test_a_loss_that_levels_off_passes(ask):
    finding, _, _ = ask(FLAT)
    assert finding.status is Status.PASSED
    assert finding.severity is Severity.INFO


def test_a_loss_that_rises_fails_and_names_the_best_epoch(ask):
    finding, _, _ = ask(RISING)
    assert finding.status is Status.FAILED
    assert "memorises" in finding.message
    assert "`learning.epochs: 3`" in finding.remedy
    assert finding.evidence.value == pytest.approx(0.3 / 0.5, abs=0.02)


def test_a_loss_that_still_falls_fails(ask):
    finding, _, _ = ask(FALLING)
    assert finding.status is Status.FAILED
    assert "too early" in finding.message
    assert "`learning.epochs: 24`" in finding.remedy


def test_noise_is_not_a_rise():
    """The best epoch of a member is chosen by the others: of a flat curve none is better than the end."""
    from assay.health.fit.length import _rises

    rises = _rises(np.random.default_rng(0).normal(size=(4000, 6)))
    assert abs(rises.mean()) < 0.1


def test_scattered_losses_are_inconclusive(ask):
    finding, _, _ = ask(FLAT, noise=0.2)
    assert finding.status is Status.INCONCLUSIVE


@pytest.mark.parametrize("epochs", [1, 2])
def test_few_epochs_are_inconclusive(ask, epochs):
    finding, tables, _ = ask(FLAT[:epochs])
    assert finding.status is Status.INCONCLUSIVE
    assert "loss_curves" not in tables


def test_epochs_that_were_not_measured_are_left_out(ask):
    curve = FLAT.copy()
    curve[[1, 3, 5]] = np.nan
    finding, tables, losses = ask(curve)
    assert finding.status is Status.PASSED
    held_out = tables["loss_curves"].query("part == 'held out'")
    assert list(held_out["epoch"]) == [1, 3, 5, 7, 8, 9, 10, 11, 12]
    assert held_out["mean"].to_numpy() == pytest.approx(losses.mean(axis=0)[[0, 2, 4, 6, 7, 8, 9, 10, 11]])
    assert (held_out["low"] <= held_out["mean"]).all()


def test_nothing_was_trained_for_given_predictions(ask):
    assert ask(FLAT, given="scores.csv")[0].status is Status.NOT_APPLICABLE
