"""Train the members of a cross-validation stacked, and the same members one after the other, with the same code.

    python benchmarks/learning/measure.py --device cpu --rows 1000 10000
    python benchmarks/learning/measure.py --device cuda --rows 1000 10000 100000 --autocast

Prints a Markdown table of members per second. The table is made up: 14 numbers, 6 categories, two classes. It needs no
data and runs wherever torch does.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from assay.learning.device import choose_device
from assay.learning.encoding import encode_table
from assay.learning.recipe import Recipe
from assay.learning.steps import Examples
from assay.learning.training import train_members

FOLDS = 5


def make_table(rows: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    numbers = pd.DataFrame(rng.normal(size=(rows, 14))).add_prefix("number_")
    texts = pd.DataFrame(rng.choice(list("abcdefgh"), size=(rows, 6))).add_prefix("text_")
    score = numbers["number_0"] + numbers["number_1"] * numbers["number_2"] + (texts["text_0"] == "a")
    return pd.concat([numbers, texts], axis=1), (score + rng.logistic(size=rows) > 0).to_numpy().astype(np.int64)


def seconds(examples: Examples, members: list[int], folds: np.ndarray, recipe: Recipe) -> float:
    train = [np.flatnonzero(folds[m // FOLDS] != m % FOLDS) for m in members]
    test = [np.flatnonzero(folds[m // FOLDS] == m % FOLDS) for m in members]
    start = time.perf_counter()
    train_members(examples, classes=2, train=train, test=test, recipe=recipe)  # ends with a copy to the host
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--repeats", type=int, default=2, help="of five folds: two make ten members")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="in place of the recipe's")
    parser.add_argument("--autocast", action="store_true", help="bfloat16 in the forward pass")
    parser.add_argument("--threads", type=int, help="of torch; by default its own choice")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    device, why = choose_device(arguments.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    print(f"torch {torch.__version__}, {why}, {name}; medians of {arguments.runs} runs\n")
    print("| rows | members | epochs | batch | stacked, members/s | one by one, members/s | times as fast |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for rows in arguments.rows:
        frame, labels = make_table(rows)
        examples = Examples(encode_table(frame, list(frame.columns), device), torch.from_numpy(labels).to(device))
        recipe = Recipe.for_rows(rows - rows // FOLDS, seed=0, epochs=arguments.epochs)
        recipe = replace(recipe, autocast=arguments.autocast)
        rng = np.random.default_rng(0)
        folds = np.stack([rng.permutation(rows) % FOLDS for _ in range(arguments.repeats)])
        members = list(range(FOLDS * arguments.repeats))
        seconds(examples, members, folds, replace(recipe, epochs=1))  # warm up
        stacked, alone = [], []
        for _ in range(arguments.runs):
            stacked.append(seconds(examples, members, folds, recipe))
            alone.append(sum(seconds(examples, [m], folds, recipe) for m in members))
        rates = [len(members) / statistics.median(found) for found in (stacked, alone)]
        print(
            f"| {rows:,} | {len(members)} | {recipe.epochs} | {recipe.batch} "
            f"| {rates[0]:.2f} | {rates[1]:.2f} | {rates[0] / rates[1]:.1f} |"
        )


if __name__ == "__main__":
    main()
