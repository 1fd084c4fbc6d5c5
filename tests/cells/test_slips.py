"""Groups of numbers in another unit are found, named and repaired; lawful groups are left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.cells import find_cell_errors, suspicious_cells
from assay.config import CellsConfig
from assay.findings import Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from assay.dataset import Dataset

N = 2_000


def plant(
    values: np.ndarray, share: float, change: Callable[[np.ndarray], np.ndarray], seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Change a share of the values; the changed column and the rows."""
    rows = np.sort(np.random.default_rng((seed, 1)).choice(len(values), int(share * len(values)), replace=False))
    changed = values.astype(float)
    changed[rows] = change(changed[rows])
    return changed, rows


def slips(values: Any) -> pd.DataFrame:
    cells = suspicious_cells(pd.DataFrame({"x": values}))
    return cells[cells["reason"].str.startswith("looks as if")]


SHAPES = {
    "age": lambda rng: rng.integers(17, 90, N),
    "weight": lambda rng: rng.normal(70, 10, N).round(1),
    "price": lambda rng: rng.lognormal(3, 0.5, N).round(2),
    "amount": lambda rng: rng.lognormal(0, 0.3, N),
    "loss": lambda rng: -rng.lognormal(6, 0.4, N).round(2),
    "both signs": lambda rng: rng.choice([-1, 1], N) * rng.lognormal(6, 0.4, N).round(2),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("share", [0.02, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("factor", [1e3, 1e-3])
def test_thousand(shape: str, share: float, factor: float) -> None:
    clean = SHAPES[shape](np.random.default_rng(0))
    values, rows = plant(clean, share, lambda x: x * factor)
    found = slips(values)
    assert found["position"].tolist() == rows.tolist()
    assert set(found["kind"]) == {"range"}
    assert set(found["reason"]) == {f"looks as if {'multiplied' if factor > 1 else 'divided'} by 1,000"}
    np.testing.assert_allclose(found["suggested"].astype(float), clean[rows], rtol=1e-9)


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("divided by 2.54", lambda x: (x / 2.54).round()),
        ("multiplied by 10", lambda x: x * 10),
        ("divided by 100", lambda x: x / 100),
        ("divided by 12", lambda x: x / 12),
        ("multiplied by 60", lambda x: x * 60),
        ("multiplied by 1.609", lambda x: x * 1.609344),
        ("divided by 3.281", lambda x: (x / 3.2808399).round(1)),
        ("multiplied by 1,000,000", lambda x: x * 1e6),
    ],
)
@pytest.mark.parametrize("share", [0.03, 0.2])
def test_units_of_heights(words: str, share: float, change: Callable[[np.ndarray], np.ndarray]) -> None:
    clean = np.random.default_rng(0).normal(170, 8, N).round()
    values, rows = plant(clean, share, change)
    found = slips(values)
    assert found["position"].tolist() == rows.tolist()
    assert set(found["reason"]) == {f"looks as if {words}"}
    # What was rounded in the other unit comes back within half of its step.
    assert np.abs(found["suggested"].astype(float) - clean[rows]).max() <= 1.5


def test_fahrenheit() -> None:
    clean = np.random.default_rng(0).normal(37, 0.4, N).round(1)
    values, rows = plant(clean, 0.08, lambda x: (1.8 * x + 32).round(1))
    found = slips(values)
    assert found["position"].tolist() == rows.tolist()
    assert set(found["reason"]) == {"looks as if converted from degrees Celsius to Fahrenheit"}
    assert np.abs(found["suggested"].astype(float) - clean[rows]).max() <= 0.1


def test_two_slips_of_one_column() -> None:
    clean = np.random.default_rng(0).integers(17, 90, N)
    values, thousand = plant(clean, 0.05, lambda x: x * 1_000)
    values[(free := np.setdiff1d(np.arange(N), thousand)[::20])] /= 100
    found = slips(values)
    assert found["position"].tolist() == np.union1d(thousand, free).tolist()
    assert found["suggested"].astype(float).tolist() == clean[found["position"]].tolist()


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([1e-3, 1e-2, 1e2, 1e3]),
    st.floats(0.02, 0.2),
    st.floats(-3, 6),
    st.floats(0.02, 0.35),
    st.integers(0, 10_000),
)
def test_any_narrow_column(factor: float, share: float, place: float, spread: float, seed: int) -> None:
    clean = np.random.default_rng(seed).lognormal(place, spread, N)
    values, rows = plant(clean, share, lambda x: x * factor, seed)
    found = slips(values)
    # A copy is taken for none in a few of 100 draws, by the tests of its shape and place.
    if len(found):
        assert found["position"].tolist() == rows.tolist()
        repaired = found["suggested"].dropna().astype(float)
        assert np.allclose(repaired, clean[rows][: len(repaired)], rtol=1e-6)


def test_nearly_all_slips_are_found() -> None:
    hits = 0
    for seed in range(40):
        clean = np.random.default_rng(seed).gamma(8, 5, 600).round(1) + 1
        values, rows = plant(clean, 0.1, lambda x: x * 1_000, seed)
        hits += slips(values)["position"].tolist() == rows.tolist()
    assert hits >= 36


def lawful(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Columns of two kinds, or of heavy tails, none of which slipped."""
    second = rng.random(N) < 0.12
    return {
        "pay": np.where(second, rng.normal(22_000, 4_500, N), rng.normal(52_000, 9_000, N)).round(-2),
        "gain": np.where(rng.random(N) < 0.9, 0, np.where(second, 99_999, rng.lognormal(8, 0.9, N).round())),
        "lognormal": rng.lognormal(8, 1.5, N),
        "pareto": rng.pareto(1.2, N) + 1,
        "t": rng.standard_t(2, N),
        "near zero": rng.normal(0, 1, N),
        "regime": rng.normal(0, 1, N) + 100 * second,
        "children": np.where(second, rng.normal(95, 9, N), rng.normal(172, 9, N)).round(),
        "wholesale": np.where(second, rng.integers(50, 2_000, N), rng.geometric(0.3, N)),
        "count": rng.negative_binomial(1, 0.02, N),
        "year": rng.integers(1950, 2025, N),
        "step": rng.choice([6, 12, 24, 36, 48, 60, 120, 180, 240, 360], N),
        "fare": np.where(rng.random(N) < 0.03, 52, 2.5 + rng.lognormal(2, 0.6, N).round(1)),
        "rounded": (rng.lognormal(9, 1.2, N) / 500).round() * 500,
    }


def test_lawful_columns_are_quiet() -> None:
    alarms = [(s, name) for s in range(4) for name, x in lawful(np.random.default_rng(s)).items() if len(slips(x))]
    assert alarms == []


@pytest.mark.parametrize("kind", ["word", "number"])
def test_what_another_column_declares_is_no_slip(kind: str) -> None:
    rng = np.random.default_rng(0)
    values, rows = plant(rng.lognormal(3, 0.3, N).round(2), 0.1, lambda x: x * 100)
    assert len(slips(values)) == len(rows)
    foreign = np.isin(np.arange(N), rows)
    other = np.where(foreign, "JPY", "EUR") if kind == "word" else np.where(foreign, 50, 0) + rng.normal(9, 2, N)
    assert suspicious_cells(pd.DataFrame({"x": values, "other": other})).empty


def test_whole_rows_in_other_units_do_not_excuse_each_other() -> None:
    rng = np.random.default_rng(0)
    height, rows = plant(rng.normal(170, 8, N).round(), 0.1, lambda x: (x / 2.54).round())
    width, _ = plant(rng.normal(60, 3, N).round(1), 0.1, lambda x: (x / 2.54).round(1))
    cells = suspicious_cells(pd.DataFrame({"height": height, "width": width}))
    assert cells.groupby("column")["position"].agg(list).to_dict() == {"height": rows.tolist(), "width": rows.tolist()}


def test_several_conversions_that_fit_give_no_repair() -> None:
    # (170 - 32) / 1.8 and 170 / 2.205 are both 77.
    values, rows = plant(np.random.default_rng(0).normal(170, 8, N).round(), 0.1, lambda x: (x / 2.20462262).round(1))
    found = slips(values)
    assert found["position"].tolist() == rows.tolist()
    assert found["reason"].str.endswith(" (another unit fits, too)").all()
    assert found["suggested"].isna().all()


def test_large_group_is_told_without_a_repair() -> None:
    values, rows = plant(np.random.default_rng(0).integers(17, 90, N), 0.4, lambda x: x * 1_000)
    found = slips(values)
    assert found["position"].tolist() == rows.tolist()
    assert set(found["reason"]) == {"looks as if multiplied by 1,000 (if the others are right)"}
    assert found["suggested"].isna().all()


def test_half_of_a_column_is_not_blamed() -> None:
    values, _ = plant(np.random.default_rng(0).integers(17, 90, N), 0.5, lambda x: x * 1_000)
    assert slips(values).empty


def test_copy_at_no_known_factor_is_a_second_kind() -> None:
    values, _ = plant(np.random.default_rng(0).lognormal(3, 0.1, N), 0.1, lambda x: x * 4.4)
    assert slips(values).empty


def test_texts_and_markers_beside_them() -> None:
    clean = np.random.default_rng(0).normal(70, 10, N).round(1)
    values, rows = plant(clean, 0.05, lambda x: x * 1_000)
    texts = pd.Series([f"{x:.1f}" for x in values])
    texts[3 if 3 not in rows else 4] = ""
    found = slips(texts)
    assert found["position"].tolist() == rows.tolist()
    assert found["suggested"].astype(float).tolist() == clean[rows].tolist()


def test_finding_says_the_factor(make_dataset: Callable[..., Dataset]) -> None:
    rng = np.random.default_rng(0)
    values, rows = plant(rng.integers(17, 90, N), 0.05, lambda x: x * 1_000)
    frame = pd.DataFrame({"age": values, "y": rng.choice(["a", "b"], N)})
    (finding,) = (
        f for f in find_cell_errors(make_dataset(frame, label="y"), CellsConfig()).findings if f.code == "DQ033"
    )
    assert finding.status is Status.FAILED
    assert "100 values look as if multiplied by 1,000." in finding.message
    assert finding.evidence is not None
    assert finding.evidence.rows is not None
    assert finding.evidence.rows.positions.tolist() == rows.tolist()
    sensitive = make_dataset(frame, label="y", sensitive=["age"])
    cells = find_cell_errors(sensitive, CellsConfig()).cells
    assert cells["position"].tolist() == rows.tolist()
    assert cells["suggested"].isna().all()


@pytest.mark.parametrize("share", [0.01, 0.02, 0.05])
@pytest.mark.parametrize("column", [0, 2, 4, 12])
def test_adult(real_data: Callable[[str], Path], column: int, share: float) -> None:
    adult = pd.read_csv(real_data("adult") / "adult-train.csv", header=None, skipinitialspace=True, nrows=N)
    frame = adult.add_prefix("c")
    assert not suspicious_cells(frame)["reason"].str.startswith("looks as if").any()
    values, rows = plant(frame[f"c{column}"].to_numpy(), share, lambda x: x * 1_000)
    cells = suspicious_cells(frame.assign(**{f"c{column}": values.astype(int)}))
    found = cells[cells["reason"] == "looks as if multiplied by 1,000"]
    assert found["position"].tolist() == rows.tolist()
