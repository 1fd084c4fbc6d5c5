"""The checks LN001 to LN005."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Action, Check, Evidence, Outcome, RowFlags, Severity, Status, Subject, Table
from assay.intervals import judge_upper
from assay.label_noise.anchors import MIN_KINDS, TOP
from assay.label_noise.class_check import check_classes
from assay.label_noise.explanation import explain_suspects
from assay.label_noise.flag_check import check_flags
from assay.label_noise.footing import MIN_SIGNAL_AUC
from assay.label_noise.group_check import check_groups
from assay.label_noise.judgement import MAX_PREDICTED_FACTOR, MIN_PREDICTED_ROWS, Judgement
from assay.label_noise.review_check import check_review
from assay.label_noise.wording import IF_ERRORS, MORE_SIGNAL, NO_SIGNAL, count_of, percent, quoted, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.label_noise.anchors import Share

# What a pass cannot promise.
IN_DOUBT = (
    "That holds for errors that are as frequent among confident rows as elsewhere: labels that went wrong only where "
    "the models are in doubt would not be seen."
)
COARSE = (
    f"The most confident rows are of fewer than {MIN_KINDS} kinds: the features, or the digits of given "
    "probabilities, are too coarse."
)
BY_HAND = (
    "have a random sample of the labels checked by hand (`assay review RUN --sample 100`) and name the filled file as "
    "`label_noise.review`: that decides, where predictions cannot. Or record a waiver for LN001 (`policy.waivers`, "
    "with owner, reason and expiry), set `label_noise.max_share` to the share that you tolerate, or let LN001 only "
    "warn (`policy.severity: {LN001: warning}`)."
)


def _check_overall(judgement: Judgement) -> Iterator[Outcome]:
    if (review := judgement.review) is not None:
        yield check_review(judgement.dataset, review, judgement.config.max_share, _suspect_rows(judgement))
        return
    share, limit = judgement.overall, judgement.config.max_share
    n, suspects = share.n, int(judgement.suspect.sum())
    subject = Subject((judgement.dataset.roles.label,))
    if not judgement.footing.has_signal:
        yield Outcome(
            Status.INCONCLUSIVE,
            f"How many of {count_of(n, 'label')} are wrong cannot be told. {NO_SIGNAL}",
            subject,
            Evidence("share of wrong labels", n=n, threshold=limit, unit="share"),
            f"{MORE_SIGNAL} Or {BY_HAND}",
        )
        return
    assert share.interval is not None
    status = judge_upper(share.interval, limit)
    evidence = Evidence(
        metric="share of wrong labels",
        value=share.value,
        interval=share.interval,
        n=n,
        threshold=limit,
        unit="share",
        rows=_suspect_rows(judgement),
        table=_figures(judgement),
    )
    if judgement.hidden and status is Status.INCONCLUSIVE:
        words = _hidden(judgement)
    else:
        words = f"{_estimate(share, status)}; {_at_most(status, limit)}."
        if judgement.footing.is_coarse and status is Status.INCONCLUSIVE:
            words += f" {COARSE}"
    if status is Status.PASSED and judgement.footing.contradicted.mean() > limit:
        words += f" {IN_DOUBT}"
    words += f" {_suspects(judgement)}{_rehearsed(judgement)}"
    yield Outcome(status, words, subject, evidence, _remedy(status, suspects))


def _estimate(share: Share, status: Status) -> str:
    assert share.interval is not None
    labels, wrong = count_of(share.n, "label"), "is wrong" if share.n == 1 else "are wrong"
    if status is Status.INCONCLUSIVE:
        # An estimate in front would be read as the answer that there is not.
        low, high = f"{share.interval.low:.1%}", f"{share.interval.high:.1%}"
        return f"Between {low} and {high} of {labels} {wrong} (95% interval)"
    if share.value is None:
        return f"At most {percent(share.interval.high)} of {labels} {wrong} (95% limit)"
    estimate = f"an estimated {percent(share.value)} of {labels} {wrong}"
    if status is Status.FAILED:
        return f"{IF_ERRORS[0].upper()}{IF_ERRORS[1:]}, {estimate} (95% interval {span(share.interval)})"
    return f"{estimate[0].upper()}{estimate[1:]} (95% interval {span(share.interval)})"


def _hidden(judgement: Judgement) -> str:
    share = judgement.overall
    assert share.interval is not None
    least = f"At least {percent(share.interval.low)} of " if share.interval.low > 0 else "How many of "
    rest = " are wrong, and how many more cannot be told" if share.interval.low > 0 else " are wrong cannot be told"
    return (
        f"{least}{count_of(share.n, 'label')}{rest}: {_off(judgement)} {quoted(judgement.hidden)}, so that labels "
        "that went one way, from one class to another, would not be seen (see LN004)."
    )


def _off(judgement: Judgement) -> str:
    return (
        f"{count_of(len(judgement.hidden), 'class')} {'is' if len(judgement.hidden) == 1 else 'are'} predicted for "
        f"fewer than {MIN_PREDICTED_ROWS} rows, or for over {MAX_PREDICTED_FACTOR:g} times "
        "fewer or more rows than carry the label:"
    )


def _at_most(status: Status, limit: float) -> str:
    if status is Status.PASSED:
        return f"at most {percent(limit)} are tolerated"
    if status is Status.FAILED:
        return f"that is more than the tolerated {percent(limit)}"
    return (
        f"whether it is more than the tolerated {percent(limit)} cannot be told, since labels that contradict the "
        "model may be wrong or only ambiguous"
    )


def _suspects(judgement: Judgement) -> str:
    count = int(judgement.suspect.sum())
    precision = judgement.precision
    if not count or precision is None:
        return "No single label is suspect."
    if count == 1:
        return f"1 label is suspect; {IF_ERRORS}, it is wrong with a probability of {precision:.0%}."
    return f"{count:,} labels are suspect; {IF_ERRORS}, about {precision:.0%} of them are wrong."


def _rehearsed(judgement: Judgement) -> str:
    choice = judgement.choice
    if choice is None or not judgement.suspect.any():
        return ""
    least, most = choice.recall
    return (
        f" Of known wrong labels that were planted in {choice.rows:,} of the rows, the method finds {least:.0%} to "
        f"{most:.0%}, depending on how labels go wrong."
    )


def _remedy(status: Status, suspects: int) -> str:
    if status is Status.PASSED and not suspects:
        return ""
    labels = "label" if suspects == 1 else "labels, worst first"
    look = f"Have a person confirm or correct the suspect {labels}"
    if status is Status.PASSED:
        return look + "."
    if status is Status.FAILED:
        return (
            look + ", and find out how they came about: as errors, or as exceptions that the features do not explain."
        )
    return f"{look}; {BY_HAND}" if suspects else BY_HAND[0].upper() + BY_HAND[1:]


def _suspect_rows(judgement: Judgement) -> RowFlags | None:
    at = np.flatnonzero(judgement.suspect)
    if not len(at):
        return None
    classes = judgement.predictions.classes
    explanation = explain_suspects(judgement)
    return RowFlags(
        positions=judgement.positions[at],
        reason=[
            f"Models that did not see this row give its label a probability of {given:.3f}; "
            f"{IF_ERRORS}, it is wrong with a probability of {wrong:.2f}. {why}"
            for given, wrong, why in zip(
                judgement.pred_probs[at, judgement.labels[at]], judgement.wrong[at], explanation.words, strict=True
            )
        ],
        action=Action.RELABEL,
        score=judgement.quality[at],
        suggested=[classes[code] for code in judgement.suggested[at]],
        nearest=explanation.nearest,
    )


def _figures(judgement: Judgement) -> Table:
    contradicted, top = judgement.footing.contradicted, judgement.footing.rank < TOP
    return Table(
        ("figure", "value"),
        (
            ("suspect labels", int(judgement.suspect.sum())),
            ("share of suspects that are wrong, if confident contradictions are errors", judgement.precision),
            ("labels that contradict the model, share of all rows", float(contradicted.mean())),
            (
                "labels that contradict the model, share of the most confident tenth",
                float(contradicted[top].mean()) if top.any() else None,
            ),
            ("cleanlab's confident joint, ambiguity included", judgement.confident_joint_share),
            ("judged by", judgement.method),
            *_rehearsal_figures(judgement),
        ),
    )


def _rehearsal_figures(judgement: Judgement) -> Iterator[tuple[str, str]]:
    if judgement.choice is None:
        return
    for row in judgement.choice.found.itertuples(index=False):
        figures = f"{row.found:,} of {row.planted:,} found, {row.flagged:,} flagged"
        yield f"planted wrong labels, {row.kind}", figures


def _check_signal(judgement: Judgement) -> Iterator[Outcome]:
    auc, n = judgement.footing.auc, len(judgement.positions)
    subject = Subject((judgement.dataset.roles.label,))
    if auc is None:
        words = f"The labels cannot be judged: {count_of(n, 'label')} of one class.{_not_judged(judgement)}"
        yield Outcome(Status.INCONCLUSIVE, words, subject, Evidence("AUC", n=n, threshold=MIN_SIGNAL_AUC, unit="AUC"))
        return
    figure = f"AUC {auc.value:.3f}, 95% interval {auc.interval.low:.3f} to {auc.interval.high:.3f}"
    evidence = Evidence("AUC", auc.value, auc.interval, n, MIN_SIGNAL_AUC, "AUC")
    if not judgement.footing.has_signal:
        status, remedy = Status.INCONCLUSIVE, "Add rows, or features that bear on the label; or have a sample checked."
        words = (
            "The labels cannot be judged: predictions hardly better than chance contradict a label by chance too "
            f"({figure} on {count_of(n, 'row')}; it must lie above {MIN_SIGNAL_AUC})."
        )
    elif judgement.hidden:
        status, remedy = Status.INCONCLUSIVE, "Add rows of these classes, or join them; have a sample of them checked."
        words = (
            f"Wrong labels that went one way, from one class to another, would not be seen: {_off(judgement)} "
            f"{quoted(judgement.hidden)}."
        )
    else:
        status, remedy = Status.PASSED, ""
        words = f"The labels of {count_of(n, 'row')} can be judged ({figure})."
    yield Outcome(status, words + _not_judged(judgement), subject, evidence, remedy)


def _not_judged(judgement: Judgement) -> str:
    count = len(judgement.dataset) - len(judgement.positions)
    if not count:
        return ""
    has = "has" if count == 1 else "have"
    return f" {count_of(count, 'row')} {has} no label to judge: it is missing, or its class was left out of training."


CHECKS: tuple[Check[Judgement], ...] = (
    Check("LN001", "Share of wrong labels", Severity.CRITICAL, _check_overall),
    Check("LN002", "Share of wrong labels by class", Severity.WARNING, check_classes),
    Check("LN003", "Wrong labels by sensitive group", Severity.WARNING, check_groups),
    Check("LN004", "Labels that can be judged", Severity.WARNING, _check_signal),
    Check("LN005", "Flags by sensitive group", Severity.WARNING, check_flags),
)
