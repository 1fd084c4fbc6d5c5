"""MH031: rows whose predicted class hangs on the choice among equally good models."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.findings import Evidence, Interval, Outcome, Status, Subject, Table, or_none
from assay.health.variants.multiplicity import DRAWN, disagreement
from assay.intervals import bonferroni, judge_upper, newcombe, normal_quantile, wilson
from assay.small_cells import SMALLEST_CELL

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.health.variants.multiplicity import Multiplicity
    from assay.trials import VariantTrial

# Of one row in ten or more, the decision is that of whoever chose the configuration.
MOST_AMBIGUOUS = 0.1
COLUMNS = ("feature", "group", "n", "value", "low", "high", "elsewhere")
_CONFIDENCE = 0.95
_REMEDY = (
    "Do not decide about these rows by one model alone: average several equally good ones, or have a person decide "
    "where they disagree. Features that bear on the label make such rows fewer."
)


@dataclass(frozen=True, slots=True, eq=False)
class Ambiguity:
    """How far near-equal models disagree on n rows.

    Attributes
    ----------
    by_row
        (n,) float64: probability that five of them do not agree (`disagreement`).
    by_seed
        (n,) float64 in {0, 1}: whether five trainings of one configuration do not; None without a control.
    any_differs
        Share of the rows on which some near-equal model differs from the best (ambiguity, Marx et al.).
    one_changes
        Largest share of the rows that a single near-equal model decides otherwise than the best (discrepancy).
    """

    by_row: npt.NDArray[np.float64]
    by_seed: npt.NDArray[np.float64] | None
    any_differs: float
    one_changes: float

    @property
    def share(self) -> float:
        """Mean over the rows."""
        return float(self.by_row.mean())

    @property
    def more_than_by_seed(self) -> Interval | None:
        """Interval of how much more often configurations disagree than seeds do, row by row."""
        if self.by_seed is None:
            return None
        apart = self.by_row - self.by_seed
        half = normal_quantile(_CONFIDENCE) * float(apart.std(ddof=1)) / math.sqrt(len(apart))
        mean = float(apart.mean())
        return Interval(max(-1.0, mean - half), min(1.0, mean + half), _CONFIDENCE, "paired, normal")


def measure(trial: VariantTrial) -> Ambiguity:
    """Measure it on five near-equal configurations or more."""
    predicted = trial.predicted
    aucs = [trial.variants[at].auc for at in trial.near_equal]
    best = predicted[int(np.argmax(np.nan_to_num(aucs)))]
    seeds = trial.by_seed
    return Ambiguity(
        by_row=disagreement(predicted),
        by_seed=disagreement(seeds, len(seeds)) if len(seeds) == DRAWN else None,
        any_differs=float((predicted != best).any(axis=0).mean()),
        one_changes=float((predicted != best).mean(axis=1).max()),
    )


def by_group(found: Multiplicity) -> pd.DataFrame:
    """The table "ambiguity" (see `assay.health.variants`): all rows first, then each group with enough of them."""
    if found.obstacle is not None or found.trial is None:
        return pd.DataFrame(columns=list(COLUMNS))
    ambiguity = measure(found.trial)
    groups = found.dataset.groups.iloc[found.trial.positions]
    parts = [
        (str(feature), str(group), (groups[feature] == group).to_numpy())
        for feature in groups.columns
        for group in sorted(groups[feature].unique())
        if len(groups[feature].unique()) > 1
    ]
    told = [(feature, group, mine) for feature, group, mine in parts if _may_be_told(ambiguity.by_row, mine)]
    whole = [(None, None, np.ones(len(groups), dtype=np.bool_))]
    rows = [
        _row(ambiguity.by_row, feature, group, mine, confidence)
        for part, confidence in ((whole, _CONFIDENCE), (told, bonferroni(_CONFIDENCE, len(told))))
        for feature, group, mine in part
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _may_be_told(by_row: npt.NDArray[np.float64], mine: npt.NDArray[np.bool_]) -> bool:
    """Whether the rows on which models agree, and those on which they do not, are enough of it and of the others."""
    counts = [count for part in (mine, ~mine) for count in (by_row[part].sum(), (1 - by_row[part]).sum())]
    return bool(min(counts) >= SMALLEST_CELL)


def _row(
    by_row: npt.NDArray[np.float64],
    feature: str | None,
    group: str | None,
    mine: npt.NDArray[np.bool_],
    confidence: float,
) -> dict[str, str | float | int | None]:
    inside, outside = by_row[mine], by_row[~mine]
    limits = wilson(float(inside.sum()), len(inside), confidence)
    assert limits is not None
    return {
        "feature": feature,
        "group": group,
        "n": len(inside),
        "value": float(inside.mean()),
        "low": limits.low,
        "high": limits.high,
        "elsewhere": float(outside.mean()) if len(outside) else math.nan,
    }


def check_ambiguity(found: Multiplicity) -> Iterator[Outcome]:
    """MH031: on how many rows near-equal models disagree, beside what mere seeds do, and in which groups more."""
    subject = Subject((found.dataset.roles.label,))
    if (why := found.obstacle) is not None:
        yield Outcome(Status.INCONCLUSIVE, why[0], subject, remedy=why[1])
        return
    assert found.trial is not None
    ambiguity, table = measure(found.trial), by_group(found)
    n = len(ambiguity.by_row)
    interval = wilson(float(ambiguity.by_row.sum()), n, _CONFIDENCE)
    status = judge_upper(interval, MOST_AMBIGUOUS)
    assert interval is not None
    verdict = {
        Status.PASSED: f"at most the {MOST_AMBIGUOUS:.0%} that count as few",
        Status.FAILED: f"more than {MOST_AMBIGUOUS:.0%}: who chose the configuration chose their prediction",
    }.get(status, f"and whether it is more than {MOST_AMBIGUOUS:.0%} cannot be told")
    share = (
        f"Five equally good models do not all predict the same class for {ambiguity.share:.1%} of the rows (95% "
        f"interval {interval.low:.1%} to {interval.high:.1%}), {verdict}."
    )
    sentences = [share, *_by_seed(ambiguity), *_groups(table), found.set_in_words]
    evidence = Evidence(
        f"share of rows on which {DRAWN} near-equal models disagree",
        ambiguity.share,
        interval,
        n=n,
        threshold=MOST_AMBIGUOUS,
        unit="share",
        table=_figures(ambiguity),
    )
    yield Outcome(status, " ".join(sentences), subject, evidence, "" if status is Status.PASSED else _REMEDY)


def _by_seed(ambiguity: Ambiguity) -> Iterator[str]:
    more = ambiguity.more_than_by_seed
    if more is None or ambiguity.by_seed is None:
        return
    compared = (
        "more than this" if more.low > 0 else "less than this" if more.high < 0 else "no more, as far as can be told"
    )
    yield f"By the seed alone it is {ambiguity.by_seed.mean():.1%}: the hyperparameters part them {compared}."


def _groups(table: pd.DataFrame) -> Iterator[str]:
    """Groups whose rows are ambiguous more often than the others', of which all intervals hold together."""
    rows = table[table["feature"].notna()]
    total = float(table["n"].iloc[0])
    confidence = bonferroni(_CONFIDENCE, len(rows))
    for row in rows.to_dict("records"):
        inside, outside = row["value"] * row["n"], row["elsewhere"] * (total - row["n"])
        apart = newcombe((inside, row["n"]), (outside, total - row["n"]), confidence)
        if apart is not None and apart.low > 0:
            yield (
                f"For {row['feature']} = {row['group']} it is {row['value']:.1%}, elsewhere {row['elsewhere']:.1%}."
            )


def _figures(ambiguity: Ambiguity) -> Table:
    seeds = math.nan if ambiguity.by_seed is None else float(ambiguity.by_seed.mean())
    return Table(
        ("figure", "value"),
        (
            (f"share of rows on which {DRAWN} near-equal configurations disagree", ambiguity.share),
            (f"share of rows on which {DRAWN} seeds of one configuration disagree", or_none(seeds)),
            ("share of rows on which any near-equal configuration differs from the best", ambiguity.any_differs),
            ("largest share of rows that one near-equal configuration changes", ambiguity.one_changes),
        ),
    )
