"""Dirty tables beside their clean selves: two that were published, and others with errors planted in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

if TYPE_CHECKING:
    from pathlib import Path

Text = Callable[[str, np.random.Generator], str]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Planted in each column that the kind fits, of its filled cells.
SHARE = 0.01


@dataclass(frozen=True)
class Case:
    """A table: `dirty` and `clean` are (n, m) texts with "" for an empty cell, `kinds` names those that are wrong."""

    name: str
    dirty: pd.DataFrame
    clean: pd.DataFrame
    kinds: np.ndarray

    @property
    def wrong(self) -> np.ndarray:
        """(n, m) bool: the cells that differ."""
        return self.dirty.to_numpy() != self.clean.to_numpy()


def read_texts(path: Path, **options: object) -> pd.DataFrame:
    """Read a file with every cell as it is written."""
    return pd.read_csv(path, dtype=str, keep_default_na=False, **options)


def published(data: Path, name: str) -> Case:
    """Hospital or beers, compared by position: their headers differ."""
    dirty, clean = (read_texts(data / name / f"{which}.csv") for which in ("dirty", "clean"))
    return Case(
        name, dirty, clean.set_axis(dirty.columns, axis=1), read_texts(data / name / "error_types.csv").to_numpy()
    )


def clean_tables(data: Path) -> dict[str, pd.DataFrame]:
    """Tables that nobody has planted errors in; real ones have some of their own."""
    adult = read_texts(data / "adult" / "adult-train.csv", header=None, skipinitialspace=True)
    febrl = read_texts(data / "febrl" / "dataset3.csv", skipinitialspace=True)
    febrl = febrl[febrl.iloc[:, 0].str.endswith("-org")].reset_index(drop=True)
    return {
        "adult": adult.sample(6_000, random_state=0).reset_index(drop=True).add_prefix("c"),
        "german": read_texts(
            data / "german_credit" / "german.csv", header=None, sep=r"\s+|,", engine="python"
        ).add_prefix("c"),
        "febrl": febrl,
        "taxi": read_texts(data / "taxi" / "yellow_tripdata_sample_2019-01.csv").head(4_000),
        "orders": orders(np.random.default_rng(7)),
        "hospital, clean": read_texts(data / "hospital" / "clean.csv"),
        "beers, clean": read_texts(data / "beers" / "clean.csv"),
        "taxi 2020-04": read_texts(data / "taxi" / "yellow_tripdata_sample_2020-04.csv").head(3_000),
        "wine": load_wine(as_frame=True).frame.astype(str),
        "breast cancer": load_breast_cancer(as_frame=True).frame.astype(str),
        "diabetes": load_diabetes(as_frame=True, scaled=False).frame.astype(str),
    }


def orders(rng: np.random.Generator, n: int = 3_000) -> pd.DataFrame:
    """Orders of customers in towns: dependencies, codes, dates in order, amounts with a heavy tail."""

    def word() -> str:
        return "".join(rng.choice(list("bdfgklmnprst")) + rng.choice(list("aeiou")) for _ in range(rng.integers(2, 5)))

    towns = [
        (word().title(), f"{rng.integers(1, 99_999):05d}", rng.choice(["North", "South", "West"])) for _ in range(60)
    ]
    customers = [(f"C{i:04d}", f"{word().title()} {word().title()}", int(rng.integers(60))) for i in range(300)]
    products = [
        (word(), f"{rng.integers(100, 999)}-{rng.choice(list('ABC'))}", rng.lognormal(3, 1)) for _ in range(40)
    ]
    rows = []
    for number in range(n):
        customer, product = customers[rng.integers(300)], products[rng.integers(40)]
        town, quantity = towns[customer[2]], int(rng.geometric(0.3))
        ordered = np.datetime64("2023-01-01") + int(rng.integers(600))
        shipped = ordered + int(rng.integers(0, 9))
        rows.append((str(100_000 + number), *customer[:2], *town, *product[:2], str(quantity),
                     f"{quantity * product[2]:.2f}", str(ordered), str(shipped)))  # fmt: skip
    names = ["order", "customer", "name", "town", "postcode", "region", "product", "code", "quantity", "amount"]
    return pd.DataFrame(rows, columns=[*names, "ordered", "shipped"])


def typo(text: str, rng: np.random.Generator) -> str:
    """Replace, leave out, double or swap one letter."""
    places = [i for i, letter in enumerate(text) if letter.isalpha()]
    i, how = int(rng.choice(places)), rng.integers(4)
    if how == 0:
        return text[:i] + str(rng.choice([x for x in LETTERS if x != text[i].lower()])) + text[i + 1 :]
    if how == 1:
        return text[:i] + text[i + 1 :]
    if how == 2 or i + 1 >= len(text):
        return text[:i] + text[i] + text[i:]
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def variant(text: str, rng: np.random.Generator) -> str:
    """Change case, or put a space somewhere."""
    how = rng.integers(3)
    return (
        text.swapcase()
        if how == 0
        else f" {text}"
        if how == 1
        else text.replace(" ", "  ")
        if " " in text
        else f"{text}."
    )


def rewritten(text: str, rng: np.random.Generator) -> str:
    """Write a number with a unit or sign."""
    return text + str(rng.choice([" kg", "%", " units"]))


def far(text: str, rng: np.random.Generator) -> str:
    """Move a number by a factor of 100 or 1,000."""
    factor = int(rng.choice([100, 1_000]))
    return str(float(text) * factor) if "." in text else str(int(text) * factor)


def marker(_: str, rng: np.random.Generator) -> str:
    """Say "missing" in words or figures."""
    return str(rng.choice(["N/A", "none", "empty", "?", "9999"]))


def other_date(text: str, rng: np.random.Generator) -> str:
    """Write a date in another order, or another date."""
    year, month, day = text[:10].split("-")
    return f"{day}/{month}/{year}{text[10:]}" if rng.random() < 0.5 else f"1900-01-01{text[10:]}"


def plant(name: str, clean: pd.DataFrame, rng: np.random.Generator, share: float = SHARE) -> Case:
    """Plant each kind in a share of the cells of every column that it fits; never two in one cell."""
    cells, kinds = clean.to_numpy(dtype=object, copy=True), np.full(clean.shape, "", dtype=object)
    for place in range(clean.shape[1]):
        values = clean.iloc[:, place].to_numpy(dtype=object)
        for kind, change, where in fitting(values):
            free = np.flatnonzero(where & (kinds[:, place] == ""))
            size = min(len(free), max(1, int(share * (values != "").sum())))
            for row in rng.choice(free, size, replace=False):
                new = change(values[row], rng)
                if new != values[row]:
                    cells[row, place], kinds[row, place] = new, kind
    swap(cells, kinds, rng, share)
    return Case(name, pd.DataFrame(cells, columns=clean.columns, dtype="str"), clean, kinds)


def fitting(values: np.ndarray) -> list[tuple[str, Text, np.ndarray]]:
    """Kinds of errors that a column can have, what makes them, and the cells that they fit."""
    filled = values != ""
    letters = np.array([sum(map(str.isalpha, v)) for v in values])
    number = np.array([v.replace(".", "", 1).lstrip("-").isdigit() for v in values])
    date = np.array([v[4:5] == v[7:8] == "-" for v in values])
    fits: list[tuple[str, Text, np.ndarray]] = [("marker", marker, filled)]
    if (letters >= 4).mean() > 0.5 * filled.mean():
        fits += [("typo", typo, letters >= 4), ("variant", variant, letters >= 4)]
    if number.mean() > 0.9 * filled.mean():
        fits += [("unit", rewritten, number), ("far", far, number & (values != "0"))]
    if date.mean() > 0.9:
        fits += [("date", other_date, date)]
    if len(set(values)) < 0.5 * len(values):
        fits += [
            ("other value", lambda _, rng: str(rng.choice(values)), filled),
            ("empty", lambda *_: "", filled),
        ]
    return fits


def swap(cells: np.ndarray, kinds: np.ndarray, rng: np.random.Generator, share: float) -> None:
    """Let two neighbours that hold words change places, in a share of the rows."""
    for row in rng.choice(len(cells), int(share * len(cells)), replace=False):
        for place in rng.permutation(cells.shape[1] - 1):
            a, b = cells[row, place : place + 2]
            if a != b and a.isalpha() and b.isalpha() and not kinds[row, place : place + 2].any():
                cells[row, place : place + 2] = b, a
                kinds[row, place : place + 2] = "swapped"
                break
