"""`assay review`: a random sample of labels for a person to look at, and what the filled sample says.

There is no `from __future__ import annotations`: typer reads the annotations.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.ending import ending, printable, say
from assay.errors import ConfigurationError

if TYPE_CHECKING:
    from assay.review_file import Plan

# What is left empty or cannot be told widens the bounds; from this share on it is worth a word of advice.
_MANY = 0.1


def review(
    audit: Annotated[
        str, typer.Argument(metavar="RUN", help="Directory, id or beginning of an id of an audit, or latest.")
    ],
    *,
    sample: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Draw N labels and write them to a file to fill in.")
    ] = None,
    read: Annotated[Path | None, typer.Option(metavar="FILE", help="Read the filled file.")] = None,
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the audits.")] = Path("audits"),
    # No Path: it forgets the separator at the end, which tells a folder.
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="File to write, or a folder for it.")
    ] = ".",
    config: Annotated[
        Path | None,
        typer.Option(metavar="AUDIT.yaml", help="Configuration that names the data, where the audit's own cannot."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="SEED", min=0, help="Seed of the draw; by default one nobody knows.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print what was written or found as JSON.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")] = False,
) -> None:
    """Measure how many labels are wrong: have a person look at a small random sample.

    --sample N writes the rows, without saying which are suspect. --read FILE reads what the person filled in.
    """
    with ending(verbose=verbose):
        if (sample is None) == (read is None):
            raise ConfigurationError("Exactly one of --sample N and --read FILE must be given. Draw first, then read.")
        from assay.reviewing import draw_review, record_review
        from assay.store import find_audit

        place = find_audit(audit, folder)
        if read is not None:
            _show_result(record_review(place, read, config_file=config), place, read, as_json=json)
        else:
            assert sample is not None
            plan, file, side = draw_review(place, sample, output, seed=seed, config_file=config)
            _show_sample(plan, place, file, side, as_json=json)


def _show_sample(plan: "Plan", place: Path, file: Path, side: Path, *, as_json: bool) -> None:
    import json
    import shlex

    from assay.review_file import ANSWER

    count = len(plan.positions)
    if as_json:
        drawn = {"file": str(file), "plan": str(side), "review": plan.id, "run": plan.run, "rows": count}
        say(json.dumps(drawn | {"seed": plan.seed}, indent=2))
        return
    rows = "1 row" if count == 1 else f"{count:,} rows"
    lines = [
        f"Wrote {file}: {rows} of {sum(plan.sizes):,}, in random order.",
        f"Wrote {side}, which says how they were drawn: keep it beside the first. Who fills in should not read it.",
        f"Fill in the column {ANSWER}, from the top: {plan.answers}.",
        "Do not pass rows over; stop after any row. Values of the data are in the file: it stays with them.",
        "Then run:",
        f"  assay review {shlex.quote(str(place))} --read {shlex.quote(str(file))}",
    ]
    say("\n".join(printable(line) for line in lines))


def _show_result(result: dict[str, Any], place: Path, file: Path, *, as_json: bool) -> None:
    if as_json:
        import json

        say(json.dumps(result | {"stored": str(place / "review.json")}, indent=2))
        return
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_row("", Text("estimate", style="dim"), Text("95% interval", style="dim"))
    for title, key in (
        ("Labels that are wrong", "noise_rate"),
        ("Suspect labels that are wrong (precision)", "precision"),
        ("Wrong labels that are suspect (recall)", "recall"),
    ):
        known = result[key]
        value = "-" if known["value"] is None else f"{known['value']:.1%}"
        span = "-" if known["low"] is None else f"{known['low']:.1%} to {known['high']:.1%}"
        table.add_row(title, Text(value, style="bold", justify="right"), Text(span))
    looked = f"{result['reviewed']:,} of {result['rows']:,} labels were looked at"
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(Text.assemble((" REVIEW ", "bold reverse"), "  ", (printable(result["name"]), "bold")))
        console.print(Text(f"{looked}."))
        console.print(Padding(table, (1, 0, 1, 2)))
        for line in _notes(result):
            console.print(Text(line))
        console.print(Text(_verdict(result)))
        console.print(f"Stored:  {printable(str(place / 'review.json'))}", markup=False, soft_wrap=True)
        if result["task"] == "classification":  # the gate judges a numeric label by other figures
            console.print("To let the gate decide by it, say in audit.yaml:")
            console.print(f"  label_noise: {{review: {_yaml(file)}}}", markup=False, soft_wrap=True)
    say(captured.get().rstrip("\n"))


def _notes(result: dict[str, Any]) -> list[str]:
    notes = []
    if unsure := result["unsure"] - result["skipped"]:
        notes.append(f"{unsure:,} could not be told: the bounds hold whether they are right or wrong.")
    if skipped := result["skipped"]:
        notes.append(f"{skipped:,} were passed over, and count as if they could not be told.")
    if result["unsure"] > _MANY * result["reviewed"]:
        notes.append("That widens the bounds: settle these rows first.")
    if unread := result["unread"]:
        notes.append(f"{unread:,} of the sample were not looked at; filling them in narrows the bounds.")
    return notes


def _verdict(result: dict[str, Any]) -> str:
    rate, limit = result["noise_rate"], result["max_share"]
    tolerated = f"the tolerated {limit:.1%} (label_noise.max_share)"
    if rate["high"] <= limit:
        return f"The whole interval lies within {tolerated}."
    if rate["low"] > limit:
        return f"The whole interval lies above {tolerated}."
    return f"The interval holds {tolerated}: more rows would tell."


def _yaml(file: Path) -> str:
    import json

    # JSON's strings are YAML's.
    return json.dumps(printable(str(file.resolve())), ensure_ascii=False)
