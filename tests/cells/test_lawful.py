"""Clean tables that look odd: what is lawful is neither reported nor repaired, and beside it an error still is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.cells import suspicious_cells

N = 2_000


def columns_of(cells: pd.DataFrame) -> list[tuple[int, str]]:
    return list(zip(cells["position"].tolist(), cells["column"].tolist(), strict=True))


def skewed(rng: np.random.Generator, share_negative: float) -> np.ndarray:
    values = rng.lognormal(7, 1, N)
    negative = rng.random(N) < share_negative
    values[negative] = -rng.lognormal(5, 1, negative.sum())
    return values.round(2)


@pytest.mark.parametrize("seed", range(4))
def test_negative_numbers_among_positive_ones(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "temperature": rng.normal(12, 6, N).round(1),
            "cool": rng.normal(5, 3, N),
            "mild": rng.normal(12, 4.4, N).round(1),
            "growth": rng.normal(0.02, 0.03, N),
            "profit": rng.laplace(10, 8, N),
            "drift": np.cumsum(rng.normal(0.05, 1, N)),
            "balance": skewed(rng, 0.03),
        }
    )
    assert len(suspicious_cells(frame)) <= 3
    frame.loc[7, ["temperature", "cool", "growth"]] = [-999.0, -400.0, -80.0]
    assert {(7, "temperature"), (7, "cool"), (7, "growth")} <= set(columns_of(suspicious_cells(frame)))


def test_wrong_sign_among_amounts() -> None:
    amounts = np.random.default_rng(0).lognormal(3, 0.5, N).round(2)
    amounts[11] *= -1
    assert columns_of(suspicious_cells(pd.DataFrame({"amount": amounts}))) == [(11, "amount")]


def test_score_grows_with_the_distance() -> None:
    values = np.random.default_rng(0).normal(50, 5, N)
    values[:3] = [100, 130, 1e6]
    cells = suspicious_cells(pd.DataFrame({"x": values}))
    assert cells["position"].tolist() == [0, 1, 2]
    assert cells["score"].is_monotonic_decreasing
    assert cells["score"].iloc[0] > 5 * cells["score"].iloc[1] > 25 * cells["score"].iloc[2]


@pytest.mark.parametrize("n", [200, 5_000])
@pytest.mark.parametrize("share", [0.04, 0.1])
def test_second_regime(share: float, n: int) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(0, 1, n)
    second = rng.random(n) < share
    values[second] += 100
    assert suspicious_cells(pd.DataFrame({"x": values})).empty


def test_rare_steps_of_a_scale() -> None:
    rng = np.random.default_rng(0)
    share = np.array([0.001, 0.002, 0.01, 0.03, 0.06, 0.1, 0.2, 0.3, 0.2, 0.097])
    frame = pd.DataFrame({"points": rng.choice(np.arange(1, 11), N, p=share)})
    assert suspicious_cells(frame).empty
    frame["points"] = frame["points"].astype(str)
    assert suspicious_cells(frame).empty
    frame.loc[3, "points"] = "99"
    assert columns_of(suspicious_cells(frame)) == [(3, "points")]


@pytest.mark.parametrize(
    "values",
    [
        ["250 ml", "500 ml", "1 l"],
        ["5 kg", "5 lbs"],
        ["5 g", "5 mg"],
        ["$5", "\u20ac5", "\u00a37"],
        ["1 day", "2 days", "3 days"],
        ["<0.1", "0.3", "0.7", "1.2"],
        ["12 EUR"] * 8 + ["15 USD", "9 GBP"],
        ["250 mg"] * 20 + ["500 mg"] * 20 + ["1 g", "500 mcg"],
        ["S", "M", "L", "XL"] * 50 + ["3XL"],
        ["10%", "20%", "0", "0"],
        ["neg", "pos", "trace"] * 30 + ["++"],
        ["+01:00", "+02:00"] * 40 + ["-05:00"],
    ],
)
def test_lawful_ways_of_writing(values: list[str]) -> None:
    assert suspicious_cells(pd.DataFrame({"x": (values * 300)[:600]})).empty


def test_repair_never_changes_the_unit() -> None:
    rng = np.random.default_rng(0)
    volumes = rng.choice(["250", "500", "330"], 300).astype(object)
    volumes[5] = "1 l"
    cells = suspicious_cells(pd.DataFrame({"x": volumes}))
    assert columns_of(cells) == [(5, "x")]
    assert cells["suggested"].isna().all()
    volumes[5] = "330 ml"
    assert suspicious_cells(pd.DataFrame({"x": volumes}))["suggested"].tolist() == ["330"]
    volumes[5] = "<330 ml"
    assert suspicious_cells(pd.DataFrame({"x": volumes}))["suggested"].isna().all()
    volumes[5], volumes[9] = "330 ml", "1 l"
    assert suspicious_cells(pd.DataFrame({"x": volumes}))["suggested"].isna().all()


def test_one_unit_in_another_spelling_gets_the_usual_one() -> None:
    values = [f"{i % 40 + 5} oz" for i in range(300)]
    values[8] = "12 ounces"
    cells = suspicious_cells(pd.DataFrame({"x": values}))
    assert (columns_of(cells), cells["suggested"].tolist()) == ([(8, "x")], ["12 oz"])


def panel() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(200), 10)
    return pd.DataFrame(
        {
            "person": [f"P{p:03d}" for p in person],
            "year": np.tile(np.arange(2010, 2020), 200),
            "town": np.array(["Ulmenau", "Mainzberg", "Bremerode", "Kasselburg", "Halletal"])[person % 5],
            "salary": np.repeat(rng.lognormal(10, 0.4, 200).round(), 10),
        }
    )


@pytest.mark.parametrize("marker", ["n/a", "missing", "???", "#REF!"])
@pytest.mark.parametrize("column", ["person", "town"])
def test_marker_in_a_panel(marker: str, column: str) -> None:
    frame = panel()
    assert suspicious_cells(frame).empty
    rows = [3, 150, 444, 871, 1200, 1555, 1999]
    frame.loc[rows, column] = marker
    cells = suspicious_cells(frame)
    assert columns_of(cells) == [(row, column) for row in rows]
    assert set(cells["kind"]) <= {"missing", "contradiction"}


@pytest.mark.parametrize(("word", "share"), [("NA", 0.05), ("NA", 0.003)])
def test_country_that_is_written_like_a_marker(word: str, share: float) -> None:
    rng = np.random.default_rng(0)
    codes = rng.choice(["DE", "FR", "ZA", word], N, p=[0.5, 0.3, 0.2 - share, share])
    # Other columns say "missing" by an empty cell.
    other = np.where(rng.random(N) < 0.3, "", "yes")
    assert suspicious_cells(pd.DataFrame({"country": codes, "other": other, "third": other[::-1]})).empty


def test_names_and_answers_that_are_written_like_markers() -> None:
    rng = np.random.default_rng(0)
    names = np.array([f"{a}{b}{c}" for a in "KLMNRST" for b in "aeiou" for c in ["nder", "lling", "mmer"]])
    last = rng.choice(names, N).astype(object)
    last[rng.choice(N, 12, replace=False)] = "Null"
    last[5] = "Na"
    level = rng.choice(["Low", "Medium", "High", "None"], N, p=[0.4, 0.392, 0.2, 0.008])
    assert suspicious_cells(pd.DataFrame({"last": last, "level": level})).empty
    last[9] = "n/a"
    assert columns_of(suspicious_cells(pd.DataFrame({"last": last, "level": level}))) == [(9, "last")]


@pytest.mark.parametrize("seed", range(3))
def test_names_that_are_first_and_last(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = rng.choice(["Anna", "Ben", "Clara", "David", "Emma", "Finn", "Greta", "Hans", "Ida"], N).astype(object)
    chance = rng.random(N)
    first[chance < 0.01] = "Taylor"
    first[(chance > 0.01) & (chance < 0.02)] = "Jordan"
    last = rng.choice(["Taylor", "Jordan", "Smith", "Miller", "Brown", "Clark"], N)
    assert suspicious_cells(pd.DataFrame({"first": first, "last": last})).empty


def test_names_one_letter_apart() -> None:
    rng = np.random.default_rng(0)
    names = ["Katherine", "Catherine", "Jeffrey", "Geoffrey", "Phillip", "Philip", "Steven", "Stephen"]
    names += [f"{a}{b}{c}" for a in "KLMNRST" for b in "aeiou" for c in ["nder", "lling", "mmer", "svik", "rtez"]]
    share = 1 / np.arange(1, len(names) + 1)
    assert len(suspicious_cells(pd.DataFrame({"name": rng.choice(names, 5_000, p=share / share.sum())}))) <= 3


def test_time_zones() -> None:
    rng = np.random.default_rng(0)
    start = np.datetime64("2024-01-01T08:00") + rng.integers(0, 400_000, N).astype("timedelta64[m]")
    far = rng.random(N) < 0.02
    hours = np.where(far, 9, 0).astype("timedelta64[h]")
    end = start + np.timedelta64(2, "h") + hours
    zoned = pd.DataFrame(
        {"a": [f"{t}Z" for t in start], "b": [f"{t}{'+09:00' if z else 'Z'}" for t, z in zip(end, far, strict=True)]}
    )
    assert suspicious_cells(zoned).empty
    zoned.loc[5, "b"] = f"{start[5] - np.timedelta64(5, 'h')}Z"
    assert columns_of(suspicious_cells(zoned)) == [(5, "a"), (5, "b")]
    # Without a zone in the first column nobody can tell the order of times that are hours apart.
    mixed = pd.DataFrame({"a": [str(t) for t in start], "b": [str(t) for t in end]})
    mixed.loc[far, "b"] += "+09:00"
    assert set(suspicious_cells(mixed)["kind"]) <= {"form"}


def test_discount_breaks_no_arithmetic() -> None:
    rng = np.random.default_rng(0)
    product, quantity, discount = rng.integers(0, 20, N), rng.geometric(0.3, N), rng.random(N) < 0.03
    listed = rng.lognormal(3, 1, 20).round(2)
    price = np.where(discount, listed[product] * rng.choice([0.9, 0.85, 0.8, 0.7], N), listed[product]).round(2)
    frame = pd.DataFrame(
        {
            "product": [f"product {p:02d}x" for p in product],
            "quantity": quantity,
            "price": price,
            "total": (price * quantity).round(2),
        }
    )
    assert suspicious_cells(frame).empty
    frame[["price", "total"]] = np.column_stack([listed[product], listed[product] * quantity]).round(2)
    assert suspicious_cells(frame).empty
    frame.loc[9, "price"] = round(listed[product[9]] + 1.11, 2)
    assert columns_of(suspicious_cells(frame)) == [(9, "price")]


@pytest.mark.parametrize("n", [600, N])
def test_minority_that_comes_again_is_no_error(n: int) -> None:
    rng = np.random.default_rng(0)
    sex = rng.choice(["male", "female"], n)
    job = np.where((sex == "male") ^ (rng.random(n) < 0.02), "pilot", "nurse")
    frame = pd.DataFrame({"sex": sex, "title": np.where(sex == "male", "Mr", "Ms"), "job": job})
    assert suspicious_cells(frame).empty


def test_a_few_slips_in_many_columns_are_not_the_usual_way_to_say_missing() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{i}": rng.choice(["crimson", "turquoise", "lavender"], N) for i in range(8)})
    frame.loc[::20, ["c0", "c1"]] = "?"
    rows = list(range(1, 9))
    for row, name in zip(rows, frame.columns, strict=True):
        frame.loc[row, name] = "N/A"
    assert columns_of(suspicious_cells(frame)) == list(zip(rows, frame.columns, strict=True))
