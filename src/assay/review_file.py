"""The two files of a review: a CSV that a person fills in, and beside it a JSON file that says how it was drawn.

The CSV does not say which rows were flagged, nor why. The JSON file is found by the review's id, which each row of the
CSV carries and which is the digest of the JSON file's content: the two cannot be mixed up, whatever they are called.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import json
import math
import os
import re
import secrets
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from assay.errors import InputError, StorageError
from assay.label_noise.review import STRATA, Review, Stratum
from assay.report.rows import neutralise
from assay.review_answers import RIGHT, UNSURE, WRONG, AnswerReader, allowed_words

SCHEMA = "assay-review/1"
ROW, ANSWER, GIVEN, ROW_ID = "review_row", "true_label", "given_label", "row_id"

# A spreadsheet may be told of the delimiter by a line of its own, which it does not show.
_DELIMITER_LINE = re.compile(r'"?sep=[^\r\n]{1,2}\r?\n', re.IGNORECASE)
_HEADER = re.compile(rf'"?{ROW}"?([,;\t])')
_ROW_KEY = re.compile(r"r([0-9a-f]{12})-(\d{1,9})")
_SHOWN_PROBLEMS = 10
_SHOWN_CLASSES = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """How the rows of a review were drawn.

    Attributes
    ----------
    run, name, fingerprint, label
        Directory name of the audit, name and fingerprint of its data, the label column.
    classes
        Names of all classes, or None where the label is a number.
    seed
        Of the draw.
    sizes
        Rows in each of `assay.label_noise.review.STRATA`.
    positions, strata, given
        For each drawn row, in random order: its position in the data, the index of its stratum, its given label.
    """

    run: str
    name: str
    fingerprint: str
    label: str
    classes: tuple[str, ...] | None
    seed: int
    sizes: tuple[int, ...]
    positions: tuple[int, ...]
    strata: tuple[int, ...]
    given: tuple[str, ...]

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits: a digest of everything else."""
        content = json.dumps(asdict(self), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @property
    def keys(self) -> list[str]:
        """What the rows are called in the CSV: no spreadsheet takes it for a number, a date or a formula."""
        return [f"r{self.id}-{number:03d}" for number in range(1, len(self.positions) + 1)]

    @property
    def words(self) -> tuple[str, ...]:
        """Those of `assay.review_answers.WORDS` that may be answered."""
        return allowed_words(self.classes)

    @property
    def answers(self) -> str:
        """What may be answered, in words."""
        if self.classes is None:
            labels = "a number"
        else:
            more = len(self.classes) - _SHOWN_CLASSES
            labels = ", ".join(self.classes[:_SHOWN_CLASSES]) + (f" or {more:,} classes more" if more > 0 else "")
        return f"{labels}; or {', '.join(self.words)}" if self.words else labels


def write_review_files(plan: Plan, rows: pd.DataFrame, place: Path | str) -> tuple[Path, Path]:
    """Write the CSV and the JSON file, each whole or not at all, and return their paths.

    Parameters
    ----------
    plan
        Of n drawn rows.
    rows
        The n rows, in the order of the plan: what a person needs to see of them. It is made safe for spreadsheets
        (see `assay.report.rows.neutralise`).
    place
        The CSV file; or a folder, in which it is then called after the review's id. A text that ends in a separator
        is a folder, which is made where there is none.

    Raises
    ------
    StorageError
        Where it cannot be written, or the CSV exists: it may hold a person's work.
    """
    file = _file_at(place, f"assay-review-{plan.id}.csv")
    if file.exists():
        raise StorageError(f"{file} exists, and may have been filled in. Give another file with --output.")
    first = pd.DataFrame({ROW: plan.keys, ANSWER: "", GIVEN: list(plan.given)})
    table = rows.reset_index(drop=True)
    for position, name in enumerate(first.columns):
        table.insert(position, name, first[name], allow_duplicates=True)
    safe, _ = neutralise(table)
    # The mark at the beginning tells spreadsheets that it is UTF-8.
    text = "\ufeff" + safe.to_csv(index=False, lineterminator="\n")
    document = {"schema": SCHEMA, "id": plan.id, **asdict(plan)}
    side = _side_file(file, plan.id)
    write_text(side, json.dumps(document, ensure_ascii=True) + "\n")
    write_text(file, text)
    return file, side


def read_review(file: Path) -> Review:
    """The second of what `read_plan_and_review` returns."""
    return read_plan_and_review(file)[1]


def read_plan_and_review(file: Path) -> tuple[Plan, Review]:
    """Read a filled CSV, with the JSON file that lies beside it.

    That the JSON file belongs to the CSV is checked by its digest, which finds accidents and no forgery: whoever
    changes the plan can compute the digest anew. See `assay.reviewing.record_review`.

    A row that was left empty before the last filled one, in the order in which the rows were drawn, was passed over:
    it counts as "unsure", since what is passed over is no random choice. Those after it were not looked at.

    Parameters
    ----------
    file
        The CSV, also as a spreadsheet with another delimiter or encoding saves it.

    Raises
    ------
    InputError
        Where either file is missing or damaged, the CSV is of another review, has a row that was not drawn or has one
        twice, or an answer that is not allowed, with all the offending rows (as a spreadsheet counts them); and where
        nothing is filled in.
    """
    table, delimiter = _read_table(file)
    plan = _read_plan(file, table[ROW])
    answers = _answers(plan, table, AnswerReader(plan.classes, delimiter), file)
    order = {key: number for number, key in enumerate(plan.keys)}
    filled = {order[key]: answer for key, answer in answers.items() if answer}
    if not filled:
        raise InputError(f"{file}: column '{ANSWER}' must be filled in, got no answer in any row. Answer some first.")
    looked_at = max(filled) + 1
    counts = Counter((plan.strata[place], filled.get(place, UNSURE)) for place in range(looked_at))
    strata = tuple(
        Stratum(name, size, counts[at, RIGHT], counts[at, WRONG], counts[at, UNSURE])
        for at, (name, size) in enumerate(zip(STRATA, plan.sizes, strict=True))
    )
    review = Review(
        strata,
        run=plan.run,
        fingerprint=plan.fingerprint,
        label=plan.label,
        skipped=looked_at - len(filled),
        unread=len(plan.positions) - looked_at,
    )
    return plan, review


def write_text(file: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    StorageError
        Where it cannot be written.
    """
    partial = file.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        try:
            # What UTF-8 does not have, such as half a surrogate pair, is shown by its code.
            partial.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
            os.replace(partial, file)  # noqa: PTH105 -- replaces on every platform
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"{file} cannot be written: {error.strerror or type(error).__name__}. Free space, or give another place."
        ) from error


def _file_at(place: Path | str, name: str) -> Path:
    path = Path(place)
    if str(place).endswith(("/", os.sep)):
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise StorageError(
                f"{path} must be a folder that can be written to, got: {reason}. Give another with --output."
            ) from error
    return path / name if path.is_dir() else path


def _side_file(file: Path, review: str) -> Path:
    return file.with_name(f"assay-review-{review}.json")


def _read_table(file: Path) -> tuple[pd.DataFrame, str]:
    """The rows that are not empty, numbered as a spreadsheet counts, and the delimiter of the columns."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(
            f"{file} cannot be read: {error.strerror}. Give the file that `assay review RUN --sample N` wrote."
        ) from error
    text = _decode(content)
    text = text[found.end() :] if (found := _DELIMITER_LINE.match(text)) else text
    header = _HEADER.match(text)
    if header is None:
        raise InputError(
            f"{file} must begin with the columns {ROW}, {ANSWER}, as `assay review RUN --sample N` wrote them, and be "
            'a CSV file. Save the filled table as "CSV UTF-8", with its first line.'
        )
    try:
        table = pd.read_csv(
            io.StringIO(text),
            sep=header[1],
            dtype="str",
            keep_default_na=False,
            skip_blank_lines=False,
            usecols=[ROW, ANSWER],
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(
            f"{file} must be a CSV file with the columns {ROW} and {ANSWER}, got one that is damaged. Save it as "
            '"CSV UTF-8" again.'
        ) from error
    table = table.fillna("").apply(lambda column: column.str.strip())
    table.index = pd.RangeIndex(2, len(table) + 2)  # below the header
    return pd.DataFrame(table[table[ROW].ne("") | table[ANSWER].ne("")]), header[1]


def _decode(content: bytes) -> str:
    """The text of a file, as spreadsheets save it: in UTF-8, in UTF-16 ("Unicode Text") or as the country has it."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _read_plan(file: Path, keys: pd.Series[str]) -> Plan:
    found = {match[1] for key in keys if (match := _ROW_KEY.fullmatch(key))}
    if len(found) != 1:
        what = "rows of several reviews" if found else "none"
        raise InputError(f"{file} must hold the rows of one review, got {what}. Leave the column {ROW} as it was.")
    review = found.pop()
    side = _side_file(file, review)
    try:
        document = json.loads(side.read_text(encoding="utf-8"))
        plan = _plan(document)
    except OSError as error:
        raise InputError(
            f"{side} must lie beside {file.name}, and cannot be read: {error.strerror}. `assay review` wrote them "
            "together: it says how the rows were drawn."
        ) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{side} is damaged: it is no plan of a review. Restore it, or draw a new sample.") from error
    if document.get("schema") != SCHEMA or plan.id != review:
        raise InputError(f"{side} was changed after it was written, or by another version. Restore it, or draw anew.")
    return plan


def _plan(document: Any) -> Plan:
    """A plan from JSON; `ValueError` or `TypeError` where it is none."""
    if not isinstance(document, dict):
        raise TypeError("A plan must be a mapping")
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in document.items()
        if key not in ("schema", "id")
    }
    plan = Plan(**values)
    lists = (plan.sizes, plan.positions, plan.strata, plan.given, plan.classes or ())
    if not all(isinstance(listed, tuple) for listed in lists):
        raise TypeError("These must be lists")
    texts = (plan.run, plan.name, plan.fingerprint, plan.label, *plan.given, *(plan.classes or ()))
    numbers = (plan.seed, *plan.sizes, *plan.positions, *plan.strata)
    if not all(isinstance(text, str) for text in texts) or not all(type(n) is int and n >= 0 for n in numbers):
        raise TypeError("These must be texts, and numbers from 0")
    if plan.classes is None:
        known = all(math.isfinite(float(value)) for value in plan.given)
    else:
        known = set(plan.given) <= set(plan.classes)
    is_sound = (
        known
        and len(plan.sizes) == len(STRATA)
        and len(plan.positions) == len(plan.strata) == len(plan.given)
        and max(plan.strata, default=0) < len(STRATA)
    )
    if not is_sound:
        raise ValueError("A plan must not contradict itself")
    return plan


def _answers(plan: Plan, table: pd.DataFrame, reader: AnswerReader, file: Path) -> dict[str, str]:
    """One of `WORDS`, or "" for an empty cell, for each row of the table."""
    given = dict(zip(plan.keys, plan.given, strict=True))
    answers: dict[str, str] = {}
    problems = []
    for row, key, answer in zip(table.index, table[ROW], table[ANSWER], strict=True):
        if key not in given:
            problems.append(f"row {row} was not drawn: leave the column {ROW} as it was")
        elif key in answers:
            problems.append(f"row {row} repeats an earlier row: keep one of them")
        else:
            verdict = reader.read(answer, given[key])
            if verdict is None and plan.classes is None and reader.is_ambiguous(answer):
                problems.append(
                    f"row {row} must have as {ANSWER} a number that reads in one way, got one whose mark may stand "
                    f"before decimals or between thousands: answer {' or '.join(plan.words)}, or save with commas "
                    "between the columns"
                )
            elif verdict is None:
                problems.append(f"row {row} must have as {ANSWER} one of {plan.answers}")
            answers[key] = verdict or ""
    if problems:
        more = len(problems) - _SHOWN_PROBLEMS
        rest = [f"{file}: and {more:,} more rows like these."] if more > 0 else []
        raise InputError([*(f"{file}: {problem}." for problem in problems[:_SHOWN_PROBLEMS]), *rest])
    return answers
