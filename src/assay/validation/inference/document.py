"""An inferred suite as the JSON of Great Expectations, and what becomes of edits when it is inferred again."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.findings import Severity
from assay.validation.inference.rule import columns_of, key_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.validation.inference.rule import Rule

NOTES = "Inferred by Assay from the data as they were. Correct it: you know what must hold. Edits are kept."
_OWN = "assay"
_FINGERPRINTS = "fingerprints"
# Digests of the reasons as they were inferred: a person's own are kept.
_REASONS = "reasons"
_ROLES = "roles"
# What Great Expectations called the type before 1.0.
_OLD_TYPE = "expectation_type"


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """A suite, and how its rules compare with those of the file that it replaces.

    Attributes
    ----------
    suite
        Plain JSON values.
    new, changed, same, gone
        Keys of inferred rules: not there before, otherwise than before, as before, and no longer proposed.
    edited, added, deleted
        What a person did, and what stays so: keys of rules that were changed or written by hand, and of those that
        were taken out and are not proposed again.
    """

    suite: dict[str, Any]
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()


def fingerprint(entry: Mapping[str, Any]) -> str:
    """12 hex digits that change with the type, an argument or the severity of an expectation, and nothing else."""
    kwargs = {key: value for key, value in (entry.get("kwargs") or {}).items() if value is not None}
    return _digest(json.dumps([_type(entry), kwargs, entry.get("severity")], sort_keys=True, ensure_ascii=False))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _type(entry: Mapping[str, Any]) -> Any:
    return entry.get("type") or entry.get(_OLD_TYPE)


def as_entry(rule: Rule) -> dict[str, Any]:
    """A rule as an expectation of a suite; its `meta` says why, and what it rests on."""
    entry = {
        "type": rule.kind,
        "kwargs": dict(rule.kwargs),
        "meta": {"reason": rule.reason, "rule": rule.key, "evidence": dict(rule.evidence)},
        "severity": str(rule.severity),
    }
    # As it will be read again: tuples are lists, and so on.
    plain: dict[str, Any] = json.loads(json.dumps(entry, allow_nan=False))
    return plain


def compose(
    name: str,
    rules: Sequence[Rule],
    calibration: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
    *,
    roles: Mapping[str, Any] | None = None,
) -> Update:
    """The suite of `rules`, with what a person did to the suite `before`.

    An expectation of `before` that is no longer what its fingerprint says is a person's and stays; so does one that
    was never inferred. A fingerprint without an expectation is a person's deletion: the rule is not proposed again.
    What a person changed is marked as edited; unless only the severity was, it has neither the evidence nor the reason
    of the rule that it was: these would be false of it. A reason that a person wrote stays.

    Parameters
    ----------
    name
        Of a new suite; that of `before` is kept.
    rules
        In their order, each key once.
    calibration
        Plain JSON values, kept in the suite's meta.
    before
        The suite as it stands in its file; None to start over.
    roles
        Plain JSON values, kept in the suite's meta for the next inference; see `roles_of`.
    """
    inferred = {rule.key: as_entry(rule) for rule in rules}
    before = before or {}
    known, reasons = _own(before, _FINGERPRINTS), _own(before, _REASONS)
    untouched, edited, added = _sorted_out(before, known)
    edited = {key: _as_edited(entry, known[key], reasons.get(key)) for key, entry in edited.items()}
    own = {_about(entry) for entry in added}
    # Where a person's rule says it already, and nothing was inferred before, it is not said twice.
    taken = {key for key, entry in inferred.items() if key not in known and _about(entry) in own}
    deleted = {key for key in known if key not in untouched and key not in edited}
    proposed = {key: entry for key, entry in inferred.items() if key not in taken and key not in deleted}

    entries = {
        key: edited.get(key, _with_notes(entry, untouched.get(key), reasons.get(key)))
        for key, entry in proposed.items()
    }
    placed = _placed(list(entries.values()), [*(edited[key] for key in edited if key not in entries), *added])
    prints = {key: fingerprint(entry) for key, entry in proposed.items()}
    prints |= {key: known[key] for key in known if key in deleted or (key in edited and key not in proposed)}
    said = {key: _digest(entry["meta"]["reason"]) for key, entry in proposed.items()}
    # Beside an edited rule, the reason to tell a person's from is the one that stood there.
    said |= {key: reasons[key] for key in edited if key in reasons}
    own_meta = {"inference": dict(calibration), _FINGERPRINTS: prints, _REASONS: said, _ROLES: dict(roles or {})}
    changed = [key for key in proposed if key in untouched and known[key] != prints[key]]
    meta = {key: value for key, value in (before.get("meta") or {}).items() if key != _OWN}
    suite = {
        **before,
        "name": before.get("name") or name,
        "expectations": placed,
        "meta": {"notes": NOTES, **meta, _OWN: own_meta},
    }
    return Update(
        suite,
        new=tuple(key for key in proposed if key not in known),
        changed=tuple(changed),
        same=tuple(key for key in proposed if key in untouched and key not in changed),
        gone=tuple(key for key in untouched if key not in proposed),
        edited=tuple(edited),
        added=tuple(_key(entry) for entry in added),
        deleted=tuple(key for key in known if key in deleted),
    )


def roles_of(before: Mapping[str, Any] | None) -> dict[str, Any]:
    """The roles under which a suite was inferred: `label` and `id`, texts, and `sensitive`, a list; those it has."""
    own = ((before or {}).get("meta") or {}).get(_OWN)
    roles = own.get(_ROLES) if isinstance(own, dict) else None
    roles = roles if isinstance(roles, dict) else {}
    found: dict[str, Any] = {key: roles[key] for key in ("label", "id") if isinstance(roles.get(key), str)}
    sensitive = roles.get("sensitive")
    if isinstance(sensitive, list):
        found["sensitive"] = [name for name in sensitive if isinstance(name, str)]
    return found


def _own(before: Mapping[str, Any], part: str) -> dict[str, str]:
    """Rule key -> digest, as the suite keeps them."""
    own = (before.get("meta") or {}).get(_OWN)
    known = own.get(part) if isinstance(own, dict) else None
    return {str(key): str(value) for key, value in known.items()} if isinstance(known, dict) else {}


def _sorted_out(
    before: Mapping[str, Any], known: Mapping[str, str]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """The expectations of a suite: those as they were inferred, those changed by hand, and those written by hand."""
    untouched: dict[str, dict[str, Any]] = {}
    edited: dict[str, dict[str, Any]] = {}
    added = []
    entries = list(before.get("expectations") or ())
    # A copy that was changed stands beside its original: the original is found first.
    for entry in entries:
        if (key := _key(entry)) in known and fingerprint(entry) == known[key] and key not in untouched:
            untouched[key] = entry
    originals = {id(entry) for entry in untouched.values()}
    for entry in entries:
        if id(entry) in originals:
            continue
        key = _key(entry)
        if key in known and key not in untouched and key not in edited:
            edited[key] = entry
        else:
            added.append(entry)
    return untouched, edited, added


def _key(entry: Mapping[str, Any]) -> str:
    """Key of an expectation: what it was inferred as, else what its type and columns say."""
    key = (entry.get("meta") or {}).get("rule")
    return key if isinstance(key, str) else key_of(str(_type(entry)), entry.get("kwargs") or {})


def _about(entry: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    return str(_type(entry)), columns_of(entry.get("kwargs") or {})


def _with_notes(entry: dict[str, Any], before: Mapping[str, Any] | None, reason: str | None) -> dict[str, Any]:
    """An inferred expectation with what else a person, or Great Expectations, wrote beside it.

    `reason` is the digest of the reason that was inferred then.
    """
    if before is None:
        return entry
    meta = {**(before.get("meta") or {}), **entry["meta"]}
    meta.pop("edited", None)
    if (own := _own_reason(before, reason)) is not None:
        meta["reason"] = own
    rest = {key: value for key, value in before.items() if key not in (*entry, _OLD_TYPE)}
    return {**entry, **rest, "meta": meta}


def _own_reason(entry: Mapping[str, Any], inferred: str | None) -> str | None:
    """The reason of an expectation where a person wrote it; None where it is the one that was inferred."""
    said = (entry.get("meta") or {}).get("reason")
    return said if isinstance(said, str) and inferred is not None and _digest(said) != inferred else None


def _as_edited(entry: Mapping[str, Any], inferred: str, reason: str | None) -> dict[str, Any]:
    """An expectation that a person changed, without what was true of the inferred one only."""
    if any(fingerprint({**entry, "severity": str(severity)}) == inferred for severity in Severity):
        return {**entry, "meta": {**(entry.get("meta") or {}), "edited": True}}
    meta = {key: value for key, value in (entry.get("meta") or {}).items() if key not in ("reason", "evidence")}
    if (own := _own_reason(entry, reason)) is not None:
        meta["reason"] = own
    return {**entry, "meta": {**meta, "edited": True}}


def _placed(entries: list[dict[str, Any]], by_hand: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Expectations by hand after the last one about the same columns, else at the end."""
    after: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    there = {_about(entry)[1] for entry in entries}
    rest: list[dict[str, Any]] = []
    for entry in by_hand:
        columns = _about(entry)[1]
        (after[columns] if columns in there else rest).append(entry)
    placed: list[dict[str, Any]] = []
    for place, entry in enumerate(entries):
        placed.append(entry)
        columns = _about(entry)[1]
        if columns in after and all(_about(later)[1] != columns for later in entries[place + 1 :]):
            placed += after.pop(columns)
    return placed + rest
