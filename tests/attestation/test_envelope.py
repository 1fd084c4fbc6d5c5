"""DSSE by its specification, and what comes from elsewhere."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.attestation.envelope import Attestation, Signature, pre_authentication_encoding, read_attestation
from assay.errors import StorageError


def test_the_example_of_the_specification():
    # https://github.com/secure-systems-lab/dsse/blob/master/protocol.md, "Test Vectors"
    found = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert found == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_lengths_are_of_bytes_not_of_characters():
    assert pre_authentication_encoding("ä", "日".encode()) == "DSSEv1 2 ä 3 日".encode()
    assert pre_authentication_encoding("", b"") == b"DSSEv1 0  0 "


@given(a=st.tuples(st.text(), st.binary()), b=st.tuples(st.text(), st.binary()))
def test_no_two_messages_share_an_encoding(a, b):
    texts = [text.encode("utf-8", "ignore").decode() for text, _ in (a, b)]
    same = (texts[0], a[1]) == (texts[1], b[1])
    assert same == (pre_authentication_encoding(texts[0], a[1]) == pre_authentication_encoding(texts[1], b[1]))


@given(payload=st.binary(), sig=st.binary(), keyid=st.text(alphabet="0123456789abcdef"))
def test_an_envelope_reads_back(payload, sig, keyid, tmp_path_factory):
    file = tmp_path_factory.getbasetemp() / "envelope.json"
    written = Attestation(payload, signatures=(Signature(sig, keyid),))
    file.write_text(written.to_json())
    assert read_attestation(file) == written


def test_both_alphabets_of_base64_and_no_keyid_are_taken(tmp_path):
    file = tmp_path / "envelope.json"
    payload, sig = bytes([251, 255, 254]), bytes([255, 239, 190])
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        envelope = {
            "payload": encode(payload).decode(),
            "payloadType": "t",
            "signatures": [{"sig": encode(sig).decode()}],
        }
        file.write_text(json.dumps(envelope))
        assert read_attestation(file) == Attestation(payload, "t", (Signature(sig),))


BAD = {
    "empty": b"",
    "no JSON": b"{",
    "no UTF-8": b"\xff{}",
    "no signatures": b'{"payloadType": "t", "payload": ""}',
    "empty signatures": b'{"payloadType": "t", "payload": "", "signatures": []}',
    "no type": b'{"payloadType": 3, "payload": "", "signatures": [{"sig": ""}]}',
    "lone surrogate": b'{"payloadType": "\\ud800", "payload": "", "signatures": [{"sig": ""}]}',
    "bad base64": b'{"payloadType": "t", "payload": "a?", "signatures": [{"sig": ""}]}',
    "payload no text": b'{"payloadType": "t", "payload": 3, "signatures": [{"sig": ""}]}',
    "signature no mapping": b'{"payloadType": "t", "payload": "", "signatures": ["x"]}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_anything_else_is_refused_with_a_message(tmp_path, content):
    file = tmp_path / "attestation.json"
    file.write_bytes(content)
    with pytest.raises(StorageError, match="must be an in-toto statement or a DSSE envelope"):
        read_attestation(file)


def test_none_is_a_message(tmp_path):
    with pytest.raises(StorageError, match="must be there, and is not"):
        read_attestation(tmp_path / "attestation.json")
