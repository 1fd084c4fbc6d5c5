"""Rare values that are a slip of the pen away from a frequent one of their column."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.cells.hits import Hits, Kind, log_ratio

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from assay.cells.table import Column, Table

# A frequent value occurs at least so often, and so many times as often as its misspelling.
MIN_FREQUENT, MIN_RATIO = 5, 5
# One slip of the pen is made in fewer rows than this.
MAX_REPEATED = 10
# Folded alike (case, spaces, punctuation), even a little more frequent is enough.
MIN_FOLD_RATIO = 2
# Values that are looked at, the most frequent of the frequent and of the rare ones: a column with more is free text.
MAX_FREQUENT, MAX_RARE = 2_000, 20_000
MAX_FOLDED = 100_000
# A word that one letter was changed in has at least so many, else most words are neighbours.
MIN_LETTERS = 4
# The same letter put in the place of several, and two different letters replaced: only in longer ones.
MIN_LETTERS_OF_SAME, MIN_LETTERS_OF_TWO = 8, 12
# Pairs compared at once; a bound on memory.
_PAIRS = 2_000_000
_BEYOND = 0x110000
# Misspelt values that one of the slips below explains.
EXPLAINED = 0.8
# Rows with rare and right values are at least so many of a column: what was not seen yet may come.
LEAST_RARE = 0.002
MAX_BACKGROUND = 0.99

SLIPS = {
    "fold": "spelt like a much more frequent value but for case, spaces or punctuation",
    "letter": "one letter away from a much more frequent value",
    "letters": "a few letters away from a much more frequent value",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two values of a column that one slip parts."""

    rare: int
    frequent: int
    slip: str


def find_misspellings(table: Table) -> Iterator[Hits]:
    """Find them in every column of texts."""
    for column in table.columns:
        if column.typed is None and column.distinct > 1 and column.counts.max() >= MIN_FOLD_RATIO:
            yield from _of_column(column)


def _of_column(column: Column) -> Iterator[Hits]:
    order = np.argsort(-column.counts, kind="stable")
    frequent = order[: int((column.counts >= MIN_FREQUENT).sum())][:MAX_FREQUENT]
    rare = order[column.counts[order] * MIN_RATIO <= column.counts.max()][:MAX_RARE]
    neighbours = (
        []
        if not len(frequent)
        else [*_one_slip(column.texts, rare, frequent), *_replaced(column.texts, rare, frequent)]
    )
    pairs = [*_fold_pairs(column), *(p for p in neighbours if _outnumbered(column, p))]
    best: dict[int, Pair] = {}
    for pair in sorted(pairs, key=lambda p: -int(column.counts[p.frequent])):
        best.setdefault(pair.rare, pair)
    if not best:
        return
    background = _background(column, frequent)
    for slip, reason in SLIPS.items():
        mine = [pair for pair in best.values() if pair.slip == slip]
        if mine:
            yield _hits(column, mine, reason, background[slip], list(best))


def _hits(column: Column, pairs: Sequence[Pair], reason: str, background: float, explained: Sequence[int]) -> Hits:
    evidence = np.full(column.distinct, np.nan)
    target = np.full(column.distinct, -1)
    # Of the values that are right, the background's share is near a frequent one by accident: nearly all, where codes
    # differ by a letter. By those that are near none, so many others are right as well.
    odds = min(background, MAX_BACKGROUND) / (1 - min(background, MAX_BACKGROUND))
    order = np.argsort(column.counts, kind="stable")
    near = np.zeros(column.distinct, dtype=bool)
    near[list(explained)] = True
    below = [np.append(0, np.cumsum(np.where(mask, column.counts, 0)[order])) for mask in (near, ~near)]
    for pair in pairs:
        # Rows with right values as rare as this one: how usual is it to be rare here?
        # Counts that are small are uncertain: values of up to twice as many rows are as rare.
        end = np.searchsorted(column.counts[order], 2 * column.counts[pair.rare] + 2, side="right")
        rows = below[1][end] + min(below[0][end], odds * (below[1][end] + 0.5))
        as_rare = max(LEAST_RARE, rows / column.present)
        evidence[pair.rare] = log_ratio(EXPLAINED, background) + log_ratio(1.0, as_rare)
        target[pair.rare] = pair.frequent
    rows = column.rows_of(~np.isnan(evidence))
    codes = column.codes[rows]
    repairs = [column.texts[place] for place in target[codes]]
    return Hits("spelling", column.index, rows, evidence[codes], Kind.MISSPELT, reason, repairs, pairs[0].slip)


def _outnumbered(column: Column, pair: Pair) -> bool:
    # The same slip is not made again and again: a value of many rows is a word of its own.
    once = column.counts[pair.rare] < MAX_REPEATED
    return bool(once and column.counts[pair.frequent] >= MIN_RATIO * column.counts[pair.rare])


def _background(column: Column, frequent: npt.NDArray[np.int64]) -> dict[str, float]:
    """Share of the frequent values that are themselves one slip from another: where codes differ by a letter, many."""
    seen = frequent[:500]
    pairs = [*_one_slip(column.texts, seen, seen), *_replaced(column.texts, seen, seen)]
    near = {slip: len({p.rare for p in pairs if p.slip == slip}) for slip in SLIPS}
    return {slip: (count + 0.5) / (len(seen) + 1) for slip, count in near.items()}


def fold(text: str) -> str:
    """A text without what spellings differ in: case, accents' encoding, spaces, and punctuation between letters."""
    text = unicodedata.normalize("NFKC", text)
    if len(text) > 2:  # of one or two letters, the case may mean something
        text = text.casefold()
    kept = [letter for place, letter in enumerate(text) if not _is_filler(text, place)]
    return "".join(kept).strip(".,;:")


def _is_filler(text: str, place: int) -> bool:
    """Whether a space, or a mark between letters: 1-5 is not 15, 1 5 is not 15, and "A-" is no "A"."""
    letter, before, after = text[place], text[place - 1 : place], text[place + 1 : place + 2]
    if letter.isspace():
        return not (before.isdigit() and after.isdigit())
    return unicodedata.category(letter)[0] == "P" and before.isalpha() and after.isalpha()


def _fold_pairs(column: Column) -> list[Pair]:
    if column.distinct > MAX_FOLDED:
        return []
    same: dict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(column.texts):
        if any(map(str.isalpha, text)):
            same[fold(text)].append(place)
    found = []
    for key, places in same.items():
        if key and len(places) > 1:
            top, *rest = sorted(places, key=lambda p: (-int(column.counts[p]), column.texts[p]))
            enough = (p for p in rest if column.counts[top] >= MIN_FOLD_RATIO * column.counts[p])
            found += [Pair(p, top, "fold") for p in enough]
    return found


def _one_slip(texts: Sequence[str], rare: npt.NDArray[np.int64], frequent: npt.NDArray[np.int64]) -> Iterator[Pair]:
    """Pairs that one letter parts: left out, put in, replaced, or swapped with its neighbour."""
    index: dict[str, list[int]] = defaultdict(list)
    for place in frequent:
        for key in _less_one(texts[place]):
            index[key].append(int(place))
    for place in rare:
        near = {other for key in _less_one(texts[place]) for other in index.get(key, ()) if other != place}
        for other in sorted(near):
            if _is_slip(texts[place], texts[other]):
                yield Pair(int(place), other, "letter")


def _less_one(text: str) -> set[str]:
    # A longer text has too many; `_replaced` sees those of equal length.
    if not MIN_LETTERS - 1 <= len(text) <= 60:
        return {text}
    return {text, *(text[:i] + text[i + 1 :] for i in range(len(text)))}


def _is_slip(first: str, second: str) -> bool:
    """Whether a shared text less one letter is indeed one slip, in a word, and not another number."""
    start = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), None)
    start = min(len(first), len(second)) if start is None else start
    end = 0
    while end < min(len(first), len(second)) - start and first[-1 - end] == second[-1 - end]:
        end += 1
    old, new = second[start : len(second) - end], first[start : len(first) - end]
    if len(old) > 1 or len(new) > 1:
        return len(old) == len(new) == 2 and old == new[::-1] and old.isalpha()
    return not _is_number(old + new) and _word_length(second, start) >= MIN_LETTERS


def _is_number(letters: str) -> bool:
    return all(letter.isdigit() for letter in letters)


def _word_length(text: str, place: int) -> int:
    """Letters of the word around a place."""
    start, end = place, place
    while start > 0 and text[start - 1].isalpha():
        start -= 1
    while end < len(text) and text[end].isalpha():
        end += 1
    return end - start


def _replaced(texts: Sequence[str], rare: npt.NDArray[np.int64], frequent: npt.NDArray[np.int64]) -> Iterator[Pair]:
    """Pairs of one length in which one and the same letter, or two letters, stand in the place of others."""
    by_length: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, places in enumerate((rare, frequent)):
        for place in places:
            if len(texts[place]) >= MIN_LETTERS_OF_SAME:
                by_length[len(texts[place])][side].append(int(place))
    for length, (few, many) in by_length.items():
        if few and many:
            letters = _letters([texts[p] for p in many], length)
            step = max(1, _PAIRS // (len(many) * length))
            for start in range(0, len(few), step):
                part = few[start : start + step]
                for i, j in _near_in_place(_letters([texts[p] for p in part], length), letters):
                    if part[i] != many[j]:
                        yield Pair(part[i], many[j], "letters")


def _letters(texts: Sequence[str], length: int) -> npt.NDArray[np.int32]:
    flat = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<i4")
    return flat.reshape(len(texts), length)


def _near_in_place(rare: npt.NDArray[np.int32], frequent: npt.NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    width = rare.shape[1]
    differs = rare[:, None, :] != frequent[None]
    count = differs.sum(axis=2)
    # Half of the letters must be the same, or nothing says that the two belong together.
    i, j = np.nonzero((count > 1) & (2 * count <= width))
    differs, count, new, old = differs[i, j], count[i, j], rare[i], frequent[j]
    numbers = (differs & _is_digit(new) & _is_digit(old)).any(axis=1)
    high, low = np.where(differs, new, -1).max(axis=1), np.where(differs, new, _BEYOND).min(axis=1)
    near = ~numbers & ((high == low) | ((count == 2) & (width >= MIN_LETTERS_OF_TWO)))
    yield from zip(i[near].tolist(), j[near].tolist(), strict=True)


def _is_digit(letters: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    return (letters >= ord("0")) & (letters <= ord("9"))
