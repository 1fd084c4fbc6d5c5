"""Why a row is suspect: neighbours against a search row by row, evidence against counts by hand, and the words."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from assay.label_noise import columns as columns_module
from assay.label_noise import explanation as explanation_module
from assay.label_noise.columns import PRIOR_ROWS, compute_information, read_columns, weigh_evidence
from assay.label_noise.explanation import explain_suspects
from assay.label_noise.neighbours import NEIGHBOURS, find_neighbours


@dataclass(frozen=True)
class Roles:
    features: tuple[str, ...]


@dataclass(frozen=True)
class Rows:
    frame: pd.DataFrame
    roles: Roles


@dataclass(frozen=True)
class Judged:
    """The parts of a judgement that an explanation looks at."""

    dataset: Rows
    positions: np.ndarray
    labels: np.ndarray
    suggested: np.ndarray
    suspect: np.ndarray
    wrong: np.ndarray
    quality: np.ndarray


def judged(frame, labels, suspects, suggested=None, positions=None) -> Judged:
    labels = np.asarray(labels)
    suspect = np.zeros(len(labels), dtype=bool)
    suspect[suspects] = True
    suggested = np.where(suspect, 1 - labels, labels) if suggested is None else np.asarray(suggested)
    positions = np.arange(len(labels)) if positions is None else positions
    wrong = np.where(suspect, 0.9, 0.0)
    rows = Rows(frame, Roles(tuple(frame.columns)))
    return Judged(rows, positions, labels, suggested, suspect, wrong, 1 - wrong)


def read(frame, labels):
    n = len(frame)
    return read_columns(frame, tuple(frame.columns), np.arange(n), np.asarray(labels), np.ones(n, dtype=bool))


def gower(frame, weights, one, other):
    """The distance of two rows, from its definition."""
    total = 0.0
    for name, weight in weights.items():
        a, b = frame[name].iloc[one], frame[name].iloc[other]
        if pd.isna(a) or pd.isna(b):
            total += weight * (pd.isna(a) != pd.isna(b))
        elif frame[name].dtype.kind in "ifb":
            ranks = frame[name].rank() / frame[name].notna().sum()
            total += weight * abs(ranks.iloc[one] - ranks.iloc[other])
        else:
            total += weight * (a != b)
    return total


cells = st.tuples(
    st.one_of(st.integers(-3, 3).map(float), st.just(np.nan)),
    st.sampled_from(["a", "b", "ü", None]),
    st.booleans(),
    st.integers(0, 1),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(cells, min_size=2, max_size=40))
def test_neighbours_are_those_of_a_search_row_by_row(rows):
    frame = pd.DataFrame([row[:3] for row in rows], columns=["number", "text", "flag"])
    frame["text"] = frame["text"].astype("object")
    columns, keys = read(frame, [row[3] for row in rows])
    total = sum(np.sqrt(column.information) for column in columns)
    weights = {c.name: np.sqrt(c.information) / total if total else 1 / len(columns) for c in columns}
    everyone = np.arange(len(frame))
    if not columns:
        assert not frame.nunique(dropna=False).gt(1).any()
        return
    for row, found in zip(everyone, find_neighbours(columns, everyone, everyone), strict=True):
        distances = {other: gower(frame, weights, row, other) for other in everyone if other != row}
        last = sorted(distances.values())[min(NEIGHBOURS, len(distances)) - 1]
        assert row not in found.rows
        assert {other for other, d in distances.items() if d < last - 1e-5} <= set(found.rows)
        assert set(found.rows) <= {other for other, d in distances.items() if d <= last + 1e-5}
        assert found.distance == pytest.approx([distances[other] for other in found.rows], abs=1e-5)
        assert (np.diff(found.distance) >= 0).all()
        for other in everyone:
            assert (keys[row] == keys[other]) == bool(frame.iloc[row].equals(frame.iloc[other]))


def test_an_irrelevant_column_does_not_drown_the_telling_one():
    rng = np.random.default_rng(0)
    x = rng.normal(size=1000)
    noise = {f"noise {i}": rng.normal(size=1000) * 1e6 for i in range(10)}
    columns, _ = read(pd.DataFrame({"x": x, **noise}), x > 0)
    assert columns[0].name == "x"
    rows = np.arange(0, 1000, 50)
    near = [found.rows for found in find_neighbours(columns, rows, np.arange(1000))]
    alike = np.mean([np.mean((x[found] > 0) == (x[row] > 0)) for row, found in zip(rows, near, strict=True)])
    assert alike > 0.9


def test_scale_and_monotone_change_of_a_number_change_nothing():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=300), "z": rng.integers(0, 9, 300)})
    labels = frame["x"].to_numpy() + rng.normal(size=300) > 0
    other = frame.assign(x=np.exp(5 * frame["x"]), z=frame["z"] * 1e-9 - 3)
    everyone = np.arange(300)
    for one, two in zip(
        *(find_neighbours(read(f, labels)[0], everyone, everyone) for f in (frame, other)), strict=True
    ):
        np.testing.assert_array_equal(one.rows, two.rows)


def test_information_is_that_of_scikit_learn_less_what_chance_adds():
    rng = np.random.default_rng(2)
    bins, labels = rng.integers(0, 6, 500), rng.integers(0, 3, 500)
    together = (bins + (rng.random(500) < 0.3)) % 3
    assert compute_information(bins, together) == pytest.approx(mutual_info_score(bins, together) - 5 * 2 / 1000)
    chance = [compute_information(rng.integers(0, 40, 2000), rng.integers(0, 2, 2000)) for _ in range(50)]
    assert np.mean(chance) < 0.0025  # 39 / 4000 = 0.00975 without the correction
    assert compute_information(labels, np.zeros(500, dtype=int)) == 0


def test_evidence_is_that_of_counts_by_hand():
    # 40 rows of "a" and 60 of "b": 10 and 50 of them of label 1. Row 0 is an "a" of label 1, and suggested is 0.
    texts = np.array(["a"] * 40 + ["b"] * 60)
    labels = np.array([1] * 10 + [0] * 30 + [1] * 50 + [0] * 10)
    columns, _ = read(pd.DataFrame({"x": texts}), labels)
    assert {column.bins.max() for column in columns} == {2}
    common = (39 + 1) / (99 + 3)  # three bins: rare, "a", "b"
    pro = (30 + PRIOR_ROWS * common) / (40 + PRIOR_ROWS)
    con = (9 + PRIOR_ROWS * common) / (59 + PRIOR_ROWS)
    found = weigh_evidence(columns, np.array([0]), np.array([0]), labels, np.ones(100, dtype=bool))
    assert found == pytest.approx(np.log([[pro / con]]))
    back = weigh_evidence(columns, np.array([20]), np.array([1]), labels, np.ones(100, dtype=bool))
    assert back[0, 0] < 0


@pytest.fixture(scope="module")
def planted():
    """Two groups of numbers that tell the label, a colour that tells it half, and one wrong label at row 4."""
    rng = np.random.default_rng(3)
    labels = np.arange(400) % 2
    telling = labels * 4 + rng.normal(size=400)
    colour = np.where(rng.random(400) < 0.7, labels, rng.integers(0, 2, 400))
    frame = pd.DataFrame(
        {"telling": telling, "noise": rng.normal(size=400), "colour": np.where(colour, "red", "blue")}
    )
    given_labels = labels.copy()
    given_labels[4] = 1
    frame.loc[4, ["telling", "colour"]] = [0.0, "blue"]
    return frame, given_labels


def test_a_planted_error_is_explained(planted):
    frame, labels = planted
    explained = explain_suspects(judged(frame, labels, [4]))
    (words,), (nearest,) = explained.words, explained.nearest
    assert words == (
        "Of its 10 most similar rows, 10 carry the suggested label and none the given one. 'telling' and 'colour' "
        "speak for the suggested label."
    )
    assert len(nearest) == 5
    assert (labels[list(nearest)] == 0).all()


def test_what_speaks_against_the_suggestion_is_said(planted):
    frame, labels = planted
    frame = frame.assign(colour=frame["colour"].where(frame.index != 4, "red"))
    (words,) = explain_suspects(judged(frame, labels, [4])).words
    assert words.endswith("'telling' speaks for the suggested label, 'colour' speaks for the given label.")


def test_equal_rows_are_counted_whatever_their_label_and_doubt(planted):
    frame, labels = planted
    for row in (50, 51, 52):
        frame = frame.copy()
        frame.loc[row] = frame.loc[4]
    labels = labels.copy()
    labels[[50, 51, 52]] = [1, 1, 0]
    explained = explain_suspects(judged(frame, labels, [4, 50]))
    words = explained.words[0]
    assert "8 carry the suggested label and 2 the given one (1 of them suspect too); 3 are equal to it" in words
    assert 52 in explained.nearest[0]


def test_more_equal_rows_than_neighbours_are_all_counted_in_any_order():
    frame = pd.DataFrame({"x": ["a"] * 60 + ["b"] * 60})
    labels = np.array([0] * 45 + [1] * 15 + [1] * 60)
    order = np.random.default_rng(4).permutation(120)
    there = explain_suspects(judged(frame, labels, [50])).words
    moved = judged(frame.iloc[order].reset_index(drop=True), labels[order], [int(np.flatnonzero(order == 50)[0])])
    assert there == explain_suspects(moved).words
    assert "Of its 59 most similar rows, 45 carry the suggested label and 14 the given one; 59 are equal" in there[0]


def test_positions_are_those_of_the_dataset(planted):
    frame, labels = planted
    wide = pd.concat([frame, frame.assign(telling=1e9)]).sort_index(kind="stable").reset_index(drop=True)
    there = explain_suspects(judged(frame, labels, [4]))
    explained = explain_suspects(judged(wide, labels, [4], positions=np.arange(0, 800, 2)))
    assert explained.words == there.words
    assert explained.nearest == (tuple(2 * at for at in there.nearest[0]),)


def test_three_classes_leave_room_for_others():
    x = np.repeat([0.0, 1.0, 2.0], 40)
    labels = np.repeat([0, 1, 2], 40)
    labels[[0, 1, 2, 3]] = [2, 1, 1, 2]
    suggested = labels.copy()
    suggested[0] = 0
    (words,) = explain_suspects(judged(pd.DataFrame({"x": x}), labels, [0], suggested)).words
    assert words.startswith("Of its 39 most similar rows, 36 carry the suggested label and 1 the given one; 39 are")


def test_only_the_worst_have_their_neighbours_looked_for(planted, monkeypatch):
    frame, labels = planted
    monkeypatch.setattr(explanation_module, "MAX_EXPLAINED", 2)
    case = judged(frame, labels, [4, 10, 20])
    case = replace(case, wrong=np.where(np.arange(400) == 10, 0.6, case.wrong))
    explained = explain_suspects(case)
    assert "only those of the 2 most doubtful labels" in explained.words[1]
    assert explained.nearest[1] == ()
    assert "'telling'" in explained.words[1]
    assert all("most similar rows, 10" in explained.words[at] or explained.nearest[at] for at in (0, 2))


def test_of_many_rows_some_are_drawn_and_it_is_said(planted, monkeypatch):
    frame, labels = planted
    monkeypatch.setattr(explanation_module, "MAX_ROWS", 100)
    explained = explain_suspects(judged(frame, labels, [4]))
    assert "Of its 10 most similar rows among 100 drawn at random, 10 carry" in explained.words[0]
    assert 4 not in explained.nearest[0]


def test_a_wide_table_keeps_the_telling_columns_and_exact_equality(planted, monkeypatch):
    frame, labels = planted
    rng = np.random.default_rng(5)
    wide = frame.assign(**{f"w{i}": rng.integers(0, 2, 400) for i in range(30)})
    wide.loc[60] = wide.loc[4]
    wide.loc[62] = wide.loc[4].where(wide.columns != "w29", 1 - wide.loc[4, "w29"])
    monkeypatch.setattr(columns_module, "MAX_COLUMNS", 2)
    (words,) = explain_suspects(judged(wide, labels, [4])).words
    assert "1 is equal to it in every feature" in words
    assert "'telling' and 'colour' speak" in words


@pytest.mark.parametrize(
    "values",
    [
        [np.nan] * 10 + [1.0] * 10,
        [np.inf, -np.inf] * 10,
        pd.to_datetime(["2020-01-01", None] * 10, utc=True),
        pd.to_timedelta([1, None] * 10, unit="D"),
        pd.array([1, None] * 10, dtype="Int64"),
        pd.array([True, None] * 10, dtype="boolean"),
        pd.Categorical([1, None] * 10),
        [["unhashable"], None] * 10,
        [2**62, 2**62 + 1] * 10,
        ["<script>", "=1+1\0"] * 10,
        [1, "mixed"] * 10,
    ],
)
def test_columns_of_any_kind(values):
    frame = pd.DataFrame({"x\n'": pd.Series(values)})
    labels = np.arange(20) % 2
    explained = explain_suspects(judged(frame, labels, [0, 7]))
    assert all(words.startswith("Of its ") for words in explained.words)
    assert all(
        labels[near] != labels[row]
        for row, all_near in zip((0, 7), explained.nearest, strict=True)
        for near in all_near
    )


@pytest.mark.parametrize("frame", [pd.DataFrame({"x": [1.0] * 5}), pd.DataFrame(index=range(5))])
def test_without_a_telling_feature(frame):
    explained = explain_suspects(judged(frame, [0, 1, 0, 1, 0], [2]))
    assert explained.words == ("No feature tells the rows apart.",)
    assert explained.nearest == ((),)


def test_no_suspects():
    explained = explain_suspects(judged(pd.DataFrame({"x": range(5)}), [0, 1, 0, 1, 0], []))
    assert explained.words == explained.nearest == ()


def test_two_rows():
    (words,) = explain_suspects(judged(pd.DataFrame({"x": [1, 2]}), [0, 1], [0])).words
    assert words == (
        "Of its 1 most similar row, 1 carries the suggested label and none the given one. "
        "No column by itself speaks for either label."
    )


def test_the_reason_of_a_suspect_says_why_and_holds_no_value(make_multiclass, of_code):
    case = make_multiclass(noise=0.08)
    (finding,) = of_code(case.judge(), "LN001")
    rows = finding.evidence.rows
    assert len(rows.reason) == len(rows.nearest) == len(rows.positions)
    labels = case.dataset.labels
    for position, reason, suggested, nearest in zip(
        rows.positions, rows.reason, rows.suggested, rows.nearest, strict=True
    ):
        assert "of its 10 most similar rows" in reason.lower()
        assert "class " not in reason
        assert position not in nearest
        assert {labels.classes[labels.codes[near]] for near in nearest} <= {suggested}
