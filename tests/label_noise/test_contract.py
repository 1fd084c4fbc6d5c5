"""What is refused at the door; cleanlab would take all of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assay.errors import ContractError
from assay.label_noise import check_contract

LABELS = np.array([0, 1, 0, 1, 1, 0])
PROBS = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6], [0.1, 0.9], [0.6, 0.4]])
CLASSES = ("no", "yes")


def problems(labels=LABELS, probs=PROBS, classes=CLASSES, **rest) -> tuple[str, ...]:
    with pytest.raises(ContractError) as raised:
        check_contract(labels, probs, classes, **rest)
    return raised.value.problems


def changed(row, value) -> np.ndarray:
    probs = PROBS.copy()
    probs[row] = value
    return probs


def test_good_predictions_are_accepted():
    folds = np.array([[0, 1, 0, 1, 0, -1]])
    trained = np.array([True, True, True, True, True, False])
    labels = np.array([0, 1, 0, 1, 1, -1])
    check_contract(labels, PROBS, CLASSES, repeat_probs=PROBS[None], folds=folds, trained=trained)


@pytest.mark.parametrize(
    ("probs", "words"),
    [
        (changed(0, [np.nan, 0.5]), "NaN"),
        (changed(0, [np.inf, 0.5]), "infinity"),
        (changed(0, [-0.1, 1.1]), "must lie in [0, 1], got 1 rows (0, counted from 0) outside. Pass probabilities"),
        (
            changed(slice(None), [0.5, 0.6]),
            "must sum to 1 in each row, got 6 rows (0, 1, 2, 3, 4, ..., counted from 0)",
        ),
        (PROBS[:5], "must have shape (6, 2), got (5, 2)"),
        (np.column_stack([PROBS, PROBS[:, 0]]), "must have shape (6, 2), got (6, 3)"),
        (PROBS[:, 0], "must have shape (6, 2), got (6,)"),
        (PROBS.round().astype(int), "must be floating point"),
    ],
)
def test_broken_probabilities_are_refused(probs, words):
    (problem,) = problems(probs=probs)
    assert problem.startswith("pred_probs must ")
    assert words in problem


@pytest.mark.parametrize(
    ("numbers", "words"),
    [(100 * PROBS, "percentages: divide"), (np.log(PROBS), "pass their exponentials"), (5 - 9 * PROBS, "not logits")],
)
def test_numbers_that_are_no_probabilities_are_named(numbers, words):
    assert words in "\n".join(problems(probs=numbers))


def test_a_row_that_nobody_labelled_need_not_be_predicted():
    probs, labels = changed(2, np.nan), np.array([0, 1, -1, 1, 1, 0])
    check_contract(labels, probs, CLASSES, repeat_probs=probs[None])
    (problem,) = problems(labels, changed(2, [np.nan, 0.5]))
    assert "got 1 rows (2, counted from 0) with NaN" in problem


@pytest.mark.parametrize("outside", [2, -2])
def test_labels_outside_the_classes_are_refused(outside):
    (problem,) = problems(labels=np.array([0, 1, 0, 1, 1, outside]))
    assert "got 1 other values" in problem


@pytest.mark.parametrize("labels", [LABELS.astype(float), np.array(CLASSES)[LABELS], LABELS[:, None]])
def test_labels_that_are_no_integers_are_refused(labels):
    assert "one integer a row" in problems(labels=labels)[0]


def test_no_label_at_all_is_refused():
    assert "got none" in problems(labels=np.full(6, -1))[0]


def test_one_class_is_refused():
    assert "at least 2 classes, got 1" in problems(LABELS * 0, np.ones((6, 1)), ("no",))[0]


def test_all_offenders_are_named_at_once():
    probs = changed(0, [-0.5, 0.9])
    found = problems(np.array([0, 1, 0, 1, 1, 7]), probs, repeat_probs=np.full((2, 6, 2), np.nan))
    text = "\n".join(found)
    assert len(found) == 4
    for words in (
        "labels must be in 0..1",
        "pred_probs must lie",
        "pred_probs must sum",
        "repeat_probs must be finite",
    ):
        assert words in text


def test_in_sample_rows_are_refused():
    folds = np.array([[0, 1, 0, 1, 0, 1], [0, 1, -1, -1, 0, 1]])
    (problem,) = problems(folds=folds, trained=np.ones(6, bool))
    assert "got 2 rows that are not held out" in problem


def test_trained_rows_need_a_label():
    labels = np.array([0, 1, 0, 1, 1, -1])
    (problem,) = problems(labels, folds=np.zeros((1, 6), int), trained=np.ones(6, bool))
    assert "1 rows without a label" in problem


def test_no_trained_row_is_refused():
    (problem,) = problems(folds=np.full((1, 6), -1), trained=np.zeros(6, bool))
    assert problem.startswith("trained must mark at least one row")


def test_swapped_columns_are_refused():
    labels = np.tile(LABELS, 50)
    (problem,) = problems(labels, np.tile(PROBS[:, ::-1], (50, 1)))
    assert "swapped" in problem
    assert "'no', 'yes'" in problem


def test_two_swapped_columns_of_many_are_refused():
    labels = np.repeat(np.arange(20), 30)
    probs = np.full((600, 20), 0.01)
    probs[np.arange(600), labels] = 0.81
    probs[:, [3, 7]] = probs[:, [7, 3]]
    (problem,) = problems(labels, probs, tuple("abcdefghijklmnopqrst"))
    assert "of 60 rows labelled 'd', 'h', 0 are predicted as labelled, and 60 would be" in problem


@pytest.mark.parametrize("k", [2, 5, 50])
def test_predictions_without_signal_do_not_look_swapped(k):
    rng = np.random.default_rng(0)
    check_contract(rng.integers(0, k, 500), rng.dirichlet(np.ones(k), 500), tuple(map(str, range(k))))


def test_predictions_of_another_dataset_are_refused(make_case):
    case, other = make_case(60), make_case(50)
    with pytest.raises(ContractError, match=r"60 rows, got 50"):
        replace(case, predictions=other.predictions).judge()


def test_stage_refuses_nan(make_case):
    case = make_case(60)
    probs = case.predictions.pred_probs.copy()
    probs[3] = np.nan
    with pytest.raises(ContractError, match=r"1 rows \(3, counted from 0\) with NaN"):
        replace(case, predictions=replace(case.predictions, pred_probs=probs)).judge()
