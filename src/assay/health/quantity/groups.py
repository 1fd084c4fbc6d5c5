"""MH011: which sensitive groups lack rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Evidence, Outcome, Status, Subject, Table
from assay.health.quantity.rows import WORTH, as_interval, told_back_test
from assay.intervals import judge_upper
from assay.small_cells import shown_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.findings import Scalar
    from assay.health.quantity.subject import OfGroup, Quantity

_COLLECT = "Collect rows of this group; where that cannot be, say with the model that it is less able there."


def check_groups(quantity: Quantity) -> Iterator[Outcome]:
    """MH011: by feature; each group that lacks rows is an outcome of its own."""
    features = quantity.context.dataset.roles.sensitive
    if not len(quantity.context.dataset.groups.columns):
        yield Outcome(Status.NOT_APPLICABLE, "No sensitive features are named.")
        return
    if not quantity.trial.groups:
        words = f"Whether a group lacks rows cannot be told. {quantity.trial.reason}".rstrip()
        yield Outcome(Status.INCONCLUSIVE, words, Subject(features), remedy="Audit again with more labelled rows.")
        return
    for feature in dict.fromkeys(group.scores.feature for group in quantity.groups):
        yield from _judge_feature(quantity, feature, [g for g in quantity.groups if g.scores.feature == feature])


def _judge_feature(quantity: Quantity, feature: str, groups: list[OfGroup]) -> Iterator[Outcome]:
    statuses = [_status(group) for group in groups]
    for group, status in zip(groups, statuses, strict=True):
        if status is Status.FAILED:
            yield _lacking(quantity, group)
    if Status.FAILED in statuses:
        return
    table = _table(quantity, groups)
    n = quantity.trial.n
    highest = max((g.projection.gain.high for g in groups if g.projection is not None), default=None)
    evidence = Evidence("largest upper end of the gain", highest, None, n, WORTH, quantity.trial.metric, table=table)
    if all(status is Status.PASSED for status in statuses):
        words = f"Twice the rows would raise the {quantity.trial.metric} of no group by more than {WORTH:g}."
        yield Outcome(Status.PASSED, words, Subject((feature,)), evidence)
        return
    undecided = sum(status is not Status.PASSED for status in statuses)
    small = sum(group.projection is None for group in groups)
    words = (
        f"Of {len(groups):,} groups, {undecided:,} may lack rows: whether twice the rows would raise their "
        f"{quantity.trial.metric} by more than {WORTH:g} cannot be told"
        + (f"; {small:,} of them have too few rows to be judged by." if small else ".")
    )
    remedy = "Collect rows of these groups, which narrows the range, and audit again."
    if small:
        remedy += f" To be judged at all it takes {_needed(quantity)}."
    yield Outcome(Status.INCONCLUSIVE, words, Subject((feature,)), evidence, remedy)


def _needed(quantity: Quantity) -> str:
    return "50 rows of a group" if quantity.trial.metric == "R2" else "50 rows of a group with each label"


def _status(group: OfGroup) -> Status:
    if group.projection is None or not group.projection.back_test.held:
        return Status.INCONCLUSIVE
    status = judge_upper(as_interval(group.projection.gain), WORTH)
    return Status.INCONCLUSIVE if status is Status.FAILED and group.projection.is_of_fewer else status


def _lacking(quantity: Quantity, group: OfGroup) -> Outcome:
    assert group.projection is not None
    scores, gain, metric = group.scores, group.projection.gain, quantity.trial.metric
    now = group.projection.score(group.projection.base).value
    words = (
        f"Group '{scores.group}' of '{scores.feature}' ({shown_count(scores.n)} labelled rows) lacks rows: if all "
        f"groups had twice as many, its {metric} would rise from {now:.3f} by {gain.value:.3f} (range over the forms "
        f"that fit: {gain.low:.3f} to {gain.high:.3f}), more than {WORTH:g}."
    )
    evidence = Evidence(
        f"gain of {metric} by twice the rows",
        gain.value,
        as_interval(gain),
        scores.n,
        WORTH,
        metric,
        table=_table(quantity, [group]),
        between=(scores.group,),
    )
    subject = Subject((scores.feature,), f"{scores.feature} = {scores.group}")
    return Outcome(Status.FAILED, words, subject, evidence, _COLLECT)


def _table(quantity: Quantity, groups: list[OfGroup]) -> Table:
    metric = quantity.trial.metric
    rows: list[tuple[Scalar, ...]] = []
    for group in groups:
        name, n = group.scores.group, shown_count(group.scores.n)
        if group.projection is None:
            rows.append((name, n, None, None, None, None, "too few rows"))
            continue
        score, gain = group.projection.score(group.projection.base).value, group.projection.gain
        if group.projection.back_test.held:
            rows.append((name, n, score, gain.value, gain.low, gain.high, ""))
        else:
            rows.append((name, n, score, None, None, None, told_back_test(group.projection)))
    return Table(("group", "rows", metric, "gain by twice the rows", "low", "high", "why not"), tuple(rows))
