"""`assay sign` and `assay verify`: what an audit attests, signed, and verified offline.

There is no `from __future__ import annotations`: typer reads the annotations.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.ending import ending, printable, say
from assay.errors import ConfigurationError

if TYPE_CHECKING:
    from assay.attestation import Verification

NOT_VERIFIED = 1
PASSWORD = "ASSAY_KEY_PASSWORD"  # noqa: S105 -- the name of the variable

Run = Annotated[str, typer.Argument(metavar="RUN", help="Directory, id or beginning of an id of an audit, or latest.")]
Folder = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the audits.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")]


def sign(
    audit: Run = "latest",
    *,
    key: Annotated[
        Path, typer.Option(metavar="KEY.pem", help="Ed25519 private key in PEM; it is only read.", show_default=False)
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The audited data; by default the file that was audited.", show_default=False
        ),
    ] = None,
    folder: Folder = Path("audits"),
    verbose: Verbose = False,
) -> None:
    """Sign what a past audit attests: its attestation.json becomes a DSSE envelope.

    The data are read again, and nothing is signed unless they are the audited ones.
    The password of an encrypted key is taken from ASSAY_KEY_PASSWORD, or asked for.
    """
    with ending(verbose=verbose):
        from assay.attestation import sign_attestation, verify_attestation
        from assay.attestation.keys import key_id, read_private_key
        from assay.store import find_audit

        place = find_audit(audit, folder)
        private = read_private_key(key, _password)
        checked = verify_attestation(place, data=data or _audited_file(place), same_files=True)
        if not checked.verified:
            _show(checked)
            raise typer.Exit(NOT_VERIFIED)
        file = sign_attestation(place, private)
        say(f"Signed {printable(str(file))} (verdict {checked.verdict}) with the key {key_id(private.public_key())}")


def verify(
    audit: Run = "latest",
    *,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Data that should be the audited ones.", show_default=False)
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(metavar="PUBLIC.pem", help="Ed25519 public key that must have signed.", show_default=False),
    ] = None,
    folder: Folder = Path("audits"),
    json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON, and nothing else.")] = False,
    verbose: Verbose = False,
) -> None:
    """Verify what a past audit attests, offline: exit code 0 where nothing that was checked failed, 1 elsewhere."""
    with ending(verbose=verbose):
        from assay.attestation import verify_attestation
        from assay.attestation.keys import read_public_key
        from assay.store import find_audit

        public = None if key is None else read_public_key(key)
        found = verify_attestation(find_audit(audit, folder), data=data, key=public)
        _show(found, as_json=json)
        raise typer.Exit(0 if found.verified else NOT_VERIFIED)


def _audited_file(place: Path) -> Path:
    """The file that an audit read, where it still is."""
    from assay.store import read_audit

    reading = ((read_audit(place).get("manifest") or {}).get("config") or {}).get("data") or {}
    path = reading.get("path") if isinstance(reading, dict) else None
    if path is None:
        raise ConfigurationError(
            "The audited data are in no file that the audit names (a frame, or a database), and must be seen before "
            "anything is signed. Give them as a file with --data, such as a Parquet file of the same table."
        )
    if not Path(path).exists():
        raise ConfigurationError(f"{path} must be the audited data, and is not there. Give them with --data.")
    return Path(path)


def _show(found: "Verification", *, as_json: bool = False) -> None:
    if as_json:
        import json

        points = [{"about": point.about, "holds": point.holds, "says": point.says} for point in found.points]
        summary = {"verified": found.verified, "authenticated": found.authenticated, "verdict": found.verdict}
        say(json.dumps({**summary, "points": points}, indent=2))
        return
    marks = {True: "ok", False: "FAILED", None: "-"}
    for point in found.points:
        say(f"{marks[point.holds]:8}{point.about}: {printable(point.says)}")
    if not found.verified:
        say("Not verified.")
    elif found.authenticated:
        say(f"Verified, authenticated by the given key. The verdict is {printable(found.verdict)}.")
    else:
        say(f"Consistent, not authenticated: anybody could have written it. It says {printable(found.verdict)}.")


def _password() -> str | None:
    if given := os.environ.get(PASSWORD):
        return given
    if not sys.stdin.isatty():
        return None
    import getpass

    try:
        return getpass.getpass("Password of the key: ")
    except EOFError:
        return None
