"""LN001 where a person has looked at a random sample: the sample decides, and no model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from assay.findings import Evidence, Outcome, Status, Subject, Table
from assay.intervals import judge_upper
from assay.label_noise.review import estimate_noise_rate, estimate_precision, estimate_recall
from assay.label_noise.wording import count_of, percent, span

if TYPE_CHECKING:
    from assay.dataset import Dataset
    from assay.findings import RowFlags, Scalar
    from assay.label_noise.review import Estimate, Review

_DRAW_AGAIN = "Draw a sample of these data (`assay review RUN --sample N`), or take `label_noise.review` away."


def check_review(dataset: Dataset, review: Review, limit: float, rows: RowFlags | None = None) -> Outcome:
    """Hold the reviewed share of wrong labels against the tolerated one.

    Parameters
    ----------
    dataset
        The data that are audited; a review of others is an error, since it says nothing about these.
    review
        The reviewed sample.
    limit
        Largest share of wrong labels that is tolerated.
    rows
        The suspect labels.
    """
    subject = Subject((dataset.roles.label,))
    if (review.fingerprint, review.label) != (dataset.fingerprint, dataset.roles.label):
        what = "data" if review.fingerprint != dataset.fingerprint else "labels"
        words = f"The review (`label_noise.review`, drawn from the audit {review.run}) belongs to other {what}."
        return Outcome(Status.ERROR, words, subject, Evidence("share of wrong labels", rows=rows), _DRAW_AGAIN)
    rate = estimate_noise_rate(review)
    status = judge_upper(rate.interval, limit)
    evidence = Evidence(
        "share of wrong labels",
        rate.value,
        rate.interval,
        review.reviewed,
        limit,
        "share",
        rows,
        _figures(review, rate),
    )
    return Outcome(
        status, _words(review, rate, status, limit), subject, evidence, _remedy(review, rate, status, limit)
    )


def _words(review: Review, rate: Estimate, status: Status, limit: float) -> str:
    assert rate.interval is not None
    found = sum(stratum.wrong for stratum in review.strata)
    looked = (
        f"A person looked at {count_of(review.reviewed, 'label')} of {review.rows:,}, drawn at random and the suspect "
        f"ones more often, and found {found:,} wrong"
    )
    unsure = f" ({review.unsure:,} could not be told, and count as right or wrong, whichever is worse)"
    told = {
        Status.PASSED: f"at most {percent(limit)} are tolerated",
        Status.FAILED: f"that is more than the tolerated {percent(limit)}",
        Status.INCONCLUSIVE: f"whether it is more than the tolerated {percent(limit)} takes more rows to tell",
    }[status]
    share = f"{span(rate.interval)} of the judged labels are wrong (95% interval)"
    return f"{looked}{unsure if review.unsure else ''}. With that in account, {share}; {told}."


def _remedy(review: Review, rate: Estimate, status: Status, limit: float) -> str:
    if status is Status.PASSED:
        return ""
    if status is Status.FAILED:
        return "Have a person confirm or correct the suspect labels, worst first, and find out how errors came about."
    if review.unsure * 10 > review.reviewed:
        return "Find out what could not be told, in the rows that are unsure or were passed over."
    count = _rows_to_decide(review, rate, limit)
    about = f"about {count:,} rows would do if the share is as it looks. " if count else ""
    return (
        f"Have more rows looked at: {about}Fill in the rest of the sample, or draw a larger one (`assay review "
        f"{review.run} --sample N`)."
    )


def _rows_to_decide(review: Review, rate: Estimate, limit: float) -> int | None:
    """How many rows would bring the bound to the limit, since its distance falls with the root of their number."""
    if rate.value is None or rate.interval is None or rate.value == limit:
        return None
    bound = rate.interval.high if rate.value < limit else rate.interval.low
    count = review.reviewed * float((bound - rate.value) / (limit - rate.value)) ** 2
    if count >= review.rows:
        return review.rows
    digits = max(0, math.floor(math.log10(count)) - 1)
    return int(math.ceil(count / 10**digits) * 10**digits)


def _figures(review: Review, rate: Estimate) -> Table:
    def row(name: str, estimate: Estimate) -> tuple[Scalar, ...]:
        known = estimate.interval
        return (name, estimate.value, known.low, known.high) if known else (name, estimate.value, None, None)

    return Table(
        ("figure", "value", "low", "high"),
        (
            row("share of wrong labels", rate),
            row("precision: share of the suspect labels that are wrong", estimate_precision(review)),
            row("recall: share of the wrong labels that are suspect", estimate_recall(review)),
            ("labels that were looked at", review.reviewed, None, None),
            ("of these, could not be told", review.unsure, None, None),
        ),
    )
