"""What agrees by chance or by design is no slip: either order of two values, and times that follow from each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from records_people import SYLLABLES, people, with_repeats

from assay.records import match_records
from assay.records.dependence import shared_bits
from assay.records.fields import read_fields, swappable
from assay.records.sampling import mirrored_pairs, near_pairs


def match(frame):
    return match_records(frame.reset_index(drop=True), tuple(frame.columns))


def words(count, seed=0):
    rng = np.random.default_rng(seed)
    return np.unique(["".join(rng.choice(SYLLABLES, 4)) for _ in range(2 * count)])[:count]


def league():
    teams = words(20)
    return pd.DataFrame([(a, b) for a in teams for b in teams if a != b], columns=["home", "away"])


def edges(nodes, reciprocal):
    rng = np.random.default_rng(1)
    names = words(nodes)
    frame = pd.DataFrame({"src": rng.choice(names, 1500), "dst": rng.choice(names, 1500)})
    back = frame.iloc[:reciprocal].rename(columns={"src": "dst", "dst": "src"})
    return pd.concat([frame, back], ignore_index=True)


def routes():
    """Both ways are there, and equally long."""
    frame = edges(60, 0).drop_duplicates()
    lengths = {frozenset(pair): 100 + 37 * k for k, pair in enumerate(zip(frame["src"], frame["dst"], strict=True))}
    return frame.assign(km=[lengths[frozenset(pair)] for pair in zip(frame["src"], frame["dst"], strict=True)])


def namesakes():
    rng = np.random.default_rng(2)
    names = words(31)
    born = pd.Timestamp("1940-01-01") + pd.to_timedelta(rng.integers(0, 25000, 1500), "D")
    return pd.DataFrame({"given": rng.choice(names, 1500), "surname": rng.choice(names, 1500), "born": born})


def goals(frame):
    rng = np.random.default_rng(3)
    return frame.assign(scored=rng.poisson(1.5, len(frame)), conceded=rng.poisson(1.1, len(frame)))


def weights(frame):
    return frame.assign(weight=np.random.default_rng(4).integers(1, 6, len(frame)))


@pytest.mark.parametrize(
    "frame",
    [
        league(),
        goals(league()),
        edges(300, 300),
        weights(edges(300, 36)),
        weights(edges(4000, 300)),
        routes(),
        namesakes(),
    ],
    ids=["league", "goals", "edges", "weighted edges", "sparse edges", "routes", "namesakes"],
)
def test_a_and_b_is_not_b_and_a(frame):
    matches = match(frame)
    # Two made-up names may be one letter apart.
    assert len(matches.first) <= 0.002 * len(frame)
    assert matches.repeats.sum() <= 0.002 * len(frame) + 0.5


def test_a_swap_of_names_is_still_a_slip():
    frame = people(400)
    again = frame.iloc[:12].rename(columns={"given": "surname", "surname": "given"})
    matches = match(pd.concat([frame, again], ignore_index=True))
    assert set(zip(matches.first.tolist(), matches.second.tolist(), strict=True)) == {(k, 400 + k) for k in range(12)}


def test_columns_of_one_vocabulary_are_not_swapped():
    assert swappable(read_fields(league(), ("home", "away"))) == []
    frame, _ = with_repeats(people(400), 40)
    fields = read_fields(frame, tuple(frame.columns))
    assert [{fields[a].name, fields[b].name} for a, b in swappable(fields)] == [{"given", "surname"}]


def test_mirrored_pairs_are_counted():
    frame = pd.DataFrame(
        {"a": ["x", "x", "y", "z", "q", None, "y"] * 2, "b": ["y", "y", "x", "z", "w", "x", None] * 2}
    )
    fields = read_fields(frame, ("a", "b"))
    (first, second), total = mirrored_pairs(*fields, np.random.default_rng(0))
    a, b = frame["a"].to_numpy(), frame["b"].to_numpy()
    true = {(i, j) for i in range(14) for j in range(i + 1, 14) if a[i] == b[j] != b[i] == a[j] and a[i] is not None}
    assert total == len(true) == 8
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == true


FORMS = ("%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M")


def tickets(form, step=7, rows=1000):
    """Tickets, at most a few an hour: when they came, on which day, and when they are due."""
    rng = np.random.default_rng(10)
    created = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.integers(0, rows, rows)) * step, "h")
    due = created + pd.to_timedelta(rng.integers(1, 4, rows), "D")
    frame = pd.DataFrame({"created": created, "day": created.normalize(), "due": due})
    if form:
        frame = frame.apply(lambda column: column.dt.strftime(form))
        frame["day"] = frame["day"].str.split(" ").str[0]
    return frame.assign(state=rng.choice(["open", "closed", "waiting"], rows))


def zones(minutes, rows=1000):
    rng = np.random.default_rng(11)
    utc = pd.Timestamp("2024-03-01") + pd.to_timedelta(np.sort(rng.integers(0, rows * minutes, rows)), "min")
    start = utc.floor("15min")
    end = start + pd.to_timedelta(rng.integers(1, 9, rows) * 15, "min")
    frame = pd.DataFrame({"utc": utc, "local": utc + pd.Timedelta("2h"), "start": start, "end": end})
    return frame.apply(lambda column: column.dt.strftime("%Y-%m-%dT%H:%M"))


@pytest.mark.parametrize("form", ["", *FORMS])
def test_times_that_follow_from_each_other_are_one_piece_of_evidence(form):
    matches = match(tickets(form))
    assert not len(matches.first)
    assert matches.repeats.sum() < 10


@pytest.mark.parametrize("minutes", [2, 10, 60])
def test_one_time_in_two_zones(minutes):
    matches = match(zones(minutes))
    assert not len(matches.first)
    assert matches.repeats.sum() < 10


def test_repeats_among_times_are_found_by_what_else_there_is():
    frame, truth = with_repeats(people(500), 50)
    source = np.arange(len(frame))
    for original, repeat in truth:
        source[repeat] = original
    matches = match(pd.concat([frame, tickets(FORMS[0], rows=500).iloc[source].reset_index(drop=True)], axis=1))
    found = set(zip(matches.first.tolist(), matches.second.tolist(), strict=True))
    assert len(found & truth) >= 0.95 * len(truth)
    assert len(found & truth) >= 0.95 * len(found)


def test_shared_bits_are_those_of_the_rank_correlation():
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, 4000))
    frame = pd.DataFrame({"x": x, "exp": np.exp(x), "noisy": x + 0.1 * noise, "other": rng.normal(size=4000)}).round(3)
    fields = read_fields(frame, tuple(frame.columns))
    place = {field.name: k for k, field in enumerate(fields)}
    shared = shared_bits(fields)
    assert np.allclose(shared, shared.T)
    assert shared[place["x"], place["exp"]] > 8
    assert shared[place["x"], place["other"]] == 0
    # Mutual information of two normal variables.
    assert np.isclose(shared[place["x"], place["noisy"]], 0.5 * np.log2(1 + 1 / 0.1**2), atol=0.3)


def test_dates_are_in_the_order_of_time_however_they_are_written():
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1000, 2000), "D")
    frame = pd.DataFrame({form: days.strftime(form) for form in ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y")})
    shared = shared_bits(read_fields(frame, tuple(frame.columns)))
    assert (shared[~np.eye(3, dtype=bool)] > 8).all()


def test_near_pairs_are_near():
    frame = pd.DataFrame({"code": ["7001", "7002", "9002", "1234", "5678"] * 2, "other": list("abcdefghij")})
    code = next(field for field in read_fields(frame, ("code", "other")) if field.name == "code")
    first, second, owner = near_pairs(code, np.random.default_rng(0))
    texts = frame["code"].to_numpy()
    found = {frozenset(pair) for pair in zip(texts[first], texts[second], strict=True)}
    assert found == {frozenset(("7001", "7002")), frozenset(("7002", "9002"))}
    assert set(code.values(owner)) == {"7001", "7002", "9002"}
