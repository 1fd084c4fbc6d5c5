"""DQ019: one category spelt in several ways."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.findings import Action, Evidence, Outcome, Status, Subject
from assay.validation.context import flags
from assay.validation.wording import share_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assay.validation.context import Context

# Above, or where values are hardly ever repeated, a text is no category.
MAX_CATEGORIES = 1_000
MIN_MEAN_COUNT = 2
# A slip of the pen is much rarer than the word it was meant to be, and rare by itself.
TYPO_RATIO = 100
TYPO_MAX_SHARE = 0.005
# One letter makes another word of a short one: "male" and "mule".
TYPO_MIN_LETTERS = 5
# In codes of so few letters case means something: the genotypes AA, Aa and aa.
CASE_MEANS = 3
_VOWELS = frozenset("aeiouyäöüàáâãåæèéêëìíîïòóôõøùúûý")


def spelling_variants(context: Context) -> Iterator[Outcome]:
    """DQ019: values of a text column that differ only in case, width, separators, or one letter of a long word."""
    frame, roles = context.dataset.frame, context.dataset.roles
    apart = {roles.id, roles.time, roles.group, roles.weight, roles.split, *roles.ignored}
    looked_at = found = 0
    for name in frame.columns:
        if name in apart or frame[name].dtype.kind in "iufbM":
            continue
        codes, values = pd.factorize(frame[name])
        present = int((codes >= 0).sum())
        if not 0 < len(values) <= min(MAX_CATEGORIES, present / MIN_MEAN_COUNT):
            continue
        looked_at += 1
        counts = np.bincount(codes[codes >= 0], minlength=len(values))
        words = {str(value): int(count) for value, count in zip(values, counts, strict=True)}
        variants = folded_variants(words) | typos(words)
        if variants:
            found += 1
            odd = np.array([*(str(value) in variants for value in values), False])
            yield _finding(name, odd[codes], len(variants), present)
    if not looked_at:
        yield Outcome(Status.NOT_APPLICABLE, "No column holds categories in words.")
    elif not found:
        yield Outcome(
            Status.PASSED,
            f"No category of {looked_at:,} column{'s' * (looked_at != 1)} is spelt in several ways.",
            evidence=Evidence("spelling variants", 0, n=looked_at, threshold=0, unit="columns"),
        )


def _finding(name: str, mask: np.ndarray, variants: int, present: int) -> Outcome:
    count = int(mask.sum())
    spelling = "spelling differs" if variants == 1 else "spellings differ"
    return Outcome(
        Status.FAILED,
        f"{variants:,} {spelling} from a more frequent value of column '{name}' only in case, separators or a "
        f"letter: {share_of(count, present, 'values')}. A model takes each spelling for a category of its own.",
        Subject((name,)),
        Evidence(
            "values in a variant spelling",
            count,
            n=present,
            threshold=0,
            unit="rows",
            rows=flags(mask, f"Spelt differently from a more frequent value of column '{name}'.", Action.REVIEW),
        ),
        f"Agree on one spelling for each category of '{name}' and correct the others at the source.",
    )


def fold(text: str) -> str:
    """A text without what spellings differ in: Unicode form, case, outer blanks, separators between letters.

    The case of at most `CASE_MEANS` characters stays. Separators beside a digit or at the end stay: "1-5" is not
    "15", and the grade "A-" is not "A".
    """
    text = unicodedata.normalize("NFKC", text).strip().rstrip(".,;: ")
    text = text if len(text) <= CASE_MEANS else text.casefold()
    kept: list[str] = []
    gap: list[str] = []
    for letter in text:
        if letter.isspace() or unicodedata.category(letter)[0] in "PZ":
            # A run of blanks is one blank.
            gap += [] if letter.isspace() and gap[-1:] == [" "] else [" " if letter.isspace() else letter]
            continue
        between_letters = kept and kept[-1].isalpha() and letter.isalpha()
        kept += [letter] if between_letters else [*gap, letter]
        gap = []
    return "".join([*kept, *gap])


def folded_variants(counts: Mapping[str, int]) -> set[str]:
    """Values that are equal to a more frequent one once folded; of equally frequent ones the first in order stays."""
    same: dict[str, list[str]] = defaultdict(list)
    for value in counts:
        same[fold(value)].append(value)
    variants: set[str] = set()
    for key, values in same.items():
        if key and len(values) > 1:
            variants.update(sorted(values, key=lambda value: (-counts[value], value))[1:])
    return variants


def typos(counts: Mapping[str, int]) -> set[str]:
    """Rare values one letter away from a value at least `TYPO_RATIO` times as frequent.

    One letter is inserted, left out, replaced, or swapped with its neighbour, in one word of at least
    `TYPO_MIN_LETTERS` letters and no digit; the other words are equal. Neither the first letter nor a last vowel:
    those make other words (ethanol and methanol, Maria and Mario).
    """
    total = sum(counts.values())
    near: dict[tuple[str, ...], list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
    split = {value: tuple(unicodedata.normalize("NFKC", value).casefold().split()) for value in counts}
    for value, words in split.items():
        for signature in _signatures(words):
            near[signature].append((value, words))
    rare = [value for value, count in counts.items() if count <= TYPO_MAX_SHARE * total]
    return {
        value
        for value in rare
        if any(
            counts[other] >= TYPO_RATIO * counts[value] and _one_slip(split[value], words)
            for signature in _signatures(split[value])
            for other, words in near[signature]
        )
    }


def _signatures(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """What two values within one slip of each other have in common: a word less one letter, or itself."""
    for place, word in enumerate(words):
        if _long(word, slack=1):
            for shorter in {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}:
                yield (*words[:place], shorter, *words[place + 1 :])


def _long(word: str, slack: int = 0) -> bool:
    return sum(letter.isalpha() for letter in word) >= TYPO_MIN_LETTERS - slack and not any(map(str.isdigit, word))


def _one_slip(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    changed = [(a, b) for a, b in zip(first, second, strict=False) if a != b]
    if len(first) != len(second) or len(changed) != 1:
        return False
    a, b = sorted(changed[0], key=len)
    if not _long(b) or not _long(a, slack=1):
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if start == 0:
        return False
    if len(a) != len(b):
        return a[start:] == b[start + 1 :]
    if start == len(a) - 1 and {a[-1], b[-1]} <= _VOWELS:
        return False
    swapped = a[start + 1 : start + 2] + a[start : start + 1]
    return a[start + 1 :] == b[start + 1 :] or (swapped == b[start : start + 2] and a[start + 2 :] == b[start + 2 :])
