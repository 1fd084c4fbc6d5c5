"""Documents of the trees in document_trees.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from document_trees import SCHEMA, make_tree

from assay.documents import build_documents


@pytest.fixture
def build() -> Callable[..., dict[str, Any]]:
    """Build one document of a tree made by hand, which obeys the schema."""

    def one(name: str, *args: Any, tree: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
        made = make_tree(*args, **settings) if tree is None else tree
        document = build_documents(made, [name])[name]
        jsonschema.Draft202012Validator(SCHEMA).validate(document)
        assert document == json.loads(json.dumps(document, allow_nan=False))
        return document

    return one
