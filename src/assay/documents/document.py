"""A whole document, as plain JSON values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.documents.section import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assay.documents.section import Section
    from assay.documents.tree import Tree


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of document.

    Attributes
    ----------
    name
        Of its files, and in its schema "assay-<name>/1".
    title
        For a reader.
    source
        What asks for it, with the place where that is published.
    is_not
        What nobody may conclude from it.
    write
        Its sections.
    """

    name: str
    title: str
    source: str
    is_not: tuple[str, ...]
    write: Callable[[Tree], Sequence[Section]]


def fill(form: Form, tree: Tree) -> dict[str, Any]:
    """Write a document: `schema`, `title`, `source`, `is_not`, `audit`, `summary` and `sections`.

    The schema is `schemas/document.schema.json`; `summary` counts the sections that are filled, partly filled, open.
    """
    sections = form.write(tree)
    manifest, dataset = tree.document["manifest"], tree.dataset
    return {
        "schema": f"assay-{form.name}/1",
        "title": form.title,
        "source": form.source,
        "is_not": list(form.is_not),
        "audit": {
            "name": tree.document["name"],
            "source": dataset["source"],
            "fingerprint": dataset["fingerprint"],
            "rows": dataset["rows"],
            "audited": manifest.get("created"),
            "assay": manifest.get("assay"),
            "verdict": tree.document["verdict"],
            "facts": None if tree.given_in is None else dict(tree.given_in),
        },
        "summary": {
            standing.value: sum(section.standing is standing for section in sections) for standing in Standing
        },
        "sections": [section.plain() for section in sections],
    }
