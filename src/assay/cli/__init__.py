"""The command line: one command a function here, or a module beside this one.

Only what `assay --help` needs is imported here; the rest is imported when a command needs it. There is no
`from __future__ import annotations`: typer reads the annotations.
"""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.accept import accept
from assay.cli.attestation import sign, verify
from assay.cli.ci import CI, Telling
from assay.cli.diff import diff
from assay.cli.documents import documents
from assay.cli.ending import EXIT_CODES, ending
from assay.cli.history import history
from assay.cli.progress import Display
from assay.cli.prune import prune
from assay.cli.recount import recount
from assay.cli.report import index, report
from assay.cli.review import review
from assay.cli.rows import rows
from assay.cli.serve import serve
from assay.cli.suite import suite
from assay.cli.unobeyed import nothing_obeyed
from assay.cli.validate import validate
from assay.errors import HistoryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.config import AuditConfig
    from assay.known import Answer

__all__ = ["app", "main"]

app = typer.Typer(
    help="Audits a dataset before a model is trained on it, and says, with evidence, whether to train.",
    epilog="Exit codes: 0 pass, 1 reject, 2 a mistake in the configuration or the data, 3 undecided, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

AuditFile = Annotated[
    Path, typer.Argument(metavar="AUDIT.yaml", help="Configuration of the audit.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print the verdict as JSON on standard output, and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors; the exit code is the verdict.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the log, and the traceback of an error.")]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Audit again, even where nothing has changed since the last audit.")
]
Deep = Annotated[
    bool, typer.Option("--deep", help="Ask every question of model health, also what takes longer than the training.")
]
Folder = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FOLDER", help="Folder of the audits, in place of the configured one."),
]


def main() -> None:
    """Run the command line."""
    # As Ctrl-C does: what is half written is removed on the way out. CI systems and schedulers stop jobs so.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(128 + signal.SIGTERM))
    with nothing_obeyed():  # the parser's own messages too
        app()


def _print_version(wanted: bool) -> None:
    if wanted:
        from assay import __version__

        typer.echo(f"assay {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    pass


@app.command()
def init(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="File with the dataset.", show_default=False)],
    *,
    label: Annotated[
        str, typer.Option(metavar="COLUMN", help="Column that a model would predict.", show_default=False)
    ],
    sensitive: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Sensitive feature; may be given several times.")
    ] = None,
    positive: Annotated[str | None, typer.Option(metavar="VALUE", help="The favourable label.")] = None,
    id_: Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Column that identifies a row.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="AUDIT.yaml", help="File or folder to write; by default beside DATA."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    verbose: Verbose = False,
) -> None:
    """Write a first audit.yaml and a first expectation suite for a dataset."""
    with ending(verbose=verbose):
        from assay.cli.verdict import show_first_config
        from assay.first_config import write_first_config

        written = write_first_config(
            data, label=label, sensitive=sensitive or (), positive=positive, id=id_, folder=output, force=force
        )
        show_first_config(written)


@app.command()
def run(
    audit: AuditFile,
    *,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    output: Folder = None,
    fresh: Fresh = False,
    deep: Deep = False,
) -> None:
    """Audit a dataset as a Prefect flow, which the Prefect UI shows.

    The run goes to the server at PREFECT_API_URL, or without one to an embedded server.
    """

    def through_prefect(config: "AuditConfig", display: Display) -> "Answer":
        # Not found by the type checker in the checkout, where the package lies in pipelines/.
        from assay.pipelines import run_flow  # type: ignore[import-not-found,unused-ignore]

        answer: Answer = run_flow(
            config, stage=display.stage, progress=display.progress, quiet=not verbose, fresh=fresh
        )
        return answer

    with ending(verbose=verbose):
        _audit(audit, through_prefect, json=json, quiet=quiet, output=output, deep=deep)


@app.command()
def gate(
    audit: AuditFile,
    *,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    output: Folder = None,
    save: Annotated[bool, typer.Option("--save/--no-save", help="Whether to write the audit to its folder.")] = True,
    fresh: Fresh = False,
    deep: Deep = False,
    ci: Annotated[
        CI, typer.Option(help="CI system to speak to: github prints annotations and writes the step's summary.")
    ] = CI.AUTO,
    comment: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a Markdown comment for a pull request, to be updated in place."),
    ] = None,
    ci_files: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write junit.xml, report.sarif and report.md of the answer to here."),
    ] = None,
) -> None:
    """Make the same audit in this process, without Prefect: the gate in front of a training."""

    def in_process(config: "AuditConfig", display: Display) -> "Answer":
        from assay.known import Answer, known_answer
        from assay.store import check_writable

        if not fresh and (known := known_answer(config)) is not None:
            return known
        if save:
            check_writable(config.output.folder)
        from assay.auditing import run_audit

        report = run_audit(config, stage=display.stage, progress=display.progress)
        place = display.stage("report", report.save, config.output.folder) if save else None
        return Answer(report.to_dict(), place)

    telling = Telling(ci, comment=comment, files=ci_files, as_text=not (quiet or json))
    with ending(verbose=verbose, in_ci=ci.is_github), telling.about(audit):
        _audit(audit, in_process, json=json, quiet=quiet, output=output, deep=deep, tell=telling.tell)


@app.command()
def show(
    audit: Annotated[
        str, typer.Argument(metavar="RUN", help="Directory, id or beginning of an id of an audit, or latest.")
    ] = "latest",
    *,
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the audits.")] = Path("audits"),
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show the verdict of a past audit. The exit code says whether it was found, not what it says."""
    with ending(verbose=verbose):
        from assay.cli.verdict import show_verdict
        from assay.store import find_audit, read_audit

        place = find_audit(audit, folder)
        show_verdict(read_audit(place), place, as_json=json)


app.command()(accept)
app.command()(diff)
app.command()(history)
app.command()(prune)
app.command()(recount)
app.command()(review)
app.command()(validate)
app.command()(rows)
app.command()(serve)
app.command()(report)
app.command()(index)
app.command()(documents)
app.command()(sign)
app.command()(verify)
app.add_typer(suite, name="suite")


def _audit(
    file: Path,
    work: "Callable[[AuditConfig, Display], Answer]",
    *,
    json: bool,
    quiet: bool,
    output: Path | None,
    deep: bool,
    tell: "Callable[[dict[str, Any], Path | None], None] | None" = None,
) -> None:
    """Audit what `file` says in the way of `work`, show and tell the verdict, and exit with its code."""
    from assay.config_file import load_config

    config = load_config(file)
    if output is not None:
        place = config.output.model_copy(update={"folder": output.resolve()})
        config = config.model_copy(update={"output": place})
    if deep:
        config = config.model_copy(update={"health": config.health.model_copy(update={"deep": True})})
    with Display(quiet=quiet) as display:
        answer, mistake = _answer(work, config, display)
    if not quiet:
        from assay.cli.verdict import show_verdict

        show_verdict(answer.document, answer.place, as_json=json, known=answer.known)
    if tell is not None:
        tell(answer.document, answer.place)
    if mistake is not None:
        raise mistake
    raise typer.Exit(EXIT_CODES[answer.verdict])


def _answer(
    work: "Callable[[AuditConfig, Display], Answer]", config: "AuditConfig", display: Display
) -> "tuple[Answer, HistoryError | None]":
    """The answer of `work`; with the error where the audit was stored, and only the history was not."""
    try:
        return work(config, display), None
    except HistoryError as error:
        if error.audit is None:
            raise
        from assay.known import Answer
        from assay.store import read_audit

        return Answer(read_audit(error.audit), error.audit), error
