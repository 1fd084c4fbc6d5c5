"""The file of a `FairnessTables`: JSON by the schema "assay-fairness/1", refused wherever no audit could have made it.

A file may come from anywhere. What is read from it is checked to be what `build_tables` makes, so that no figure
rests on a count that nobody counted.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from assay.errors import ContractError
from assay.fairness.counts import SCORE_BINS, Cells
from assay.fairness.stored.tables import FairnessTables, FeatureTable
from assay.small_cells import SMALLEST_CELL

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

SCHEMA = "assay-fairness/1"
_AGAIN = "Take the file as the audit wrote it, or run the audit again."
# Problems that a message names; a damaged file may have thousands.
_NAMED = 5
# Kish's effective number of rows cannot exceed the rows; sums of floats may, by their rounding.
_ROUNDING = 1e-6

Code = Annotated[int, Field(ge=0)]
Rows = Annotated[int, Field(ge=SMALLEST_CELL, le=2**53)]
Weight = Annotated[FiniteFloat, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Counts(_Part):
    """Cells as columns; weights only where the rows have some."""

    group: list[Code]
    y_true: list[Code]
    rows: list[Rows]
    weight: list[Weight] | None = None
    weight_squared: list[Weight] | None = None


class _Cells(_Counts):
    y_pred: list[Code]


class _Scores(_Counts):
    piece: list[Code]


class _Feature(_Part):
    name: str
    columns: list[str] = Field(min_length=1)
    groups: list[str]
    compared: list[bool]
    all_compared: Code
    cells: _Cells
    scores: _Scores | None


class _Settings(_Part):
    tolerance: Annotated[FiniteFloat, Field(gt=0, lt=1)]
    min_ratio: Annotated[FiniteFloat, Field(gt=0, lt=1)]
    min_group_size: Annotated[int, Field(ge=SMALLEST_CELL)]
    confidence: Annotated[FiniteFloat, Field(ge=0.5, lt=1)]
    method: Literal["between_groups", "to_overall"]


class _Tables(_Part):
    schema_: Literal["assay-fairness/1"] = Field(alias="schema")
    fingerprint: str = Field(pattern="^[0-9a-f]{64}$")
    rows: Code
    model: str
    classes: list[str]
    positive: Code | None
    weighted: bool
    smallest_cell: int = Field(ge=SMALLEST_CELL, le=SMALLEST_CELL)
    score_bins: int = Field(ge=SCORE_BINS, le=SCORE_BINS)
    settings: _Settings
    edges: dict[str, list[Code]]
    features: list[_Feature]


def write_tables(tables: FairnessTables) -> str:
    """JSON text of the tables; see `FairnessTables.to_json`."""
    document = {
        "schema": SCHEMA,
        "fingerprint": tables.fingerprint,
        "rows": tables.rows,
        "model": tables.model,
        "classes": list(tables.classes),
        "positive": tables.positive,
        "weighted": tables.weighted,
        "smallest_cell": SMALLEST_CELL,
        "score_bins": SCORE_BINS,
        "settings": dict(tables.settings),
        "edges": {str(label): list(edges) for label, edges in tables.edges.items()},
        "features": [
            {
                "name": table.name,
                "columns": list(table.columns),
                "groups": list(table.groups),
                "compared": table.compared.tolist(),
                "all_compared": table.all_compared,
                "cells": _columns(table.cells, "y_pred", weighted=tables.weighted),
                "scores": None if table.scores is None else _columns(table.scores, "piece", weighted=tables.weighted),
            }
            for table in tables.features
        ],
    }
    # ASCII: a name with half a surrogate pair, which UTF-8 cannot hold, arrives as it is.
    return json.dumps(document, allow_nan=False, separators=(",", ":")) + "\n"


def _columns(cells: Cells, last: str, *, weighted: bool) -> dict[str, list[int] | list[float]]:
    found = {name: key.tolist() for name, key in zip(("group", "y_true", last), cells.keys, strict=True)}
    found["rows"] = cells.rows.tolist()
    if weighted:
        found |= {"weight": cells.weight.tolist(), "weight_squared": cells.weight_squared.tolist()}
    return found


def read_tables(text: str) -> FairnessTables:
    """Tables of a JSON text; see `FairnessTables.from_json`."""
    document = _document(text)
    problems = list(_problems(document))
    if problems:
        more = f" ({len(problems) - _NAMED} more such problems.)" if len(problems) > _NAMED else ""
        raise ContractError(
            [f"The table of counts {problem} {_AGAIN}" for problem in problems[:_NAMED]] + [more] * bool(more)
        )
    return FairnessTables(
        fingerprint=document.fingerprint,
        rows=document.rows,
        model=document.model,
        classes=tuple(document.classes),
        positive=document.positive,
        weighted=document.weighted,
        settings=document.settings.model_dump(),
        edges={int(label): tuple(edges) for label, edges in document.edges.items()},
        features=tuple(
            FeatureTable(
                name=part.name,
                columns=tuple(part.columns),
                groups=tuple(part.groups),
                compared=np.array(part.compared, dtype=bool),
                all_compared=part.all_compared,
                cells=_cells(part.cells, part.cells.y_pred),
                scores=None if part.scores is None else _cells(part.scores, part.scores.piece),
            )
            for part in document.features
        ),
    )


def _document(text: str) -> _Tables:
    try:
        tree = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ContractError(f"The table of counts must be valid JSON, and is not. {_AGAIN}") from error
    schema = tree.get("schema") if isinstance(tree, dict) else None
    if schema != SCHEMA:
        raise ContractError(
            f"The table of counts must have the schema '{SCHEMA}', got {str(schema)[:40]!r}. Read it with the "
            "version of Assay that wrote it, or run the audit again."
        )
    try:
        return _Tables.model_validate(tree)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        raise ContractError(
            [f"The table of counts is wrong at {_place(e['loc'])}: {e['msg']}. {_AGAIN}" for e in found[:_NAMED]]
        ) from error


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _place(steps: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in steps)[:80] or "its top"


def _problems(document: _Tables) -> Iterator[str]:
    """What no audit writes, as the ends of sentences."""
    k = len(document.classes)
    names = [part.name for part in document.features]
    if k < 2 and names:
        yield f"must have two classes or more, got {k}."
    if document.positive is not None and document.positive >= k:
        yield f"must have its positive class among the {k}, got number {document.positive}."
    for what, texts in (("classes", document.classes), ("features", names)):
        if len(set(texts)) < len(texts):
            yield f"must have {what} of different names, got one twice."
    for label, edges in document.edges.items():
        ascending = all(a < b for a, b in pairwise(edges))
        if not ascending or edges[:1] != [0] or edges[-1:] != [SCORE_BINS] or label not in map(str, range(k)):
            yield f"must have edges of a label's scores that ascend from 0 to {SCORE_BINS}."
            return
    for part in document.features:
        # The name may be text of any kind: the message gives the place instead.
        place = f"of feature {names.index(part.name) + 1}"
        yield from (f"{place} {problem}" for problem in _feature_problems(part, document))


def _feature_problems(part: _Feature, document: _Tables) -> Iterator[str]:
    k, groups = len(document.classes), len(part.groups)
    if len(set(part.groups)) < groups:
        yield "must have groups of different names, got one twice."
    if len(part.compared) != groups or sum(part.compared) > part.all_compared:
        yield "must say of each group whether it is compared."
    pieces = {int(label): len(edges) - 1 for label, edges in document.edges.items()}
    tables: list[tuple[str, _Counts, list[int], dict[int, int]]]
    tables = [("cells", part.cells, part.cells.y_pred, dict.fromkeys(range(k), k))]
    if part.scores is not None:
        tables.append(("scores", part.scores, part.scores.piece, pieces))
    for name, counts, last, sizes in tables:
        yield from (
            f"must have {name} {problem}" for problem in _count_problems(counts, last, sizes, groups, document)
        )


def _count_problems(
    counts: _Counts, last: list[int], sizes: dict[int, int], groups: int, document: _Tables
) -> Iterator[str]:
    """What is wrong with the cells of a table: `sizes` has the number of cells of a whole block by label."""
    if any((column is not None) != document.weighted for column in (counts.weight, counts.weight_squared)):
        yield "with weights where the audit has weights, and without where it has none."
        return
    lengths = {len(counts.group), len(counts.y_true), len(counts.rows), len(last)}
    lengths |= {len(column) for column in (counts.weight, counts.weight_squared) if column is not None}
    if len(lengths) > 1:
        yield "in columns of one length."
        return
    keys = list(zip(counts.group, counts.y_true, last, strict=True))
    if any(group >= groups or code >= sizes.get(label, 0) for group, label, code in keys):
        yield "of groups and classes that it names."
        return
    blocks: dict[tuple[int, int], set[int]] = {}
    for group, label, code in keys:
        blocks.setdefault((group, label), set()).add(code)
    if sum(len(block) for block in blocks.values()) < len(last):
        yield "that occur once each."
    if any(len(block) < sizes[label] for (_, label), block in blocks.items()):
        yield "of a group and a label all together, or none."
    if sum(counts.rows) > document.rows:
        yield f"of {document.rows} rows at most, the dataset's."
    if counts.weight is not None and counts.weight_squared is not None:
        # (sum w)^2 <= n sum w^2, by Cauchy and Schwarz.
        triples = zip(counts.weight, counts.rows, counts.weight_squared, strict=True)
        if any(weight * weight > rows * squared * (1 + _ROUNDING) for weight, rows, squared in triples):
            yield "whose weights could be those of so many rows."


def _cells(counts: _Counts, last: list[int]) -> Cells:
    keys = tuple(np.array(column, dtype=np.int64) for column in (counts.group, counts.y_true, last))
    rows = np.array(counts.rows, dtype=np.int64)
    return Cells(keys, rows, _weights(counts.weight, rows), _weights(counts.weight_squared, rows))


def _weights(given: list[float] | None, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return rows.astype(np.float64) if given is None else np.array(given, dtype=np.float64)
