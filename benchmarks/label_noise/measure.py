"""Find planted wrong labels: Assay beside Cleanlab with three models, on the same noise and folds.

python benchmarks/label_noise/measure.py path/to/data --seeds 3 --output results
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from cases import KINDS, load_tables, make_cases

ASSAY = "assay"
REFERENCES = ("cleanlab, logistic regression", "cleanlab, gradient boosting", "cleanlab, network by skorch")
EPOCHS = 8


def main() -> None:
    """Run every method on every table in a process of its own, and write the tables and the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with adult, german_credit, banking77 and usps")
    parser.add_argument("--tables", nargs="*", help="by default all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("label_noise_results"))
    parser.add_argument("--worker", nargs=2, metavar=("TABLE", "METHOD"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    if options.worker:
        _work(options.data, *options.worker, seeds=options.seeds, output=options.output)
        return
    tables = options.tables or list(load_tables(options.data))
    for table in tables:
        for method in (ASSAY, *REFERENCES):
            command = [sys.executable, __file__, str(options.data), "--seeds", str(options.seeds)]
            command += ["--output", str(options.output), "--worker", table, method]
            print(f"{table}: {method}", flush=True)
            subprocess.run(command, check=True)
    results = pd.concat([pd.read_json(f, lines=True) for f in sorted(options.output.glob("*.jsonl"))])
    results.to_csv(options.output / "results.csv", index=False)
    from summary import draw, summarise

    print(summarise(results))
    draw(results, options.output / "average_precision.svg")


def _work(data: Path, name: str, method: str, *, seeds: int, output: Path) -> None:
    from ours import audit_labels
    from references import references

    table = load_tables(data)[name]()
    lines = []
    for case in make_cases(table, KINDS, range(seeds)):
        kept = output / f"{name}-{case.kind}-{case.seed}.npy"
        if method == ASSAY:
            found, folds, chosen = audit_labels(case)
            np.save(kept, folds, allow_pickle=False)
        else:
            found, chosen = references(EPOCHS)[method](case, np.load(kept, allow_pickle=False)), ""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        keys = {"table": name, "kind": case.kind, "seed": case.seed, "method": method, "chosen": chosen}
        lines.append({**keys, **_figures(case.wrong, found), "peak MiB": round(peak)})
        print(json.dumps(lines[-1]), flush=True)
    slug = method.replace(", ", "-").replace(" ", "-")
    (output / f"{name}-{slug}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def _figures(wrong: np.ndarray, found: object) -> dict[str, float | None]:
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

    flagged, true = found.flagged, int(wrong.sum())
    hits = int((flagged & wrong).sum())
    low, high = found.interval or (None, None)
    figures = {
        "n": len(wrong),
        "wrong": true,
        "flagged": int(flagged.sum()),
        "estimate": found.estimate,
        "low": low,
        "high": high,
        "seconds": round(found.seconds, 2),
    }
    if true:
        precision, recall, _ = precision_recall_curve(wrong, found.score)
        figures |= {
            "average precision": float(average_precision_score(wrong, found.score)),
            "AUROC": float(roc_auc_score(wrong, found.score)),
            "precision": hits / max(int(flagged.sum()), 1),
            "recall": hits / true,
            "F1": 2 * hits / (int(flagged.sum()) + true),
            "best F1": float(np.max(2 * precision * recall / np.maximum(precision + recall, 1e-12))),
        }
    return figures


if __name__ == "__main__":
    main()
