"""Disparities under planted wrong labels: observed, cleaned, and corrected by the noise matrix of each group.

python benchmarks/fairness/labels.py path/to/data --rows 8000 --seeds 5 --output results
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.config import FairnessConfig, LabelNoiseConfig
from assay.config_file import parse_config
from assay.fairness import assess_label_effect
from assay.ingest import read_dataset
from assay.label_noise import find_label_noise
from assay.results import OutOfSample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assay.dataset import Dataset

ROOT = Path(__file__).resolve().parents[2]
ADULT = [
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship"),
    *("race", "sex", "capital_gain", "capital_loss", "hours_per_week", "country", "income"),
]
FOLDS = 5
METRICS = ("base rate", "true positive rate", "false positive rate", "equalized odds")
# Differences below half a point are none.
NOTHING = 0.005
VIEWS = ("observed", "suspects removed", "suspects relabelled", "noise corrected")


@dataclass(frozen=True)
class Table:
    """Features with the sensitive column, and true labels (N,) bool."""

    name: str
    frame: pd.DataFrame
    sensitive: str
    group: str
    label: np.ndarray


def read_adult(data: Path, rows: int, seed: int) -> Table:
    """A sample of Adult; the group whose labels go wrong is the women."""
    frame = pd.read_csv(data / "adult" / "adult-train.csv", header=None, names=ADULT, skipinitialspace=True)
    frame = frame.sample(min(rows, len(frame)), random_state=seed).reset_index(drop=True)
    return Table(
        "adult", frame.drop(columns=["fnlwgt", "income"]), "sex", "Female", (frame["income"] == ">50K").to_numpy()
    )


def read_loans(rows: int, seed: int) -> Table:
    """The clean loans sample; other rows of it for each seed where it is larger than asked for."""
    frame = pd.read_csv(ROOT / "data_samples" / "loans_clean" / "loans.csv")
    frame = frame.sample(min(rows, len(frame)), random_state=seed).reset_index(drop=True)
    group = frame["sex"].value_counts().index[-1]
    dropped = ["application_id", "applied_on", "approved"]
    return Table("loans", frame.drop(columns=dropped), "sex", str(group), (frame["approved"] == "yes").to_numpy())


def hide(table: Table) -> Table:
    """The same rows, with every other feature unknown in the group: harder to tell apart, and no label more wrong."""
    frame, hit = table.frame.copy(), table.frame[table.sensitive] == table.group
    for name in [name for name in frame.columns if name != table.sensitive][::2]:
        frame[name] = frame[name].where(~hit)
    return replace(table, name=f"{table.name}, group less known", frame=frame)


def plans(table: Table, clean: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """Name of a setting and the (N,) given labels; `clean` is an out-of-sample score of a model of the true labels."""
    y, hit = table.label, (table.frame[table.sensitive] == table.group).to_numpy()

    def flip(lost: float, gained: float, lost_elsewhere: float = 0.0, gained_elsewhere: float = 0.0) -> np.ndarray:
        chance = np.where(y, np.where(hit, lost, lost_elsewhere), np.where(hit, gained, gained_elsewhere))
        return y ^ (rng.random(len(y)) < chance)

    yield "none", y
    yield "30% of the group's positives lost", flip(0.3, 0.0)
    yield "10% of the group's positives lost", flip(0.1, 0.0)
    yield "8% of the group's negatives gained", flip(0.0, 0.08)
    yield "10% of the others' negatives gained", flip(0.0, 0.0, 0.0, 0.1)
    yield "10% of all labels", flip(0.1, 0.1, 0.1, 0.1)
    yield "both ways, more in the group", flip(0.2, 0.05, 0.05, 0.02)
    # What the correction assumes away: the chance depends on the row, and is highest where the model is in doubt.
    doubt = 2 * np.minimum(clean, 1 - clean)
    yield "in doubt, the group's positives", y & ~(hit & (rng.random(len(y)) < 0.6 * doubt))


def predict(table: Table, labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Out-of-sample probabilities (N, 2) of boosted trees and of logistic regression, and the folds (N,)."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = table.frame.drop(columns=[table.sensitive])
    numbers = features.apply(lambda column: column if column.dtype.kind in "if" else pd.factorize(column)[0])
    dummies = pd.get_dummies(features).astype(float)
    dummies = dummies.fillna(dummies.mean())
    trees, linear = np.zeros((len(labels), 2)), np.zeros((len(labels), 2))
    folds = np.zeros(len(labels), dtype=np.int16)
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for fold, (seen, held) in enumerate(splitter.split(numbers, labels)):
        boosting = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15, l2_regularization=1.0)
        regression = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
        trees[held] = boosting.fit(numbers.iloc[seen], labels[seen]).predict_proba(numbers.iloc[held])
        linear[held] = regression.fit(dummies.iloc[seen], labels[seen]).predict_proba(dummies.iloc[held])
        folds[held] = fold
    return trees, linear, folds


def dress(dataset: Dataset, found: tuple[np.ndarray, np.ndarray, np.ndarray]) -> OutOfSample:
    """The predictions as a training of Assay's would return them."""
    trees, linear, folds = found
    unknown = np.full((FOLDS, 1), np.nan)
    return OutOfSample(
        classes=dataset.labels.classes,
        labels=dataset.labels.codes,
        pred_probs=trees,
        repeat_probs=trees[None].astype(np.float32),
        folds=folds[None],
        trained=np.ones(len(dataset), dtype=bool),
        left_out={},
        train_loss=unknown,
        test_loss=unknown,
        train_score=unknown[:, 0],
        test_score=unknown[:, 0],
        device="cpu",
        opinions={"linear": linear},
    )


def truth_of(table: Table, predicted: np.ndarray) -> dict[str, float]:
    """Differences between the groups with the true labels, each by its definition."""
    codes = pd.factorize(table.frame[table.sensitive])[0]

    def gap(hits: np.ndarray, cases: np.ndarray) -> float:
        rates = [hits[cases & (codes == group)].mean() for group in np.unique(codes)]
        return float(max(rates) - min(rates))

    y, everyone = table.label, np.ones(len(codes), dtype=bool)
    found = {
        "base rate": gap(y, everyone),
        "true positive rate": gap(predicted, y),
        "false positive rate": gap(predicted, ~y),
    }
    return {**found, "equalized odds": max(found["true positive rate"], found["false positive rate"])}


def measure(table: Table, setting: str, labels: np.ndarray, seed: int) -> Iterator[dict[str, object]]:
    """Audit the table with these labels, and hold each view against the truth."""
    frame = table.frame.assign(given=np.where(labels, "yes", "no"))
    dataset = read_dataset(
        parse_config({"label": "given", "positive": "yes", "sensitive": [table.sensitive]}), frame=frame
    )
    predictions = dress(dataset, predict(table, labels, seed))
    audit = find_label_noise(dataset, predictions, LabelNoiseConfig())
    # Judged by the trees alone, the same model in every view and for the truth.
    effect = assess_label_effect(dataset, replace(predictions, opinions={}), audit, FairnessConfig())
    truth = truth_of(table, predictions.pred_probs.argmax(axis=1) == 1)
    known = effect.table.set_index(["metric", "view"])
    for metric in METRICS:
        rows = {view: known.loc[(f"{metric} difference", view)] for view in VIEWS}
        yield {
            "table": table.name,
            "setting": setting,
            "seed": seed,
            "metric": metric,
            "truth": truth[metric],
            **{f"{view} off by": abs(row["value"] - truth[metric]) for view, row in rows.items()},
            **{
                f"{view} holds the truth": bool(row["low"] <= truth[metric] <= row["high"])
                for view, row in rows.items()
            },
            "value told": not np.isnan(rows["noise corrected"]["value"]),
            "width observed": rows["observed"]["high"] - rows["observed"]["low"],
            "width corrected": rows["noise corrected"]["high"] - rows["noise corrected"]["low"],
            "suspects": float(audit.suspect.mean()),
            "status": str(effect.findings[0].status),
        }


def summarise(results: pd.DataFrame) -> str:
    """Means by setting, by metric and over all, as Markdown."""
    noisy = results[results["setting"] != "none"]
    off = [f"{view} off by" for view in VIEWS]
    holds = ["observed holds the truth", "noise corrected holds the truth"]
    shown = [*off, "value told", *holds, "width observed", "width corrected"]
    parts = []
    for keys in (["table", "setting"], ["table", "metric"], ["table"]):
        of = results if "setting" in keys else noisy
        means = of.groupby(keys, sort=False)[shown].mean().reset_index()
        parts.append(_markdown(means))
    # A value that is withheld is neither near nor far: the means leave it out too.
    told, nearer = noisy[noisy["value told"]], []
    for view in VIEWS[:3]:
        ours, other = told["noise corrected off by"], told[f"{view} off by"]
        better, alike = (ours < other - NOTHING).mean(), ((ours - other).abs() <= NOTHING).mean()
        nearer.append(f"nearer the truth than {view}: {better:.0%} of {len(told)} figures; as near: {alike:.0%}")
    statuses = results.drop_duplicates(["table", "setting", "seed"]).groupby(
        ["table", "setting", "status"], sort=False
    )
    counts = statuses.size().reset_index(name="cases")
    return "\n\n".join([*parts, "\n".join(f"- {line}" for line in nearer), _markdown(counts)])


def _markdown(frame: pd.DataFrame) -> str:
    def cell(value: object) -> str:
        return f"{value:.3f}" if isinstance(value, float) else str(value)

    lines = ["| " + " | ".join(map(str, frame.columns)) + " |", "|" + " --- |" * len(frame.columns)]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in frame.itertuples(index=False)]
    return "\n".join(lines)


def main() -> None:
    """Plant, audit and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with adult/adult-train.csv")
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path("label_effect_results"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    readers: list[Callable[[int], Table]] = [
        lambda seed: read_adult(options.data, options.rows, seed),
        lambda seed: read_loans(options.rows, seed),
    ]
    readers += [lambda seed, read=read: hide(read(seed)) for read in readers]
    rows = []
    for read in readers:
        for seed in range(options.seeds):
            table = read(seed)
            clean = predict(table, table.label, seed)[0][:, 1]
            for setting, labels in plans(table, clean, np.random.default_rng(seed)):
                rows += measure(table, setting, labels, seed)
                print(f"{table.name}, seed {seed}: {setting}", flush=True)
    results = pd.DataFrame(rows)
    results.to_csv(options.output / "labels.csv", index=False)
    print(summarise(results))


if __name__ == "__main__":
    main()
