"""The baseline: findings that a team knew when it began, so that its gate fails on what is new or worse only.

`assay accept` writes the file, `policy.baseline` names it. docs/changes.md says how it is used.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import ConfigDict, Field, FiniteFloat, StringConstraints, ValidationError, model_validator

from assay.data_config import Section
from assay.errors import ConfigurationError
from assay.findings import Status
from assay.shown_text import clean
from assay.utf8 import encodable

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from assay.config import AuditConfig
    from assay.findings import Finding

SCHEMA = "assay-baseline/1"
FILE = "baseline.yaml"
# Problems that a message names; a damaged file may have thousands.
_NAMED = 5
_HEAD = """\
# Findings that were known when this baseline was written. The gate lets them by as long as they are not worse.
# Written by `assay accept`; see docs/changes.md. Keep it under version control beside audit.yaml.
"""
# Several findings of this code may be about one column: each rule of a suite is one.
OF_A_RULE = "DQ100"

Name = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Key = tuple[str, str, str]


class _Part(Section):
    # YAML knows types, so that nothing has to be guessed: `subject: yes` is a mistake and not a column.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Span(_Part):
    """Interval of an accepted figure."""

    low: FiniteFloat
    high: FiniteFloat
    confidence: Annotated[FiniteFloat, Field(gt=0, lt=1)]
    method: str = ""


class Acceptance(_Part):
    """A finding that a person accepted as it was: it does not count until it is worse.

    `rule` and `between` are as of `assay.findings.Finding` and `Evidence`. `rows` is how many it flagged, and `words`
    the digest of its message: what it is held against where it has no figure.
    """

    code: Name
    subject: str
    title: str
    status: Literal["failed", "inconclusive"]
    metric: str | None = None
    value: FiniteFloat | None = None
    interval: Span | None = None
    n: Annotated[int, Field(ge=0)] | None = None
    threshold: FiniteFloat | None = None
    unit: str = ""
    rule: str = ""
    between: Annotated[tuple[str, ...], Field(strict=False)] = ()
    rows: Annotated[int, Field(ge=0)] | None = None
    words: str = ""
    run: str
    created: dt.date
    owner: Name
    reason: Name
    expires: dt.date | None = None

    @property
    def key(self) -> Key:
        """What finding it is about; see `key_of`."""
        return key_of(self.code, self.subject, self.title, self.rule)

    def in_force(self, today: dt.date) -> bool:
        """Whether it counts on a day: up to and including its last."""
        return self.expires is None or today <= self.expires


class Baseline(_Part):
    """The accepted findings of one dataset."""

    schema_: Literal["assay-baseline/1"] = Field(alias="schema")
    name: str
    findings: Annotated[tuple[Acceptance, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Baseline:
        keys = [entry.key for entry in self.findings]
        if twice := {key[0] for key in keys if keys.count(key) > 1}:
            raise ValueError(f"each finding must stand in it once, got one of {', '.join(sorted(twice))} twice")
        return self


def key_of(code: str, subject: str, title: str, rule: str = "") -> Key:
    """What tells a finding from the others of an audit: code and subject, and of an expectation the rule.

    Its title does not name it: conditions and the values of sets are not told. It stands in where no digest is known.
    """
    return code, encodable(subject), (rule or encodable(title)) if code == OF_A_RULE else ""


def finding_key(finding: Finding) -> Key:
    """`key_of` a finding."""
    return key_of(finding.code, str(finding.subject), finding.title, finding.rule)


def is_acceptable(status: str) -> bool:
    """Whether a finding of this status can be accepted: a check that could not run showed nothing to accept."""
    return status in {Status.FAILED, Status.INCONCLUSIVE}


def read_accepted(config: AuditConfig) -> Baseline | None:
    """Read the baseline that a policy names; None where it names none. Raises as `read_baseline`."""
    path = config.policy.baseline
    return read_baseline(path, config.dataset_name) if path is not None else None


def read_baseline(path: Path, name: str | None = None) -> Baseline:
    """Read the baseline of a dataset.

    Parameters
    ----------
    path
        The file.
    name
        Name of the dataset that is audited; None for any.

    Raises
    ------
    ConfigurationError
        Where the file is missing, damaged, or of another dataset. Nothing is accepted then.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{path} must be the baseline (policy.baseline), and is not there. Write it with `assay accept RUN "
            "--reason TEXT --owner NAME`, or drop the key."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise ConfigurationError(f"{path} cannot be read: {reason}. Take it from version control.") from error
    baseline = _parse(text, path)
    if name is not None and baseline.name != name:
        raise ConfigurationError(
            f"{path} must be the baseline of '{clean(name, 80)}', got that of '{clean(baseline.name, 80)}'. Give each "
            "dataset a baseline of its own."
        )
    return baseline


def _parse(text: str, path: Path) -> Baseline:
    again = "Take it from version control, or write it again with `assay accept`."
    try:
        values = yaml.load(text, Loader=_Loader)  # noqa: S506 -- _Loader is a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not a baseline: it is not valid YAML. {again}") from error
    try:
        return Baseline.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        raise ConfigurationError(
            [
                f"{path} is wrong at {'.'.join(map(str, e['loc']))[:80] or 'its top'}: "
                f"{e['msg'].removeprefix('Value error, ')}. {again}"
                for e in found[:_NAMED]
            ]
        ) from error


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice: the second would replace the first without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        if len(set(keys)) < len(keys):
            raise yaml.constructor.ConstructorError(None, None, "a key is given twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


class _Dumper(yaml.SafeDumper):
    """Safe YAML in which an entry stands by itself: no date of one refers to that of another."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _entry(entry: Acceptance) -> dict[str, Any]:
    told = entry.model_dump(exclude_none=True)
    told["between"] = list(entry.between)
    return {name: value for name, value in told.items() if value or name not in {"rule", "between", "words"}}


def baseline_text(baseline: Baseline) -> str:
    """Text of the file, sorted so that a change of one finding is a change of its lines."""
    entries = sorted(baseline.findings, key=lambda entry: entry.key)
    document = {
        "schema": SCHEMA,
        "name": baseline.name,
        "findings": [_entry(entry) for entry in entries],
    }

    def dump(*, allow_unicode: bool) -> str:
        return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=allow_unicode, width=110)

    # Characters that hide or turn the reading direction are written as escapes: the file is read in reviews.
    text = dump(allow_unicode=True)
    return _HEAD + (text if clean(text, len(text) + 1) == text else dump(allow_unicode=False))
