"""How often a suite that was inferred on a reference alarms on a fresh batch of the same source.

Great Expectations itself holds each batch against each suite. The suites are those before the calibration by
resampling, which could only loosen them: what is measured is what the tolerances promise by themselves.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import beta
from tables import cases

from assay.config_file import parse_config
from assay.ingest import read_dataset
from assay.validation.in_memory import run_expectations
from assay.validation.inference.proposing import propose_rules
from assay.validation.suite import Expectation

if TYPE_CHECKING:
    import pandas as pd

    from assay.validation.inference.rule import Rule


def alarms(reference: pd.DataFrame, batch: pd.DataFrame, label: str) -> tuple[list[Rule], list[str]]:
    """The suite, and the rules of it that alarm."""
    config = parse_config({"label": label})
    known = read_dataset(config, frame=reference)
    rules = propose_rules(known.frame, known.roles, fresh=len(batch), numeric_label=known.target is not None)
    held = [Expectation(rule.kind, rule.kwargs, rule.columns, rule.severity) for rule in rules]
    answers = run_expectations(read_dataset(config, frame=batch).frame, held)
    return rules, [rule.key for rule, raw in zip(rules, answers, strict=True) if raw.success is not True]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="Folder of the public datasets.")
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--only", default="", help="Part of the name of a case.")
    chosen = parser.parse_args()
    print("| source | rules | runs | runs with an alarm | 95% interval | rules that alarmed |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, label, draw in cases(chosen.data):
        if chosen.only not in name:
            continue
        found: Counter[str] = Counter()
        hit = sizes = 0
        for seed in range(chosen.repeats):
            rules, broken = alarms(*draw(np.random.default_rng(seed)), label)
            sizes += len(rules)
            hit += bool(broken)
            found.update(broken)
        n = chosen.repeats
        low = beta.ppf(0.025, hit, n - hit + 1) if hit else 0.0
        high = beta.ppf(0.975, hit + 1, n - hit) if hit < n else 1.0
        which = ", ".join(f"{key} ({count})" for key, count in found.most_common(5)) or "-"
        print(f"| {name} | {sizes / n:.0f} | {n} | {hit} | {low:.1%} to {high:.1%} | {which} |", flush=True)


if __name__ == "__main__":
    main()
