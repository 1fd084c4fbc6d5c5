"""Texts that are a letter or two away from an allowed one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.validation.nearness import _distance, letters_away


def full(first, second):
    """Optimal string alignment, by the whole table."""
    table = {(i, 0): i for i in range(len(first) + 1)} | {(0, j): j for j in range(len(second) + 1)}
    for i in range(1, len(first) + 1):
        for j in range(1, len(second) + 1):
            ends = [table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (first[i - 1] != second[j - 1])]
            if i > 1 and j > 1 and first[i - 1] == second[j - 2] and first[i - 2] == second[j - 1]:
                ends.append(table[i - 2, j - 2] + 1)
            table[i, j] = min(ends)
    return table[len(first), len(second)]


@given(st.text("abcß", max_size=9), st.text("abcß", max_size=9), st.integers(0, 2))
def test_the_band_holds_what_the_table_does(first, second, most):
    assert _distance(first, second, most) == min(full(first, second), most + 1)


def test_hints():
    hints, codes = letters_away(["Berlin", "berlin ", "Brelin", "Berlyyn", "Hamburg", "", None, 3], ["Berlin", 7])
    said = [hints[code] for code in codes]
    assert ["case" in text for text in said] == [True, True, *[False] * 7]
    assert ["one letter" in text for text in said] == [False, False, True, *[False] * 6]
    assert ["two letters" in text for text in said] == [False] * 3 + [True] + [False] * 5
    assert letters_away([], ["a"])[1] == [0]
    assert letters_away(["a"], [])[1] == [0, 0]


def test_work_is_counted_in_letters():
    long = ["x" * 39 + chr(200 + k) for k in range(200)]
    assert set(letters_away(long, ["x" * 40])[1]) == {0, 2}
    assert set(letters_away(long, ["x" * 40] * 100)[1]) == {0}
