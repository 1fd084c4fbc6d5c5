"""The one place where text from data is made fit to be shown to a person.

Names of columns, groups and classes come from the data and may hold anything: markup, formulas, ten thousand
characters, characters that turn the direction of a line around. A renderer cleans the whole document with
`displayable` and then escapes for its own format, so that nothing reaches a page by another way.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

from assay.shown_text import TEXT_LIMIT
from assay.shown_text import clean as clean  # noqa: PLC0414 -- its callers find it here

# What stands where a figure is not known.
NONE = "—"

# Keys of the document that hold sentences: these are cut at the end of one. A name is cut where it is too long.
PROSE = frozenset({"message", "remedy", "what", "why"})
# A stop, and what does not go on in lower case; "e.g." and its like end no sentence.
_SENTENCE_END = re.compile(r"(?<!e\.g)(?<!i\.e)(?<!\bvs)(?<!\bcf)(?<!\betc)[.!?][\"')\]]?(?=\s+[^\sa-z]|\s*\Z)")


def first_sentences(text: str, limit: int) -> str:
    """The first whole sentences of `text` that fit into `limit` characters; all of it where not even one does.

    >>> first_sentences("One of 2.5 rows. Two, e.g. so. Three.", 32), first_sentences("Too long.", 3)
    ('One of 2.5 rows. Two, e.g. so.', 'Too long.')
    """
    if len(text) <= limit:
        return text
    # A little more, to see what follows a stop at the limit.
    ends = [match.end() for match in _SENTENCE_END.finditer(text[: limit + 40]) if match.end() <= limit]
    return text[: ends[-1]] if ends else text


def first_sentence(text: str) -> str:
    """The first sentence of `text`.

    >>> first_sentence("23 of 5,000 rows (0.5%) repeat. So what?")
    '23 of 5,000 rows (0.5%) repeat.'
    """
    match = _SENTENCE_END.search(text)
    return text[: match.end()] if match else text


def displayable(value: Any, limit: int = TEXT_LIMIT) -> Any:
    """`value`, a tree of plain JSON values, with every text in it cleaned, keys included."""
    if isinstance(value, str):
        return clean(value, limit)
    if isinstance(value, dict):
        return {clean(str(key), limit): displayable(fit_prose(key, item, limit), limit) for key, item in value.items()}
    if isinstance(value, list):
        return [displayable(item, limit) for item in value]
    return value


def fit_prose(key: Any, value: Any, limit: int) -> Any:
    """`value`, cut at the end of a sentence where its key says that it is made of sentences."""
    return first_sentences(value, limit) if key in PROSE and isinstance(value, str) else value


def columns(text: str) -> int:
    """Columns that `text` takes in a fixed-width font, where CJK and emoji take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def shorten(text: str, width: int) -> str:
    """`text` cut to `width` columns, see `columns`, with an ellipsis where it was cut."""
    for end in range(min(len(text), width), 0, -1):
        if columns(text[:end]) <= width:
            return text if end == len(text) else text[:end].rstrip() + "…"
    return text


def number(value: Any, digits: int = 3) -> str:
    """A figure for a reader: "5,000", "0.043", a dash where there is none.

    >>> number(5000), number(0.04321), number(1234.5), number(None), number(0.0), number(True), number(0.0000974)
    ('5,000', '0.043', '1,234.5', '—', '0', 'yes', '0.000097')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value) if value else NONE
    if not math.isfinite(value):
        return NONE
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 1000 else _fraction(value, digits)


def _fraction(value: float, digits: int) -> str:
    if abs(value) >= 0.5 * 10**-digits:
        return f"{value:.{digits}f}"
    # Two digits that count, for what would round to nothing.
    places = 1 - math.floor(math.log10(abs(value)))
    return f"{value:.{places}f}".rstrip("0") if places <= _MOST_PLACES else ("<" if value > 0 else ">-") + _LEAST


_MOST_PLACES = 7
_LEAST = "0.000001"


def column(cells: list[Any], digits: int = 3) -> list[Any]:
    """The cells of a table's column, in which all numbers with a fraction have the same number of decimals.

    >>> column([0.12, 9.74e-05, 1.0, None, 12]), column([-0.003, -0.000229, 0.5]), column([2.0, 3.0])
    (['0.120', '<0.001', '1.000', None, '12'], ['-0.003', '0.000', '0.500'], ['2', '3'])
    """
    numbers = [cell for cell in cells if isinstance(cell, float) and math.isfinite(cell)]
    # Counts that are weights.
    if all(cell.is_integer() and abs(cell) < 1e15 for cell in numbers) and any(cell > 1 for cell in numbers):
        return [number(cell) if isinstance(cell, int | float) else cell for cell in cells]
    places = 1 if any(abs(cell) >= 1000 for cell in numbers) else digits
    signed = any(cell < 0 for cell in numbers)

    def show(cell: Any) -> Any:
        if not isinstance(cell, float) or not math.isfinite(cell):
            return number(cell) if isinstance(cell, int | float) else cell
        if abs(cell) >= 0.5 * 10**-places:
            return f"{cell:,.{places}f}"
        # Among differences, a small one is none; a share or a p-value that is not 0 does not become 0.
        return f"{0:.{places}f}" if signed or cell == 0 else f"<{10**-places:.{places}f}"

    return [show(cell) for cell in cells]


def percent(value: float | None, digits: int = 1) -> str:
    """A share for a reader: "4.3%", a dash where there is none.

    >>> percent(0.0432), percent(None), percent(0.0001), percent(0), percent(0.99999)
    ('4.3%', '—', '<0.1%', '0%', '>99.9%')
    """
    if value is None:
        return NONE
    if 0 < value < 0.5 * 10 ** -(digits + 2):
        return f"<{10**-digits:.{digits}f}%"
    if 1 - 0.5 * 10 ** -(digits + 2) < value < 1:
        return f">{100 - 10**-digits:.{digits}f}%"
    shown = f"{100 * value:.{digits}f}"
    return f"{0 if float(shown) == 0 else shown}%".replace(".0%", "%")


def percent_digits(low: float | None, high: float | None) -> int:
    """Decimals of a percentage with which both ends of an interval can be told apart, and from 0% and 100%.

    >>> percent_digits(0.02, 0.04), percent_digits(0.0, 0.0003), percent_digits(0.00002, 0.00004)
    (1, 2, 3)
    """
    if low is None or high is None or low == high:
        return 1
    for digits in range(1, _MOST_DIGITS):
        ends = [percent(end, digits) for end in (low, high)]
        if ends[0] != ends[1] and not any(end.startswith(("<", ">")) for end in ends):
            return digits
    return _MOST_DIGITS


_MOST_DIGITS = 4


def percent_span(low: float | None, high: float | None) -> str:
    """An interval of a share for a reader.

    >>> percent_span(0.021, 0.043), percent_span(0.0, 0.0003), percent_span(None, None)
    ('2.1% to 4.3%', '0% to 0.03%', '— to —')
    """
    digits = percent_digits(low, high)
    return f"{percent(low, digits)} to {percent(high, digits)}"


def plural(count: int, noun: str, many: str | None = None) -> str:
    """`count` and its noun.

    >>> plural(1, "row"), plural(5000, "row"), plural(2, "class", "classes")
    ('1 row', '5,000 rows', '2 classes')
    """
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"
