"""The interval in which the next value lies: exact where its description is true, and of use where a value jumps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assay.history.prediction import MIN_AUDITS, predict

NIGHTS = 75
# A jump that a person would call one: half of the rows.
HALF = 0.5


def series(kind: str, rng: np.random.Generator) -> np.ndarray:  # noqa: PLR0911
    """A series in which nothing happens."""
    night, noise = np.arange(NIGHTS), rng.normal(size=NIGHTS)
    match kind:
        case "level":
            return 1000 + 20 * noise
        case "trend":
            return 1000 + 30 * night + 20 * noise
        case "counts":
            return rng.poisson(400, NIGHTS).astype(float)
        case "walk":
            return 5000 + np.cumsum(20 * noise)
        case "growing":
            return 1000 + np.cumsum(100 + 10 * noise)
        case "weekend":
            return 1000 + 20 * noise - 500 * (night % 7 >= 5)
        case "sunday":
            return 1000 + 20 * noise - 500 * (night % 7 == 6)
        case "heavy tails":
            return 1000 + 20 * rng.standard_t(3, NIGHTS)
        case "correlated":
            found = np.zeros(NIGHTS)
            for at in range(1, NIGHTS):
                found[at] = 0.7 * found[at - 1] + noise[at]
            return 1000 + 20 * found
        case _:
            return np.full(NIGHTS, 1000.0)


KINDS = ("level", "trend", "counts", "walk", "growing", "weekend", "sunday", "heavy tails", "correlated", "constant")


def nightly(values: np.ndarray, at: int, alpha: float):
    past = values[:at].tolist()
    found = predict(past, [day % 7 for day in range(at)], at % 7, alpha, float(np.sqrt(np.median(past))))
    assert found is not None
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_quiet_series_stay_quiet_and_half_of_the_rows_is_told(kind):
    rng = np.random.default_rng(KINDS.index(kind))
    alarms, told, judged = 0, 0, 0
    for _ in range(50):
        values = series(kind, rng)
        # From the first night on which anything is said; before four weeks the weekdays are not known.
        for at in (MIN_AUDITS, 13, 20, 27, 34, 48, 62, 74):
            interval = nightly(values, at, 0.05)
            alarms += interval.excludes(values[at])
            if at >= 34:
                judged += 1
                told += interval.excludes(values[at] * HALF)
    assert alarms <= 0.05 * 50 * 8
    assert told >= 0.95 * judged


def test_the_probability_of_a_false_alarm_is_kept_to():
    # Of the shortest length, at a level that is easy to count.
    rng = np.random.default_rng(1)
    for walk in (False, True):
        noise = rng.normal(size=(1000, MIN_AUDITS + 1))
        values = np.cumsum(noise, axis=1) if walk else noise
        alarms = sum(
            found.excludes(row[-1])
            for row in values
            if (found := predict(row[:-1].tolist(), [None] * MIN_AUDITS, None, 0.2)) is not None
        )
        assert alarms / 1000 <= 0.2 + 0.03  # three standard errors of the simulation


def test_a_monday_with_the_rows_of_a_sunday_is_told():
    rng = np.random.default_rng(2)
    values = series("sunday", rng)
    monday = 63
    assert nightly(values, monday, 0.005).seasonal
    assert nightly(values, monday, 0.005).excludes(values[62])
    assert not nightly(values, 62, 0.005).excludes(values[62])


def test_a_weekday_that_was_hardly_seen_has_no_season():
    # Mondays to Fridays for six weeks, then a Saturday.
    days = [day for _ in range(6) for day in range(5)]
    found = predict([1000.0 + day for day in days], days, 5, 0.01, 30)
    assert found is not None
    assert not found.seasonal


def test_one_bad_night_of_the_past_does_not_hide_the_next():
    rng = np.random.default_rng(3)
    values = series("level", rng)
    values[5] = 0
    assert nightly(values, 40, 0.005).excludes(600)
    assert not nightly(values, 40, 0.005).excludes(1000)


def test_the_interval_of_a_level_is_the_textbooks():
    values = [10.0, 12.0, 9.0, 11.0, 10.5, 9.5, 11.5, 10.0]
    x = np.arange(8.0)
    slope, level = np.polyfit(x, values, 1)
    residual = np.array(values) - (level + slope * x)
    spread = np.sqrt((residual**2).sum() / 6 * (1 + 1 / 8 + (8 - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()))
    half = stats.t.ppf(0.98, 6) * spread
    changes = np.diff(values)
    of_changes = stats.t.ppf(0.98, 6) * changes.std(ddof=1) * np.sqrt(1 + 1 / 7)
    walked = values[-1] + changes.mean()
    found = predict(values, [None] * 8, None, 0.05)
    assert found is not None
    assert found.low == pytest.approx(min(level + 8 * slope - half, walked - of_changes))
    assert found.high == pytest.approx(max(level + 8 * slope + half, walked + of_changes))


def test_nothing_is_said_of_a_short_past():
    assert predict([1.0] * (MIN_AUDITS - 1), [None] * (MIN_AUDITS - 1), None, 0.05) is None


def test_a_constant_past_predicts_itself_up_to_chance():
    found = predict([0.1 + 0.2] * 30, [None] * 30, None, 0.01)
    assert found is not None
    assert not found.excludes(0.3)
    assert found.excludes(0.31)
    wide = predict([0.0] * 30, [None] * 30, None, 0.01, noise=0.01)
    assert wide is not None
    assert not wide.excludes(0.02)
    assert wide.excludes(0.2)


VALUES = st.lists(st.floats(-1e6, 1e6), min_size=MIN_AUDITS, max_size=70)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.floats(0.001, 1000), st.floats(-1000, 1000))
def test_another_unit_gives_the_same_interval_in_that_unit(values, factor, shift):
    days = [at % 7 for at in range(len(values))]
    # Without outliers: on the border, rounding decides which value is one.
    values = values[:27]
    found = predict(values, days[:27], 3, 0.05)
    other = predict([value * factor + shift for value in values], days[:27], 3, 0.05)
    assert found is not None
    assert other is not None
    scale = 1e-5 * (1 + factor * max(map(abs, values)) + abs(shift))
    assert other.low == pytest.approx(found.low * factor + shift, abs=scale)
    assert other.high == pytest.approx(found.high * factor + shift, abs=scale)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.lists(st.sampled_from([None, *range(7)]), min_size=70, max_size=70), st.sampled_from([None, 0, 6]))
def test_any_past_gives_an_interval(values, days, weekday):
    found = predict(values, days[: len(values)], weekday, 0.01)
    assert found is not None
    assert found.low <= found.high
