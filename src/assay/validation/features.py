"""Checks on single features: constant, identifying, missing, infinite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Action, Evidence, Outcome, Status, Subject
from assay.validation.context import flags
from assay.validation.repeats import KEY_SHARE
from assay.validation.wording import share_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.validation.context import Context


def single_valued_features(context: Context) -> Iterator[Outcome]:
    """DQ014: features with one value in every row."""
    n, features = len(context.dataset), context.dataset.roles.features
    if n < 2:
        yield Outcome(Status.NOT_APPLICABLE, "A feature can only vary where there are two rows.")
        return
    # A value beside missing ones still says something: whether it is there.
    constant = [name for name in features if context.distinct[name] + (context.missing[name] > 0) <= 1]
    for name in constant:
        yield Outcome(
            Status.FAILED,
            f"Column '{name}' has the same value in all {n:,} rows: a model can learn nothing from it.",
            Subject((name,)),
            Evidence("distinct values", context.distinct[name], n=n, threshold=2, unit="values"),
            f"Leave '{name}' out, or find out why it does not vary.",
        )
    if not constant:
        fewest = min(context.distinct[name] + (context.missing[name] > 0) for name in features)
        yield Outcome(
            Status.PASSED,
            f"All {len(features):,} features vary.",
            evidence=Evidence("distinct values", fewest, n=n, threshold=2, unit="values"),
        )


def identifier_like_features(context: Context) -> Iterator[Outcome]:
    """DQ015: texts nearly all distinct, and whole numbers with far fewer repeats than measurements would have."""
    frame, features = context.dataset.frame, context.dataset.roles.features
    for name in context.identifying:
        values, distinct = frame[name], context.distinct[name]
        present = len(values) - context.missing[name]
        text = values.dtype.kind not in "iufbM"
        what = "identifies rows or is free text" if text else "numbers the rows"
        yield Outcome(
            Status.FAILED,
            f"Column '{name}' {what}: {distinct:,} distinct values in {present:,} ({distinct / present:.1%}). "
            "A model could learn rows by heart from it, and nothing for new rows.",
            Subject((name,)),
            Evidence("share of distinct values", distinct / present, n=present, threshold=KEY_SHARE, unit="share"),
            f"Name it as `id`, list '{name}' under `ignore`, or make features of what it holds.",
        )
    if not context.identifying:
        yield Outcome(
            Status.PASSED,
            f"None of {len(features):,} features looks like an identifier.",
            evidence=Evidence("identifier-like features", 0, n=len(features), threshold=0, unit="columns"),
        )


def missing_share(context: Context) -> Iterator[Outcome]:
    """DQ018: the share of missing values of each feature, an exact count."""
    n, limit = len(context.dataset), context.config.max_missing_share
    features = context.dataset.roles.features
    if n == 0:
        yield Outcome(Status.NOT_APPLICABLE, "There are no rows.")
        return
    over = [name for name in features if context.missing[name] > limit * n]
    for name in over:
        count = context.missing[name]
        yield Outcome(
            Status.FAILED,
            f"{share_of(count, n, 'values')} of column '{name}' are missing, more than the limit of {limit:.1%}.",
            Subject((name,)),
            Evidence("missing share", count / n, n=n, threshold=limit, unit="share"),
            f"Find out why '{name}' is missing and for whom: values are rarely missing at random. "
            "Fill them in at the source, or leave the column out.",
        )
    if not over:
        worst = max(features, key=lambda name: context.missing[name])
        count = context.missing[worst]
        most = f"the most is {count / n:.1%} of column '{worst}'" if count else "no value is missing"
        yield Outcome(
            Status.PASSED,
            f"No feature has more than {limit:.1%} missing values; {most}.",
            evidence=Evidence("missing share", count / n, n=n, threshold=limit, unit="share"),
        )


def infinite_numbers(context: Context) -> Iterator[Outcome]:
    """DQ020: infinite values in any numeric column."""
    frame = context.dataset.frame
    floats = [name for name in frame.columns if frame[name].dtype.kind == "f"]
    if not floats:
        yield Outcome(Status.NOT_APPLICABLE, "No column holds decimal numbers, so none can be infinite.")
        return
    found = 0
    for name in floats:
        infinite = np.isinf(frame[name].to_numpy())
        if not infinite.any():
            continue
        found += 1
        count = int(infinite.sum())
        yield Outcome(
            Status.FAILED,
            f"{share_of(count, len(frame), 'values')} of column '{name}' are infinite.",
            Subject((name,)),
            Evidence(
                "infinite values",
                count,
                n=len(frame),
                threshold=0,
                unit="rows",
                rows=flags(infinite, f"Column '{name}' is infinite.", Action.QUARANTINE),
            ),
            f"Look for a division by zero or an overflow where '{name}' is made; write unknown values as missing.",
        )
    if not found:
        yield Outcome(
            Status.PASSED,
            f"All numbers of {len(floats):,} column{'s' * (len(floats) != 1)} are finite or missing.",
            evidence=Evidence("infinite values", 0, n=len(frame), threshold=0, unit="rows"),
        )
