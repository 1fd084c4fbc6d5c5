"""`assay suite infer`: an expectation suite from data, which keeps what a person changed in it.

There is no `from __future__ import annotations`: typer reads the annotations.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.ending import ending, printable, say

if TYPE_CHECKING:
    from assay.inferring import Inferred

# Rules of one fate that are listed by name.
_LISTED = 10

suite = typer.Typer(
    help="Write expectation suites from data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@suite.callback()
def _group() -> None:
    # With one command only, typer would take it for the group itself.
    pass


@suite.command()
def infer(
    reference: Annotated[
        Path | None,
        typer.Argument(metavar="REFERENCE", help="File with rows as they should be.", show_default=False),
    ] = None,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="SUITE.json", help="File to write; by default in expectations/ beside REFERENCE."
        ),
    ] = None,
    label: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column that a model would predict.")] = None,
    sensitive: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Sensitive feature; may be given several times.")
    ] = None,
    id_: Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Column that identifies a row.")] = None,
    batch_rows: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Rows of the batches to be held against it; by default the reference's."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="AUDIT.yaml", help="Configuration that says how to read the data, and the roles."),
    ] = None,
    other: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="TABLE",
            help="CSV or Parquet file that columns may refer to by its key; may be given several times.",
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what a person did to the file.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")] = False,
) -> None:
    """Infer an expectation suite from data, with tolerances at which it hardly ever alarms falsely.

    Rules that were changed, deleted or added by hand in an existing file stay as they are.
    """
    with ending(verbose=verbose):
        from assay.inferring import write_inferred_suite

        inferred = write_inferred_suite(
            reference,
            output=output,
            label=label,
            sensitive=sensitive or (),
            id=id_,
            batch_rows=batch_rows,
            config_file=config,
            others=other or (),
            fresh=fresh,
        )
        _show(inferred, as_json=json)


def _show(inferred: "Inferred", *, as_json: bool) -> None:
    update = inferred.update
    calibration = update.suite["meta"]["assay"]["inference"]
    fates = {
        "new": update.new,
        "changed": update.changed,
        "as before": update.same,
        "no longer proposed": update.gone,
        "edited by hand, kept": update.edited,
        "added by hand, kept": update.added,
        "deleted by hand, not proposed again": update.deleted,
    }
    if as_json:
        import json

        keys = ("new", "changed", "same", "gone", "edited", "added", "deleted")
        rules = {key: list(keys_of) for key, keys_of in zip(keys, fates.values(), strict=True)}
        say(json.dumps({"suite": str(inferred.path), "rules": rules, "inference": calibration}, indent=2))
        return
    count = len(update.suite["expectations"])
    lines = [f"Wrote {inferred.path}: {count:,} rules."]
    if inferred.existed:
        lines += [_line(fate, keys) for fate, keys in fates.items() if keys]
    lines += _said(calibration)
    lines += [f"Note: {note}" for note in inferred.notes]
    say("\n".join(printable(line) for line in lines))


def _line(fate: str, keys: tuple[str, ...]) -> str:
    if fate == "as before":
        return f"  {len(keys):,} {fate}"
    more = f" and {len(keys) - _LISTED:,} more" if len(keys) > _LISTED else ""
    return f"  {len(keys):,} {fate}: {'; '.join(keys[:_LISTED])}{more}"


def _said(calibration: dict[str, Any]) -> list[str]:
    """What the splits showed, in words."""
    splits, alarms = calibration["splits"], calibration["alarms"]
    if not splits:
        return ["The reference is too small to be split: the tolerances rest on its counts alone."]
    low, high = calibration["alarm_share_interval"]
    lines = [
        f"Held against fresh rows of the reference, it alarmed in {alarms} of {splits} splits ({low:.0%}-{high:.0%})."
    ]
    for key, what in (("loosened", "Loosened for it"), ("dropped", "Left out for it")):
        if names := calibration[key]:
            lines.append(f"{what}: {'; '.join(names)}.")
    if names := calibration.get("broken_over_time"):
        lines.append(f"The later half of the reference breaks what the earlier one proposes: {'; '.join(names)}.")
    return lines
