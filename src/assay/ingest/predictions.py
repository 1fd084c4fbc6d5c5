"""A user's own out-of-sample probabilities: a file with one row for each row of the dataset."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.data_config import DataConfig
from assay.errors import InputError
from assay.ingest.columns import plain_columns, texts
from assay.ingest.names import column_names, nearest, quoted
from assay.ingest.source import format_of, read_source
from assay.results import OutOfSample

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from assay.dataset import Dataset

# Names a row by its position in the data, counted from 0, where no column identifies it.
ROW = "row"
FOLD = "fold"
# What the numbers of folds are stored in ends here.
MAX_FOLDS = 32_767
# Rows that a message names.
_SHOWN_ROWS = 5

_WRITE = "Write it as Parquet, or as CSV in UTF-8, with a header."
_SENTENCE_END = re.compile(r"(?<=\.) (?=[A-Z])")
_SETTING = re.compile(r"\bdata\.[a-z]+|`(header|encoding):")


def read_predictions(path: Path, dataset: Dataset) -> OutOfSample:
    """Read a user's own out-of-sample probabilities for a dataset of N rows and K classes.

    The file has a column for each class, under the name of the class; the dataset's id column or, where there is none
    in the file, the column "row" (position in the data, from 0); and perhaps "fold", the fold that held the row out.
    The order of rows and of columns means nothing. A row without a label may be absent; it is NaN in the result.

    Only the form of the file is checked here: `assay.label_noise.check_contract` looks at the probabilities.

    Parameters
    ----------
    path
        A file of any format that data are read from.
    dataset
        What was predicted.

    Raises
    ------
    InputError
        Where the file cannot be read, or does not name each row and each class of the dataset exactly once. Rows are
        told by position, never by their id.
    """
    if dataset.target is not None:
        raise InputError(
            f"learning.pred_probs must be for a label of classes, got '{dataset.roles.label}', a number. Leave it "
            "out, or make classes of the label."
        )
    table = _read(path, dataset)
    key = _key(dataset, table)
    _check_columns(path, dataset, table, key)
    place = _places(path, dataset, table[key])
    pred_probs = np.full((len(dataset), len(dataset.labels.classes)), np.nan)
    pred_probs[place] = _numbers(path, table[list(dataset.labels.classes)])
    labels = dataset.labels.codes
    folds = np.where(labels >= 0, 0, -1).astype(np.int16)
    if FOLD in table and FOLD not in (key, *dataset.labels.classes):
        folds = _folds(path, table[FOLD], place, labels)
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    known_folds = int(folds.max(initial=-1)) + 1
    # A fold that was not given was not measured either: no member, no epoch, no score.
    return OutOfSample(
        classes=dataset.labels.classes,
        labels=labels,
        pred_probs=pred_probs,
        repeat_probs=pred_probs[None].astype(np.float32),
        folds=folds[None],
        trained=labels >= 0,
        left_out={},
        train_loss=np.empty((0, 0)),
        test_loss=np.empty((0, 0)),
        train_score=np.empty(0),
        test_score=np.empty(0),
        device=f"predictions given by the user: {path.name}",
        details={"predictions": path.name, "sha256": digest, "folds": known_folds if known_folds > 1 else "unknown"},
        given=path.name,
    )


def _read(path: Path, dataset: Dataset) -> pd.DataFrame:
    if not path.is_file():
        beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        what = "a directory" if path.is_dir() else "none"
        raise InputError(
            f"learning.pred_probs must be a file, got {what} at {path}{nearest(path.name, beside) or '.'} Correct it."
        )
    try:
        format_of(path)
    except InputError as error:
        raise InputError(
            f"learning.pred_probs must be a file whose name tells its format, got '{path.name}'. {_WRITE}"
        ) from error
    try:
        frame = read_source(DataConfig(path=path), dataset.roles.id).frame
        return plain_columns(frame.set_axis(column_names(frame.columns), axis=1)).frame
    except InputError as error:
        problems = [f"learning.pred_probs: {_without_settings(problem)} {_WRITE}" for problem in error.problems]
        raise InputError(problems) from error


def _without_settings(problem: str) -> str:
    """The problem without the remedies that name settings of the data: this file has none of its own."""
    first, *rest = _SENTENCE_END.split(problem)
    return " ".join([first, *(sentence for sentence in rest if not _SETTING.search(sentence))])


def _key(dataset: Dataset, table: pd.DataFrame) -> str:
    """Name of the column that says which row is which."""
    return dataset.roles.id if dataset.roles.id is not None and dataset.roles.id in table else ROW


def _check_columns(path: Path, dataset: Dataset, table: pd.DataFrame, key: str) -> None:
    classes, columns = dataset.labels.classes, list(table.columns)
    if not {key, *classes} & set(columns):
        raise InputError(
            f"{path.name} must have a header with {_wanted_key(dataset)} and the classes of '{dataset.roles.label}', "
            f"got none of these among its {len(columns):,} columns: it seems to have no header. Add one."
        )
    # Else what seems to be names may be the first row of a file without a header: no message shows them.
    has_header = key in columns
    problems = []
    if key in classes:
        problems.append(
            f"A column of {path.name} must be either the row's name or a class, got the class '{key}', which is also "
            "the name of the column that identifies rows. Rename one of them in the data."
        )
    if not has_header:
        problems.append(
            f"{path.name} must name its rows: add the column {_wanted_key(dataset)} (position in the data, from 0), "
            "and a header if there is none. Equal length is no proof of equal order."
        )
    known = {key, FOLD, *classes}
    extra = [name for name in columns if name not in known]
    for name in (name for name in classes if name not in columns):
        meant = _meant(name, extra) if has_header else ""
        problems.append(
            f"{path.name} must have a column for each class of '{dataset.roles.label}' under its exact name, got none "
            f"for '{name}'{meant or '.'} Rename or add it; for a class that the model never learned, add zeros."
        )
    if extra:
        named = f": {quoted(extra)}" if has_header else ""
        problems.append(
            f"{path.name} must have no columns but those of the rows, the classes and '{FOLD}', got "
            f"{len(extra):,} more{named}. Drop or rename them; a class that no row has belongs to another dataset."
        )
    if problems:
        raise InputError(problems)


def _wanted_key(dataset: Dataset) -> str:
    return f"the id '{dataset.roles.id}', or '{ROW}'" if dataset.roles.id else f"'{ROW}'"


def _meant(name: str, extra: Sequence[str]) -> str:
    return next((f"; did you mean '{other}'?" for other in extra if other.endswith(name)), nearest(name, extra))


def _places(path: Path, dataset: Dataset, names: pd.Series[Any]) -> npt.NDArray[np.int64]:
    """(M,) position in the dataset of each of the M rows of the file."""
    key = str(names.name)
    if key == dataset.roles.id:
        known = pd.Index(texts(dataset.frame[key]))
        shared = known.duplicated(keep=False) | known.isna()
        if shared.any():
            raise InputError(
                f"Column '{key}' must identify each row for predictions to be matched by it, got {_rows(shared)} of "
                f"the data whose id is missing or shared. Mend the ids, or name rows by '{ROW}' (position, from 0) in "
                f"{path.name}, in place of '{key}'."
            )
    else:
        known = pd.Index([str(row) for row in range(len(dataset))], dtype=object)
    given = pd.Index(texts(names))
    place = np.asarray(known.get_indexer(given), dtype=np.int64)
    absent = dataset.labels.codes >= 0
    absent[place[place >= 0]] = False
    repeated = np.asarray(given.duplicated() & (place >= 0))
    problems = [
        f"{path.name} must {rule}, got {_rows(mask)} {what}. {remedy}"
        for mask, rule, what, remedy in (
            (place < 0, "have rows of the data only", f"of the file with a '{key}' that no row has", _OTHER_DATA),
            (repeated, "have each row once", f"of the file with a '{key}' that an earlier one has", _ONCE),
            (absent, "have every labelled row", "of the data that are not in the file", _ALL),
        )
        if mask.any()
    ]
    if problems:
        raise InputError(problems)
    return place


_OTHER_DATA = "Predict the data that are audited."
_ONCE = "Average repeated predictions to one row each."
_ALL = "Predict them too, each by a model that did not see it."


def _numbers(path: Path, table: pd.DataFrame) -> npt.NDArray[np.float64]:
    wrong = [str(name) for name in table.columns if table[name].dtype.kind not in "iuf"]
    if wrong:
        raise InputError(
            f"{path.name} must have numbers in the columns of the classes, got something else in {quoted(wrong)}. "
            "Write probabilities with a decimal point, and nothing else."
        )
    return table.to_numpy(dtype=np.float64)


def _folds(
    path: Path, given: pd.Series[Any], place: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]
) -> npt.NDArray[np.int16]:
    """(N,) fold of each row, -1 where it has no label."""
    codes, names = pd.factorize(given, sort=True)
    folds = np.full(len(labels), -1, dtype=np.int64)
    folds[place] = codes
    unknown = (folds < 0) & (labels >= 0)
    if unknown.any():
        raise InputError(
            f"Column '{FOLD}' of {path.name} must name the fold that held each row out, got none for {_rows(unknown)} "
            "of the data. Complete it, or drop the column."
        )
    folds[labels < 0] = -1
    if not 2 <= len(np.unique(folds[folds >= 0])) <= MAX_FOLDS:
        raise InputError(
            f"Column '{FOLD}' of {path.name} must name 2 to {MAX_FOLDS:,} folds, got {len(names):,}. With one fold no "
            "row was held out; drop the column where the folds are not known."
        )
    return folds.astype(np.int16)


def _rows(mask: npt.NDArray[np.bool_] | Sequence[bool]) -> str:
    at = np.flatnonzero(mask)
    shown = ", ".join(str(row) for row in at[:_SHOWN_ROWS])
    more = ", ..." if len(at) > _SHOWN_ROWS else ""
    return f"{len(at):,} row{'' if len(at) == 1 else 's'} ({shown}{more}, counted from 0)"
