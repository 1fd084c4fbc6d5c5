"""Near-duplicates are found where they were planted, and nowhere else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records_people import people, with_repeats

from assay.records import match_records


def found(matches):
    return set(zip(matches.first.tolist(), matches.second.tolist(), strict=False))


def match(frame):
    return match_records(frame, tuple(frame.columns))


@pytest.fixture(scope="module")
def planted():
    frame, truth = with_repeats(people(), 60)
    return frame, truth, match(frame)


def test_planted_repeats_are_found(planted):
    _, truth, matches = planted
    hits = len(found(matches) & truth)
    assert hits >= 0.95 * len(truth)
    assert hits >= 0.95 * len(found(matches))
    assert matches.probability.min() >= 0.5


def test_expected_repeats_add_up(planted):
    _, truth, matches = planted
    assert abs(matches.repeats.sum() - len(truth)) < 4
    assert ((matches.repeats >= 0) & (matches.repeats <= 1)).all()


def test_pairs_are_those_within_clusters(planted):
    _, _, matches = planted
    cluster = matches.cluster
    assert (cluster[matches.first] == cluster[matches.second]).all()
    assert (matches.first < matches.second).all()
    sizes = np.unique(cluster[cluster >= 0], return_counts=True)[1]
    assert len(matches.first) == (sizes * (sizes - 1) // 2).sum()


@pytest.mark.parametrize(("repeats", "changed"), [(1, 1), (3, 3), (6, 3)])
def test_few_changed_values_are_no_rule(repeats, changed):
    frame = people().assign(plan=np.random.default_rng(2).choice(["basic", "plus", "pro"], 600))
    copies = frame.head(repeats).copy()
    copies.iloc[:changed, copies.columns.get_loc("plan")] = [
        {"basic": "plus", "plus": "pro", "pro": "basic"}[plan] for plan in copies["plan"].iloc[:changed]
    ]
    matches = match(pd.concat([frame, copies], ignore_index=True))
    # Exact copies are no pairs: DQ011 has them.
    assert found(matches) >= {(row, 600 + row) for row in range(changed)}


def test_far_fewer_than_all_pairs_are_compared():
    frame, truth = with_repeats(people(3000), 100)
    matches = match(frame)
    assert matches.candidates < 0.03 * len(frame) * (len(frame) - 1) / 2
    assert len(found(matches) & truth) >= 0.95 * len(truth)


def test_clean_people_are_quiet():
    assert not found(match(people(800, seed=3)))


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_and_columns_makes_no_difference(planted, seed):
    frame, _, matches = planted
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(frame))
    shuffled = frame.iloc[rows].reset_index(drop=True)
    other = match(shuffled)
    assert {tuple(sorted((int(rows[a]), int(rows[b])))) for a, b in found(other)} == found(matches)
    assert np.isclose(np.sort(other.probability), np.sort(matches.probability)).all()
    renamed = frame.set_axis([f"column {name!r} ✓" for name in frame.columns], axis=1)
    assert found(match(renamed)) == found(matches)


def test_exact_copies_change_nothing(planted):
    frame, _, matches = planted
    copied = pd.concat([frame, frame.iloc[[0, 0, 5, 650]]], ignore_index=True)
    again = match(copied)
    assert found(again) == found(matches)
    assert again.cluster[-1] == again.cluster[650]


def test_a_slip_in_the_only_column_that_differs():
    frame = people(200)
    frame["name"] = (
        frame.pop("given")
        + " "
        + frame.pop("surname")
        + [f" {chr(97 + k // 26)}{chr(97 + k % 26)}o" for k in range(200)]
    )
    again = frame.iloc[:8].copy()
    again["name"] = [name[:3] + name[4:] for name in again["name"]]
    both = pd.concat([frame, again], ignore_index=True)
    assert both["name"].is_unique
    assert found(match(both)) == {(k, 200 + k) for k in range(8)}


def test_families_in_one_house_are_other_people():
    first = people(400)
    second = first.copy()
    rng = np.random.default_rng(1)
    for column in ("given", "born", "spent"):
        second[column] = rng.permutation(second[column])
    assert len(found(match(pd.concat([first, second], ignore_index=True)))) <= 2


def test_measures_of_one_place_are_other_measures():
    places = people(60).drop(columns="spent")
    rng = np.random.default_rng(0)
    frame = places.loc[places.index.repeat(12)].reset_index(drop=True)
    frame["measure"] = np.tile([f"m-{k}" for k in range(12)], 60)
    frame["value"] = rng.normal(size=len(frame)).round(2)
    assert not found(match(frame))


def test_months_of_one_person_are_other_months():
    frame = people(60).loc[np.repeat(np.arange(60), 12)].reset_index(drop=True)
    frame["month"] = np.tile(np.arange(1, 13), 60)
    matches = match(frame)
    assert not found(matches)
    assert matches.apart == ("month",)


def test_independent_columns_are_quiet():
    rng = np.random.default_rng(0)
    numbers = {f"x{k}": rng.normal(size=1000).round(3) for k in range(6)}
    classes = {f"c{k}": rng.choice(list("abcdefgh"), 1000) for k in range(6)}
    assert not found(match(pd.DataFrame(numbers | classes)))


def test_a_few_categories_cannot_tell_records_apart():
    rng = np.random.default_rng(0)
    matches = match(pd.DataFrame({f"c{k}": rng.choice(list("abcd"), 2000) for k in range(5)}))
    assert not found(matches)
    assert not matches.applicable


def test_numbers_alone():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{k}": rng.normal(size=500).round(4) for k in range(6)})
    repeated = frame.iloc[:25].copy()
    repeated["x3"] *= 1.0002
    matches = match(pd.concat([frame, repeated], ignore_index=True))
    assert found(matches) == {(k, 500 + k) for k in range(25)}


def test_another_number_or_word_in_a_text_is_another_thing():
    rng = np.random.default_rng(0)
    base = people(300)
    base["edition"] = [f"atlas of {name.lower()} edition {k % 3 + 1}" for k, name in enumerate(base["city"])]
    other = base.iloc[:20].copy()
    other["edition"] = [text[:-1] + "9" for text in other["edition"]]
    other["born"] = rng.permutation(base["born"])[:20]
    other["spent"] = rng.permutation(base["spent"])[:20]
    assert not found(match(pd.concat([base, other], ignore_index=True)))


def test_correlated_measurements_are_quiet():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame((rng.normal(size=(1500, 1)) + 0.1 * rng.normal(size=(1500, 8))).round(2)).rename(columns=str)
    assert not found(match(frame))


def test_of_very_many_columns_the_most_telling_are_compared():
    frame, truth = with_repeats(people(300), 10)
    source = np.arange(len(frame))
    for original, repeat in truth:
        source[repeat] = original
    noise = np.random.default_rng(0).integers(0, 3, (len(frame), 200))[source]
    matches = match(pd.concat([frame, pd.DataFrame(noise).add_prefix("n")], axis=1))
    assert set(frame.columns) <= set(matches.compared)
    assert len(matches.compared) < 50
    assert len(found(matches) & truth) >= 9


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [], "b": []}),
        pd.DataFrame({"a": ["x"], "b": [1]}),
        pd.DataFrame({"a": ["x", "y"], "b": [1, 2]}),
        pd.DataFrame({"a": ["x", "x"], "b": [1, 1]}),
        pd.DataFrame({"a": [None] * 50, "b": [np.nan] * 50}),
        pd.DataFrame({"a": ["same"] * 50, "b": [7] * 50}),
        pd.DataFrame({"a": [f"only column {k}" for k in range(50)]}),
        pd.DataFrame({"a": [" "] * 25 + [""] * 25, "b": list(range(50))}),
        pd.DataFrame({"a": [np.inf, -np.inf, 1.0, np.nan] * 10, "b": list("abcd") * 10, "c": range(40)}),
        pd.DataFrame({"a": [2**62 + k // 2 for k in range(40)], "b": [f"{k % 7}" for k in range(40)]}),
        pd.DataFrame(
            {"a": pd.Categorical(list("ab") * 20), "b": [True, False] * 20, "c": pd.to_timedelta(range(40), "s")}
        ),
        pd.DataFrame(index=range(3)),
    ],
    ids=[
        "empty",
        "one",
        "two",
        "equal",
        "missing",
        "constant",
        "narrow",
        "blank",
        "infinite",
        "large",
        "kinds",
        "none",
    ],
)
def test_odd_tables_have_no_near_duplicates(frame):
    matches = match(frame)
    assert not found(matches)
    assert (matches.cluster == -1).all()
    assert len(matches.repeats) == len(frame)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=5), st.integers(0, 3), st.floats(allow_nan=True)), max_size=30))
def test_any_table_gets_an_answer(rows):
    matches = match(pd.DataFrame(rows, columns=["text", "code", "number"]))
    assert ((matches.probability >= 0) & (matches.probability <= 1)).all()
    assert ((matches.repeats >= 0) & (matches.repeats <= 1)).all()
    assert len(matches.cluster) == len(rows)
