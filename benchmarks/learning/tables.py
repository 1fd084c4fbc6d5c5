"""Tables of several sizes, and labels made wrong in known rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn import datasets as samples

if TYPE_CHECKING:
    from pathlib import Path

Table = tuple[pd.DataFrame, np.ndarray]


def load_table(name: str, folder: Path) -> Table:
    """Return features and labels, (N,) int64 in 0..K-1: "adult 3000", "usps 2000", "german", "digits", ..."""
    kind, _, rows = name.partition(" ")
    frame, labels = _READERS[kind](folder)
    if rows:
        chosen = np.random.default_rng(0).permutation(len(frame))[: int(rows)]
        frame, labels = frame.iloc[chosen].reset_index(drop=True), labels[chosen]
    return frame, np.unique(labels, return_inverse=True)[1].astype(np.int64)


def flip(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Give a share of the rows another label, each of the others equally likely."""
    rng = np.random.default_rng(seed)
    at = rng.random(len(labels)) < share
    classes = int(labels.max()) + 1
    return np.where(at, (labels + rng.integers(1, classes, len(labels))) % classes, labels)


def _adult(folder: Path) -> Table:
    frame = pd.read_csv(folder / "adult" / "adult-train.csv", header=None, skipinitialspace=True, na_values="?")
    labels = frame.pop(14).to_numpy() == ">50K"
    return frame, labels


def _german(folder: Path) -> Table:
    frame = pd.read_csv(folder / "german_credit" / "german.csv", header=None)
    labels = frame.pop(20).to_numpy()
    return frame, labels


def _usps(folder: Path) -> Table:
    with np.load(folder / "usps" / "usps.npz", allow_pickle=False) as kept:
        found = {name: kept[name] for name in kept.files}
    pixels = max((a for a in found.values() if a.ndim > 1), key=len)
    labels = next(a for a in found.values() if a.ndim == 1 and len(a) == len(pixels))
    return pd.DataFrame(pixels.reshape(len(pixels), -1)), labels


_READERS = {
    "adult": _adult,
    "german": _german,
    "usps": _usps,
    "digits": lambda _: samples.load_digits(return_X_y=True, as_frame=True),
    "wine": lambda _: samples.load_wine(return_X_y=True, as_frame=True),
    "cancer": lambda _: samples.load_breast_cancer(return_X_y=True, as_frame=True),
}
