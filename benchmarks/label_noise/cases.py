"""Labelled tables, and labels made wrong in known rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn import datasets as samples
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import OneHotEncoder, StandardScaler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# The kinds of noise. "group" is made only where the table has a sensitive group.
KINDS = ("none", "uniform 10%", "uniform 30%", "class", "group", "instance")
# Rows of the larger tables: ninety cases by four methods must end within the hour on two cores.
ADULT_ROWS = 6_000
USPS_ROWS = 1_500
# Intents of banking77, and words: gradient boosting fits a tree a class and round.
INTENTS, WORDS = 12, 200


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A labelled table of N rows.

    Attributes
    ----------
    frame
        (N, ...) features as a user has them.
    labels
        (N,) int64 in 0..K-1, taken for true.
    group
        Column of `frame` that is sensitive, and the group in it whose labels group noise spoils; or None.
    """

    name: str
    frame: pd.DataFrame
    labels: np.ndarray
    group: tuple[str, str] | None = None

    @property
    def classes(self) -> int:
        """K."""
        return int(self.labels.max()) + 1


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A table with wrong labels in it: `given` differs from the table's labels exactly where labels are wrong."""

    table: Table
    kind: str
    seed: int
    given: np.ndarray

    @property
    def wrong(self) -> np.ndarray:
        """(N,) bool."""
        return self.given != self.table.labels


def encode(frame: pd.DataFrame) -> np.ndarray:
    """Numbers standardised, categories one-hot, missing numbers at their median: what a tutorial feeds a model."""
    numbers = frame.select_dtypes("number")
    parts = []
    if numbers.shape[1]:
        parts.append(StandardScaler().fit_transform(numbers.fillna(numbers.median())))
    texts = frame.select_dtypes(exclude="number").astype("string").fillna("missing").astype(object)
    if texts.shape[1]:
        parts.append(OneHotEncoder(sparse_output=False, min_frequency=5).fit_transform(texts))
    return np.hstack(parts).astype(np.float32)


def load_tables(folder: Path) -> dict[str, Callable[[], Table]]:
    """Name -> loader of each table; `folder` holds adult, german_credit, banking77 and usps."""
    return {
        "adult": lambda: _adult(folder / "adult"),
        "german credit": lambda: _german(folder / "german_credit"),
        "usps": lambda: _usps(folder / "usps"),
        "banking77": lambda: _banking(folder / "banking77"),
        "digits": lambda: _sample("digits", samples.load_digits()),
        "breast cancer": lambda: _sample("breast cancer", samples.load_breast_cancer()),
        "wine": lambda: _sample("wine", samples.load_wine()),
    }


def make_cases(table: Table, kinds: tuple[str, ...], seeds: range) -> Iterator[Case]:
    """Every kind of noise in every seed; clean data need one seed only."""
    for kind in kinds:
        if kind == "group" and table.group is None:
            continue
        for seed in seeds if kind != "none" else range(1):
            yield Case(table, kind, seed, _spoil(table, kind, np.random.default_rng((seed, KINDS.index(kind)))))


def _spoil(table: Table, kind: str, rng: np.random.Generator) -> np.ndarray:
    labels, k = table.labels.copy(), table.classes
    if kind.startswith("uniform"):
        at = rng.random(len(labels)) < (0.1 if "10" in kind else 0.3)
        labels[at] = (labels[at] + rng.integers(1, k, at.sum())) % k
    elif kind == "class":
        # Every second class loses a quarter of its labels to the next one.
        at = (labels % 2 == 0) & (rng.random(len(labels)) < 0.25)
        labels[at] = (labels[at] + 1) % k
    elif kind == "group":
        assert table.group is not None
        column, name = table.group
        member = (table.frame[column] == name).to_numpy()
        # The group's favourable labels are lost to one in three, and one in fifty of all labels is wrong besides.
        at = (member & (labels == k - 1) & (rng.random(len(labels)) < 1 / 3)) | (rng.random(len(labels)) < 0.02)
        labels[at] = (labels[at] + 1) % k
    elif kind == "instance":
        order = np.argsort(_doubt(table), kind="stable")
        # A tenth of the rows, drawn from the doubtful half, the more doubtful the likelier.
        half = order[: len(order) // 2]
        chance = np.linspace(1.0, 0.0, len(half), endpoint=False)
        at = rng.choice(half, len(labels) // 10, replace=False, p=chance / chance.sum())
        labels[at] = _second(table)[at]
    return labels


_NEAR: dict[str, np.ndarray] = {}


def _probabilities(table: Table) -> np.ndarray:
    if table.name not in _NEAR:
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        model = LogisticRegression(max_iter=300)
        _NEAR[table.name] = cross_val_predict(
            model, encode(table.frame), table.labels, cv=folds, method="predict_proba"
        )
    return _NEAR[table.name]


def _doubt(table: Table) -> np.ndarray:
    """(N,) lead of the true class over the strongest other one: the lower, the nearer to the boundary."""
    found = _probabilities(table).copy()
    rows = np.arange(len(found))
    true = found[rows, table.labels]
    found[rows, table.labels] = -1
    return true - found.max(axis=1)


def _second(table: Table) -> np.ndarray:
    found = _probabilities(table).copy()
    found[np.arange(len(found)), table.labels] = -1
    return found.argmax(axis=1)


def _adult(folder: Path) -> Table:
    names = [
        *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation"),
        *("relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income"),
    ]
    frame = pd.read_csv(folder / "adult-train.csv", names=names, skipinitialspace=True, na_values="?")
    frame = frame.sample(ADULT_ROWS, random_state=0, ignore_index=True)
    labels = (frame.pop("income") == ">50K").to_numpy().astype(np.int64)
    return Table("adult", frame, labels, ("sex", "Female"))


def _german(folder: Path) -> Table:
    frame = pd.read_csv(folder / "german.csv", header=None).rename(columns=str)
    labels = (frame.pop(frame.columns[-1]).astype(int) == 1).to_numpy().astype(np.int64)
    # Attribute 9 holds sex and marital status: A92 and A95 are women.
    status = frame.columns[8]
    sex = frame[status].isin(["A92", "A95"]).map({True: "female", False: "male"})
    return Table("german credit", frame.assign(sex=sex), labels, ("sex", "female"))


def _usps(folder: Path) -> Table:
    with np.load(folder / "usps.npz", allow_pickle=False) as kept:
        pixels, digits = kept["train_data"], kept["train_target"]
    chosen = np.random.default_rng(0).choice(len(pixels), USPS_ROWS, replace=False)
    frame = pd.DataFrame(pixels[chosen].reshape(USPS_ROWS, -1)).add_prefix("pixel_")
    return Table("usps", frame, np.unique(digits[chosen], return_inverse=True)[1].astype(np.int64))


def _banking(folder: Path) -> Table:
    frame = pd.read_csv(folder / "train.csv")
    intents = sorted(frame["category"].value_counts().index[:INTENTS])
    frame = frame[frame["category"].isin(intents)].reset_index(drop=True)
    words = TfidfVectorizer(max_features=WORDS, sublinear_tf=True)
    matrix = words.fit_transform(frame["text"]).toarray().astype(np.float32)
    codes = frame["category"].map({name: i for i, name in enumerate(intents)}).to_numpy().astype(np.int64)
    return Table("banking77", pd.DataFrame(matrix, columns=words.get_feature_names_out()), codes)


def _sample(name: str, bunch: object) -> Table:
    data, names = np.asarray(bunch.data), [str(n) for n in bunch.feature_names]
    return Table(name, pd.DataFrame(data, columns=names), np.asarray(bunch.target).astype(np.int64))
