"""MH011: which sensitive groups lack rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Evidence, Outcome, Status, Subject, Table
from assay.health.quantity.rows import WORTH, as_interval, told_back_test
from assay.intervals import judge_upper
from assay.small_cells import is_small, shown_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.findings import Scalar
    from assay.health.quantity.forms import Range
    from assay.health.quantity.subject import OfGroup, Quantity

NAMED = 3
# No column but "rows" may end in "rows": it would be taken for a number of them.
COLUMNS = ("group", "rows", "{metric}", "gain if doubled", "low", "high", "why not told")
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
    open_ = [g for g, status in zip(groups, statuses, strict=True) if status is not Status.PASSED]
    yield Outcome(
        Status.INCONCLUSIVE,
        _open_in_words(quantity, groups, open_),
        Subject((feature,)),
        evidence,
        _remedy(quantity, open_),
    )


def _open_in_words(quantity: Quantity, groups: list[OfGroup], open_: list[OfGroup]) -> str:
    """Which groups may lack rows, and why that cannot be told of them."""
    judged = [group for group in open_ if group.projection is not None and group.projection.back_test.held]
    judged.sort(key=lambda group: -_gain(group).high)
    broken = sum(group.projection is not None for group in open_) - len(judged)
    small = len(open_) - len(judged) - broken
    words = [f"Whether {len(open_):,} of {len(groups):,} groups lack rows cannot be told."]
    if judged:
        told = ", ".join(
            f"'{g.scores.group}' by {_gain(g).value:.3f} ({_gain(g).low:.3f} to {_gain(g).high:.3f})"
            for g in judged[:NAMED]
        )
        more = f", {len(judged) - NAMED:,} more" if len(judged) > NAMED else ""
        words.append(
            f"Twice the rows of everybody would raise the {quantity.trial.metric} of {told}{more}: the range of the "
            f"forms that fit reaches above {WORTH:g}."
        )
    if broken:
        words.append(f"Of {broken:,} the smaller numbers of rows do not foretell the largest.")
    if small:
        words.append(f"Of {small:,} there are too few rows to judge models by.")
    return " ".join(words)


def _gain(group: OfGroup) -> Range:
    assert group.projection is not None
    return group.projection.gain


def _remedy(quantity: Quantity, open_: list[OfGroup]) -> str:
    remedies = []
    if any(group.projection is not None for group in open_):
        remedies.append("Audit again with more rows of these groups: they narrow the range.")
    if any(group.projection is None for group in open_):
        least = "50 labelled rows" if quantity.trial.metric == "R2" else "50 rows with some label and 50 without it"
        remedies.append(f"A group is judged from {least}.")
    return " ".join(remedies)


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
    rows: list[tuple[Scalar, ...]] = []
    for group in groups:
        n = group.scores.n
        named: tuple[Scalar, ...] = (group.scores.group, shown_count(n) if is_small(n) else n)
        if group.projection is None:
            rows.append((*named, None, None, None, None, "too few rows to judge by"))
            continue
        score, gain = group.projection.score(group.projection.base).value, group.projection.gain
        if not group.projection.back_test.held:
            rows.append((*named, score, None, None, None, told_back_test(group.projection)))
            continue
        why = f"the range reaches above {WORTH:g}" if _status(group) is Status.INCONCLUSIVE else ""
        rows.append((*named, score, gain.value, gain.low, gain.high, why))
    return Table(tuple(name.format(metric=quantity.trial.metric) for name in COLUMNS), tuple(rows))
