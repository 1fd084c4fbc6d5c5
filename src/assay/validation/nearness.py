"""How far texts are from the nearest allowed one: a slip of the pen, or something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Values are not compared where they have more letters than these, once for each allowed text.
_MOST_LETTERS_READ = 400_000
# Beyond, slips are not what tells two texts apart.
_MOST_LETTERS = 40
_NOTHING, _SPELLING, _ONE, _TWO = range(4)
_HINTS = (
    "",
    ", and differs from one of them only in case or spaces",
    ", one letter away from one",
    ", two letters away from one",
)


def letters_away(values: Sequence[object], allowed: Sequence[object]) -> tuple[Sequence[str], list[int]]:
    """A few hints, and for each of V values the number of its hint.

    The distance is that of optimal string alignment (a letter added, left out, replaced, or two neighbours swapped).
    Texts of up to two letters are near everything: nothing is said of them, nor of two letters in five.
    """
    texts = [text for text in allowed if isinstance(text, str)]
    # Nothing is near a longer one.
    letters = sum(min(len(value), _MOST_LETTERS) for value in values if isinstance(value, str))
    if not texts or letters * len(texts) > _MOST_LETTERS_READ:
        return _HINTS, [_NOTHING] * (len(values) + 1)
    spellings = {_spelling(text) for text in texts}
    # One more: missing values have the code -1.
    return _HINTS, [*(_nearest(value, texts, spellings) for value in values), _NOTHING]


def _spelling(text: str) -> str:
    return "".join(text.casefold().split())


def _nearest(value: object, texts: Sequence[str], spellings: set[str]) -> int:
    if not isinstance(value, str):
        return _NOTHING
    if _spelling(value) in spellings:
        return _SPELLING
    most = 2 if len(value) > 5 else 1 if len(value) > 2 else 0
    best = most + 1
    for text in texts:
        if abs(len(text) - len(value)) < best and len(text) <= _MOST_LETTERS:
            best = min(best, _distance(value, text, best - 1))
    return (_ONE if best == 1 else _TWO) if best <= most else _NOTHING


def _distance(first: str, second: str, most: int) -> int:
    """The distance of two texts, or `most` + 1 where it is greater.

    Where two texts are `most` letters apart, no letter has moved by more places: only this band of the table is
    filled (Ukkonen 1985, doi:10.1016/S0019-9958(85)80046-2).
    """
    far = most + 1
    width = len(second) + 1
    before = [far] * width
    last = [min(place, far) for place in range(width)]
    for i, a in enumerate(first):
        row = [far] * width
        row[0] = min(i + 1, far)
        for j in range(max(0, i - most), min(len(second), i + most + 1)):
            cost = min(last[j] + (a != second[j]), last[j + 1] + 1, row[j] + 1)
            if i and j and a == second[j - 1] and first[i - 1] == second[j]:
                cost = min(cost, before[j - 1] + 1)
            row[j + 1] = cost
        # A swap reaches back by two rows.
        if min(row) > most and min(last) > most:
            return far
        before, last = last, row
    return min(last[-1], far)
