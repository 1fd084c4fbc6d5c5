"""What a dataset that nobody has described yet seems to be: its encoding, header, keys, times, missing markers.

Guesses look at values, never at the names of columns; each is told to the user, who checks it.
"""

from __future__ import annotations

import codecs
import gzip
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from assay.errors import InputError
from assay.findings import Severity, Status
from assay.ingest import read_dataset
from assay.ingest.decimal_mark import is_decimal_comma
from assay.ingest.groups import MAX_NUMBER_GROUPS, quartile_edges
from assay.ingest.roles import assign_roles
from assay.ingest.source import format_of
from assay.ingest.targets import chosen_task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assay.config import AuditConfig, SensitiveFeature
    from assay.dataset import Dataset

# A key may have been repeated by mistake; a column that repeats more often than this is no key.
MIN_DISTINCT_KEYS = 0.98
# With fewer rows, most quantities have a value of their own in each row.
MIN_ROWS_FOR_KEYS = 20
# Of the values of a text column, those that read as dates, for it to be one of dates.
MIN_DATES = 0.95
MAX_DATES_READ = 1000
# Without a header the columns are called column_1, column_2, ...
_PLACE = re.compile(r"column_\d+")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")
_ISO_MONTH = re.compile(r"(19|20)\d{2}-(0[1-9]|1[0-2])")
_OTHER_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{4}( .*)?|\d{4}/\d{1,2}/\d{1,2}( .*)?")
_CHUNK = 1 << 20
# The check that finds missing markers.
MARKERS = "DQ004"


@dataclass(frozen=True, slots=True, eq=False)
class FirstGuess:
    """The data as they could be read, and what was guessed on the way.

    Attributes
    ----------
    dataset
        Read under `config`.
    config
        What the audit would be told: the data, the label, the sensitive features, the id and the time.
    notes
        A sentence for each guess.
    """

    dataset: Dataset
    config: AuditConfig
    notes: tuple[str, ...]


def guess(config: AuditConfig) -> FirstGuess:
    """Read the data of a configuration that names little more than them and the label, and guess the rest.

    Raises
    ------
    InputError
        Where the data cannot be read, or cannot be audited with this label and these sensitive features.
    """
    notes: list[str] = []
    dataset, config = _read(config, notes)
    assert config.data is not None
    markers = _missing_markers(dataset, notes)
    if markers:
        config = config.model_copy(update={"data": config.data.model_copy(update={"missing": markers})})
        dataset = read_dataset(config)
    dataset, config = _with_decimal_comma(dataset, config, notes)
    taken = {config.label, config.id, *(feature.column for feature in config.sensitive)}
    free = [name for name in dataset.frame.columns if name not in taken]
    times = times_among(dataset.frame[free])
    time = _time(times, notes)
    keys = [name for name in free if name not in times and looks_like_a_key(dataset.frame[name])]
    key = _key(keys, config.id, notes)
    sensitive = tuple(_binned(dataset.frame[f.column], f, notes) for f in config.sensitive)
    task = _task(dataset, config)
    config = config.model_copy(update={"id": key, "time": time, "sensitive": sensitive, "task": task})
    _note_what_is_open(dataset, config, notes)
    # Ids and times were features when the data were read, and are none any more.
    described = replace(dataset, roles=assign_roles(config, dataset.frame))
    return FirstGuess(described, config, tuple(notes))


def _read(config: AuditConfig, notes: list[str]) -> tuple[Dataset, AuditConfig]:
    """Read the data; where they are text in another encoding or without a header, with that said."""
    assert config.data is not None
    data = config.data
    assert data.path is not None
    is_text = format_of(data.path) in ("csv", "tsv", "jsonl")
    if is_text and (encoding := guess_encoding(data.path)) != data.encoding:
        data = data.model_copy(update={"encoding": encoding})
        notes.append(f"The file is not UTF-8 text; {encoding} was guessed. Check that names with accents read well.")
    config = config.model_copy(update={"data": data})
    try:
        return read_dataset(config), config
    except InputError as error:
        columns = [config.label, *(feature.column for feature in config.sensitive)]
        if not all(_PLACE.fullmatch(name) for name in columns):
            raise InputError([*error.problems, *_place_hint(error)]) from error
        data = data.model_copy(update={"header": False})
        notes.append(
            "The first line was taken for data, not for a header, because the label is named by its place. "
            "Give the columns names under `data.names`."
        )
        config = config.model_copy(update={"data": data})
        return read_dataset(config), config


def _with_decimal_comma(dataset: Dataset, config: AuditConfig, notes: list[str]) -> tuple[Dataset, AuditConfig]:
    """The data read with a decimal comma, where all numbers of a text file are written so."""
    assert config.data is not None
    assert config.data.path is not None
    if format_of(config.data.path) not in ("csv", "tsv"):
        return dataset, config
    comma, thousands = is_decimal_comma(dataset.frame)
    if not comma:
        return dataset, config
    marks = {"decimal": ",", "thousands": "." if thousands else None}
    config = config.model_copy(update={"data": config.data.model_copy(update=marks)})
    notes.append(
        "The numbers of the file are written with a decimal comma: see `data.decimal`."
        + (" Points stand between the thousands: see `data.thousands`." if thousands else "")
    )
    return read_dataset(config), config


def _place_hint(error: InputError) -> list[str]:
    if not any("is not in the data" in problem for problem in error.problems):
        return []
    return ["If the first line of the file is not a header, name the columns by their place: `--label column_3`."]


def guess_encoding(path: Path) -> str:
    """utf-8 where the whole file is, utf-16 where its mark says so, else cp1252 (or latin-1); for text files only."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            start = file.read(_CHUNK)
            if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return "utf-16"
            if b"\x00" in start:
                return "utf-8"  # no text: the reader says what it is
            possible = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "cp1252")}
            chunk = start
            while chunk and possible:
                possible = {name: reader for name, reader in possible.items() if _decodes(reader, chunk)}
                chunk = file.read(_CHUNK)
    except (OSError, EOFError):
        return "utf-8"  # the reader names the trouble
    return next(iter(possible), "latin-1")


def _decodes(reader: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    try:
        reader.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _missing_markers(dataset: Dataset, notes: list[str]) -> tuple[str, ...]:
    """Markers that can mean nothing else; the doubtful ones are only told."""
    found: dict[str, list[str]] = {}
    for finding in dataset.findings:
        if finding.code == MARKERS and finding.evidence is not None and finding.evidence.table is not None:
            for marker, _ in finding.evidence.table.rows:
                found.setdefault(str(marker), []).append(", ".join(finding.subject.columns))
    for marker, columns in found.items():
        where = ", ".join(f"'{name}'" for name in columns)
        if _is_punctuation(marker):
            notes.append(f"'{marker}' was taken to mean 'missing' (found in {where}): see `data.missing`.")
        else:
            notes.append(
                f"'{marker}' may mean 'missing' in {where}; if it does, add it to `data.missing`. It was left alone, "
                "because it could be an answer."
            )
    return tuple(marker for marker in found if _is_punctuation(marker))


def _is_punctuation(marker: str) -> bool:
    return not any(character.isalnum() for character in marker) and marker != "(blank)"


def looks_like_dates(values: pd.Series[Any]) -> bool:
    """Whether a column holds dates: by its type, or because nearly all of its texts are written as dates are."""
    if values.dtype.kind == "M":
        return True
    if values.dtype.kind in "iufb":
        return False
    words = values.dropna().drop_duplicates().head(MAX_DATES_READ)
    if not len(words):
        return False
    iso = sum(_is_date(word, _ISO_DATE, {"format": "ISO8601"}) for word in words)
    other = sum(_is_date(word, _OTHER_DATE, None) for word in words)
    months = sum(_is_date(word, _ISO_MONTH, None) for word in words)
    return max(iso, other, months) >= MIN_DATES * len(words)


def times_among(frame: pd.DataFrame) -> list[str]:
    """Columns of dates that may say when a row arose; columns of months (YYYY-MM) only where there is none of days."""
    dates = [name for name in frame.columns if looks_like_dates(frame[name])]
    days = [name for name in dates if not _are_months(frame[name])]
    return days or dates


def _are_months(values: pd.Series[Any]) -> bool:
    present = values.dropna()
    months = present.astype(str).str.fullmatch(_ISO_MONTH.pattern)
    return present.dtype.kind != "M" and bool(months.mean() >= MIN_DATES)


def _is_date(word: object, pattern: re.Pattern[str], reading: dict[str, Any] | None) -> bool:
    if not isinstance(word, str) or not pattern.fullmatch(word):
        return False
    return reading is None or not pd.isna(pd.to_datetime(word, errors="coerce", **reading))


def looks_like_a_key(values: pd.Series[Any]) -> bool:
    """Whether a column seems made to tell rows apart: short words, serial numbers, or long numbers of one width.

    A handful of repetitions is let through: repeated keys are what an audit should find.
    """
    distinct = values.nunique()
    if len(values) < MIN_ROWS_FOR_KEYS or values.isna().any() or distinct < MIN_DISTINCT_KEYS * len(values):
        return False
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        serial = high - low < 2 * distinct
        long = low >= 10**6 and len(str(low)) == len(str(high))
        return serial or long
    return values.dtype.kind not in "fbM" and not values.str.contains(r"\s", regex=True).any()


def _key(keys: Sequence[str], given: str | None, notes: list[str]) -> str | None:
    others = list(keys) if given else list(keys[1:])
    if not given and keys:
        notes.append(f"Column '{keys[0]}' was taken for the id, because (nearly) every row has its own value.")
    notes += [
        f"Column '{name}' also tells nearly every row apart; if it is an id too, list it under `ignore`."
        for name in others
    ]
    return given or (keys[0] if keys else None)


def _time(times: Sequence[str], notes: list[str]) -> str | None:
    if len(times) == 1:
        notes.append(f"Column '{times[0]}' was taken for the time when a row arose, because it holds dates.")
        return times[0]
    if times:
        listed = ", ".join(f"'{name}'" for name in times)
        notes.append(f"Columns {listed} hold dates: name the one that says when a row arose as `time`.")
    return None


def _task(dataset: Dataset, config: AuditConfig) -> str:
    """What the label is; "auto" where it can be nothing but a class."""
    return chosen_task(dataset.frame[config.label], dataset.target) or config.task


def _binned(values: pd.Series[Any], feature: SensitiveFeature, notes: list[str]) -> SensitiveFeature:
    """A quantity with its quartiles as the edges of its groups, stated, so that they can be changed."""
    if values.dtype.kind not in "iuf" or values.nunique() <= MAX_NUMBER_GROUPS:
        return feature
    notes.append(
        f"Sensitive feature '{feature.label}' is a number and was cut at its quartiles; choose bins that mean "
        "something to the people concerned."
    )
    return feature.model_copy(update={"bins": quartile_edges(values.dropna().to_numpy())})


def _note_what_is_open(dataset: Dataset, config: AuditConfig, notes: list[str]) -> None:
    told = [f for f in dataset.findings if f.status is Status.FAILED and f.severity is not Severity.INFO]
    notes += [f"{finding.message} {finding.remedy}".strip() for finding in told if finding.code != MARKERS]
    labels = dataset.labels
    if config.positive is None and labels.positive is not None:
        notes.append(
            f"'{labels.classes[labels.positive]}' is treated as the favourable label, because it comes last in "
            "sorted order; state `positive`."
        )
    if dataset.target is not None:
        notes.append(
            f"Label '{config.label}' was taken for a number to predict, because its values are many; make classes of "
            "it in a new column if a model would predict those."
        )
    if config.task == "classification":
        notes.append(
            f"Label '{config.label}' is a number, and each of its {len(labels.classes):,} values will be learned as a "
            "class of its own; if a model would predict the number, set `task: regression`."
        )
    if not config.sensitive:
        notes.append("No sensitive feature is named, so that fairness is not assessed: name some under `sensitive`.")
