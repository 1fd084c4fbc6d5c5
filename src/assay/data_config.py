"""Where the data are and how to read them: the section `data` of the configuration."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_serializer,
    model_validator,
)

# Texts that programs write for "missing" and that hardly mean anything else. "None" is not among them: it is an
# answer too often ("None" for other debtors), and DQ004 tells of it.
DEFAULT_MISSING = frozenset(
    {
        "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan", "NULL", "null",
        "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
    }
)  # fmt: skip
# In place of a column's name: every column but the id.
ANY_COLUMN = "*"
_URL = re.compile(r"\w[\w+.-]+:/")


class Section(BaseModel):
    """Base of all parts of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _as_text(value: object) -> object:
    # YAML reads 1 and true as a number and a boolean; a label is compared as text.
    if isinstance(value, bool | int | float):
        return str(value)
    return value


Text = Annotated[str, BeforeValidator(_as_text)]
Texts = tuple[Text, ...]


def _form_of_missing(value: object) -> str:
    return "by_column" if isinstance(value, dict) else "list"


def hide_secrets(connection: str) -> str:
    """Scheme, user, host and database of a connection URL: what may stand in a report or an error message.

    Every parameter is dropped, and whatever stands before the last "@" is the user and a hidden password. Where it
    cannot be told whether a text is part of a password, it is hidden.

    Examples
    --------
    >>> hide_secrets("postgresql://u:p@SS@host/db?password=x")
    'postgresql://u:***@host/db'
    >>> hide_secrets("mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3Dy")
    'mssql+pyodbc:///'
    """
    scheme, mark, rest = connection.partition("://")
    if not mark:
        return connection if re.fullmatch(r"(\$\{\w+\})*", connection) else "***"
    address, _, parameters = rest.partition("?")
    if address.startswith("/"):  # no user and no host, as SQLite has none
        return f"{scheme}://{address.partition(';')[0]}"
    account, at, place = address.rpartition("@")
    if not at and "@" in parameters:  # a password with a question mark in it, or a parameter with an "@"
        place = re.sub(":.*", ":***", place, flags=re.DOTALL)
    user, colon, _ = account.partition(":")
    return f"{scheme}://{user}{':***' if colon else ''}{at}{place.partition(';')[0]}"


class DataConfig(Section):
    """Where the data are and how to read them."""

    path: Path | None = Field(None, description="File, or directory of Parquet files, relative to this file.")
    connection: str | None = Field(
        None, description="SQLAlchemy URL of a database; ${NAME} is replaced from the environment."
    )
    query: str | None = Field(None, description="SQL query whose result is the dataset; needs `connection`.")
    table: str | None = Field(
        None,
        min_length=1,
        description="Table or view that is the dataset, in place of `query`: a name, or `schema.name`.",
    )
    format: Literal["csv", "tsv", "parquet", "jsonl", "feather", "excel"] | None = Field(
        None, description="Format of the file; by default told from its name."
    )
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="Field delimiter of a CSV file; by default detected."
    )
    encoding: str = Field("utf-8", description="Text encoding of a CSV or JSON Lines file.")
    decimal: Literal[".", ","] = Field(".", description="Decimal mark of the numbers in a CSV file.")
    thousands: str | None = Field(
        None, min_length=1, max_length=1, description="Mark between the thousands of the numbers in a CSV file."
    )
    header: bool = Field(True, description="Whether the first line of a CSV file names the columns.")
    names: tuple[Text, ...] | None = Field(None, description="Column names of a file without a header.")
    missing: Annotated[
        Annotated[Texts, Tag("list")] | Annotated[dict[Text, Texts], Tag("by_column")],
        Discriminator(_form_of_missing),
    ] = Field(
        (), description="Texts and numbers that mean 'missing': a list for all columns but the id, or lists by column."
    )
    default_missing: bool = Field(
        True, description="Whether NA, N/A, NaN, null and their like mean 'missing'; the empty cell always does."
    )
    sheet: str | None = Field(None, description="Sheet of an Excel file; by default the first.")

    @field_serializer("connection")
    def _hide_password(self, connection: str | None) -> str | None:
        # What is serialised ends in reports, manifests and the Prefect UI.
        return connection and hide_secrets(connection)

    @property
    def has_source(self) -> bool:
        """Whether it says where the data are; it need not where they are a frame in Python."""
        return self.path is not None or self.connection is not None

    def missing_in(self, column: str, *, is_id: bool = False) -> frozenset[str]:
        """Texts that mean "missing" in a column; in the id only those that are given for it by name."""
        by_column = self.missing if isinstance(self.missing, dict) else {ANY_COLUMN: self.missing}
        of_any = () if is_id else by_column.get(ANY_COLUMN, ())
        stated = {text.strip() for text in (*of_any, *by_column.get(column, ()))}
        return frozenset(stated | DEFAULT_MISSING if self.default_missing else stated)

    @model_validator(mode="after")
    def _one_source(self, info: ValidationInfo) -> DataConfig:
        asked = [text for text in (self.query, self.table) if text is not None]
        if len(asked) > 1:
            raise ValueError("Exactly one of `query` and `table` must be given with `connection`.")
        if bool(asked) != (self.connection is not None):
            raise ValueError("`connection` and one of `query` and `table` must be given together.")
        is_file = bool((info.context or {}).get("needs_source"))
        if (self.path is not None and asked) or (is_file and not self.has_source):
            raise ValueError("Exactly one of `path`, `query` and `table` must be given.")
        if self.path is not None and _URL.match(str(self.path)):
            # Without the value: it may hold a password.
            raise ValueError(
                "`path` must be a file, got a URL: a database is given as `connection` and `query` or `table`."
            )
        if self.names is not None and self.header:
            raise ValueError("`names` is for a file without a header: set `header: false`.")
        return self
