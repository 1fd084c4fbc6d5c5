"""Tables with known repeated records, and tables without any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

GIVEN = [
    *("María", "José", "Łukasz", "Zoë", "Anaïs", "Jürgen", "Søren", "Ngọc", "Olena", "Мария", "Иван", "Дмитрий"),
    *("伟", "芳", "さくら", "محمد", "فاطمة", "Aoife", "Siân", "Chloë", "Renée", "Göran", "Björn", "İnes", "Müge"),
    *("Tomasz", "Agnieszka", "Amelia", "Oliver", "Noah", "Emma", "Liam", "Ava", "Mia", "Leo", "Ivy"),
]
SYLLABLES = "ka ro mi len do ver ski son berg ma tin ez ov ström ng wa ya ta ri bel lo san chi mar fon".split()  # noqa: SIM905


def febrl(data: Path, name: str) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    frame = pd.read_csv(data / "febrl" / f"{name}.csv", skipinitialspace=True, dtype=str)
    return frame.drop(columns="rec_id"), frame["rec_id"].str.extract(r"rec-(\d+)")[0].astype(int).to_numpy()


def adult(data: Path) -> pd.DataFrame:
    frame = pd.read_csv(data / "adult" / "adult-train.csv", header=None, skipinitialspace=True, na_values="?")
    return frame.iloc[:, :14].set_axis([f"c{k}" for k in range(14)], axis=1)


def german(data: Path) -> pd.DataFrame:
    frame = pd.read_csv(data / "german_credit" / "german.csv", header=None)
    return frame.iloc[:, :20].set_axis([f"c{k}" for k in range(20)], axis=1)


def beers(data: Path) -> pd.DataFrame:
    """Beers without the ones that are there in several editions and sizes."""
    frame = pd.read_csv(data / "beers" / "clean.csv").drop(columns=["index", "id"])
    return frame.drop_duplicates(["beer-name", "brewery-name"], ignore_index=True)


def customers(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)

    def invent(count: int) -> npt.NDArray[np.str_]:
        return np.asarray(["".join(rng.choice(SYLLABLES, int(rng.integers(2, 4)))).title() for _ in range(count)])

    given, surname = rng.choice(GIVEN, rows), rng.choice(invent(1500), rows)
    cities, zips = invent(120), rng.integers(10000, 99999, 120).astype(str)
    city = np.minimum((rng.pareto(1, rows) * 5).astype(int), 119)
    numbers, streets = rng.integers(1, 200, rows), rng.choice(invent(400), rows)
    return pd.DataFrame(
        {
            "first": given,
            "last": surname,
            "email": [f"{a}.{b}@mail{k}.org".lower() for a, b, k in zip(given, surname, numbers, strict=True)],
            "street": [f"{number} {street} road" for number, street in zip(numbers, streets, strict=True)],
            "city": cities[city],
            "zip": zips[city],
            "born": pd.Timestamp("1940-01-01") + pd.to_timedelta(rng.integers(0, 25000, rows), "D"),
            "spent": np.round(rng.lognormal(4, 1, rows), 2),
            "active": rng.random(rows) < 0.7,
        }
    )


def independent(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    numbers = {f"x{k}": rng.normal(size=rows).round(3) for k in range(6)}
    classes = {f"c{k}": rng.choice(list("abcdefgh"), rows) for k in range(8)}
    return pd.DataFrame(numbers | classes | {"code": rng.integers(0, 10**6, rows)})


def months(data: Path) -> pd.DataFrame:
    """A row for each person and month: all but the month and an amount repeats."""
    del data
    frame = customers(300, 4).loc[np.repeat(np.arange(300), 12)].reset_index(drop=True)
    rng = np.random.default_rng(4)
    return frame.assign(month=np.tile(np.arange(1, 13), 300), spent=rng.lognormal(4, 1, 3600).round(2))


def households(data: Path) -> pd.DataFrame:
    """Two people at each address, with one surname."""
    del data
    first = customers(1500, 5)
    second = first.copy()
    rng = np.random.default_rng(5)
    for column in ("first", "email", "born", "spent"):
        second[column] = rng.permutation(second[column])
    return pd.concat([first, second], ignore_index=True)


def league(data: Path) -> pd.DataFrame:
    """Everybody at home against everybody, with goals."""
    del data
    rng, teams = (
        np.random.default_rng(6),
        ["".join(pair).title() for pair in zip(SYLLABLES, SYLLABLES[5:], strict=False)],
    )
    games = [(a, b, rng.poisson(1.5), rng.poisson(1.1)) for a in teams[:20] for b in teams[:20] if a != b]
    return pd.DataFrame(games, columns=["home", "away", "scored", "conceded"])


def edges(data: Path) -> pd.DataFrame:
    """A directed graph: some edges go both ways."""
    del data
    rng = np.random.default_rng(7)
    nodes = np.unique(["".join(rng.choice(SYLLABLES, 4)) for _ in range(300)])
    frame = pd.DataFrame({"src": rng.choice(nodes, 1500), "dst": rng.choice(nodes, 1500)})
    both = pd.concat([frame, frame.iloc[:300].rename(columns={"src": "dst", "dst": "src"})], ignore_index=True)
    return both.assign(weight=rng.integers(1, 100, len(both)))


def tickets(data: Path) -> pd.DataFrame:
    """When a ticket came, in two zones and as a day, and when it is due."""
    del data
    rng = np.random.default_rng(8)
    came = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 20_000, 2000)) * 10, "min")
    due = came + pd.to_timedelta(rng.integers(1, 6, 2000) * 12, "h")
    times = pd.DataFrame({"came": came, "local": came + pd.Timedelta("2h"), "day": came.normalize(), "due": due})
    return times.astype(str).assign(queue=rng.choice(list("abcde"), 2000))


def plant(frame: pd.DataFrame, repeats: int, seed: int) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Repeat rows with one to three wrong or missing values each, and shuffle."""
    rng = np.random.default_rng(seed)
    base = frame.astype(object)
    source = rng.choice(len(base), repeats, replace=False)
    copies = base.iloc[source].reset_index(drop=True)
    for row in range(repeats):
        for column in rng.choice(base.shape[1], int(rng.integers(1, 4)), replace=False):
            value = copies.iloc[row, column]
            copies.iloc[row, column] = None if pd.isna(value) or rng.random() < 0.2 else _slip(str(value), rng)
    order = rng.permutation(len(base) + repeats)
    entities = np.r_[np.arange(len(base)), source][order]
    return pd.concat([base, copies], ignore_index=True).iloc[order].reset_index(drop=True), entities


def _slip(text: str, rng: np.random.Generator) -> str:
    place = int(rng.integers(0, len(text)))
    letter = str(rng.choice(list("0123456789" if text.isdigit() else "abcdefghijklmnopqrstuvwxyz")))
    ways = (
        text[:place] + text[place + 1 :],
        text[:place] + letter + text[place:],
        text[:place] + letter + text[place + 1 :],
        text[:place] + text[place + 1 : place + 2] + text[place : place + 1] + text[place + 2 :],
    )
    return ways[int(rng.integers(0, 4))]


def _all_apart(frame: pd.DataFrame) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    return frame, np.arange(len(frame))


TABLES: dict[str, Callable[[Path], tuple[pd.DataFrame, npt.NDArray[np.int64]]]] = {
    "febrl dataset1": lambda data: febrl(data, "dataset1"),
    "febrl dataset3": lambda data: febrl(data, "dataset3"),
    "customers + 30": lambda _: plant(customers(3000, 1), 30, 1),
    "customers + 300": lambda _: plant(customers(3000, 2), 300, 2),
    "beers + 120": lambda data: plant(beers(data), 120, 1),
    "taxi + 200": lambda data: plant(taxi(data, "2019-01").drop_duplicates(ignore_index=True), 200, 1),
    "adult + 300": lambda data: plant(adult(data).drop_duplicates(ignore_index=True).iloc[:8000], 300, 1),
    "independent + 100": lambda _: plant(independent(3000, 1), 100, 1),
    "adult": lambda data: _all_apart(adult(data)),
    "german credit": lambda data: _all_apart(german(data)),
    "taxi 2019-01": lambda data: _all_apart(taxi(data, "2019-01")),
    "taxi 2020-04": lambda data: _all_apart(taxi(data, "2020-04")),
    "hospital clean": lambda data: _all_apart(pd.read_csv(data / "hospital" / "clean.csv", dtype=str)),
    "hospital dirty": lambda data: _all_apart(pd.read_csv(data / "hospital" / "dirty.csv", dtype=str)),
    "beers clean": lambda data: _all_apart(pd.read_csv(data / "beers" / "clean.csv")),
    "beers dirty": lambda data: _all_apart(pd.read_csv(data / "beers" / "dirty.csv")),
    "customers": lambda _: _all_apart(customers(3000, 3)),
    "independent": lambda _: _all_apart(independent(3000, 3)),
    "people x months": lambda data: _all_apart(months(data)),
    "league": lambda data: _all_apart(league(data)),
    "edges": lambda data: _all_apart(edges(data)),
    "tickets": lambda data: _all_apart(tickets(data)),
    "households": lambda data: _all_apart(households(data)),
}


def taxi(data: Path, month: str) -> pd.DataFrame:
    return pd.read_csv(data / "taxi" / f"yellow_tripdata_sample_{month}.csv")
