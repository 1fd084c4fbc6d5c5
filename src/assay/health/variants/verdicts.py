"""MH030: whether the verdicts of the audit would be others with hyperparameters that are about as good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.findings import Evidence, Outcome, Status, Subject, Table, or_none

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from assay.findings import Scalar
    from assay.health.variants.multiplicity import Multiplicity

# Fewer configurations of a draw of two dozen do not show how far equally good ones lie apart.
MIN_NEAR_EQUAL = 5
# Of a check with a figure for each of many classes.
_TOLD = 3
_TABLE_ROWS = 30
_RATIO = "ratio"
_DECIDED = {str(Status.PASSED), str(Status.FAILED)}
COLUMNS = ("code", "subject", "metric", "kind", "n", "low", "median", "high", "threshold", "beyond", *map(str, Status))

_REMEDY = (
    "Do not settle for the configuration that happens to pass. Fix the rule by which one is chosen before looking at "
    "the disparities, tell the range beside the figure, and choose among equally good configurations the one that "
    "harms least: it costs nothing. Judge it on rows that took no part in the choice."
)
_MORE_ROWS = "Add rows: with more of them the intervals narrow, and more verdicts are decided."
_ALL_ROWS = (
    "The configurations were compared on a sample, and the audit's own verdicts rest on all rows: compare those that "
    "you consider on all of them."
)


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """One check for one subject, by m configurations.

    Attributes
    ----------
    code, subject
        As in the audit.
    lines
        Its figures by configuration, as `assay.rejudging.rejudge` gives them.
    """

    code: str
    subject: str
    lines: pd.DataFrame

    @property
    def by_configuration(self) -> pd.Series[str]:
        """Verdict by the name of the configuration."""
        return self.lines.groupby("configuration", sort=False)["verdict"].first()

    @property
    def holds(self) -> Status:
        """Passed where every configuration decides alike, failed where two contradict each other, else inconclusive.

        Two contradict each other where the intervals of one decide, and a figure of the other lies beyond the
        threshold all the same (or all its figures within, where the one failed). That one is decided and the other
        is not says nothing by itself: a figure may come to lie a little nearer to the threshold.
        """
        verdicts = set(self.by_configuration)
        if len(verdicts) == 1:
            return Status.PASSED if verdicts <= _DECIDED else Status.INCONCLUSIVE
        side = pd.Series(beyond(self.lines), index=self.lines["configuration"]).groupby(level=0, sort=False)
        known = self.lines["value"].notna().groupby(self.lines["configuration"]).all()
        all_within = bool((~side.any() & known).any())
        if ("passed" in verdicts and side.any().any()) or ("failed" in verdicts and all_within):
            return Status.FAILED
        return Status.INCONCLUSIVE

    @property
    def sentences(self) -> str:
        """What the configurations make of it, and of its figures those on both sides of the threshold."""
        became = self.by_configuration.value_counts()
        outcomes = ", ".join(f"{status} with {became[str(status)]}" for status in Status if str(status) in became)
        table = summarise([self])
        across = table[(table["beyond"] > 0) & (table["beyond"] < table["n"])]
        told = [_figure(row) for row in across.head(_TOLD).to_dict("records")]
        return " ".join([f"{self.code} is {outcomes}.", *told])


def beyond(lines: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which figures lie beyond their threshold; none that is NaN."""
    value, threshold = lines["value"].to_numpy(float), lines["threshold"].to_numpy(float)
    return np.where(lines["kind"] == _RATIO, value < threshold, value > threshold)


def _figure(row: Mapping[Any, Any]) -> str:
    kind = "" if row["kind"] not in ("difference", _RATIO) else f" {row['kind']}"
    cross = "crosses" if row["beyond"] == 1 else "cross"
    return (
        f"The {row['metric']}{kind} is {row['low']:.3f} to {row['high']:.3f} (median {row['median']:.3f}); "
        f"{row['beyond']:,} of {row['n']:,} configurations {cross} the tolerance of {row['threshold']:g}."
    )


def read_verdicts(lines: pd.DataFrame) -> tuple[Verdict, ...]:
    """Take the lines of `rejudge` apart, in their order."""
    groups = lines.groupby(["code", "subject"], sort=False)
    return tuple(Verdict(str(code), str(subject), part) for (code, subject), part in groups)


def summarise(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """Minimum, median and maximum of each figure; the table "verdicts" (see `assay.health.variants`)."""
    rows = []
    for verdict in verdicts:
        for (metric, kind), part in verdict.lines.groupby(["metric", "kind"], sort=False):
            known = part["value"].dropna()
            rows.append(
                {
                    "code": verdict.code,
                    "subject": verdict.subject,
                    "metric": metric,
                    "kind": kind,
                    "n": len(known),
                    "low": known.min(),
                    "median": known.median(),
                    "high": known.max(),
                    "threshold": part["threshold"].iloc[0],
                    "beyond": int(beyond(part).sum()),
                    **{str(status): int((part["status"] == str(status)).sum()) for status in Status},
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def check_verdicts(found: Multiplicity) -> Iterator[Outcome]:
    """MH030: hold the verdicts of all near-equal configurations against each other, one outcome for each subject."""
    if (why := found.obstacle) is not None:
        yield Outcome(Status.INCONCLUSIVE, why[0], remedy=why[1])
        return
    if not found.verdicts:
        words = "No verdict that rests on models was repeated: there is no sensitive feature with two groups."
        yield Outcome(Status.NOT_APPLICABLE, words)
        return
    for subject in dict.fromkeys(verdict.subject for verdict in found.verdicts):
        yield _outcome(found, subject, [verdict for verdict in found.verdicts if verdict.subject == subject])


def _outcome(found: Multiplicity, subject: str, verdicts: Sequence[Verdict]) -> Outcome:
    held = {status: [v for v in verdicts if v.holds is status] for status in Status}
    flipping, agreed, open_ = held[Status.FAILED], held[Status.PASSED], held[Status.INCONCLUSIVE]
    status = Status.FAILED if flipping else Status.INCONCLUSIVE if open_ else Status.PASSED
    words = [f"{subject}: {found.set_in_words}"]
    if flipping:
        words += ["With these, the verdict hangs on the choice.", *(verdict.sentences for verdict in flipping)]
    if open_:
        words += ["Whether the choice matters cannot be told.", *(verdict.sentences for verdict in open_)]
    words += [f"{verdict.code} is {verdict.by_configuration.iloc[0]} with all of them." for verdict in agreed]
    evidence = Evidence(
        "verdicts that hang on the configuration",
        None if open_ and not flipping else float(len(flipping)),
        n=len(verdicts),
        unit="verdicts",
        table=_table(verdicts),
    )
    remedies = {Status.FAILED: _REMEDY, Status.INCONCLUSIVE: _ALL_ROWS if found.is_sampled else _MORE_ROWS}
    return Outcome(status, " ".join(words), Subject(found.columns_of(subject)), evidence, remedies.get(status, ""))


def _table(verdicts: Sequence[Verdict]) -> Table:
    shown = ("code", "metric", "kind", "n", "low", "median", "high", "threshold", "passed", "failed", "inconclusive")

    def plain(value: object) -> Scalar:
        if isinstance(value, int | np.integer):
            return int(value)
        return or_none(float(value)) if isinstance(value, float | np.floating) else str(value)

    rows = summarise(verdicts)[list(shown)].head(_TABLE_ROWS).to_dict("split")["data"]
    return Table(shown, tuple(tuple(plain(value) for value in row) for row in rows))
