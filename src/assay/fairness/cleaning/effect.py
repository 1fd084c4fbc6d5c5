"""What training without the suspect rows would change in accuracy and in the disparities.

Both trainings predict the same rows, so the change is estimated from pairs: a table of counts (group x y_true x
y_pred before x y_pred after). Drawing rows with replacement and counting them is the same as drawing the counts of
the cells from a multinomial distribution, and takes milliseconds however many rows there are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.errors import ContractError
from assay.fairness.bootstrap import draw_tables, percentile_limits
from assay.fairness.cleaning.figures import Accuracy, PairDifference, Rate, pick_pair
from assay.fairness.counts import Cells, count_cells, judged_rows, read_features
from assay.fairness.disparity import MIN_CASES
from assay.fairness.wording import confidently, counted, percent, points, points_between
from assay.findings import Check, Evidence, Interval, Outcome, Severity, Status, Table, run_checks
from assay.results import CleaningEffect

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.fairness.counts import Feature
    from assay.fairness_config import FairnessConfig
    from assay.findings import Scalar
    from assay.results import OutOfSample

    Mask = npt.NDArray[np.bool_]
    Counts = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
    Figure = Accuracy | PairDifference | None

ALL, NOT_SUSPECT = "all", "not suspect"
ACCURACY = "accuracy"
PARITY = "demographic parity difference"
ODDS = "equalized odds difference"
METHOD = "paired bootstrap of the counts, percentiles"
METHOD_PAIR = "paired bootstrap of the counts, Tukey-Kramer"
COLUMNS = ("metric", "feature", "rows", "before", "after", "change", "low", "high", "n")
# The finding also says between which groups; `CleaningEffect.table` has the columns of its contract.
_SHOWN = (*COLUMNS, "highest before", "lowest before")
_SPELT_OUT = 3


def compare_cleaning(
    dataset: Dataset,
    before: OutOfSample,
    after: OutOfSample,
    suspect: npt.NDArray[np.bool_],
    config: FairnessConfig,
) -> CleaningEffect:
    """Compare two trainings, with and without the suspect rows, on the same rows.

    The rows are those that the first training predicted out of sample, of the classes that both learned, against
    their labels as given: once all of them, once without the suspect ones. For each sensitive feature (not for
    intersections, whose largest difference is mostly noise) the demographic parity and the equalized odds difference
    are compared: those of the two groups, of at least `config.min_group_size` rows, that lie farthest apart before.
    `after` is the signed difference of the same two groups, below 0 where the disparity is reversed.

    Parameters
    ----------
    dataset
        N rows.
    before, after
        Predictions of all N rows by the trainings with and without the suspect rows.
    suspect
        (N,) bool, the rows left out of the second training.
    config
        `confidence` is that of each interval by itself: they inform and decide nothing.

    Returns
    -------
    CleaningEffect
        Intervals are those of a bootstrap of 10,000 draws (fewer for very large tables): percentiles for the
        accuracy; for a difference, its standard error times a critical value simultaneous over all pairs of groups
        that might have been picked. `n` counts the rows judged.

    Raises
    ------
    ContractError
        Where predictions or `suspect` do not belong to the dataset.
    """
    judged = judged_rows(dataset, before)
    judged_rows(dataset, after)
    if suspect.shape != judged.shape or suspect.dtype != np.bool_:
        raise ContractError(
            f"suspect must be a boolean array of shape {judged.shape}, got {suspect.dtype} of shape {suspect.shape}. "
            "Pass one flag for each row."
        )
    if not np.isfinite(after.pred_probs[judged]).all():
        raise ContractError("after.pred_probs must be finite, got NaN or infinity. Predict the left-out rows too.")
    removed = int((suspect & before.trained).sum())
    table = pd.DataFrame(columns=list(_SHOWN))
    if removed and judged.any():
        table = _compare(dataset, (before, after), judged, suspect, config)
    findings = run_checks((CLEANING_CHECK,), _Described(removed, table, config.confidence, before.given))
    return CleaningEffect(removed, table[list(COLUMNS)], findings)


def _compare(
    dataset: Dataset, trainings: tuple[OutOfSample, OutOfSample], judged: Mask, suspect: Mask, config: FairnessConfig
) -> pd.DataFrame:
    before, after = trainings
    y_true = _dataset_codes(dataset, before, before.labels)
    learned = np.isin(y_true, [dataset.labels.classes.index(name) for name in after.classes])
    predicted = [_dataset_codes(dataset, p, p.pred_probs.argmax(axis=1)) for p in trainings]
    k = len(dataset.labels.classes)
    features = [f for f in read_features(dataset, intersections=False) if len(f.groups) > 1]
    rows = []
    for name, chosen in ((ALL, judged & learned), (NOT_SUSPECT, judged & learned & ~suspect)):
        weights = None if dataset.weights is None else dataset.weights[chosen]
        outcome = [(codes[chosen], k) for codes in (y_true, *predicted)]
        cells = count_cells(outcome, weights)
        found: list[tuple[str | None, dict[str, object]]] = [
            (None, change) for change in _changes(cells, {ACCURACY: _accuracy(cells)}, config.confidence)
        ]
        for feature in features:
            cells = count_cells([(feature.codes[chosen], len(feature.groups)), *outcome], weights)
            figures = _disparities(cells, _favourable(dataset, before, after), config)
            for change in _changes(cells, figures, config.confidence):
                figure = figures[str(change["metric"])]
                found.append((feature.name, {**change, **_pair(figure, cells, feature)}))
        rows += [{**change, "feature": feature, "rows": name, "n": int(chosen.sum())} for feature, change in found]
    # As objects, a missing text stays None.
    texts = {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in ("feature", *_SHOWN[-2:])}
    return pd.DataFrame(rows, columns=list(_SHOWN)).assign(**texts)


def _pair(figure: Figure, cells: Cells, feature: Feature) -> dict[str, object]:
    """Names of the two groups that a difference is about."""
    if not isinstance(figure, PairDifference):
        return {}
    # Each compared group by its cells; a group of a rate has at least one.
    codes = [int(cells.keys[0][figure.rate.cases[:, position].argmax()]) for position in (figure.high, figure.low)]
    return dict(zip(_SHOWN[-2:], (feature.groups[code] for code in codes), strict=True))


def _favourable(dataset: Dataset, before: OutOfSample, after: OutOfSample) -> int | tuple[int, ...] | None:
    """Return the positive class; where there is none, all classes; None where a training did not learn it."""
    names = dataset.labels.classes
    if dataset.labels.positive is None:
        return tuple(range(len(names)))
    positive = names[dataset.labels.positive]
    return dataset.labels.positive if positive in before.classes and positive in after.classes else None


def _dataset_codes(dataset: Dataset, predictions: OutOfSample, codes: Codes) -> Codes:
    """Codes of the dataset's classes for codes of the learned ones; -1 stays -1."""
    return np.array([*(dataset.labels.classes.index(name) for name in predictions.classes), -1])[codes]


def _accuracy(cells: Cells) -> Accuracy:
    y_true, before, after = cells.keys
    return Accuracy(Rate(np.ones((len(y_true), 1), dtype=bool), (before == y_true, after == y_true)))


def _disparities(
    cells: Cells, favourable: int | tuple[int, ...] | None, config: FairnessConfig
) -> dict[str, PairDifference | None]:
    """Return what FB010 and FB011 judge, on cells (group, y_true, before, after)."""
    if favourable is None:
        return {PARITY: None, ODDS: None}
    group, y_true, before, after = cells.keys
    everyone = np.ones(len(group), dtype=bool)
    least = config.min_group_size
    parity: list[Rate | None] = []
    odds: list[Rate | None] = []
    for code in favourable if isinstance(favourable, tuple) else (favourable,):
        hits = (before == code, after == code)
        parity.append(_compared(cells, everyone, 1, hits, least))
        odds.append(_compared(cells, y_true == code, MIN_CASES, hits, least))
        if not isinstance(favourable, tuple):
            odds.append(_compared(cells, y_true != code, MIN_CASES, hits, least))
    figures = {}
    for metric, rates in ((PARITY, parity), (ODDS, odds)):
        known = tuple(rate for rate in rates if rate is not None)
        # As in FB011: of many classes those too rare are left out; of a favourable class every rate is needed.
        whole = isinstance(favourable, tuple) or len(known) == len(rates)
        figures[metric] = pick_pair(known if whole else (), cells.weight, config.confidence)
    return figures


def _compared(cells: Cells, case: Mask, least: int, hits: tuple[Mask, Mask], min_group_size: int) -> Rate | None:
    """Rate of the groups that are large enough; None where they are fewer than two."""
    group = cells.keys[0]
    rows = np.bincount(group, weights=cells.rows)
    cases = np.bincount(group, weights=cells.rows * case)
    compared = np.flatnonzero((rows >= min_group_size) & (cases >= least))
    return Rate((group[:, None] == compared) & case[:, None], hits) if len(compared) > 1 else None


def _changes(cells: Cells, figures: Mapping[str, Figure], confidence: float) -> list[dict[str, object]]:
    drawn: dict[str, list[Counts]] = {metric: [] for metric in figures}
    known = {metric: figure for metric, figure in figures.items() if figure is not None}
    for counts in draw_tables(cells):
        for metric, figure in known.items():
            before, after = figure(counts)
            drawn[metric].append(after - before)
    changes: list[dict[str, object]] = []
    for metric, wanted in figures.items():
        before, after = (math.nan, math.nan) if wanted is None else wanted(cells.weight[None])[:, 0].tolist()
        # A draw may leave a group without cases.
        draws = np.concatenate([*drawn[metric], []])
        low, high = _limits(wanted, after - before, draws[~np.isnan(draws)], confidence)
        row = {"metric": metric, "before": before, "after": after, "change": after - before, "low": low, "high": high}
        changes.append(row)
    return changes


def _limits(figure: Figure, change: float, draws: Counts, confidence: float) -> tuple[float, float]:
    if not len(draws):
        return math.nan, math.nan
    if isinstance(figure, PairDifference):
        half = figure.critical * float(draws.std())
        # A difference of two rates changes by 2 at most.
        return max(-2.0, change - half), min(2.0, change + half)
    return percentile_limits(draws, confidence)


@dataclass(frozen=True, slots=True, eq=False)
class _Described:
    removed: int
    table: pd.DataFrame
    confidence: float
    given: str | None = None


def describe_effect(subject: _Described) -> Iterator[Outcome]:
    """FB020: say what the second training changes, on the rows that are not suspect."""
    if subject.given is not None:
        words = (
            f"There was no second training: the predictions were given ({subject.given}), and a training of Assay's "
            "own would differ from their model for other reasons than the rows."
        )
        yield Outcome(Status.NOT_APPLICABLE, words)
        return
    if subject.removed == 0:
        words = (
            "There was no second training: none is configured, or less than 1% of the labels are suspect, and their "
            "removal changes less than the luck of a training's seed."
        )
        yield Outcome(Status.NOT_APPLICABLE, words)
        return
    table = subject.table[subject.table["rows"] == NOT_SUSPECT]
    known = table[table["change"].notna()]
    if known.empty:
        yield Outcome(Status.INCONCLUSIVE, "No row is left on which both trainings can be compared.")
        return
    sentences = [_change(row, subject.confidence) for row in known.to_dict("records")]
    more = len(sentences) - _SPELT_OUT
    first = known.to_dict("records")[0]
    yield Outcome(
        Status.PASSED,
        f"Training without the {counted(subject.removed, 'suspect row')}, judged on the {int(first['n']):,} others: "
        + "; ".join(sentences[:_SPELT_OUT])
        + (f"; {counted(more, 'more figure')} in the table." if more > 0 else "."),
        evidence=Evidence(
            metric=f"change of {first['metric']}",
            value=first["change"],
            interval=Interval(
                first["low"], first["high"], subject.confidence, METHOD_PAIR if first["feature"] else METHOD
            ),
            n=int(first["n"]),
            unit="share",
            table=Table(_SHOWN, tuple(_scalars(row) for row in subject.table.to_dict("records"))),
        ),
    )


def _change(row: dict[Hashable, Any], confidence: float) -> str:
    name, after = f"the {row['metric']}", percent(row["after"])
    if row["feature"]:
        high, low = (row[end] for end in _SHOWN[-2:])
        name += f" of {row['feature']} between {high} and {low}"
        after = points(abs(row["after"])) + (" the other way" if row["after"] < 0 else "")
    limits = f"{confidently(confidence)} of the change {points_between(row['low'], row['high'])}"
    # An exact 0 at one end is no change either: judged by the whole interval.
    if row["low"] <= 0 <= row["high"]:
        return f"{name} does not change measurably, to {after} ({limits})"
    verb = "rises" if row["change"] > 0 else "falls"
    return f"{name} {verb} by {points(abs(row['change']))} to {after} ({limits})"


def _scalars(row: dict[Hashable, Any]) -> tuple[Scalar, ...]:
    return tuple(None if isinstance(row[c], float) and math.isnan(row[c]) else row[c] for c in _SHOWN)


CLEANING_CHECK = Check("FB020", "Effect of removing the suspect rows", Severity.INFO, describe_effect)
