"""Whether given predictions are out of sample: held against a forest of our own that did not see the rows.

A model that predicts the rows it was trained on repeats their labels, the wrong ones too. Accuracy alone does not
tell: a user's model may honestly know more than the columns here. But hardly any honest model contradicts next to no
label where one that was kept from the rows contradicts many. A random forest predicts each row by the trees whose
bootstrap sample it is not in (Breiman 2001, doi:10.1023/A:1010933404324): one fit is the whole reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.auc import compute_auc
from assay.errors import ContractError
from assay.findings import Check, Evidence, Interval, Outcome, Severity, Status, Subject
from assay.intervals import normal_quantile
from assay.label_noise.wording import count_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.results import OutOfSample

# One-sided level of the sign test: 5 standard deviations, 1 in 3.5 million.
REFUSAL_Z = 5.0
# Memorised predictions contradicted 0 to 1% as many labels as the forest; honest ones of a model with all columns,
# where the forest had two of them, 2.1% and more (docs/own-predictions.md).
MEMORISED_RATIO = 0.02
# Where the forest's AUC may be as low as this, the columns say next to nothing about the label (texts, pictures that
# are not there), and that a model knows more is no sign of anything.
LEAST_AUC = 0.6
# A sign test on fewer rows than this cannot reach the level: 2^-22 is the first power below it.
LEAST_CONTRADICTED = 22
# Honest predictions from the same columns contradicted 1.0 to 1.5 times as many labels as the forest on Adult and
# German credit, in-sample ones of a network 0.6 and 0.7 times, of a short boosting 0.4 times. On easy data honest ones
# may contradict 0.4 times as many too: of so few labels that it stays inconclusive.
LEAST_RATIO = 0.75
# Rows that are looked at, and cells of the forest's leaves (rows x classes), for time and memory.
MAX_ROWS = 10_000
MAX_CELLS = 2_000_000
TREES, LEAST_LEAF, SEED = 100, 3, 0
# Equal rows in two folds hide each other's errors; of fewer than this share of the rows it changes little.
MAX_APART = 0.05

_REMEDY = (
    "Make sure that each row was predicted by a model that was trained neither on it nor on a row equal to it, or "
    "drop `learning.pred_probs`, to have Assay train."
)


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """What tells where given predictions come from.

    Attributes
    ----------
    label, file
        Name of the label, and of the file of the predictions.
    rows
        Labelled rows that were looked at.
    given, forest, both
        How many of their labels the given predictions contradict, the forest contradicts, and both do.
    informed
        Whether the columns say enough about the label for the forest to be a reference.
    apart
        Share of the labelled rows with an equal row, or one of their group, in another fold; None where the folds are
        not known.
    """

    label: str
    file: str
    rows: int
    given: int
    forest: int
    both: int
    informed: bool
    apart: float | None

    @property
    def ratio(self) -> float | None:
        """Labels that the given predictions contradict for each one that the forest contradicts."""
        return self.given / self.forest if self.forest else None

    @property
    def interval(self) -> Interval | None:
        """95% interval of `ratio`, of two counts on the same rows (delta method)."""
        if self.ratio is None:
            return None
        variance = self.given + self.ratio**2 * self.forest - 2 * self.ratio * self.both
        half = normal_quantile(0.95) * float(np.sqrt(max(0.0, variance))) / self.forest
        return Interval(max(0.0, self.ratio - half), self.ratio + half, 0.95, "delta method")

    @property
    def is_memorised(self) -> bool:
        """Whether the labels were known: next to none contradicted, by a sign test on the rows where both differ."""
        from scipy.special import bdtrc, ndtr

        if not self.informed or self.given > MEMORISED_RATIO * self.forest:
            return False
        only_forest, only_given = self.forest - self.both, self.given - self.both
        chance = bdtrc(only_forest - 1, only_forest + only_given, 0.5) if only_forest else 1.0
        return bool(chance < ndtr(-REFUSAL_Z))


def find_origin(dataset: Dataset, predictions: OutOfSample) -> Origin:
    """Hold given predictions against the out-of-bag predictions of a random forest.

    Parameters
    ----------
    dataset
        N rows; the forest sees its features, as ranks.
    predictions
        Given probabilities of the same N rows, which keep `check_contract`. At most `MAX_ROWS` labelled rows, drawn at
        random, are looked at.

    Raises
    ------
    ContractError
        Where the predictions are memorised: they contradict at most `MEMORISED_RATIO` times as many labels as the
        forest does, and that beyond chance, where the columns tell the forest anything.
    """
    rows = np.flatnonzero(predictions.trained & (predictions.labels >= 0))
    most = min(MAX_ROWS, MAX_CELLS // len(predictions.classes))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(SEED).choice(rows, most, replace=False))
    labels = predictions.labels[rows]
    given = predictions.pred_probs[rows].argmax(axis=1) != labels
    forest, informed = _ask_forest(dataset, rows, labels)
    origin = Origin(
        label=dataset.roles.label,
        file=predictions.given or "",
        rows=len(rows),
        given=int(given.sum()),
        forest=int(forest.sum()),
        both=int((given & forest).sum()),
        informed=informed,
        apart=_share_apart(dataset, predictions),
    )
    if origin.is_memorised:
        raise ContractError(
            f"pred_probs must be out of sample, got predictions that contradict {origin.given:,} of "
            f"{count_of(origin.rows, 'label')}, where a random forest that was kept from the rows contradicts "
            f"{origin.forest:,}. A model that predicts the rows it was trained on repeats their labels, wrong ones "
            "too; so does one that sees what gives the label away. Predict each row by a model that was not trained "
            "on it, such as by scikit-learn's cross_val_predict."
        )
    return origin


def _ask_forest(
    dataset: Dataset, rows: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.bool_], bool]:
    """(R,) whether trees that did not see a row predict another class than its label; and whether they know any."""
    from sklearn.ensemble import RandomForestClassifier

    known, codes = np.unique(labels, return_inverse=True)
    # So few rows decide nothing (`LEAST_CONTRADICTED`), and scikit-learn takes such labels for numbers.
    if len(known) < 2 or len(rows) <= 2 * max(len(known), LEAST_CONTRADICTED):
        return np.zeros(len(rows), dtype=np.bool_), False
    columns = (dataset.frame[name].iloc[rows] for name in dataset.roles.features)
    # Trees ask for the order only; ranks also stand for dates, infinities and missing values (-1).
    ranks = np.column_stack([pd.factorize(column, sort=True)[0] for column in columns]).astype(np.float32)
    forest = RandomForestClassifier(TREES, min_samples_leaf=LEAST_LEAF, oob_score=True, random_state=SEED)
    out_of_bag = forest.fit(ranks, codes).oob_decision_function_
    auc = compute_auc(codes, out_of_bag)
    informed = auc is not None and auc.interval.low > LEAST_AUC
    return np.asarray(out_of_bag.argmax(axis=1) != codes, dtype=np.bool_), informed


def _share_apart(dataset: Dataset, predictions: OutOfSample) -> float | None:
    rows = np.flatnonzero(predictions.trained)
    folds = predictions.folds[0, rows]
    if folds.max(initial=0) < 1:
        return None
    frame = dataset.frame.iloc[rows]
    equal = pd.util.hash_pandas_object(frame[list(dataset.roles.features)], index=False).to_numpy()
    kinds = [pd.factorize(equal)[0]]
    if dataset.roles.group is not None:
        kinds.append(pd.factorize(frame[dataset.roles.group])[0])
    apart = np.zeros(len(rows), dtype=np.bool_)
    for codes in kinds:
        in_folds = pd.Series(folds).groupby(codes).nunique()
        apart |= (codes >= 0) & np.isin(codes, in_folds.index[in_folds > 1])
    return float(apart.mean())


def _check_origin(origin: Origin) -> Iterator[Outcome]:
    subject, ratio, interval = Subject((origin.label,)), origin.ratio, origin.interval
    evidence = Evidence(
        "labels contradicted, relative to a random forest", ratio, interval, origin.rows, LEAST_RATIO, "ratio"
    )
    whether = f"Whether the given predictions ({origin.file}) are out of sample"
    forest = f"a random forest that was kept from the rows contradicts {origin.forest:,}"
    figures = f"they contradict {origin.given:,} of {count_of(origin.rows, 'label')}, and {forest}"
    if origin.forest < LEAST_CONTRADICTED or interval is None:
        words = f"{whether} could not be checked: {figures}, where it takes {LEAST_CONTRADICTED} to tell."
        yield Outcome(Status.INCONCLUSIVE, words, subject, evidence, _REMEDY)
    elif interval.low < LEAST_RATIO:
        words = (
            f"{whether} cannot be told: {figures}. Their model may know more than the columns here say, or may have "
            "seen some of the labels; then wrong labels go unseen."
        )
        yield Outcome(Status.INCONCLUSIVE, words, subject, evidence, _REMEDY)
    else:
        words = (
            f"Nothing shows that the given predictions ({origin.file}) are in sample: {figures}. A model that fits "
            "its own rows hardly closer than other rows would not be noticed."
        )
        yield Outcome(Status.PASSED, words, subject, evidence)
    if origin.apart is not None and origin.apart > MAX_APART:
        words = (
            f"{origin.apart:.1%} of the labelled rows have a row equal in all features, or one of their group, in "
            f"another fold of the given predictions ({origin.file}): their models saw those, and errors go unseen."
        )
        found = Evidence("rows with an equal row in another fold", origin.apart, threshold=MAX_APART, unit="share")
        yield Outcome(Status.INCONCLUSIVE, words, subject, found, "Keep equal rows, and groups, in one fold.")


ORIGIN_CHECK: Check[Origin] = Check("LN004", "Labels that can be judged", Severity.WARNING, _check_origin)
