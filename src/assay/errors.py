"""What can go wrong, and whose turn it is to act.

AssayError
├── ConfigurationError   the audit.yaml or the arguments are wrong      exit code 2
├── InputError           the data cannot be read or cannot be audited   exit code 2
├── ContractError        a value handed to a stage breaks its contract  exit code 2
├── StorageError         an audit cannot be written or found again      exit code 2
│   └── HistoryError     the history cannot be read or written          exit code 2
└── GateRejected         the verdict is not `pass`; carries the report  exit code 1 or 3

A message names the offender, the rule it breaks, and the remedy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class AssayError(Exception):
    """Base of every error that Assay raises on purpose."""


class _ManyProblemsError(AssayError):
    """An error that names all offenders at once, not only the first.

    Parameters
    ----------
    problems
        One sentence each.
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class ConfigurationError(_ManyProblemsError):
    """The configuration is wrong; nothing was read, trained or written."""


class InputError(_ManyProblemsError):
    """The data cannot be read, or cannot be audited in the roles that they were given."""


class ContractError(_ManyProblemsError):
    """A value handed to a stage breaks the contract at its door."""


class StorageError(AssayError):
    """An audit cannot be written, or a stored one cannot be found or read."""


class HistoryError(StorageError):
    """The history of the audits cannot be read or written; the audits themselves are as they were.

    Attributes
    ----------
    audit
        Directory of the audit that was stored before, and is not in the history; None where there is none.
    """

    def __init__(self, message: str, *, audit: Path | None = None) -> None:
        self.audit = audit
        super().__init__(message)


class GateRejected(AssayError):  # noqa: N818 -- a verdict, not a malfunction
    """The gate did not answer `pass`.

    Attributes
    ----------
    verdict
        "reject" or "undecided".
    reasons
        The messages of the findings that made it so, most severe first.
    findings
        These findings as `report.json` has them; empty where only the messages are known.
    place
        Directory of the audit; None where it was not saved.
    """

    def __init__(
        self,
        verdict: str,
        reasons: Sequence[str],
        *,
        findings: Sequence[dict[str, Any]] = (),
        place: Path | None = None,
    ) -> None:
        self.verdict = verdict
        self.reasons = tuple(reasons)
        self.findings = tuple(findings)
        self.place = place
        super().__init__(f"The audit's verdict is {verdict}: " + "; ".join(self.reasons))
