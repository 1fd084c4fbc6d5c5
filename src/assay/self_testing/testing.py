"""The self-test: defects are planted in copies of the rows, and the checks of this audit are asked."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.errors import AssayError
from assay.findings import Status
from assay.intervals import wilson
from assay.self_testing.columns import shuffle_columns
from assay.self_testing.defects import list_defects
from assay.self_testing.looks import Bench
from assay.self_testing.sights import Seen, compare
from assay.self_testing.truth import UnplantableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.findings import Finding
    from assay.self_testing.defects import Defect, Look

log = logging.getLogger(__name__)

# Fewer rows cannot be audited for training (DQ010), and carry too few planted ones.
LEAST_ROWS = 100
# Of a trial with a training, and of one without. A training on 2,000 rows takes a second.
TRAINED_ROWS, UNTRAINED_ROWS = 2_000, 10_000
# Where all are found, the interval of so many begins at .68 and at .84 (Wilson).
TRAINED_TRIALS, UNTRAINED_TRIALS = 8, 20
# Trees and networks take as long as there are classes and features.
MANY_CLASSES, FEW_TRIALS, MOST_CELLS, FEWEST_ROWS = 10, 4, 80_000, 500
CONFIDENCE = 0.95
COLUMNS = (
    *("defect", "size", "check", "decides", "trials", "found", "low", "high", "passed"),
    *("false_alarms", "errors", "recall", "precision", "rows", "note"),
)


@dataclass(slots=True)
class _Tally:
    """What the trials of one defect and size showed."""

    seen: list[tuple[Seen, ...]] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    unplanted: Counter[str] = field(default_factory=Counter)
    rows: int = 0


def plant_and_look(config: AuditConfig, dataset: Dataset, progress: Callable[[float], None]) -> pd.DataFrame | None:
    """Plant defects of known kinds and sizes in copies of (a sample of) the rows, and ask the checks of this audit.

    Each trial draws a sample, whole groups of `group` where one is configured, a place and the rows. A defect counts
    as found where the check that should see it does so at the right place, and did not on the control: the same rows
    unchanged or, for a planted column, with the column in any order. Stages are asked as in the audit, but trainings
    have fewer folds and one repeat, and the method for the labels is not rehearsed.

    Parameters
    ----------
    config
        Of the audit; its limits and its suite hold.
    dataset
        As the models are shown it.
    progress
        Is told the finished share.

    Returns
    -------
    pandas.DataFrame
        Tidy, one row for each defect, size and way of seeing it: `defect` (words); `size` (share); `check` ("LN001"
        fails, "LN001 (rows)" names half of the planted rows, "DQ017 or MH022" either); `decides` (whether the row
        speaks for the size: the check ought to fail there, and of several ways it is any of them); `trials`, `found`;
        `low`, `high` (Wilson's 95% interval of the power over the trials); `passed` (trials in which the check, or
        each of several, passed in spite of the defect); `false_alarms` (trials in which the control looked the same);
        `errors` (trials that count as not found because a stage broke); `recall`, `precision` (of the rows, mean over
        the trials, NaN where rows are not looked at); `rows` (of the largest sample); `note` (why nothing was planted,
        or what broke). None where nobody asked, or there are fewer than `LEAST_ROWS` rows.

    Notes
    -----
    The interval is about plantings in these data, not about other data. More rows see more as a rule.
    """
    if not config.health.asks("self_test") or len(dataset) < LEAST_ROWS:
        return None
    defects = list_defects(config, dataset)
    plans = [(number, defect) for number, defect in enumerate(defects) if not defect.unfit]
    tallies = {defect.name: [_Tally() for _ in defect.sizes] for defect in defects}
    steps = sum(_trials(dataset, defect) * len(defect.sizes) for _, defect in plans)
    done = 0
    for trained in (True, False):
        mine = [(number, defect) for number, defect in plans if defect.trained is trained]
        for trial in range(_trials(dataset, mine[0][1]) if mine else 0):
            key = (config.learning.seed, 0x5E1F, int(trained), trial)
            sample = draw_sample(dataset, most_rows(dataset, trained=trained), np.random.default_rng(key))
            testing = _Trial(Bench(config, sample, (config.learning.seed + trial) % 2**31))
            for number, defect in mine:
                for size, tally in zip(defect.sizes, tallies[defect.name], strict=True):
                    # The same place for all sizes.
                    testing.run(defect, size, tally, np.random.default_rng((*key, number)))
                    done += 1
                    progress(done / steps)
    rows = [row for defect in defects for row in _rows(dataset, defect, tallies[defect.name])]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def draw_sample(dataset: Dataset, most: int, rng: np.random.Generator) -> Dataset:
    """At most `most` rows, in their order; of groups, as many whole ones as hold so many rows.

    Groups that hold more than twice as many are not taken whole: the cost of a trial has a bound.
    """
    if len(dataset) <= most:
        return dataset.take(np.arange(len(dataset)))
    if dataset.roles.group is None:
        return dataset.take(np.sort(rng.choice(len(dataset), most, replace=False)))
    codes = dataset.group_codes(np.arange(len(dataset)))
    sizes = np.bincount(codes)
    order = rng.permutation(len(sizes))
    kept = order[: 1 + int(np.searchsorted(np.cumsum(sizes[order]), most))]
    rows = np.flatnonzero(np.isin(codes, kept))
    return dataset.take(rows if len(rows) <= 2 * most else np.sort(rng.choice(rows, most, replace=False)))


def most_rows(dataset: Dataset, *, trained: bool) -> int:
    """Rows of a sample: fewer where trainings see many features."""
    if not trained:
        return UNTRAINED_ROWS
    return int(np.clip(MOST_CELLS // max(1, len(dataset.roles.features)), FEWEST_ROWS, TRAINED_ROWS))


class _Trial:
    """The plantings in one sample; what the unchanged rows look like is looked at once."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.controls: dict[Look, tuple[Finding, ...]] = {}

    def run(self, defect: Defect, size: float, tally: _Tally, rng: np.random.Generator) -> None:
        """Plant once, look, and count."""
        tally.rows = max(tally.rows, len(self.bench.unchanged))
        try:
            planted, truth = defect.plant(self.bench.unchanged, size, rng)
            after = defect.look(self.bench, planted)
            if defect.shuffled:
                before = defect.look(self.bench, shuffle_columns(planted, truth.columns, rng))
            else:
                before = self._control(defect.look)
        except UnplantableError as error:
            tally.unplanted[str(error)] += 1
            return
        except Exception as error:  # whatever it is: the defect was not found, and the audit goes on
            refused = isinstance(error, AssayError)
            log.log(logging.INFO if refused else logging.ERROR, "Planted: %s", defect.name, exc_info=not refused)
            tally.errors[f"A stage broke: {type(error).__name__}."] += 1
            tally.seen.append(tuple(Seen(found=False, alarm=False) for _ in defect.sights))
            return
        codes = {sight.code for sight in defect.sights}
        if broken := {f.code for f in after if f.status is Status.ERROR and f.code in codes}:
            tally.errors[f"{', '.join(sorted(broken))} could not be carried out."] += 1
        tally.seen.append(tuple(compare(sight, truth, after, before) for sight in defect.sights))

    def _control(self, look: Look) -> tuple[Finding, ...]:
        if look not in self.controls:
            self.controls[look] = look(self.bench, self.bench.unchanged)
        return self.controls[look]


def _trials(dataset: Dataset, defect: Defect) -> int:
    if not defect.trained:
        return UNTRAINED_TRIALS
    return FEW_TRIALS if len(dataset.labels.classes) > MANY_CLASSES else TRAINED_TRIALS


def _rows(dataset: Dataset, defect: Defect, tallies: list[_Tally]) -> Iterator[dict[str, object]]:
    sample = min(len(dataset), most_rows(dataset, trained=defect.trained))
    for size, tally in zip(defect.sizes, tallies, strict=True):
        note = defect.unfit or " ".join([*tally.errors, *tally.unplanted])
        told = {"defect": defect.name, "size": size, "rows": tally.rows or sample, "note": note}
        told["errors"] = sum(tally.errors.values())
        looked = [place for place, sight in enumerate(defect.sights) if size > defect.limit or sight.by_rows]
        # The rows speak for a stamped value too: it is a defect of single rows, of which no share is tolerated.
        deciding = [p for p in looked if size > defect.limit and not (defect.limit and defect.sights[p].by_rows)]
        for place in looked:
            seen = [(ways[place],) for ways in tally.seen]
            yield _row(defect.sights[place].name, seen, decides=deciding == [place], **told)
        if len(deciding) > 1:
            name = " or ".join(defect.sights[place].name for place in deciding)
            yield _row(name, [tuple(ways[p] for p in deciding) for ways in tally.seen], decides=True, **told)


def _row(check: str, seen: Sequence[tuple[Seen, ...]], **told: object) -> dict[str, object]:
    found = sum(any(one.found for one in ways) for ways in seen)
    interval = wilson(found, len(seen), CONFIDENCE)
    single = [ways[0] for ways in seen if len(ways) == 1]
    return told | {
        "check": check,
        "trials": len(seen),
        "found": found,
        "low": interval.low if interval else np.nan,
        "high": interval.high if interval else np.nan,
        "passed": sum(all(one.passed for one in ways) for ways in seen),
        "false_alarms": sum(any(one.alarm for one in ways) for ways in seen),
        "recall": _mean([one.recall for one in single]),
        "precision": _mean([one.precision for one in single]),
    }


def _mean(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else np.nan
