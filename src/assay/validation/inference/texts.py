"""Rules on columns of few values or of texts: the values in use, their pattern, their lengths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.small_cells import SMALLEST_CELL
from assay.validation.inference.rule import Rule
from assay.validation.inference.shapes import find_shape
from assay.validation.inference.tolerance import mostly_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assay.validation.inference.tolerance import Tolerance

IN_SET = "expect_column_values_to_be_in_set"
REGEX = "expect_column_values_to_match_regex"
LENGTHS = "expect_column_value_lengths_to_be_between"
# A longer list of categories is rarely complete, and no one reads it. Of numbers only a few can be codes.
MAX_WORDS = 100
MAX_NUMBERS = 12
# A set is only proposed where a value was seen this often on average.
MIN_MEAN_COUNT = 10
# A value seen this rarely says that others were not seen at all.
RARE = 2
# With this share of numbers, a column of texts is one of numbers with slips, such as "172.3 cm".
MIN_NUMBERS = 0.98
# Patterns are sought in so many values: the longest and the shortest, and others evenly.
MAX_SHAPED = 2_000
_EXTREMES = 100
_NUMBER = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf(?:inity)?)", re.IGNORECASE)
_LEADING_ZERO = re.compile(r"0[0-9]+")
# What Python, RE2, Java and PostgreSQL read alike, and what a column of numbers is written as, too.
NUMBER_PATTERN = "^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"


def value_counts(values: pd.Series[Any]) -> dict[Any, int]:
    """Value -> rows that hold it, in the order of their first appearance; the values are plain Python's."""
    codes, distinct = pd.factorize(values)
    counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
    return dict(zip(np.asarray(distinct, dtype=object).tolist(), counts.tolist(), strict=True))


def stays_text(counts: Mapping[str, int], n: int, tolerance: Tolerance) -> bool:
    """Whether a batch holds a text that is no number, but for one case in 1/alpha: else it is read as numbers."""
    present = sum(counts.values())
    numbers = sum(count for value, count in counts.items() if _is_number(value))
    return tolerance.of_present(present - numbers, n).fresh > 0


def numbers_with_slips(column: str, counts: Mapping[str, int], tolerance: Tolerance) -> Rule | None:
    """The rule for texts that are numbers but for a few; None for other texts.

    A pattern, because it can be held against a batch of texts and against one that is numbers throughout.
    """
    n = sum(counts.values())
    pattern = re.compile(NUMBER_PATTERN)
    broken = sum(count for value, count in counts.items() if not pattern.match(value))
    if not 0 < broken <= (1 - MIN_NUMBERS) * n or (share := tolerance.share(broken, n)) is None:
        return None
    kwargs = {"column": column, "regex": NUMBER_PATTERN, "mostly": mostly_of(share)}
    reason = f"All but {broken:,} of {n:,} values are numbers; correct these, and ranges can be inferred."
    return Rule(REGEX, kwargs, reason, {"n": n, "broken": broken, "method": "beta-binomial"}, name="pattern")


def _is_number(value: str) -> bool:
    return _NUMBER.fullmatch(value) is not None and not _LEADING_ZERO.fullmatch(value)


def categories(
    column: str, counts: Mapping[Any, int], tolerance: Tolerance, *, limit: int = MAX_WORDS, private: bool = False
) -> Iterator[Rule]:
    """The set of values of a column that has few, where a batch will hold few others.

    A value that was seen once or twice stands for others that were not seen yet (Good 1953,
    doi:10.1093/biomet/40.3-4.237): its rows count as if they broke the rule. A private column with a value of fewer
    than `SMALLEST_CELL` rows has no set: one with the value would tell of these people, and one without it would say
    that they should not be there.
    """
    n = sum(counts.values())
    if not 0 < len(counts) <= min(limit, n / MIN_MEAN_COUNT) or (private and has_small_group(counts)):
        return
    rare = sum(count for count in counts.values() if count <= RARE)
    share = tolerance.share(rare, n)
    if share is None:
        return
    few = f"these {len(counts)} values were" if len(counts) > 1 else "this value was"
    expected = "; some are rare, so that others may come" if rare else ""
    reason = f"{few.capitalize()} all that occurred in {n:,} rows{expected}; delete what should not be there."
    kwargs = {"column": column, "value_set": _sorted(counts), "mostly": mostly_of(share)}
    evidence = {"n": n, "broken": 0, "rare": rare, "method": "Good-Turing, beta-binomial"}
    yield Rule(IN_SET, kwargs, reason, evidence, name="values")


def has_small_group(counts: Mapping[Any, int]) -> bool:
    """Whether fewer than `SMALLEST_CELL` rows share a value."""
    return min(counts.values(), default=SMALLEST_CELL) < SMALLEST_CELL


def _sorted(values: Mapping[Any, int]) -> list[Any]:
    return [int(value) if isinstance(value, float) and value.is_integer() else value for value in sorted(values)]


def forms(
    column: str, counts: Mapping[str, int], tolerance: Tolerance, *, private: bool, of_people: bool = False
) -> Iterator[Rule]:
    """The pattern of a column of texts, else the range of their lengths.

    In the pattern of a private column no letter stands for itself; the lengths of its longest and shortest texts are
    those of single rows. Of a column whose values are groups `of_people`, a pattern that leaves some out is none.
    """
    n = sum(counts.values())
    if not n:
        return
    looked_at = _sample(counts)
    shape = find_shape({value: counts[value] for value in looked_at}, literals=not private)
    if shape is not None:
        pattern = re.compile(shape.regex)
        broken = sum(count for value, count in counts.items() if not pattern.match(value))
        share = tolerance.share(broken, n, fitted=shape.fitted) if not (of_people and broken) else None
        if share is not None:
            fit = f"All {n:,} values are" if not broken else f"All but {broken:,} of {n:,} values are"
            what = shape.what.removeprefix("values ") if shape.what.startswith("values of") else shape.what
            kwargs = {"column": column, "regex": shape.regex, "mostly": mostly_of(share)}
            evidence = {"n": n, "broken": broken, "fitted": shape.fitted, "method": "beta-binomial"}
            yield Rule(REGEX, kwargs, f"{fit} {what}.", evidence, name="pattern")
            return
    share = tolerance.share(0, n, fitted=2)
    if share is not None and not private:
        lengths = [len(value) for value in counts]
        kwargs = {"column": column, "min_value": min(lengths), "max_value": max(lengths), "mostly": mostly_of(share)}
        reason = f"The lengths of all {n:,} values lay within these bounds."
        yield Rule(LENGTHS, kwargs, reason, {"n": n, "broken": 0, "method": "order statistics"}, name="length")


def _sample(counts: Mapping[str, int]) -> Sequence[str]:
    ordered = sorted(counts, key=lambda value: (len(value), value))
    if len(ordered) <= MAX_SHAPED:
        return ordered
    places = np.linspace(_EXTREMES, len(ordered) - _EXTREMES - 1, MAX_SHAPED - 2 * _EXTREMES).astype(int).tolist()
    return [*ordered[:_EXTREMES], *(ordered[place] for place in places), *ordered[-_EXTREMES:]]
