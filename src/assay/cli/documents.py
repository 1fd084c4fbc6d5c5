"""`assay documents`: what regulators and users of data ask for, made from a past audit.

There is no `from __future__ import annotations`: typer reads the annotations.
"""

import datetime as dt
import hashlib
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.ending import ending, say
from assay.errors import ConfigurationError, StorageError

if TYPE_CHECKING:
    from assay.config import AuditConfig


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
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace documents that say something else; else they are kept.")
    ] = False,
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
        given = {} if config is None else _given(config, document)
        built = build_documents(document, [name.value for name in only] if only else NAMES, **given)
        own = place / FOLDER
        for file in write_documents(built, own if out is None else out, replace=replace or out is not None):
            say(f"Wrote {file}")


def _given(file: Path, document: dict[str, Any]) -> dict[str, Any]:
    """What people say in a configuration of the audited dataset, and where they say it."""
    from assay.config_file import load_config

    config = load_config(file)
    if wrong := _differences(config, document):
        raise ConfigurationError([*wrong, f"{file} is not the configuration of this audit. Name the one that is."])
    said_in = {
        "source": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
    }
    return {"facts": config.documents.model_dump(mode="json"), "facts_from": said_in}


def _differences(config: "AuditConfig", document: dict[str, Any]) -> list[str]:
    """In what a configuration is not about the dataset of an audit; sentences."""
    roles, before = document["dataset"]["roles"], document["manifest"].get("config") or {}
    pairs = {
        "name": (document["name"], config.dataset_name),
        "label": (roles["label"], config.label),
        "positive": (before.get("positive"), config.positive),
        "sensitive": (sorted(roles["sensitive"]), sorted(feature.label for feature in config.sensitive)),
    }
    return [f"`{key}` must be {old!r}, got {new!r}." for key, (old, new) in pairs.items() if old != new]
