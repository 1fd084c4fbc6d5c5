"""`assay documents`: what regulators and users of data ask for, made from a past audit.

There is no `from __future__ import annotations`: typer reads the annotations.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.cli.ending import ending, say
from assay.errors import ConfigurationError, StorageError


class DocumentName(StrEnum):
    """The documents there are; a test holds them equal to `assay.documents.NAMES`, which is too heavy to ask."""

    LOCAL_LAW_144 = "nyc-local-law-144"
    AI_ACT_ARTICLE_10 = "eu-ai-act-article-10"
    MODEL_CARD = "model-card"
    DATASHEET = "datasheet"


def documents(
    audit: Annotated[
        str, typer.Argument(metavar="RUN", help="Directory, id or beginning of an id of an audit, or latest.")
    ] = "latest",
    *,
    only: Annotated[
        list[DocumentName] | None, typer.Option(help="Only this document; may be given several times.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Folder to write to; by default documents/ of the audit."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="AUDIT.yaml", help="Take what people say (documents:) from here, not from the audit."),
    ] = None,
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the audits.")] = Path("audits"),
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")] = False,
) -> None:
    """Write the documents of a past audit, as JSON and Markdown; the data are not needed."""
    with ending(verbose=verbose):
        from assay.documents import FOLDER, NAMES, build_documents, write_documents
        from assay.report.wording import is_audit
        from assay.store import find_audit, read_audit

        place = find_audit(audit, folder)
        document = read_audit(place)
        if not is_audit(document):
            raise StorageError(
                f"{place} must be a whole audit, got one of `assay validate`, which trains nothing. "
                "Name an audit of `assay run` or `assay gate`."
            )
        facts = _facts(config, document) if config is not None else None
        built = build_documents(document, [name.value for name in only] if only else NAMES, facts=facts)
        for file in write_documents(built, out if out is not None else place / FOLDER):
            say(f"Wrote {file}")


def _facts(file: Path, document: dict[str, Any]) -> dict[str, Any]:
    from assay.config_file import load_config

    config, label = load_config(file), document["dataset"]["roles"]["label"]
    if config.label != label:
        raise ConfigurationError(
            f"{file} must be a configuration of this audit, whose label is '{label}', got '{config.label}'. "
            "Name the file that it was made with."
        )
    return config.documents.model_dump(mode="json")
