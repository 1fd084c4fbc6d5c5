"""Similarity of texts against the textbook recurrence."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.records.similarity import similarities, trigrams


def distance(a: str, b: str) -> int:
    """Optimal string alignment distance by the full table."""
    table = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    table[:, 0], table[0, :] = np.arange(len(a) + 1), np.arange(len(b) + 1)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            cost = a[i - 1] != b[j - 1]
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + cost)
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return int(table[-1, -1])


def pair(a: str, b: str, floor: float = 0.0) -> float:
    found, _ = similarities(np.asarray([a, b], dtype=object), np.asarray([0]), np.asarray([1]), floor)
    return float(found[0])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text("abcé伟", max_size=14), min_size=2, max_size=6))
def test_it_is_one_less_the_edits_a_character(texts):
    first, second = (side.ravel() for side in np.meshgrid(np.arange(len(texts)), np.arange(len(texts))))
    found, longest = similarities(np.asarray(texts, dtype=object), first, second, 0.0)
    for i, j, similarity, length in zip(first, second, found, longest, strict=False):
        a, b = texts[i], texts[j]
        assert length == max(len(a), len(b))
        assert np.isclose(similarity, 1 - distance(a, b) / max(1, length))


def test_a_swap_of_neighbours_is_one_edit():
    assert np.isclose(pair("martin", "matrin"), 5 / 6)


def test_texts_of_a_whole_machine_word():
    a = "x" * 64
    assert np.isclose(pair(a, a[:-1] + "y"), 63 / 64)
    assert np.isclose(pair(a, "y" * 64), 0)


def test_long_texts_share_trigrams():
    words = [
        "the",
        "quick",
        "brown",
        "fox",
        "jumps",
        "over",
        "the",
        "lazy",
        "dog",
        "and",
        "runs",
        "away",
        "into",
        "the",
        "dark",
        "green",
        "forest",
    ]
    a, b = " ".join(words), " ".join([*words[:-1], "wood"])
    expected = 2 * len(trigrams(a) & trigrams(b)) / (len(trigrams(a)) + len(trigrams(b)))
    assert np.isclose(pair(a, b), expected)
    assert pair(a, "z" * 80, 0.6) == 0


def test_below_the_floor_is_nothing():
    assert pair("anna", "otto", 0.6) == 0
