"""How far texts are from the nearest allowed one: a slip of the pen, or something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# More pairs than these are not compared: they would take longer than finding the rows.
_MOST_PAIRS = 20_000
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
    if not texts or len(texts) * len(values) > _MOST_PAIRS:
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
    near = [text for text in texts if abs(len(text) - len(value)) <= most and len(text) <= _MOST_LETTERS]
    best = min((_distance(value, text) for text in near), default=most + 1)
    return (_ONE if best == 1 else _TWO) if best <= most else _NOTHING


# Beyond, slips are not what tells two texts apart.
_MOST_LETTERS = 40


def _distance(first: str, second: str) -> int:
    before: list[int] = []
    last = list(range(len(second) + 1))
    for i, a in enumerate(first):
        row = [i + 1]
        for j, b in enumerate(second):
            cost = min(last[j] + (a != b), last[j + 1] + 1, row[j] + 1)
            if i and j and a == second[j - 1] and first[i - 1] == b:
                cost = min(cost, before[j - 1] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
