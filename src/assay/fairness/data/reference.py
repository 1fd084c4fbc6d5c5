"""FB004: who is rarer in the data than in the population that the model will decide on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from assay.dataset import MISSING_GROUP
from assay.fairness.data.population import LEAST_RATIO, METHOD, Representation, measure_representation
from assay.fairness.disparity import MOST_LEFT_OUT
from assay.fairness.outcomes import NAME_THEM, NO_FEATURE, TABLE_ROWS
from assay.fairness.simultaneous import cases_to_decide, wilson_limits
from assay.fairness.wording import about, confidently, counted, listing, percent
from assay.findings import Evidence, Interval, Outcome, Scalar, Status, Subject, Table
from assay.intervals import bonferroni, normal_quantile
from assay.small_cells import SMALLEST_CELL, is_small

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assay.fairness.context import DataContext
    from assay.fairness.counts import Feature


def against_reference(context: DataContext) -> Iterator[Outcome]:
    """FB004: name the groups that are rarer in the data than in the population."""
    reference = context.config.reference
    if not context.features:
        yield Outcome(Status.NOT_APPLICABLE, NO_FEATURE.format("their representation is"), remedy=NAME_THEM)
        return
    known = {feature.name: feature for feature in context.features}
    for name in reference:
        if name not in known:
            words = f"The data have no groups of {name} to hold against the reference."
            remedy = f"Correct `fairness.reference`: the features are {listing(list(known))}."
            yield Outcome(Status.ERROR, words, remedy=remedy)
    confidence = bonferroni(context.config.confidence, sum(len(shares) for shares in reference.values()))
    for feature in context.features:
        if feature.name in reference:
            yield _compare(context, feature, reference[feature.name], confidence)
    without = [
        feature.name for feature in context.features if not feature.is_intersection and feature.name not in reference
    ]
    if without:
        words = f"No reference population is configured for {listing(without)}."
        yield Outcome(Status.NOT_APPLICABLE, words, Subject(tuple(without)))


def _compare(context: DataContext, feature: Feature, reference: Mapping[str, float], confidence: float) -> Outcome:
    extra = [group for group in feature.groups if group not in reference and group != MISSING_GROUP]
    if extra:
        absent = [group for group in reference if group not in feature.groups]
        hint = f" In the data nobody is {listing(absent)}: a name may be misspelt." if absent else ""
        words = (
            f"The reference for {feature.name} lacks {counted(len(extra), 'group')} of the data: {listing(extra)}."
            f"{hint} Nothing was compared."
        )
        remedy = f"Give every group of {feature.name} its share under `fairness.reference`, spelt as in the data."
        return Outcome(Status.ERROR, words, Subject(feature.columns), remedy=remedy)
    found = measure_representation(feature, reference, context.dataset.weights, confidence)
    if found is None:
        words = f"No row is in a group of {feature.name} that the reference names, or all sample weights are 0."
        return Outcome(Status.INCONCLUSIVE, words, Subject(feature.columns))
    return _judge(found, feature, context.config.confidence, confidence)


def _judge(found: Representation, feature: Feature, family: float, confidence: float) -> Outcome:
    statuses = found.statuses
    order = np.argsort(found.ratios, kind="stable").tolist()
    failed = [g for g in order if statuses[g] is Status.FAILED]
    unclear = [g for g in order if statuses[g] is Status.INCONCLUSIVE]
    held_back = found.unknown > MOST_LEFT_OUT
    sentences = []
    if failed:
        of_all = counted(len(found.groups), "group")
        are = "is" if len(failed) == 1 else "are"
        sentences.append(
            f"{len(failed):,} of {of_all} of {feature.name} {are} rarer than in the reference population, with less "
            f"than {LEAST_RATIO:.0%} of the share there: {_listed([_short_of(found, g, family) for g in failed])}."
        )
    if unclear:
        names = listing([f"{found.groups[g]}{_would_decide(found, g, confidence)}" for g in unclear])
        sentences.append(
            f"Whether the share reaches {LEAST_RATIO:.0%} of that in the reference population cannot be told for "
            f"{counted(len(unclear), 'group')} of {feature.name}: {names}."
        )
    if not failed and not unclear:
        sentences.append(
            f"Each of {counted(len(found.groups), 'group')} of {feature.name} has at least {LEAST_RATIO:.0%} of its "
            "share in the reference population."
        )
    sentences.append(_fit(found))
    if held_back:
        sentences.append(
            f"The group is unknown in {percent(found.unknown)} of the rows; with more than {percent(MOST_LEFT_OUT)} "
            "this cannot pass."
        )
    status = Status.FAILED if failed else Status.INCONCLUSIVE if unclear or held_back else Status.PASSED
    remedy = {Status.FAILED: _COLLECT, Status.INCONCLUSIVE: _MORE}.get(status, "")
    return Outcome(status, " ".join(sentences), Subject(feature.columns), _evidence(found, order, family), remedy)


_COLLECT = (
    "Collect more rows of these groups before you weight the few there are. Where the model will decide on other "
    "people than the reference counts, correct `fairness.reference`."
)
_MORE = "Collect more rows, record the group where it is unknown, or merge groups of the reference that are very rare."


def _listed(texts: list[str], most: int = 5) -> str:
    shown = "; ".join(texts[:most])
    return shown if len(texts) <= most else f"{shown}; and {len(texts) - most:,} more"


def _short_of(found: Representation, group: int, family: float) -> str:
    name, reference = found.groups[group], percent(found.reference[group])
    if is_small(int(found.rows[group])):
        # The share of so few people times the number of rows would be their number: told is what holds for none.
        most = about(math.ceil(found.shortfall(np.zeros(len(found.groups)))[group]))
        return f"{name} (fewer than {SMALLEST_CELL} rows, against {reference}; up to {most} rows would make up for it)"
    lacking, least, most = (
        about(max(0, math.ceil(found.shortfall(shares)[group]))) for shares in (found.shares, found.high, found.low)
    )
    return (
        f"{name} ({percent(found.shares[group])}, joint {confidently(family)} {percent(found.low[group])} to "
        f"{percent(found.high[group])}, against {reference}; about {lacking} more rows of it, {least} to {most}, "
        "would make up for it)"
    )


def _would_decide(found: Representation, group: int, confidence: float) -> str:
    """How many rows in all would decide, if the shares stayed as they are."""
    if is_small(int(found.rows[group])):
        return f" (fewer than {SMALLEST_CELL} rows)"
    share, threshold, z = found.shares[[group]], LEAST_RATIO * found.reference[group], normal_quantile(confidence)

    def is_decided(rows: int) -> bool:
        low, high = wilson_limits(share, np.array([float(rows)]), z)
        return bool(low[0] >= threshold or high[0] < threshold)

    needed = cases_to_decide(is_decided)
    shown = f" ({percent(found.shares[group])} against {percent(found.reference[group])}"
    return f"{shown})" if needed is None else f"{shown}; about {about(needed)} rows in all would decide)"


def _fit(found: Representation) -> str:
    p_value = "p < 0.001" if found.p_value < 0.001 else f"p = {found.p_value:.3f}"
    law = ", simulated" if found.is_simulated else ""
    return (
        f"Chi-square of all shares against the reference: {found.statistic:.1f} with "
        f"{counted(len(found.groups) - 1, 'degree', 'degrees')} of freedom ({p_value}{law})."
    )


def _evidence(found: Representation, order: list[int], family: float) -> Evidence:
    # Lacking where the share is as it is, and at least and at most: a high share lacks few.
    lacking, least, most = (np.ceil(found.shortfall(shares)) for shares in (found.shares, found.high, found.low))
    rows: tuple[tuple[Scalar, ...], ...] = tuple(
        (
            found.groups[g],
            int(found.rows[g]),
            float(found.shares[g]),
            float(found.low[g]),
            float(found.high[g]),
            percent(found.reference[g]),
            float(found.ratios[g]),
            float(found.shares[g] - found.reference[g]),
            float(lacking[g]),
            float(least[g]),
            float(most[g]),
        )
        for g in order[:TABLE_ROWS]
    )
    worst = order[0]
    ratio = Interval(
        float(found.low[worst] / found.reference[worst]),
        float(found.high[worst] / found.reference[worst]),
        family,
        METHOD,
    )
    columns = ("group", "rows", "share", "low", "high", "reference", "ratio", "difference")
    return Evidence(
        metric="smallest participation to prevalence ratio",
        value=float(found.ratios[worst]),
        interval=ratio,
        n=int(found.rows.sum()),
        threshold=LEAST_RATIO,
        unit="ratio",
        table=Table((*columns, "lacking", "lacking low", "lacking high"), rows),
        between=(found.groups[worst],),
    )
