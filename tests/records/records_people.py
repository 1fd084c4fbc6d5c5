"""A table of people, and rows that repeat some of them with slips, made on the spot."""

from __future__ import annotations

import numpy as np
import pandas as pd

GIVEN = [
    "María",
    "José",
    "Łukasz",
    "Zoë",
    "Anaïs",
    "Jürgen",
    "Søren",
    "Ngọc",
    "Olena",
    "Мария",
    "Иван",
    "伟",
    "芳",
    "محمد",
    "فاطمة",
    "Aoife",
    "Renée",
    "Björn",
    "Müge",
    "Liam",
]
SYLLABLES = [
    "ka",
    "ro",
    "mi",
    "len",
    "do",
    "ver",
    "ski",
    "son",
    "berg",
    "ma",
    "tin",
    "ez",
    "ström",
    "ng",
    "wa",
    "ya",
    "ta",
    "ri",
    "bel",
    "lo",
    "san",
    "chi",
]


def people(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)

    def invent(count, parts=3):
        return np.asarray(["".join(rng.choice(SYLLABLES, parts)).title() for _ in range(count)])

    surnames, streets, cities = invent(400), invent(200), invent(40)
    city = rng.integers(0, len(cities), rows)
    return pd.DataFrame(
        {
            "given": rng.choice(GIVEN, rows),
            "surname": rng.choice(surnames, rows),
            "street": [
                f"{number} {name} road"
                for number, name in zip(rng.integers(1, 200, rows), rng.choice(streets, rows), strict=False)
            ],
            "city": cities[city],
            "zip": [f"{10000 + 37 * place}" for place in city],
            "born": pd.Timestamp("1940-01-01") + pd.to_timedelta(rng.integers(0, 25000, rows), "D"),
            "spent": np.round(rng.lognormal(4, 1, rows), 2),
        }
    )


def slip(text: str, rng: np.random.Generator) -> str:
    """One edit: a character left out, doubled or swapped with the next."""
    place = int(rng.integers(0, max(1, len(text) - 1)))
    swapped = text[:place] + text[place + 1 : place + 2] + text[place : place + 1] + text[place + 2 :]
    return (text[:place] + text[place + 1 :], text[: place + 1] + text[place:], swapped)[int(rng.integers(0, 3))]


def with_repeats(frame: pd.DataFrame, repeats: int, seed: int = 0) -> tuple[pd.DataFrame, set[tuple[int, int]]]:
    """The rows of `frame`, and after them `repeats` repeated ones with one to three slips; and the true pairs."""
    rng = np.random.default_rng(seed)
    source = rng.choice(len(frame), repeats, replace=False)
    copies = frame.iloc[source].astype(object).reset_index(drop=True)
    for row in range(repeats):
        for column in rng.choice(
            ["given", "surname", "street", "city", "zip"], int(rng.integers(1, 4)), replace=False
        ):
            value = str(copies.loc[row, column])
            copies.loc[row, column] = None if len(value) < 2 or rng.random() < 0.2 else slip(value, rng)
        if row % 10 == 0:
            copies.loc[row, ["given", "surname"]] = copies.loc[row, ["surname", "given"]].to_numpy()
    joined = pd.concat([frame.astype(object), copies], ignore_index=True)
    joined["born"] = pd.to_datetime(joined["born"])
    joined["spent"] = joined["spent"].astype(float)
    return joined, {(int(first), len(frame) + place) for place, first in enumerate(source)}
