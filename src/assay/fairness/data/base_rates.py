"""FB002: how often the groups have the positive label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.fairness.context import LABEL_DISPARITY
from assay.fairness.outcomes import disparity_outcome, each_assessment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assay.fairness.context import Assessment, FairnessContext
    from assay.findings import Outcome

_ASK_WHY = (
    "Ask how the labels came about: a model learns this difference as it is. Where the labels record past decisions "
    "rather than outcomes, consider other labels, or a constraint on the model."
)


def label_disparity(context: FairnessContext) -> Iterator[Outcome]:
    """FB002: compare how often the groups have the positive label, whatever a model makes of it."""

    def answer(assessment: Assessment) -> Iterable[Outcome]:
        yield disparity_outcome(context, assessment, LABEL_DISPARITY, _ASK_WHY)

    return each_assessment(context, "the disparity of their labels is", answer)
