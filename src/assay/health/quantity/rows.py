"""MH010: whether there are enough rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Evidence, Interval, Outcome, Status, Subject, Table
from assay.health.quantity.subject import ablest_score
from assay.intervals import judge_lower, judge_upper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.health.quantity.forms import Range
    from assay.health.quantity.projection import Projection
    from assay.health.quantity.subject import Quantity

# Twice the rows cost as much again as all that there are. By two points in a hundred models of different kinds, and
# the same models with other hyperparameters, differ anyway, and these are cheaper to change.
WORTH = 0.02
MODELS = {"trees": "boosted trees", "linear": "a linear model"}
METHOD = "range over forms, +-2 SE"

_MORE_ROWS = "Collect more rows of this kind before the training; `health.goal` asks how many a certain score takes."
_STEPWISE = "Audit again with more rows, which narrows the range; or set `health.goal` to the score that is needed."


def check_rows(quantity: Quantity) -> Iterator[Outcome]:
    """MH010: against `health.goal` where it is set, else by what twice the rows would bring."""
    projection, trial = quantity.projection, quantity.trial
    subject = Subject((quantity.context.dataset.roles.label,))
    if projection is None:
        words = f"Whether more rows would make better models cannot be told. {trial.reason}"
        yield Outcome(Status.INCONCLUSIVE, words, subject, remedy="Audit again with more labelled rows.")
        return
    if not projection.back_test.held:
        yield Outcome(
            Status.INCONCLUSIVE,
            f"What more rows would bring cannot be told: {told_back_test(projection)} "
            f"{_measured(quantity, projection)}",
            subject,
            Evidence(f"{trial.metric} with the most rows", n=trial.n, unit=trial.metric, table=_table(quantity)),
            "Look whether the rows are of several kinds, of which small samples have only some.",
        )
        return
    judge = _judge_gain if quantity.context.config.goal is None else _judge_goal
    status, words, evidence, remedy = judge(quantity, projection)
    if status is Status.PASSED and (doubt := _weaker_model(quantity, projection)) is not None:
        status, words, remedy = Status.INCONCLUSIVE, f"{words} {doubt}", _STEPWISE
    yield Outcome(status, f"{words} {_measured(quantity, projection)}", subject, evidence, remedy)


def told_back_test(projection: Projection) -> str:
    """What the smaller sizes said of the largest, in words."""
    said, measured = projection.back_test.said, projection.back_test.measured
    return (
        f"the smaller sizes would have said {said.low:.3f} to {said.high:.3f} for {projection.points.sizes[-1]:,.0f} "
        f"rows, where {measured.value:.3f} was measured."
    )


def as_interval(found: Range) -> Interval:
    """The range as evidence holds it."""
    return Interval(found.low, found.high, 0.95, METHOD)


def _judge_gain(quantity: Quantity, projection: Projection) -> tuple[Status, str, Evidence, str]:
    metric, gain = quantity.trial.metric, projection.gain
    status = judge_upper(as_interval(gain), WORTH)
    evidence = Evidence(
        f"gain of {metric} by twice the rows",
        gain.value,
        as_interval(gain),
        quantity.trial.n,
        WORTH,
        metric,
        table=_table(quantity),
    )
    brings = f"{metric} {gain.value:.3f} more (range over the forms that fit: {gain.low:.3f} to {gain.high:.3f})"
    if projection.is_of_fewer:
        twice = f"Twice as many, {2 * projection.base:,.0f}, would bring {brings}"
        if status is Status.PASSED:
            return status, f"{twice}, at most {WORTH:g}; twice all the rows would bring less still.", evidence, ""
        words = f"{twice}; what twice all the rows would bring is too far ahead to tell."
        return Status.INCONCLUSIVE, words, evidence, "Compare models trained on half of the rows and on all."
    twice = f"Twice the rows, {2 * quantity.trial.n:,}, would bring {brings}"
    match status:
        case Status.PASSED:
            return status, f"{twice}, at most {WORTH:g}: more rows of this kind change little.", evidence, ""
        case Status.FAILED:
            return status, f"{twice}, more than {WORTH:g}: the models are short of rows.", evidence, _MORE_ROWS
        case _:
            return status, f"{twice}: whether more than {WORTH:g} cannot be told.", evidence, _STEPWISE


def _judge_goal(quantity: Quantity, projection: Projection) -> tuple[Status, str, Evidence, str]:
    goal, metric = quantity.context.config.goal, quantity.trial.metric
    assert goal is not None
    now = projection.score(projection.base)
    status = judge_lower(as_interval(now), goal)
    evidence = Evidence(metric, now.value, as_interval(now), quantity.trial.n, goal, metric, table=_table(quantity))
    reach = f"With {projection.base:,.0f} rows models reach {now.value:.3f} ({now.low:.3f} to {now.high:.3f})"
    if status is Status.PASSED:
        return status, f"{reach}, at least the goal of {goal:g}.", evidence, ""
    if projection.is_of_fewer:
        words = f"{reach}; whether all {quantity.trial.n:,} rows reach the goal of {goal:g} is too far ahead to tell."
        return Status.INCONCLUSIVE, words, evidence, "See MH001 for the score with all rows."
    verdict = "below the goal" if status is Status.FAILED else "and whether that is the goal cannot be told: it is"
    words, remedy = _rows_needed(projection, goal)
    return status, f"{reach}, {verdict} {goal:g}. {words}", evidence, remedy


def _rows_needed(projection: Projection, goal: float) -> tuple[str, str]:
    """How many rows the goal takes, in words, and what to do."""
    needed, horizon = projection.rows_for(goal), projection.horizon
    if needed.least is None:
        words = f"Not even {horizon:,.0f} rows, {horizon / projection.n:.2g} times as many, would reach it."
        return words, "Look for features that bear on the label, and for wrong labels; rows alone will not do."
    likely = "more rows than can be looked ahead" if needed.likely is None else f"about {_rounded(needed.likely)} rows"
    surely = f"more than {_rounded(horizon)}" if needed.surely is None else _rounded(needed.surely)
    words = f"It would take {likely} (range {_rounded(needed.least)} to {surely})."
    return words, "Collect so many rows of this kind, or features that bear on the label."


def _rounded(rows: float) -> str:
    """Two significant digits: no curve knows more."""
    return f"{float(f'{rows:.2g}'):,.0f}"


def _weaker_model(quantity: Quantity, projection: Projection) -> str | None:
    """In words that the audit has a kind of model that is better than that of the curve, which may need more rows."""
    best, mean = ablest_score(quantity.context.predictions, quantity.context.seed), float(projection.points.means[-1])
    if best is None or best <= mean + WORTH:
        return None
    return (
        f"But other models of this audit reach {best:.3f}, which those of the curve do not: they may use further rows "
        "better, so that whether there are enough cannot be told."
    )


def _measured(quantity: Quantity, projection: Projection) -> str:
    sizes, means = projection.points.sizes, projection.points.means
    return (
        f"Trained on {sizes[0]:,.0f} to {sizes[-1]:,.0f} of {quantity.trial.n:,} labelled rows, models "
        f"({MODELS[quantity.trial.model]}) reach an {quantity.trial.metric} of {means[0]:.3f} to {means[-1]:.3f} on "
        "other rows."
    )


def _table(quantity: Quantity) -> Table:
    assert quantity.projection is not None
    projection = quantity.projection
    pairs = zip(projection.points.sizes, projection.measured(), strict=True)
    return Table(
        ("training rows", quantity.trial.metric, "low", "high"),
        tuple((round(float(size)), found.value, found.low, found.high) for size, found in pairs),
    )
