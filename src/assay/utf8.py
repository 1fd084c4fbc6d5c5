"""Texts that UTF-8 can hold."""

from __future__ import annotations


def encodable(text: str) -> str:
    r"""`text` as UTF-8 can hold it: a lone surrogate, such as from a file name that is no text, becomes its code.

    >>> encodable("a\ud800")
    'a\\ud800'
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
