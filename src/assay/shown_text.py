"""Text from data, made fit to be shown: hidden characters made visible, and nothing in it markup."""

from __future__ import annotations

import re

# A message of a finding fits; a pasted document does not.
TEXT_LIMIT = 1200

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


def escape(text: str) -> str:
    r"""`text` as it is to be read: nothing in it is Markdown, HTML, the end of a table cell, or calls somebody.

    >>> escape("<b>a|b</b> `c` @team")
    '&lt;b&gt;a\\|b&lt;/b&gt; \\`c\\` @<!-- -->team'
    """
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]|~$#])", r"\\\1", text)
    # An empty comment keeps a value such as "@team" from notifying people, where nothing else does.
    return text.replace("@", "@<!-- -->")
