"""MH030: whether the verdicts of the audit would be others with hyperparameters that are about as good."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.findings import Evidence, Outcome, Status, Subject, Table, or_none
from assay.intervals import bonferroni, normal_quantile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from assay.findings import Scalar
    from assay.health.variants.multiplicity import Multiplicity

# Fewer configurations of a draw of two dozen do not show how far equally good ones lie apart.
MIN_NEAR_EQUAL = 5
_CONFIDENCE = 0.95
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
    compared
        Figures of all checks for this subject.
    """

    code: str
    subject: str
    lines: pd.DataFrame
    compared: int

    @property
    def by_configuration(self) -> pd.Series[str]:
        """Verdict by the name of the configuration."""
        return self.lines.groupby("configuration", sort=False)["verdict"].first()

    @property
    def holds(self) -> Status:
        """Passed where every configuration decides alike, failed where two contradict each other, else inconclusive.

        Two contradict each other where the intervals of one decide, a figure of the other lies on the other side of
        the threshold, and it is certain that the two figures differ (`is_certain`). That one is decided and the other
        is not says nothing by itself: a figure may come to lie a little nearer to the threshold.
        """
        verdicts = set(self.by_configuration)
        if len(verdicts) == 1:
            return Status.PASSED if verdicts <= _DECIDED else Status.INCONCLUSIVE
        side = pd.Series(beyond(self.lines), index=self.lines["configuration"]).groupby(level=0, sort=False)
        known = self.lines["value"].notna().groupby(self.lines["configuration"]).all()
        all_within = bool((~side.any() & known).any())
        contradicted = ("passed" in verdicts and side.any().any()) or ("failed" in verdicts and all_within)
        return Status.FAILED if contradicted and any(map(self.is_certain, self.across)) else Status.INCONCLUSIVE

    @property
    def figures(self) -> list[pd.DataFrame]:
        """The lines of each of its figures."""
        return [part for _, part in self.lines.groupby(["metric", "kind"], sort=False)]

    @property
    def across(self) -> list[pd.DataFrame]:
        """The lines of each figure that lies on either side of its threshold, the widest range first."""
        found = [part for part in self.figures if 0 < beyond(part).sum() < part["value"].notna().sum()]
        return sorted(found, key=_by_range)

    def is_certain(self, figure: pd.DataFrame) -> bool:
        """Whether more than chance parts the configurations of its lowest and its highest value.

        By the paired difference, at a level that holds for all pairs of configurations and all figures of the
        subject. Where that is not known, by the intervals of two configurations, one on each side of the threshold.
        """
        apart = float(figure["apart"].iloc[0])
        if np.isnan(apart):
            return set(figure["status"]) >= _DECIDED
        return apart > normal_quantile(bonferroni(_CONFIDENCE, comb(len(figure), 2) * self.compared))


def beyond(lines: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which figures lie beyond their threshold; none that is NaN."""
    value, threshold = lines["value"].to_numpy(float), lines["threshold"].to_numpy(float)
    return np.where(lines["kind"] == _RATIO, value < threshold, value > threshold)


def read_verdicts(lines: pd.DataFrame) -> tuple[Verdict, ...]:
    """Take the lines of `rejudge` apart, in their order."""
    compared = lines.drop_duplicates(["code", "subject", "metric", "kind"])["subject"].value_counts().to_dict()
    groups = lines.groupby(["code", "subject"], sort=False)
    return tuple(Verdict(str(code), str(subject), part, compared[subject]) for (code, subject), part in groups)


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
    flipping = [verdict for verdict in verdicts if verdict.holds is Status.FAILED]
    undecided = [verdict for verdict in verdicts if verdict.holds is Status.INCONCLUSIVE]
    if flipping:
        status, words, remedy = Status.FAILED, _flipping(subject, flipping), _REMEDY
    elif undecided:
        status, words = Status.INCONCLUSIVE, _undecided(subject, undecided)
        remedy = _ALL_ROWS if found.is_sampled else _MORE_ROWS
    else:
        became = ", ".join(f"{verdict.code} {verdict.by_configuration.iloc[0]}" for verdict in verdicts)
        status, words, remedy = Status.PASSED, f"The choice changes no verdict for {subject}: {became}.", ""
    evidence = Evidence(
        "verdicts that hang on the configuration",
        None if undecided and not flipping else float(len(flipping)),
        n=found.rows,
        unit="verdicts",
        table=_table(verdicts),
    )
    message = f"{words} {found.set_in_words}"
    return Outcome(status, message, Subject(found.columns_of(subject)), evidence, remedy)


def _flipping(subject: str, verdicts: Sequence[Verdict]) -> str:
    figure = min((part for verdict in verdicts for part in verdict.across if verdict.is_certain(part)), key=_by_range)
    codes = ", ".join(verdict.code for verdict in verdicts)
    return (
        f"The choice of hyperparameters decides {codes} for {subject}: it moves {_range(figure)}. That these "
        "differ is more than chance (95% confidence over all pairs)."
    )


def _undecided(subject: str, verdicts: Sequence[Verdict]) -> str:
    codes = ", ".join(verdict.code for verdict in verdicts)
    start = f"Whether the choice of hyperparameters decides {codes} for {subject} is open"
    across = [(verdict, part) for verdict in verdicts for part in verdict.across]
    if not across:
        return f"{start}: no figure crosses its limit, but their intervals do."
    # Of those that surely move the widest, else the widest.
    verdict, figure = min(across, key=lambda of: (not of[0].is_certain(of[1]), _by_range(of[1])))
    why = (
        "That they differ is more than chance; on which side of the limit each lies may be chance."
        if verdict.is_certain(figure)
        else "That may be chance."
    )
    return f"{start}: it moves {_range(figure)}. {why}"


def _by_range(figure: pd.DataFrame) -> float:
    return float(figure["value"].min() - figure["value"].max())


def _range(figure: pd.DataFrame) -> str:
    """The range of a figure on both sides of its limit."""
    first, value = figure.iloc[0], figure["value"]
    kind = f" {first['kind']}" if first["kind"] in ("difference", _RATIO) else ""
    return (
        f"the {first['metric']}{kind} from {value.min():.3f} to {value.max():.3f}, across the limit of "
        f"{first['threshold']:g} ({beyond(figure).sum():,} of {value.notna().sum():,} configurations beyond)"
    )


def _table(verdicts: Sequence[Verdict]) -> Table:
    shown = ("code", "metric", "kind", "n", "low", "median", "high", "threshold", "passed", "failed", "inconclusive")

    def plain(value: object) -> Scalar:
        if isinstance(value, int | np.integer):
            return int(value)
        return or_none(float(value)) if isinstance(value, float | np.floating) else str(value)

    rows = summarise(verdicts)[list(shown)].head(_TABLE_ROWS).to_dict("split")["data"]
    return Table(shown, tuple(tuple(plain(value) for value in row) for row in rows))
