"""Where data can be held against a suite without being loaded: all such places answer the same questions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

from assay.validation.engine import Raw
from assay.validation.own.tables import TooManyKeysError, UnknownColumnTypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from assay.validation.suite import Expectation

# Rows that come from a database or from Spark at a time: enough to be quick, and small in memory.
CHUNK = 20_000
# Expectations whose figures are asked for together. Fewer cost queries; of more, more are lost with one that raises.
_AT_ONCE = 50
# In `Raw.failure`: the engine was never written for this expectation.
NOT_HERE = "Great Expectations has no such rule for this engine"
# Great Expectations takes the first column whose name differs from the one that is meant in nothing but case.
_ONLY_CASE = "ambiguous column"
# The same for errors of ours: what is wrong, and what to do.
REMEDIES: Mapping[str, tuple[str, str]] = {
    _ONLY_CASE: (
        "the table has columns whose names differ only in case, and Great Expectations cannot tell them apart there",
        "Rename one of them, or make a view of the table that does; or let `assay gate` load the data.",
    ),
    TooManyKeysError.__name__: (
        "the other table has too many keys for a query",
        "Let a foreign key of the database see to it, or let `assay gate` load the data.",
    ),
    UnknownColumnTypeError.__name__: (
        "the type of the column is not known here, or is none that the rule can be about",
        "Validate a table or a view in place of a query, which tells no types; or let `assay gate` load the data.",
    ),
}


class Place(Protocol):
    """A table where it lives.

    Attributes
    ----------
    source
        What it is, fit to be shown: no passwords.
    engine
        "SQL" or "Spark": what Great Expectations runs on there.
    columns
        Name of each column -> its type, in the words of the place.
    lost
        Why nothing more can be asked of it; empty while it answers.
    """

    source: str
    engine: str
    columns: Mapping[str, str]
    lost: str

    def count_rows(self, condition: str | None = None) -> int | None:
        """Rows that meet a row condition, by default all; None where that cannot be told."""

    def count_keys(self, key: str) -> int | None:
        """Different values of a column; None where that cannot be told."""

    def hold(self, expectations: Sequence[Expectation]) -> list[Raw]:
        """What becomes of each expectation, in their order; what cannot be carried out is a `Raw` without success."""

    def failing_keys(self, item: Expectation, key: str) -> Iterator[Sequence[Any]] | None:
        """Values of the column `key` in the rows that break an expectation on rows, in chunks; each row once.

        None where the place has no rule for the rows of such an expectation.
        """

    def close(self) -> None:
        """Let go of whatever is held open."""


def ambiguous(item: Expectation, columns: Collection[str]) -> Raw | None:
    """An error where a column of an expectation has a name that differs only in case from another's; else None."""
    folded = Counter(name.casefold() for name in columns)
    return Raw(None, failure=_ONLY_CASE) if any(folded[name.casefold()] > 1 for name in item.columns) else None


class LostError(Exception):
    """A place went away, or would not answer, while rows came from it; the text is fit to be shown."""


class _Checkable(Place, Protocol):
    def check(self) -> None: ...


def hold_in_parts(
    place: _Checkable, expectations: Sequence[Expectation], run: Callable[[Sequence[Expectation]], list[Raw]]
) -> list[Raw]:
    """Hold a place against expectations, some at a time, and the ones that raised once more by themselves.

    Great Expectations asks for many figures in one query, so that one expectation that cannot be carried out takes
    others with it. Once the place no longer answers nothing more is asked: what is left could not be carried out.

    Parameters
    ----------
    place
        What to ask.
    expectations
        All of them; those with one row condition are run together.
    run
        Runs some that have one row condition.
    """
    results: dict[int, Raw] = {}
    groups: dict[str, list[int]] = {}
    for at, item in enumerate(expectations):
        groups.setdefault(item.kwargs.get("row_condition", ""), []).append(at)
    parts = [group[start : start + _AT_ONCE] for group in groups.values() for start in range(0, len(group), _AT_ONCE)]
    for part in parts:
        results |= _hold_part(place, part, expectations, run)
    return [results[at] for at in range(len(expectations))]


def _hold_part(
    place: _Checkable,
    part: Sequence[int],
    expectations: Sequence[Expectation],
    run: Callable[[Sequence[Expectation]], list[Raw]],
) -> dict[int, Raw]:
    if place.lost:
        return dict.fromkeys(part, Raw(None, failure=place.lost))
    found = dict(zip(part, run([expectations[at] for at in part]), strict=True))
    raised = [at for at, raw in found.items() if raw.success is None and raw.failure != NOT_HERE]
    if raised:
        place.check()
    for at in raised:
        if place.lost:
            found[at] = Raw(None, failure=place.lost)
        elif len(part) > 1:
            found |= _hold_part(place, [at], expectations, run)
    return found
