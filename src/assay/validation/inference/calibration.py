"""The suite's false alarms, measured: inferred on one part of the reference, held against the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.findings import Severity
from assay.times import read_times
from assay.validation.inference.holding import broken_rules
from assay.validation.inference.proposing import ALPHA, propose_rules
from assay.validation.inference.tolerance import MAX_SLACK, mostly_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    from assay.dataset import Roles
    from assay.validation.inference.holding import Broken
    from assay.validation.inference.rule import Rule
    from assay.validation.relations.searching import Relations

SPLITS = 20
# A wide table is split less often: each column takes its time however few its rows are.
FEWEST_SPLITS = 2
COLUMNS_OF_ALL_SPLITS = 4_000
# So many rows are looked at again.
MAX_ROWS = 20_000
# In a smaller part a suite has hardly a rule that could alarm.
MIN_PART = 50
# A rule that alarmed will tolerate so many times the largest share of breaks that it alarmed at.
WIDENING = 2.0
_SEED = 0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What resampling showed.

    Attributes
    ----------
    splits
        Random splits of the reference into a part to infer on and a fresh one; 0 where it is too small.
    alarms
        Splits in which a rule of the suite alarmed, before anything was changed.
    low, high
        95% interval of their share (Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404).
    rows
        Rows of the two parts.
    loosened, dropped
        Rules that tolerate more, or were left out, because they alarmed.
    over_time
        Rules that alarm where the suite is inferred on the earlier half and held against the later one; None where
        no column says what came first. For information: a source that changes is not a false alarm.
    """

    splits: int
    alarms: int
    low: float
    high: float
    rows: tuple[int, int]
    loosened: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    over_time: tuple[str, ...] | None = None


def calibrate(
    frame: pd.DataFrame,
    roles: Roles,
    rules: Sequence[Rule],
    *,
    fresh: int,
    numeric_label: bool,
    relations: Relations | None = None,
) -> tuple[list[Rule], Calibration]:
    """Measure how often the suite alarms on fresh rows, and loosen what does where it is too often.

    Parameters
    ----------
    frame, roles, numeric_label, relations
        As `propose_rules` took them. Relations that are known are not searched again in each split: what a split
        would not find is then counted as well.
    rules
        What it gave.
    fresh
        Rows of a batch; the splits keep its proportion to the reference, between one half and one ninth.

    Returns
    -------
    list of Rule
        `rules`, or those that hold up.
    Calibration
    """
    rng = np.random.default_rng(_SEED)
    splits = int(np.clip(COLUMNS_OF_ALL_SPLITS // frame.shape[1], FEWEST_SPLITS, SPLITS))
    n = min(len(frame), MAX_ROWS)
    part = round(n * np.clip(len(frame) / (len(frame) + fresh), 0.5, 0.9))
    known = {rule.key for rule in rules}

    def hold(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> list[Broken]:
        earlier = frame.iloc[first].reset_index(drop=True)
        inferred = propose_rules(earlier, roles, fresh=len(second), numeric_label=numeric_label, relations=relations)
        kept = [rule for rule in inferred if rule.key in known]
        return broken_rules(frame.iloc[second].reset_index(drop=True), kept)

    runs: list[list[Broken]] = []
    if min(part, n - part) >= MIN_PART:
        for _ in range(splits):
            chosen = rng.permutation(len(frame))[:n]
            # In their order: rules on the order of rows would see none otherwise.
            runs.append(hold(np.sort(chosen[:part]), np.sort(chosen[part:])))
    alarms = sum(bool(run) for run in runs)
    low, high = _clopper_pearson(alarms, len(runs))
    over_time = _over_time(frame, roles, n, hold)
    kept, loosened, dropped = _loosen(rules, runs)
    return kept, Calibration(len(runs), alarms, low, high, (part, n - part), loosened, dropped, over_time)


def _clopper_pearson(alarms: int, n: int) -> tuple[float, float]:
    from scipy.stats import beta

    low = float(beta.ppf(0.025, alarms, n - alarms + 1)) if alarms else 0.0
    return low, float(beta.ppf(0.975, alarms + 1, n - alarms)) if alarms < n else 1.0


def _over_time(frame: pd.DataFrame, roles: Roles, n: int, hold: Any) -> tuple[str, ...] | None:
    """Rules that the earlier half proposes and the later half breaks; None where no time can be read for sure."""
    if roles.time is None or n < 2 * MIN_PART:
        return None
    when = read_times(frame[roles.time], days_matter=True)
    if when is None:
        return None
    ordered = np.flatnonzero(when.notna())[np.argsort(when.dropna().to_numpy(), kind="stable")]
    if len(ordered) < 2 * MIN_PART:
        return None
    ordered = ordered[np.unique(np.linspace(0, len(ordered) - 1, n).astype(np.int64))]
    middle = len(ordered) // 2
    # As they stand in the file: their order there is no matter of time.
    return tuple(sorted({item.key for item in hold(np.sort(ordered[:middle]), np.sort(ordered[middle:]))}))


def _loosen(
    rules: Sequence[Rule], runs: Sequence[Sequence[Broken]]
) -> tuple[list[Rule], tuple[str, ...], tuple[str, ...]]:
    """Loosen rules, those that alarm most often first, until at most `ALPHA` of the runs alarm.

    Returns the rules that are left, and the keys of those that were loosened and that were dropped.
    """
    alarming = [{item.key: item.share for item in run} for run in runs]
    often = Counter(key for run in alarming for key in run)
    kept = {rule.key: rule for rule in rules}
    loosened, dropped = [], []
    for key, _ in sorted(often.items(), key=lambda item: (-item[1], item[0])):
        if sum(map(bool, alarming)) <= ALPHA * len(alarming):
            break
        shares = [run.pop(key) for run in alarming if key in run]
        looser = _looser(kept.pop(key), shares)
        if looser is None:
            dropped.append(key)
        else:
            loosened.append(key)
            kept[key] = looser
    return [kept[rule.key] for rule in rules if rule.key in kept], tuple(sorted(loosened)), tuple(sorted(dropped))


def _looser(rule: Rule, shares: Sequence[float | None]) -> Rule | None:
    """The rule with a tolerance of `WIDENING` times the shares at which it alarmed; None where it catches nothing."""
    known = [share for share in shares if share is not None]
    now = 1 - float(rule.kwargs.get("mostly", 1))
    wanted = max(WIDENING * max(known, default=1.0), now)
    if len(known) < len(shares) or wanted - now > MAX_SLACK:
        return None
    evidence = {**rule.evidence, "loosened": len(shares)}
    severity = Severity.WARNING if rule.severity is Severity.CRITICAL else rule.severity
    return replace(
        rule, kwargs={**rule.kwargs, "mostly": mostly_of(float(f"{wanted:.2g}"))}, evidence=evidence, severity=severity
    )
