"""All detectors on one table, and their evidence as one probability for each cell."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assay.cells.contradictions import cross_examine, find_contradictions, hear
from assay.cells.date_order import find_date_order
from assay.cells.dependencies import find_dependencies
from assay.cells.forms import find_forms
from assay.cells.incomplete import find_incomplete
from assay.cells.markers import find_markers
from assay.cells.misplaced import find_misplaced
from assay.cells.outliers import find_outliers
from assay.cells.prior import SUSPICIOUS, probability
from assay.cells.spelling import find_misspellings
from assay.cells.units import find_units

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from assay.cells.contradictions import Odds, Testimony
    from assay.cells.dependencies import Dependency
    from assay.cells.hits import Hits
    from assay.cells.table import Table

    Floats = npt.NDArray[np.float64]

# Each looks at the values of one column, or at two neighbours. They see one error through several glasses: of their
# evidence on a cell the greatest counts. What other columns say is independent of it, and is added.
DETECTORS = (
    find_markers,
    find_misplaced,
    find_units,
    find_misspellings,
    find_forms,
    find_outliers,
    find_date_order,
    find_incomplete,
)
SEED = 0


@dataclass(frozen=True, slots=True, eq=False)
class Suspects:
    """The cells of one column that a detector has pointed at.

    Attributes
    ----------
    column
        Its place.
    positions
        (S,) int64, ascending and unique.
    probability
        (S,) float64 in [0, 1] that the cell is wrong.
    source
        (S,) index into `hits`: the detector that is surest of the cell.
    place
        (S,) index of the cell in that detector's `positions`.
    hits
        What was found in the column.
    """

    column: int
    positions: npt.NDArray[np.int64]
    probability: Floats
    source: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]
    hits: tuple[Hits, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Suspicion:
    """What is suspicious in a table.

    Attributes
    ----------
    suspects
        One for each column in which a detector points at a cell, in the order of the columns.
    determined
        Places of the columns that others (nearly) determine.
    at_odds
        Rows in which one of two cells is likely wrong, and neither is likelier wrong than right by itself.
    """

    suspects: list[Suspects]
    determined: list[int]
    at_odds: list[Odds]


def find_suspects(table: Table, sensitive: Collection[str] = ()) -> Suspicion:
    """Judge every cell that any detector points at.

    Parameters
    ----------
    table
        n rows.
    sensitive
        Names of columns, such as the sex, that nobody may be told to change because others are as they are, and that
        must not make others be changed. What says nearly the same (a title) is treated alike.

    """
    testimonies = hear(table, _dependencies(table, sensitive))
    suspect = cross_examine(table, testimonies)
    by_column: dict[int, list[Hits]] = defaultdict(list)
    for hits in [*(hits for find in DETECTORS for hits in find(table)), *find_contradictions(testimonies, suspect)]:
        by_column[hits.column].append(hits)
    suspects = [_judge(column, found, testimonies.get(column), suspect) for column, found in sorted(by_column.items())]
    return Suspicion(suspects, sorted(testimonies), _undecided(table, testimonies, suspects))


def _undecided(table: Table, testimonies: dict[int, Testimony], suspects: list[Suspects]) -> list[Odds]:
    """Pairs of cells at odds, less those of which one is accused already; each pair of columns once."""
    accused = np.zeros((len(table.columns), table.rows), dtype=bool)
    for found in suspects:
        accused[found.column, found.positions[found.probability >= SUSPICIOUS]] = True
    left, seen = [], set()
    for odds in (odds for testimony in testimonies.values() for odds in testimony.at_odds()):
        pair = frozenset((odds.determinant, odds.dependent))
        free = ~accused[odds.determinant, odds.positions] & ~accused[odds.dependent, odds.positions]
        free &= odds.probability >= SUSPICIOUS
        if free.any() and pair not in seen:
            seen.add(pair)
            left.append(replace(odds, positions=odds.positions[free], probability=odds.probability[free]))
    return left


def _dependencies(table: Table, sensitive: Collection[str]) -> list[Dependency]:
    """Those that neither come from a sensitive column or its double, nor lead to one."""
    found = find_dependencies(table, np.random.default_rng(SEED))
    protected = {column.index for column in table.columns if column.name in sensitive}
    if not protected:
        return found
    ways = {(d.determinant, d.dependent) for d in found}
    doubles = {a for a, b in ways if b in protected and (b, a) in ways}
    return find_dependencies(table, np.random.default_rng(SEED), without=protected | doubles)


def _judge(column: int, found: list[Hits], testimony: Testimony | None, suspect: dict[int, Floats]) -> Suspects:
    positions = np.unique(np.concatenate([hits.positions for hits in found]))
    own, said = np.zeros(len(positions)), np.zeros(len(positions))
    best = np.full(len(positions), -np.inf)
    source, place = np.zeros((2, len(positions)), dtype=np.int64)
    heard = np.zeros(len(positions), dtype=bool)
    for number, hits in enumerate(found):
        here = np.searchsorted(positions, hits.positions)
        if hits.detector == "dependency":
            said[here] += hits.evidence
            heard[here] = True
        else:
            own[here] = np.maximum(own[here], hits.evidence)
        better = hits.evidence > best[here]
        best[here[better]], source[here[better]] = hits.evidence[better], number
        place[here[better]] = np.flatnonzero(better)
    if testimony is not None and not heard.all():
        said[~heard] = testimony.confirm(positions[~heard], suspect)
    return Suspects(column, positions, probability(own + said), source, place, tuple(found))
