"""Where data can be held against a suite without being loaded: all such places answer the same questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from assay.validation.engine import Raw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from assay.validation.suite import Expectation

# Rows that come from a database or from Spark at a time: enough to be quick, and small in memory.
CHUNK = 20_000
# Expectations whose figures are asked for together. Fewer cost queries; of more, more are lost with one that raises.
_AT_ONCE = 50
# In `Raw.failure`: the engine was never written for this expectation.
NOT_HERE = "Great Expectations has no such rule for this engine"


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
