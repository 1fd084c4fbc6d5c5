"""The terms of the report in plain words; docs/glossary.md is this list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TERMS: dict[str, str] = {
    "accuracy": "The share of rows that a model predicts right.",
    "AUC": "How well a model ranks: the chance that it scores a random row of the class above a random row of "
    "another. 0.5 is a coin, 1 is perfect.",
    "average odds": "The mean of the differences in true positive rate and in false positive rate between two groups.",
    "base rate": "The share of rows with the favourable label.",
    "baseline": "Findings that somebody accepted for the time being; only what is new or worse counts.",
    "bootstrap": "An interval from drawing the rows again, many times, and looking how far the figure moves.",
    "calibration error": "How far a model's scores are from the shares that come true: of rows scored 0.8, 80% "
    "should.",
    "confidence interval": "The values that the data do not rule out. Of many 95% intervals, 95% hold the true value.",
    "cross-entropy": "The loss that the networks are trained on, in nats; lower is better, and log 2 (0.69) is a "
    "coin for two classes.",
    "demographic parity": "Groups are given the favourable prediction at the same rate.",
    "equalized odds": "Groups have the same true positive rate and the same false positive rate.",
    "false positive rate": "Of the rows without the favourable label, the share that is predicted to have it.",
    "generalisation gap": "By how much a model is better on rows that it was trained on than on rows that it was not.",
    "held-out": "Kept from a model's training, so that its prediction of them is honest.",
    "inconclusive": "The data cannot decide: the interval lies on both sides of the threshold. It is no good news.",
    "integrated gradients": "A way to share a network's score out among the columns, such that they add up to it.",
    "intersection": "People by two or more sensitive features at once, such as women under 40.",
    "label quality": "The probability of the given label by models that did not see the row. Near 0 it is suspect.",
    "leak": "A feature that holds the answer, and will not be known when a prediction is due.",
    "learning curve": "How good a model becomes with more and more rows.",
    "leakage": "What a model could learn that it will not know, or should not use, when a prediction is due.",
    "log odds": "The logarithm of a probability over its complement: 0 at one half, 2.2 at 0.9.",
    "near-duplicate": "A row that repeats another row's record in other words, with typos or with gaps.",
    "out-of-sample": "Predicted by models that saw neither the row, nor one equal to it, nor one of its group.",
    "permutation test": "What the figure would be if groups made no difference: the rows are dealt out at random, "
    "many times.",
    "proxy": "A feature that tells which group a person belongs to.",
    "quarantine": "Rows that should not be trained on until somebody has looked at them.",
    "R2": "The share of a number's variation that a model explains: 1 is perfect, 0 is as good as the mean.",
    "selection rate": "The share of rows that are predicted to have the favourable label.",
    "tolerance": "The largest difference between groups that the configuration accepts.",
    "true positive rate": "Of the rows with the favourable label, the share that is predicted to have it.",
    "waiver": "A finding that a person answers for until a date, with a reason.",
}


def terms_in(texts: Iterable[str]) -> dict[str, str]:
    """Those terms, with their meaning, that occur as words in any of the texts."""
    said = " ".join(texts)
    return {term: meaning for term, meaning in TERMS.items() if _pattern(term).search(said)}


def _pattern(term: str) -> re.Pattern[str]:
    # An abbreviation is one in capitals only; "leak" is also in "leaks".
    flags = 0 if term.isupper() else re.IGNORECASE
    return re.compile(rf"(?<![\w-]){re.escape(term)}(?:s|e?d)?(?![\w-])", flags)
