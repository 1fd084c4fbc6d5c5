"""MH040: whether a small step of one column changes most right predictions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Evidence, Interval, Outcome, Status, Subject, Table
from assay.health.robustness.measuring import CONFIDENCE
from assay.health.robustness.search import DEPTH
from assay.intervals import bonferroni, judge_upper, newcombe, normal_quantile, wilson
from assay.small_cells import SMALLEST_CELL

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.health.robustness.measuring import Robustness, Tried

# One threshold of one number decides a fifth of the predictions within a step; more than half turns only where the
# prediction goes back and forth along the number (benchmarks/health).
MOST_CHANGED = 0.5
NAMED = 3
NAMED_GROUPS = 2
_MODELS = {"the network": "the network", "trees": "the boosted trees", "linear": "the linear model"}
_DECIDE = (
    "Look at the columns named: where their values are noisy, easily misstated, or rounded differently elsewhere, so "
    "are the predictions. Leave such a column out or make it coarser, or say in `health.feasible` how it can really "
    "change."
)
_STATE = (
    "State in `health.feasible` which of the columns named can change, and to which values: a category has no small "
    "step, so that only you know. Where the two limits lie close, more rows decide."
)


def check_edits(found: Robustness) -> Iterator[Outcome]:
    """MH040: hold the share of right predictions that one small edit changes against half of them."""
    if not found.tried:
        status, words, remedy, evidence = _nothing_tried(found)
    elif found.signal is not Status.PASSED or found.tried[found.able].right.sum() < SMALLEST_CELL:
        status, words, remedy, evidence = _nothing_learned(found)
    else:
        status, words, remedy, evidence = _judge(found, found.tried[found.able])
    yield Outcome(status, " ".join([*words, *found.edits.notes]), Subject(), evidence, remedy)


_Answer = tuple[Status, list[str], str, Evidence | None]


def _nothing_tried(found: Robustness) -> _Answer:
    if not len(found.edits.rows):
        return Status.INCONCLUSIVE, ["No labelled row was held out, so that no edit was tried."], "Add rows.", None
    return Status.NOT_APPLICABLE, ["No feature that the models see may change, so that no edit was tried."], "", None


def _nothing_learned(found: Robustness) -> _Answer:
    tried = found.tried[found.able]
    words = (
        f"Whether small edits change predictions cannot be told: {_MODELS[found.able]} predict{_s(found.able)} "
        f"{int(tried.right.sum()):,} of {len(found.edits.rows):,} rows right, which may be luck (MH001)."
    )
    remedy = "Add rows, or features from which the label can be learned."
    return Status.INCONCLUSIVE, [words], remedy, None


def _s(kind: str) -> str:
    return "" if kind == "trees" else "s"


def _judge(found: Robustness, tried: Tried) -> _Answer:
    right, small, any_edit = (int(mask.sum()) for mask in (tried.right, tried.judged, tried.broken(1)))
    least, most = wilson(small, right, CONFIDENCE), wilson(any_edit, right, CONFIDENCE)
    assert least is not None
    assert most is not None
    # Failed by the edits that are surely small or stated alone, passed only by all that may be feasible.
    interval = Interval(least.low, most.high, CONFIDENCE, "Wilson, low of small steps, high of all edits")
    status = judge_upper(interval, MOST_CHANGED)
    words = [*_sentences(found, tried, interval, status)]
    remedy = {Status.FAILED: _DECIDE, Status.INCONCLUSIVE: _STATE}.get(status, "")
    if tried.predicted == 1 and status is Status.PASSED:
        status, remedy = Status.INCONCLUSIVE, "Add rows of the rarer classes."
        words.append("It predicts one class for every row that was tried: that little changes says little.")
    metric = "right predictions that one feasible edit changes"
    evidence = Evidence(metric, any_edit / right, interval, right, MOST_CHANGED, "share", table=_table(found))
    return status, words, remedy, evidence


def _sentences(found: Robustness, tried: Tried, interval: Interval, status: Status) -> Iterator[str]:
    right = int(tried.right.sum())
    one, two, three = (float(tried.broken(edits).sum()) / right for edits in (1, 2, 3))
    small = tried.judged.sum() / right
    steps = "small steps of numbers or stated edits" if found.edits.stated else "small steps of numbers"
    alone = (
        f"; {steps} alone {small:.1%} (at least {interval.low:.1%})"
        if small < one and status is not Status.PASSED
        else ""
    )
    least = f"at least {interval.low:.1%}" if status is Status.FAILED and not alone else f"at most {interval.high:.1%}"
    yield (
        f"Changing one column feasibly turns {one:.1%} of {right:,} right predictions of {_MODELS[found.able]} wrong "
        f"(95% limit: {least}){alone}. {MOST_CHANGED:.0%} is tolerated."
    )
    if len(found.edits.columns) > 1:
        only = status is Status.PASSED and three > MOST_CHANGED
        yield f"Two columns turn {two:.0%}, three {three:.0%}{': it passes on single changes only' if only else ''}."
        yield from _against_random(tried)
    alone_by = tried.attack.alone[tried.right].mean(axis=0)
    order = np.argsort(-alone_by, kind="stable")[:NAMED].tolist()
    if worst := [f"'{found.edits.columns[c]}' {alone_by[c]:.0%}" for c in order if alone_by[c]]:
        yield f"Most by {', '.join(worst)}."
    if tried.followed is not None and tried.followed[1] >= SMALLEST_CELL:
        yield _followed(*tried.followed)
    yield from _groups(found, tried)
    if (many := len(found.edits.columns)) < found.columns:
        yield f"Of {found.columns:,} columns, the {many:,} were tried that move a few predictions most."


def _followed(many: int, n: int) -> str:
    why = "the label itself may turn on them" if many > n / 2 else "they say more of this model than of the label"
    return f"A model of another kind follows {many / n:.0%} of {n:,} such edits: {why}."


def _against_random(tried: Tried) -> Iterator[str]:
    """That the greedy search finds no more than the random one, where it does not."""
    greedy, random = tried.attack.edits[tried.right] <= DEPTH, tried.random[tried.right] <= DEPTH
    difference = _paired(int((greedy & ~random).sum()), int((random & ~greedy).sum()), len(greedy))
    if difference.low <= 0:
        yield "A random search finds as many: the search does not beat chance."


def _paired(more: int, less: int, n: int) -> Interval:
    """Interval of the difference of two shares of the same n rows: Agresti and Min 2005, doi:10.1002/sim.1781."""
    total = n + 2  # half a row more in each of the four cells
    difference, discordant = (more - less) / total, (more + less + 1) / total
    half = normal_quantile(CONFIDENCE) * math.sqrt((discordant - difference**2) / total)
    return Interval(difference - half, difference + half, CONFIDENCE, "Agresti and Min")


def _groups(found: Robustness, tried: Tried) -> Iterator[str]:
    """Groups whose right predictions change more often than everybody else's, corrected for all of them."""
    compared = [
        (feature, name, mask)
        for feature, groups in found.parts.items()
        if feature != "class"
        for name, mask in groups.items()
        if min((tried.right & mask).sum(), (tried.right & ~mask).sum()) >= SMALLEST_CELL
    ]
    found_more = []
    for feature, name, mask in compared:
        own, others = _count(tried, mask), _count(tried, ~mask)
        difference = newcombe(own, others, bonferroni(CONFIDENCE, len(compared)))
        if difference is not None and difference.low > 0:
            shares = own[0] / own[1], others[0] / others[1]
            found_more.append((shares[1] - shares[0], feature, name, shares))
    for _, feature, name, (mine, elsewhere) in sorted(found_more)[:NAMED_GROUPS]:
        yield f"For {feature} = {name} one column turns {mine:.0%}, for all others {elsewhere:.0%}."


def _count(tried: Tried, mask: npt.NDArray[np.bool_]) -> tuple[int, int]:
    return int((tried.broken(1) & mask).sum()), int((tried.right & mask).sum())


def _table(found: Robustness) -> Table:
    """Share of the right predictions that edits turn, by kind of model and number of edited columns."""
    rows = []
    for kind, tried in found.tried.items():
        right = tried.right
        for edits in range(1, DEPTH + 1 if right.any() else 1):
            turned, random = float(tried.broken(edits)[right].mean()), float((tried.random[right] <= edits).mean())
            rows.append((kind, edits, turned, random, int(right.sum())))
    columns = ("model", "edited columns", "right predictions turned", "turned by random edits", "right predictions")
    return Table(columns, tuple(rows))
