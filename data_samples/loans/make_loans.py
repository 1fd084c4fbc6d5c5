"""Make the loans samples: applications with planted, recorded defects, and a clean twin.

Run `python data_samples/loans/make_loans.py` to write the committed files again, byte for byte:

- `loans/loans.csv`         the dirty sample
- `loans/truth.csv`         every planted defect: where it is, of what kind, and what the cell should say
- `loans_clean/loans.csv`   other applications of the same bank, without any defect

The bank's rule is a score with a margin of discretion: a clear case is decided by its score alone, a case in the
margin may go either way. Neither sex nor age enters the rule, and the other features hardly depend on them, so an
honest audit of the clean twin finds no disparity.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

Draw = TypeVar("Draw", str, int)

SEED = 1
# A seed for which chance, too, leaves the groups alike.
CLEAN_SEED = 24
ROWS = 6000

SHARE_OF_WOMEN = 0.32
# Half-width of the margin of discretion, in units of the score. It sets what can be learned: with it the bank's
# own score predicts about 92% of the decisions.
MARGIN = 0.95
# The score is 0 where approval is a coin's toss; shifted so that about 55% are approved.
OFFSET = -1.15

WRONG_LABELS = {"female": 0.08, "male": 0.025}
IMPOSSIBLE_AGES = 25
EXACT_COPIES = 60
RESUBMITTED = 40
SPELLINGS = ("self employed", "SELF-EMPLOYED")
SHARE_MISSPELT = 0.4
LEAK = "account_opened_days"
TRUTH_COLUMNS = ["application_id", "row", "defect", "column", "true_value"]

REGIONS = {"North": 0.22, "East": 0.18, "South": 0.27, "West": 0.24, "Islands": 0.09}
EDUCATION = {"primary": 0.12, "secondary": 0.46, "bachelor": 0.28, "master": 0.12, "doctorate": 0.02}
EMPLOYMENT = {"Employed": 0.7, "Self-employed": 0.17, "Public service": 0.08, "Unemployed": 0.05}
PURPOSES = {"car": 0.3, "home": 0.27, "debt": 0.2, "education": 0.08, "business": 0.1, "other": 0.05}
TERMS = {12: 0.1, 24: 0.2, 36: 0.3, 48: 0.2, 60: 0.2}

INCOME_BY_EDUCATION = {"primary": -0.3, "secondary": -0.08, "bachelor": 0.14, "master": 0.3, "doctorate": 0.42}
INCOME_BY_EMPLOYMENT = {"Employed": 0.0, "Self-employed": 0.1, "Public service": 0.03, "Unemployed": -0.75}
SCORE_BY_EMPLOYMENT = {"Employed": 0.2, "Self-employed": -0.2, "Public service": 0.7, "Unemployed": -1.2}
SCORE_BY_PURPOSE = {"car": 0.2, "home": 0.4, "debt": -0.6, "education": 0.1, "business": -0.4, "other": 0.0}


def make_applications(random: np.random.RandomState, rows: int = ROWS) -> tuple[pd.DataFrame, np.ndarray]:
    """Make clean applications and the score behind each decision.

    Parameters
    ----------
    random
        Source of all randomness.
    rows
        Number of applications.

    Returns
    -------
    The applications in the order of their dates, and the (rows,) scores, positive where approval is likelier.
    """
    days = np.sort(random.randint(0, 731, rows))
    age = np.clip(np.round(20 + 55 * random.beta(1.7, 2.6, rows)), 20, 75).astype(int)
    frame = pd.DataFrame(
        {
            "application_id": [f"LA-{number:06d}" for number in range(100_001, 100_001 + rows)],
            "applied_on": (pd.Timestamp("2023-01-01") + pd.to_timedelta(days, unit="D")).strftime("%Y-%m-%d"),
            "sex": np.where(random.rand(rows) < SHARE_OF_WOMEN, "female", "male"),
            "age": age,
            "region": _draw(random, REGIONS, rows),
            "marital_status": _marital_status(random, age),
            "education": _draw(random, EDUCATION, rows),
            "employment": _draw(random, EMPLOYMENT, rows),
        }
    )
    log_income = (
        np.log(41_000)
        + frame["education"].map(INCOME_BY_EDUCATION)
        + frame["employment"].map(INCOME_BY_EMPLOYMENT)
        - 0.0004 * (age - 48) ** 2
        + random.normal(0, 0.33, rows)
    )
    # People ask for what their income seems to bear: the two are correlated, and the ratio is not told by age.
    log_loan = 0.75 * log_income + np.log(2.6) + random.normal(0, 0.55, rows)
    frame["income"] = _round_to_hundred(np.exp(log_income))
    frame["loan_amount"] = _round_to_hundred(np.exp(log_loan))
    frame["term_months"] = _draw(random, TERMS, rows)
    burden = 1.15 * frame["loan_amount"] / frame["term_months"] / (frame["income"] / 12)
    # Older households owe more and have longer histories: in the score the two cancel.
    other_debts = random.beta(1.6, 6.0, rows) * (0.85 + 0.3 * np.minimum((age - 20) / 25, 1))
    frame["debt_ratio"] = np.clip(burden + other_debts, 0.02, 1.5).round(3)
    history = random.gamma(2.2, 3.2, rows)
    frame["credit_history_years"] = np.minimum(history, 0.7 * (age - 17)).round(1)
    frame["prior_defaults"] = np.minimum(random.poisson(0.32 * np.exp(random.normal(0, 0.7, rows))), 5)
    frame["purpose"] = _draw(random, PURPOSES, rows)
    score = _score(frame)
    discretion = MARGIN * (random.rand(rows) + random.rand(rows) - 1)
    frame["approved"] = np.where(score + discretion > 0, "yes", "no")
    return frame, score


def _score(frame: pd.DataFrame) -> np.ndarray:
    score = (
        OFFSET
        - 6.0 * (frame["debt_ratio"] - 0.6)
        - 1.5 * frame["prior_defaults"]
        + 0.14 * (np.minimum(frame["credit_history_years"], 8) - 5)
        + 0.7 * np.log(frame["income"] / 41_000)
        + frame["employment"].map(SCORE_BY_EMPLOYMENT)
        + frame["purpose"].map(SCORE_BY_PURPOSE)
    )
    # The last bits of exp and log differ between processors: rounding keeps the decisions alike everywhere.
    return score.round(6).to_numpy(dtype=float)


def _draw(random: np.random.RandomState, shares: Mapping[Draw, float], rows: int) -> np.ndarray:
    return random.choice(list(shares), size=rows, p=list(shares.values()))


def _marital_status(random: np.random.RandomState, age: np.ndarray) -> np.ndarray:
    chance = random.rand(len(age))
    married = np.clip((age - 18) / 30, 0.03, 0.62)
    parted = np.clip((age - 30) / 120, 0, 0.25)
    return np.select([chance < married, chance < married + parted], ["married", "divorced"], "single")


def _round_to_hundred(values: pd.Series) -> pd.Series:
    return (values / 100).round().astype(int) * 100


class Defects:
    """A frame under damage, and the record of every damage.

    Parameters
    ----------
    frame
        The clean applications.
    random
        Source of all randomness.
    """

    def __init__(self, frame: pd.DataFrame, random: np.random.RandomState) -> None:
        self.frame = frame.copy()
        self.random = random
        self.truth: list[tuple[str, str, str, object]] = []

    def spoil(self, rows: np.ndarray, defect: str, column: str, values: object) -> None:
        """Overwrite `column` in `rows` with `values` and record what the cells said."""
        ids, true_values = self.frame.loc[rows, "application_id"], self.frame.loc[rows, column]
        self.truth += [(i, defect, column, true) for i, true in zip(ids, true_values, strict=True)]
        self.frame.loc[rows, column] = values

    def plant(self) -> None:
        """Plant every defect; the leak comes after the wrong labels, because it follows the recorded decision."""
        self._wrong_labels()
        self._leak()
        self._impossible_ages()
        self._missing_incomes()
        self._misspelt_employment()
        self._copies()

    def _wrong_labels(self) -> None:
        # Women are denied against the rule; the men's errors go both ways.
        sex, approved = self.frame["sex"], self.frame["approved"]
        for group, candidates in {
            "female": (sex == "female") & (approved == "yes"),
            "male": sex == "male",
        }.items():
            number = round(WRONG_LABELS[group] * int((sex == group).sum()))
            rows = self._sample(candidates, number)
            wrong = np.where(approved[rows] == "yes", "no", "yes")
            self.spoil(rows, "wrong_label", "approved", wrong)

    def _leak(self) -> None:
        # Filled where an account was opened, which is after the decision; a handful are exceptions.
        approved = (self.frame["approved"] == "yes").to_numpy()
        chance = self.random.rand(len(self.frame))
        opened = np.where(approved, chance < 0.996, chance < 0.001)
        days = pd.array(self.random.randint(1, 15, len(self.frame)), dtype="Int64")
        days[~opened] = pd.NA
        self.frame.insert(self.frame.columns.get_loc("approved"), LEAK, days)
        self.truth.append(("", "leak", LEAK, ""))

    def _impossible_ages(self) -> None:
        rows = self._sample(self.frame["age"].notna(), IMPOSSIBLE_AGES)
        ages = np.concatenate([-self.random.randint(1, 60, 9), self.random.randint(150, 200, 8), np.full(8, 999)])
        self.spoil(rows, "impossible_age", "age", ages)

    def _missing_incomes(self) -> None:
        # Not at random: who is self-employed, earns little or is a woman gives no proof of income more often.
        frame = self.frame
        low = frame["income"] < frame["income"].quantile(0.25)
        chance = 0.02 + 0.2 * (frame["employment"] == "Self-employed") + 0.08 * low + 0.08 * (frame["sex"] == "female")
        rows = frame.index[self.random.rand(len(frame)) < chance].to_numpy()
        frame["income"] = frame["income"].astype("Int64")
        self.spoil(rows, "missing_income", "income", pd.NA)

    def _misspelt_employment(self) -> None:
        candidates = self.frame["employment"] == "Self-employed"
        rows = self._sample(candidates, round(SHARE_MISSPELT * int(candidates.sum())))
        self.spoil(rows, "spelling", "employment", self.random.choice(SPELLINGS, size=len(rows)))

    def _copies(self) -> None:
        # Copies of rows that have no other defect: each planted row then has one true answer.
        spoilt = {application for application, *_ in self.truth}
        rows = self._sample(~self.frame["application_id"].isin(spoilt), EXACT_COPIES + RESUBMITTED)
        copies = self.frame.loc[rows].copy()
        originals = copies["application_id"].tolist()
        last = len(self.frame) + 100_000
        new_ids = [f"LA-{last + number:06d}" for number in range(1, RESUBMITTED + 1)]
        copies["application_id"] = originals[:EXACT_COPIES] + new_ids
        copied, resubmitted = originals[:EXACT_COPIES], originals[EXACT_COPIES:]
        self.truth += [(original, "exact_copy", "", original) for original in copied]
        self.truth += [
            (new, "resubmitted", "application_id", original)
            for new, original in zip(new_ids, resubmitted, strict=True)
        ]
        # A stable sort leaves each copy behind its original, on the same day.
        everything = pd.concat([self.frame, copies], ignore_index=True)
        self.frame = everything.sort_values("applied_on", kind="stable", ignore_index=True)

    def _sample(self, candidates: pd.Series, number: int) -> np.ndarray:
        chosen = self.random.choice(np.flatnonzero(candidates), size=number, replace=False)
        return np.sort(chosen)

    def record(self) -> pd.DataFrame:
        """The truth: one row for each defect, with the 0-based row of the written file."""
        ids = self.frame["application_id"]
        first = {application: row for row, application in reversed(list(enumerate(ids)))}
        last = {application: row for row, application in enumerate(ids)}
        rows = [
            (application, (last if defect == "exact_copy" else first).get(application, ""), defect, column, true)
            for application, defect, column, true in self.truth
        ]
        return pd.DataFrame(rows, columns=TRUTH_COLUMNS)


def make_loans() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Make the dirty sample, its truth and the clean twin."""
    # NumPy has frozen the streams of RandomState (NEP 19): every version of it makes the same files again.
    random = np.random.RandomState(SEED)
    defects = Defects(make_applications(random)[0], random)
    defects.plant()
    clean, _ = make_applications(np.random.RandomState(CLEAN_SEED))
    return defects.frame, defects.record(), clean


def write_loans(folder: Path) -> None:
    """Write the three files under `folder`, which stands for `data_samples`."""
    dirty, truth, clean = make_loans()
    for name, frame in {"loans/loans.csv": dirty, "loans/truth.csv": truth, "loans_clean/loans.csv": clean}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
        print(f"{path}: {len(frame):,} rows")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the loans samples.")
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parents[1])
    write_loans(parser.parse_args().folder)
