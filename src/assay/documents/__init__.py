"""Documents that others ask for, filled with what the audit knows and open where only a person can answer.

Each is made from the report's document tree alone, so that a stored audit gives the same documents as a live one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.documents import ai_act, datasheet, local_law_144, model_card
from assay.documents.document import fill
from assay.documents.files import FOLDER, write_documents
from assay.documents.markdown import render_markdown
from assay.documents.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["FOLDER", "NAMES", "build_documents", "list_documents", "render_markdown", "write_documents"]

_FORMS = {module.FORM.name: module.FORM for module in (local_law_144, ai_act, model_card, datasheet)}
NAMES = tuple(_FORMS)


def build_documents(
    document: Mapping[str, Any],
    only: Collection[str] = NAMES,
    *,
    facts: Mapping[str, Any] | None = None,
    facts_from: Mapping[str, str] | None = None,
) -> dict[str, dict[str, Any]]:
    """Build the documents of an audit.

    Parameters
    ----------
    document
        The report's tree: `AuditReport.to_dict()`, or the content of a `report.json`.
    only
        Names of the documents, of `NAMES`.
    facts
        The section `documents` of a configuration in plain values, in place of the audit's own.
    facts_from
        Where `facts` are from: `source` (a file's name), `sha256` of its content, and the `date` on which they were
        given. Each document says so.

    Returns
    -------
    dict
        Name -> document, as `schemas/document.schema.json` describes it. Texts in it are as in the data: a renderer
        has to escape them.
    """
    tree = Tree(document, facts, facts_from)
    return {name: fill(form, tree) for name, form in _FORMS.items() if name in only}


def list_documents(documents: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a report shows of its documents: `name`, `title`, `files`, and the sections `filled`, `partly`, `open`."""
    return [
        {
            "name": name,
            "title": document["title"],
            "files": [f"{FOLDER}/{name}.json", f"{FOLDER}/{name}.md"],
            **document["summary"],
        }
        for name, document in documents.items()
    ]
