"""The stage: findings, rows, limits, what is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from assay.cells import find_cell_errors
from assay.config import CellsConfig
from assay.errors import InputError
from assay.findings import Action, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from assay.dataset import Dataset

CODES = ["DQ030", "DQ031", "DQ032", "DQ033"]


@pytest.fixture
def labelled(clean: pd.DataFrame) -> pd.DataFrame:
    return clean.assign(y=np.where(np.arange(len(clean)) % 2, "yes", "no"), key=[f"k{i}" for i in range(len(clean))])


def test_clean_data_pass(labelled: pd.DataFrame, make_dataset: Callable[..., Dataset]) -> None:
    result = find_cell_errors(make_dataset(labelled, label="y", id="key"), CellsConfig())
    assert result.cells.empty
    assert [(f.code, f.status, f.severity) for f in result.findings] == [
        (code, Status.PASSED, Severity.WARNING) for code in CODES
    ]


def test_switched_off_it_answers_nothing(labelled: pd.DataFrame, make_dataset: Callable[..., Dataset]) -> None:
    labelled.loc[[5, 9], "colour"] = "lavendr"
    result = find_cell_errors(make_dataset(labelled, label="y"), CellsConfig(enabled=False))
    assert result.cells.empty
    assert {finding.status for finding in result.findings} == {Status.NOT_APPLICABLE}


def test_few_suspects_are_named_and_many_fail(labelled: pd.DataFrame, make_dataset: Callable[..., Dataset]) -> None:
    labelled.loc[[5, 9], "colour"] = "lavendr"
    dataset = make_dataset(labelled, label="y")
    by_code = {f.code: f for f in find_cell_errors(dataset, CellsConfig(max_share=0.1)).findings}
    finding = by_code["DQ031"]
    assert finding.status is Status.PASSED
    assert str(finding.subject) == "colour"
    rows = finding.evidence.rows
    assert rows.positions.tolist() == [5, 9]
    assert rows.action is Action.REVIEW
    assert rows.suggested == ["lavender", "lavender"]
    assert "laven" not in "".join(rows.reason)
    assert {by_code[code].status for code in CODES if code != "DQ031"} == {Status.PASSED}
    strict = {f.code: f for f in find_cell_errors(dataset, CellsConfig(max_share=0.0)).findings}
    assert strict["DQ031"].status is Status.FAILED
    between = {f.code: f for f in find_cell_errors(dataset, CellsConfig(max_share=0.005)).findings}
    assert between["DQ031"].status is Status.INCONCLUSIVE


def test_nothing_to_look_at(make_dataset: Callable[..., Dataset]) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=200), "y": [0, 1] * 100})
    statuses = {f.code: f.status for f in find_cell_errors(make_dataset(frame, label="y"), CellsConfig()).findings}
    assert statuses["DQ030"] is Status.NOT_APPLICABLE
    assert statuses["DQ033"] is Status.PASSED


def test_ignored_columns_are_left_out(labelled: pd.DataFrame, make_dataset: Callable[..., Dataset]) -> None:
    labelled.loc[5, "colour"] = "lavendr"
    result = find_cell_errors(make_dataset(labelled, label="y", ignore=["colour"]), CellsConfig())
    assert result.cells.empty


def test_judged_rows_by_id_from_a_file(
    labelled: pd.DataFrame, make_dataset: Callable[..., Dataset], tmp_path: Path
) -> None:
    labelled.loc[5, "colour"] = "lavendr"
    dataset = make_dataset(labelled, label="y", id="key")
    path = tmp_path / "judged.csv"
    pd.DataFrame({"row": ["k5", "k8"], "column": ["", "town"]}).to_csv(path, index=False)
    cells = find_cell_errors(dataset, CellsConfig(judged=path)).cells
    assert cells[["position", "column"]].to_numpy().tolist() == [[8, "town"]]


@pytest.mark.parametrize(
    ("judged", "told"),
    [
        ({"row": ["k1"]}, "no column"),
        ({"row": ["nobody"], "column": [""]}, "1 rows are not in the data"),
        ({"row": ["k1"], "column": ["nothing"]}, "1 columns are not in the data"),
    ],
)
def test_bad_judged_rows(
    labelled: pd.DataFrame, make_dataset: Callable[..., Dataset], judged: dict[str, list[str]], told: str
) -> None:
    dataset = make_dataset(labelled, label="y", id="key")
    with pytest.raises(InputError, match=told):
        find_cell_errors(dataset, CellsConfig(), pd.DataFrame(judged))


def test_file_of_judged_rows_that_is_none(
    labelled: pd.DataFrame, make_dataset: Callable[..., Dataset], tmp_path: Path
) -> None:
    dataset = make_dataset(labelled, label="y")
    with pytest.raises(InputError, match="must be a CSV file"):
        find_cell_errors(dataset, CellsConfig(judged=tmp_path / "absent.csv"))


def statuses(frame: pd.DataFrame, make_dataset: Callable[..., Dataset], **roles: object) -> dict[str, Status]:
    dataset = make_dataset(frame.assign(y=["yes", "no"] * (len(frame) // 2)), label="y", **roles)
    return {f.code: f.status for f in find_cell_errors(dataset, CellsConfig()).findings}


@pytest.mark.parametrize("n", [12, 48])
def test_too_few_numbers_are_no_good_news(n: int, make_dataset: Callable[..., Dataset]) -> None:
    values = np.random.default_rng(0).normal(10, 1, n)
    values[3] = 1e9
    assert statuses(pd.DataFrame({"x": values}), make_dataset)["DQ033"] is Status.INCONCLUSIVE


def test_tail_that_is_too_heavy_is_no_good_news(make_dataset: Callable[..., Dataset]) -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_cauchy(2_000)
    values[5] = 1e12
    assert statuses(pd.DataFrame({"x": values}), make_dataset)["DQ033"] is Status.INCONCLUSIVE
    beside = pd.DataFrame({"x": values, "ordinary": rng.normal(size=2_000)})
    dataset = make_dataset(beside.assign(y=["yes", "no"] * 1_000), label="y")
    finding = next(f for f in find_cell_errors(dataset, CellsConfig()).findings if f.code == "DQ033")
    assert finding.status is Status.PASSED
    assert "1 column (ordinary)" in finding.message
    assert "1 column (x) could not be judged" in finding.message


def test_too_few_codes_are_no_good_news(make_dataset: Callable[..., Dataset]) -> None:
    frame = pd.DataFrame({"code": ["##", *(f"A{i:03d}" for i in range(11))]})
    found = statuses(frame, make_dataset)
    assert (found["DQ031"], found["DQ032"]) == (Status.PASSED, Status.INCONCLUSIVE)


def test_temperatures_pass(make_dataset: Callable[..., Dataset]) -> None:
    frame = pd.DataFrame({"t": np.random.default_rng(0).normal(12, 6, 5_000)})
    assert statuses(frame, make_dataset)["DQ033"] is Status.PASSED


def test_nobody_is_told_to_change_a_sensitive_value(make_dataset: Callable[..., Dataset]) -> None:
    rng = np.random.default_rng(0)
    sex = rng.choice(["male", "female"], 600)
    frame = pd.DataFrame(
        {
            "sex": sex,
            "title": np.where(sex == "male", "Mr", "Ms"),
            "ward": np.where(sex == "male", "north", "south"),
            "y": ["yes", "no"] * 300,
        }
    )
    frame.loc[:4, "ward"] = "south"
    frame.loc[:4, ["sex", "title"]] = ["male", "Mr"]
    frame.loc[9, "sex"] = {"male": "female", "female": "male"}[str(frame.loc[9, "sex"])]
    assert not find_cell_errors(make_dataset(frame, label="y"), CellsConfig()).cells.empty
    protected = make_dataset(frame, label="y", sensitive=["sex"])
    assert find_cell_errors(protected, CellsConfig()).cells.empty
    frame.loc[20, "sex"] = "femmale"
    cells = find_cell_errors(make_dataset(frame, label="y", sensitive=["sex"]), CellsConfig()).cells
    assert cells[["position", "column"]].to_numpy().tolist() == [[20, "sex"]]
    assert cells["suggested"].isna().all()


def test_suspicions_count_with_their_probability(make_dataset: Callable[..., Dataset]) -> None:
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 2_000), unit="D")
    later = pd.to_timedelta(rng.integers(1, 60, 2_000), unit="D")
    frame = pd.DataFrame({"start": start, "end": start + later, "y": ["yes", "no"] * 1_000})
    frame.loc[:39, "end"] = frame.loc[:39, "start"] - pd.Timedelta("1D")
    findings = find_cell_errors(make_dataset(frame, label="y"), CellsConfig()).findings
    mine = [f for f in findings if f.code == "DQ033"]
    # Of 40 pairs out of order, one date of each is wrong: 20 cells are expected in each column, 1%.
    assert [f.evidence.value for f in mine] == pytest.approx([0.01, 0.01])
    assert {f.status for f in mine} == {Status.INCONCLUSIVE}


def test_of_two_columns_at_odds_the_row_is_named_and_neither_cell(make_dataset: Callable[..., Dataset]) -> None:
    rng = np.random.default_rng(1)
    area = rng.integers(0, 60, 780)
    towns = np.array([f"town {place}" for place in rng.integers(0, 12, 60)], dtype=object)[area]
    wrong = rng.choice(780, 12, replace=False)
    towns[wrong] = [rng.choice(sorted({*towns} - {towns[row]})) for row in wrong]
    frame = pd.DataFrame({"zip": (10_000 + area).astype(str), "town": towns, "y": rng.choice(["a", "b"], 780)})
    result = find_cell_errors(make_dataset(frame, label="y"), CellsConfig())
    found = [finding for finding in result.findings if finding.code == "DQ030"]
    named = {int(row) for finding in found for row in finding.evidence.rows.positions}
    assert named <= set(wrong.tolist())
    assert len(named) >= 10
    both = next(finding for finding in found if finding.subject.columns == ("zip", "town"))
    assert both.evidence.rows.reason == (
        "'zip' and 'town' contradict each other: most rows with this 'zip' hold another 'town'; one of the two is wrong"
    )
    accused = {int(row) for row in result.cells["position"]}
    assert accused.isdisjoint(both.evidence.rows.positions.tolist())
