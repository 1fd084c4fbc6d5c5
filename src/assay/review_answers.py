"""What a person answers in a review, read as a spreadsheet may have saved it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import pandas as pd

from assay.report.rows import neutralise

if TYPE_CHECKING:
    from collections.abc import Sequence

# What may be answered in place of a label, unless a class is called so.
RIGHT, WRONG, UNSURE = "right", "wrong", "unsure"
WORDS = (RIGHT, WRONG, UNSURE)

# A spreadsheet keeps 15 digits of a number, and shows, and saves, as few as ten.
TOLERANCE = 1e-9
# "1.006" and "1,006" are a thousand and six in some countries, and hardly more than one in others; "0.006" is not.
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)


class AnswerReader:
    """Reads answers: exact names of classes first, then what a spreadsheet may have made of them.

    Parameters
    ----------
    classes
        Names of all classes, or None where the label is a number.
    delimiter
        Between the columns of the file. Only where it is a comma is a point in a number known for the decimal mark;
        spreadsheets that write the decimal comma write other delimiters.
    """

    def __init__(self, classes: Sequence[str] | None, delimiter: str) -> None:
        self._classes = classes
        self._words = allowed_words(classes)
        self._delimiter = delimiter
        self._exact: dict[str, str] = {}
        # Spreadsheets write TRUE for true and 1 for 1.0, and people capitals; where that leaves one class only.
        self._loose: dict[str | float, set[str]] = {}
        for name in classes or ():
            self._exact |= dict.fromkeys(_as_saved(name), name)
            self._loose.setdefault(name.casefold(), set()).add(name)
            if (number := _figure(name)) is not None:
                self._loose.setdefault(number, set()).add(name)

    def read(self, answer: str, given: str) -> str | None:
        """One of `WORDS`; "" for an empty answer; None for one that is not allowed."""
        if not answer or answer.casefold() in self._words:
            return answer.casefold()
        if self._classes is None:
            number = self._number(answer)
            if number is None:
                return None
            return RIGHT if math.isclose(number, float(given), rel_tol=TOLERANCE) else WRONG
        named = {self._exact[answer]} if answer in self._exact else self._loose.get(answer.casefold(), set())
        if not named and (number := self._number(answer)) is not None:
            named = self._loose.get(number, set())
        if len(named) != 1:
            return None
        return RIGHT if given in named else WRONG

    def is_ambiguous(self, answer: str) -> bool:
        """Whether an answer that was not allowed is a number that may be two."""
        return self._delimiter != "," and _THOUSANDS.fullmatch(answer) is not None

    def _number(self, answer: str) -> float | None:
        if self.is_ambiguous(answer):
            return None
        decimal_comma = self._delimiter != "," and "." not in answer
        return _figure(answer.replace(",", ".") if decimal_comma else answer)


def allowed_words(classes: Sequence[str] | None) -> tuple[str, ...]:
    """Those of `WORDS` that may be answered: a class of the same name comes first."""
    names = {name.casefold() for name in classes or ()}
    return tuple(word for word in WORDS if word not in names)


def _as_saved(name: str) -> Sequence[str]:
    """The name of a class, and the form in which it stands in the CSV."""
    safe, _ = neutralise(pd.DataFrame({"name": [name]}))
    return name.strip(), str(safe.iloc[0, 0]).strip()


def _figure(text: str) -> float | None:
    """The finite number that a text is."""
    try:
        figure = float(text)
    except ValueError:
        return None
    return figure if math.isfinite(figure) else None
