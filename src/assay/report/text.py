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

# A message of a finding fits; a pasted document does not.
TEXT_LIMIT = 1200

# What stands where a figure is not known.
NONE = "—"

# Bidirectional controls reorder what a reader sees (CVE-2021-42574, "Trojan Source"); zero-width characters and
# byte order marks make two names look alike. The zero-width joiners stay: emoji and Indic scripts need them.
_DECEPTIVE = "\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
# C0 and C1 controls but tab and line feed, surrogates that stand alone, and the two noncharacters: XML forbids most.
_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u2028\u2029"
_HIDDEN = re.compile(f"[{_DECEPTIVE}{_CONTROL}]")
# Tag characters (U+E0000-U+E007F) hide a whole text inside another.
_TAGS = re.compile("[\U000e0000-\U000e007f]+")


def clean(text: str, limit: int = TEXT_LIMIT) -> str:
    r"""`text` with hidden characters made visible, no NUL, and at most `limit` characters.

    >>> clean("abc\u202edef\x00"), clean("x" * 50, limit=8)
    ('abc⟨U+202E⟩def', 'xxxxxxx…')
    """
    # Cut before the substitution too: there is no need to clean a million characters that nobody sees.
    text = text[: 2 * limit]
    if not (text.isascii() and text.isprintable()):
        text = _TAGS.sub("⟨hidden tags⟩", text.replace("\x00", ""))
        text = _HIDDEN.sub(lambda match: f"⟨U+{ord(match.group()):04X}⟩", text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def encodable(text: str) -> str:
    r"""`text` as UTF-8 can hold it: a lone surrogate, such as from a file name that is no text, becomes its code.

    >>> encodable("a\ud800")
    'a\\ud800'
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def displayable(value: Any, limit: int = TEXT_LIMIT) -> Any:
    """`value`, a tree of plain JSON values, with every text in it cleaned, keys included."""
    if isinstance(value, str):
        return clean(value, limit)
    if isinstance(value, dict):
        return {clean(str(key), limit): displayable(item, limit) for key, item in value.items()}
    if isinstance(value, list):
        return [displayable(item, limit) for item in value]
    return value


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

    >>> number(5000), number(0.04321), number(1234.5), number(None), number(0.0), number(True)
    ('5,000', '0.043', '1,234.5', '—', '0', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value) if value else NONE
    if not math.isfinite(value):
        return NONE
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.1f}"
    # Significant digits for what would round to nothing, decimals for what stands in a column of shares.
    return f"{value:.{digits}g}" if abs(value) < 0.5 * 10**-digits else f"{value:.{digits}f}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share for a reader: "4.3%", a dash where there is none.

    >>> percent(0.0432), percent(None), percent(0.0001), percent(0), percent(0.99999)
    ('4.3%', '—', '<0.1%', '0%', '>99.9%')
    """
    if value is None:
        return NONE
    if 0 < value < 0.5 * 10 ** -(digits + 2):
        return f"<{10**-digits:g}%"
    if 1 - 0.5 * 10 ** -(digits + 2) < value < 1:
        return f">{100 - 10**-digits:g}%"
    return f"{100 * value:.{digits}f}%".replace(".0%", "%")


def plural(count: int, noun: str, many: str | None = None) -> str:
    """`count` and its noun.

    >>> plural(1, "row"), plural(5000, "row"), plural(2, "class", "classes")
    ('1 row', '5,000 rows', '2 classes')
    """
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"
