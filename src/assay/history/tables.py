"""The tables of a history; docs/history.md says what each column means."""

from __future__ import annotations

import sqlalchemy as sa

# Of the tables below. A history of another version is refused: see `assay.history.database`.
VERSION = 1
# A name that is longer is cut.
NAME_LENGTH = 400

_metadata = sa.MetaData()

version = sa.Table("assay_history", _metadata, sa.Column("version", sa.Integer, nullable=False))

audits = sa.Table(
    "audits",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # Name of the directory of the dataset, and of the audit's directory in it: what a stored audit is known by.
    sa.Column("home", sa.String(255), nullable=False),
    sa.Column("run", sa.String(255), nullable=False),
    # Milliseconds since 1970, but never less than those of the dataset's audit before, whatever the clock says.
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(NAME_LENGTH), nullable=False, index=True),
    sa.Column("created", sa.String(32)),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("identity", sa.String(64)),
    sa.Column("fingerprint", sa.String(64)),
    sa.Column("rows", sa.BigInteger),
    sa.Column("assay", sa.String(64)),
    sa.Column("place", sa.Text, nullable=False),
    sa.UniqueConstraint("home", "run"),
)


def _of_audit() -> sa.Column[int]:
    return sa.Column("audit", sa.Integer, sa.ForeignKey("audits.id", ondelete="CASCADE"), nullable=False, index=True)


findings = sa.Table(
    "findings",
    _metadata,
    _of_audit(),
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("waived", sa.Boolean, nullable=False),
    sa.Column("metric", sa.Text),
    sa.Column("value", sa.Double),
    sa.Column("low", sa.Double),
    sa.Column("high", sa.Double),
)

metrics = sa.Table(
    "metrics",
    _metadata,
    _of_audit(),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column("feature", sa.Text, nullable=False),
    sa.Column("group", sa.Text, nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("low", sa.Double),
    sa.Column("high", sa.Double),
    sa.Column("n", sa.BigInteger),
    # Whether DQ040 told of it, and nobody waived that: such a value says nothing about what is usual.
    sa.Column("unexpected", sa.Boolean, nullable=False),
)


def create(link: sa.Connection) -> None:
    """Make the tables, and note their version."""
    _metadata.create_all(link)
    link.execute(sa.insert(version).values(version=VERSION))
