"""What an audit attests: this verdict, of these data, by this report. Signed by who has a key, verified offline."""

from assay.attestation.signing import sign_attestation
from assay.attestation.statement import ATTESTATION, render_statement
from assay.attestation.verification import Point, Verification, verify_attestation

__all__ = [
    "ATTESTATION",
    "Point",
    "Verification",
    "render_statement",
    "sign_attestation",
    "verify_attestation",
]
